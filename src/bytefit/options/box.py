"""Boxes as people write them: "413x531", one side only as in "512x", or a shape as in "1:1"; and what they come to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from bytefit.errors import ConfigError, UnsupportedImage
from bytefit.messages import shown
from bytefit.options.table import CONTAIN, COVER, INSIDE, PILLOWS_MOST_PIXELS

if TYPE_CHECKING:
    from bytefit.options.records import Options

_TEXT = re.compile(r"(\d{1,6})?([x:])(\d{1,6})?", re.ASCII)
_MOST = 10**6 - 1  # pixels a side: no format holds as many


class Box(NamedTuple):
    """The dimensions that a picture is brought to.

    Attributes:
        width, height: in pixels, or two numbers of the same ratio; None for the side that follows from the other one.
        is_shape: whether only their ratio counts.
    """

    width: int | None
    height: int | None
    is_shape: bool = False

    def size_for(self, size: tuple[int, int], fit: str) -> tuple[int, int]:
        """Return the dimensions that a picture of `size` pixels gets, in pixels. The ratio of a shape is rounded."""
        across, down = size
        if self.is_shape:
            assert self.width is not None
            assert self.height is not None
            width = max(1, round(down * self.width / self.height))
            if width > across if fit == CONTAIN else width <= across:
                return width, down
            return across, max(1, round(across * self.height / self.width))
        if self.width is None:
            assert self.height is not None
            return max(1, round(across * self.height / down)), self.height
        return self.width, max(1, round(down * self.width / across)) if self.height is None else self.height


def parse_box(value: object) -> Box:
    """Return the box that a text or a pair of whole numbers stands for.

    Raises:
        ValueError: if it cannot be read, or a side is less than one pixel.
    """
    if isinstance(value, tuple | list) and len(value) == 2:  # noqa: PLR2004  (a width and a height)
        if not all(type(side) is int and 1 <= side <= _MOST for side in value):
            raise ValueError(value)
        return Box(value[0], value[1])
    found = _TEXT.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    if found is None or not (found[1] or found[3]) or (found[2] == ":" and not (found[1] and found[3])):
        raise ValueError(value)
    width, height = (None if side is None else int(side) for side in (found[1], found[3]))
    if 0 in {width, height}:
        raise ValueError(value)
    return Box(width, height, is_shape=found[2] == ":")


def check_box(options: Options) -> None:
    """Refuse options that do not go with a box, or a box of too many pixels.

    Raises:
        ConfigError: naming what does not go together.
    """
    box, fit, text = parse_box(options.box), options.fit, shown(options.box)
    if options.focus is not None and fit != COVER:
        raise ConfigError(f"focus needs fit={COVER!r}: {fit!r} cuts nothing off")
    if box.is_shape and fit == INSIDE:
        raise ConfigError(f"fit={INSIDE!r} needs a box in pixels, such as '512x512', and {text} is a shape")
    if box.is_shape:
        if options.enlarge:
            raise ConfigError(f"enlarge does nothing for box {text}, which is a shape: give pixels as in '413x531'")
        return
    if options.resize and fit != INSIDE:
        raise ConfigError(f"resize conflicts with box {text}, which is exact: leave one out, or use fit={INSIDE!r}")
    pixels, most = (box.width or 1) * (box.height or 1), options.max_pixels or PILLOWS_MOST_PIXELS
    if pixels > most:
        raise ConfigError(f"box {text} has {pixels:,} pixels, and {most:,} is the limit: give a smaller box")


def check_large_enough(size: tuple[int, int], wanted: tuple[int, int], name: str) -> None:
    """Refuse to enlarge a picture where that was not asked for.

    Raises:
        UnsupportedImage: naming the dimensions.
    """
    if wanted[0] > size[0] or wanted[1] > size[1]:
        raise UnsupportedImage(
            f"{name} has {size[0]}x{size[1]} pixels, fewer than the box {wanted[0]}x{wanted[1]}: "
            f"allow enlarge, or give a smaller box"
        )

"""Brings pictures to exact dimensions: cut to cover a box, padded to fill it, scaled into it, or stretched.

The work is that of `PIL.ImageOps`, on upright pictures. A picture that has the dimensions already stays as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageColor, ImageOps
from PIL.Image import Resampling

from bytefit.errors import UnsupportedImage
from bytefit.options.box import Box, check_large_enough
from bytefit.options.table import CONTAIN, COVER, INSIDE
from bytefit.pictures.frames import Frames
from bytefit.pictures.scaling import in_colours

if TYPE_CHECKING:
    from collections.abc import Callable

# Pillow converts no colour to these, or nothing says which number is white.
_UNKNOWN_WHITE = frozenset({"LAB", "I", "F"})

_MIDDLE = (0.5, 0.5)

# The modes with an alpha channel for those that have none; where padding is to be transparent.
_WITH_ALPHA = {"L": "LA", "RGB": "RGBA", "LA": "LA", "RGBA": "RGBA", "La": "LA", "RGBa": "RGBA"}


class Framing(NamedTuple):
    """How pictures are brought into a box.

    Attributes:
        box: the box.
        fit: "cover", "contain", "inside" or "stretch".
        focus: the point, as shares of width and height, that "cover" keeps as near to the middle as it can.
        enlarge: whether pictures may be made larger.
        background: the colour around a picture that "contain" pads, as `PIL.ImageColor` reads it; None for none.
        name: what messages call the picture.
    """

    box: Box
    fit: str
    focus: tuple[float, float] = _MIDDLE
    enlarge: bool = False
    background: str | None = None
    name: str = "the image"


def boxed(image: Image.Image | Frames, framing: Framing) -> Image.Image | Frames:
    """Return an upright image or frames in a box; the same object where the dimensions are right already.

    Raises:
        UnsupportedImage: if it would have to be enlarged, or cannot be padded.
    """
    if not isinstance(image, Frames):
        return _boxed(image, framing)
    if all(target_size(size, framing) == size for size in _sizes(image)):
        return image
    frames = image.each(lambda picture: _boxed(picture, framing))
    # Padding without a background is transparent.
    return frames._replace(transparent=None) if framing.fit == CONTAIN else frames


def _sizes(frames: Frames) -> set[tuple[int, int]]:
    """Return the dimensions of the pictures: the frames of an animation have the same."""
    return {frames.size} if frames.animated else {picture.size for picture in frames.pictures}


def target_size(size: tuple[int, int], framing: Framing) -> tuple[int, int]:
    """Return the dimensions that a picture of `size` pixels gets.

    Raises:
        UnsupportedImage: if it would have to be enlarged.
    """
    box, fit = framing.box, framing.fit
    wanted = box.size_for(size, fit)
    if fit == INSIDE:
        scale = min(wanted[0] / size[0], wanted[1] / size[1])
        if scale >= 1 and not framing.enlarge:
            return size
        return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    if fit != CONTAIN and not framing.enlarge:
        check_large_enough(size, wanted, framing.name)
    return wanted


def _boxed(picture: Image.Image, framing: Framing) -> Image.Image:
    size = target_size(picture.size, framing)
    if size == picture.size:
        return picture
    if framing.fit == COVER:
        made = _covering(picture, size, framing.focus)
    elif framing.fit == CONTAIN:
        made = _contained(picture, size, framing)
    else:
        made = _scaled(picture, lambda image: image.resize(size, Resampling.LANCZOS))
    # In another mode, transparency is a channel.
    kept = made.mode == picture.mode
    made.info = {key: value for key, value in picture.info.items() if kept or key != "transparency"}
    made.format = picture.format
    return made


def _covering(picture: Image.Image, size: tuple[int, int], focus: tuple[float, float]) -> Image.Image:
    """Return the largest part of the shape of `size`, scaled to it; not resampled where it has that size."""
    scale = max(size[0] / picture.width, size[1] / picture.height)
    part = size[0] / scale, size[1] / scale
    free = picture.width - part[0], picture.height - part[1]
    before = [
        min(max(share * side - kept / 2, 0), room)
        for share, side, kept, room in zip(focus, picture.size, part, free, strict=True)
    ]
    if scale == 1:
        left, top = map(round, before)
        return picture.crop((left, top, left + size[0], top + size[1]))
    across, down = (place / room if room > 0 else 0.5 for place, room in zip(before, free, strict=True))
    return _scaled(
        picture, lambda image: ImageOps.fit(image, size, Resampling.LANCZOS, centering=(min(across, 1), min(down, 1)))
    )


def _contained(picture: Image.Image, size: tuple[int, int], framing: Framing) -> Image.Image:
    """Return a picture scaled into `size`, in the middle of a background or of nothing."""
    scale = min(size[0] / picture.width, size[1] / picture.height)
    if scale >= 1 and not framing.enlarge:
        inner = picture.size
    else:
        inner = min(size[0], max(1, round(picture.width * scale))), min(size[1], max(1, round(picture.height * scale)))
    if inner != picture.size:
        picture = _scaled(picture, lambda image: image.resize(inner, Resampling.LANCZOS))
    picture, colour = _with_padding_colour(picture, framing)
    left, top = ((whole - part) // 2 for whole, part in zip(size, inner, strict=True))
    right, bottom = (size[0] - inner[0] - left), (size[1] - inner[1] - top)
    return ImageOps.expand(picture, (left, top, right, bottom), fill=colour)


def _with_padding_colour(picture: Image.Image, framing: Framing) -> tuple[Image.Image, int | tuple[int, ...]]:
    """Return a picture in a mode that holds the padding, and the colour of the padding there.

    Raises:
        UnsupportedImage: if there is none.
    """
    picture = in_colours(picture, grey=False)
    if framing.background is None:
        mode = _WITH_ALPHA.get(picture.mode)
        if mode is None:
            raise UnsupportedImage(
                f"cannot pad mode {picture.mode} with transparency: give a background, such as background='white'"
            )
        return picture.convert(mode), (0,) * len(Image.new(mode, (1, 1)).getbands())
    colour = ImageColor.getrgb(framing.background)[:3]
    if picture.mode == "L" and len(set(colour)) > 1:
        picture = picture.convert("RGB")
    if picture.mode.startswith("I;16"):
        return picture, colour[0] * 257
    if picture.mode in _UNKNOWN_WHITE:
        raise UnsupportedImage(f"cannot pad mode {picture.mode}: convert the picture to RGB first")
    by_way_of = "LA" if picture.mode == "La" else "RGB"
    found = Image.new("RGB", (1, 1), colour).convert(by_way_of).convert(picture.mode).getpixel((0, 0))
    assert isinstance(found, int | tuple)
    return picture, found


def _scaled(picture: Image.Image, scale: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """Return a picture that was scaled by its colours, not by the numbers that stand for them."""
    if picture.mode == "I;16B":  # Pillow resamples it as if its bytes were swapped
        picture = Image.frombytes("I;16", picture.size, picture.tobytes(), "raw", "I;16B")
    if "transparency" in picture.info and picture.mode in {"L", "RGB"}:  # one colour, which scaling would blur
        picture = picture.convert(_WITH_ALPHA[picture.mode])
    return scale(in_colours(picture, grey=not picture.info.get("icc_profile")))

"""The result of seeding: a predicted curve, computed on demand. Also the mean curve, which needs no probe."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from math import exp, log
from typing import TYPE_CHECKING, NamedTuple, overload

from bytefit.pictures.frames import Frames
from bytefit.search.curve import interpolated

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image

    from bytefit.codecs import Codec, Trial


class Seed(NamedTuple):
    """The prediction for a picture.

    Attributes:
        curve: ln(bytes of the payload) for every rung, never falling.
        start: the rung to try first, where more is known of it than the curve says.
        probes: the encodes the prediction is made from.
        last: the highest rung that is worth a trial; None for the ladder's last.
    """

    curve: Sequence[float]
    start: int | None = None
    probes: tuple[Trial, ...] = ()
    last: int | None = None


class LazyCurve(Sequence[float]):
    """A curve whose values are computed on demand: usually the first trial ends the search before any is needed."""

    def __init__(self, length: int, value: Callable[[int], float]) -> None:
        self._length = length
        self._value = value

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> float: ...
    @overload
    def __getitem__(self, index: slice) -> list[float]: ...
    def __getitem__(self, index: int | slice) -> float | list[float]:
        if isinstance(index, slice):
            return [self._value(rung) for rung in range(*index.indices(self._length))]
        if not -self._length <= index < self._length:
            raise IndexError(index)
        return self._value(index % self._length)


def mean_curve(codec: Codec, picture: Image.Image | Frames) -> Sequence[float]:
    """Return the mean curve for a picture of these dimensions, known before anything is measured.

    It never falls: where a small file loses a long header from one rung to the next, it stays as it was.
    """
    bits, mode, pixels = _mean_bits(codec.mean_bits, codec.ladder), picture.mode, pixels_of(picture)
    return list(accumulate((in_bytes(codec, mode, pixels, value, rung) for rung, value in enumerate(bits)), max))


def pixels_of(picture: Image.Image | Frames) -> int:
    """Return the number of pixels of a picture, or of all frames."""
    shown = len(picture.pictures) if isinstance(picture, Frames) else 1
    return picture.width * picture.height * shown


def in_bytes(codec: Codec, mode: str, pixels: int, bits: float, rung: int) -> float:
    """Return ln(bytes) of a file with `pixels` at ln(bits per pixel) `bits`, its header included."""
    return log(pixels / 8 * exp(bits) + codec.hints.header(codec.ladder[rung], mode))


@cache
def _mean_bits(mean_bits: tuple[tuple[float, float], ...], ladder: tuple[float, ...]) -> list[float]:
    return interpolated([(quality, log(bits)) for quality, bits in mean_bits], ladder)

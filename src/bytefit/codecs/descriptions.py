"""What containers of any format say about an image, in records that belong to no format: texts, pixel density."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from PIL import Image

    from bytefit.pictures.frames import Frames

INCH, CENTIMETRE, METRE, NO_UNIT = "inch", "cm", "m", ""
_INCHES = {INCH: (1, 1), CENTIMETRE: (100, 254), METRE: (10_000, 254)}  # numerator and denominator
_LARGEST = 2**32 - 1  # terms of a fraction in EXIF and TIFF
_TERMS = 10_000


class Text(NamedTuple):
    """A text about the image.

    Attributes:
        keyword: its kind, such as "Copyright" (PNG, third edition, 11.3.3.1); empty for a comment.
        value: the text.
        origin: what messages call it.
    """

    keyword: str
    value: str
    origin: str

    @property
    def line(self) -> str:
        """The text with its keyword in front, for places that have no keywords."""
        return f"{self.keyword}: {self.value}" if self.keyword not in {"", "Comment"} else self.value


class Density(NamedTuple):
    """How many pixels there are in a unit of length, from left to right and from top to bottom.

    Without a unit only their ratio has a meaning: the shape of a pixel.
    """

    x: float
    y: float
    unit: str = INCH

    def per(self, unit: str) -> Density:
        """Return the same density in another unit."""
        if unit == self.unit:
            return self
        from fractions import Fraction

        share = Fraction(*_INCHES[unit]) / Fraction(*_INCHES[self.unit])
        return Density(float(Fraction(self.x) * share), float(Fraction(self.y) * share), unit)

    @property
    def fractions(self) -> tuple[tuple[int, int], tuple[int, int], int] | None:
        """The density as TIFF and EXIF state it: two fractions and 1, 2 or 3 for no unit, inch, centimetre."""
        from fractions import Fraction

        stated = self.per(CENTIMETRE) if self.unit == METRE else self
        x, y = (Fraction(side).limit_denominator(_TERMS) for side in (stated.x, stated.y))
        if not (0 < x.numerator <= _LARGEST and 0 < y.numerator <= _LARGEST):
            return None
        unit = {NO_UNIT: 1, INCH: 2, CENTIMETRE: 3}[stated.unit]
        return (x.numerator, x.denominator), (y.numerator, y.denominator), unit

    def __str__(self) -> str:
        """Return words for messages."""
        if self.unit == NO_UNIT:
            return f"pixel aspect of {self.y:g}:{self.x:g}"
        x, y, _ = self.per(INCH)
        return f"resolution of {x:.4g} dpi" if x == y else f"resolution of {x:.4g} x {y:.4g} dpi"


def density_of(x: Any, y: Any, unit: str) -> Density | None:
    """Return a density, or None where the numbers state none: square pixels of no unit, or nonsense."""
    try:
        x, y = float(x), float(y)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    if not (0 < x < _LARGEST and 0 < y < _LARGEST) or (unit == NO_UNIT and x == y):
        return None
    return Density(x, y, unit)


def density_in_info(image: Image.Image | Frames) -> Density | None:
    """Return the density that Pillow's `info` states."""
    dpi = image.info.get("dpi")
    # Pillow makes up one pixel an inch for a TIFF that states no resolution.
    if not isinstance(dpi, tuple) or len(dpi) != 2 or dpi == (1, 1):  # noqa: PLR2004
        return None
    return density_of(dpi[0], dpi[1], INCH)


def comment_in_info(image: Image.Image | Frames) -> tuple[Text, ...]:
    """Return the comment in Pillow's `info`, if there is one."""
    comment = image.info.get("comment")
    return (Text("", decoded(comment), f"{image.format or ''} comment".lstrip()),) if comment else ()


def decoded(stored: bytes | str) -> str:
    """Return a text that nothing says the encoding of: UTF-8 where it can be that, else Latin-1."""
    if isinstance(stored, str):
        return stored
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return stored.decode("latin-1")

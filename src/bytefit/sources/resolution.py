"""The resolution that a user asks for: whether an image states it already, and how a file of a format states it."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from bytefit.codecs import exif
from bytefit.codecs.descriptions import INCH, Density
from bytefit.errors import UnsupportedImage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

    from bytefit.codecs import Codec
    from bytefit.pictures.frames import Frames

# The tags of EXIF for the resolution and its unit, and what Pillow is known to raise on a broken block.
_X, _Y, _UNIT, _PER_INCH = 0x011A, 0x011B, 0x0128, 2
_BROKEN = (OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, ZeroDivisionError, OverflowError)

# A PNG states whole pixels a metre.
_CLOSE = 0.02


def as_pair(dpi: float | tuple[float, float]) -> tuple[float, float]:
    """Return the pixels an inch from left to right, and from top to bottom."""
    return (dpi, dpi) if isinstance(dpi, int | float) else (dpi[0], dpi[1])


def states_dpi(image: Image.Image | Frames, dpi: float | tuple[float, float]) -> bool:
    """Return whether the file of an image states a resolution."""
    found = image.info.get("dpi")
    if not found:
        with suppress(*_BROKEN):
            block = image.getexif()
            found = (block[_X], block[_Y]) if block.get(_UNIT, _PER_INCH) == _PER_INCH else None
    with suppress(*_BROKEN):
        return found is not None and all(
            abs(float(stated) - wanted) < _CLOSE for stated, wanted in zip(found, as_pair(dpi), strict=True)
        )
    return False


def with_dpi(carried: Mapping[str, Any], dpi: float | tuple[float, float], codec: Codec, mode: str) -> dict[str, Any]:
    """Return the metadata that a file carries with another resolution, in every place that states one.

    Raises:
        UnsupportedImage: if the format has no place for it.
    """
    changed = {name: value for name, value in carried.items() if name != "density"}
    x, y = as_pair(dpi)
    density = Density(x, y, INCH)
    fractions = tuple(Fraction(side).limit_denominator(10_000) for side in (x, y))
    terms = [(side.numerator, side.denominator) for side in fractions]
    allowed = codec.save_options.allowed
    is_elsewhere = "dpi" in allowed or codec.container.descriptions.states_density(density, mode)
    if "dpi" in allowed:
        changed["dpi"] = (x, y)
    elif is_elsewhere:
        changed["density"] = density
    block = carried.get("exif") or b""
    if "exif" in allowed and (exif.states_resolution(block) or not is_elsewhere):
        changed["exif"] = exif.with_resolution(block, terms[0], terms[1], _PER_INCH, replace=True)
    elif not is_elsewhere:
        raise UnsupportedImage(
            f"{codec.format} cannot state a {density}: leave dpi out, or take JPEG, PNG, TIFF, WEBP or AVIF"
        )
    return changed

"""Changes single values of an XMP packet (ISO 16684-1), which is text, and leaves every other character as it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_WIDTHS = ("exif:PixelXDimension", "tiff:ImageWidth")
_HEIGHTS = ("exif:PixelYDimension", "tiff:ImageLength")


def with_dimensions(packet: bytes, size: tuple[int, int]) -> bytes:
    """Return a packet whose pixel dimensions are `size`; unchanged where it states none."""
    sides = zip((_WIDTHS, _HEIGHTS), size, strict=True)
    return _with_numbers(packet, {name: side for names, side in sides for name in names})


def with_orientation(packet: bytes, orientation: int) -> bytes:
    """Return a packet with another orientation; unchanged where it states none."""
    return _with_numbers(packet, {"tiff:Orientation": orientation})


def _with_numbers(packet: bytes, numbers: Mapping[str, int]) -> bytes:
    """Return a packet with other whole numbers for properties that it has, as attributes or as elements."""
    for name, number in numbers.items():
        before = rb"(\b" + name.encode() + rb"""\s*(?:=\s*["']|>))"""
        packet = re.sub(before + rb"""\d+(?=["'<])""", rb"\g<1>" + str(number).encode(), packet)
    return packet

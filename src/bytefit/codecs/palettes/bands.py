"""Divides an image into bands of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image

# Left, top, right, bottom.
Box = tuple[int, int, int, int]

_BAND_PIXELS = 1 << 18


def bands_of(picture: Image.Image) -> Iterator[Box]:
    """Yield boxes that cover an image, each of whole rows and about `_BAND_PIXELS` pixels.

    What is computed for each pixel alone is computed band by band: it takes several copies of the pixels.
    """
    rows = max(1, _BAND_PIXELS // picture.width)
    for top in range(0, picture.height, rows):
        yield 0, top, picture.width, min(top + rows, picture.height)


def crops_of(picture: Image.Image) -> Iterator[tuple[Box, Image.Image]]:
    """Yield the bands of an image, each with its box."""
    return ((box, picture.crop(box)) for box in bands_of(picture))

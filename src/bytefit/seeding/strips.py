"""Strips: one short strip from every row of blocks, put one below the other, so that a small encode tells of the whole.

Where a codec writes a row of blocks without regard to the one above, as JPEG does, strips weigh almost exactly their
share of the picture: each has no more than one joint, and every row and every column is met equally often. It knows
pixels and places only, neither codecs nor models. The same picture always gives the same strips.
"""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING

from PIL.Image import new as new_image

if TYPE_CHECKING:
    from PIL import Image

# The height of a row of blocks, with chroma at half the resolution; also what strips are aligned to.
BLOCK = 16

# Below this many pixels cutting strips costs as much as encoding the picture.
_LEAST_PIXELS = 65_536

_GOLDEN = 0.6180339887498949


def strips(picture: Image.Image, parts: int) -> Image.Image:
    """Return about one of `parts` parts of `picture`, in whole blocks, or itself where it is too small for that."""
    width, rows = round(picture.width / parts / BLOCK) * BLOCK, picture.height // BLOCK
    if width == 0 or rows < parts or picture.width * picture.height < _LEAST_PIXELS:
        return picture
    last = (picture.width - width) // BLOCK
    result = new_image(picture.mode, (width, rows * BLOCK), None)  # all of it is pasted over
    step = _stride(parts)
    for row in range(rows):
        x = round(row * step % parts * last / (parts - 1)) * BLOCK
        y = row * BLOCK
        # Image.crop and Image.paste in a quarter of their time.
        result.im.paste(picture.im.crop((x, y, x + width, y + BLOCK)), (0, y, width, y + BLOCK))
    return result


def _stride(parts: int) -> int:
    """Return by how many columns the next strip is further right: all are met, neighbours far from each other."""
    return next(step for step in range(max(1, round(parts * _GOLDEN)), 2 * parts + 1) if gcd(step, parts) == 1)

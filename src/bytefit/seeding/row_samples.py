"""Row samples: a short piece of every row of blocks, one below the other, so that a small encode predicts the whole.

Codecs such as JPEG write each row of blocks independently of the row above. For these, row samples weigh almost exactly
their share of the picture: each row has at most one joint, and every row and every column is sampled equally often.
This module knows pixels and places only, neither codecs nor models. The same picture always gives the same sample.
"""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING

from PIL.Image import new as new_image

if TYPE_CHECKING:
    from PIL import Image

# The height of a row of blocks, with chroma at half the resolution; the pieces are aligned to it too.
BLOCK = 16

# Below this many pixels, cutting a sample costs as much as encoding the picture.
_LEAST_PIXELS = 65_536

_GOLDEN = 0.6180339887498949


def row_samples(picture: Image.Image, one_in: int) -> Image.Image:
    """Return about one in `one_in` of the pixels of `picture`, in whole blocks, or `picture` where it is too small."""
    width, rows = round(picture.width / one_in / BLOCK) * BLOCK, picture.height // BLOCK
    if width == 0 or rows < one_in or picture.width * picture.height < _LEAST_PIXELS:
        return picture
    last = (picture.width - width) // BLOCK
    result = new_image(picture.mode, (width, rows * BLOCK), None)  # all of it is pasted over
    step = _stride(one_in)
    for row in range(rows):
        x = round(row * step % one_in * last / (one_in - 1)) * BLOCK
        y = row * BLOCK
        # Image.crop and Image.paste in a quarter of their time.
        result.im.paste(picture.im.crop((x, y, x + width, y + BLOCK)), (0, y, width, y + BLOCK))
    return result


def _stride(one_in: int) -> int:
    """Return how many columns the next piece is further right, so that all are met and neighbours are far apart."""
    return next(step for step in range(max(1, round(one_in * _GOLDEN)), 2 * one_in + 1) if gcd(step, one_in) == 1)

"""The mosaic: tiles from all over a picture, side by side, so that a small encode predicts the whole.

This module knows pixels and places only, neither codecs nor models. The same picture always gives the same mosaic.
"""

from __future__ import annotations

from math import ceil, sqrt
from typing import TYPE_CHECKING

from PIL.Image import new as new_image

if TYPE_CHECKING:
    from PIL import Image

# Wide tiles: a join every 64 pixels costs the encoder little, and fewer tiles have to be cut, which takes most of the
# time of a mosaic (45 training pictures as JPEG: 64x32 costs less than 64x16 and 128x16 at no more trials).
TILE_WIDTH, TILE_HEIGHT = 64, 32

# A sixteenth of the pixels, within bounds: fewer than 24 tiles predict badly, more than 96 hardly better.
_SHARE = 1 / 16
_FEWEST, _MOST = 24, 96

# The fractional parts of multiples of these numbers are spread evenly over the unit square (the R2 sequence of
# M. Roberts, "The unreasonable effectiveness of quasirandom sequences", 2018).
_R2 = (0.7548776662466927, 0.5698402909980532)


def mosaic(picture: Image.Image) -> Image.Image:
    """Return a mosaic of about a sixteenth of `picture`, or `picture` itself where that would be half of it or more.

    The picture is divided into one field per tile. Each tile is cut from its field, aligned to the encoder's blocks of
    16 pixels.
    """
    across, down = picture.width // TILE_WIDTH, picture.height // TILE_HEIGHT
    wanted = min(_MOST, max(_FEWEST, round(across * down * _SHARE)))
    if wanted * 2 > across * down:
        return picture
    columns = min(across, max(1, round(sqrt(wanted * across / down))))
    rows = min(down, ceil(wanted / columns))
    result = new_image(picture.mode, (columns * TILE_WIDTH, rows * TILE_HEIGHT))
    for row in range(rows):
        for column in range(columns):
            index = row * columns + column
            x = _place(column, columns, across, index * _R2[0] % 1) * TILE_WIDTH
            y = _place(row, rows, down, index * _R2[1] % 1) * TILE_HEIGHT
            # Image.crop and Image.paste in a quarter of their time, which is a fifth of what a small JPEG costs.
            tile = picture.im.crop((x, y, x + TILE_WIDTH, y + TILE_HEIGHT))
            left, top = column * TILE_WIDTH, row * TILE_HEIGHT
            result.im.paste(tile, (left, top, left + TILE_WIDTH, top + TILE_HEIGHT))
    return result


def _place(field: int, fields: int, cells: int, where: float) -> int:
    """Return a cell of field number `field`, of `fields` that share `cells` cells, at `where` (0 to 1) inside it."""
    first, end = field * cells // fields, (field + 1) * cells // fields
    return first + int(where * (end - first))

"""A contact sheet: the same part of several versions of a picture side by side, one picture per row.

This module knows pictures and titles, not the tools that made them.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageStat

if TYPE_CHECKING:
    from collections.abc import Sequence

    Tile = tuple[str, Image.Image | None]

# The part of a picture that is shown, and the line of text above it, in pixels.
PART = 256
TITLE = 16


def contact_sheet(rows: Sequence[Sequence[Tile]]) -> Image.Image:
    """Return rows of titled tiles; each row shows the part where its first picture is busiest.

    Args:
        rows: one per picture, all of the same length; the pictures in a row have the same dimensions, None stays empty.
    """
    sheet = Image.new("RGB", (PART * len(rows[0]), (PART + TITLE) * len(rows)), "white")
    draw = ImageDraw.Draw(sheet)
    for row, tiles in enumerate(rows):
        first = tiles[0][1]
        box = busiest_part(first) if first is not None else (0, 0, PART, PART)
        for column, (title, picture) in enumerate(tiles):
            left, top = PART * column, (PART + TITLE) * row
            draw.text((left + 4, top + 2), title, fill="black")
            if picture is not None:
                sheet.paste(picture.convert("RGB").crop(box), (left, top + TITLE))
    return sheet


def busiest_part(picture: Image.Image) -> tuple[int, int, int, int]:
    """Return the box of at most `PART` pixels a side with the largest variance, among three by three boxes."""
    grey = picture.convert("L")
    width, height = min(PART, grey.width), min(PART, grey.height)
    lefts, tops = ([spare * step // 2 for step in range(3)] for spare in (grey.width - width, grey.height - height))
    boxes = [(left, top, left + width, top + height) for top, left in product(tops, lefts)]
    return max(boxes, key=lambda box: ImageStat.Stat(grey.crop(box)).var[0])

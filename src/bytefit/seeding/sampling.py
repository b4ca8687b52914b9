"""Which part of a picture is encoded to learn of the whole: tiles or strips, and how much of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bytefit.pictures.frames import Frames
from bytefit.seeding.mosaic import mosaic
from bytefit.seeding.strips import BLOCK, strips

if TYPE_CHECKING:
    from PIL import Image

    from bytefit.codecs import Codec

# A sample of strips has one in so many of the pixels.
_SAMPLE_PARTS = 8

# A larger sample has so many rows of blocks for each part it leaves out, and at least the half: what a sample misses
# falls with the rows it is spread over.
_ROWS_A_PART = 8


def sample(codec: Codec, picture: Image.Image | Frames) -> Image.Image:
    """Return the part of a picture that is encoded to learn of the whole, or `picture` itself where it is too small.

    Of frames the first one stands for all.
    """
    if isinstance(picture, Frames):
        return sample(codec, picture.first)
    return strips(picture, _SAMPLE_PARTS) if codec.hints.rows_apart else mosaic(picture)


def larger_sample(picture: Image.Image) -> Image.Image:
    """Return a larger part of a picture, as large as it takes for a fine reading."""
    return strips(picture, min(_SAMPLE_PARTS, max(2, picture.height // BLOCK // _ROWS_A_PART)))

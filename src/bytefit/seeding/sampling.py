"""Which part of a picture is encoded to predict the whole: tiles or row samples, and how many of its pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bytefit.pictures.frames import Frames
from bytefit.seeding.mosaic import mosaic
from bytefit.seeding.row_samples import BLOCK, row_samples

if TYPE_CHECKING:
    from PIL import Image

    from bytefit.codecs import Codec

# A row sample has one in so many of the pixels.
_ONE_IN = 8

# A larger sample has one in N of the pixels, where N is the number of rows of blocks over this, and from 2 to 8: the
# more rows a sample is spread over, the smaller its error.
_ROWS_PER_SHARE = 8


def sample_of(codec: Codec, picture: Image.Image | Frames) -> Image.Image:
    """Return the sample of a picture, or `picture` itself where it is too small; for frames, that of one of them."""
    if isinstance(picture, Frames):
        return sample_of(codec, picture.typical)
    return row_samples(picture, _ONE_IN) if codec.hints.rows_apart else mosaic(picture)


def larger_sample(picture: Image.Image) -> Image.Image:
    """Return a larger sample of a picture, large enough to decide the first trial."""
    return row_samples(picture, min(_ONE_IN, max(2, picture.height // BLOCK // _ROWS_PER_SHARE)))


def share_of(sample: Image.Image, picture: Image.Image) -> float:
    """Return the share of the pixels of `picture` that `sample` has."""
    return sample.width * sample.height / (picture.width * picture.height)

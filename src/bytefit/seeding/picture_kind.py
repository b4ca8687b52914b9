"""What a picture holds, as far as it decides how it is best coded: a photograph, or a drawing.

Interfaces, charts and text have runs of exactly equal pixels; what came through a lens has noise. It reads the
sample only, and costs a few hundred microseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL.ImageChops import difference, offset

from bytefit.codecs.codec import DRAWING, PHOTOGRAPH

if TYPE_CHECKING:
    from PIL import Image

    from bytefit.codecs import Codec

# Half way between the kinds of the training pictures: photographs have some 0.27 of equal neighbours, screenshots 0.9.
_EQUAL_NEIGHBOURS = 0.5


def for_content(codec: Codec, part: Image.Image) -> Codec:
    """Return the codec as it suits a picture, given its sample or itself."""
    return codec if codec.variants.for_drawings is None else codec.for_content(content(part))


def content(part: Image.Image) -> str:
    """Return what a picture holds, "photograph" or "drawing", given its sample or itself."""
    return DRAWING if equal_neighbours(part) >= _EQUAL_NEIGHBOURS else PHOTOGRAPH


def equal_neighbours(part: Image.Image) -> float:
    """Return the share of pixels, 0 to 1, whose luma is exactly that of the pixel to their left."""
    luma = part.convert("L")
    equal = difference(luma, offset(luma, 1, 0)).histogram()[0]
    return equal / (luma.width * luma.height)

"""The content of a picture, as far as it decides how to code it: a photograph or a graphic.

Interfaces, charts and text have runs of exactly equal pixels; photographs have noise. Only the sample is read, which
takes a few hundred microseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL.ImageChops import difference, offset

from bytefit.codecs.codec import GRAPHIC, PHOTOGRAPH

if TYPE_CHECKING:
    from PIL import Image

    from bytefit.codecs import Codec

# Half way between the training pictures: photographs have about 0.27 of equal neighbours, screenshots 0.9.
_EQUAL_NEIGHBOURS = 0.5


def for_content(codec: Codec, sample: Image.Image) -> Codec:
    """Return the codec with the settings for a picture's content, given its sample or itself."""
    return codec if codec.variants.for_graphics is None else codec.for_content(content(sample))


def content(sample: Image.Image) -> str:
    """Return the content of a picture, "photograph" or "graphic", given its sample or itself."""
    return GRAPHIC if equal_neighbours(sample) >= _EQUAL_NEIGHBOURS else PHOTOGRAPH


def equal_neighbours(sample: Image.Image) -> float:
    """Return the share of pixels, 0 to 1, whose luma equals that of the pixel to their left."""
    luma = sample.convert("L")
    equal = difference(luma, offset(luma, 1, 0)).histogram()[0]
    return equal / (luma.width * luma.height)

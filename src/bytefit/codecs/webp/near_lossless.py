"""Nearly lossless WebP: the image is changed, or reduced to a palette, before it is coded without loss.

libwebp can change it itself, but Pillow has no option for that. Its lossy coding halves the resolution of colours: even
at quality 100 it scores 71 to 91 SSIMULACRA2 with screenshots and graphics, often in more bytes than the lossless file.
"""

from __future__ import annotations

from functools import cached_property
from math import log
from typing import TYPE_CHECKING

from bytefit.codecs.codec import LOSSLESS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from PIL import Image

    from bytefit.codecs.palettes.quantise import Palettes
    from bytefit.pictures.frames import Frames

# The qualities of 256 and of 20 colours. Where 256 come close, a palette looks better than a lossy encode of as many
# bytes, by 0 to 41 SSIMULACRA2 at 20 colours and by 11 to 56 at 256 (8 screenshots and graphics).
IN_PALETTE = 90.0
_FEWEST_COLOURS = 53.2

# Elsewhere, as with photographs, lossy encodes look better than steps coarser than those of this quality.
_LEAST_ROUNDED = 95.0

# (quality, bits per pixel) knots: what 12 screenshots, graphics and paintings have relative to lossless, in the mean.
MEAN_BITS = (
    *((_FEWEST_COLOURS, 0.58), (60.0, 0.68), (70.0, 0.82), (80.0, 0.98), (90.0, 1.14)),
    *((91.0, 1.21), (93.0, 1.45), (95.0, 1.7), (97.0, 1.91), (99.0, 2.22), (100.0, 2.47)),
)

# A probe encodes all of the picture at little effort, in 0.18 of the time. What full effort gains over it has a
# standard deviation of 0.04 with a palette and of 0.1 without (8 pictures; method 0 takes a third of that: 0.4).
PROBE_OPTIONS = {"quality": 0, "method": 1}
_GAIN_IN_PALETTE, _GAIN = 0.15, 0.22

# What is made at once mostly takes fewer bytes than what is searched. Of 395 screenshots, graphics and paintings with
# their tiny pieces, 4 in 100 take less than 0.8 of a probe in the palette of Pillow's octree, and 1 in 100 less than
# 0.7. Of 127 photographs and paintings, 2 in 100 take less than 0.81 of a probe that is rounded everywhere, and none
# less than 0.69. A refusal in error costs up to 40 points of SSIMULACRA2. Method 0 tells little of palettes (2 in 100
# take less than a fifth); without a palette it takes a third of the time of method 1.
LEAST_SHARE = 0.7
_ROUNDED_PROBE_OPTIONS = {"quality": 0, "method": 0}


class NearVersions:
    """The changed versions of one image; the code for palettes is loaded with the first of them."""

    def version(self, picture: Image.Image | Frames, quality: float) -> Image.Image | Frames:
        """Return a version of an image, mode RGB or RGBA."""
        from bytefit.codecs.palettes.quantise import colours_of

        if quality <= IN_PALETTE:
            return self._palettes.quantised(picture, colours_of(quality))
        return self._palettes.nearly_lossless(picture, quality)

    @cached_property
    def _palettes(self) -> Palettes:
        from bytefit.codecs.palettes.quantise import Palettes

        return Palettes()


def near_ladder(sample: Image.Image) -> tuple[float, ...]:
    """Return the qualities, lossless last, that look better than lossy encodes of the image this is a sample of."""
    from bytefit.codecs.palettes.near_lossless import NEAR_LOSSLESS
    from bytefit.codecs.palettes.quantise import COLOURS, Palettes, quality_of

    if Palettes().come_close(sample):
        palettes = (quality for quality in map(quality_of, COLOURS) if quality >= _FEWEST_COLOURS)
        return *palettes, *NEAR_LOSSLESS, LOSSLESS
    return *(quality for quality in NEAR_LOSSLESS if quality >= _LEAST_ROUNDED), LOSSLESS


def quick_version(picture: Image.Image, quality: float) -> tuple[Image.Image, Mapping[str, Any]]:
    """Return a version of an image that takes about the bytes of a quality, and the options of a probe of it."""
    from PIL import Image

    if quality > IN_PALETTE:
        from bytefit.codecs.palettes.near_lossless import rounded_everywhere

        return rounded_everywhere(picture, quality), _ROUNDED_PROBE_OPTIONS
    from bytefit.codecs.palettes.quantise import colours_of

    indexed = picture.quantize(colours_of(quality), Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    return indexed.convert(picture.mode), PROBE_OPTIONS


def log_size_from_probe(quality: float, _picture: Image.Image | Frames, data: bytes) -> float:
    """Return the ln(bytes) of an encode, given its probe."""
    return log(len(data)) - (_GAIN_IN_PALETTE if quality <= IN_PALETTE else _GAIN)

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
    from PIL import Image

    from bytefit.codecs.palettes.quantise import Palettes
    from bytefit.pictures.frames import Frames

# The qualities of 256 and of 20 colours. Where 256 come close, a palette looks better than a lossy encode of as many
# bytes, by 0 to 41 SSIMULACRA2 at 20 colours and by 11 to 56 at 256 (8 screenshots and graphics).
IN_PALETTE = 90.0
_FEWEST_COLOURS = 53.0

# Elsewhere, as with photographs, lossy encodes look better than steps coarser than those of this quality.
_LEAST_ROUNDED = 95.0

# (quality, bits per pixel) knots: what 12 screenshots, graphics and paintings have relative to lossless, in the mean.
MEAN_BITS = (
    *((53.0, 0.58), (60.0, 0.68), (70.0, 0.82), (80.0, 0.98), (90.0, 1.14)),
    *((91.0, 1.21), (93.0, 1.45), (95.0, 1.7), (97.0, 1.91), (99.0, 2.22), (100.0, 2.47)),
)

# A probe encodes all of the picture at little effort, in 0.18 of the time. What full effort gains over it has a
# standard deviation of 0.04 with a palette and of 0.1 without (8 pictures; method 0 takes a third of that: 0.4).
PROBE_OPTIONS = {"quality": 0, "method": 1}
_GAIN_IN_PALETTE, _GAIN = 0.15, 0.22

# Pillow's octree makes a palette at once, and a poor one: mostly it takes fewer bytes than ours. Of 254 screenshots,
# graphics and paintings and their tiny pieces, 2 in 100 take less than 0.8 of a probe of it.
LEAST_SHARE = 0.8


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


def roughest(picture: Image.Image) -> Image.Image:
    """Return an image in the fewest colours, in the same mode."""
    from PIL import Image

    from bytefit.codecs.palettes.quantise import colours_of

    colours = colours_of(_FEWEST_COLOURS)
    return picture.quantize(colours, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).convert(picture.mode)


def log_size_from_probe(quality: float, _picture: Image.Image | Frames, data: bytes) -> float:
    """Return the ln(bytes) of an encode, given its probe."""
    return log(len(data)) - (_GAIN_IN_PALETTE if quality <= IN_PALETTE else _GAIN)

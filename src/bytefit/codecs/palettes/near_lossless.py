"""Versions of an image that lose little and take fewer bytes without loss: the rungs between 256 colours and lossless.

There are two kinds. Where a palette of 256 colours comes close, as in most screenshots, the pixels near their palette
colour take that colour and the others stay as they are. Elsewhere the channels are rounded to multiples of a step: a
fine one in smooth areas, where rounding shows as bands, and a coarse one where neighbours differ. It works on Pillow's
point tables and filters, a band of rows at a time.
"""

from __future__ import annotations

from functools import cached_property
from math import floor
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageFilter, ImageStat

from bytefit.codecs.palettes.bands import crops_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bytefit.codecs.palettes.bands import Box

# Quality -> the steps of smooth and of busy areas. The channels have the same step: coarser red and blue look worse at
# the same bytes. Rounding residuals of a predictor, as JPEG-LS does, gives the same files, and keeping smooth areas as
# they are, as libwebp does, looks worse below 0.8 of the lossless bytes (16 screenshots, graphics and paintings).
_STEPS = {
    99.0: (1, 2),
    98.0: (2, 2),
    97.0: (2, 4),
    96.0: (2, 6),
    95.0: (3, 6),
    94.0: (4, 8),
    93.0: (4, 12),
    92.0: (5, 15),
    91.0: (6, 18),
}

# Quality -> how far, in each channel, a pixel may be from its palette colour to take it.
_REACHES = {99.0: 1, 98.0: 2, 97.0: 3, 96.0: 4, 95.0: 5, 94.0: 7, 93.0: 9, 92.0: 13, 91.0: 20}

NEAR_LOSSLESS: tuple[float, ...] = tuple(sorted(_STEPS))

# Palettes are the better start where their error is less than that of these steps.
_COMPARED_AT = 96.0

_OPAQUE = 255


class NearLossless:
    """The versions of one image that are nearly lossless."""

    def __init__(self, picture: Image.Image, in_palette: Image.Image) -> None:
        """Take an image, and its version in 256 colours: itself where it has no more."""
        self._picture = picture
        self._in_palette = in_palette
        self._palette_error = mean_error(picture, crops_of(in_palette))

    def version(self, quality: float) -> Image.Image:
        """Return the version of a quality in `NEAR_LOSSLESS`; the palette's where its error is no larger than that."""
        if self._in_palette is self._picture:
            return self._picture
        if self.prefers_palette:
            return self._joined(self._with_palette_colours(_REACHES[quality]))
        steps = _STEPS[quality]
        if mean_error(self._picture, self._rounded(*steps)) >= self._palette_error:
            return self._in_palette
        return self._joined(self._rounded(*steps))

    @cached_property
    def prefers_palette(self) -> bool:
        """Whether 256 colours come so close that they are the better start."""
        return self._palette_error < mean_error(self._picture, self._rounded(*_STEPS[_COMPARED_AT]))

    def _joined(self, bands: Iterable[tuple[Box, Image.Image]]) -> Image.Image:
        version = Image.new(self._picture.mode, self._picture.size)
        for box, band in bands:
            version.paste(band, box)
        return version

    def _with_palette_colours(self, reach: int) -> Iterator[tuple[Box, Image.Image]]:
        """Yield the bands of the image with the palette's colour where no channel is further from it than `reach`."""
        near = [_OPAQUE * (distance <= reach) for distance in range(256)]
        for box, band in crops_of(self._picture):
            coloured = self._in_palette.crop(box).convert(band.mode)
            furthest = _furthest(ImageChops.difference(band, coloured).split())
            yield box, Image.composite(coloured, band, furthest.point(near))

    def _rounded(self, fine: int, coarse: int) -> Iterator[tuple[Box, Image.Image]]:
        """Yield the bands of the image rounded to multiples of the steps."""
        finely, coarsely = self._tables(fine), self._tables(coarse)
        busy = [_OPAQUE * (spread >= coarse) for spread in range(256)]
        for box, band in crops_of(self._picture):
            rounded = band.point(coarsely)
            if fine != coarse:
                rounded = Image.composite(rounded, band.point(finely), _spread(band).point(busy))
            yield box, rounded

    def _tables(self, step: int) -> list[int]:
        return _tables(self._commonest, step, alpha=self._picture.mode == "RGBA")

    @cached_property
    def _commonest(self) -> list[int]:
        return _commonest_levels(self._picture)


def rounded_everywhere(picture: Image.Image, quality: float) -> Image.Image:
    """Return a version that is rounded by the coarse step of a quality in `NEAR_LOSSLESS`, also where it is smooth."""
    return picture.point(_tables(_commonest_levels(picture), _STEPS[quality][1], alpha=picture.mode == "RGBA"))


def _tables(commonest: Sequence[int], step: int, *, alpha: bool) -> list[int]:
    """Return the point tables of the channels; the commonest level of each colour stays as it is."""
    tables = [level for anchor in commonest for level in rounded_levels(anchor, step)]
    if alpha:
        # Opacity may be rounded twice as coarsely as colours. What is fully transparent stays so, alone.
        tables += [0, *(rounded or 1 for rounded in rounded_levels(_OPAQUE, 2 * step - 1)[1:])]
    return tables


def _commonest_levels(picture: Image.Image) -> list[int]:
    """Return the commonest level of each colour of an image, mode RGB or RGBA."""
    histogram = picture.histogram()
    channels = [histogram[start : start + 256] for start in range(0, 3 * 256, 256)]
    return [channel.index(max(channel)) for channel in channels]


def rounded_levels(anchor: int, step: int) -> list[int]:
    """Return the nearest of the levels `anchor` plus multiples of `step` for each of 256; itself beyond the ends."""
    rounded = [anchor + step * floor((level - anchor) / step + 0.5) for level in range(256)]
    return [near if 0 <= near <= 255 else level for level, near in enumerate(rounded)]  # noqa: PLR2004


def mean_error(picture: Image.Image, bands: Iterable[tuple[Box, Image.Image]]) -> float:
    """Return the mean difference of the premultiplied colours to a version in bands, summed over the channels."""
    summed = 0.0
    for box, band in bands:
        first, second = (_channels(image.convert("RGBA").convert("RGBa")) for image in (picture.crop(box), band))
        summed += sum(ImageStat.Stat(ImageChops.difference(first, second)).sum)
    return summed / (picture.width * picture.height)


def _channels(premultiplied: Image.Image) -> Image.Image:
    """Return premultiplied colours as four independent channels."""
    return Image.frombytes("CMYK", premultiplied.size, premultiplied.tobytes())


def _spread(band: Image.Image) -> Image.Image:
    """Return how far the levels of a pixel and its eight neighbours are apart, in the channel where that is most."""
    largest, least = ImageFilter.MaxFilter(3), ImageFilter.MinFilter(3)
    return _furthest([ImageChops.subtract(one.filter(largest), one.filter(least)) for one in band.split()])


def _furthest(differences: Sequence[Image.Image]) -> Image.Image:
    """Return the largest of some channels at each pixel."""
    first, *others = differences
    for other in others:
        first = ImageChops.lighter(first, other)
    return first

"""Colour quantisation: groups the colours of an image in small clusters and merges them, nearest pair first.

Pillow's k-means makes the clusters. It ignores alpha, so opaque and translucent colours are clustered separately.
`merging` chooses the merges: entries go where they reduce the error most, and the palettes of all sizes are cuts of one
tree.
"""

from __future__ import annotations

import sys
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageChops

from bytefit.codecs.palettes.bands import bands_of
from bytefit.codecs.palettes.merging import merges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from bytefit.codecs.palettes.bands import Box
    from bytefit.codecs.palettes.merging import Centroid

_OPAQUE = 255

# Red, green, blue, alpha.
Colour = tuple[int, int, int, int]
# How many pixels have a colour, and the colour.
Counted = tuple[int, Colour]

# An image with more than `_MANY_COLOURS` colours, such as a photograph, is clustered from a sample of its pixels. A
# larger sample changes nothing (four photographs, half and twice as many pixels: within 0.5 SSIMULACRA2), and k-means
# takes a second for 100,000 pixels.
SAMPLED_PIXELS = 1 << 16
_MANY_COLOURS = 1 << 16

# The most clusters that Pillow makes at once. The dark and the light half of the colours each have this many, and so
# have the more and the less transparent half. 256 colours merged from 512 clusters look 1 SSIMULACRA2 better at the
# same bytes than 256 clusters of k-means.
_MOST = 256

# Distances approximate visible differences: people distinguish light colours better than dark ones, and green ones
# better than red and blue ones. The exponent and the weights are close to libimagequant's.
_WEIGHTS = (0.7, 1.0, 0.6, 0.8)
_LEVELS = [[weight * 255 * (level / 255) ** 1.25 for level in range(256)] for weight in _WEIGHTS[:3]]
_PERCEPTUAL = [round(level) for levels in _LEVELS for level in levels]

# k-means weights a colour by the square root of its pixels, so that rare colours get clusters too; the merging weights
# it by its pixels. On 20 pieces of `train`, at equal bytes, this looks 2 SSIMULACRA2 better than libimagequant (mean of
# 8, 32, 100 and 256 colours). The square root in both steps is 4 worse, pixels in both are 1.4 better.
_WEIGHED_PIXELS = 1 << 17

# k-means stops when at most this many pixels change their cluster: more passes take 50 % longer and gain nothing.
_UNSETTLED = _WEIGHED_PIXELS // 32


class Clusters:
    """The clustered colours of one image, from which palettes of any size are cut."""

    def __init__(self, picture: Image.Image) -> None:
        """Cluster the colours of an image, mode L, LA, RGB or RGBA."""
        self._picture = picture
        counted = _counted(picture, _MANY_COLOURS)
        self._has_every_colour = counted is not None
        if counted is None:
            counted = _counted(sample_of(picture), SAMPLED_PIXELS) or []
        opaque = sorted((one for one in counted if one[1][3] == _OPAQUE), key=_lightness)
        translucent = sorted((one for one in counted if 0 < one[1][3] < _OPAQUE), key=lambda one: (one[1][3], one[1]))
        self._clear = picture.mode in {"LA", "RGBA"} and picture.getchannel("A").getextrema()[0] == 0
        self._clear_colours = [one[1] for one in counted if not one[1][3]]
        self._groups = [*_clustered(opaque, _opaque_projection), *_clustered(translucent, _translucent_projection)]
        self._merges = merges([_centroid(group) for group in self._groups])
        self._merged: list[tuple[int, int]] = []

    def version(self, colours: int, *, dither: bool = False) -> Image.Image:
        """Return the image in at most `colours` colours, 2 to 256, mode P.

        If the image has fully transparent pixels, one of the colours is a transparent one. With `dither` the errors of
        opaque pixels are diffused to their neighbours.
        """
        indices = Image.new("L", self._picture.size)
        for box, band in self.bands(colours):
            indices.paste(Image.frombytes("L", band.size, band.tobytes()), box)
        entries = self._cut(colours - self._clear)[1]
        if dither:
            indices = self._dithered(indices, entries)
        indices.putpalette(self._palette(entries), "RGBA")
        return indices

    def palette(self, colours: int) -> Image.Image:
        """Return the palette of a version in at most `colours` colours, as an image of one pixel in it."""
        palette = Image.new("P", (1, 1))
        palette.putpalette(self._palette(self._cut(colours - self._clear)[1]), "RGBA")
        return palette

    def bands(self, colours: int) -> Iterator[tuple[Box, Image.Image]]:
        """Yield the boxes and the bands of the version in `colours` colours, mode P, without dithering."""
        entry_of, entries = self._cut(colours - self._clear)
        places: dict[int, int] = {}
        if self._has_every_colour:
            places = {
                int.from_bytes(bytes(colour), sys.byteorder): entry
                for group, entry in zip(self._groups, entry_of, strict=True)
                for _, colour in group
            }
            places |= {int.from_bytes(bytes(colour), sys.byteorder): len(entries) for colour in self._clear_colours}
        palette = self._palette(entries)
        for box in bands_of(self._picture):
            pixels = self._picture.crop(box).convert("RGBA")
            band = _looked_up(pixels, places) if self._has_every_colour else self._nearest_in(pixels, entries)
            band.putpalette(palette, "RGBA")
            yield box, band

    def _palette(self, entries: Sequence[Colour]) -> bytes:
        return b"".join(map(bytes, [*entries, (0, 0, 0, 0)] if self._clear else entries))

    def _cut(self, colours: int) -> tuple[list[int], list[Colour]]:
        """Return the entry of each group, and the entries, at most `colours`."""
        wanted = max(0, len(self._groups) - colours)
        self._merged += islice(self._merges, max(0, wanted - len(self._merged)))
        goes_to = list(range(len(self._groups)))
        for kept, gone in reversed(self._merged[:wanted]):
            goes_to[gone] = goes_to[kept]
        place_of = {group: place for place, group in enumerate(sorted(set(goes_to)))}
        entry_of = [place_of[group] for group in goes_to]
        members: list[list[Counted]] = [[] for _ in place_of]
        for group, entry in zip(self._groups, entry_of, strict=True):
            members[entry] += group
        return entry_of, [_mean(colours) for colours in members]

    @staticmethod
    def _nearest_in(picture: Image.Image, entries: Sequence[Colour]) -> Image.Image:
        """Return the nearest entry of each pixel; opaque pixels prefer opaque entries, and translucent ones others."""
        alpha = picture.getchannel("A")
        indices = Image.new("L", alpha.size, len(entries))
        opaque = [place for place, entry in enumerate(entries) if entry[3] == _OPAQUE]
        translucent = [place for place, entry in enumerate(entries) if entry[3] < _OPAQUE]
        for project, places, rest, mask in (
            (_opaque_projection, opaque, translucent, alpha.point([0] * 255 + [255])),
            (_translucent_projection, translucent, opaque, alpha.point([0, *[255] * 254, 0])),
        ):
            if mask.getbbox() is not None:
                chosen = places or rest
                palette = Image.new("P", (1, 1))
                palette.putpalette(project(_row_of([entries[place] for place in chosen])).tobytes())
                nearest = project(picture).quantize(palette=palette, dither=Image.Dither.NONE)
                indices.paste(_renumbered(nearest, chosen), mask=mask)
        return indices

    def _dithered(self, indices: Image.Image, entries: Sequence[Colour]) -> Image.Image:
        """Return the indices with the opaque pixels dithered by error diffusion (Floyd and Steinberg)."""
        places = [place for place, entry in enumerate(entries) if entry[3] == _OPAQUE]
        if not places:
            return indices
        palette = Image.new("P", (1, 1))
        palette.putpalette(_row_of([entries[place] for place in places]).convert("RGB").tobytes())
        opaque = self._picture.convert("RGBA").getchannel("A").point([0] * 255 + [255])
        # The other pixels have the colour of an entry and thus diffuse no error.
        picture = Image.new("RGB", opaque.size, entries[places[0]][:3])
        picture.paste(self._picture.convert("RGB"), mask=opaque)
        indices = indices.copy()
        indices.paste(_renumbered(picture.quantize(palette=palette), places), mask=opaque)
        return indices


def _counted(picture: Image.Image, most: int) -> list[Counted] | None:
    """Return the colours of an image as RGBA, each with the number of its pixels; None where there are more."""
    counted: Any = picture.getcolors(most)
    if counted is None:
        return None
    row = Image.new(picture.mode, (len(counted), 1))
    row.putdata([colour for _, colour in counted])
    quads = row.convert("RGBA").tobytes()
    colours = zip(quads[::4], quads[1::4], quads[2::4], quads[3::4], strict=True)
    return [(count, colour) for (count, _), colour in zip(counted, colours, strict=True)]


def _looked_up(band: Image.Image, places: Mapping[int, int]) -> Image.Image:
    """Return the places of the colours of an image, mode RGBA."""
    return Image.frombytes("L", band.size, bytes(map(places.__getitem__, memoryview(band.tobytes()).cast("I"))))


def sample_of(picture: Image.Image) -> Image.Image:
    """Return a sample of the pixels of an image; a small image is returned unchanged."""
    share = (SAMPLED_PIXELS / (picture.width * picture.height)) ** 0.5
    if share >= 1:
        return picture
    width, height = max(1, int(picture.width * share)), max(1, int(picture.height * share))
    # A side of a few pixels cannot shrink by its share, so the other one shrinks by more.
    width = min(width, SAMPLED_PIXELS // min(height, SAMPLED_PIXELS))
    return picture.resize((width, min(height, SAMPLED_PIXELS // width)), Image.Resampling.NEAREST)


def _clustered(colours: Sequence[Counted], project: Callable[[Image.Image], Image.Image]) -> list[list[Counted]]:
    """Return sorted colours in groups of similar ones; at most `_MOST` groups for each half of the weight."""
    if len(colours) <= _MOST:
        return [[colour] for colour in colours]
    weights = [count**0.5 for count, _ in colours]
    heavy = sum(weights) / 2
    middle = sum(weight < heavy for weight in accumulate(weights))
    return [
        *_k_means(colours[:middle], weights[:middle], project),
        *_k_means(colours[middle:], weights[middle:], project),
    ]


def _k_means(
    colours: Sequence[Counted], weights: Sequence[float], project: Callable[[Image.Image], Image.Image]
) -> list[list[Counted]]:
    if len(colours) <= _MOST:
        return [[colour] for colour in colours]
    scale = _WEIGHED_PIXELS / sum(weights)
    times = [max(1, round(weight * scale)) for weight in weights]
    row = project(_row_of([colour for _, colour in colours])).tobytes()
    pixels = b"".join(row[3 * at : 3 * at + 3] * often for at, often in enumerate(times))
    clusters = Image.frombytes("RGB", (len(pixels) // 3, 1), pixels)
    # Median cut without k-means costs 10 to 20 points of SSIMULACRA2.
    indices = clusters.quantize(_MOST, method=Image.Quantize.MEDIANCUT, kmeans=_UNSETTLED).tobytes()
    groups: list[list[Counted]] = [[] for _ in range(_MOST)]
    for colour, end in zip(colours, accumulate(times), strict=True):
        groups[indices[end - 1]].append(colour)
    return [group for group in groups if group]


def _centroid(group: Sequence[Counted]) -> Centroid:
    """Return the pixels of a group and their mean: the visible colour on black, and alpha."""
    reds, greens, blues = _LEVELS
    pixels = x = y = z = v = 0.0
    for count, (red, green, blue, alpha) in group:
        weight = count * alpha / 255
        pixels += count
        x += weight * reds[red]
        y += weight * greens[green]
        z += weight * blues[blue]
        v += count * alpha
    return pixels, x / pixels, y / pixels, z / pixels, _WEIGHTS[3] * v / pixels


def _mean(colours: Sequence[Counted]) -> Colour:
    """Return the mean colour, opaque if at least half of the pixels are."""
    pixels = opaque = red = green = blue = alphas = 0
    for count, (r, g, b, alpha) in colours:
        weight = count * alpha
        pixels += count
        opaque += count * (alpha == _OPAQUE)
        red += weight * r
        green += weight * g
        blue += weight * b
        alphas += weight
    alpha = 255 if 2 * opaque >= pixels else max(1, round(alphas / pixels))
    return round(red / alphas), round(green / alphas), round(blue / alphas), alpha


def _lightness(counted: Counted) -> tuple[float, tuple[int, ...]]:
    red, green, blue, _ = counted[1]
    return 0.299 * red + 0.587 * green + 0.114 * blue, counted[1]


def _row_of(colours: Sequence[Colour]) -> Image.Image:
    return Image.frombytes("RGBA", (len(colours), 1), b"".join(map(bytes, colours)))


def _opaque_projection(picture: Image.Image) -> Image.Image:
    """Return opaque colours in three channels whose distances approximate visible differences."""
    return picture.convert("RGB").point(_PERCEPTUAL)


def _translucent_projection(picture: Image.Image) -> Image.Image:
    """Return translucent colours in three channels: alpha, and their premultiplied lightness and hue."""
    red, green, blue, alpha = picture.convert("RGBa").split()
    premultiplied = Image.merge("RGB", (red, green, blue))
    warm, cold = (ImageChops.subtract(channel, green, scale=2, offset=128) for channel in (red, blue))
    return Image.merge("RGB", (alpha, premultiplied.convert("L"), Image.blend(warm, cold, 1 / 3)))


def _renumbered(indexed: Image.Image, places: Sequence[int]) -> Image.Image:
    """Return the indices of an image, each replaced by its entry in `places`, mode L."""
    indices = Image.frombytes("L", indexed.size, indexed.tobytes())
    return indices.point([*places, *[0] * (256 - len(places))])

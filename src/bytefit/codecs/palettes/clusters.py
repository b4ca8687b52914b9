"""Few colours for many: a picture's colours in small clusters, of which the two that go together best are merged.

Pillow's k-means makes the clusters, of opaque and of half-transparent colours apart, since it knows no alpha. They are
merged by Ward's criterion, the least growth of the sum of squared errors (J. H. Ward, "Hierarchical grouping to
optimize an objective function", 1963; for palettes W. H. Equitz, "A new vector quantization clustering algorithm",
1989): entries go where they are needed most, and the palettes of all numbers of colours are cuts of one tree.
"""

from __future__ import annotations

import sys
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageChops

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_OPAQUE = 255

# Red, green, blue, alpha.
Colour = tuple[int, int, int, int]
# A colour, and of how many pixels.
Counted = tuple[int, Colour]
# Pixels of a cluster, and where their mean lies.
Placed = tuple[float, float, float, float, float]

# Clusters are made of so many pixels of a picture that has more colours than this, as photographs have: more change
# nothing (four photographs, half and twice as many: within 0.5 SSIMULACRA2), and k-means takes a second for 100,000.
SEEN_PIXELS = 1 << 16
_MANY_COLOURS = 1 << 16

# So many clusters Pillow makes at once. Dark and light colours have as many each, and what is more or less transparent:
# of 512, the 256 that are left look 1 SSIMULACRA2 better at the same bytes than 256 of k-means.
_MOST = 256

# Colours lie as far apart as they are told apart: light ones more easily than dark ones, green ones than red and blue
# ones. The exponent and the weights are near libimagequant's.
_WEIGHTS = (0.7, 1.0, 0.6, 0.8)
_LEVELS = [[weight * 255 * (level / 255) ** 1.25 for level in range(256)] for weight in _WEIGHTS[:3]]
_AS_SEEN = [round(level) for levels in _LEVELS for level in levels]

# k-means counts a colour as the root of its pixels, so that clusters are where colours are and not only where pixels
# are; the merging counts pixels. On 20 pieces of `train`, at equal bytes, that looks 2 SSIMULACRA2 better than
# libimagequant in the mean of 8, 32, 100 and 256 colours; the root in both 4 worse, pixels in both 1.4 better.
_WEIGHED_PIXELS = 1 << 17

# k-means goes on until no more of these change their cluster: to the end takes half as long again, for nothing.
_UNSETTLED = _WEIGHED_PIXELS // 32


class Clusters:
    """The colours of one picture, gathered once for any number of them."""

    def __init__(self, picture: Image.Image) -> None:
        """Gather the colours of a picture, mode L, LA, RGB or RGBA."""
        self._picture = picture.convert("RGBA")
        counted: Any = self._picture.getcolors(_MANY_COLOURS)
        self._known = counted is not None
        if counted is None:
            counted = part_of(self._picture).getcolors(SEEN_PIXELS)
        opaque = sorted((one for one in counted if one[1][3] == _OPAQUE), key=_lightness)
        soft = sorted((one for one in counted if 0 < one[1][3] < _OPAQUE), key=lambda one: (one[1][3], one[1]))
        self._clear = self._picture.getchannel("A").getextrema()[0] == 0
        self._clear_colours = [one[1] for one in counted if not one[1][3]]
        self._groups = [*_gathered(opaque, _as_seen), *_gathered(soft, _as_veils)]
        self._merges = _merges([_placed(group) for group in self._groups])
        self._merged: list[tuple[int, int]] = []

    def version(self, colours: int, *, dither: bool = False) -> Image.Image:
        """Return the picture in at most `colours` colours, 2 to 256, mode P: what is clear is one of them, and clear.

        With `dither` what opaque pixels err is spread over their neighbours.
        """
        entry_of, entries = self._cut(colours - self._clear)
        if self._known:
            places = {
                int.from_bytes(bytes(colour), sys.byteorder): entry
                for group, entry in zip(self._groups, entry_of, strict=True)
                for _, colour in group
            }
            places |= {int.from_bytes(bytes(colour), sys.byteorder): len(entries) for colour in self._clear_colours}
            pixels = memoryview(self._picture.tobytes()).cast("I")
            indices = Image.frombytes("L", self._picture.size, bytes(map(places.__getitem__, pixels)))
        else:
            indices = self._nearest(entries)
        if dither:
            indices = self._spread(indices, entries)
        version = Image.frombytes("P", indices.size, indices.tobytes())
        version.putpalette(b"".join(map(bytes, [*entries, (0, 0, 0, 0)] if self._clear else entries)), "RGBA")
        return version

    def _cut(self, colours: int) -> tuple[list[int], list[Colour]]:
        """Return the entry that each group goes to, and the at most `colours` entries."""
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

    def _nearest(self, entries: Sequence[Colour]) -> Image.Image:
        """Return for each pixel the entry that is nearest to it, opaque ones to opaque pixels where there are any."""
        alpha = self._picture.getchannel("A")
        indices = Image.new("L", alpha.size, len(entries))
        opaque = [place for place, entry in enumerate(entries) if entry[3] == _OPAQUE]
        soft = [place for place, entry in enumerate(entries) if entry[3] < _OPAQUE]
        for seen, places, rest, mask in (
            (_as_seen, opaque, soft, alpha.point([0] * 255 + [255])),
            (_as_veils, soft, opaque, alpha.point([0, *[255] * 254, 0])),
        ):
            if mask.getbbox() is not None:
                chosen = places or rest
                palette = Image.new("P", (1, 1))
                palette.putpalette(seen(_line([entries[place] for place in chosen])).tobytes())
                nearest = seen(self._picture).quantize(palette=palette, dither=Image.Dither.NONE)
                indices.paste(_renumbered(nearest, chosen), mask=mask)
        return indices

    def _spread(self, indices: Image.Image, entries: Sequence[Colour]) -> Image.Image:
        """Return indices with those of opaque pixels chosen anew, so that errors are spread (Floyd and Steinberg)."""
        places = [place for place, entry in enumerate(entries) if entry[3] == _OPAQUE]
        if not places:
            return indices
        palette = Image.new("P", (1, 1))
        palette.putpalette(_line([entries[place] for place in places]).convert("RGB").tobytes())
        opaque = self._picture.getchannel("A").point([0] * 255 + [255])
        # No error comes from where nothing opaque is.
        picture = Image.new("RGB", opaque.size, entries[places[0]][:3])
        picture.paste(self._picture.convert("RGB"), mask=opaque)
        indices = indices.copy()
        indices.paste(_renumbered(picture.quantize(palette=palette), places), mask=opaque)
        return indices


def part_of(picture: Image.Image) -> Image.Image:
    """Return some of the pixels of a picture, itself where it is small."""
    share = (SEEN_PIXELS / (picture.width * picture.height)) ** 0.5
    if share >= 1:
        return picture
    size = max(1, int(picture.width * share)), max(1, int(picture.height * share))
    return picture.resize(size, Image.Resampling.NEAREST)


def _gathered(colours: Sequence[Counted], seen: Callable[[Image.Image], Image.Image]) -> list[list[Counted]]:
    """Return colours, in order, in groups of those that look alike; `_MOST` of each half of them at most."""
    if len(colours) <= _MOST:
        return [[colour] for colour in colours]
    weights = [count**0.5 for count, _ in colours]
    heavy = sum(weights) / 2
    middle = sum(weight < heavy for weight in accumulate(weights))
    return [
        *_grouped(colours[:middle], weights[:middle], seen),
        *_grouped(colours[middle:], weights[middle:], seen),
    ]


def _grouped(
    colours: Sequence[Counted], weights: Sequence[float], seen: Callable[[Image.Image], Image.Image]
) -> list[list[Counted]]:
    if len(colours) <= _MOST:
        return [[colour] for colour in colours]
    scale = _WEIGHED_PIXELS / sum(weights)
    times = [max(1, round(weight * scale)) for weight in weights]
    line = seen(_line([colour for _, colour in colours])).tobytes()
    pixels = b"".join(line[3 * at : 3 * at + 3] * often for at, often in enumerate(times))
    clusters = Image.frombytes("RGB", (len(pixels) // 3, 1), pixels)
    # Without k-means 10-20 points of SSIMULACRA2 are lost.
    indices = clusters.quantize(_MOST, method=Image.Quantize.MEDIANCUT, kmeans=_UNSETTLED).tobytes()
    groups: list[list[Counted]] = [[] for _ in range(_MOST)]
    for colour, end in zip(colours, accumulate(times), strict=True):
        groups[indices[end - 1]].append(colour)
    return [group for group in groups if group]


def _merges(clusters: Sequence[Placed]) -> Iterator[tuple[int, int]]:
    """Yield the cluster that is kept and the one that goes into it, merge by merge, down to one."""
    live = dict(enumerate(clusters))

    def nearest(one: int) -> tuple[float, int]:
        """Return the least cost of a merge with a cluster behind this one, and that cluster."""
        w, x, y, z, v = live[one]
        return min(
            (
                (w * n / (w + n) * ((x - a) * (x - a) + (y - b) * (y - b) + (z - c) * (z - c) + (v - d) * (v - d)), at)
                for at, (n, a, b, c, d) in live.items()
                if at > one
            ),
            default=(float("inf"), -1),
        )

    best = {one: nearest(one) for one in live}
    while len(live) > 1:
        kept, (_, gone) = min(best.items(), key=lambda item: item[1][0])
        yield kept, gone
        (w, x, y, z, v), (n, a, b, c, d) = live[kept], live.pop(gone)
        m = w + n
        live[kept] = m, (w * x + n * a) / m, (w * y + n * b) / m, (w * z + n * c) / m, (w * v + n * d) / m
        del best[gone]
        # A merged cluster is no nearer to any other than the nearer of the two was: only who was near them looks anew.
        for one, (_, near) in best.items():
            if one == kept or near in {kept, gone}:
                best[one] = nearest(one)


def _placed(group: Sequence[Counted]) -> Placed:
    """Return the pixels of a group, and the mean of where they lie: as they are seen on black, and their alpha."""
    reds, greens, blues = _LEVELS
    pixels = x = y = z = v = 0.0
    for count, (red, green, blue, alpha) in group:
        seen = count * alpha / 255
        pixels += count
        x += seen * reds[red]
        y += seen * greens[green]
        z += seen * blues[blue]
        v += count * alpha
    return pixels, x / pixels, y / pixels, z / pixels, _WEIGHTS[3] * v / pixels


def _mean(colours: Sequence[Counted]) -> Colour:
    """Return the mean colour; opaque where most of the pixels are."""
    pixels = opaque = red = green = blue = alphas = 0
    for count, (r, g, b, alpha) in colours:
        seen = count * alpha
        pixels += count
        opaque += count * (alpha == _OPAQUE)
        red += seen * r
        green += seen * g
        blue += seen * b
        alphas += seen
    alpha = 255 if 2 * opaque >= pixels else max(1, round(alphas / pixels))
    return round(red / alphas), round(green / alphas), round(blue / alphas), alpha


def _lightness(counted: Counted) -> tuple[float, tuple[int, ...]]:
    red, green, blue, _ = counted[1]
    return 0.299 * red + 0.587 * green + 0.114 * blue, counted[1]


def _line(colours: Sequence[Colour]) -> Image.Image:
    return Image.frombytes("RGBA", (len(colours), 1), b"".join(map(bytes, colours)))


def _as_seen(picture: Image.Image) -> Image.Image:
    """Return opaque colours as far apart as they are told apart, in three channels."""
    return picture.convert("RGB").point(_AS_SEEN)


def _as_veils(picture: Image.Image) -> Image.Image:
    """Return colours with alpha in three channels: alpha, and what shows of their lightness and of their hue."""
    red, green, blue, alpha = picture.convert("RGBa").split()
    shown = Image.merge("RGB", (red, green, blue))
    warm, cold = (ImageChops.subtract(channel, green, scale=2, offset=128) for channel in (red, blue))
    return Image.merge("RGB", (alpha, shown.convert("L"), Image.blend(warm, cold, 1 / 3)))


def _renumbered(indexed: Image.Image, places: Sequence[int]) -> Image.Image:
    """Return the indices of a picture, each replaced by the place it stands for, as mode L."""
    indices = Image.frombytes("L", indexed.size, indexed.tobytes())
    return indices.point([*places, *[0] * (256 - len(places))])

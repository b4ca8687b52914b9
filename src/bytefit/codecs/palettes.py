"""Few colours for many: the palette of a picture, by the quantiser that suits it.

libimagequant (the `png` extra) or the best of Pillow's own, chosen by what they do to the picture at hand. It knows
pictures and numbers of colours; how a palette is stored is for the formats to know.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from itertools import compress
from math import log2

from PIL import Image, ImageChops, ImageStat

from bytefit.frames import Frames

MOST_COLOURS = 256

# Eight to the octave, and every number below 16: a step changes the bytes by about 5 %.
COLOURS: tuple[int, ...] = (
    *range(2, 16),
    *(step << octave for octave in range(1, 5) for step in range(8, 16)),
    MOST_COLOURS,
)

# With 256 colours of libimagequant half of the error, spread, looks a little better for 2 % more bytes.
_LITTLE = 0.5

# The quantisers are judged at this many colours, on this many pixels. A palette is found on as many where a picture has
# more colours than this, as photographs have: k-means takes a second a megapixel (two photographs and a screenshot of
# one: within 2 SSIMULACRA2 either way; drawings, whose rare colours count, would lose 5).
_JUDGED_AT = 64
_SEEN_PIXELS = 1 << 17
_MANY_COLOURS = 1 << 16

# Mean error and bytes at a quantiser's 64 colours: that with the least error x bytes^2 looked best over all budgets
# (15 screenshots and graphics at 0.18 to 0.7 of their lossless bytes: within 1 SSIMULACRA2 of always choosing right,
# up to 8 above the wrong one).
_WEIGHT_OF_BYTES = 2

# With fewer colours than this there is nothing to be shared out between what is opaque and what is not.
_SHARED_FROM = 4

# An entry of clear pixels that hides less than this, of 255, is to be clear; what hides more stands for more than them.
_VEIL = 64

_MAXCOVERAGE, _MEDIANCUT, _IMAGEQUANT = "maxcoverage", "mediancut", "imagequant"


def quality_of(colours: int) -> float:
    """Return the quality of a palette on the scale of PNG and GIF: 90 for 256 colours, 20 for 2, 100 is lossless."""
    return round(10 + 10 * log2(colours), 1)


@cache
def colours_of(quality: float) -> int:
    """Return the colours of a rung of that quality; the inverse of `quality_of` for every number in `COLOURS`."""
    nearest: int = min(COLOURS, key=lambda colours: abs(quality_of(colours) - quality))
    return nearest


class Palettes:
    """What was found for one picture so far: a probe and the trial after it share the work."""

    def __init__(self) -> None:
        self._picture: Image.Image | Frames | None = None
        self._whole = Image.new("1", (1, 1))
        self._quantiser = ""
        self._found: dict[tuple[int, bool, float], Image.Image] = {}

    def quantised(
        self, picture: Image.Image | Frames, colours: int, *, closest: bool = False, dither: float = 0.0
    ) -> Image.Image | Frames:
        """Return a picture, or all frames, in one palette of at most `colours` colours.

        With `closest` in that which errs least, whatever it weighs.
        """
        if picture is not self._picture:
            self._picture = picture
            self._whole = stacked(picture) if isinstance(picture, Frames) else picture
            self._quantiser = best_quantiser(self._whole)
            self._found.clear()
        key = colours, closest, dither
        if key not in self._found:
            whole = self._whole
            self._found[key] = (
                closest_version(whole, colours)
                if closest
                else quantised(whole, colours, self._quantiser, dither=dither)
            )
        version = self._found[key]
        return unstacked(version, picture) if isinstance(picture, Frames) else version


def stacked(frames: Frames) -> Image.Image:
    """Return all frames in one picture, each below the one before."""
    whole = Image.new(frames.mode, (frames.width, frames.height * len(frames.pictures)))
    for place, picture in enumerate(frames.held().pictures):
        whole.paste(picture, (0, place * frames.height))
    return whole


def unstacked(whole: Image.Image, frames: Frames) -> Frames:
    """Return frames with the pictures that are stacked in `whole`."""
    width, height = frames.size
    pictures = (whole.crop((0, top, width, top + height)) for top in range(0, whole.height, height))
    return replace(frames, pictures=tuple(pictures))


def in_exact_palette(picture: Image.Image) -> Image.Image | None:
    """Return a picture in a palette of its own colours, mode P; None where there are more than 256."""
    whole = picture.convert("RGBA")
    if (colours := whole.getcolors(MOST_COLOURS)) is None:
        return None
    entries = [bytes(colour) for _, colour in sorted(colours, reverse=True) if isinstance(colour, tuple)]
    places = {int.from_bytes(entry, sys.byteorder): index for index, entry in enumerate(entries)}
    pixels = memoryview(whole.tobytes()).cast("I")
    indexed = Image.frombytes("P", picture.size, bytes(map(places.__getitem__, pixels)))
    indexed.putpalette(b"".join(entries), "RGBA")
    return indexed


def best_quantiser(picture: Image.Image) -> str:
    """Return the name of the quantiser that suits a picture: "imagequant", "maxcoverage" or "mediancut"."""
    if picture.has_transparency_data and _has_imagequant():
        return _IMAGEQUANT
    sample = _part(picture)
    rivals = (_IMAGEQUANT if _has_imagequant() else _MEDIANCUT, _MAXCOVERAGE)
    opaque = sample.convert("RGB")
    return min(rivals, key=lambda name: _regret(opaque, quantised(opaque, _JUDGED_AT, name)))


def closest_version(picture: Image.Image, colours: int) -> Image.Image:
    """Return a picture in at most `colours` colours, by the quantiser that errs least."""
    if _has_imagequant():
        return quantised(picture, colours, _IMAGEQUANT, dither=_LITTLE)
    rivals = (quantised(picture, colours, name) for name in (_MEDIANCUT, _MAXCOVERAGE))
    return min(rivals, key=lambda version: _error(picture, version))


def quantised(picture: Image.Image, colours: int, quantiser: str, *, dither: float = 0.0) -> Image.Image:
    """Return a picture in at most `colours` colours, mode P; itself where it has no more as it is.

    Args:
        picture: mode L, LA, RGB or RGBA.
        colours: 2 to 256, a transparent one included.
        quantiser: see `best_quantiser`.
        dither: the share of the error that is spread over the neighbours, 0 to 1 (Pillow knows none or all): it costs
            bytes, and looks worse at the same bytes.
    """
    if picture.getcolors(colours) is not None:
        return picture
    if quantiser == _IMAGEQUANT:
        import imagequant

        pixels = picture.convert("RGBA").tobytes()
        indices, entries = imagequant.quantize_raw_rgba_bytes(
            pixels, *picture.size, dithering_level=dither, max_colors=colours
        )
        version = Image.frombytes("P", picture.size, bytes(indices))
        version.putpalette(_cleared(bytes(entries)[: 4 * colours], version, picture), "RGBA")
        return version
    if not picture.has_transparency_data:
        return _opaque(picture.convert("RGB"), colours, quantiser, dither=dither)
    whole = picture.convert("RGBA")
    rivals = [whole.quantize(colours, method=Image.Quantize.FASTOCTREE)]
    if colours >= _SHARED_FROM:
        rivals.append(_with_alpha(whole, colours, quantiser, dither=dither))
    return min(rivals, key=lambda rival: _regret(whole, rival))


def _cleared(entries: bytes, indexed: Image.Image, picture: Image.Image) -> bytes:
    """Return a palette in which the entries of what is clear are clear, where they are all but that.

    libimagequant takes what is clear and what is nearly so together where there are few colours: its mean is a veil.
    """
    if not picture.has_transparency_data:
        return entries
    clear = picture.convert("RGBA").getchannel("A").point([255] + [0] * 255)
    used = Image.frombytes("L", indexed.size, indexed.tobytes()).histogram(clear)
    quads = (entries[at : at + 4] for at in range(0, len(entries), 4))
    return b"".join(bytes(4) if used[place] and quad[3] < _VEIL else quad for place, quad in enumerate(quads))


def _opaque(picture: Image.Image, colours: int, quantiser: str, *, dither: float) -> Image.Image:
    method = Image.Quantize.MAXCOVERAGE if quantiser == _MAXCOVERAGE else Image.Quantize.MEDIANCUT
    seen = picture
    if picture.getcolors(_MANY_COLOURS) is None:
        seen = _part(picture)
    # Without k-means 10-20 points of SSIMULACRA2 are lost.
    found = seen.quantize(colours, method=method, kmeans=1)
    if seen is picture and not dither:
        return found
    return picture.quantize(palette=found, dither=Image.Dither.FLOYDSTEINBERG if dither else Image.Dither.NONE)


def _part(picture: Image.Image) -> Image.Image:
    """Return some of the pixels of a picture, itself where it is small."""
    share = (_SEEN_PIXELS / (picture.width * picture.height)) ** 0.5
    if share >= 1:
        return picture
    return picture.resize(
        (max(1, int(picture.width * share)), max(1, int(picture.height * share))), Image.Resampling.NEAREST
    )


def _with_alpha(picture: Image.Image, colours: int, quantiser: str, *, dither: float) -> Image.Image:
    """Quantise what is opaque and what is half transparent each by itself, and give what is clear an entry of its own.

    Of Pillow's quantisers only the octree takes alpha: it is far coarser than the others.
    """
    alpha = picture.getchannel("A")
    clear, *partial, opaque = alpha.histogram()
    spare = colours - bool(clear)
    # By the root of their share: the half-transparent rims of letters and lines are few, but of many shades.
    share = (sum(partial) / (sum(partial) + opaque)) ** 0.5 if any(partial) else 0.0
    shades = min(spare - bool(opaque), max(bool(share), round(spare * share)))
    entries, indexed = bytearray(), Image.new("L", picture.size)
    if opaque:
        mask = alpha.point([0] * 255 + [255])
        solid = _opaque(_filled(picture.convert("RGB"), mask), spare - shades, quantiser, dither=dither)
        indexed.paste(_shifted(solid, 0), mask=mask)
        entries += bytes(solid.getpalette("RGBA") or ())[: 4 * (spare - shades)]
    if shades:
        mask = alpha.point([0, *[255] * 254, 0])
        soft = _filled(_as_colours(picture), mask).quantize(shades, method=Image.Quantize.MAXCOVERAGE, kmeans=1)
        indexed.paste(_shifted(soft, len(entries) // 4), mask=mask)
        entries += _means(picture, soft, mask, shades)
    if clear:
        indexed.paste(len(entries) // 4, mask=alpha.point([255] + [0] * 255))
        entries += bytes(4)
    version = Image.frombytes("P", picture.size, indexed.tobytes())
    version.putpalette(bytes(entries), "RGBA")
    return version


def _shifted(indexed: Image.Image, by: int) -> Image.Image:
    """Return the indices of a picture, each raised by so much, as mode L."""
    indices = Image.frombytes("L", indexed.size, indexed.tobytes())
    return indices.point([min(255, index + by) for index in range(256)])


def _filled(colours: Image.Image, mask: Image.Image) -> Image.Image:
    """Return colours, those outside a mask replaced by one that is inside: no entry is spent on them."""
    left, top, right, _ = mask.getbbox() or (0, 0, 1, 1)
    row = mask.crop((left, top, right, top + 1)).getbbox() or (0, 0, 1, 1)
    filled = Image.new("RGB", colours.size, colours.getpixel((left + row[0], top)))
    filled.paste(colours, mask=mask)
    return filled


def _as_colours(picture: Image.Image) -> Image.Image:
    """Return a picture with alpha as one of three channels: alpha, and what shows of its lightness and of its hue."""
    red, green, blue, alpha = picture.convert("RGBa").split()
    shown = Image.merge("RGB", (red, green, blue))
    warm, cold = (ImageChops.subtract(channel, green, scale=2, offset=128) for channel in (red, blue))
    return Image.merge("RGB", (alpha, shown.convert("L"), Image.blend(warm, cold, 1 / 3)))


def _means(picture: Image.Image, indexed: Image.Image, mask: Image.Image, entries: int) -> bytes:
    """Return the mean colour, as four bytes, of the pixels inside a mask that have each of the indices."""
    sums = [[0, 0, 0, 0, 0] for _ in range(entries)]
    pixels = picture.tobytes()
    found = Counter(compress(zip(indexed.tobytes(), memoryview(pixels).cast("I"), strict=True), mask.tobytes()))
    for (index, pixel), count in found.items():
        *colour, alpha = pixel.to_bytes(4, sys.byteorder)
        weight = count * alpha
        for channel, value in enumerate(colour):
            sums[index][channel] += value * weight
        sums[index][3] += weight
        sums[index][4] += count
    return b"".join(
        bytes([*(round(total / weight) for total in channels), round(weight / count)]) if count else bytes(4)
        for *channels, weight, count in sums
    )


def _regret(picture: Image.Image, version: Image.Image) -> float:
    """Return what a version costs, in error and bytes, as a figure to be compared with those of other versions."""
    buffer = BytesIO()
    version.save(buffer, "PNG", compress_level=6)
    return _error(picture, version) * float(buffer.tell()) ** _WEIGHT_OF_BYTES


def _error(picture: Image.Image, version: Image.Image) -> float:
    """Return the mean difference of what is seen, as a sum over the channels."""
    first, second = (_channels(image.convert("RGBA").convert("RGBa")) for image in (picture, version))
    return float(sum(ImageStat.Stat(ImageChops.difference(first, second)).mean))


def _channels(shown: Image.Image) -> Image.Image:
    """Return premultiplied colours as four plain channels."""
    return Image.frombytes("CMYK", shown.size, shown.tobytes())


@cache
def _has_imagequant() -> bool:
    return find_spec("imagequant") is not None

"""The palette of a picture, by the quantiser that suits it: our merged clusters, or libimagequant (the `png` extra).

It is chosen by what they do to the picture at hand. How a palette is stored is for the formats to know.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import cache, cached_property
from importlib.util import find_spec
from io import BytesIO
from math import log2

from PIL import Image, ImageChops, ImageStat

from bytefit.codecs.palettes.clusters import Clusters, part_of
from bytefit.pictures.frames import Frames

MOST_COLOURS = 256

# Eight to the octave, and every number below 16: a step changes the bytes by about 5 %.
COLOURS: tuple[int, ...] = (
    *range(2, 16),
    *(step << octave for octave in range(1, 5) for step in range(8, 16)),
    MOST_COLOURS,
)

# Half of the error spread looks a little better, for 2 % more bytes.
_LITTLE = 0.5

# With 256 colours libimagequant is taken where it errs so much less; else what it gains in error it loses in looks (12
# pictures of `train`: 2.5 and 0.4 SSIMULACRA2 gained on two, and 2 lost in all where it erred a little less).
_CLEARLY_LESS = 0.8

# The quantisers are judged at this many colours, by error x bytes^2: that with the least looked best over all budgets
# (15 screenshots and graphics at 0.18 to 0.7 of their lossless bytes: within 1 SSIMULACRA2 of always choosing right,
# up to 8 above the wrong one).
_JUDGED_AT = 64
_WEIGHT_OF_BYTES = 2

# An entry of clear pixels that hides less than this, of 255, is to be clear; what hides more stands for more than them.
_VEIL = 64


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
        self._versions = _Versions(Image.new("L", (1, 1)))

    def quantised(self, picture: Image.Image | Frames, colours: int, *, dither: float = 0.0) -> Image.Image | Frames:
        """Return a picture, or all frames, in one palette of at most `colours` colours, a transparent one included.

        A picture that has no more as it is comes back itself; else in mode P.

        Args:
            picture: mode L, LA, RGB or RGBA; or frames in one of these.
            colours: 2 to 256.
            dither: the share of the error that is spread over the neighbours, 0 to 1 (without libimagequant none or
                all): it costs bytes, and looks worse at the same bytes.
        """
        if picture is not self._picture:
            self._picture = picture
            self._versions = _Versions(stacked(picture) if isinstance(picture, Frames) else picture)
        version = self._versions.version(colours, dither)
        return unstacked(version, picture) if isinstance(picture, Frames) else version


class _Versions:
    """The versions of one picture in few colours."""

    def __init__(self, picture: Image.Image) -> None:
        self._picture = picture
        self._found: dict[tuple[int, float], Image.Image] = {}

    def version(self, colours: int, dither: float) -> Image.Image:
        key = colours, dither
        if key not in self._found:
            self._found[key] = self._new(colours, dither)
        return self._found[key]

    def _new(self, colours: int, dither: float) -> Image.Image:
        picture = self._picture
        if picture.getcolors(colours) is not None:
            return picture
        if not _has_imagequant():
            return self._clusters.version(colours, dither=dither > 0)
        if dither or (colours < MOST_COLOURS and self._suits_imagequant):
            return by_imagequant(picture, colours, dither=dither)
        own = self._clusters.version(colours)
        if colours < MOST_COLOURS:
            return own
        other = by_imagequant(picture, colours, dither=_LITTLE)
        return other if _error(picture, other) < _CLEARLY_LESS * _error(picture, own) else own

    @cached_property
    def _clusters(self) -> Clusters:
        return Clusters(self._picture)

    @cached_property
    def _suits_imagequant(self) -> bool:
        part = part_of(self._picture)
        own = self._clusters if part is self._picture else Clusters(part)
        return _regret(part, by_imagequant(part, _JUDGED_AT)) < _regret(part, own.version(_JUDGED_AT))


def stacked(frames: Frames) -> Image.Image:
    """Return all frames in one picture, each below the one before."""
    whole = Image.new(frames.mode, (frames.width, frames.height * len(frames.pictures)))
    for place, picture in enumerate(frames.decoded().pictures):
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


def by_imagequant(picture: Image.Image, colours: int, *, dither: float = 0.0) -> Image.Image:
    """Return a picture in at most `colours` colours of libimagequant, mode P; see `Palettes.quantised`."""
    import imagequant

    pixels = picture.convert("RGBA").tobytes()
    indices, entries = imagequant.quantize_raw_rgba_bytes(
        pixels, *picture.size, dithering_level=dither, max_colors=colours
    )
    version = Image.frombytes("P", picture.size, bytes(indices))
    version.putpalette(_cleared(bytes(entries)[: 4 * colours], version, picture), "RGBA")
    return version


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

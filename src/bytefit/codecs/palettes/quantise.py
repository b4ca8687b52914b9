"""Reduces an image to a palette, with our merged clusters or with libimagequant (the `png` extra).

Both are tried on the image, and the better one is used. The formats know how to store a palette.
"""

from __future__ import annotations

import sys
from functools import cache, cached_property, lru_cache
from importlib.util import find_spec
from io import BytesIO
from math import log2

from PIL import Image

from bytefit.codecs.palettes.bands import bands_of, crops_of
from bytefit.codecs.palettes.clusters import Clusters, sample_of
from bytefit.codecs.palettes.near_lossless import NearLossless, mean_error
from bytefit.pictures.frames import Frames

MOST_COLOURS = 256

# Every number below 16, and eight numbers for each octave above: a step changes the size by about 5 %.
COLOURS: tuple[int, ...] = (
    *range(2, 16),
    *(step << octave for octave in range(1, 5) for step in range(8, 16)),
    MOST_COLOURS,
)

# Dithering at half strength looks slightly better and costs 2 % more bytes.
_HALF_DITHER = 0.5

# With 256 colours libimagequant is used if its error is below this share of ours. With a smaller advantage in error it
# looks worse (12 images of `train`: two gained 2.5 and 0.4 SSIMULACRA2; smaller advantages lost 2 in total).
_CLEARLY_LESS = 0.8

# The quantisers are compared at this many colours by error x bytes^2. The lower product looked best over all budgets
# (15 screenshots and graphics at 0.18 to 0.7 of their lossless size: within 1 SSIMULACRA2 of always choosing correctly,
# up to 8 above the wrong choice).
_COMPARED_AT = 64
_SIZE_EXPONENT = 2

# 256 colours come close to an image where their error is below this: it is 0.1 to 0.6 for screenshots and graphics that
# a palette suits, and 1.8 to 4 for those with photographs in them.
_CLOSE = 1.0

# An entry used by fully transparent pixels becomes fully transparent if its alpha is below this; an entry with a higher
# alpha also represents visible pixels.
_MOSTLY_TRANSPARENT = 64


# From this many pixels on memory and time count for more than the last percent.
_LARGE = 8_000_000


def is_large(picture: Image.Image) -> bool:
    """Return whether an image is so large that it is packed with less memory."""
    return picture.width * picture.height >= _LARGE


def quality_of(colours: int) -> float:
    """Return the quality of a palette on the scale of PNG and GIF: 90 for 256 colours, 20 for 2, 100 is lossless."""
    return round(10 + 10 * log2(colours), 1)


@cache
def colours_of(quality: float) -> int:
    """Return the number of colours at a quality: the inverse of `quality_of` for every number in `COLOURS`."""
    nearest: int = min(COLOURS, key=lambda colours: abs(quality_of(colours) - quality))
    return nearest


class Palettes:
    """The palettes found for the last image: a probe and the trial after it share the work."""

    def __init__(self) -> None:
        self._picture: Image.Image | Frames | None = None
        self._versions = _Versions(Image.new("L", (1, 1)))

    def quantised(self, picture: Image.Image | Frames, colours: int, *, dither: float = 0.0) -> Image.Image | Frames:
        """Return an image, or all frames, in one palette of at most `colours` colours, the transparent one included.

        The result is in mode P. An image that already has no more colours is returned unchanged.

        Args:
            picture: mode L, LA, RGB or RGBA; or frames in one of these.
            colours: 2 to 256.
            dither: the share of the error that is diffused to the neighbours, 0 to 1; without libimagequant all or
                nothing. Dithering costs bytes and looks worse at the same size.
        """
        version = self._versions_of(picture).version(colours, dither)
        return unstack_frames(version, picture) if isinstance(picture, Frames) else version

    def nearly_lossless(self, picture: Image.Image | Frames, quality: float) -> Image.Image | Frames:
        """Return a version of an image, or of all frames, of a quality in `NEAR_LOSSLESS`.

        It differs from the image no more than the version in 256 colours does, and is that one where the difference
        is as large. An image that has no more colours is returned unchanged.

        Args:
            picture: mode L, LA, RGB or RGBA; or frames in one of these.
            quality: one of `NEAR_LOSSLESS`.
        """
        version = self._versions_of(picture).nearly_lossless(quality)
        return unstack_frames(version, picture) if isinstance(picture, Frames) else version

    def come_close(self, picture: Image.Image) -> bool:
        """Return whether 256 colours come so close to an image that a palette suits it well."""
        versions = self._versions_of(picture)
        in_palette = versions.version(MOST_COLOURS, 0)
        return in_palette is picture or mean_error(picture, crops_of(in_palette)) < _CLOSE

    def _versions_of(self, picture: Image.Image | Frames) -> _Versions:
        if picture is not self._picture:
            self._picture = picture
            self._versions = _Versions(stack_frames(picture) if isinstance(picture, Frames) else picture)
        return self._versions


class _Versions:
    """The versions of one image in few colours, and those that are nearly lossless."""

    def __init__(self, picture: Image.Image) -> None:
        self._picture = picture
        self._found: dict[tuple[int, float], Image.Image] = {}
        self._nearly: dict[float, Image.Image] = {}

    def version(self, colours: int, dither: float) -> Image.Image:
        key = colours, dither
        if key not in self._found:
            self._found[key] = self._quantised(colours, dither)
        return self._found[key]

    def nearly_lossless(self, quality: float) -> Image.Image:
        if quality not in self._nearly:
            self._nearly = {quality: self.near_lossless.version(quality)}  # a probe and its trial share it
        return self._nearly[quality]

    @cached_property
    def near_lossless(self) -> NearLossless:
        return NearLossless(self._picture, self.version(MOST_COLOURS, 0))

    def _quantised(self, colours: int, dither: float) -> Image.Image:
        picture = self._picture
        if picture.getcolors(colours) is not None:
            return picture
        if not _has_imagequant():
            return self._clusters.version(colours, dither=dither > 0)
        if dither or (colours < MOST_COLOURS and self._prefers_imagequant):
            return by_imagequant(picture, colours, dither=dither)
        if colours == MOST_COLOURS and (other := self._clearly_better()) is not None:
            return other
        return self._clusters.version(colours)

    def _clearly_better(self) -> Image.Image | None:
        """Return what libimagequant makes of the image in 256 colours, if it is clearly better than what we make."""
        other = by_imagequant(self._picture, MOST_COLOURS, dither=_HALF_DITHER)
        # Our version is compared in bands: two whole versions would need more memory.
        own_error = mean_error(self._picture, self._clusters.bands(MOST_COLOURS))
        return other if mean_error(self._picture, crops_of(other)) < _CLEARLY_LESS * own_error else None

    @cached_property
    def _clusters(self) -> Clusters:
        return Clusters(self._picture)

    @cached_property
    def _prefers_imagequant(self) -> bool:
        sample = sample_of(self._picture)
        clusters = self._clusters if sample is self._picture else Clusters(sample)
        own, other = clusters.version(_COMPARED_AT), by_imagequant(sample, _COMPARED_AT)
        return _rate_distortion_cost(sample, other) < _rate_distortion_cost(sample, own)


def stack_frames(frames: Frames) -> Image.Image:
    """Return all frames in one image, each below the one before."""
    whole = Image.new(frames.mode, (frames.width, frames.height * len(frames.pictures)))
    for place, picture in enumerate(frames.decoded().pictures):
        whole.paste(picture, (0, place * frames.height))
    return whole


def unstack_frames(whole: Image.Image, frames: Frames) -> Frames:
    """Return `frames` with the pictures that are stacked in `whole`."""
    width, height = frames.size
    pictures = (whole.crop((0, top, width, top + height)) for top in range(0, whole.height, height))
    return frames._replace(pictures=tuple(pictures))


def in_exact_palette(picture: Image.Image) -> Image.Image | None:
    """Return an image in a palette of exactly its colours, mode P; None if it has more than 256."""
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
    """Return an image quantised by libimagequant to at most `colours` colours, mode P; see `Palettes.quantised`.

    The library gets one row at a time, from a band that is kept: `imagequant.quantize_raw_rgba_bytes`, which makes the
    same of it, needs nine bytes for each pixel more.
    """
    from imagequant import ffi, lib

    width, height = picture.size
    boxes = list(bands_of(picture))

    @lru_cache(1)
    def band_bytes(band: int) -> memoryview:
        return memoryview(picture.crop(boxes[band]).convert("RGBA").tobytes())

    def give_row(pixels: object, row: int, _width: int, _data: object) -> None:
        band, within = divmod(row, boxes[0][3])
        ffi.memmove(pixels, band_bytes(band)[4 * width * within : 4 * width * (within + 1)], 4 * width)

    callback = ffi.callback("void(liq_color *, int, int, void *)", give_row)
    settings = ffi.gc(lib.liq_attr_create(), lib.liq_attr_destroy)
    lib.liq_set_max_colors(settings, colours)
    image = ffi.gc(lib.liq_image_create_custom(settings, callback, ffi.NULL, width, height, 0), lib.liq_image_destroy)
    found = ffi.new("liq_result **")
    if lib.liq_image_quantize(image, settings, found) != lib.LIQ_OK:
        raise MemoryError
    result = ffi.gc(found[0], lib.liq_result_destroy)
    lib.liq_set_dithering_level(result, dither)
    indices = bytearray(width * height)
    if lib.liq_write_remapped_image(result, image, ffi.from_buffer(indices), len(indices)) != lib.LIQ_OK:
        raise MemoryError
    palette = lib.liq_get_palette(result)
    entries = bytes(
        level for entry in palette.entries[0 : palette.count] for level in (entry.r, entry.g, entry.b, entry.a)
    )
    version = Image.frombuffer("L", picture.size, indices, "raw", "L", 0, 1)  # shares the bytes
    version.putpalette(_with_clear_entries(entries, version, picture), "RGBA")
    return version


def _with_clear_entries(entries: bytes, indexed: Image.Image, picture: Image.Image) -> bytes:
    """Return a palette in which the mostly transparent entries of fully transparent pixels are fully transparent.

    With few colours libimagequant merges transparent and nearly transparent pixels: their mean would be visible.
    """
    if not picture.has_transparency_data:
        return entries
    clear = picture.convert("RGBA").getchannel("A").point([255] + [0] * 255)
    used = indexed.histogram(clear)
    quads = (entries[at : at + 4] for at in range(0, len(entries), 4))
    return b"".join(
        bytes(4) if used[place] and quad[3] < _MOSTLY_TRANSPARENT else quad for place, quad in enumerate(quads)
    )


def _rate_distortion_cost(picture: Image.Image, version: Image.Image) -> float:
    """Return the error of a version times a power of its size: the lower, the better."""
    buffer = BytesIO()
    version.save(buffer, "PNG", compress_level=6)
    return mean_error(picture, crops_of(version)) * float(buffer.tell()) ** _SIZE_EXPONENT


@cache
def _has_imagequant() -> bool:
    return find_spec("imagequant") is not None

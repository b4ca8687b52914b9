"""PNG: first lossless, as small as oxipng gets it; below that nearly lossless, and then with fewer and fewer colours.

Qualities: 100 is lossless, 91 to 99 change pixels by little; a palette of n colours has 10 + 10 log2 n, so 90 for 256
and 20 for 2.
"""

from __future__ import annotations

from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec
from math import log, prod
from typing import TYPE_CHECKING, Any

from PIL import Image

from bytefit.codecs.codec import LOSSLESS, Codec, Variants
from bytefit.codecs.encoding import refusals, save_to_bytes, unshared
from bytefit.codecs.palettes.near_lossless import NEAR_LOSSLESS
from bytefit.codecs.palettes.quantise import COLOURS, MOST_COLOURS, Palettes, colours_of, is_large, quality_of
from bytefit.codecs.parts import COMMON_METADATA, Holds, Lossless, Modes, SaveOptions, SeedingHints
from bytefit.codecs.png.animation import assemble_animation
from bytefit.codecs.png.chunks import COLOUR_CHUNKS, carried_chunks, with_chunks
from bytefit.codecs.png.container import CONTAINER
from bytefit.codecs.refusals import INK_COLOURS, REFUSED_EVERYWHERE, TO_RGB
from bytefit.errors import UnsupportedImage
from bytefit.formats import named
from bytefit.options import POLICIES
from bytefit.pictures.frames import Frames

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

# How hard the pixels are packed. A probe predicts the size of a trial in 0.08 of its time, see `_probe_gain`.
PROBE, FAST, NORMAL, BEST = range(4)

# oxipng's options at each strength. The filters of its level 2 with libdeflate at its strongest come within 0.6 % of
# level 4 without loss, and 0.1 % below it with a palette, in 0.4 of its time; level 2 as it is to within 2 %, in 0.24
# (30 of the training pictures). Pillow's `optimize=True` is 35 % larger than level 4.
_LEVELS: dict[int, dict[str, Any]] = {
    PROBE: {"level": 0},
    FAST: {"level": 2},
    NORMAL: {"level": 2, "deflate": 12},
    BEST: {"level": 6},
}

# For a large palette: one filter after the other, and no other colour type. All filters at once take a copy of the
# pixels each; they are no smaller on photographs, and 5 % on a screenshot. Pillow alone is 6 to 17 % larger, which cost
# 7 SSIMULACRA2 at the same bytes (two photographs of 12 megapixels).
_ONE_COPY: Mapping[str, Any] = {
    "level": 0,
    "bit_depth_reduction": False,
    "color_type_reduction": False,
    "palette_reduction": False,
    "grayscale_reduction": False,
}

# What oxipng must not do to the colour type of a file with a profile: a grey file with a profile of colours is
# invalid, and so is a palette with one of greys; decoders ignore the profile then.
_REDUCTIONS = {b"RGB ": {"grayscale_reduction": False}, b"GRAY": {"palette_reduction": False}}


# From this many pixels on oxipng is left out: it needs gigabytes, and ends the process where it does not get them.
_HUGE = 64_000_000

# Up to this many colours a byte holds two pixels.
_NIBBLE = 16

# Where a file states its colour type, and the one of palettes (PNG, 11.2.1).
_COLOUR_TYPE, _INDEXED = 25, 3

# The quality of the largest palette.
_MOST_INDEXED = quality_of(MOST_COLOURS)

_METADATA = COMMON_METADATA | {"pnginfo"}


def _setting(quality: float, _mode: str) -> dict[str, Any]:
    if quality == LOSSLESS:
        return {"strength": NORMAL}
    if quality in NEAR_LOSSLESS:
        return {"near_lossless": quality, "strength": NORMAL}
    return {"colors": colours_of(quality), "strength": NORMAL}


@refusals("PNG")
def _encode(palettes: Palettes, picture: Image.Image | Frames, options: Mapping[str, Any]) -> bytes:
    """Encode with a palette of `colors`, nearly or quite without loss, and write its metadata."""
    colours, strength = options.get("colors"), options.get("strength", NORMAL)
    if colours is not None:
        picture = palettes.quantised(picture, colours, dither=float(options.get("dither") or 0))
    elif (quality := options.get("near_lossless")) is not None:
        picture = palettes.nearly_lossless(picture, quality)
    profile = bytes(options.get("icc_profile") or b"")[16:20]  # what its colours are made of (ICC.1, 7.2.8)
    if profile == b"GRAY" and isinstance(picture, Image.Image) and picture.mode == "P":
        picture = picture.convert("LA" if picture.has_transparency_data else "L")
    data = _packed(picture, strength, _REDUCTIONS.get(profile, {}))
    early, late = carried_chunks(
        {name: value for name, value in options.items() if name in _METADATA or name == "density"}
    )
    return with_chunks(data, early, late) if early or late else data


def _packed(picture: Image.Image | Frames, strength: int, reductions: Mapping[str, bool]) -> bytes:
    """Return a file of exactly those pixels, and nothing else."""
    oxipng = None if _is_left_to_pillow(picture, strength) else _oxipng()
    saving: dict[str, Any] = {"compress_level": 1} if oxipng else {"optimize": strength > PROBE}
    if isinstance(picture, Frames):
        data = assemble_animation(picture, lambda frame: _saved(frame, {**saving, "bits": 8}))
    else:
        data = _saved(picture, saving)
    if oxipng is None:
        return data
    level = {**_LEVELS[strength], **reductions}
    if (deflate := level.get("deflate")) is not None:
        level["deflate"] = oxipng.Deflaters.libdeflater(deflate)
    levels = [level]
    if strength < BEST and isinstance(picture, Image.Image) and picture.mode == "P" and is_large(picture):
        plain = len(data) * 8 < picture.width * picture.height  # less than a bit a pixel: filters pay for graphics only
        filters = (oxipng.RowFilter.NoOp, *([oxipng.RowFilter.Entropy] if plain else ()))
        levels = [{**level, **_ONE_COPY, "filter": [row_filter]} for row_filter in filters]
    try:
        return min((bytes(oxipng.optimize_from_memory(data, **level)) for level in levels), key=len)
    except oxipng.PngError as error:
        raise UnsupportedImage(f"oxipng cannot pack this picture: {error}") from error


def _is_left_to_pillow(picture: Image.Image | Frames, strength: int) -> bool:
    """Return whether Pillow alone packs an image: a huge one, and a large one that is probed only."""
    if isinstance(picture, Frames):
        return picture.width * picture.height * len(picture.pictures) >= _HUGE
    return (strength == PROBE and is_large(picture)) or picture.width * picture.height >= _HUGE


def _saved(picture: Image.Image, options: Mapping[str, Any]) -> bytes:
    """Return a file with nothing of what Pillow would take from `info`, transparency left aside."""
    bare = unshared(picture)
    bare.info = {name: value for name, value in picture.info.items() if name == "transparency"}
    return save_to_bytes(bare, "PNG", {**options, "icc_profile": None, "exif": None})


def _probe_gain(quality: float, picture: Image.Image | Frames, data: bytes) -> float:
    """Return the ln(bytes) of a rung, given its probe.

    Fitted to 132 pictures of `train` without loss (what remains: standard deviation 0.11), and 45 at 3 to 256 colours
    (0.05): what the strongest coding gains over the quickest grows as the bits per pixel fall. Nearly lossless it
    gains more than without loss, as colours repeat (24 pictures; 0.13).
    """
    size = log(len(data))
    if isinstance(picture, Image.Image) and is_large(picture):
        return size + _large_probe_gain(quality, picture, data)
    if quality == LOSSLESS:
        return size - 0.17
    if quality in NEAR_LOSSLESS and data[_COLOUR_TYPE] != _INDEXED:
        return size - 0.26
    shown = len(picture.pictures) if isinstance(picture, Frames) else 1
    bits = size + log(8 / (picture.width * picture.height * shown))
    few = quality not in NEAR_LOSSLESS and colours_of(quality) <= _NIBBLE
    return size + (0.064 * bits - 0.08 if few else 0.027 * bits - 0.13)


def _large_probe_gain(quality: float, picture: Image.Image, data: bytes) -> float:
    """Return what a trial gains over a probe that Pillow packs, in ln(bytes); fitted to eight images of `train`."""
    if _is_left_to_pillow(picture, NORMAL):
        return -0.04
    if quality <= _MOST_INDEXED:
        return -0.13
    return min(-0.05, 0.09 * log(8 * len(data) / (picture.width * picture.height)) - 0.27)


@cache
def _oxipng() -> ModuleType | None:
    """Return oxipng's binding, or None on a platform it has no wheel for: Pillow's own optimiser then has to do."""
    return import_module("oxipng") if find_spec("oxipng") is not None else None


def _lossless_versions(data: bytes, policy: str, orientation: bytes, *, most: int | None = None) -> Iterator[bytes]:
    """Yield a version of a PNG file that holds exactly its samples, of any depth; see `Lossless.versions`."""
    del most
    oxipng, sides = _oxipng(), (data[16:20], data[20:24])  # of the header chunk
    if oxipng is None or prod(int.from_bytes(side, "big") for side in sides) >= _HUGE:
        return
    strip = oxipng.StripChunks
    if policy not in POLICIES:
        return
    kept = {"keep": strip.none(), "orientation+icc": strip.keep(sorted(COLOUR_CHUNKS)), "strip": strip.all()}[policy]
    level = {**_LEVELS[NORMAL], "deflate": oxipng.Deflaters.libdeflater(_LEVELS[NORMAL]["deflate"])}
    try:
        version = bytes(oxipng.optimize_from_memory(data, strip=kept, **level))
    except oxipng.PngError:  # broken: such a file is refused, or encoded again like any other
        return
    yield with_chunks(version, *carried_chunks({"exif": orientation})) if policy == "orientation+icc" else version


PNG = Codec(
    format="PNG",
    suffixes=named("PNG").suffixes,
    ladder=(*map(quality_of, COLOURS), *NEAR_LOSSLESS, LOSSLESS),
    setting=_setting,
    encode=partial(_encode, Palettes()),
    mean_bits=(
        (20, 0.0719),
        (25.8, 0.119),
        (33.2, 0.168),
        (40, 0.211),
        (45.8, 0.246),
        (50, 0.272),
        (55.8, 0.314),
        (63.2, 0.365),
        (70, 0.411),
        (75.8, 0.454),
        (83.2, 0.518),
        (90, 0.586),
        (91, 0.87),
        (92, 0.93),
        (94, 1),
        (96, 1.09),
        (98, 1.22),
        (99, 1.31),
        (100, 1.45),
    ),
    modes=Modes(
        opaque={**TO_RGB, "L": "L", "1": "1", "I;16": "I;16"},
        alpha="RGBA",
        refused={
            mode: reason for mode, reason in {**REFUSED_EVERYWHERE, "CMYK": INK_COLOURS}.items() if mode != "I;16"
        },
    ),
    save_options=SaveOptions(
        steered=frozenset(
            {"colors", "near_lossless", "strength", "optimize", "compress_level", "compress_type", "bits"}
        ),
        allowed=_METADATA | {"dither"},
        metadata=_METADATA,
        efforts={"fast": {"strength": FAST}, "normal": {}, "best": {"strength": BEST}},
    ),
    lossless=Lossless(
        options={"strength": NORMAL},
        only_modes=frozenset({"I;16"}),
        versions=_lossless_versions,
    ),
    hints=SeedingHints(
        probe_options={"strength": PROBE},
        probe_pays=lambda options: options.get("strength", NORMAL) > PROBE,
        probe_gain=_probe_gain,
        header=lambda quality, _mode: (
            57 + (0 if quality is None or quality > _MOST_INDEXED else 3 * min(MOST_COLOURS, colours_of(quality)))
        ),
    ),
    holds=Holds(max_side=2**31 - 1, frames=True),
    container=CONTAINER,
    variants=Variants(per_picture=lambda codec: codec._replace(encode=partial(_encode, Palettes()))),
)

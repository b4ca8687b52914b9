"""TIFF, lossless: each page is encoded with every lossless compression, and the smallest is kept; or JPEG in TIFF.

All compressions are one rung, because none looks better than another. Pages may differ in size and mode.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bytefit.codecs.codec import Codec, Variants
from bytefit.codecs.encoding import refusals, save_to_bytes
from bytefit.codecs.parts import COMMON_METADATA, Holds, Lossless, Modes, SaveOptions, SeedingHints, SourceKnowledge
from bytefit.codecs.refusals import TO_RGB
from bytefit.codecs.tiff.container import CONTAINER
from bytefit.codecs.tiff.tags import split_directories, tags_from_exif, with_directories
from bytefit.codecs.tiff.writable_tags import check_tags
from bytefit.formats import named
from bytefit.pictures.frames import Frames

if TYPE_CHECKING:
    from PIL import Image

    from bytefit.codecs.descriptions import Density

_PREDICTOR = 317
_HORIZONTAL, _FLOATING = 2, 3
_DEFLATE, _LZW = "tiff_adobe_deflate", "tiff_lzw"  # LZMA, Zstandard and WebP few readers know

# (compression, predictor): the predictor takes 31 % off a photograph's deflate and 46 % off its LZW, and adds to a
# graphic's. Deflate with it beats LZW on photographs by 9 %; on small graphics LZW is at times smaller.
_WAYS: tuple[tuple[str, int | None], ...] = (
    ("raw", None),
    (_DEFLATE, None),
    (_DEFLATE, _HORIZONTAL),
    (_LZW, None),
    (_LZW, _HORIZONTAL),
)
_WAYS_OF_MODE = {
    "1": (("raw", None), (_DEFLATE, None), (_LZW, None), ("group4", None)),
    "F": (*_WAYS, (_DEFLATE, _FLOATING)),
    # Compressed, they come back as RGB: Pillow has libtiff decode them so.
    "YCbCr": (("raw", None),),
}

# Pillow's 64 KiB make photographs 1.2 % larger, strips of any length 0.1 % smaller.
_STRIP_BYTES = 1 << 20

_MOST_SIDE = 2**31 - 1

# Without transparency these come back as they were, bit by bit.
_KEPT_MODES = ("1", "L", "P", "RGB", "CMYK", "YCbCr", "LAB", "I", "F", "I;16", "I;16L", "I;16B")

# Modes with transparency that the file holds as they are; a palette with transparent colours it does not.
_ALPHA_MODES = {"LA": "LA", "PA": "PA", "RGBA": "RGBA"}

_NOT_WRITTEN = "Pillow cannot write it as TIFF, nor convert it without clipping; convert it to I;16 by way of I first"


@refusals("TIFF")
def _encode(picture: Image.Image | Frames, options: Mapping[str, Any]) -> bytes:
    """Return the file of a picture or of several; `tiffinfo` may be the tags of the first page, or of each page."""
    pages = picture.pictures if isinstance(picture, Frames) else (picture,)
    split = [split_directories(tags) for tags in _tags_by_page(options, len(pages))]
    common = {name: options[name] for name in ("icc_profile", "dpi", "quality") if options.get(name) is not None}
    if "dpi" not in common and (density := options.get("density")) is not None:
        common |= _resolution(density)
    common |= {"icc_profile": common.get("icc_profile", b""), "strip_size": options.get("strip_size", _STRIP_BYTES)}
    chosen = []
    for page, (tags, _) in zip(pages, split, strict=True):
        check_tags(tags)
        # A copy is not an opened TIFF any more, from which Pillow would take tags that belong to the old pixels.
        chosen.append(_smallest(page.copy(), {**common, "tiffinfo": tags}, options.get("compression")))
    data = chosen[0][0] if len(pages) == 1 else _joined([way[1:] for way in chosen])
    return with_directories(data, [directories for _, directories in split])


def _resolution(density: Density) -> dict[str, Any]:
    """Return Pillow's save options for a resolution."""
    from PIL.TiffImagePlugin import IFDRational

    stated = density.fractions
    if stated is None:
        return {}
    x, y, unit = stated
    return {"x_resolution": IFDRational(*x), "y_resolution": IFDRational(*y), "resolution_unit": unit}


def _tags_by_page(options: Mapping[str, Any], count: int) -> list[Mapping[int, Any]]:
    given = options.get("tiffinfo") or ()
    tags = [given] if isinstance(given, Mapping) else list(given)
    if not tags and (options.get("exif") or options.get("xmp")):
        tags = [tags_from_exif(options.get("exif") or b"", options.get("xmp") or b"")]
    return [*tags[:count], *({} for _ in range(count - len(tags)))]


def _smallest(
    page: Image.Image, options: Mapping[str, Any], compression: str | None
) -> tuple[bytes, Image.Image, dict[str, Any]]:
    """Return the smallest file of a page, the page, and the save options that make it."""
    ways = ((compression, None),) if compression else _WAYS_OF_MODE.get(page.mode, _WAYS)
    tried = []
    for name, predictor in ways:
        tags = options["tiffinfo"]
        if predictor is not None:
            tags, _ = split_directories(tags)
            tags[_PREDICTOR] = predictor
        way = {**options, "compression": name, "tiffinfo": tags}
        tried.append((save_to_bytes(page, "TIFF", way), page, way))
    return min(tried, key=lambda file: len(file[0]))


def _joined(pages: Sequence[tuple[Image.Image, dict[str, Any]]]) -> bytes:
    """Return one file of several pages, each with its own save options."""
    (first, options), *rest = pages
    for page, own in rest:
        page.encoderinfo = own  # where Pillow looks for them first
    return save_to_bytes(first, "TIFF", {**options, "save_all": True, "append_images": [page for page, _ in rest]})


_SAVE_OPTIONS = SaveOptions(
    steered=frozenset({"save_all", "append_images", "quality"}),
    allowed=frozenset({"compression", "strip_size", "tiffinfo", "exif", "icc_profile", "xmp", "dpi"}),
    metadata=COMMON_METADATA | {"tiffinfo"},
)

# What `compression="jpeg"` asks for: the same file format with libjpeg's qualities for a ladder. From YCbCr libtiff
# codes half the bytes it codes from RGB; it cannot halve the chroma of what Pillow gives it.
TIFF_JPEG = Codec(
    format="TIFF",
    suffixes=named("TIFF").suffixes,
    ladder=tuple(range(1, 101)),
    setting=lambda quality, _mode: {"compression": "jpeg", "quality": int(quality)},
    encode=_encode,
    mean_bits=(
        (1, 0.228),
        (3, 0.259),
        (5, 0.299),
        (10, 0.397),
        (25, 0.643),
        (50, 0.97),
        (75, 1.51),
        (90, 2.38),
        (95, 3.23),
        (98, 4.43),
        (100, 7.36),
    ),
    modes=Modes(
        opaque={**dict.fromkeys(TO_RGB, "YCbCr"), "L": "L", "1": "L", "CMYK": "CMYK"},
        refused=dict.fromkeys(
            ("I", "F", "I;16", "I;16L", "I;16B"), "JPEG holds 8 bits a channel: leave compression out"
        )
        | {"I;16N": _NOT_WRITTEN, "LAB": "JPEG would blur its Lab colours: leave compression out"},
    ),
    save_options=_SAVE_OPTIONS,
    lossless=Lossless(
        refusal="compression='jpeg' changes pixels: leave it out for a lossless TIFF, or leave lossless out"
    ),
    hints=SeedingHints(header=lambda _quality, mode: 455 if mode == "L" else 844),
    source=SourceKnowledge(decoder_rotates=True),
    holds=Holds(max_side=65_500, pages=True),
    container=CONTAINER,
)

TIFF = Codec(
    format="TIFF",
    suffixes=named("TIFF").suffixes,
    ladder=(100,),
    setting=lambda _quality, _mode: {},
    encode=_encode,
    # Photographs in RGB, deflated with the predictor.
    mean_bits=((0, 11.3), (100, 11.3)),
    modes=Modes(
        opaque={"RGBX": "RGB", "HSV": "RGB", **{mode: mode for mode in _KEPT_MODES}},
        alpha="RGBA",
        alpha_of=_ALPHA_MODES,
        refused={"I;16N": _NOT_WRITTEN},
    ),
    save_options=_SAVE_OPTIONS,
    lossless=Lossless(options={}),
    hints=SeedingHints(header=lambda _quality, _mode: 200),
    source=SourceKnowledge(decoder_rotates=True),
    holds=Holds(max_side=_MOST_SIDE, pages=True),
    container=CONTAINER,
    variants=Variants(on_request=lambda options: TIFF_JPEG if options.get("compression") == "jpeg" else None),
)

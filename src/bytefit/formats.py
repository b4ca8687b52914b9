"""The formats of image files, as one table: names, suffixes, first bytes, and which codec fits them to a size.

A new format is a line here and a folder below `bytefit.codecs`. Nothing is imported: `bytefit check` reads this table
for every file, and loads no imaging library for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Format(NamedTuple):
    """One format.

    Attributes:
        name: Pillow's name of the format.
        folder: the folder below `bytefit.codecs` whose `codec` module has a variable of that name with its codec; empty
            where bytefit has none.
        suffixes: file suffixes in lower case, the usual one first.
        signatures: (offset, bytes there), any of which a file of the format begins with, by the specifications.
        alias_of: the name of the format whose codec and properties it shares.
        reader: Pillow's own module for the format; empty where that is not known.
        plugin: the module that Pillow needs to read and write it; empty where it needs none.
        extra: the extra of bytefit that installs the plugin.
        is_lossless: whether its files have kept every pixel.
        first_image_only: whether further images in a file are no frames and no pages.
        has_model: whether a trained model predicts its file sizes.
        refusal: why its files cannot be fitted to a size; empty where a codec is all that is missing.
    """

    name: str
    folder: str = ""
    suffixes: tuple[str, ...] = ()
    signatures: tuple[tuple[int, bytes], ...] = ()
    alias_of: str = ""
    reader: str = ""
    plugin: str = ""
    extra: str = ""
    is_lossless: bool = False
    first_image_only: bool = False
    has_model: bool = False
    refusal: str = ""


_RAW = "it is not compressed, so its size is that of its pixels"
_RUNS = "it packs runs of equal pixels at best, so its size is about that of its pixels"
_ICON = "it holds the same icon at several sizes, each drawn for its own, and the smallest are what is looked at"
_POINTER = "it is a pointer, with the place it points from"
_LAYERS = "it holds layers, of which Pillow sees the merged picture only"

FORMATS = (
    Format(
        "JPEG",
        "jpeg",
        (".jpg", ".jpeg", ".jpe", ".jfif"),
        ((0, b"\xff\xd8\xff"),),
        reader="JpegImagePlugin",
        first_image_only=True,
        has_model=True,
    ),
    Format("PNG", "png", (".png", ".apng"), ((0, b"\x89PNG\r\n\x1a\n"),), reader="PngImagePlugin", is_lossless=True),
    Format("WEBP", "webp", (".webp",), ((8, b"WEBP"),), reader="WebPImagePlugin", has_model=True),
    Format(
        "AVIF",
        "avif",
        (".avif", ".avifs"),
        ((4, b"ftypavif"), (4, b"ftypavis")),
        reader="AvifImagePlugin",
        has_model=True,
    ),
    Format("GIF", "gif", (".gif",), ((0, b"GIF8"),), reader="GifImagePlugin", is_lossless=True),
    Format(
        "TIFF",
        "tiff",
        (".tif", ".tiff"),
        ((0, b"II*\x00"), (0, b"MM\x00*")),
        reader="TiffImagePlugin",
        is_lossless=True,
    ),
    Format(
        "JPEG2000",
        "jpeg2000",
        (".jp2", ".j2k", ".jpx", ".jpf", ".jpc", ".j2c"),
        ((0, b"\x00\x00\x00\x0cjP  "),),
        reader="Jpeg2KImagePlugin",
    ),
    Format(
        "HEIF",
        "heif",
        (".heic", ".heif", ".hif"),
        ((4, b"ftypmif1"), (4, b"ftypmsf1")),
        plugin="pillow_heif",
        extra="heif",
    ),
    Format("JXL", "jxl", (".jxl",), ((0, b"\xff\x0a"), (0, b"\x00\x00\x00\x0cJXL ")), plugin="pillow_jxl", extra="jxl"),
    Format("JPG", alias_of="JPEG"),
    Format("MPO", alias_of="JPEG"),
    Format("HEIC", alias_of="HEIF", signatures=((4, b"ftyphei"), (4, b"ftyphev"))),
    Format("BMP", suffixes=(".bmp",), signatures=((0, b"BM"),), is_lossless=True, refusal=_RAW),
    Format("DIB", is_lossless=True, refusal=_RAW),
    Format("PPM", is_lossless=True, refusal=_RAW),
    Format("TGA", is_lossless=True, refusal=_RUNS),
    Format(
        "ICO",
        suffixes=(".ico",),
        signatures=((0, b"\x00\x00\x01\x00"),),
        is_lossless=True,
        first_image_only=True,
        refusal=_ICON,
    ),
    Format("ICNS", first_image_only=True, refusal=_ICON),
    Format("CUR", refusal=_POINTER),
    Format("PSD", signatures=((0, b"8BPS"),), first_image_only=True, refusal=_LAYERS),
    Format("PCX", is_lossless=True),
    Format("QOI", is_lossless=True),
    Format("SGI", is_lossless=True),
)

_BY_NAME = {one.name: one for one in FORMATS}
_SIGNATURES = tuple((offset, sign, one.name) for one in FORMATS for offset, sign in one.signatures)

# Suffix -> the name of its format. Folders are searched for files with these; a registered format adds its own.
SUFFIXES = {suffix: one.name for one in FORMATS for suffix in one.suffixes}

REFUSED_FORMATS = {one.name: one.refusal for one in FORMATS if one.refusal}
LOSSLESS_FORMATS = frozenset(one.name for one in FORMATS if one.is_lossless)

# Files that are weighed although they are no images that could be recompressed: suffix -> the name of the format.
# Rules of a configuration may name more, see `weigh`.
_WEIGHED = {".svg": "SVG", ".pdf": "PDF"}
_TOOLS = {"SVG": "svgo makes it smaller", "PDF": "qpdf or Ghostscript make it smaller"}
_named_by_rules: dict[str, str] = {}

# Formats that a codec was registered for.
_registered: dict[str, Format] = {}


def named(name: str) -> Format:
    """Return the format with Pillow's name `name`, in any case; of an alias, the format it stands for."""
    found = _BY_NAME.get(name.upper(), Format(name.upper()))
    found = _BY_NAME[found.alias_of] if found.alias_of else found
    return _registered.get(found.name, found)


def sniff(head: bytes) -> str | None:
    """Return the name of the format that the first bytes of a file say it has, or None."""
    return next((name for offset, sign, name in _SIGNATURES if head.startswith(sign, offset)), None)


def is_fixable(name: str) -> bool:
    """Return whether `bytefit fix` can recompress files of a format without a plugin."""
    return name in _registered or bool(named(name).folder and not named(name).plugin)


def register(name: str, suffixes: tuple[str, ...]) -> None:
    """Make a format known that a codec was registered for, with the suffixes of its files."""
    known = _BY_NAME.get(name, Format(name))
    _registered[name] = known._replace(suffixes=suffixes, refusal="")
    SUFFIXES.update(dict.fromkeys(suffixes, name))


def registered_by_suffix(suffix: str) -> str | None:
    """Return the name of the registered format with a file suffix, in lower case, or None."""
    name = SUFFIXES.get(suffix)
    return name if name in _registered else None


def weigh(suffixes: Iterable[str]) -> None:
    """Weigh files with these suffixes too, in lower case; those of an earlier call are forgotten."""
    _named_by_rules.clear()
    _named_by_rules.update({suffix: suffix[1:].upper() for suffix in suffixes if suffix not in SUFFIXES})


def weighed_as(suffix: str) -> str | None:
    """Return the name of a format whose files are weighed only, by their suffix in lower case, or None."""
    return _WEIGHED.get(suffix) or _named_by_rules.get(suffix)


def way_out(name: str) -> str:
    """Return what would make a file smaller that is weighed only."""
    return _TOOLS.get(name, "a tool for that format may make it smaller")

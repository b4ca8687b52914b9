"""The formats bytefit can steer, and how one is found by Pillow's name or by a file's suffix."""

from __future__ import annotations

from bytefit.codecs.avif.codec import AVIF
from bytefit.codecs.codec import Codec, with_options
from bytefit.codecs.encoding import Trial, encode_timed
from bytefit.codecs.gif.codec import GIF
from bytefit.codecs.heif.codec import HEIF
from bytefit.codecs.jpeg.codec import JPEG
from bytefit.codecs.jpeg2000.codec import JPEG2000
from bytefit.codecs.jxl.codec import JXL
from bytefit.codecs.png.codec import PNG
from bytefit.codecs.tiff.codec import TIFF
from bytefit.codecs.webp.codec import WEBP
from bytefit.errors import UnsupportedImage

CODECS = (JPEG, PNG, WEBP, AVIF, GIF, TIFF, JPEG2000)

# Those whose curves a model predicts.
LEARNED = (JPEG, WEBP, AVIF)

# Codecs of formats that Pillow knows by a plugin only.
BY_PLUGIN: tuple[Codec, ...] = (HEIF, JXL)

# Formats whose files have kept every pixel as it was.
LOSSLESS_FORMATS = frozenset({"BMP", "DIB", "GIF", "ICO", "PCX", "PNG", "PPM", "QOI", "SGI", "TGA", "TIFF"})

# Formats there is nothing to be searched in.
REFUSED_FORMATS = {
    "BMP": "it is not compressed, so its size is that of its pixels",
    "DIB": "it is not compressed, so its size is that of its pixels",
    "PPM": "it is not compressed, so its size is that of its pixels",
    "TGA": "it packs runs of equal pixels at best, so its size is about that of its pixels",
    "ICO": "it holds the same icon at several sizes, each drawn for its own, and the smallest are what is looked at",
    "ICNS": "it holds the same icon at several sizes, each drawn for its own, and the smallest are what is looked at",
    "CUR": "it is a pointer, with the place it points from",
    "PSD": "it holds layers, of which Pillow sees the merged picture only",
}

_registered: dict[str, Codec] = {}

# Other names under which the same codec is known: Pillow's own alias and the multi-picture JPEG with one picture.
_ALIASES = {"JPG": "JPEG", "MPO": "JPEG", "HEIC": "HEIF"}

__all__ = [
    "BY_PLUGIN",
    "CODECS",
    "LEARNED",
    "LOSSLESS_FORMATS",
    "REFUSED_FORMATS",
    "Codec",
    "Trial",
    "codec_for_format",
    "encode_timed",
    "format_for_suffix",
    "known_codecs",
    "register_codec",
    "with_options",
]


def register_codec(codec: Codec) -> None:
    """Make a format known that bytefit does not bring, or another way to steer one that it does.

    It then works like the others: for `bytefit.compress`, `Image.save(target_size=...)` and the command line, by its
    name and its suffixes. Registering a format again replaces its codec.

    Args:
        codec: its `format` has to be one that Pillow reads, by a plugin of your own if need be.
    """
    _registered[codec.format] = codec


def known_codecs() -> tuple[Codec, ...]:
    """Return all codecs, registered ones first."""
    return (*_registered.values(), *(codec for codec in CODECS + BY_PLUGIN if codec.format not in _registered))


def codec_for_format(name: str) -> Codec:
    """Return the codec with Pillow's format name `name`, in any case.

    Raises:
        UnsupportedImage: if bytefit cannot steer that format, with the reason.
    """
    wanted = _ALIASES.get(name.upper(), name.upper())
    for codec in known_codecs():
        if codec.format == wanted:
            return codec
    handled = ", ".join(codec.format for codec in known_codecs())
    reason = REFUSED_FORMATS.get(wanted, "bytefit has no ladder for it (bytefit.register_codec takes one)")
    raise UnsupportedImage(f"{wanted} cannot be fitted to a size: {reason}; convert it to one of {handled}")


def format_for_suffix(suffix: str) -> str:
    """Return Pillow's format name for a file suffix, for formats bytefit does not handle too.

    Raises:
        UnsupportedImage: if Pillow knows no format of that suffix.
    """
    for codec in known_codecs():
        if suffix.lower() in codec.suffixes:
            return codec.format
    from PIL import Image

    known = Image.registered_extensions().get(suffix.lower())
    if known is None:
        raise UnsupportedImage(
            f"no image format has the suffix {suffix!r}: name one with format=, or end in .jpg, .webp or .avif"
        )
    return known

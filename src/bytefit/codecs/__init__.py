"""The formats bytefit can steer, and how one is found by Pillow's name or by a file's suffix."""

from __future__ import annotations

from bytefit.codecs.avif import AVIF
from bytefit.codecs.codec import Codec, Trial, encode_timed, with_options
from bytefit.codecs.jpeg import JPEG
from bytefit.codecs.webp import WEBP
from bytefit.errors import UnsupportedImage

CODECS = (JPEG, WEBP, AVIF)

# Other names under which the same codec is known: Pillow's own alias and the multi-picture JPEG with one picture.
_ALIASES = {"JPG": "JPEG", "MPO": "JPEG"}

__all__ = [
    "CODECS",
    "Codec",
    "Trial",
    "codec_for_format",
    "encode_timed",
    "format_for_suffix",
    "with_options",
]


def codec_for_format(name: str) -> Codec:
    """Return the codec with Pillow's format name `name`, in any case.

    Raises:
        UnsupportedImage: if bytefit cannot steer that format.
    """
    wanted = _ALIASES.get(name.upper(), name.upper())
    for codec in CODECS:
        if codec.format == wanted:
            return codec
    handled = ", ".join(codec.format for codec in CODECS)
    raise UnsupportedImage(
        f"{name.upper()} cannot be fitted to a size yet: bytefit handles {handled}; convert it to one of them"
    )


def format_for_suffix(suffix: str) -> str:
    """Return Pillow's format name for a file suffix, for formats bytefit does not handle too.

    Raises:
        UnsupportedImage: if Pillow knows no format of that suffix.
    """
    for codec in CODECS:
        if suffix.lower() in codec.suffixes:
            return codec.format
    from PIL import Image

    known = Image.registered_extensions().get(suffix.lower())
    if known is None:
        raise UnsupportedImage(
            f"no image format has the suffix {suffix!r}: name one with format=, or end in .jpg, .webp or .avif"
        )
    return known

"""The formats bytefit can fit to a size, and how one is found by Pillow's name or by a file's suffix.

A format's folder is loaded when the format is first met. A new format is a folder here and a line in `bytefit.formats`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bytefit import formats
from bytefit.codecs.codec import Codec, Variants, with_options
from bytefit.codecs.container import (
    UNKNOWN_CONTAINER,
    AuxiliaryImages,
    Container,
    Descriptions,
    Padding,
    TrailingData,
)
from bytefit.codecs.descriptions import Density, Text
from bytefit.codecs.encoding import Trial, encode_timed
from bytefit.codecs.parts import Holds, Lossless, Modes, SaveOptions, SeedingHints, SourceKnowledge
from bytefit.errors import UnsupportedImage

if TYPE_CHECKING:
    # The built-in codecs that need no plugin, those that need one, and those with a trained model. These tuples are for
    # training, benchmarks and tests: asking for one loads its formats.
    CODECS: tuple[Codec, ...]
    BY_PLUGIN: tuple[Codec, ...]
    LEARNED: tuple[Codec, ...]

_registered: dict[str, Codec] = {}

__all__ = [
    "BY_PLUGIN",
    "CODECS",
    "LEARNED",
    "AuxiliaryImages",
    "Codec",
    "Container",
    "Density",
    "Descriptions",
    "Holds",
    "Lossless",
    "Modes",
    "Padding",
    "SaveOptions",
    "SeedingHints",
    "SourceKnowledge",
    "Text",
    "TrailingData",
    "Trial",
    "Variants",
    "codec_for_format",
    "container_of",
    "encode_timed",
    "format_for_suffix",
    "known_codecs",
    "register_codec",
    "with_options",
]


def __getattr__(name: str) -> Any:
    built_in = [one for one in formats.FORMATS if one.folder]
    if name == "CODECS":
        return tuple(_built_in(one) for one in built_in if not one.plugin)
    if name == "BY_PLUGIN":
        return tuple(_built_in(one) for one in built_in if one.plugin)
    if name == "LEARNED":
        return tuple(_built_in(one) for one in built_in if one.has_model)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def register_codec(codec: Codec) -> None:
    """Make a format known that bytefit does not bring, or another way to encode one that it does.

    It then works like the others: for `bytefit.compress`, `Image.save(target_size=...)`, `bytefit check` and
    `bytefit fix`, by its name and its suffixes. Registering a format again replaces its codec.

    Args:
        codec: its `format` has to be one that Pillow reads, by a plugin of your own if need be. Without a `container`
            it has that of the format's built-in codec, if there is one.
    """
    known = formats.named(codec.format)
    if codec.container is UNKNOWN_CONTAINER and known.folder:
        codec = codec._replace(container=_built_in(known).container)
    _registered[codec.format] = codec
    formats.register(codec.format, codec.suffixes)


def known_codecs() -> tuple[Codec, ...]:
    """Return all codecs, registered ones first; it loads every format."""
    built_in = [_built_in(one) for one in formats.FORMATS if one.folder and one.name not in _registered]
    return (*_registered.values(), *built_in)


def codec_for_format(name: str) -> Codec:
    """Return the codec with Pillow's format name `name`, in any case.

    Raises:
        UnsupportedImage: if bytefit has no codec for that format, with the reason.
    """
    known = formats.named(name)
    if known.name in _registered:
        return _registered[known.name]
    if known.folder:
        return _built_in(known)
    names = [*_registered, *(one.name for one in formats.FORMATS if one.folder and one.name not in _registered)]
    reason = known.refusal or "bytefit has no ladder for it (bytefit.register_codec takes one)"
    raise UnsupportedImage(
        f"{known.name} cannot be fitted to a size: {reason}; convert it to one of {', '.join(names)}"
    )


def container_of(name: str | None) -> Container:
    """Return the container of a format, by Pillow's name; `UNKNOWN_CONTAINER` where bytefit has no codec for it."""
    known = formats.named(name or "")
    if known.name in _registered:
        return _registered[known.name].container
    return _built_in(known).container if known.folder else UNKNOWN_CONTAINER


def format_for_suffix(suffix: str) -> str:
    """Return Pillow's format name for a file suffix, for formats without a codec too.

    Raises:
        UnsupportedImage: if Pillow knows no format of that suffix.
    """
    known = formats.SUFFIXES.get(suffix.lower())
    if known is None:
        from PIL import Image

        known = Image.registered_extensions().get(suffix.lower())
    if known is None:
        raise UnsupportedImage(
            f"no image format has the suffix {suffix!r}: name one with format=, or end in .jpg, .webp or .avif"
        )
    return known


def media_type(codec_format: str) -> str:
    """Return the media type of a format, by Pillow's name of it."""
    from PIL import Image

    container_of(codec_format).register_plugin()
    if codec_format not in Image.MIME:
        Image.init()
    return Image.MIME.get(codec_format, "application/octet-stream")


def _built_in(known: formats.Format) -> Codec:
    codec: Codec = getattr(import_module(f"bytefit.codecs.{known.folder}.codec"), known.name)
    return codec

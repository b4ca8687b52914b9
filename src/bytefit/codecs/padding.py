"""Padding a finished file to exactly the budget, inside its container, so that it stays a valid file.

How a file of a format is padded is declared in the `Container` of its codec.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bytefit.codecs.boxes import closed, free_box
from bytefit.codecs.container import Padding
from bytefit.errors import ConfigError, UnsupportedImage

if TYPE_CHECKING:
    from bytefit.codecs.codec import Codec
    from bytefit.sizes import Window


def least_padding(codec: Codec, budget: int) -> int:
    """Return by how many bytes an encoding has to stay below `budget` so that `pad` can fill it.

    Raises:
        ConfigError: if no file of that format can have this size, or none can be padded.
    """
    padding = _padding_of(codec)
    if padding.even_sizes and budget % 2:
        raise ConfigError(
            f"a {codec.format} file cannot have exactly {budget} bytes: {codec.format} files have even sizes; "
            f"ask for one less"
        )
    return padding.least


def encode_budget(codec: Codec, window: Window) -> int:
    """Return the most bytes that an encoding may have so that `padded_into` can bring it into a window.

    Sizes above that need no padding if they are within the window.

    Raises:
        ConfigError: if no file of that format can have such a size, or none can be padded.
    """
    least, most = window
    padding = codec.container.padding
    if not least or (padding is None and least < most):
        return most
    if padding is None or least == most:
        return most - least_padding(codec, most)
    return most - padding.least if most - least < padding.least + padding.even_sizes else most


def padded_into(data: bytes, codec: Codec, window: Window) -> bytes:
    """Return a file of at most `encode_budget` bytes, padded to at least as many bytes as the window asks for.

    Raises:
        ConfigError: if a file of that format cannot be padded.
        UnsupportedImage: if the file is too damaged to find the place for the padding.
    """
    if len(data) >= window.least:
        return data
    padding = codec.container.padding
    if padding is None:
        raise ConfigError(
            f"the best {codec.format} file has {len(data)} bytes, {window.least - len(data)} too few, and files of "
            f"this format cannot be padded: take another format, or lower min_size"
        )
    size = max(window.least, len(data) + padding.least)
    return pad(data, codec, size + (padding.even_sizes and size % 2))


def pad(data: bytes, codec: Codec, budget: int) -> bytes:
    """Return `data` padded to exactly `budget` bytes; where it has fewer, it must leave `least_padding` free.

    Raises:
        ConfigError: if a file of that format cannot be padded.
        UnsupportedImage: if the file is too damaged to find the place for the padding.
    """
    if len(data) == budget:
        return data
    padding = _padding_of(codec)
    try:
        padded = padding.fill(data, budget - len(data))
    except (ValueError, IndexError, StopIteration) as error:
        raise UnsupportedImage(f"cannot pad this {codec.format} file: its end or its header is damaged") from error
    assert len(padded) == budget, (codec.format, len(data), len(padded), budget)
    return padded


def append_free_box(data: bytes, missing: int) -> bytes:
    """Append a box of `missing` bytes that every reader skips (ISO/IEC 14496-12, 8.1.2)."""
    return closed(data) + free_box(missing)


# A free box has a length and a name.
BOX_PADDING = Padding(8, append_free_box)


def _padding_of(codec: Codec) -> Padding:
    padding = codec.container.padding
    if padding is None:
        raise ConfigError(f"cannot pad {codec.format} files to an exact size; leave exact out")
    return padding

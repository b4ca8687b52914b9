"""Texts and profiles of a PNG file that are too long for Pillow, which then refuses the whole file.

Pillow's limits are variables of its module, for the whole process. A file is read without the chunks that exceed them.
Texts are carried as they are, still compressed. What says how the pixels look is decompressed here, within a bound.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from bytefit.codecs.png.chunks import chunks
from bytefit.messages import format_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The most bytes of a profile, of XMP or of EXIF that are decompressed: a few bytes can stand for a gigabyte.
_MOST = 64_000_000

_XMP, _EXIF = b"XML:com.adobe.xmp", b"Raw profile type exif"


class _Chunk(NamedTuple):
    """A chunk of text or with a profile.

    Attributes:
        name: the name of the chunk.
        key: the keyword of the text, or the name of the profile.
        content: the text or the profile, as it is stored.
        compressed: whether it is stored compressed.
        start, end: where the chunk is in the file.
    """

    name: bytes
    key: bytes
    content: bytes
    compressed: bool
    start: int
    end: int


def without_long_texts(data: bytes) -> bytes:
    """Return a file without the chunks for which Pillow refuses it."""
    kept, position = [], 0
    for one in _refused_by_pillow(data):
        kept.append(data[position : one.start])
        position = one.end
    return b"".join((*kept, data[position:])) if kept else data


def read_from_long_texts(data: bytes) -> Mapping[str, Any]:
    """Return what Pillow would have put into `info` for those chunks, as far as it says how the pixels look."""
    found: dict[str, Any] = {}
    for one in _refused_by_pillow(data):
        name = _meaning(one)
        content = _content(one, _MOST)
        if name is None or content is None:
            continue
        found[name] = content.decode("latin-1") if name == _EXIF.decode() else content
    return found


def lost_with_long_texts(data: bytes) -> str | None:
    """Return words for a chunk that is neither read by Pillow nor here, although it says how the pixels look."""
    for one in _refused_by_pillow(data):
        if _meaning(one) is not None and _content(one, _MOST) is None:
            return f"more than {format_size(_MOST)} in its chunk {one.name.decode()}"
    return None


def _refused_by_pillow(data: bytes) -> Iterator[_Chunk]:
    from PIL import PngImagePlugin

    longest, left = PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY
    for one in _texts_and_profiles(data):
        content = _content(one, longest)
        if content is None or (one.name != b"iCCP" and len(content) > left):
            yield one
        elif one.name != b"iCCP":
            left -= len(content)


def _texts_and_profiles(data: bytes) -> Iterator[_Chunk]:
    for name, content, start, end in chunks(data):
        if name not in {b"tEXt", b"zTXt", b"iTXt", b"iCCP"}:
            continue
        key, _, rest = content.partition(b"\x00")
        compressed = name != b"tEXt"
        if name == b"iTXt":
            compressed, (_, _, rest) = rest[:1] != b"\x00", _three_parts(rest[2:])
        elif compressed:
            rest = rest[1:]
        yield _Chunk(name, key, rest, compressed, start, end)


def _three_parts(content: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the language, the translated keyword and the text of an iTXt chunk."""
    language, _, rest = content.partition(b"\x00")
    keyword, _, text = rest.partition(b"\x00")
    return language, keyword, text


def _content(one: _Chunk, most: int) -> bytes | None:
    """Return the content, or None if decompressing it yields more than `most` bytes; empty if it is broken."""
    if not one.compressed:
        return one.content
    decompressor = zlib.decompressobj()
    try:
        content = decompressor.decompress(one.content, most)
    except zlib.error:  # Pillow then reads none
        return b""
    return None if decompressor.unconsumed_tail else content


def _meaning(one: _Chunk) -> str | None:
    """Return the key in `info` of a chunk that says how the pixels look, or of XMP; None for any other text."""
    if one.name == b"iCCP":
        return "icc_profile"
    if one.name == b"iTXt" and one.key == _XMP:
        return "xmp"
    return _EXIF.decode() if one.name == b"zTXt" and one.key == _EXIF else None

"""Finds the chunks of a WebP file (RFC 9649) that Pillow would silently drop."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# The chunks that Pillow reads, and the one that `bytefit.codecs.webp.container` adds.
_KNOWN = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP", b"EXIF", b"XMP ", b"PAD "})


def is_lossless(data: bytes) -> bool:
    """Return whether a WebP file stores its image losslessly."""
    return any(name == b"VP8L" for name, _ in _chunks(data))


def lost_in_webp(data: bytes) -> str | None:
    """Return words for content of a WebP file that Pillow would silently drop, or None."""
    for name, size in _chunks(data):
        if name not in _KNOWN:
            return f"a chunk {name.decode('latin-1')!r} of {size} bytes"
    trailing = data[_end(data) :].strip(b"\x00")
    return f"{len(trailing)} bytes behind its picture" if trailing else None


def _chunks(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield the name and the size of each chunk."""
    position = 12
    while position + 8 <= _end(data):
        name, size = data[position : position + 4], int.from_bytes(data[position + 4 : position + 8], "little")
        yield name, size
        position += 8 + size + size % 2


def _end(data: bytes) -> int:
    return min(len(data), 8 + int.from_bytes(data[4:8], "little"))

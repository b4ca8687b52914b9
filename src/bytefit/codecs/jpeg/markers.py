"""Walks the markers of a JPEG file segment by segment (ITU-T T.81, annex B), without decoding the image."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

DQT, EOI = 0xDB, 0xD9
_SOS, _PROGRESSIVE = 0xDA, frozenset({0xC2, 0xC6, 0xCA, 0xCE})

# JPEG padding is stored in application segments with this name, which are dropped when the file is compressed again. A
# comment would be carried along as metadata.
JPEG_PADDING = b"bytefit\x00"

_STRAY = 64
_LENGTHLESS = {0x01, 0xD8, EOI}

# In entropy-coded data FF is followed by 00 or a restart marker; elsewhere it may be repeated as a fill byte.
# With a first byte of its own, `re` finds the next candidate 14 times as fast as after "\xff+".
_MARKER = re.compile(rb"\xff\xff*([^\x00\xff\xd0-\xd7])", re.DOTALL)


def markers(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield (marker, offset of its first byte, offset after its two bytes), in order.

    Segments are skipped by their lengths, so that a thumbnail inside a segment is not mistaken for the image.
    """
    position = 0
    while found := _MARKER.search(data, position):
        marker, position = found[1][0], found.end()
        yield marker, found.start(), position
        if marker not in _LENGTHLESS:
            position += int.from_bytes(data[position : position + 2], "big")


def is_progressive(data: bytes) -> bool:
    """Return whether the image of a JPEG file has progressive scans (ITU-T T.81, B.1.1.3)."""
    for marker, *_ in markers(data):
        if marker in _PROGRESSIVE or marker == _SOS:
            return marker != _SOS
    return False


def behind_picture(data: bytes) -> bytes:
    """Return the data after the image of a JPEG file: the film of a motion photo, a camera's preview ...

    Readers locate such data from the end of the file, so that it may follow another encoding of the image. Up to 64
    bytes that are not padding count as stray bytes and are ignored.
    """
    end = next((end for marker, _, end in markers(data) if marker == EOI), len(data))
    return data[end:] if len(data[end:].strip(b"\x00\xff")) > _STRAY else b""

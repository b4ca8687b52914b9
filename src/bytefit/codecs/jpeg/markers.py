"""The markers of a JPEG file, walked segment by segment (ITU-T T.81, annex B). It knows nothing of pictures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

DQT, EOI = 0xDB, 0xD9

# Padding of JPEG files goes into application segments with a name of our own, which are left out when the file is
# compressed again; a comment would be carried along as somebody's words.
JPEG_PADDING = b"bytefit\x00"

_STRAY = 64
_LENGTHLESS = {0x01, 0xD8, EOI}

# In entropy-coded data FF is followed by 00 or a restart marker; elsewhere it may be repeated as a fill byte.
_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])", re.DOTALL)


def markers(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield (marker, offset of its first byte, offset just behind its two bytes), in order.

    Segments are skipped by their lengths, so that a thumbnail inside one is not mistaken for the picture.
    """
    position = 0
    while found := _MARKER.search(data, position):
        marker, position = found[1][0], found.end()
        yield marker, found.start(), position
        if marker not in _LENGTHLESS:
            position += int.from_bytes(data[position : position + 2], "big")


def behind_picture(data: bytes) -> bytes:
    """Return what stands behind the picture of a JPEG file: the film of a motion photo, a camera's preview ...

    Such data are found from the end of the file, so that they can be put behind another picture. A few stray bytes
    are nothing anybody put there on purpose.
    """
    end = next((behind for marker, _, behind in markers(data) if marker == EOI), len(data))
    return data[end:] if len(data[end:].strip(b"\x00\xff")) > _STRAY else b""

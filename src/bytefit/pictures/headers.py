"""The dimensions that the header of an image file states, read without an imaging library.

It knows the formats whose images are large in practice. Of every other it says nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    # (offset, count) -> the bytes of a file there, fewer at its end.
    Read = Callable[[int, int], bytes]

# The markers of JPEG that begin a frame, which states the dimensions (T.81, table B.1).
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_MARKER = 0xFF
_MOST_SEGMENTS = 10_000

_TIFF_ORDERS = {b"II*\x00": "little", b"MM\x00*": "big"}
_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_SHORT = 256, 257, 3


def stated_size(read: Read) -> tuple[int, int] | None:
    """Return the width and height in pixels that a file states; None if it states none where this module looks.

    Args:
        read: (offset, count) -> the bytes of the file there.
    """
    head = read(0, 32)
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return _numbers(head[16:24], 4, "big")
    if head.startswith(b"GIF8"):
        return _numbers(head[6:10], 2, "little")
    if head.startswith(b"\xff\xd8"):
        return _in_jpeg(read)
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return _in_webp(head)
    if order := _TIFF_ORDERS.get(head[:4]):
        return _in_tiff(read, order)
    return None


def _numbers(data: bytes, width: int, order: str) -> tuple[int, int] | None:
    """Return two numbers of `width` bytes each."""
    if len(data) < 2 * width:
        return None
    little = order == "little"
    first, second = data[:width], data[width : 2 * width]
    if little:
        first, second = first[::-1], second[::-1]
    return int.from_bytes(first, "big"), int.from_bytes(second, "big")


def _in_jpeg(read: Read) -> tuple[int, int] | None:
    position = 2
    for _ in range(_MOST_SEGMENTS):
        segment = read(position, 9)
        if len(segment) < 4 or segment[0] != _MARKER:  # noqa: PLR2004  (marker and length)
            return None
        if segment[1] == _MARKER:  # a fill byte
            position += 1
        elif segment[1] in _FRAMES:
            found = _numbers(segment[5:9], 2, "big")
            return found and found[::-1]
        else:
            position += 2 + int.from_bytes(segment[2:4], "big")
    return None


def _in_webp(head: bytes) -> tuple[int, int] | None:
    if head[12:16] == b"VP8X" and (found := _numbers(head[24:30], 3, "little")):
        return found[0] + 1, found[1] + 1
    if head[12:16] == b"VP8 " and (found := _numbers(head[26:30], 2, "little")):
        return found[0] & 0x3FFF, found[1] & 0x3FFF
    if head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None


def _in_tiff(read: Read, order: str) -> tuple[int, int] | None:
    def number(data: bytes) -> int:
        return int.from_bytes(data if order == "big" else data[::-1], "big")

    place = number(read(4, 4))
    count = number(read(place, 2))
    entries = read(place + 2, 12 * count)
    found = {}
    for start in range(0, len(entries) - 11, 12):
        tag, kind = number(entries[start : start + 2]), number(entries[start + 2 : start + 4])
        width = 2 if kind == _TIFF_SHORT else 4
        found[tag] = number(entries[start + 8 : start + 8 + width])
    if _TIFF_WIDTH not in found or _TIFF_HEIGHT not in found:
        return None
    return found[_TIFF_WIDTH], found[_TIFF_HEIGHT]

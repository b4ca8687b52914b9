"""Finds the boxes of an AVIF file (ISO/IEC 14496-12 and 23008-12) that Pillow would silently drop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bytefit.codecs.container import HighDepth

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOP_LEVEL = frozenset({b"ftyp", b"meta", b"mdat", b"free", b"skip", b"idat", b"moov"})

# Colour primaries and transfer functions (ITU-T H.273) that 8 bits of sRGB or BT.709 represent exactly.
_PLAIN_PRIMARIES = {1, 2}
_PLAIN_TRANSFERS = {1, 2, 6, 13}


def lost_in_avif(data: bytes) -> str | None:
    """Return words for content of an AVIF file that Pillow would silently drop, or None."""
    for name, start, end in _boxes(data, 0, len(data)):
        if name not in _TOP_LEVEL:
            return f"a box {name.decode('latin-1')!r} of {end - start} bytes"
        if name == b"meta" and (lost := _lost_in_meta(data, start + 4, end)) is not None:
            return lost
    return None


def without_times(data: bytes) -> bytes:
    """Return an animation whose times of creation and change are zero, which means unknown.

    libavif writes the clock into the headers of the film and of its tracks: without this, the same frames would give
    other bytes each second (ISO/IEC 14496-12, 8.2.2, 8.3.2 and 8.4.2).
    """
    cleared = bytearray(data)
    for start in _time_headers(data, 0, len(data)):
        wide = data[start] == 1  # version 1 has two times of 8 bytes, version 0 two of 4
        length = 16 if wide else 8
        cleared[start + 4 : start + 4 + length] = bytes(length)
    return bytes(cleared)


def _time_headers(data: bytes, start: int, end: int) -> Iterator[int]:
    """Yield where the content of every header with times starts."""
    for name, first, last in _boxes(data, start, end):
        if name in {b"moov", b"trak", b"mdia"}:
            yield from _time_headers(data, first, last)
        elif name in {b"mvhd", b"tkhd", b"mdhd"}:
            yield first


def pixel_shape(data: bytes) -> tuple[int, int] | None:
    """Return width and height of a pixel by the first box that states them (ISO/IEC 23008-12, 6.5.4), or None."""
    meta = next((box for box in _boxes(data, 0, len(data)) if box[0] == b"meta"), None)
    for name, first, last in _properties(data, meta[1] + 4, meta[2]) if meta else ():
        if name == b"pasp" and last - first >= 8:  # noqa: PLR2004
            return int.from_bytes(data[first : first + 4], "big"), int.from_bytes(data[first + 4 : first + 8], "big")
    return None


def _properties(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the boxes with properties of images within a box of metadata."""
    boxes = {name: (first, last) for name, first, last in _boxes(data, start, end)}
    first, last = boxes.get(b"iprp", (0, 0))
    container = next((box for box in _boxes(data, first, last) if box[0] == b"ipco"), None)
    if container:
        yield from _boxes(data, *container[1:])


def _lost_in_meta(data: bytes, start: int, end: int) -> str | None:
    boxes = {name: (first, last) for name, first, last in _boxes(data, start, end)}
    if b"tmap" in data[slice(*boxes.get(b"iinf", (0, 0)))]:
        return "a gain map"
    deep = False
    for name, first, last in _properties(data, start, end):
        content = data[first:last]
        deep |= name == b"av1C" and len(content) > 2 and bool(content[2] & 0x40)  # noqa: PLR2004  (high_bitdepth, 2.3)
        if name == b"colr" and content[:4] == b"nclx":
            primaries, transfer = (int.from_bytes(content[at : at + 2], "big") for at in (4, 6))
            if primaries not in _PLAIN_PRIMARIES or transfer not in _PLAIN_TRANSFERS:
                return f"colours of its own (primaries {primaries}, transfer {transfer})"
    return HighDepth("more than 8 bits a channel") if deep else None  # libavif rounds them


def _boxes(data: bytes, position: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield (name, start of the content, end) of the boxes between two offsets; the last box may be truncated."""
    while position + 8 <= end:
        size, name, header = int.from_bytes(data[position : position + 4], "big"), data[position + 4 : position + 8], 8
        if size == 1:
            size, header = int.from_bytes(data[position + 8 : position + 16], "big"), 16
        size = end - position if size == 0 else size
        if size < header:
            return
        yield name, position + header, min(end, position + size)
        position += size

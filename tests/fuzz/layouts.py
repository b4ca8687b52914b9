"""Where a file has its structure: numbers that decoders trust, and blocks that can be left out, repeated or swapped.

The walkers never raise: a file that was damaged already has whatever structure is left of it.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator


class Number(NamedTuple):
    """A number in a file: where it is, how many bytes it has, and which of them comes first."""

    offset: int
    width: int
    order: str = "big"


class Block(NamedTuple):
    """A chunk, segment or box of a file, with its header."""

    start: int
    end: int


# Larger counts in damaged files would only cost time.
_MOST = 400


def parts_of(data: bytes) -> tuple[list[Number], list[Block]]:
    """Return the numbers and the blocks of a file, by its first bytes; none of a format without a walker."""
    numbers: list[Number] = []
    blocks: list[Block] = []
    try:
        for place, part in enumerate(_walker(data)(data)):
            if isinstance(part, Number) and part.offset + part.width <= len(data):
                numbers.append(part)
            elif isinstance(part, Block) and part.start < part.end <= len(data):
                blocks.append(part)
            if place > _MOST:
                break
    except (struct.error, IndexError):
        pass
    return numbers, blocks


def _walker(data: bytes) -> Callable[[bytes], Iterator[Number | Block]]:
    if data[4:8] in {b"ftyp", b"JXL ", b"jP  "}:
        return _boxes
    walkers = {b"RIFF": _riff, b"GIF8": _gif, b"II": _tiff, b"MM": _tiff, b"\xff\xd8": _jpeg, b"\x89PNG": _png}
    return next((walker for start, walker in walkers.items() if data.startswith(start)), _head)


def _head(data: bytes) -> Iterator[Number | Block]:
    """Yield every number at the start of a file: the headers of simple formats are no longer."""
    for offset in range(0, min(64, len(data)), 2):
        yield Number(offset, 2, "little")
        yield Number(offset, 4, "little")


def _png(data: bytes) -> Iterator[Number | Block]:
    offset = 8
    while offset + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, offset)
        kind, body = data[offset + 4 : offset + 8], offset + 8
        yield Number(offset, 4)
        yield Block(offset, offset + 12 + length)
        if kind == b"IHDR":
            yield from (Number(body, 4), Number(body + 4, 4))
            yield from (Number(body + place, 1) for place in range(8, 13))
        elif kind == b"fcTL":
            yield from (Number(body + place, 4) for place in range(0, 20, 4))
            yield from (Number(body + place, 2) for place in (20, 22))
            yield from (Number(body + place, 1) for place in (24, 25))
        elif kind in {b"acTL", b"pHYs", b"gAMA"}:
            yield from (Number(body + place, 4) for place in range(0, length - 3, 4))
        elif kind != b"IDAT":
            yield from (Number(body + place, 1) for place in range(min(length, 16)))
        offset += 12 + length


def with_checksums(data: bytes) -> bytes:
    """Return a PNG with the checksums of all its chunks corrected, so that its damage is not noticed at once."""
    from zlib import crc32

    fixed, offset = bytearray(data), 8
    while offset + 12 <= len(fixed):
        (length,) = struct.unpack_from(">I", fixed, offset)
        end = offset + 8 + length
        if end + 4 > len(fixed):
            break
        struct.pack_into(">I", fixed, end, crc32(fixed[offset + 4 : end]))
        offset = end + 4
    return bytes(fixed)


def _jpeg(data: bytes, start: int = 0) -> Iterator[Number | Block]:
    offset = start + 2
    while offset + 4 <= len(data):
        if data[offset] != 0xFF:
            offset = data.find(b"\xff", offset + 1)
            if offset < 0:
                return
            continue
        marker = data[offset + 1]
        if marker in {0x00, 0x01, 0xFF, 0xD8, 0xD9} or 0xD0 <= marker <= 0xD7:
            offset += 1 if marker == 0xFF else 2
            continue
        (length,) = struct.unpack_from(">H", data, offset + 2)
        body = offset + 4
        yield from (Number(offset + 1, 1), Number(offset + 2, 2), Block(offset, offset + 2 + length))
        if 0xC0 <= marker <= 0xCF and marker != 0xC4:
            yield from (Number(body, 1), Number(body + 1, 2), Number(body + 3, 2), Number(body + 5, 1))
            yield from (Number(place, 1) for place in range(body + 6, body + length - 2))
        elif data[body : body + 6] == b"Exif\x00\x00":
            yield from _tiff(data, body + 6)
        elif data[body : body + 4] == b"MPF\x00":
            yield from _tiff(data, body + 4)
        else:
            yield from (Number(place, 1) for place in range(body, body + min(length - 2, 20)))
        offset += 2 + length


def _tiff(data: bytes, start: int = 0) -> Iterator[Number | Block]:
    order = "<" if data[start : start + 2] == b"II" else ">"
    name = "little" if order == "<" else "big"
    yield Number(start + 4, 4, name)
    (offset,) = struct.unpack_from(f"{order}I", data, start + 4)
    waiting, seen = [offset], set()
    while waiting:
        offset = waiting.pop()
        if offset in seen or not offset:
            continue
        seen.add(offset)
        place = start + offset
        (count,) = struct.unpack_from(f"{order}H", data, place)
        yield Number(place, 2, name)
        for entry in range(place + 2, place + 2 + 12 * min(count, 60), 12):
            tag, _, _, value = struct.unpack_from(f"{order}HHII", data, entry)
            yield from (Number(entry, 2, name), Number(entry + 2, 2, name), Number(entry + 4, 4, name))
            yield from (Number(entry + 8, 4, name), Number(entry + 8, 2, name), Block(entry, entry + 12))
            if tag in {0x8769, 0x8825, 0xA005, 330}:
                waiting.append(value)
        end = place + 2 + 12 * count
        yield Number(end, 4, name)
        waiting.append(struct.unpack_from(f"{order}I", data, end)[0])


def _riff(data: bytes) -> Iterator[Number | Block]:
    yield Number(4, 4, "little")
    offset = 12
    while offset + 8 <= len(data):
        kind = data[offset : offset + 4]
        (length,) = struct.unpack_from("<I", data, offset + 4)
        body, end = offset + 8, offset + 8 + length + (length & 1)
        yield from (Number(offset + 4, 4, "little"), Block(offset, end))
        if kind == b"VP8X":
            yield from (Number(body, 1), Number(body + 4, 3, "little"), Number(body + 7, 3, "little"))
        elif kind == b"ANMF":
            yield from (Number(body + place, 3, "little") for place in (0, 3, 6, 9, 12))
            yield from (Number(body + 15, 1), Number(body + 20, 4, "little"))
        elif kind == b"EXIF":
            yield from _tiff(data, body)
        else:
            yield from (Number(body + place, 1) for place in range(min(length, 12)))
        offset = end


def _boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Number | Block]:
    offset, end = start, len(data) if end is None else min(end, len(data))
    while offset + 8 <= end:
        (length,) = struct.unpack_from(">I", data, offset)
        kind, body = data[offset + 4 : offset + 8], offset + 8
        length = length if length >= 8 else end - offset
        yield from (Number(offset, 4), Number(offset + 4, 4), Block(offset, offset + length))
        if kind in {b"iprp", b"ipco", b"moov", b"trak", b"mdia", b"minf", b"stbl", b"jp2h"}:
            yield from _boxes(data, body, offset + length)
        elif kind == b"meta":
            yield from _boxes(data, body + 4, offset + length)
        elif kind not in {b"mdat", b"jxlc"}:
            yield from (Number(place, 1) for place in range(body, min(body + 24, offset + length)))
            yield from (Number(place, 4) for place in range(body, min(body + 24, offset + length) - 3, 4))
        offset += length


def _gif(data: bytes) -> Iterator[Number | Block]:
    yield from (Number(6, 2, "little"), Number(8, 2, "little"), Number(10, 1), Number(11, 1))
    offset = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    while offset < len(data):
        start = offset
        if data[offset] == 0x21:
            yield Number(offset + 1, 1)
            yield from (Number(place, 1) for place in range(offset + 2, offset + 8))
            offset = yield from _sub_blocks(data, offset + 2)
        elif data[offset] == 0x2C:
            yield from (Number(offset + place, 2, "little") for place in (1, 3, 5, 7))
            yield Number(offset + 9, 1)
            flags = data[offset + 9]
            offset += 10 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
            yield Number(offset, 1)
            offset = yield from _sub_blocks(data, offset + 1)
        else:
            return
        yield Block(start, offset)


def _sub_blocks(data: bytes, offset: int) -> Generator[Number, None, int]:
    """Yield the lengths of the sub-blocks of a GIF, and return where they end."""
    while data[offset]:
        yield Number(offset, 1)
        offset += 1 + data[offset]
    return offset + 1

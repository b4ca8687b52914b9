"""EXIF blocks laid out by hand, as cameras write them and Pillow does not: UTF-8 text, maker notes, a thumbnail."""

from __future__ import annotations

import struct

ARTIST, EXIF_IFD, OWNER, MAKER_NOTE, WIDTH, HEIGHT = 0x013B, 0x8769, 0xA430, 0x927C, 0xA002, 0xA003
ORIENTATION, THUMBNAIL, THUMBNAIL_BYTES = 0x0112, 0x0201, 0x0202

TEXT = "Zoë Müller 日本".encode()
NOTE = b"MAKER" + bytes(range(95))
PREVIEW = b"\xff\xd8 a thumbnail \xff\xd9"

_ASCII, _SHORT, _LONG, _UNDEFINED = 2, 3, 4, 7


def camera_exif(order: str = "<", *, kind: int = _LONG, orientation: int = 1) -> bytes:
    """Return a block with text, a maker note, dimensions of 800x600 stored as `kind`, and a thumbnail."""
    size = [struct.pack(order + ("I" if kind == _LONG else "H"), side) for side in (800, 600)]
    detail = [(MAKER_NOTE, _UNDEFINED, NOTE), (WIDTH, kind, size[0]), (HEIGHT, kind, size[1])]
    detail.append((OWNER, _ASCII, TEXT + b"\x00"))
    turn = struct.pack(order + "H", orientation)

    def first(at: int) -> list[tuple[int, int, bytes]]:
        link = struct.pack(order + "I", at)
        return [(ORIENTATION, _SHORT, turn), (ARTIST, _ASCII, TEXT + b"\x00"), (EXIF_IFD, _LONG, link)]

    def second(at: int) -> list[tuple[int, int, bytes]]:
        numbers = [struct.pack(order + "I", number) for number in (at, len(PREVIEW))]
        return [(THUMBNAIL, _LONG, numbers[0]), (THUMBNAIL_BYTES, _LONG, numbers[1])]

    inner = 8 + len(_stored(order, first(0), 0, 0))
    thumbnail = inner + len(_stored(order, detail, 0, 0))
    preview = thumbnail + len(_stored(order, second(0), 0, 0))
    head = (b"II*\x00" if order == "<" else b"MM\x00*") + struct.pack(order + "I", 8)
    parts = (
        _stored(order, first(inner), 8, thumbnail),
        _stored(order, detail, inner, 0),
        _stored(order, second(preview), thumbnail, 0),
    )
    return b"Exif\x00\x00" + head + b"".join(parts) + PREVIEW


def _stored(order: str, entries: list[tuple[int, int, bytes]], at: int, following: int) -> bytes:
    """Return a directory that stands `at` that offset, with the values that do not fit into its entries behind it."""
    units = {_ASCII: 1, _SHORT: 2, _LONG: 4, _UNDEFINED: 1}
    behind, listed = b"", b""
    start = at + 2 + 12 * len(entries) + 4
    for tag, kind, value in entries:
        field = value.ljust(4, b"\x00")
        if len(value) > 4:
            field = struct.pack(order + "I", start + len(behind))
            behind += value + bytes(len(value) % 2)
        listed += struct.pack(order + "HHI", tag, kind, len(value) // units[kind]) + field
    return struct.pack(order + "H", len(entries)) + listed + struct.pack(order + "I", following) + behind

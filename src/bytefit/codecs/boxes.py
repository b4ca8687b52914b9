"""Reads and writes the boxes of JPEG 2000, HEIF and JPEG XL files (ISO/IEC 14496-12, 4.2): length, name, content."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """Yield (name, start of the content, end) of the boxes between two offsets.

    It stops at the first box that is invalid or exceeds `end`.
    """
    end = len(data) if end is None else end
    while start + 8 <= end:
        size, name, header = int.from_bytes(data[start : start + 4], "big"), data[start + 4 : start + 8], 8
        if size == 1:
            size, header = int.from_bytes(data[start + 8 : start + 16], "big"), 16
        size = end - start if size == 0 else size
        if size < header or start + size > end:
            return
        yield name, start + header, start + size
        start += size


def box(name: bytes, content: bytes = b"") -> bytes:
    """Return a box with this name; its content must be smaller than 4 GiB."""
    return (len(content) + 8).to_bytes(4, "big") + name + content


def free_box(length: int) -> bytes:
    """Return a box of `length` bytes, at least 8, that every reader skips (ISO/IEC 14496-12, 8.1.2)."""
    return box(b"free", bytes(length - 8))


def closed(data: bytes) -> bytes:
    """Return a file of boxes whose last box has an explicit length, so that another box may follow.

    A length of 0 means "to the end of the file" and is allowed for the last box only.
    """
    start = 0
    while start + 8 <= len(data):
        size = int.from_bytes(data[start : start + 4], "big")
        if size == 0:
            return data[:start] + (len(data) - start).to_bytes(4, "big") + data[start + 4 :]
        if size == 1:
            size = int.from_bytes(data[start + 8 : start + 16], "big")
        start += max(8, size)
    return data

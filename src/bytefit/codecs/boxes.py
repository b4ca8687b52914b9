"""The boxes that JPEG 2000, HEIF and JPEG XL files are made of (ISO/IEC 14496-12, 4.2): length, name, content."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """Yield (name, offset of the content, offset behind it) of the boxes between two offsets.

    It ends at the first box that does not fit in, or is no box.
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
    """Return a box of that name; one that reaches 4 GiB is nobody's picture."""
    return (len(content) + 8).to_bytes(4, "big") + name + content


def free_box(length: int) -> bytes:
    """Return a box of `length` bytes, at least 8, that every reader skips (ISO/IEC 14496-12, 8.1.2)."""
    return box(b"free", bytes(length - 8))


def closed(data: bytes) -> bytes:
    """Return a file of boxes whose last one says where it ends, so that another may follow it.

    A length of 0, "to the end of the file", is only allowed to the last box.
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

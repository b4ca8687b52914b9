"""Changes single values of an EXIF block in place; every other byte stays where it is.

An EXIF block is a TIFF structure (TIFF 6.0, section 2). Programs store data in it that only they can read (maker
notes), whose offsets count from the start of the block: a block that is written again from parsed values breaks them.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PREFIX = b"Exif\x00\x00"

ORIENTATION, EXIF_DIRECTORY = 0x0112, 0x8769
_WIDTH, _HEIGHT = 0xA002, 0xA003
COLOUR_SPACE, SRGB_SPACE = 0xA001, 1
_INTEROPERABILITY, _INDEX = 0xA005, 1
_X_RESOLUTION, _Y_RESOLUTION, _UNIT = 0x011A, 0x011B, 0x0128
_THUMBNAIL, _THUMBNAIL_LENGTH = 0x0201, 0x0202

_SHORT, _LONG, _RATIONAL = 3, 4, 5
_FORMATS = {_SHORT: "H", _LONG: "I"}
_ENTRY = 12  # bytes of an entry: tag, type, count, and the value or its offset
_EMPTY = b"II*\x00\x08\x00\x00\x00" + bytes(6)  # a header and a directory without entries


class _Entry(NamedTuple):
    """One entry of a directory: tag, type, number of values, and where it stands."""

    tag: int
    kind: int
    length: int
    place: int


class _Directory(NamedTuple):
    """The entries of a directory, and the offset of the next one, 0 where there is none."""

    entries: list[_Entry]
    following: int


def with_dimensions(block: bytes, size: tuple[int, int]) -> bytes:
    """Return an EXIF block whose pixel dimensions are `size`; unchanged where it states none, or is broken."""
    return _patched(block, EXIF_DIRECTORY, dict(zip((_WIDTH, _HEIGHT), size, strict=True)))


def with_srgb(block: bytes) -> bytes:
    """Return an EXIF block whose colour space is sRGB; unchanged where it states none, or is broken.

    The interoperability index states it, too (DCF 2.0, 3.2.5): "R98" for sRGB, "R03" for Adobe RGB.
    """
    changed = bytearray(_patched(block, EXIF_DIRECTORY, {COLOUR_SPACE: SRGB_SPACE}))
    start, order = _start(block)
    tiff = block[start:]
    try:
        for entry in _entries(tiff, order, EXIF_DIRECTORY):
            if entry.tag == _INTEROPERABILITY:
                (offset,) = struct.unpack_from(f"{order}I", tiff, entry.place + 8)
                for one in _directory(tiff, order, offset).entries:
                    place = start + one.place + 8
                    if one.tag == _INDEX and changed[place : place + 3] == b"R03":
                        changed[place : place + 3] = b"R98"
    except struct.error:
        return block
    return bytes(changed)


def with_orientation(block: bytes, orientation: int) -> bytes:
    """Return an EXIF block with another orientation, which is added where it states none and is not upright."""
    changed = _patched(block, None, {ORIENTATION: orientation})
    if orientation == 1 or ORIENTATION in tags_in(block):
        return changed
    return _with_entries(block, {ORIENTATION: (_SHORT, (orientation,))})


def without_thumbnail(block: bytes) -> bytes:
    """Return an EXIF block whose second directory and the thumbnail in it are zeros that nothing points to."""
    start, order = _start(block)
    changed, tiff = bytearray(block), block[start:]
    try:
        (first,) = struct.unpack_from(f"{order}I", tiff, 4)
        following = _first_directory(tiff, order).following
        entries = _directory(tiff, order, following).entries if following else []
        values = {entry.tag: struct.unpack_from(f"{order}I", tiff, entry.place + 8)[0] for entry in entries}
        (count,) = struct.unpack_from(f"{order}H", tiff, first)
    except struct.error:
        return block
    if not entries:
        return block
    parts = [(following, 2 + _ENTRY * len(entries) + 4), (values.get(_THUMBNAIL, 0), values.get(_THUMBNAIL_LENGTH, 0))]
    for place, length in [*parts, (first + 2 + _ENTRY * count, 4)]:
        end = min(place + length, len(tiff))
        if place < end:
            changed[start + place : start + end] = bytes(end - place)
    return bytes(changed)


def states_resolution(block: bytes) -> bool:
    """Return whether an EXIF block states a resolution."""
    return _X_RESOLUTION in tags_in(block)


def with_resolution(block: bytes, x: tuple[int, int], y: tuple[int, int], unit: int, *, replace: bool = False) -> bytes:
    """Return an EXIF block that states a resolution, unless it does already, or is broken.

    Args:
        block: the block; an empty one makes a new one.
        x: pixels per unit, from left to right, as numerator and denominator.
        y: likewise, from top to bottom.
        unit: 1 for none, 2 for an inch, 3 for a centimetre.
        replace: whether it takes the place of one that the block states already.
    """
    if not replace and states_resolution(block):
        return block
    return _with_entries(
        block, {_X_RESOLUTION: (_RATIONAL, x), _Y_RESOLUTION: (_RATIONAL, y), _UNIT: (_SHORT, (unit,))}
    )


def with_axes_exchanged(block: bytes) -> bytes:
    """Return an EXIF block whose resolutions from left to right and from top to bottom have changed places.

    Unchanged where it does not state both, or is broken.
    """
    start, order = _start(block)
    try:
        place_of = {entry.tag: start + entry.place for entry in _entries(block[start:], order, None)}
    except struct.error:
        return block
    if not {_X_RESOLUTION, _Y_RESOLUTION} <= place_of.keys():
        return block
    changed = bytearray(block)
    x, y = (slice(place_of[tag] + 2, place_of[tag] + _ENTRY) for tag in (_X_RESOLUTION, _Y_RESOLUTION))
    changed[x], changed[y] = changed[y], changed[x]
    return bytes(changed)


def tags_in(block: bytes) -> frozenset[int]:
    """Return the tags of the first directory of an EXIF block; none of a broken one."""
    start, order = _start(block)
    try:
        return frozenset(entry.tag for entry in _first_directory(block[start:], order).entries)
    except struct.error:
        return frozenset()


def has_thumbnail(block: bytes) -> bool:
    """Return whether the second directory of an EXIF block holds a thumbnail."""
    start, order = _start(block)
    tiff = block[start:]
    try:
        following = _first_directory(tiff, order).following
        return bool(following) and any(entry.tag == _THUMBNAIL for entry in _directory(tiff, order, following).entries)
    except struct.error:
        return False


def _patched(block: bytes, within: int | None, values: Mapping[int, int]) -> bytes:
    """Return a block with other whole numbers for tags that it has, in its first directory or in one `within` that.

    A number too large for a 16-bit entry makes that a 32-bit one: both are stored in the entry itself.
    """
    start, order = _start(block)
    changed = bytearray(block)
    try:
        for entry in _entries(block[start:], order, within):
            if entry.tag not in values or entry.kind not in _FORMATS or entry.length != 1:
                continue
            value, place = values[entry.tag], start + entry.place
            kind = _LONG if value >= 1 << 16 else entry.kind
            struct.pack_into(f"{order}H", changed, place + 2, kind)
            changed[place + 8 : place + _ENTRY] = struct.pack(order + _FORMATS[kind], value).ljust(4, b"\x00")
    except struct.error:
        return block
    return bytes(changed)


def _with_entries(block: bytes, added: Mapping[int, tuple[int, tuple[int, ...]]]) -> bytes:
    """Return a block with more entries, one value each, in its first directory: tag -> (type, the value's numbers).

    A copy of the directory goes to the end of the block. All values stay where they are.
    """
    block = block or PREFIX + _EMPTY
    start, order = _start(block)
    tiff = bytearray(block[start:])
    try:
        old = _first_directory(tiff, order)
    except struct.error:
        return block
    entries = {entry.tag: bytes(tiff[entry.place : entry.place + _ENTRY]) for entry in old.entries}
    tiff += bytes(len(tiff) % 2)
    for tag, (kind, numbers) in added.items():
        value = struct.pack(f"{order}{len(numbers)}{'H' if kind == _SHORT else 'I'}", *numbers)
        if kind == _RATIONAL:  # eight bytes do not fit into an entry, which holds their offset then
            value, behind = struct.pack(f"{order}I", len(tiff)), value
            tiff += behind
        entries[tag] = struct.pack(f"{order}HHI", tag, kind, 1) + value.ljust(4, b"\x00")
    struct.pack_into(f"{order}I", tiff, 4, len(tiff))
    tiff += struct.pack(f"{order}H", len(entries))
    tiff += b"".join(entries[tag] for tag in sorted(entries)) + struct.pack(f"{order}I", old.following)
    return block[:start] + bytes(tiff)


def _start(block: bytes) -> tuple[int, str]:
    """Return where the TIFF structure of a block begins, and its byte order."""
    start = len(PREFIX) if block.startswith(PREFIX) else 0
    return start, ">" if block[start : start + 2] == b"MM" else "<"


def _entries(tiff: bytes, order: str, within: int | None) -> Iterator[_Entry]:
    first = _first_directory(tiff, order)
    if within is None:
        yield from first.entries
        return
    for entry in first.entries:
        if entry.tag == within:
            yield from _directory(tiff, order, struct.unpack_from(f"{order}I", tiff, entry.place + 8)[0]).entries


def _first_directory(tiff: bytes | bytearray, order: str) -> _Directory:
    """Return the first directory of a TIFF structure.

    Raises:
        struct.error: if it is broken.
    """
    if bytes(tiff[:4]) not in {b"II*\x00", b"MM\x00*"}:
        raise struct.error("not a TIFF structure")
    return _directory(tiff, order, struct.unpack_from(f"{order}I", tiff, 4)[0])


def _directory(tiff: bytes | bytearray, order: str, offset: int) -> _Directory:
    (count,) = struct.unpack_from(f"{order}H", tiff, offset)
    places = range(offset + 2, offset + 2 + _ENTRY * count, _ENTRY)
    entries = [_Entry._make((*struct.unpack_from(f"{order}HHI", tiff, place), place)) for place in places]
    end = offset + 2 + _ENTRY * count
    if end > len(tiff):
        raise struct.error("a directory that ends behind its block")
    # Some writers leave out the offset of the next directory.
    following = struct.unpack_from(f"{order}I", tiff, end)[0] if end + 4 <= len(tiff) else 0
    return _Directory(entries, following)

"""Takes entries out of an EXIF block by their groups; every value that stays is byte for byte what it was.

A maker note holds offsets from the start of the block. Where one stays, entries go and their values become zeros, but
nothing moves. Otherwise the block is written again without gaps.
"""

from __future__ import annotations

import struct
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bytefit.options.policies import Policy

PREFIX = b"Exif\x00\x00"

_EXIF, _GPS, _INTEROPERABILITY, _MAKER_NOTE = 0x8769, 0x8825, 0xA005, 0x927C
_THUMBNAIL = -1  # the second directory, which has no tag
_POINTERS = frozenset({_EXIF, _GPS, _INTEROPERABILITY})
_STRIPS, _STRIP_BYTES, _JPEG, _JPEG_BYTES = 0x0111, 0x0117, 0x0201, 0x0202
_XMP, _IPTC, _PHOTOSHOP = 0x02BC, 0x83BB, 0x8649
_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 129: 1}
_HEADER, _ENTRY, _INLINE, _MOST_ENTRIES = 8, 12, 4, 1000

# EXIF 3.0, 4.6: the tags of each group. Tags that say how samples are stored belong to none and stay.
_GROUP_OF: Mapping[int, str] = {
    0x0112: "orientation",
    **dict.fromkeys((0x011A, 0x011B, 0x0128, 0xA20E, 0xA20F, 0xA210), "resolution"),
    **dict.fromkeys((0x8298, 0x013B, 0x9C9D, 0xA437, 0xA438), "copyright"),
    **dict.fromkeys((0x0132, 0x9003, 0x9004, 0x9010, 0x9011, 0x9012, 0x9290, 0x9291, 0x9292), "date"),
    **dict.fromkeys((0xA420, 0xA430, 0xA431, 0xA435, 0xC62F), "serial"),
    **dict.fromkeys((_GPS, 0x9400, 0x9401), "gps"),
    **dict.fromkeys((_MAKER_NOTE, 0xC634), "makernote"),
    **dict.fromkeys((0x010D, 0x010E, 0x011D, 0x9286, 0x9C9B, 0x9C9C, 0x9C9E, 0x9C9F, 0xA436), "text"),
    **dict.fromkeys((0x010F, 0x0110, 0x0131, 0x013C, 0x829A, 0x829D, 0x8822, 0x8824, 0x8827, 0xA439, 0xA43A), "camera"),
    **dict.fromkeys((*range(0x8830, 0x8836), *range(0x9201, 0x9215), 0x9102, *range(0xA20B, 0xA20E)), "camera"),
    **dict.fromkeys((*range(0xA214, 0xA218), *range(0xA300, 0xA303), *range(0xA401, 0xA40D)), "camera"),
    **dict.fromkeys((*range(0xA432, 0xA435), *range(0xA460, 0xA463), 0xA43B, 0xA43C, 0xA500), "camera"),
    **dict.fromkeys((_IPTC, _PHOTOSHOP), "iptc"),
    _XMP: "xmp",
}
WITH_MAKER_NOTES = ("makernote", "camera", "serial", "date")
# In the directory of a place: the time of its measurement.
_GPS_TIMES = frozenset({0x0007, 0x001D})
# Tags about how the samples are stored, which have no meaning of their own.
_STRUCTURE = frozenset({0x9000, 0x9101, 0xA000, 0xA001, 0xA002, 0xA003, 0x0213, _EXIF})


def group_of(tag: int, directory: int = 0) -> str:
    """Return the group of a tag in a directory (0: the first one), or an empty string."""
    if directory == _GPS:
        return "date" if tag in _GPS_TIMES else "gps"
    return "" if directory == _INTEROPERABILITY else _GROUP_OF.get(tag, "")


def keeps_tag(policy: Policy, tag: int, directory: int = 0) -> bool:
    """Return whether a tag stays. A maker note may repeat camera, number and date, so it goes with them."""
    own = group_of(tag, directory)
    if directory == _THUMBNAIL and own in {"", "orientation", "resolution"}:
        return True
    if _INTEROPERABILITY in {directory, tag}:
        return policy.others
    if tag in _STRUCTURE:
        return True
    if own == "makernote":
        return all(policy.keeps(group) for group in WITH_MAKER_NOTES) if policy.others else policy.keeps(own)
    if directory == _GPS and own == "date":
        return policy.keeps("date") and policy.keeps("gps")
    return policy.keeps(own) if own else policy.others


class _Entry(NamedTuple):
    """An entry of a directory: its tag, its twelve bytes, where its value stands, and its bytes there."""

    tag: int
    raw: bytes
    place: int
    length: int


class _Directory(NamedTuple):
    """The entries of a directory, where it starts, and the offset of the next one."""

    entries: list[_Entry]
    start: int
    following: int


def without_groups(block: bytes, policy: Policy) -> bytes:
    """Return an EXIF block without what a policy drops; empty where nothing is left, or the block is broken."""
    prefix = PREFIX if block.startswith(PREFIX) else b""
    tiff = block[len(prefix) :]
    if not tiff:
        return b""
    try:
        reader = _Reader(tiff)
        whole = _has_maker_note(reader) and keeps_tag(policy, _MAKER_NOTE)
        kept = _in_place(reader, policy) if whole else _written_again(reader, policy)
    except (struct.error, ValueError, IndexError):
        return b""
    return prefix + kept if kept else b""


class _Reader:
    """Reads the directories of a TIFF structure."""

    def __init__(self, tiff: bytes) -> None:
        if tiff[:4] not in {b"II*\x00", b"MM\x00*"}:
            raise ValueError("not a TIFF structure")
        self.tiff, self.order = tiff, "<" if tiff.startswith(b"II") else ">"

    def first(self) -> _Directory:
        return self.directory(self.number(4))

    def number(self, place: int, code: str = "I") -> int:
        return int(struct.unpack_from(self.order + code, self.tiff, place)[0])

    def directory(self, start: int) -> _Directory:
        if not _HEADER <= start < len(self.tiff):
            raise ValueError("a directory outside its block")
        count = self.number(start, "H")
        if count > _MOST_ENTRIES:
            raise ValueError("too many entries")
        entries = []
        for place in range(start + 2, start + 2 + _ENTRY * count, _ENTRY):
            tag, kind, number = struct.unpack_from(f"{self.order}HHI", self.tiff, place)
            length = _BYTES.get(kind, 1) * number
            value = place + 8 if length <= _INLINE else self.number(place + 8)
            if value + length > len(self.tiff):
                length = max(0, len(self.tiff) - value)
            entries.append(_Entry(tag, self.tiff[place : place + _ENTRY], value, length))
        end = start + 2 + _ENTRY * count
        following = self.number(end) if end + 4 <= len(self.tiff) else 0
        inside = _HEADER <= following < len(self.tiff) - 2  # some writers leave it out
        return _Directory(entries, start, following if inside else 0)

    def value(self, entry: _Entry) -> bytes:
        return self.tiff[entry.place : entry.place + entry.length]

    def target(self, entry: _Entry) -> int:
        return int(struct.unpack_from(f"{self.order}I", entry.raw, 8)[0])

    def leads_on(self, entry: _Entry) -> bool:
        """Return whether an entry, if it points to a directory, points to one that can be read."""
        if entry.tag not in _POINTERS:
            return True
        try:
            return bool(self.directory(self.target(entry)).entries)
        except (struct.error, ValueError):
            return False

    def thumbnail(self, directory: _Directory) -> tuple[int, int]:
        """Return where the thumbnail of a directory stands, and its bytes."""
        numbers = {entry.tag: self.target(entry) for entry in directory.entries}
        for offset, count in ((_JPEG, _JPEG_BYTES), (_STRIPS, _STRIP_BYTES)):
            if offset in numbers and count in numbers:
                start, length = numbers[offset], numbers[count]
                return start, min(length, max(0, len(self.tiff) - start))
        return 0, 0


def _has_maker_note(reader: _Reader) -> bool:
    return any(
        entry.tag == _MAKER_NOTE
        for pointer in reader.first().entries
        if pointer.tag == _EXIF
        for entry in reader.directory(reader.target(pointer)).entries
    )


def _in_place(reader: _Reader, policy: Policy) -> bytes:
    """Return the block with zeros for what goes; what stands at its end is cut off."""
    grown = bytearray(reader.tiff)
    cleared: list[tuple[int, int]] = []

    def visit(start: int, name: int) -> None:
        directory = reader.directory(start)
        kept = [entry for entry in directory.entries if keeps_tag(policy, entry.tag, name) and reader.leads_on(entry)]
        for entry in directory.entries:
            if entry.tag not in _POINTERS:
                if entry not in kept and entry.length > _INLINE:
                    cleared.append((entry.place, entry.length))
            elif entry in kept:
                visit(reader.target(entry), entry.tag)
            elif reader.leads_on(entry):
                cleared.extend(_spans(reader, reader.target(entry)))
        following = directory.following if name == 0 and policy.keeps("thumbnail") else 0
        if following:
            visit(following, _THUMBNAIL)
        elif name == 0 and directory.following:
            cleared.extend(_spans(reader, directory.following))
        _write_directory(reader, grown, directory, kept, is_last=bool(directory.following and not following))

    visit(reader.number(4), 0)
    return _cleared(grown, cleared)


def _write_directory(
    reader: _Reader, grown: bytearray, directory: _Directory, kept: list[_Entry], *, is_last: bool
) -> None:
    """Write a directory of fewer entries in its old place. Some writers have values where the next offset belongs."""
    end = directory.start + 2 + _ENTRY * len(directory.entries)
    beside = bytes(4) if is_last else bytes(grown[end : end + 4])
    if len(kept) < len(directory.entries):
        body = struct.pack(f"{reader.order}H", len(kept)) + b"".join(entry.raw for entry in kept) + beside
        grown[directory.start : end] = body.ljust(end - directory.start, b"\x00")
    elif is_last:
        grown[end : end + 4] = beside


def _cleared(grown: bytearray, spans: list[tuple[int, int]]) -> bytes:
    """Return a block with zeros in some spans, without those at its end."""
    for first, length in spans:
        grown[first : first + length] = bytes(min(length, max(0, len(grown) - first)))
    end = len(grown)
    for first, length in sorted(spans, key=sum, reverse=True):
        if first < end <= first + length + 1:  # values begin at even places
            end = first
    return bytes(grown[:end])


def _spans(reader: _Reader, start: int) -> Iterator[tuple[int, int]]:
    """Yield where a directory, its values and its thumbnail stand, and their bytes; nothing of a broken one."""
    try:
        directory = reader.directory(start)
    except (struct.error, ValueError):
        return
    yield start, 6 + _ENTRY * len(directory.entries)
    if (thumbnail := reader.thumbnail(directory)) != (0, 0):
        yield thumbnail
    yield from ((entry.place, entry.length) for entry in directory.entries if entry.length > _INLINE)


def _written_again(reader: _Reader, policy: Policy) -> bytes:
    """Return the block with the entries that stay, one value behind the other; empty where there is none."""
    out = bytearray(reader.tiff[:4] + struct.pack(f"{reader.order}I", 8))
    stays = partial(_stays, reader, policy)

    def write(directory: _Directory, name: int, keeps: Callable[[_Entry], bool]) -> int:
        """Append a directory, return where the offset of the next one belongs."""
        kept = [entry for entry in directory.entries if keeps(entry)]
        start = len(out)
        out.extend(struct.pack(f"{reader.order}H", len(kept)) + bytes(_ENTRY * len(kept) + 4))
        for number, entry in enumerate(kept):
            raw = bytearray(entry.raw)
            if entry.tag in _POINTERS:
                raw[8:] = struct.pack(f"{reader.order}I", len(out))
                write(reader.directory(reader.target(entry)), entry.tag, partial(stays, entry.tag))
            elif entry.length > _INLINE:
                raw[8:] = struct.pack(f"{reader.order}I", len(out))
                out.extend(reader.value(entry))
            elif entry.tag in {_JPEG, _STRIPS} and name == _THUMBNAIL:
                first, length = reader.thumbnail(directory)
                raw[8:] = struct.pack(f"{reader.order}I", len(out))
                out.extend(reader.tiff[first : first + length])
            out.extend(bytes(len(out) % 2))
            place = start + 2 + _ENTRY * number
            out[place : place + _ENTRY] = raw
        return start + 2 + _ENTRY * len(kept)

    first = reader.first()
    following = first.following and policy.keeps("thumbnail")
    if not following and not any(stays(0, entry) for entry in first.entries):
        return b""
    end = write(first, 0, partial(stays, 0))
    if following:
        beside = reader.directory(first.following)
        struct.pack_into(f"{reader.order}I", out, end, len(out))
        write(beside, _THUMBNAIL, lambda entry: keeps_tag(policy, entry.tag, _THUMBNAIL))
    return bytes(out)


def _stays(reader: _Reader, policy: Policy, name: int, entry: _Entry) -> bool:
    """Return whether an entry stays; a pointer stays for what stays in its directory."""
    if not reader.leads_on(entry) or not keeps_tag(policy, entry.tag, name):
        return False
    if entry.tag not in _POINTERS or policy.others:
        return True
    inside = reader.directory(reader.target(entry)).entries
    return any(_stays(reader, policy, entry.tag, one) and one.tag not in _STRUCTURE for one in inside)

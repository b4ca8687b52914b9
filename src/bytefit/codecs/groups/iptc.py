"""Takes datasets out of IPTC records (IIM 4.2) and out of Photoshop's blocks, which hold them, by their groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bytefit.options.policies import Policy

SEGMENT = b"Photoshop 3.0\x00"

_RESOURCE = b"8BIM"
_IPTC, _DIGEST, _RESOLUTION = 0x0404, 0x0425, 0x03ED
_COPYRIGHTS, _THUMBNAILS = frozenset({0x040A, 0x040B}), frozenset({0x0409, 0x040C})
_EXIF, _XMP = frozenset({0x0422, 0x0423}), 0x0424
_MARKER, _EXTENDED = 0x1C, 0x8000
_APPLICATION = 2

# Datasets of the application record.
_GROUP_OF: Mapping[int, str] = {
    **dict.fromkeys((80, 85, 110, 115, 116, 118), "copyright"),
    **dict.fromkeys((30, 35, 37, 38, 47, 55, 60, 62, 63, 70), "date"),
    **dict.fromkeys((26, 27, 90, 92, 95, 100, 101, 103), "gps"),
    **dict.fromkeys((5, 7, 15, 20, 25, 40, 105, 120, 122), "text"),
    65: "camera",
}


def without_groups(records: bytes, policy: Policy) -> bytes:
    """Return IPTC records without what a policy drops; empty where nothing but their version is left, or broken."""
    kept, position, substance, whole = [], 0, False, True
    while position + 5 <= len(records) and records[position] == _MARKER:
        record, dataset = records[position + 1], records[position + 2]
        length = int.from_bytes(records[position + 3 : position + 5], "big")
        end = position + 5 + length
        if length & _EXTENDED or end > len(records):
            return b""
        own = _GROUP_OF.get(dataset, "") if record == _APPLICATION else ""
        structural = record != _APPLICATION or dataset == 0
        if structural or policy.keeps(*filter(None, (own, "iptc"))):
            kept.append(records[position:end])
            substance |= not structural
        else:
            whole = False
        position = end
    if records[position:].strip(b"\x00"):
        return b""
    if whole and policy.others:
        return records
    return b"".join(kept) if substance else b""


def photoshop_without_groups(blocks: bytes, policy: Policy) -> bytes:
    """Return Photoshop's blocks without what a policy drops; empty where none is left, or where they are broken."""
    kept: list[tuple[int, bytes]] = []
    position, edited = 0, False
    while blocks.startswith(_RESOURCE, position):
        number = int.from_bytes(blocks[position + 4 : position + 6], "big")
        name_end = position + 7 + blocks[position + 6]
        name_end += (name_end - position) % 2
        length = int.from_bytes(blocks[name_end : name_end + 4], "big")
        content = blocks[name_end + 4 : name_end + 4 + length]
        if len(content) < length:
            return b""
        stored = _resource(number, content, policy)
        edited |= number == _IPTC and stored is not content
        if stored is content:
            kept.append((number, blocks[position : name_end + 4 + length] + bytes(length % 2)))
        elif stored:
            whole = len(stored).to_bytes(4, "big") + stored + bytes(len(stored) % 2)
            kept.append((number, blocks[position:name_end] + whole))
        position = name_end + 4 + length + length % 2
    if blocks[position:].strip(b"\x00"):
        return b""
    # A digest is that of the records as they were.
    return b"".join(block for number, block in kept if not (edited and number == _DIGEST))


def _resource(number: int, content: bytes, policy: Policy) -> bytes:
    """Return the content of a block that stays, or nothing; what a block repeats of EXIF or XMP goes."""
    if number == _IPTC:
        stored = without_groups(content, policy)
        return content if stored == content else stored
    if number in _EXIF or number == _XMP:
        return b""
    for group, numbers in (("copyright", _COPYRIGHTS), ("thumbnail", _THUMBNAILS), ("resolution", {_RESOLUTION})):
        if number in numbers:
            return content if policy.keeps(group) else b""
    return content if policy.others else b""

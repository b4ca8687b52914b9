"""What a JPEG file holds beside its picture: further pictures, gain maps, depth maps, films; and the index of these.

All of it stands behind the end of the primary picture, where it can stay byte for byte. Only the index in the primary
picture (MPF, CIPA DC-007) says where it is in the file, and is corrected when the primary picture is encoded anew. XMP
counts lengths, or from the end of the file, and stays true. It knows nothing of what the other pictures show.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bytefit.codecs.jpeg.markers import EOI, behind_picture, markers
from bytefit.errors import UnsupportedImage

if TYPE_CHECKING:
    from collections.abc import Iterator

_SOI, _SOS, _APP0, _APP2, _APP15, _COM = 0xD8, 0xDA, 0xE0, 0xE2, 0xEF, 0xFE
_END_OF_IMAGE = bytes((0xFF, EOI))

_NAME = b"MPF\x00"
_ORIGIN = 2 + 2 + len(_NAME)  # bytes of the segment before its TIFF header, where its offsets count from
_TIFF_HEADER = {b"II*\x00": "<", b"MM\x00*": ">"}
_NUMBER, _ENTRIES = 0xB001, 0xB002
_INTEGER = {3: "H", 4: "I"}  # TIFF's SHORT and LONG
_BYTES = {1, 7}  # its BYTE and UNDEFINED
_FIELD = "HHI"  # tag, type and count; four bytes of value or of its place follow
_FIELD_SIZE = 12

_ENTRY = "IIIHH"  # attributes, size, offset, two entries that this one depends on
_ENTRY_SIZE = 16
_SIZE_AT, _OFFSET_AT = 4, 8

# What is behind a picture, by what tells of it. Words of XMP stand before the data as well as in them; a film is known
# by the first box of its own (ISO/IEC 14496-12), because its XMP outlives it in editors.
_PICTURES = {
    "an Ultra HDR gain map": rb"hdrgm:Version|Semantic[\s=>\"']+GainMap|urn:iso:std:iso:ts:21496:-1",
    "an HDR gain map": rb"HDRGainMapVersion",  # Apple's
    "a depth map": rb"Semantic[\s=>\"']+Depth",
}
_FILM = re.compile(rb"\x00\x00\x00.ftyp", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Index:
    """The index of the pictures of a file, with what is needed to correct it.

    Attributes:
        segment: the whole APP2 segment, its marker included.
        order: its byte order, as `struct` writes it.
        place: offset of its first entry in the segment.
        count: how many entries there are, the primary picture's included.
        origin: offset in the file which the offsets in the entries count from.
        end: offset in the file just behind the primary picture.
    """

    segment: bytes
    order: str
    place: int
    count: int
    origin: int
    end: int

    def further(self) -> list[tuple[int, int]]:
        """Return the place in the file and the size of every picture but the primary one, as they are stated."""
        entries = self.segment[self.place : self.place + self.count * _ENTRY_SIZE]
        stated = list(struct.iter_unpack(self.order + _ENTRY, entries))[1:]
        return [(self.origin + offset, size) for _, size, offset, *_ in stated]


def index_of(data: bytes) -> bytes | None:
    """Return the multi-picture index of a JPEG file, a whole APP2 segment, or None where there is none."""
    return next((data[start:end] for start, end in _indexes(data)), None)


def carried_index(data: bytes, name: str) -> Index | None:
    """Return the index of a JPEG file as `with_extras` takes it; `name` is for the messages.

    None where there is none, and where nothing stands behind the picture: tools that drop the other pictures leave
    their index (libjpeg-turbo #889), and nothing is lost that is not lost already. The sizes of the other pictures are
    not looked at: they do not change, and Pillow 13 writes wrong ones from the third picture on.

    Raises:
        UnsupportedImage: if the index does not say where the pictures are, so that it cannot be corrected.
    """
    behind = behind_picture(data)
    if not behind or index_of(data) is None:
        return None
    try:
        return _followed(data, len(data) - len(behind))
    except (UnsupportedImage, struct.error) as error:
        reason = error if isinstance(error, UnsupportedImage) else "it is cut short"
        raise UnsupportedImage(
            f"{name} carries an index of further pictures that cannot be corrected ({reason}): "
            f"metadata='orientation+icc' or 'strip' leaves them out"
        ) from None


def with_extras(primary: bytes, index: Index | None, behind: bytes) -> bytes:
    """Return a file of the picture `primary`, the corrected `index` and what stood behind the picture it is made for.

    What is added has always the same size, so that a search can count on it: that of the index's segment and of
    `behind`. Padding belongs into `primary`: in the file it would move what the index points to.

    Args:
        primary: a JPEG file that has no index and ends where its picture does.
        index: see `carried_index`.
        behind: see `behind_picture`.
    """
    assert primary.endswith(_END_OF_IMAGE)
    if index is None:
        return primary + behind
    place = _behind_metadata(primary)
    segment = _corrected(index, place + _ORIGIN, len(primary) + len(index.segment))
    return primary[:place] + segment + primary[place:] + behind


def without_extras(data: bytes) -> bytes:
    """Return the primary picture of a JPEG file, without its index and what stands behind the picture."""
    kept, position = [], 0
    for start, end in _indexes(data):
        kept.append(data[position:start])
        position = end
    return b"".join(kept) + data[position : len(data) - len(behind_picture(data))]


def check_extras(before: bytes, after: bytes) -> str | None:
    """Return what the file `after` lost, or holds wrongly, of all that `before` holds beside its picture; else None."""
    if behind_picture(before) != behind_picture(after):
        return "what stands behind the picture is not what it was"
    try:
        old, new = carried_index(before, "the file before"), carried_index(after, "the new file")
    except UnsupportedImage as error:
        return str(error)
    if old is None or new is None:
        return None if old is new else "the index of further pictures is not in both files"
    if old.count != new.count:
        return f"the index lists {new.count} pictures, not {old.count}"
    for number, (one, other) in enumerate(zip(old.further(), new.further(), strict=True), 2):
        if _cut_out(before, *one) != _cut_out(after, *other):
            return f"picture {number} is not what it was where the index points to"
    same = new.segment == _corrected(old, new.origin, new.end)
    return None if same else "the index says something else than it did, or a wrong size of the first picture"


def extras_named(data: bytes) -> str | None:
    """Return words for what a JPEG file holds beside its picture, or None where that is nothing."""
    behind = behind_picture(data)
    if not behind:
        return None
    # Metadata stand in the first bytes of the primary picture, and in those of the others.
    words = data[: _start_of_scan(data)] + behind
    named = [name for name, pattern in _PICTURES.items() if re.search(pattern, words)]
    further = _further_count(data) - len(named)
    if further > 0:
        named.append("a further picture" if further == 1 else f"{further} further pictures")
    if _FILM.search(behind):
        named.append("a motion photo's film")
    return " and ".join(named) or f"{len(behind):,} bytes behind its picture (a motion photo's film, perhaps)"


def _indexes(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the indexes of the file start and end, fill bytes before their markers left aside."""
    for marker, _, content in markers(data):
        if marker == _SOS:
            return
        end = content + int.from_bytes(data[content : content + 2], "big")
        if marker == _APP2 and data[content + 2 : end].startswith(_NAME):
            yield content - 2, end


def _followed(data: bytes, end: int) -> Index:
    """Return the index of a file whose primary picture ends at `end`.

    Raises:
        UnsupportedImage: if what it says cannot be.
        struct.error: if it is cut short.
    """
    (start, stop), *others = _indexes(data)
    if others:
        raise UnsupportedImage(f"there are {1 + len(others)} of them")
    segment = data[start:stop]
    order = _TIFF_HEADER.get(segment[_ORIGIN : _ORIGIN + 4])
    if order is None:
        raise UnsupportedImage("its byte order is unknown")
    count, place = _entries(segment[_ORIGIN:], order)
    if struct.unpack_from(order + "I", segment, _ORIGIN + place + _OFFSET_AT) != (0,):
        raise UnsupportedImage("its first picture is not the first in the file")
    index = Index(segment, order, _ORIGIN + place, count, start + _ORIGIN, end)
    for number, (position, _) in enumerate(index.further(), 2):
        if position < end:
            raise UnsupportedImage(f"it places picture {number} inside the first")
        if data[position : position + 2] != bytes((0xFF, _SOI)):
            raise UnsupportedImage(f"there is no picture where it places number {number}")
    return index


def _entries(tiff: bytes, order: str) -> tuple[int, int]:
    """Return how many entries the index has, and where the first one is in it."""
    (directory,) = struct.unpack_from(order + "I", tiff, 4)
    (length,) = struct.unpack_from(order + "H", tiff, directory)
    first = directory + 2
    fields = {}
    for position in range(first, first + length * _FIELD_SIZE, _FIELD_SIZE):
        tag, kind, count = struct.unpack_from(order + _FIELD, tiff, position)
        value = struct.unpack_from(order + _INTEGER.get(kind, "I"), tiff, position + struct.calcsize(order + _FIELD))
        fields[tag] = (kind, count, value[0])
    if len(fields) != length or not {_NUMBER, _ENTRIES} <= fields.keys():
        raise UnsupportedImage("its fields are not those of an index")
    number_kind, values, number = fields[_NUMBER]
    kind, size, place = fields[_ENTRIES]
    if number_kind not in _INTEGER or values != 1 or kind not in _BYTES or number == 0 or size != number * _ENTRY_SIZE:
        raise UnsupportedImage(f"its {size} bytes of entries are not those of {number} pictures")
    # A field's value never stands inside the directory: correcting it there would destroy that.
    if place < first + length * _FIELD_SIZE and place + size > directory:
        raise UnsupportedImage("its entries overlap its fields")
    if not len(b"II*\x00") + 4 <= place <= len(tiff) - size:
        raise UnsupportedImage("its entries stand outside of it")
    return number, place


def _corrected(index: Index, origin: int, end: int) -> bytes:
    """Return the segment for a file where offsets count from `origin` and the primary picture ends at `end`.

    The size of a picture reaches from its first byte to its end-of-image marker (DC-007): some writers count
    padding behind it, others forget metadata they added (corpus: hostile/multipicture).
    """
    segment = bytearray(index.segment)
    struct.pack_into(index.order + "I", segment, index.place + _SIZE_AT, end)
    for number, (position, _) in enumerate(index.further(), 1):
        offset = position - index.end + end - origin
        struct.pack_into(index.order + "I", segment, index.place + number * _ENTRY_SIZE + _OFFSET_AT, offset)
    return bytes(segment)


def _behind_metadata(data: bytes) -> int:
    """Return the place behind the metadata at the start of a file, where its tables begin.

    DC-007 wants the index right behind EXIF; but behind all metadata nobody breaks it who edits them.
    """
    return next(
        start for marker, start, _ in markers(data) if not (marker in {_SOI, _COM} or _APP0 <= marker <= _APP15)
    )


def _start_of_scan(data: bytes) -> int:
    return next((start for marker, start, _ in markers(data) if marker == _SOS), len(data))


def _cut_out(data: bytes, position: int, size: int) -> bytes:
    return data[position : position + size]


def _further_count(data: bytes) -> int:
    """Return how many pictures the index lists beside the first one, 0 where it cannot be trusted."""
    try:
        index = carried_index(data, "the file")
    except UnsupportedImage:
        return 0
    return index.count - 1 if index is not None else 0

"""Carries the auxiliary images of a JPEG file (further images, gain maps, depth maps, films) and corrects their index.

All of them follow the end of the primary image, where they stay byte for byte. Their offsets are stored only in the
index in the primary image (MPF, CIPA DC-007), which is corrected when the primary image is encoded again. XMP stores
lengths or counts from the end of the file, and thus stays valid. This module does not decode any image.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, NamedTuple

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

# The patterns that identify trailing data. XMP mentions an auxiliary image in the primary image as well as in the
# auxiliary one. A film is identified by its first box (ISO/IEC 14496-12): editors keep its XMP after dropping the film.
_PICTURES = {
    "an Ultra HDR gain map": rb"hdrgm:Version|Semantic[\s=>\"']+GainMap|urn:iso:std:iso:ts:21496:-1",
    "an HDR gain map": rb"HDRGainMapVersion",  # Apple's
    "a depth map": rb"Semantic[\s=>\"']+Depth",
}
_FILM = re.compile(rb"\x00\x00\x00.ftyp", re.DOTALL)


class Index(NamedTuple):
    """The index of the images of a file, with the offsets needed to correct it.

    Attributes:
        segment: the complete APP2 segment with its marker.
        order: its byte order in the notation of `struct`.
        place: the offset of its first entry in the segment.
        entries: the number of entries, including that of the primary image.
        origin: the offset in the file from which the offsets in the entries count.
        end: the offset in the file of the end of the primary image.
    """

    segment: bytes
    order: str
    place: int
    entries: int
    origin: int
    end: int

    def further(self) -> list[tuple[int, int]]:
        """Return the offset in the file and the size that the index states for each image except the primary one."""
        table = self.segment[self.place : self.place + self.entries * _ENTRY_SIZE]
        stated = list(struct.iter_unpack(self.order + _ENTRY, table))[1:]
        return [(self.origin + offset, size) for _, size, offset, *_ in stated]


def index_of(data: bytes) -> bytes | None:
    """Return the multi-picture index of a JPEG file, a complete APP2 segment; None if it has none."""
    return next((data[start:end] for start, end in _indexes(data)), None)


def carried_index(data: bytes, name: str) -> Index | None:
    """Return the index of a JPEG file as `with_auxiliary_images` takes it; `name` is for the messages.

    Returns None if the file has no index, or no data after the primary image: some tools drop the other images but
    leave the index (libjpeg-turbo #889), and then nothing is left to lose. The sizes of the other images are not
    checked: they do not change, and Pillow 13 writes wrong ones from the third image on.

    Raises:
        UnsupportedImage: if the index does not point to the images, so that it cannot be corrected.
    """
    trailing = behind_picture(data)
    if not trailing or index_of(data) is None:
        return None
    try:
        return _parsed_index(data, len(data) - len(trailing))
    except (UnsupportedImage, struct.error) as error:
        reason = error if isinstance(error, UnsupportedImage) else "it is cut short"
        raise UnsupportedImage(
            f"{name} carries an index of further pictures that cannot be corrected ({reason}): "
            f"metadata='orientation+icc' or 'strip' leaves them out"
        ) from None


def with_auxiliary_images(primary: bytes, index: Index | None, behind: bytes) -> bytes:
    """Return the image `primary` with the corrected `index` and the trailing data `behind`.

    The added size is always that of the index segment plus `behind`, so that a search can rely on it. Padding belongs
    in `primary`: elsewhere it would move the images that the index points to.

    Args:
        primary: a JPEG file without an index and without trailing data.
        index: see `carried_index`.
        behind: see `behind_picture`.
    """
    assert primary.endswith(_END_OF_IMAGE)
    if index is None:
        return primary + behind
    place = _end_of_metadata(primary)
    segment = _corrected(index, place + _ORIGIN, len(primary) + len(index.segment))
    return primary[:place] + segment + primary[place:] + behind


def without_auxiliary_images(data: bytes) -> bytes:
    """Return the primary image of a JPEG file, without its index and without trailing data."""
    kept, position = [], 0
    for start, end in _indexes(data):
        kept.append(data[position:start])
        position = end
    return b"".join(kept) + data[position : len(data) - len(behind_picture(data))]


def check_auxiliary_images(before: bytes, after: bytes) -> str | None:
    """Return words for auxiliary data of the file `before` that `after` lost or changed, or None."""
    if behind_picture(before) != behind_picture(after):
        return "the data after the image has changed"
    try:
        old, new = carried_index(before, "the file before"), carried_index(after, "the new file")
    except UnsupportedImage as error:
        return str(error)
    if old is None or new is None:
        return None if old is new else "only one of the files has an index of further images"
    if old.entries != new.entries:
        return f"the index lists {new.entries} images instead of {old.entries}"
    for number, (one, other) in enumerate(zip(old.further(), new.further(), strict=True), 2):
        if _cut_out(before, *one) != _cut_out(after, *other):
            return f"the index points to a changed image {number}"
    same = new.segment == _corrected(old, new.origin, new.end)
    return None if same else "the index has changed, or states a wrong size of the first image"


def described_auxiliary_images(data: bytes) -> tuple[str, bool] | None:
    """Return words for the auxiliary data of a JPEG file, and whether their meaning is known; None if it has none."""
    behind = behind_picture(data)
    if not behind:
        return None
    # The metadata is at the start of the primary image, and at the start of each of the others.
    words = data[: _start_of_scan(data)] + behind
    named = [name for name, pattern in _PICTURES.items() if re.search(pattern, words)]
    further = _further_count(data) - len(named)
    if further > 0:
        named.append("a further picture" if further == 1 else f"{further} further pictures")
    if _FILM.search(behind):
        named.append("a motion photo's film")
    if not named:
        return f"{len(behind):,} bytes behind its picture (a motion photo's film, perhaps)", False
    return " and ".join(named), True


def _indexes(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the start and the end of each index in the file, without fill bytes before its marker."""
    for marker, _, content in markers(data):
        if marker == _SOS:
            return
        end = content + int.from_bytes(data[content : content + 2], "big")
        if marker == _APP2 and data[content + 2 : end].startswith(_NAME):
            yield content - 2, end


def _parsed_index(data: bytes, end: int) -> Index:
    """Parse the index of a file whose primary image ends at `end`.

    Raises:
        UnsupportedImage: if the index contradicts the file.
        struct.error: if the index is truncated.
    """
    (start, stop), *others = _indexes(data)
    if others:
        raise UnsupportedImage(f"the file has {1 + len(others)} indexes")
    segment = data[start:stop]
    order = _TIFF_HEADER.get(segment[_ORIGIN : _ORIGIN + 4])
    if order is None:
        raise UnsupportedImage("its byte order is unknown")
    count, place = _located_entries(segment[_ORIGIN:], order)
    if struct.unpack_from(order + "I", segment, _ORIGIN + place + _OFFSET_AT) != (0,):
        raise UnsupportedImage("its first picture is not the first in the file")
    index = Index(segment, order, _ORIGIN + place, count, start + _ORIGIN, end)
    for number, (position, _) in enumerate(index.further(), 2):
        if position < end:
            raise UnsupportedImage(f"it places picture {number} inside the first")
        if data[position : position + 2] != bytes((0xFF, _SOI)):
            raise UnsupportedImage(f"it points to no image for number {number}")
    return index


def _located_entries(tiff: bytes, order: str) -> tuple[int, int]:
    """Return the number of entries of an index and the offset of the first one."""
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
    # Correcting entries that overlap the directory of fields would destroy it.
    if place < first + length * _FIELD_SIZE and place + size > directory:
        raise UnsupportedImage("its entries overlap its fields")
    if not len(b"II*\x00") + 4 <= place <= len(tiff) - size:
        raise UnsupportedImage("its entries lie outside of it")
    return number, place


def _corrected(index: Index, origin: int, end: int) -> bytes:
    """Return the segment for a file in which offsets count from `origin` and the primary image ends at `end`.

    The size of an image extends from its first byte to its end-of-image marker (DC-007). Some writers include padding
    after it, others omit metadata they added (corpus: hostile/multipicture).
    """
    segment = bytearray(index.segment)
    struct.pack_into(index.order + "I", segment, index.place + _SIZE_AT, end)
    for number, (position, _) in enumerate(index.further(), 1):
        offset = position - index.end + end - origin
        struct.pack_into(index.order + "I", segment, index.place + number * _ENTRY_SIZE + _OFFSET_AT, offset)
    return bytes(segment)


def _end_of_metadata(data: bytes) -> int:
    """Return the end of the metadata at the start of a file, where its tables begin.

    DC-007 wants the index directly after EXIF. After all metadata, tools that edit metadata do not break it.
    """
    return next(
        start for marker, start, _ in markers(data) if not (marker in {_SOI, _COM} or _APP0 <= marker <= _APP15)
    )


def _start_of_scan(data: bytes) -> int:
    return next((start for marker, start, _ in markers(data) if marker == _SOS), len(data))


def _cut_out(data: bytes, position: int, size: int) -> bytes:
    return data[position : position + size]


def _further_count(data: bytes) -> int:
    """Return the number of images in the index after the first one; 0 if the index is damaged."""
    try:
        index = carried_index(data, "the file")
    except UnsupportedImage:
        return 0
    return index.entries - 1 if index is not None else 0

"""Carries the tags of TIFF pages over to the new file, including their directories.

Pillow passes tags to libtiff, which cannot write directories of tags (EXIF, GPS): this module appends them.
"""

from __future__ import annotations

import sys
from struct import calcsize, unpack_from
from typing import TYPE_CHECKING, Any, Literal

from bytefit.codecs.container import HighDepth
from bytefit.codecs.exif import COLOUR_SPACE, SRGB_SPACE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from PIL import Image
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    from bytefit.options.policies import Policy

EXIF_DIRECTORY, GPS_DIRECTORY = 34665, 34853
# Tags of EXIF's own (EXIF 3.0, 4.6.4) that other formats hold in their EXIF blocks: description, camera, resolution,
# software, time, artist, host, colours, copyright, and the texts Windows adds.
_OF_EXIF = frozenset({269, 270, 271, 272, 282, 283, 285, 296, 305, 306, 315, 316, 33432, EXIF_DIRECTORY, GPS_DIRECTORY})
_OF_EXIF |= {40091, 40092, 40093, 40094, 40095}

# The key in `info` under which `bytefit.sources.reading` stores the tags of a file.
TAGS = "tiff_tags"

# Tags about the layout and coding of the pixels, which the new file sets itself. Pillow cannot pass the page number
# (297) in the form that libtiff expects; SubIFDs (330) hold further images.
_STRUCTURAL = frozenset(
    {256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 277, 278, 279, 280, 281, 284, 288, 289, 290, 291, 292, 293}
    | {297, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 326, 327, 328, 330, 332, 333, 334, 336, 338, 339}
    | {340, 341, 342, 347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532, 34675, 40965}
)
# Pillow applies the orientation to the pixels when it loads a TIFF.
_ORIENTATION = 274
_SUB_IFDS = 330
# Raw modes of 16 bits a channel of which Pillow takes the high bytes.
_DEEP = frozenset({"RGB", "RGBX", "RGBA", "CMYK"})
_EXIF_WIDTH, _EXIF_HEIGHT = 0xA002, 0xA003
_XMP = 700
_ASCII, _LONG = 2, 4  # types: text, and an offset
# Photoshop wrote IPTC data as four-byte numbers, of which Pillow reads only the first. Photoshop's own block (34377)
# holds the same data.
_IPTC, _IPTC_TYPES = 33723, {1, 7}
_PHOTOSHOP = 34377


class _Text(bytes):
    """Text beyond ASCII, as it is stored."""


def kept_tags(image: Image.Image) -> tuple[ImageFileDirectory_v2, ...]:
    """Return the descriptive tags of each page of an opened TIFF. The file returns to the page it was at.

    Files of other formats have none. The orientation is left out, since Pillow has applied it.
    """
    pages, position = [], image.tell()
    try:
        for page in range(getattr(image, "n_frames", 1)):
            image.seek(page)
            pages.append(_tags_of(image))
    finally:
        image.seek(position)
    return tuple(pages)


def lost_in_tiff(image: Image.Image) -> str | None:
    """Return words for content of the current page of a TIFF that would be lost, or None.

    Pillow reads 16-bit colours as 8 bits; only the tag shows it.
    """
    tags = getattr(image, "tag_v2", {})
    if _SUB_IFDS in tags:
        return "further pictures in subdirectories"
    depths = tags.get(258, (1,))
    if len(depths) > 1 and max(depths) > 8:  # noqa: PLR2004
        words = f"{max(depths)} bits a channel"
        return HighDepth(words) if low_byte_mode(image) else words
    return None


def low_byte_mode(image: Any) -> str:
    """Return Pillow's raw mode for the low bytes of the samples of the current page; empty where it has none."""
    raw, _, order = str(image.tile[0].args[0]).partition(";16") if image.tile else ("", "", "")
    if raw not in _DEEP or not order or getattr(image, "n_frames", 1) > 1:
        return ""
    little = order == "L" or (order == "N" and sys.byteorder == "little")
    return f"{raw};16{'B' if little else 'L'}"


def tags_from_exif(exif: bytes, xmp: bytes = b"") -> ImageFileDirectory_v2:
    """Return an EXIF block and XMP of another format as tags."""
    from PIL import Image as PillowImage

    block = PillowImage.Exif()
    block.load(exif)
    tags = _directory()
    for tag, value in block.items():
        if tag not in _STRUCTURAL | {EXIF_DIRECTORY, GPS_DIRECTORY}:
            tags[tag] = _as_stored(value)
    _take_directories(block, tags)
    if xmp:
        tags[_XMP] = xmp
    return tags


def exif_from_tags(tags: Mapping[int, Any]) -> bytes:
    """Return those tags of a page that have a place in EXIF as a block for another format; empty where none has."""
    kept = _directory()
    for tag in sorted(_OF_EXIF & tags.keys()):
        kept.tagtype[tag] = getattr(tags, "tagtype", {}).get(tag, _LONG)
        kept[tag] = tags[tag]
    flat, directories = split_directories(kept)
    block = b"II*\x00\x08\x00\x00\x00" + flat.tobytes(8)
    return b"Exif\x00\x00" + with_directories(block, [directories]) if len(kept) else b""


def tags_of_tiff_only(tags: Mapping[int, Any]) -> tuple[str, ...]:
    """Return words for those tags of a page that no other format has a place for."""
    return tuple(f"TIFF tag {tag}" for tag in sorted(tags.keys() - _OF_EXIF - {_XMP}))


def with_dimensions(tags: Mapping[int, Any], size: tuple[int, int]) -> ImageFileDirectory_v2:
    """Return the tags of a page whose EXIF directory states `size`, where it states one."""
    return _with_numbers(tags, dict(zip((_EXIF_WIDTH, _EXIF_HEIGHT), size, strict=True)))


def with_srgb(tags: Mapping[int, Any]) -> ImageFileDirectory_v2:
    """Return the tags of a page whose EXIF directory states sRGB, where it states a colour space."""
    return _with_numbers(tags, {COLOUR_SPACE: SRGB_SPACE})


def tags_without_groups(tags: Mapping[int, Any], policy: Policy) -> ImageFileDirectory_v2:
    """Return the tags of a page without what a policy drops."""
    from bytefit.codecs.groups import exif, iptc, xmp

    flat, directories = split_directories(tags)
    edits = {
        _XMP: xmp.without_groups,
        _IPTC: iptc.without_groups,
        _PHOTOSHOP: iptc.photoshop_without_groups,
    }
    for tag in list(flat):
        value = flat[tag]
        if tag in directories:
            kept = {name: one for name, one in directories[tag].items() if exif.keeps_tag(policy, name, tag)}
            if kept and exif.keeps_tag(policy, tag):
                flat[tag] = kept
                continue
            del flat[tag]
        elif tag in edits:
            edited = edits[tag](value, policy) if isinstance(value, bytes) else b""
            if edited:
                flat[tag] = edited
            else:
                del flat[tag]
        elif not exif.keeps_tag(policy, tag):
            del flat[tag]
    return flat


def _with_numbers(tags: Mapping[int, Any], numbers: Mapping[int, int]) -> ImageFileDirectory_v2:
    """Return the tags of a page with other numbers for tags that its directories have."""
    flat, directories = split_directories(tags)
    for tag, values in directories.items():
        flat[tag] = {**values, **{name: number for name, number in numbers.items() if name in values}}
    return flat


def split_directories(tags: Mapping[int, Any]) -> tuple[ImageFileDirectory_v2, dict[int, dict[int, Any]]]:
    """Return the tags for libtiff, with a placeholder for each directory, and the directories by their tag."""
    flat, directories = _directory(), {}
    for tag, value in tags.items():
        kind = getattr(tags, "tagtype", {}).get(tag)
        if isinstance(value, dict):
            directories[tag] = value
            kind, value = _LONG, 8  # noqa: PLW2901  (a placeholder: `with_directories` sets the offset)
        if kind is not None or isinstance(value, _Text):
            flat.tagtype[tag] = kind or _ASCII
        flat[tag] = value
    return flat, directories


def with_directories(data: bytes, pages: list[dict[int, dict[int, Any]]]) -> bytes:
    """Return a TIFF file with the directories of each page appended and their offsets set."""
    if not any(pages):
        return data
    grown = bytearray(data)
    for entries, directories in zip(list(_entries(data)), pages, strict=True):
        for tag, values in directories.items():
            grown += bytes(len(grown) % 2)  # directories begin at even offsets (TIFF 6.0, section 2)
            offset = len(grown)
            directory = _directory(data[:4], tag)
            for name, value in values.items():
                if isinstance(value, _Text):
                    directory.tagtype[name] = _ASCII
                directory[name] = value
            grown += directory.tobytes(offset)
            place = entries[tag] + 8
            grown[place : place + 4] = offset.to_bytes(4, _byte_order(data))
    return bytes(grown)


def _directory(prefix: bytes = b"II*\x00", group: int | None = None) -> ImageFileDirectory_v2:
    """Return an empty directory. Pillow's TIFF plugin is imported here, only when a TIFF is written or read."""
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    return ImageFileDirectory_v2(prefix + bytes(4), group=group)


def _tags_of(image: Image.Image) -> ImageFileDirectory_v2:
    tags = _directory()
    own = getattr(image, "tag_v2", None)
    if own is None:
        return tags
    for tag, value in own.items():
        garbled = tag == _IPTC and own.tagtype[tag] not in _IPTC_TYPES
        if not garbled and tag not in _STRUCTURAL | {EXIF_DIRECTORY, GPS_DIRECTORY, _ORIENTATION}:
            tags.tagtype[tag] = own.tagtype[tag]
            tags[tag] = _as_stored(value)
    _take_directories(image.getexif(), tags)
    return tags


def _take_directories(exif: Image.Exif, tags: ImageFileDirectory_v2) -> None:
    for tag in (EXIF_DIRECTORY, GPS_DIRECTORY):
        if directory := dict(exif.get_ifd(tag)):
            tags.tagtype[tag] = _LONG
            tags[tag] = {name: _as_stored(value) for name, value in directory.items()}


def _as_stored(value: Any) -> Any:
    """Return a value that Pillow read, with text beyond ASCII as its bytes.

    Pillow reads text as Latin-1, whatever it is, and writes a question mark for each character beyond ASCII.
    """
    return _Text(value.encode("latin-1")) if isinstance(value, str) and not value.isascii() else value


def _entries(data: bytes) -> Iterator[dict[int, int]]:
    """Yield the offsets of the entries of each page of a classic TIFF file, by tag."""
    order = "<" if _byte_order(data) == "little" else ">"
    (offset,) = unpack_from(order + "I", data, 4)
    while offset:
        (count,) = unpack_from(order + "H", data, offset)
        places = [offset + 2 + 12 * number for number in range(count)]
        yield {unpack_from(order + "H", data, place)[0]: place for place in places}
        (offset,) = unpack_from(order + "I", data, offset + 2 + count * calcsize("HHII"))


def _byte_order(data: bytes) -> Literal["little", "big"]:
    return "little" if data.startswith(b"II") else "big"

"""What a JPEG file carries besides its pixels: segments, further images behind the main one, and padding."""

from __future__ import annotations

from functools import partial
from struct import error as struct_error
from typing import TYPE_CHECKING, Any

from bytefit.codecs.container import AuxiliaryImages, Container, Descriptions, Padding, TrailingData
from bytefit.codecs.descriptions import (
    CENTIMETRE,
    INCH,
    METRE,
    NO_UNIT,
    Density,
    Text,
    comment_in_info,
    decoded,
    density_of,
)
from bytefit.codecs.jpeg.markers import DQT, JPEG_PADDING, behind_picture, markers
from bytefit.codecs.jpeg.multi_picture import carried_index, described_auxiliary_images, with_auxiliary_images

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PIL import Image

    from bytefit.options.policies import Policy
    from bytefit.pictures.frames import Frames

_COM = 0xFE
_XMP, _LONG_XMP = b"http://ns.adobe.com/xap/1.0/\x00", b"http://ns.adobe.com/xmp/extension/\x00"
_JFIF_EXTENSION = b"JFXX\x00"
_APP15 = b"\xff\xef"
_SEGMENT_MOST = 65_535  # bytes of one segment, its two length bytes included

# Segments that the encoder writes itself, or that travel by a save option of their own. The index of a multi-picture
# file goes with the other images, see `bytefit.codecs.jpeg.multi_picture`.
_REWRITTEN = frozenset({"APP0", "APP14"})
_REWRITTEN_CONTENT = (
    *(b"Exif\x00\x00", b"http://ns.adobe.com/xap/1.0/\x00", b"ICC_PROFILE\x00", b"MPF\x00"),
    JPEG_PADDING,
)

# What Pillow raises on an index that is broken.
_BROKEN_INDEX = (OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, OverflowError, struct_error)


def pad(data: bytes, missing: int) -> bytes:
    """Put segments, and fill bytes for a rest too small for one, before the first quantisation table."""
    filling = bytearray()
    least = len(_APP15) + 2 + len(JPEG_PADDING)
    while missing >= least:
        length = min(_SEGMENT_MOST, missing - len(_APP15))
        filling += _APP15 + length.to_bytes(2, "big") + JPEG_PADDING.ljust(length - 2, b"\x00")
        missing -= len(_APP15) + length
    filling += b"\xff" * missing
    place = next(start for marker, start, _ in markers(data) if marker == DQT)
    return data[:place] + filling + data[place:]


def carried(image: Image.Image | Frames, policy: str) -> Mapping[str, Any]:
    """Return every other application segment and comment, as they were."""
    if policy != "keep":
        return {}
    segments = {"extra": other_segments(image)}
    # The comments of a JPEG are among its segments.
    return {**segments, "comment": b""} if hasattr(image, "applist") else segments


def other_segments(image: Image.Image | Frames) -> bytes:
    """Return the segments of an opened JPEG that Pillow would drop: comments, IPTC, thermal data, extended XMP ..."""
    kept_segments = [
        (0xFE if marker == "COM" else 0xE0 + int(marker.removeprefix("APP")), content)
        for marker, content in _other_segments(image)
    ]
    return b"".join(
        bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content for marker, content in kept_segments
    )


def _other_segments(image: Image.Image | Frames) -> list[tuple[str, bytes]]:
    return [
        (marker, content)
        for marker, content in getattr(image, "applist", ())
        if marker not in _REWRITTEN and not content.startswith(_REWRITTEN_CONTENT)
    ]


def selected(carried: Mapping[str, Any], policy: Policy) -> Mapping[str, Any]:
    """Return the other segments without what a policy drops."""
    segments, kept, position = carried.get("extra") or b"", [], 0
    while position + 4 <= len(segments):
        end = position + 2 + int.from_bytes(segments[position + 2 : position + 4], "big")
        content = segment_without_groups(segments[position + 1], segments[position + 4 : end], policy)
        if content:
            kept.append(segments[position : position + 2] + (len(content) + 2).to_bytes(2, "big") + content)
        position = end
    return {"extra": b"".join(kept)}


def segment_without_groups(marker: int, content: bytes, policy: Policy) -> bytes:
    """Return the content of a segment without what a policy drops; empty where the segment goes.

    Profiles, and what says how the samples are coded, are none of its business.
    """
    from bytefit.codecs.groups import exif, iptc, xmp

    if content.startswith(exif.PREFIX):
        return exif.without_groups(content, policy)
    if content.startswith((_XMP, iptc.SEGMENT)):
        is_xmp = content.startswith(_XMP)
        head, edit = (_XMP, xmp.without_groups) if is_xmp else (iptc.SEGMENT, iptc.photoshop_without_groups)
        edited = edit(content[len(head) :], policy)
        return head + edited if edited else b""
    if content.startswith(_LONG_XMP):  # parts of a packet of which any property may go
        stays = policy.keeps("xmp") and not policy.others
    else:
        own = "comment" if marker == _COM else "thumbnail" if content.startswith(_JFIF_EXTENSION) else ""
        stays = policy.keeps(own) if own else policy.others
    return content if stays else b""


def is_one_of_several(image: Image.Image | Frames) -> bool:
    """Return whether an opened JPEG lists further images (CIPA DC-007, tag B001)."""
    if getattr(image, "n_frames", 1) > 1:
        return True
    read_index = getattr(image, "_getmp", None)  # Pillow offers nothing public
    if "mp" not in image.info or read_index is None:
        return False
    try:
        index = read_index()
    except _BROKEN_INDEX:
        return False
    return int((index or {}).get(0xB001, 1)) > 1


def carried_images(data: bytes, name: str) -> TrailingData:
    """Return what stands behind the main image of a file, with the index that has to be corrected in the new one.

    Raises:
        UnsupportedImage: if the index cannot be corrected.
    """
    index, behind = carried_index(data, name), behind_picture(data)
    weight = len(behind) + (0 if index is None else len(index.segment))
    return TrailingData(weight, partial(with_auxiliary_images, index=index, behind=behind))


def with_texts(texts: Sequence[Text]) -> tuple[bytes, Sequence[Text]]:
    """Return a comment segment for each text, and the texts too long for one."""
    lines = [(text, text.line.encode()) for text in texts]
    fitting = [line for _, line in lines if len(line) <= _SEGMENT_MOST - 2]
    segments = b"".join(b"\xff\xfe" + (len(line) + 2).to_bytes(2, "big") + line for line in fitting)
    return segments, [text for text, line in lines if line not in fitting]


def texts_in(image: Image.Image | Frames) -> Sequence[Text]:
    """Return the comments of an opened JPEG."""
    segments = getattr(image, "applist", None)
    if segments is None:
        return comment_in_info(image)
    comments = (content for marker, content in segments if marker == "COM")
    return [Text("", decoded(content.rstrip(b"\x00")), "JPEG comment") for content in comments if content]


def density_in(image: Image.Image | Frames) -> Density | None:
    """Return the density in the JFIF segment. EXIF speaks for itself: Pillow repeats it, or makes up 72 dpi."""
    pair = image.info.get("jfif_density")
    if not isinstance(pair, tuple) or len(pair) != len(("x", "y")):
        return None
    return density_of(pair[0], pair[1], {1: INCH, 2: CENTIMETRE}.get(image.info.get("jfif_unit", 0), NO_UNIT))


def states_density(density: Density, mode: str) -> bool:
    """Return whether a JFIF segment states a density: in whole numbers, and not in files with Adobe's segment."""
    whole = _as_jfif(density)
    return mode != "CMYK" and whole is not None


def with_no_unit(content: bytes) -> bytes:
    """Return the content of a JFIF segment (JFIF 1.02) without a resolution and without its thumbnail."""
    return content[:7] + b"\x00\x00\x01\x00\x01\x00\x00"


def with_density(data: bytes, density: Density) -> bytes:
    """Return a file with another density in its JFIF segment (JFIF 1.02); unchanged where it has none."""
    stated = _as_jfif(density)
    if stated is None or data[6:11] != b"JFIF\x00":
        return data
    return data[:13] + stated + data[18:]


def _as_jfif(density: Density) -> bytes | None:
    """Return unit and numbers of a JFIF segment; None for a density that needs fractions or larger numbers."""
    stated = density.per(INCH) if density.unit == METRE else density
    # PNG counts whole pixels a metre, half of one of which is this much an inch.
    rounding = 0.5 * 0.0254 if density.unit == METRE else 0
    sides = [round(side) for side in (stated.x, stated.y)]
    exact = all(abs(side - one) <= rounding for side, one in zip(sides, (stated.x, stated.y), strict=True))
    if not exact or not all(0 < side <= _SEGMENT_MOST for side in sides):
        return None
    unit = {NO_UNIT: 0, INCH: 1, CENTIMETRE: 2}[stated.unit]
    return bytes([unit]) + b"".join(side.to_bytes(2, "big") for side in sides)


def own_data(image: Image.Image | Frames) -> Sequence[str]:
    """Return words for the segments that only a JPEG holds."""
    named = [(marker, bytes(content[:32].split(b"\x00")[0])) for marker, content in _other_segments(image)]
    names = [(marker, name.decode("ascii", "ignore").strip()) for marker, name in named if marker != "COM"]
    return tuple(
        dict.fromkeys(f"JPEG segment {marker} ({name})" if name else f"JPEG segment {marker}" for marker, name in names)
    )


CONTAINER = Container(
    carried=carried,
    selected=selected,
    descriptions=Descriptions(
        texts=texts_in,
        with_texts=with_texts,
        density=density_in,
        states_density=states_density,
        own_data=own_data,
    ),
    auxiliary_images=AuxiliaryImages(is_one_of_several, described_auxiliary_images, carried_images),
    # Any number of fill bytes may stand before a marker (ITU-T T.81, B.1.1.2).
    padding=Padding(0, pad),
)

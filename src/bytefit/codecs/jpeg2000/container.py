"""What a JPEG 2000 file carries besides its pixels, what of it Pillow would drop, and how it is padded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bytefit.codecs.container import Container, Descriptions, Padding
from bytefit.codecs.descriptions import Text, comment_in_info
from bytefit.codecs.jpeg2000.boxes import lost_in_jpeg2000, metadata_in_jpeg2000
from bytefit.codecs.padding import append_free_box

if TYPE_CHECKING:
    from PIL import Image

    from bytefit.pictures.frames import Frames

_BY_ENCODER = ("Created by OpenJPEG", "Kakadu-")
_CODESTREAM = b"\xff\x4f\xff\x51"
_TILE, _COMMENT = b"\xff\x90", b"\xff\x64"
_SEGMENT_MOST = 65_535  # bytes of one marker segment, its marker left out


def pad(data: bytes, missing: int) -> bytes:
    """Append a free box to a JP2 file; put comments behind the main header of a codestream (15444-1, A.9.2)."""
    if not data.startswith(_CODESTREAM):
        return append_free_box(data, missing)
    filling = bytearray()
    while missing:
        # A comment is seven bytes at least.
        length = missing if missing <= _SEGMENT_MOST + 2 else min(_SEGMENT_MOST + 2, missing - 7)
        filling += (_COMMENT + (length - 2).to_bytes(2, "big")).ljust(length, b"\x00")
        missing -= length
    place = _main_header_end(data)
    return data[:place] + filling + data[place:]


def _main_header_end(data: bytes) -> int:
    """Return where the first tile-part begins: marker segments stand one behind the other up to it.

    Raises:
        ValueError: if there is none.
    """
    place = 2
    while data[place : place + 2] != _TILE:
        if place >= len(data):
            raise ValueError("a codestream without a tile")
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return place


def texts_in(image: Image.Image | Frames) -> tuple[Text, ...]:
    """Return the comment, unless the encoder wrote it by itself."""
    return tuple(text for text in comment_in_info(image) if not text.value.startswith(_BY_ENCODER))


CONTAINER = Container(
    descriptions=Descriptions(texts=texts_in),
    lost=lambda _image, data: lost_in_jpeg2000(data),
    unread_metadata=lambda _image, data: metadata_in_jpeg2000(data),
    padding=Padding(8, pad),
)

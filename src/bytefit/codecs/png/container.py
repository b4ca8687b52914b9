"""What a PNG file carries besides its pixels, what of it Pillow would drop, and how it is padded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bytefit.codecs.container import Container, Padding
from bytefit.codecs.png.chunks import CHUNKS, chunk, chunks_of, colour_chunks, lost_in_png, other_chunks
from bytefit.codecs.png.descriptions import DESCRIPTIONS, unread_descriptions
from bytefit.codecs.png.long_texts import lost_with_long_texts, read_from_long_texts, without_long_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

    from bytefit.pictures.frames import Frames

_END = b"\x00\x00\x00\x00IEND"
# Ancillary, private, safe to copy by editors that do not know it (PNG, 5.4).
_PADDING_CHUNK = b"paDd"


def pad(data: bytes, missing: int) -> bytes:
    """Put a chunk of our own before the end chunk."""
    place = data.rindex(_END)
    return data[:place] + chunk(_PADDING_CHUNK, bytes(missing - 12)) + data[place:]


def carried(image: Image.Image | Frames, policy: str) -> Mapping[str, Any]:
    """Return the chunks that have no save option of their own; or only those that say what the samples mean."""
    if policy == "keep":
        return {"extra": chunks_of(image)}
    return {"extra": colour_chunks(chunks_of(image))} if policy == "orientation+icc" else {}


def unread_metadata(_image: Image.Image, data: bytes) -> Mapping[str, Any]:
    """Return what Pillow does not read: chunks, texts too long for it, pixel density, background."""
    return {CHUNKS: other_chunks(data), **read_from_long_texts(data), **unread_descriptions(data)}


CONTAINER = Container(
    readable=without_long_texts,
    lost=lambda _image, data: lost_in_png(data) or lost_with_long_texts(data),
    unread_metadata=unread_metadata,
    carried=carried,
    descriptions=DESCRIPTIONS,
    # Length, name and checksum of a chunk.
    padding=Padding(12, pad),
)

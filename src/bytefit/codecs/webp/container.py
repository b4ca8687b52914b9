"""What of a WebP file Pillow would drop, and how it is padded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bytefit.codecs.container import Container, Descriptions, Padding
from bytefit.codecs.webp.chunks import lost_in_webp
from bytefit.pictures.frames import Frames

if TYPE_CHECKING:
    from PIL import Image


def pad(data: bytes, missing: int) -> bytes:
    """Add a chunk no decoder knows, which the extended format allows at the end (RFC 9649, 2.7)."""
    body = data[12:]
    if body.startswith(b"VP8 "):
        # Width and height, 14 bits each, follow the frame tag and the start code (RFC 6386, 9.1).
        width, height = (int.from_bytes(body[at : at + 2], "little") & 0x3FFF for at in (14, 16))
        canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        body = b"VP8X" + (10).to_bytes(4, "little") + bytes(4) + canvas + body
        missing -= 18
    body += b"PAD " + (missing - 8).to_bytes(4, "little") + bytes(missing - 8)
    return b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WEBP" + body


def own_data(image: Image.Image | Frames) -> tuple[str, ...]:
    """Return words for a background that somebody chose: encoders write a transparent or a white one by themselves."""
    background = image.info.get("background")
    chosen = isinstance(image, Frames) and background not in {None, (0, 0, 0, 0), (255, 255, 255, 255)}
    return (f"WEBP background {background}",) if chosen else ()


CONTAINER = Container(
    descriptions=Descriptions(own_data=own_data),
    lost=lambda _image, data: lost_in_webp(data),
    # An unknown chunk needs its eight bytes, and the extended header 18 where the file has none. RIFF pads every chunk
    # to an even size.
    padding=Padding(26, pad, even_sizes=True),
)

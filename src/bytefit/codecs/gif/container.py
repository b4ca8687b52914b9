"""What a GIF file carries besides its pixels, and how it is padded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bytefit.codecs.container import Container, Padding
from bytefit.codecs.gif.blocks import BLOCKS, other_blocks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

    from bytefit.pictures.frames import Frames

_TRAILER = b";"
_EXTENSION = b"\x21\xff\x0bBYTEFIT PAD"  # an application of our own; a comment would pass for the user's
_SUB_BLOCK_MOST = 256  # bytes of one sub-block, its length byte included


def pad(data: bytes, missing: int) -> bytes:
    """Put an application extension before the trailer (GIF89a, 26), and name the version that has them."""
    left = missing - len(_EXTENSION) - 1
    filling = bytearray(_EXTENSION)
    while left:
        # A sub-block holds a byte at least: the last but one leaves two for the last.
        length = left if left <= _SUB_BLOCK_MOST else min(_SUB_BLOCK_MOST, left - 2)
        filling += bytes((length - 1,)) + bytes(length - 1)
        left -= length
    place = data.rindex(_TRAILER)
    return b"GIF89a" + data[6:place] + filling + b"\x00" + data[place:]


def carried(image: Image.Image | Frames, policy: str) -> Mapping[str, Any]:
    """Return the blocks that hold no pixels, as they were; comments are among them."""
    if policy != "keep":
        return {}
    blocks = image.info.get(BLOCKS)
    return {"extra": b""} if blocks is None else {"extra": blocks, "comment": b""}


CONTAINER = Container(
    unread_metadata=lambda _image, data: {BLOCKS: other_blocks(data)},
    carried=carried,
    # An extension with one sub-block of two bytes; from there on every size is possible.
    padding=Padding(len(_EXTENSION) + 3, pad),
)

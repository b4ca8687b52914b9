"""GIF files made smaller with every frame as it is stored: needless blocks left out, the pixels packed anew.

It works on the bytes of a file and never looks at what a frame shows, so that what is drawn where, when, and what
becomes of it stays. `bytefit.codecs.gif.codec` draws frames anew.
"""

from __future__ import annotations

from io import BytesIO
from struct import pack
from typing import TYPE_CHECKING

from PIL import Image

from bytefit.codecs.gif.blocks import Stored, blocks_of, is_loop, is_other, packed

if TYPE_CHECKING:
    from collections.abc import Iterator

_SEPARATOR = b"\x2c"


def stored_versions(data: bytes, policy: str) -> Iterator[bytes]:
    """Yield versions of a file that store exactly its frames, each smaller than the one before.

    Args:
        data: the file.
        policy: "keep" for all comments, applications and texts; else none of them but the loop stays.
    """
    try:
        header, blocks = blocks_of(data)
    except ValueError:  # Pillow finds its way through some of these
        return
    kept = [block for block in blocks if _is_kept(block, policy)]
    lean = header + b"".join(block.data for block in kept) + b";"
    smallest = len(data)
    if len(lean) < smallest:
        yield lean
        smallest = len(lean)
    tight = header + b"".join(_repacked(header, block) for block in kept) + b";"
    if len(tight) < smallest:
        yield tight


def _is_kept(block: Stored, policy: str) -> bool:
    if block.is_picture or block.is_control or is_loop(block.data):
        return True
    return policy == "keep" and (is_other(block.data) or block.is_text)


def _repacked(header: bytes, block: Stored) -> bytes:
    """Return a block, the pixels of a picture in order and packed as tightly as Pillow does where that is smaller."""
    if not block.is_picture:
        return block.data
    width, height = (int.from_bytes(block.data[at : at + 2], "little") for at in (5, 7))
    table = block.data[10 : block.pixels]
    # Alone on a screen of its own size: decoders then show its indices as they are.
    alone = b"GIF89a" + pack("<HH", width, height) + header[10:] + _SEPARATOR + bytes(4) + block.data[5:] + b";"
    try:
        with Image.open(BytesIO(alone)) as image:
            image.load()
            if image.mode not in {"P", "L"} or image.size != (width, height):
                return block.data
            indices = Image.frombytes("L", image.size, image.tobytes())
    except Exception:  # noqa: BLE001  (whatever a decoder raises: such a frame stays as it is)
        return block.data
    again = block.data[:9] + bytes([block.data[9] & ~0x40]) + table + packed(indices)
    return again if len(again) < len(block.data) else block.data

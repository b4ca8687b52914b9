"""Makes GIF files smaller without touching the frames: drops needless blocks and compresses the pixels again.

It works on the bytes of a file and never looks at the image: position, duration and disposal of every frame stay.
`bytefit.codecs.gif.codec` renders the frames again.
"""

from __future__ import annotations

from struct import pack
from typing import TYPE_CHECKING

from PIL import Image

from bytefit.codecs.gif.blocks import Block, is_loop, is_metadata, is_profile, lzw_encode, parse_blocks
from bytefit.pictures.opening import UNLIMITED, open_image

if TYPE_CHECKING:
    from collections.abc import Iterator

_IMAGE_SEPARATOR = b"\x2c"


def repacked_versions(data: bytes, policy: str) -> Iterator[bytes]:
    """Yield versions of a file that store exactly its frames, each smaller than the one before.

    Args:
        data: the file.
        policy: "keep" keeps all comments, application and text blocks; "orientation+icc" the loop count and the
            colour profile, "strip" only the loop count.
    """
    try:
        header, blocks = parse_blocks(data)
    except ValueError:  # Pillow can still decode some of these files
        return
    kept = [block for block in blocks if _is_kept(block, policy)]
    lean = header + b"".join(block.data for block in kept) + b";"
    smallest = len(data)
    if len(lean) < smallest:
        yield lean
        smallest = len(lean)
    repacked = header + b"".join(_repacked(header, block) for block in kept) + b";"
    if len(repacked) < smallest:
        yield repacked


def _is_kept(block: Block, policy: str) -> bool:
    if block.is_image or block.is_graphic_control or is_loop(block.data):
        return True
    if is_profile(block.data):
        return policy != "strip"
    return policy == "keep" and (is_metadata(block.data) or block.is_plain_text)


def _repacked(header: bytes, block: Block) -> bytes:
    """Return an image block compressed again without interlacing, if that is smaller; any other block as it is."""
    if not block.is_image:
        return block.data
    width, height = (int.from_bytes(block.data[at : at + 2], "little") for at in (5, 7))
    table = block.data[10 : block.pixel_offset]
    # As the only frame of a file of its own size, so that decoders return the indices unchanged.
    alone = b"GIF89a" + pack("<HH", width, height) + header[10:] + _IMAGE_SEPARATOR + bytes(4) + block.data[5:] + b";"
    try:
        with open_image(alone, UNLIMITED) as image:
            image.load()
            if image.mode not in {"P", "L"} or image.size != (width, height):
                return block.data
            indices = Image.frombytes("L", image.size, image.tobytes())
    except Exception:  # noqa: BLE001  (whatever a decoder raises: such a frame stays as it is)
        return block.data
    repacked = block.data[:9] + bytes([block.data[9] & ~0x40]) + table + lzw_encode(indices)
    return repacked if len(repacked) < len(block.data) else block.data

"""Writes the blocks of a GIF file (GIF89a specification, CompuServe 1990), and reads them without decoding pixels.

Pillow's LZW compresses the pixels. `bytefit.codecs.gif.frame_differences` chooses the pixels and their palette.
"""

from __future__ import annotations

from io import BytesIO
from struct import pack
from typing import TYPE_CHECKING, NamedTuple

from PIL import ImageFile

from bytefit.codecs.descriptions import NO_UNIT, Density, density_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from PIL import Image

    from bytefit.options.policies import Policy

# The key in `info` under which `bytefit.sources.reading` stores the metadata blocks of a file.
BLOCKS = "gif_blocks"

# Disposal methods: what a decoder does to the rectangle of a frame before it shows the next one.
KEEP, CLEAR, RESTORE = 1, 2, 3

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_CONTROL, _COMMENT, _APPLICATION, _PLAIN_TEXT = 0xF9, 0xFE, 0xFF, 0x01
_SUB_BLOCK = 255
_XMP, _PROFILE = b"\x21\xff\x0bXMP DataXMP", b"\x21\xff\x0bICCRGBG1012"
# However a reader lands in it after a packet that it takes for sub-blocks, these bytes lead it to the end.
_XMP_TRAILER = b"\x01" + bytes(range(255, -1, -1)) + b"\x00"
_ASPECT_UNIT, _ASPECT_LEAST = 64, 15
# The loop count and the padding of `bytefit.codecs.gif.container` are written for each file, never carried along.
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_REWRITTEN = (*_LOOPS, b"BYTEFIT PAD")
_HEADER = 13


class Block(NamedTuple):
    """A complete block of a file.

    Attributes:
        data: its bytes.
        pixel_offset: the offset of the compressed pixels in an image block.
    """

    data: bytes
    pixel_offset: int

    @property
    def is_image(self) -> bool:
        """Whether this is an image block."""
        return self.data[0] == _IMAGE

    @property
    def is_graphic_control(self) -> bool:
        """Whether this block sets delay, transparency and disposal of the image that follows."""
        return self.data[:2] == bytes((_EXTENSION, _CONTROL))

    @property
    def is_plain_text(self) -> bool:
        """Whether this block is text to be rendered over the image, which hardly any decoder supports."""
        return self.data[:2] == bytes((_EXTENSION, _PLAIN_TEXT))


class GifFrame(NamedTuple):
    """One frame as a GIF file stores it.

    Attributes:
        indices: the colour indices of its rectangle, mode P or L.
        left, top: the position of the rectangle on the canvas.
        transparent_index: the index whose pixels leave the canvas unchanged, or None.
        palette: the local colours, three bytes each; empty if the frame uses the global palette.
        delay: hundredths of a second until the next frame.
        disposal: `KEEP`, `CLEAR` or `RESTORE`.
        lzw_data: the compressed indices, see `lzw_encode`.
    """

    indices: Image.Image
    left: int
    top: int
    transparent_index: int | None
    palette: bytes
    delay: int
    disposal: int
    lzw_data: bytes


def assemble_file(
    size: tuple[int, int],
    palette: bytes,
    frames: Iterable[GifFrame],
    *,
    repeats: int | None,
    blocks: bytes,
    density: Density | None = None,
) -> bytes:
    """Return a GIF file.

    Args:
        size: width and height of the canvas, in pixels.
        palette: the global palette, for frames without a local one; three bytes for each colour.
        frames: the frames, in order.
        repeats: how often the animation repeats after the first play, 0 without end; None writes no loop count.
        blocks: metadata blocks, see `other_blocks`.
        density: the shape of a pixel; None for a square.
    """
    gif_frames = list(frames)
    table, flags = _table(b"" if all(frame.palette for frame in gif_frames) else palette)
    parts = [b"GIF89a", pack("<HHBBB", *size, flags, 0, (density and aspect_byte(density)) or 0), table]
    if repeats is not None:
        parts.append(b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + pack("<H", repeats) + b"\x00")
    parts.append(blocks)
    for frame in gif_frames:
        parts += _frame_blocks(frame)
    return b"".join(parts) + bytes([_TRAILER])


def comment_block(comment: bytes) -> bytes:
    """Return a comment extension."""
    pieces = (comment[at : at + _SUB_BLOCK] for at in range(0, len(comment), _SUB_BLOCK))
    return b"\x21\xfe" + b"".join(bytes([len(piece)]) + piece for piece in pieces) + b"\x00"


def xmp_block(packet: bytes) -> bytes:
    """Return an application extension with an XMP packet (ISO 16684-3, 1.1.2), undivided."""
    return _XMP + packet + _XMP_TRAILER


def profile_block(profile: bytes) -> bytes:
    """Return an application extension with a colour profile (ICC.1:2010, annex B.6)."""
    return _PROFILE + comment_block(profile)[2:]


def metadata_in(blocks: bytes) -> dict[str, bytes]:
    """Return XMP and colour profile among some blocks, under Pillow's `info` keys for other formats."""
    found = {}
    for block in _blocks(bytes(_HEADER) + blocks):
        if block.data.startswith(_XMP) and block.data.endswith(_XMP_TRAILER):
            found["xmp"] = block.data[len(_XMP) : -len(_XMP_TRAILER)]
        elif block.data.startswith(_PROFILE):
            found["icc_profile"] = _joined(block.data[len(_PROFILE) :])
    return found


def comments_in(blocks: bytes) -> list[bytes]:
    """Return the comments among some blocks."""
    every = (block.data for block in _blocks(bytes(_HEADER) + blocks))
    return [_joined(block[2:]) for block in every if block[:2] == bytes((_EXTENSION, _COMMENT))]


def applications_in(blocks: bytes) -> list[str]:
    """Return the names of the application extensions among some blocks, XMP and colour profile left out."""
    every = (block.data for block in _blocks(bytes(_HEADER) + blocks))
    known = (_XMP, _PROFILE)
    return [
        block[3:14].decode("latin-1") for block in every if block[1] == _APPLICATION and not block.startswith(known)
    ]


def has_plain_text(data: bytes) -> bool:
    """Return whether a file has text to be rendered over its frames."""
    return any(block.is_plain_text for block in _blocks(data))


def is_profile(block: bytes) -> bool:
    """Return whether a block is a colour profile."""
    return block.startswith(_PROFILE)


def without_profile(blocks: bytes) -> bytes:
    """Return some blocks without colour profiles."""
    return b"".join(block.data for block in _blocks(bytes(_HEADER) + blocks) if not is_profile(block.data))


def without_groups(blocks: bytes, policy: Policy) -> bytes:
    """Return some blocks without what a policy drops."""
    from bytefit.codecs.groups import xmp

    kept = []
    for block in _blocks(bytes(_HEADER) + blocks):
        data = block.data
        if data.startswith(_XMP) and data.endswith(_XMP_TRAILER):
            packet = xmp.without_groups(data[len(_XMP) : -len(_XMP_TRAILER)], policy)
            kept += [xmp_block(packet)] if packet else []
        elif data[1] == _COMMENT or is_profile(data):
            kept += [data] if policy.keeps("comment" if data[1] == _COMMENT else "icc") else []
        else:
            kept += [data] if policy.others else []
    return b"".join(kept)


def aspect_of(data: bytes) -> Density | None:
    """Return the shape of a pixel that the header states (GIF89a, 18), in 64ths of width over height."""
    stated = data[12] if len(data) > 12 else 0  # noqa: PLR2004
    return density_of(_ASPECT_UNIT, stated + _ASPECT_LEAST, NO_UNIT) if stated else None


def aspect_byte(density: Density) -> int | None:
    """Return the byte of the header for the shape of a pixel, None where it is too thin or too flat."""
    stated = round(_ASPECT_UNIT * density.y / density.x) - _ASPECT_LEAST
    return stated if 0 < stated < 1 << 8 else None


def other_blocks(data: bytes) -> bytes:
    """Return the metadata blocks of a file: comments, XMP, colour profiles; of a truncated file the complete ones."""
    return b"".join(block.data for block in _blocks(data) if is_metadata(block.data))


def parse_blocks(data: bytes) -> tuple[bytes, list[Block]]:
    """Return the header of a file with its global palette, and the blocks up to the trailer.

    Raises:
        ValueError: if the file is not a GIF, or ends within a block.
    """
    start = _HEADER + _table_bytes(data[10:11])
    if not data.startswith((b"GIF87a", b"GIF89a")) or len(data) < start:
        raise ValueError("the file has no complete GIF header")
    blocks = list(_blocks(data))
    end = start + sum(len(block.data) for block in blocks)
    if end > len(data) or data[end : end + 1] not in {b"", bytes([_TRAILER])}:
        raise ValueError(f"there is no block at byte {min(end, len(data))}")
    return data[:start], blocks


def is_metadata(block: bytes) -> bool:
    """Return whether a block is a comment, or an application extension except the loop count and our padding."""
    if block[0] != _EXTENSION:
        return False
    return block[1] == _COMMENT or (block[1] == _APPLICATION and block[3:14] not in _REWRITTEN)


def is_loop(block: bytes) -> bool:
    """Return whether a block holds the loop count."""
    return block[:2] == bytes((_EXTENSION, _APPLICATION)) and block[3:14] in _LOOPS


def _blocks(data: bytes) -> Iterator[Block]:
    """Yield each complete block up to the trailer, or up to the first block that is truncated or unknown."""
    position = _HEADER + _table_bytes(data[10:11])
    while position + 1 < len(data):
        start = pixels = position
        if data[position] == _EXTENSION:
            position = _end_of_sub_blocks(data, position + 2)
        elif data[position] == _IMAGE:
            pixels = position + 10 + _table_bytes(data[position + 9 : position + 10])
            position = _end_of_sub_blocks(data, pixels + 1)
        else:
            return
        if position > len(data):
            return
        yield Block(data[start:position], pixels - start)


def _joined(sub_blocks: bytes) -> bytes:
    """Return the content of sub-blocks."""
    content, position = b"", 0
    while position < len(sub_blocks) and sub_blocks[position]:
        content += sub_blocks[position + 1 : position + 1 + sub_blocks[position]]
        position += 1 + sub_blocks[position]
    return content


def _end_of_sub_blocks(data: bytes, position: int) -> int:
    while position < len(data) and data[position]:
        position += 1 + data[position]
    return position + 1


def _table_bytes(flags: bytes) -> int:
    return 3 << ((flags[0] & 7) + 1) if flags and flags[0] & 0x80 else 0


def _table(palette: bytes) -> tuple[bytes, int]:
    """Return a colour table padded to a power of two entries, and the flags that announce it."""
    if not palette:
        return b"", 0
    exponent = max(1, (len(palette) // 3 - 1).bit_length())
    return palette.ljust(3 << exponent, b"\x00"), 0x80 | (exponent - 1)


def _frame_blocks(frame: GifFrame) -> list[bytes]:
    """Return the graphic control block, the image descriptor, the local palette and the pixels of a frame."""
    table, flags = _table(frame.palette)
    control = frame.disposal << 2 | (frame.transparent_index is not None)
    return [
        pack("<BBBBHBB", _EXTENSION, _CONTROL, 4, control, frame.delay, frame.transparent_index or 0, 0),
        pack("<BHHHHB", _IMAGE, frame.left, frame.top, *frame.indices.size, flags),
        table,
        frame.lzw_data,
    ]


def lzw_encode(indices: Image.Image) -> bytes:
    """Return colour indices, mode L, compressed by LZW with the shortest initial codes that hold the highest index."""
    highest = max(index for index, count in enumerate(indices.histogram()) if count)
    bits = max(2, highest.bit_length())
    pixels = indices.copy()
    # Pillow's GIF encoder reads this attribute: the initial bits of a code, and whether rows are interlaced.
    pixels.encoderconfig = (bits, 0)
    buffer = BytesIO()
    ImageFile._save(pixels, buffer, [ImageFile._Tile("gif", (0, 0, *pixels.size), 0, pixels.mode)])  # noqa: SLF001
    return bytes([bits]) + buffer.getvalue() + b"\x00"

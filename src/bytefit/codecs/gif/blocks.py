"""The blocks of a GIF file (GIF89a specification, CompuServe 1990): written, and those that hold no pixels read.

Pixels are packed by Pillow's LZW; which pixels, in which palette, is for `bytefit.codecs.gif.frame_differences` to say.
"""

from __future__ import annotations

from io import BytesIO
from struct import pack
from typing import TYPE_CHECKING, NamedTuple

from PIL import ImageFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from PIL import Image

# Under this name `bytefit.sources.reading` puts the blocks of a file that hold no pixels into `info`.
BLOCKS = "gif_blocks"

# What is done to a frame's rectangle before the next one is drawn.
KEEP, CLEAR, RESTORE = 1, 2, 3

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_CONTROL, _COMMENT, _APPLICATION, _PLAIN_TEXT = 0xF9, 0xFE, 0xFF, 0x01
_SUB_BLOCK = 255
# The loop, and what `bytefit.codecs.padding` adds, are written anew.
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_REWRITTEN = (*_LOOPS, b"BYTEFIT PAD")
_HEADER = 13


class Stored(NamedTuple):
    """A whole block of a file.

    Attributes:
        data: its bytes.
        pixels: in a picture, where its packed pixels begin.
    """

    data: bytes
    pixels: int

    @property
    def is_picture(self) -> bool:
        """Whether it is drawn."""
        return self.data[0] == _IMAGE

    @property
    def is_control(self) -> bool:
        """Whether it says how the picture behind it is drawn."""
        return self.data[:2] == bytes((_EXTENSION, _CONTROL))

    @property
    def is_text(self) -> bool:
        """Whether it is a text that is drawn, which hardly any decoder does."""
        return self.data[:2] == bytes((_EXTENSION, _PLAIN_TEXT))


class Drawn(NamedTuple):
    """One frame as it is stored.

    Attributes:
        indexed: the pixels of its rectangle, mode P or L, as indices.
        left, top: where the rectangle stands.
        transparent: the index that lets through what was there before, or None.
        palette: its own colours, three bytes each; empty for those of the file.
        delay: hundredths of a second until the next frame.
        disposal: `KEEP`, `CLEAR` or `RESTORE`.
        packed: the indices as they stand in the file, see `packed`.
    """

    indexed: Image.Image
    left: int
    top: int
    transparent: int | None
    palette: bytes
    delay: int
    disposal: int
    packed: bytes


def written(
    size: tuple[int, int], palette: bytes, frames: Iterable[Drawn], *, repeats: int | None, blocks: bytes
) -> bytes:
    """Return a file.

    Args:
        size: width and height of all of it, in pixels.
        palette: colours for the frames that have none of their own, three bytes each.
        frames: what is drawn, in order.
        repeats: how often the animation is shown again, 0 for ever; None for a file that is shown once.
        blocks: whole blocks without pixels, see `other_blocks`.
    """
    drawn = list(frames)
    table, flags = _table(b"" if all(frame.palette for frame in drawn) else palette)
    parts = [b"GIF89a", pack("<HHBBB", *size, flags, 0, 0), table]
    if repeats is not None:
        parts.append(b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + pack("<H", repeats) + b"\x00")
    parts.append(blocks)
    for frame in drawn:
        parts += _drawn(frame)
    return b"".join(parts) + bytes([_TRAILER])


def comment_block(comment: bytes) -> bytes:
    """Return a comment extension."""
    pieces = (comment[at : at + _SUB_BLOCK] for at in range(0, len(comment), _SUB_BLOCK))
    return b"\x21\xfe" + b"".join(bytes([len(piece)]) + piece for piece in pieces) + b"\x00"


def other_blocks(data: bytes) -> bytes:
    """Return the blocks of a file that hold no pixels and stay true beside other pixels: comments, XMP, profiles.

    Of a file that is cut off those before the cut.
    """
    return b"".join(block.data for block in _blocks(data) if is_other(block.data))


def blocks_of(data: bytes) -> tuple[bytes, list[Stored]]:
    """Return the header of a file, with its colours, and its blocks up to the trailer.

    Raises:
        ValueError: if it is no GIF, or ends within a block.
    """
    start = _HEADER + _table_bytes(data[10:11])
    if not data.startswith((b"GIF87a", b"GIF89a")) or len(data) < start:
        raise ValueError("it has no whole header")
    blocks = list(_blocks(data))
    end = start + sum(len(block.data) for block in blocks)
    if end > len(data) or data[end : end + 1] not in {b"", bytes([_TRAILER])}:
        raise ValueError(f"there is no block at byte {min(end, len(data))}")
    return data[:start], blocks


def is_other(block: bytes) -> bool:
    """Return whether a block is a comment, or of an application other than the loop and our own padding."""
    if block[0] != _EXTENSION:
        return False
    return block[1] == _COMMENT or (block[1] == _APPLICATION and block[3:14] not in _REWRITTEN)


def is_loop(block: bytes) -> bool:
    """Return whether a block says how often the animation is shown."""
    return block[:2] == bytes((_EXTENSION, _APPLICATION)) and block[3:14] in _LOOPS


def _blocks(data: bytes) -> Iterator[Stored]:
    """Yield each block, as far as the file goes; one that is cut off is longer than it."""
    position = _HEADER + _table_bytes(data[10:11])
    while position + 1 < len(data):
        start = pixels = position
        if data[position] == _EXTENSION:
            position = _behind_sub_blocks(data, position + 2)
        elif data[position] == _IMAGE:
            pixels = position + 10 + _table_bytes(data[position + 9 : position + 10])
            position = _behind_sub_blocks(data, pixels + 1)
        else:
            return
        if position > len(data):
            return
        yield Stored(data[start:position], pixels - start)


def _behind_sub_blocks(data: bytes, position: int) -> int:
    while position < len(data) and data[position]:
        position += 1 + data[position]
    return position + 1


def _table_bytes(flags: bytes) -> int:
    return 3 << ((flags[0] & 7) + 1) if flags and flags[0] & 0x80 else 0


def _table(palette: bytes) -> tuple[bytes, int]:
    """Return a colour table filled up to a power of two, and the flags that announce it."""
    if not palette:
        return b"", 0
    exponent = max(1, (len(palette) // 3 - 1).bit_length())
    return palette.ljust(3 << exponent, b"\x00"), 0x80 | (exponent - 1)


def _drawn(frame: Drawn) -> list[bytes]:
    """Return the control block, the descriptor, the colours and the pixels of a frame."""
    table, flags = _table(frame.palette)
    control = frame.disposal << 2 | (frame.transparent is not None)
    return [
        pack("<BBBBHBB", _EXTENSION, _CONTROL, 4, control, frame.delay, frame.transparent or 0, 0),
        pack("<BHHHHB", _IMAGE, frame.left, frame.top, *frame.indexed.size, flags),
        table,
        frame.packed,
    ]


def packed(indexed: Image.Image) -> bytes:
    """Return the indices of a picture, mode L, packed by LZW; codes begin as short as the highest index lets them."""
    highest = max(index for index, count in enumerate(indexed.histogram()) if count)
    bits = max(2, highest.bit_length())
    pixels = indexed.copy()
    # Where Pillow's encoders look for it: the bits of a code at first, and whether rows are interlaced.
    pixels.encoderconfig = (bits, 0)
    buffer = BytesIO()
    ImageFile._save(pixels, buffer, [ImageFile._Tile("gif", (0, 0, *pixels.size), 0, pixels.mode)])  # noqa: SLF001
    return bytes([bits]) + buffer.getvalue() + b"\x00"

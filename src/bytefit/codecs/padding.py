"""Filling a finished file up to exactly the budget, inside its container, so that it stays a valid file."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

from bytefit.codecs.boxes import box, closed, free_box
from bytefit.codecs.jpeg.markers import DQT, JPEG_PADDING, markers
from bytefit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_APP15 = b"\xff\xef"
_SEGMENT_MOST = 65_535  # bytes of one segment, its two length bytes included

# Files whose sizes are even: RIFF pads every chunk.
_EVEN = frozenset({"WEBP"})

_PNG_END = b"\x00\x00\x00\x00IEND"
# Ancillary, private, safe to copy by editors that do not know it (PNG, 5.4).
_PNG_CHUNK = b"paDd"

_GIF_TRAILER = b";"
_GIF_EXTENSION = b"\x21\xff\x0bBYTEFIT PAD"  # an application of our own; a comment would pass for the user's
_GIF_BLOCK_MOST = 256  # bytes of one sub-block, its length byte included

_J2K_START = b"\xff\x4f\xff\x51"
_J2K_TILE, _J2K_COMMENT = b"\xff\x90", b"\xff\x64"

_JXL_CODESTREAM = b"\xff\x0a"
_JXL_CONTAINER = b"\x00\x00\x00\x0cJXL \r\n\x87\n" + box(b"ftyp", b"jxl \x00\x00\x00\x00jxl ")


def least_padding(codec_format: str, budget: int) -> int:
    """Return by how many bytes an encoding has to stay below `budget` so that `pad` can fill it.

    Raises:
        ConfigError: if no file of that format can have this size, or none can be filled.
    """
    if codec_format not in _LEAST:
        raise ConfigError(f"a {codec_format} file cannot be filled to an exact size: leave exact out")
    if codec_format in _EVEN and budget % 2:
        raise ConfigError(
            f"a {codec_format} file cannot have exactly {budget} bytes: RIFF files have even sizes; ask for one less"
        )
    return _LEAST[codec_format]


def pad(data: bytes, codec_format: str, budget: int) -> bytes:
    """Return `data` filled up to exactly `budget` bytes; where it has fewer, it must leave `least_padding` free."""
    if len(data) == budget:
        return data
    padded = _FILLED[codec_format](data, budget - len(data))
    assert len(padded) == budget, (codec_format, len(data), len(padded), budget)
    return padded


def _pad_jpeg(data: bytes, missing: int) -> bytes:
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


def _pad_webp(data: bytes, missing: int) -> bytes:
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


def _pad_png(data: bytes, missing: int) -> bytes:
    """Put a chunk of our own before the end chunk."""
    place = data.rindex(_PNG_END)
    chunk = _PNG_CHUNK + bytes(missing - 12)
    filling = (missing - 12).to_bytes(4, "big") + chunk + crc32(chunk).to_bytes(4, "big")
    return data[:place] + filling + data[place:]


def _pad_gif(data: bytes, missing: int) -> bytes:
    """Put an application extension before the trailer (GIF89a, 26), and name the version that has them."""
    left = missing - len(_GIF_EXTENSION) - 1
    filling = bytearray(_GIF_EXTENSION)
    while left:
        # A sub-block holds a byte at least: the last but one leaves two for the last.
        length = left if left <= _GIF_BLOCK_MOST else min(_GIF_BLOCK_MOST, left - 2)
        filling += bytes((length - 1,)) + bytes(length - 1)
        left -= length
    place = data.rindex(_GIF_TRAILER)
    return b"GIF89a" + data[6:place] + filling + b"\x00" + data[place:]


def _pad_tiff(data: bytes, missing: int) -> bytes:
    """Put bytes behind everything: what no directory points to is nothing of the picture (TIFF 6.0, section 2)."""
    return data + bytes(missing)


def _pad_boxes(data: bytes, missing: int) -> bytes:
    """Append a free box (ISO/IEC 14496-12, 8.1.2)."""
    return closed(data) + free_box(missing)


def _pad_jpeg2000(data: bytes, missing: int) -> bytes:
    """Append a free box to a JP2 file; put comments behind the main header of a codestream (15444-1, A.9.2)."""
    if not data.startswith(_J2K_START):
        return _pad_boxes(data, missing)
    filling = bytearray()
    while missing:
        # A comment is seven bytes at least.
        length = missing if missing <= _SEGMENT_MOST + 2 else min(_SEGMENT_MOST + 2, missing - 7)
        filling += (_J2K_COMMENT + (length - 2).to_bytes(2, "big")).ljust(length, b"\x00")
        missing -= length
    place = _main_header_end(data)
    return data[:place] + filling + data[place:]


def _main_header_end(data: bytes) -> int:
    """Return where the first tile-part begins: marker segments stand one behind the other up to it."""
    place = 2
    while data[place : place + 2] != _J2K_TILE:
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return place


def _pad_jxl(data: bytes, missing: int) -> bytes:
    """Append a free box, to a bare codestream after putting it into a container (ISO/IEC 18181-2, 9)."""
    if not data.startswith(_JXL_CODESTREAM):
        return _pad_boxes(data, missing)
    held = _JXL_CONTAINER + box(b"jxlc", data)
    return held + free_box(missing - (len(held) - len(data)))


# JPEG: any number of fill bytes may stand before a marker (ITU-T T.81, B.1.1.2). WebP: an unknown chunk needs its
# eight bytes, and the extended header 18 where the file has none. PNG: length, name and checksum of a chunk. GIF: an
# extension with one sub-block of two bytes; from there on every size is possible. Free boxes: length and name. JPEG XL:
# a free box, and 40 bytes of a container where the file has none.
_LEAST: Mapping[str, int] = {
    "JPEG": 0,
    "WEBP": 26,
    "AVIF": 8,
    "PNG": 12,
    "GIF": len(_GIF_EXTENSION) + 3,
    "TIFF": 0,
    "JPEG2000": 8,
    "HEIF": 8,
    "JXL": len(_JXL_CONTAINER) + 8 + 8,
}
_FILLED: Mapping[str, Callable[[bytes, int], bytes]] = {
    "JPEG": _pad_jpeg,
    "WEBP": _pad_webp,
    "AVIF": _pad_boxes,
    "PNG": _pad_png,
    "GIF": _pad_gif,
    "TIFF": _pad_tiff,
    "JPEG2000": _pad_jpeg2000,
    "HEIF": _pad_boxes,
    "JXL": _pad_jxl,
}

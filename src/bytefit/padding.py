"""Filling a finished file up to exactly the budget, inside its container, so that it stays a valid file."""

from __future__ import annotations

from bytefit.codecs.jpeg_markers import DQT, JPEG_PADDING, markers
from bytefit.errors import ConfigError

_APP15 = b"\xff\xef"
_SEGMENT_MOST = 65_535  # bytes of one segment, its two length bytes included


def least_padding(codec_format: str, budget: int) -> int:
    """Return by how many bytes an encoding has to stay below `budget` so that `pad` can fill it.

    Raises:
        ConfigError: if no file of that format can have this size.
    """
    if codec_format == "WEBP" and budget % 2:
        raise ConfigError(
            f"a WEBP file cannot have exactly {budget} bytes: RIFF files have even sizes; ask for one less"
        )
    # JPEG: any number of fill bytes may stand before a marker (ITU-T T.81, B.1.1.2). WebP: an unknown chunk needs its
    # eight bytes, and the extended header 18 where the file has none. AVIF: a free box needs its eight.
    return {"JPEG": 0, "WEBP": 26, "AVIF": 8}[codec_format]


def pad(data: bytes, codec_format: str, budget: int) -> bytes:
    """Return `data` filled up to exactly `budget` bytes; where it has fewer, it must leave `least_padding` free."""
    if len(data) == budget:
        return data
    padded = {"JPEG": _pad_jpeg, "WEBP": _pad_webp, "AVIF": _pad_avif}[codec_format](data, budget - len(data))
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


def _pad_avif(data: bytes, missing: int) -> bytes:
    """Append a free box (ISO/IEC 14496-12, 8.1.2)."""
    return data + missing.to_bytes(4, "big") + b"free" + bytes(missing - 8)

"""Finds the parts of a JPEG XL file (ISO/IEC 18181-1 and -2) that pillow-jxl-plugin would silently drop."""

from __future__ import annotations

from bytefit.codecs.boxes import boxes
from bytefit.codecs.container import HighDepth

_CONTAINER = b"\x00\x00\x00\x0cJXL \r\n\x87\n"
_CODESTREAM = b"\xff\x0a"

# The frame index and the data for restoring a JPEG do not apply to an image that is encoded again.
_KNOWN = frozenset({b"JXL ", b"ftyp", b"jxll", b"jxli", b"jxlc", b"jxlp", b"jbrd", b"Exif", b"xml ", b"free", b"skip"})

_DEPTH = 8


def codestream_in(data: bytes) -> bytes:
    """Return the codestream of a JPEG XL file; a container may hold it in several parts."""
    if not data.startswith(_CONTAINER):
        return data
    parts = []
    for name, start, end in boxes(data):
        if name == b"jxlc":
            parts.append(data[start:end])
        elif name == b"jxlp":
            parts.append(data[start + 4 : end])
    return b"".join(parts)


def metadata_in_jxl(data: bytes) -> dict[str, bytes]:
    """Return the metadata that pillow-jxl-plugin does not read, under Pillow's `info` keys for other formats."""
    if not data.startswith(_CONTAINER):
        return {}
    blocks = [data[start:end] for name, start, end in boxes(data) if name == b"xml "]
    return {"xmp": blocks[0]} if blocks else {}


def lost_in_jxl(data: bytes) -> str | None:
    """Return words for content of a JPEG XL file that pillow-jxl-plugin would silently drop, or None.

    The metadata that `metadata_in_jxl` returns is not lost.
    """
    for name, start, end in boxes(data) if data.startswith(_CONTAINER) else ():
        if name not in _KNOWN:
            kind = data[start : start + 4] if name == b"brob" else name
            return f"a box {kind.decode('latin-1')!r} of {end - start} bytes"
    stream = codestream_in(data)
    return _lost_in_codestream(_Bits(stream[2:])) if stream.startswith(_CODESTREAM) else None


class _Bits:
    """The bits of a header, lowest bit of each byte first."""

    def __init__(self, data: bytes) -> None:
        self._bits = int.from_bytes(data[:64], "little")

    def take(self, count: int) -> int:
        value = self._bits & ((1 << count) - 1)
        self._bits >>= count
        return value

    def choice(self, *distributions: tuple[int, int]) -> int:
        """Return a number in U32 coding: two bits select one of four (least value, number of further bits)."""
        least, count = distributions[self.take(2)]
        return least + self.take(count)


def _lost_in_codestream(bits: _Bits) -> str | None:
    """Read the size header and the image metadata (18181-1, annexes D.2 and D.3)."""
    _skip_size(bits)
    if bits.take(1):  # all fields have their default
        return None
    if bits.take(1):
        bits.take(3)  # the orientation, which the decoder applies
        if bits.take(1):
            _skip_size(bits)
        if bits.take(1):
            return "a preview"
        if bits.take(1):
            return "an animation"
    if bits.take(1):
        return "floating-point samples"
    depth = bits.choice((8, 0), (10, 0), (12, 0), (1, 6))
    deep = HighDepth(f"{depth} bits a channel") if depth > _DEPTH else None  # libjxl rounds them
    return _lost_channels(bits) or deep


def _lost_channels(bits: _Bits) -> str | None:
    bits.take(1)  # whether 16-bit buffers suffice to decode
    count = bits.choice((0, 0), (1, 0), (2, 4), (1, 12))
    if count > 1:
        return f"{count} extra channels"
    if count == 1 and not bits.take(1) and bits.choice((0, 0), (1, 0), (2, 4), (18, 6)):
        return "an extra channel that is not transparency"
    return None


def _skip_size(bits: _Bits) -> None:
    eighths = bits.take(1)
    _skip_side(bits, eighths)
    if not bits.take(3):  # no common ratio
        _skip_side(bits, eighths)


def _skip_side(bits: _Bits, eighths: int) -> None:
    if eighths:
        bits.take(5)
    else:
        bits.choice((1, 9), (1, 13), (1, 18), (1, 30))

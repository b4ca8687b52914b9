"""The chunks of a WebP file (RFC 9649), as far as one can be lost without Pillow saying so."""

from __future__ import annotations

# What Pillow reads, and what `bytefit.padding` adds.
_KNOWN = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP", b"EXIF", b"XMP ", b"PAD "})


def lost_in_webp(data: bytes) -> str | None:
    """Return what a WebP file holds that Pillow would drop in silence, or None."""
    end = min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    position = 12
    while position + 8 <= end:
        name, size = data[position : position + 4], int.from_bytes(data[position + 4 : position + 8], "little")
        if name not in _KNOWN:
            return f"a chunk {name.decode('latin-1')!r} of {size} bytes"
        position += 8 + size + size % 2
    behind = data[end:].strip(b"\x00")
    return f"{len(behind)} bytes behind its picture" if behind else None

"""Reads the chunks of a PNG file (W3C PNG, third edition), carries them to another file, and names what Pillow drops.

It works on bytes and on the `info` of an opened image, and encodes no pixels.
"""

from __future__ import annotations

import zlib
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from bytefit.codecs.container import HighDepth
from bytefit.codecs.descriptions import METRE, NO_UNIT, Density

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from PIL import Image

    from bytefit.pictures.frames import Frames

SIGNATURE = b"\x89PNG\r\n\x1a\n"

# The key in `info` under which `bytefit.sources.reading` stores the chunks of a file.
CHUNKS = "png_chunks"

# Chunks that make up the pixels, or that describe the palette or the depth of the source.
_STRUCTURE = frozenset(
    {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"bKGD", b"hIST", b"sBIT", b"sPLT", b"acTL", b"fcTL"}
)
_STRUCTURE |= {b"fdAT", b"tIME"}  # tIME is the time of the last change, which compressing is

# Chunks with a save option of their own.
_BY_OPTION = frozenset({b"iCCP", b"eXIf", b"pHYs"})
_XMP = b"XML:com.adobe.xmp\x00"

# Chunks that define the colour space must precede the palette.
COLOUR_CHUNKS = frozenset({b"iCCP", b"gAMA", b"cHRM", b"sRGB", b"cICP", b"mDCV", b"cLLI"})

# Chunks of colour spaces that eight bits for each RGB channel cannot represent.
_OTHER_COLOURS = frozenset({b"cICP", b"mDCV", b"cLLI"})

_RATIO_TERMS = 1_000_000
_HEADER, _HIGH_DEPTH = 13, 16  # bytes of an IHDR; bits


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes, int, int]]:
    """Yield (name, content, start, end) of each complete chunk of a PNG file."""
    position = len(SIGNATURE)
    while position + 12 <= len(data):
        length, name = int.from_bytes(data[position : position + 4], "big"), data[position + 4 : position + 8]
        if position + 12 + length > len(data):
            return
        yield name, data[position + 8 : position + 8 + length], position, position + 12 + length
        position += 12 + length


def chunk(name: bytes, content: bytes) -> bytes:
    """Return a chunk with its length and checksum."""
    return len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")


def lost_in_png(data: bytes) -> str | None:
    """Return words for content of a PNG file that Pillow would silently drop, or None."""
    deep = animated = False
    for name, content, *_ in chunks(data):
        depth, colour_type = content[8:10] if name == b"IHDR" and len(content) == _HEADER else (8, 0)
        deep |= depth == _HIGH_DEPTH and colour_type != 0  # Pillow reads 16-bit grey in full
        animated |= name == b"acTL"
        if name in _OTHER_COLOURS:
            return f"colours of its own (chunk {name.decode()})"
    words = "16 bits a channel"
    return None if not deep else words if animated else HighDepth(words)


def other_chunks(data: bytes) -> bytes:
    """Return the chunks of a file that remain valid for other pixels and have no save option of their own."""
    kept = (data[start:end] for name, content, start, end in chunks(data) if _is_other(name, content))
    return b"".join(kept)


def _is_other(name: bytes, content: bytes) -> bool:
    critical = not name[:1].islower()
    return not (critical or name in _STRUCTURE or name in _BY_OPTION or (name == b"iTXt" and content.startswith(_XMP)))


def colour_chunks(raw: bytes) -> bytes:
    """Return those of some chunks that define the colour space."""
    data = SIGNATURE + raw
    return b"".join(data[start:end] for name, _, start, end in chunks(data) if name in COLOUR_CHUNKS)


def without_colour_chunks(raw: bytes) -> bytes:
    """Return those of some chunks that do not define the colour space."""
    data = SIGNATURE + raw
    return b"".join(data[start:end] for name, _, start, end in chunks(data) if name not in COLOUR_CHUNKS)


def chunks_of(image: Image.Image | Frames) -> bytes:
    """Return the `other_chunks` of an opened image: those of its file if they were read, else rebuilt from Pillow."""
    if (raw := image.info.get(CHUNKS)) is not None:
        return bytes(raw)
    made = []
    if isinstance(gamma := image.info.get("gamma"), float):
        made.append(chunk(b"gAMA", round(gamma * 100_000).to_bytes(4, "big")))
    if isinstance(intent := image.info.get("srgb"), int):
        made.append(chunk(b"sRGB", bytes([intent & 3])))
    if isinstance(white := image.info.get("chromaticity"), tuple):
        made.append(chunk(b"cHRM", b"".join(round(value * 100_000).to_bytes(4, "big") for value in white)))
    for key, text in getattr(image, "text", {}).items():
        if key != _XMP[:-1].decode():
            made.append(text_chunk(key, text))
    return b"".join(made)


def _density(density: Density) -> bytes:
    """Return a chunk with whole pixels a metre, or with the ratio of width and height."""
    if density.unit == NO_UNIT:
        ratio = Fraction(density.x / density.y).limit_denominator(_RATIO_TERMS)
        return chunk(b"pHYs", ratio.numerator.to_bytes(4, "big") + ratio.denominator.to_bytes(4, "big") + b"\x00")
    return chunk(b"pHYs", b"".join(round(side).to_bytes(4, "big") for side in density.per(METRE)[:2]) + b"\x01")


def text_chunk(key: str, text: str) -> bytes:
    """Return a text chunk in Latin-1 if possible, else in UTF-8."""
    try:
        return chunk(b"tEXt", key.encode("latin-1") + b"\x00" + text.encode("latin-1"))
    except UnicodeEncodeError:
        return chunk(b"iTXt", key.encode("latin-1", "replace") + b"\x00\x00\x00\x00\x00" + text.encode())


def carried_chunks(options: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """Return the chunks for some save options: those that precede the palette, and those that precede the pixels.

    Args:
        options: `icc_profile`, `exif`, `xmp`, `comment` and `extra` (complete chunks) are bytes, `dpi` is a pair,
            `density` a `Density`, and `pnginfo` is a `PIL.PngImagePlugin.PngInfo`.
    """
    made = []
    if profile := options.get("icc_profile"):
        made.append(chunk(b"iCCP", b"ICC Profile\x00\x00" + zlib.compress(profile, 9)))
    if dpi := options.get("dpi"):
        made.append(_density(Density(float(dpi[0]), float(dpi[1]))))
    elif (density := options.get("density")) is not None:
        made.append(_density(density))
    if exif := options.get("exif"):
        made.append(chunk(b"eXIf", bytes(exif).removeprefix(b"Exif\x00\x00")))
    if xmp := options.get("xmp"):
        made.append(chunk(b"iTXt", _XMP + bytes(4) + (xmp.encode() if isinstance(xmp, str) else xmp)))
    if comment := options.get("comment"):
        text = comment.decode("utf-8", "replace") if isinstance(comment, bytes) else str(comment)
        made.append(text_chunk("Comment", text))
    if (given := options.get("pnginfo")) is not None:
        made += [chunk(bytes(name), bytes(content)) for name, content, *_ in given.chunks]
    everything = SIGNATURE + b"".join(made) + bytes(options.get("extra") or b"")
    before_palette: list[bytes] = []
    before_pixels: list[bytes] = []
    for name, _, start, end in chunks(everything):
        (before_palette if name in COLOUR_CHUNKS else before_pixels).append(everything[start:end])
    return b"".join(before_palette), b"".join(before_pixels)


def with_chunks(data: bytes, before_palette: bytes, before_pixels: bytes) -> bytes:
    """Return a file with chunks inserted directly after its header and directly before its pixels."""
    header_end = next(end for name, _, _, end in chunks(data) if name == b"IHDR")
    pixels = next(start for name, _, start, _ in chunks(data) if name in {b"IDAT", b"acTL"})
    return data[:header_end] + before_palette + data[header_end:pixels] + before_pixels + data[pixels:]

"""Reads and writes the metadata boxes of a JP2 file (ISO/IEC 15444-1, annex I), and names what Pillow would drop.

Pillow neither reads nor writes this metadata. The colour profile is in the `colr` box; XMP and EXIF are in `uuid` boxes
after the codestream, where exiftool and Adobe write them. A bare codestream has no boxes.
"""

from __future__ import annotations

from bytefit.codecs.boxes import box, boxes

_SIGNATURE = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
_EXIF_PREFIX = b"Exif\x00\x00"

_EXIF = b"JpgTiffExif->JP2"
_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")  # ISO 16684-3
_GEOTIFF = bytes.fromhex("b14bf8bd083d4b43a5ae8cd7d5a6ce03")

_KNOWN = frozenset({b"jP  ", b"ftyp", b"rreq", b"jp2h", b"jp2c", b"free", b"skip", b"mdat"})
_HEADER = frozenset({b"ihdr", b"bpcc", b"colr", b"pclr", b"cmap", b"cdef", b"res ", b"free"})

_ENUMERATED, _RESTRICTED_PROFILE, _ANY_PROFILE = 1, 2, 3
# Enumerated colour spaces that Pillow decodes correctly: black and white, grey, sRGB, sYCC; for CMYK it sets the mode.
_DECODED_COLOURS = frozenset({0, 12, 15, 16, 17, 18})

_GREY_DEPTH, _COLOUR_DEPTH = 16, 8


def metadata_in_jpeg2000(data: bytes) -> dict[str, bytes]:
    """Return colour profile, EXIF and XMP of a JP2 file under Pillow's `info` keys for other formats."""
    found: dict[str, bytes] = {}
    for name, start, end in _top_level(data):
        if name == b"jp2h":
            found |= _profile(data, start, end)
        elif name == b"uuid" and data[start : start + 16] == _EXIF:
            found["exif"] = _EXIF_PREFIX + data[start + 16 : end].removeprefix(_EXIF_PREFIX)
        elif name == b"uuid" and data[start : start + 16] == _XMP:
            found["xmp"] = data[start + 16 : end]
    return found


def with_metadata(data: bytes, *, icc_profile: bytes = b"", exif: bytes = b"", xmp: bytes = b"") -> bytes:
    """Return a JP2 file written by Pillow with metadata added."""
    if icc_profile:
        header = next((start, end) for name, start, end in boxes(data) if name == b"jp2h")
        named = {name: data[start:end] for name, start, end in boxes(data, *header)}
        named[b"colr"] = bytes((_RESTRICTED_PROFILE, 0, 0)) + icc_profile
        content = b"".join(box(name, content) for name, content in named.items())
        data = data[: header[0] - 8] + box(b"jp2h", content) + data[header[1] :]
    if exif:
        data += box(b"uuid", _EXIF + exif.removeprefix(_EXIF_PREFIX))
    if xmp:
        data += box(b"uuid", _XMP + xmp)
    return data


def lost_in_jpeg2000(data: bytes) -> str | None:
    """Return words for content of a JPEG 2000 file that Pillow would silently drop, or None.

    The metadata that `metadata_in_jpeg2000` returns is not lost.
    """
    if not data.startswith(_SIGNATURE):
        return _lost_in_codestream(data, 0)
    streams = [start for name, start, _ in boxes(data) if name == b"jp2c"]
    if len(streams) > 1:
        return f"{len(streams)} codestreams"
    for name, start, end in boxes(data):
        if name == b"jp2h" and (lost := _lost_in_header(data, start, end)) is not None:
            return lost
        if name == b"uuid" and data[start : start + 16] not in {_EXIF, _XMP}:
            kind = "GeoTIFF tags" if data[start : start + 16] == _GEOTIFF else "a box of unknown content"
            return f"{kind} of {end - start - 16} bytes"
        if name not in _KNOWN | {b"uuid"}:
            return f"a box {name.decode('latin-1')!r} of {end - start} bytes"
    return _lost_in_codestream(data, streams[0]) if streams else None


def _lost_in_header(data: bytes, start: int, end: int) -> str | None:
    for name, first, last in boxes(data, start, end):
        if name not in _HEADER:
            return f"a box {name.decode('latin-1')!r} of {last - first} bytes"
        colours = int.from_bytes(data[first + 3 : first + 7], "big")
        if name == b"colr" and data[first] == _ENUMERATED and colours not in _DECODED_COLOURS:
            return f"colours of its own (enumerated colour space {colours})"
    return None


def _lost_in_codestream(data: bytes, start: int) -> str | None:
    """Read the depths in the SIZ marker segment, the first one (annex A.5.1)."""
    components = int.from_bytes(data[start + 40 : start + 42], "big")
    depths = [1 + (depth & 0x7F) for depth in data[start + 42 : start + 42 + 3 * components : 3]]
    if depths and max(depths) > (_GREY_DEPTH if components == 1 else _COLOUR_DEPTH):
        return f"{max(depths)} bits a channel"
    return None


def _top_level(data: bytes) -> list[tuple[bytes, int, int]]:
    return list(boxes(data)) if data.startswith(_SIGNATURE) else []


def _profile(data: bytes, start: int, end: int) -> dict[str, bytes]:
    """Return the colour profile of a header box, if it has one."""
    for name, first, last in boxes(data, start, end):
        if name == b"colr" and data[first] in {_RESTRICTED_PROFILE, _ANY_PROFILE}:
            return {"icc_profile": data[first + 3 : last]}
    return {}

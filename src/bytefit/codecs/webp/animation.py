"""Restores the number of frames of an animated WebP (RFC 9649, 2.7.1.1).

libwebp does not write a frame that equals the one before it, but extends the duration of that one. This module inserts
the frame again as a single unchanged pixel: it takes forty bytes, and every frame has its own duration again.
"""

from __future__ import annotations

from io import BytesIO
from itertools import accumulate
from typing import TYPE_CHECKING

from PIL import Image

from bytefit.pictures.frames import frames_of
from bytefit.pictures.opening import UNLIMITED, open_image

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_HEADER = 24  # bytes of an ANMF chunk: its name, its size, place, dimensions, duration and flags
_DURATION = slice(20, 23)
_PIXELS = frozenset({b"VP8 ", b"VP8L", b"ALPH"})
_ANIMATED, _ALPHA = 0x02, 0x10
_FLAGS = {b"ICCP": 0x20, b"EXIF": 0x08, b"XMP ": 0x04}
_OVERWRITE = 0b10  # no blending, no disposal


def with_every_frame(data: bytes, durations: Sequence[int], size: tuple[int, int], loop: int) -> bytes:
    """Return an animated file with a frame for each of `durations`.

    A file that already has every frame is returned unchanged, and so is one whose durations cannot be matched.

    Args:
        data: the file; a still image if all frames are equal.
        durations: how long each frame is to be shown, in milliseconds.
        size: width and height of the canvas, in pixels.
        loop: how often the animation plays, 0 without end.
    """
    if len(durations) == 1:
        return data
    pieces = list(_chunks(data))
    if not any(piece.startswith(b"ANMF") for piece in pieces):
        pieces = _as_animation(pieces, size, sum(durations), loop)
        data = _file(pieces)
    shown = [int.from_bytes(piece[_DURATION], "little") for piece in pieces if piece.startswith(b"ANMF")]
    groups = _group_durations(durations, shown)
    if groups is None or len(shown) == len(durations):
        return data
    corners = _corner_colours(data)
    parts = []
    for piece in pieces:
        if not piece.startswith(b"ANMF"):
            parts.append(piece)
            continue
        first, *others = groups.pop(0)
        corner = corners.pop(0)
        parts.append(piece[:20] + first.to_bytes(3, "little") + piece[23:])
        parts += [_one_pixel_frame(corner, duration) for duration in others]
    return _file(parts)


def with_alpha_flag(data: bytes) -> bytes:
    """Return an animated file that says it has transparency; a still image is returned unchanged.

    libwebp cuts the transparent edges off each frame. Where nothing transparent is left inside, it says that there is
    none, and readers show what was cut off in black.
    """
    flags = 20
    if data[12:16] != b"VP8X" or not data[flags] & _ANIMATED:
        return data
    return data[:flags] + bytes([data[flags] | _ALPHA]) + data[flags + 1 :]


def _file(pieces: Sequence[bytes]) -> bytes:
    body = b"WEBP" + b"".join(pieces)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + len(content).to_bytes(4, "little") + content + bytes(len(content) % 2)


def _as_animation(pieces: Sequence[bytes], size: tuple[int, int], duration: int, loop: int) -> list[bytes]:
    """Return the chunks of a still image as an animation of one frame."""
    still = [piece for piece in pieces if piece[:4] in _PIXELS]
    metadata = [piece for piece in pieces if piece[:4] not in {*_PIXELS, b"VP8X"}]
    # The fifth bit of a VP8L header is the alpha flag (RFC 9649, 3.4); VP8 stores alpha in a chunk of its own.
    alpha = any(piece.startswith(b"ALPH") or (piece.startswith(b"VP8L") and piece[12] & 0x10) for piece in still)
    flags = _ANIMATED | _ALPHA * alpha | sum(_FLAGS[piece[:4]] for piece in metadata if piece[:4] in _FLAGS)
    sides = b"".join((side - 1).to_bytes(3, "little") for side in size)
    first = bytes(6) + sides + duration.to_bytes(3, "little") + bytes([_OVERWRITE]) + b"".join(still)
    profile = [piece for piece in metadata if piece.startswith(b"ICCP")]
    trailing = [piece for piece in metadata if not piece.startswith(b"ICCP")]
    head = _chunk(b"VP8X", bytes([flags, 0, 0, 0]) + sides)
    return [head, *profile, _chunk(b"ANIM", bytes(4) + loop.to_bytes(2, "little")), _chunk(b"ANMF", first), *trailing]


def _group_durations(durations: Sequence[int], shown: Sequence[int]) -> list[list[int]] | None:
    """Return the durations merged into each frame of the file; None if their sums do not match."""
    ends = list(accumulate(shown))
    groups: list[list[int]] = [[] for _ in shown]
    place, now = 0, 0
    for duration in durations:
        while place + 1 < len(ends) and now >= ends[place]:
            place += 1
        groups[place].append(duration)
        now += duration
    return groups if [sum(group) for group in groups] == list(shown) and all(groups) else None


def _corner_colours(data: bytes) -> list[tuple[int, ...]]:
    """Return the visible colour of the first pixel of every frame."""
    with open_image(data, UNLIMITED) as image:
        pixels = (picture.getpixel((0, 0)) for picture in frames_of(image).pictures)
        return [pixel if isinstance(pixel, tuple) else (0, 0, 0) for pixel in pixels]


def _one_pixel_frame(colour: tuple[int, ...], duration: int) -> bytes:
    """Return a frame of one pixel."""
    buffer = BytesIO()
    Image.new("RGBA" if len(colour) == 4 else "RGB", (1, 1), colour).save(buffer, "WEBP", lossless=True, exact=True)  # noqa: PLR2004
    coded = next(piece for piece in _chunks(buffer.getvalue()) if piece.startswith(b"VP8L"))
    return _chunk(b"ANMF", bytes(12) + duration.to_bytes(3, "little") + bytes([_OVERWRITE]) + coded)


def _chunks(data: bytes) -> Iterator[bytes]:
    """Yield the complete chunks of a file, with the byte that pads them to an even size."""
    position = 12
    while position + 8 <= len(data):
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        yield data[position : position + 8 + size + size % 2]
        position += 8 + size + size % 2

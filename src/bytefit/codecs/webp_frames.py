"""The frames of an animated WebP (RFC 9649, 2.7.1.1), so that there are as many as went in.

libwebp writes no frame that looks like the one before it, but shows that one for longer. Such a frame is put back as
one pixel of what is seen already: forty bytes, and every frame has its time again.
"""

from __future__ import annotations

from io import BytesIO
from itertools import accumulate
from typing import TYPE_CHECKING

from PIL import Image

from bytefit.frames import frames_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_HEADER = 24  # bytes of an ANMF chunk: its name, its size, place, dimensions, duration and flags
_DURATION = slice(20, 23)
_OVERWRITE = 0b10  # no blending, and what is drawn stays


def with_every_frame(data: bytes, durations: Sequence[int]) -> bytes:
    """Return an animated file with a frame for each of `durations`, in milliseconds.

    A file that has them all, or whose frames do not begin when these do, is returned as it is.
    """
    pieces = list(_chunks(data))
    shown = [int.from_bytes(piece[_DURATION], "little") for piece in pieces if piece.startswith(b"ANMF")]
    groups = _grouped(durations, shown)
    if groups is None or len(shown) == len(durations):
        return data
    corners = _corners(data)
    parts = []
    for piece in pieces:
        if not piece.startswith(b"ANMF"):
            parts.append(piece)
            continue
        first, *others = groups.pop(0)
        corner = corners.pop(0)
        parts.append(piece[:20] + first.to_bytes(3, "little") + piece[23:])
        parts += [_pixel(corner, duration) for duration in others]
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _grouped(durations: Sequence[int], shown: Sequence[int]) -> list[list[int]] | None:
    """Return the durations that each frame written stands for; None where they do not add up."""
    ends = list(accumulate(shown))
    if not shown:
        return None  # nothing moves: it is no animation at all
    groups: list[list[int]] = [[] for _ in shown]
    place, now = 0, 0
    for duration in durations:
        while place + 1 < len(ends) and now >= ends[place]:
            place += 1
        groups[place].append(duration)
        now += duration
    return groups if [sum(group) for group in groups] == list(shown) and all(groups) else None


def _corners(data: bytes) -> list[tuple[int, ...]]:
    """Return the colour of the first pixel of every frame, as it is seen."""
    with Image.open(BytesIO(data)) as image:
        pixels = (picture.getpixel((0, 0)) for picture in frames_of(image).pictures)
        return [pixel if isinstance(pixel, tuple) else (0, 0, 0) for pixel in pixels]


def _pixel(colour: tuple[int, ...], duration: int) -> bytes:
    """Return a frame of one pixel."""
    buffer = BytesIO()
    Image.new("RGBA" if len(colour) == 4 else "RGB", (1, 1), colour).save(buffer, "WEBP", lossless=True, exact=True)  # noqa: PLR2004
    coded = next(piece for piece in _chunks(buffer.getvalue()) if piece.startswith(b"VP8L"))
    content = bytes(12) + duration.to_bytes(3, "little") + bytes([_OVERWRITE]) + coded
    return b"ANMF" + len(content).to_bytes(4, "little") + content


def _chunks(data: bytes) -> Iterator[bytes]:
    """Yield the chunks of a file, whole, with what makes their sizes even."""
    position = 12
    while position + 8 <= len(data):
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        yield data[position : position + 8 + size + size % 2]
        position += 8 + size + size % 2

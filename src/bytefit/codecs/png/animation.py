"""Animated PNG (W3C PNG, third edition, 4.9): frames put together from the files of their pictures.

Pillow's own writer merges frames that look the same, whose number then differs from what went in.
"""

from __future__ import annotations

from fractions import Fraction
from struct import pack
from typing import TYPE_CHECKING

from PIL import Image, ImageChops

from bytefit.codecs.palettes.quantise import in_exact_palette, stack_frames, unstack_frames
from bytefit.codecs.png.chunks import SIGNATURE, chunk, chunks

if TYPE_CHECKING:
    from collections.abc import Callable

    from bytefit.pictures.frames import Frames

_DISPOSE_NONE, _BLEND_SOURCE = 0, 0

_MOST = 65_535  # what two bytes hold


def animated(frames: Frames, encode: Callable[[Image.Image], bytes]) -> bytes:
    """Return a file of frames, of which each but the first holds only the rectangle that has changed.

    Args:
        frames: the first one is not part of the animation where its `info` says "default_image".
        encode: one picture -> its PNG file; those of one mode have to be of one colour type and depth.
    """
    frames = _indexed(frames)
    apart = bool(frames.info.get("default_image"))
    shown = len(frames.pictures) - apart
    parts = [b"", chunk(b"acTL", pack(">II", shown, frames.loop or 0))]
    sequence, before = 0, None
    for place, (picture, duration) in enumerate(zip(frames.pictures, frames.durations, strict=True)):
        left, top, right, bottom = (
            (0, 0, *frames.size) if place <= apart or before is None else _changed(before, picture)
        )
        data = encode(picture.crop((left, top, right, bottom)))
        if place == 0:
            header = [data[start:end] for name, _, start, end in chunks(data) if name in {b"IHDR", b"PLTE", b"tRNS"}]
            parts[0] = SIGNATURE + header[0]
            parts += header[1:]
        if not (place == 0 and apart):
            delay = _delay(duration)
            control = pack(
                ">IIIIIHHBB",
                sequence,
                right - left,
                bottom - top,
                left,
                top,
                delay.numerator,
                delay.denominator,
                _DISPOSE_NONE,
                _BLEND_SOURCE,
            )
            parts.append(chunk(b"fcTL", control))
            sequence += 1
        pixels = b"".join(content for name, content, *_ in chunks(data) if name == b"IDAT")
        if place == 0:
            parts.append(chunk(b"IDAT", pixels))
        else:
            parts.append(chunk(b"fdAT", pack(">I", sequence) + pixels))
            sequence += 1
        before = picture
    return b"".join(parts) + chunk(b"IEND", b"")


def _delay(duration: float) -> Fraction:
    """Return milliseconds as seconds, numerator and denominator of two bytes: to half a millisecond up to a minute."""
    seconds = min(duration / 1000, _MOST)
    return Fraction(seconds).limit_denominator(max(1, int((_MOST - 1) / max(seconds, 1))))


def _indexed(frames: Frames) -> Frames:
    """Return frames in one palette where that is exact: a file has but one."""
    if frames.mode == "P":
        return frames
    exact = in_exact_palette(stack_frames(frames))
    return frames if exact is None else unstack_frames(exact, frames)


def _changed(before: Image.Image, picture: Image.Image) -> tuple[int, int, int, int]:
    """Return the box around what differs, of one pixel where nothing does."""
    if picture.mode == "P":
        before, picture = (Image.frombytes("L", image.size, image.tobytes()) for image in (before, picture))
    return ImageChops.difference(before, picture).getbbox(alpha_only=False) or (0, 0, 1, 1)

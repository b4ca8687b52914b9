"""Assembles an animated PNG (W3C PNG, third edition, 4.9) from the PNG files of its frames.

Pillow's own writer merges equal frames and thus changes their number.
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

_LARGEST = 65_535  # of two bytes


def assemble_animation(frames: Frames, encode: Callable[[Image.Image], bytes]) -> bytes:
    """Return an animated PNG. Each frame but the first holds only the rectangle that changed.

    Args:
        frames: if `info` has "default_image", the first picture is the fallback image and not part of the animation.
        encode: one picture -> its PNG file. All pictures of a mode must have the same colour type and depth.
    """
    frames = _in_shared_palette(frames)
    has_fallback = bool(frames.info.get("default_image"))
    count = len(frames.pictures) - has_fallback
    parts = [b"", chunk(b"acTL", pack(">II", count, frames.loop or 0))]
    sequence, before = 0, None
    for place, (picture, duration) in enumerate(zip(frames.pictures, frames.durations, strict=True)):
        left, top, right, bottom = (
            (0, 0, *frames.size) if place <= has_fallback or before is None else _changed_box(before, picture)
        )
        data = encode(picture.crop((left, top, right, bottom)))
        if place == 0:
            header = [data[start:end] for name, _, start, end in chunks(data) if name in {b"IHDR", b"PLTE", b"tRNS"}]
            parts[0] = SIGNATURE + header[0]
            parts += header[1:]
        if not (place == 0 and has_fallback):
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
    """Return milliseconds as a fraction of seconds whose terms fit in two bytes: within 0.5 ms up to a minute."""
    seconds = min(duration / 1000, _LARGEST)
    return Fraction(seconds).limit_denominator(max(1, int((_LARGEST - 1) / max(seconds, 1))))


def _in_shared_palette(frames: Frames) -> Frames:
    """Return the frames in one exact palette if they have few enough colours; a PNG file has only one palette."""
    if frames.mode == "P":
        return frames
    exact = in_exact_palette(stack_frames(frames))
    return frames if exact is None else unstack_frames(exact, frames)


def _changed_box(before: Image.Image, picture: Image.Image) -> tuple[int, int, int, int]:
    """Return the box around the pixels that differ; one pixel if none does."""
    if picture.mode == "P":
        before, picture = (Image.frombytes("L", image.size, image.tobytes()) for image in (before, picture))
    return ImageChops.difference(before, picture).getbbox(alpha_only=False) or (0, 0, 1, 1)

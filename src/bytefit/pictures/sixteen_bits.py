"""Scales pictures with samples of 16 bits, for which Pillow's `resize` needs help."""

from __future__ import annotations

from PIL import Image


def resized(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return a picture of 16 bits scaled to `size` pixels, in its mode.

    Pillow cannot reduce 16 bits in two steps: `reducing_gap` fails with "image has wrong mode". It also resamples I;16B
    as if its bytes were swapped, which leaves noise (Pillow 11.3 and 13).
    """
    if picture.mode != "I;16B":
        return picture.resize(size, Image.Resampling.LANCZOS)
    swapped = Image.frombytes("I;16", picture.size, picture.tobytes(), "raw", "I;16B")
    data = swapped.resize(size, Image.Resampling.LANCZOS).tobytes("raw", "I;16B")
    return Image.frombytes("I;16B", size, data)

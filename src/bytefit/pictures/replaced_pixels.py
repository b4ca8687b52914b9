"""Gives an opened image other pixels, and leaves it in everything else as it was opened."""

from __future__ import annotations

from typing import overload

from PIL import Image

from bytefit.pictures.frames import Frames

# The attributes in which Pillow keeps the pixels of an image.
_PIXELS = frozenset(Image.new("1", (1, 1)).__dict__) - {"info", "_exif"}


@overload
def with_pixels(bearer: Image.Image, pixels: Image.Image) -> Image.Image: ...
@overload
def with_pixels(bearer: Image.Image | Frames, pixels: Image.Image | Frames) -> Image.Image | Frames: ...
def with_pixels(bearer: Image.Image | Frames, pixels: Image.Image | Frames) -> Image.Image | Frames:
    """Return an image with the pixels and the `info` of another one, and in everything else as it was opened.

    Its class and its attributes know what its file holds: quantisation tables, segments, further images.
    """
    if pixels is bearer or isinstance(bearer, Frames) or isinstance(pixels, Frames):
        return pixels
    bearer.load()
    pixels.load()
    other: Image.Image = object.__new__(type(bearer))
    other.__dict__.update(bearer.__dict__)
    other.__dict__.update({name: pixels.__dict__[name] for name in _PIXELS})
    other.info = dict(pixels.info)
    return other

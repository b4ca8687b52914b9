"""Scales pictures by their colours. Pillow scales one-bit and palette pictures by nearest neighbour: thin lines vanish.

This module knows modes, but neither codecs nor files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from PIL import ImageChops
from PIL.Image import Resampling

from bytefit.pictures.frames import Frames

if TYPE_CHECKING:
    from PIL import Image

# Larger reductions are done in two steps, the first one fast; see `PIL.Image.Image.resize`.
_REDUCING_GAP = 3.0


@overload
def scaled(picture: Image.Image, size: tuple[int, int], *, grey: bool = True) -> Image.Image: ...
@overload
def scaled(picture: Image.Image | Frames, size: tuple[int, int], *, grey: bool = True) -> Image.Image | Frames: ...
def scaled(picture: Image.Image | Frames, size: tuple[int, int], *, grey: bool = True) -> Image.Image | Frames:
    """Return an image scaled to `size` pixels. One with a palette becomes one of colours, one of one bit becomes grey.

    Args:
        picture: the image, or frames; pages of other dimensions than the first one's are scaled by the same factor.
        size: the new dimensions, those of the first frame or page.
        grey: whether an image with a grey palette becomes grey; otherwise it becomes RGB.
    """
    if not isinstance(picture, Frames):
        return _scaled(picture, size, grey=grey)
    if picture.animated:
        return picture.each(lambda frame: _scaled(frame, size, grey=grey))
    across, down = size[0] / picture.width, size[1] / picture.height

    def scaled_page(page: Image.Image) -> Image.Image:
        return _scaled(page, (max(1, round(page.width * across)), max(1, round(page.height * down))), grey=grey)

    return picture.each(scaled_page)


def _scaled(picture: Image.Image, size: tuple[int, int], *, grey: bool) -> Image.Image:
    if picture.mode.startswith("I;16"):
        from bytefit.pictures.sixteen_bits import resized

        return resized(picture, size)
    return in_colours(picture, grey=grey).resize(size, Resampling.LANCZOS, reducing_gap=_REDUCING_GAP)


def in_colours(picture: Image.Image, *, grey: bool) -> Image.Image:
    """Return a picture with a palette as one of colours, or with `grey` of greys where it has no others; 1 bit as L."""
    if picture.mode == "1":
        return picture.convert("L")
    if picture.mode not in {"P", "PA"}:
        return picture
    transparent = picture.has_transparency_data
    colours = picture.convert("RGBA" if transparent else "RGB")
    if not grey or not _is_grey(colours):
        return colours
    return colours.convert("LA" if transparent else "L")


def _is_grey(colours: Image.Image) -> bool:
    red, green, blue = colours.getchannel("R"), colours.getchannel("G"), colours.getchannel("B")
    return not any(ImageChops.difference(red, other).getbbox() for other in (green, blue))

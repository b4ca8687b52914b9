"""Changes that the user asks for before an image is fitted, so that a format can hold it: flattened transparency.

The result is a source like any other. Whatever its file says besides the pixels goes along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from bytefit.pictures.flattening import flattened
from bytefit.pictures.frames import Frames

if TYPE_CHECKING:
    from bytefit.options import Options
    from bytefit.sources.source import Source

# The attributes in which Pillow keeps the pixels of an image.
_PIXELS = frozenset(Image.new("1", (1, 1)).__dict__) - {"info", "_exif"}


def converted(source: Source, options: Options) -> Source:
    """Return a source with the changes that the options ask for; the same object where nothing has to change.

    Raises:
        UnsupportedImage: if the image cannot be decoded.
    """
    picture = source.picture
    if options.background is not None:
        picture = with_pixels(picture, flattened(picture, options.background))
    return source if picture is source.picture else source.with_picture(picture)


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

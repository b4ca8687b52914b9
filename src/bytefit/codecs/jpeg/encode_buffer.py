"""Saves a JPEG with an output buffer that is large enough for any file, and leaves `ImageFile.MAXBLOCK` alone."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from PIL import ImageFile
from PIL.JpegImagePlugin import RAWMODE

from bytefit.codecs.encoding import refusals, unshared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

# At quality 100 black and white noise takes 3.6 bytes a pixel in RGB and 4.8 in CMYK.
_BYTES_PER_PIXEL = 8

# Room for the headers, as in Pillow's smallest buffer.
_HEADERS = 1 << 16


class _ReadyToEncodeError(Exception):
    """Pillow has set the encoder up, and is about to use it."""


class _Stop(BytesIO):
    """A file that stops a save after the encoder was set up: Pillow then asks for the file's number.

    Pillow takes the format from its name, and loads the plugin of that format only; when it is given the format, it
    loads five plugins, which takes 4 ms.
    """

    name = "image.jpg"

    def fileno(self) -> int:
        raise _ReadyToEncodeError


def save_in_own_buffer(picture: Image.Image, options: Mapping[str, Any]) -> bytes:
    """Encode `picture` as JPEG with Pillow and return the file's bytes.

    libjpeg puts a progressive or an optimised file into one buffer, for which Pillow allocates two bytes a pixel.
    Noise at the top of the ladder needs more and fails with "encoder error -2". Pillow's only setting for that,
    `ImageFile.MAXBLOCK`, is one for all threads. So Pillow's writer sets the encoder up, and is stopped before it
    allocates the buffer.

    Raises:
        UnsupportedImage: if Pillow refuses, with its reason.
    """
    image, file = unshared(picture), _Stop()
    with refusals("JPEG"):
        try:
            image.save(file, **options)
        except _ReadyToEncodeError:
            return _encoded(image)
    return file.getvalue()


def _encoded(image: Image.Image) -> bytes:
    """Encode an image with the encoder that a save has set up on it."""
    metadata = sum(len(part) for part in image.encoderconfig if isinstance(part, bytes))
    size = _BYTES_PER_PIXEL * image.width * image.height + metadata + _HEADERS
    tile = ImageFile._Tile("jpeg", (0, 0, *image.size), 0, RAWMODE[image.mode])  # noqa: SLF001
    file = BytesIO()
    ImageFile._save(image, file, [tile], size)  # noqa: SLF001
    return file.getvalue()

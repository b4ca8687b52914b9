"""Opening the bytes of an image file with a limit on its pixels that holds for one call.

Pillow's own limit is a variable of its module, `Image.MAX_IMAGE_PIXELS`: to change it would change it for every thread
of the process. Here it is only read.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from importlib import import_module
from io import BytesIO
from sys import maxsize
from typing import TYPE_CHECKING

from PIL import Image, UnidentifiedImageError

from bytefit import formats
from bytefit.pictures.headers import stated_size

if TYPE_CHECKING:
    from PIL import ImageFile

# For what was encoded here, or was opened within its limit before.
UNLIMITED = maxsize

# The bytes that the plugins of Pillow recognise their format by.
_PREFIX = 16

# Enough of a file to recognise its format by.
_HEAD = 32


class TooManyPixels(Image.DecompressionBombError):
    """An image of more pixels than it may have."""


def most_pixels(max_pixels: int | None) -> int:
    """Return the most pixels that an image may have; None stands for the limit of Pillow."""
    if max_pixels is not None:
        return max_pixels
    # Pillow warns above MAX_IMAGE_PIXELS, and refuses above twice that.
    return UNLIMITED if Image.MAX_IMAGE_PIXELS is None else 2 * Image.MAX_IMAGE_PIXELS


def open_image(data: bytes, max_pixels: int | None = None) -> Image.Image:
    """Return the image in `data` as `Image.open` does; the pixels are not decoded yet.

    Args:
        data: the bytes of a file.
        max_pixels: the most pixels that the image may have; None for the limit of Pillow.

    Raises:
        TooManyPixels: if it has more.
        Exception: whatever Pillow raises.
    """
    most = most_pixels(max_pixels)
    try:
        image: Image.Image = _opened_by_own_plugin(data) or Image.open(BytesIO(data))
    except Image.DecompressionBombError as error:
        size = stated_size(lambda offset, count: data[offset : offset + count])
        if max_pixels is None or (size is not None and size[0] * size[1] > most):
            raise TooManyPixels(_refusal(size, most)) from error
        image = _opened_by_plugin(data)
    if image.width * image.height > most:
        raise TooManyPixels(_refusal(image.size, most))
    return image


def _opened_by_own_plugin(data: bytes) -> Image.Image | None:
    """Open a file by the plugin of its format; return None where `Image.open` has more to do, or to say.

    `Image.open` loads the plugins of five formats, or all of them, for a file without a name, which takes 4 to 40 ms.
    """
    known = formats.named(formats.sniff(data[:_HEAD]) or "")
    if not known.reader:
        return None
    if known.name not in Image.OPEN:
        import_module(f"PIL.{known.reader}")
    opens, accepts = Image.OPEN[known.name]
    if accepts is None or accepts(data[:_PREFIX]) is not True:
        return None
    try:
        image = opens(BytesIO(data), "")
    except Exception:  # noqa: BLE001  (whatever it is, `Image.open` raises it again, or knows another plugin)
        return None
    most = Image.MAX_IMAGE_PIXELS
    return image if most is None or image.width * image.height <= most else None


def _refusal(size: tuple[int, int] | None, most: int) -> str:
    """Return what is wrong and what helps, to follow the name of an image."""
    if size is None:
        return f"has more than {most} pixels, the limit: if you trust the file, raise the limit with max_pixels"
    pixels = size[0] * size[1]
    return (
        f"has {size[0]}x{size[1]} pixels, and {most} pixels is the limit: "
        f"if you trust the file, allow it with max_pixels={pixels}"
    )


def _opened_by_plugin(data: bytes) -> ImageFile.ImageFile:
    """Open an image by its plugin. `Image.open`, which has loaded that plugin, checks Pillow's limit afterwards."""
    for name in Image.ID:
        opens, accepts = Image.OPEN[name]
        accepted = accepts is None or accepts(data[:_PREFIX])
        if accepted and not isinstance(accepted, str):
            with suppress(SyntaxError, IndexError, TypeError, struct.error):
                try:
                    return opens(BytesIO(data), "")
                except Image.DecompressionBombError:
                    return opens(_InPieces(data), "")
    raise UnidentifiedImageError


class _InPieces(BytesIO):
    """A file whose first bounded read returns only the first bytes, as that of a pipe may.

    The plugin for WebP checks Pillow's limit itself, if its first read returns the whole header.
    """

    _started = False

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _PREFIX and not self._started:
            size = _PREFIX
        self._started = True
        return super().read(size)

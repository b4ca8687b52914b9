"""Reading a file: its image or its frames are decoded whole, or it is refused with a reason. It never writes.

It knows no format: what a file carries that Pillow does not read is declared in the `Container` of its codec.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, UnidentifiedImageError

from bytefit import formats
from bytefit.codecs import container_of
from bytefit.codecs.container import HighDepth
from bytefit.errors import WARNING_AS_ERROR, CorruptImage, UnsupportedImage
from bytefit.pictures.frames import DECODING_ERRORS, Frames, frames_of
from bytefit.pictures.opening import TooManyPixels, open_image

if TYPE_CHECKING:
    from collections.abc import Iterator

LFS_POINTER = b"version https://git-lfs"

# Enough of a file to recognise its format by.
_HEAD = 32


def read_image(path: str | os.PathLike[str]) -> tuple[Image.Image | Frames, bytes]:
    """Return the picture or the frames in the file at `path`, decoded, and the bytes of the file.

    Raises:
        UnsupportedImage: if they hold no picture, one that cannot be decoded whole, or what would be lost.
        OSError: if the file cannot be read.
    """
    data = Path(path).read_bytes()
    return decode(data, os.fspath(path)), data


def read_picture(path: str | os.PathLike[str]) -> Image.Image:
    """Return the one picture in the file at `path`, decoded.

    Raises:
        UnsupportedImage: see `read_image`; and if it holds several.
        OSError: if the file cannot be read.
    """
    picture, _ = read_image(path)
    if isinstance(picture, Frames):
        raise UnsupportedImage(f"{os.fspath(path)} holds {len(picture.pictures)} pictures")
    return picture


def dimensions(data: bytes, name: str, *, max_pixels: int | None = None) -> tuple[int, int]:
    """Return the width and height of the picture in `data` in pixels, as stored; it is not decoded.

    Raises:
        UnsupportedImage: if there is none, or one of more than `max_pixels` pixels (None: the limit of Pillow).
    """
    with _reasons(name), open_image(_readable(data), max_pixels) as image:
        return image.size


def decode(
    data: bytes, name: str, *, as_shown: bool = False, in_8_bits: bool = False, max_pixels: int | None = None
) -> Image.Image | Frames:
    """Return the picture or the frames in `data`, decoded whole.

    Args:
        data: the bytes of a file.
        name: what messages call it.
        as_shown: accept that something is lost, such as bits beyond eight a channel.
        in_8_bits: scale samples of more than 8 bits, where they would be lost, to 8.
        max_pixels: the most pixels of a picture; None for the limit of Pillow.

    Raises:
        UnsupportedImage: see `read_image`.
    """
    if data.startswith(LFS_POINTER):
        raise UnsupportedImage(f"{name} is a Git LFS pointer, not an image: fetch it with 'git lfs pull' first")
    _register_plugin(data, name)
    with _reasons(name):
        opened = open_image(_readable(data), max_pixels)
        container = container_of(opened.format)
        lost = container.lost(opened, data)
        scaled = in_8_bits and isinstance(lost, HighDepth)
        if lost is not None and not as_shown and not scaled:
            way_out = (
                "depth=8 scales them to 8 bits"
                if isinstance(lost, HighDepth)
                else "to accept that, compress the image that PIL.Image.open returns"
            )
            raise UnsupportedImage(f"{name} ({opened.format}) carries {lost}, which would be lost: {way_out}")
        unread = container.unread_metadata(opened, data)
        container.settle(opened)
        image = decoded(container.scaled_to_8(opened, data) if scaled else opened, name)
    if isinstance(image, Frames):
        return image._replace(info={**image.info, **unread})
    image.info.update(unread)
    return image


def _readable(data: bytes) -> bytes:
    """Return a file without the parts for which Pillow refuses it, although they are no pixels."""
    found = formats.sniff(data[:_HEAD])
    return container_of(found).readable(data) if found else data


def _register_plugin(data: bytes, name: str) -> None:
    """Make Pillow read the format of a file that it needs a plugin for.

    Raises:
        UnsupportedImage: if the plugin is not installed.
    """
    found = formats.sniff(data[:_HEAD])
    known = formats.named(found) if found else None
    if known is None or not known.plugin:
        return
    try:
        container_of(known.name).register_plugin()
    except ModuleNotFoundError:
        raise UnsupportedImage(
            f"{name} is {known.name}, which Pillow reads by a plugin: pip install 'bytefit[{known.extra}]'"
        ) from None


def decoded(image: Image.Image, name: str) -> Image.Image | Frames:
    """Return `image`, decoded whole: all its frames or pages where it has several.

    Further images of a file that are neither, such as gain maps, are left out.

    Raises:
        UnsupportedImage: see `read_image`.
    """
    with _reasons(name):
        if not formats.named(image.format or "").first_image_only and getattr(image, "n_frames", 1) > 1:
            return frames_of(image)
        image.load()
        if image.mode in {"P", "PA"} and image.palette is None:
            raise UnsupportedImage(f"cannot decode {name}: its palette is missing")
    return image


@contextmanager
def _reasons(name: str) -> Iterator[None]:
    """Turn the errors of decoders into one kind that says what is wrong with `name`.

    Pillow warns of odd metadata, and of images over 89 megapixels. Its warnings go where the process sends them:
    `warnings.catch_warnings` would change the filters of every thread.
    """
    try:
        yield
    except UnidentifiedImageError:
        raise CorruptImage(f"{name} is not an image Pillow can read") from None
    except TooManyPixels as error:
        raise UnsupportedImage(f"{name} {error}") from error
    except Image.DecompressionBombError as error:
        reason = str(error).rstrip(".")
        raise UnsupportedImage(
            f"{name} is refused by Pillow: {reason}; a higher PIL.Image.MAX_IMAGE_PIXELS allows it"
        ) from error
    except Warning as error:
        raise UnsupportedImage(f"cannot decode {name}: {error} {WARNING_AS_ERROR}") from error
    except DECODING_ERRORS as error:
        if isinstance(error, UnsupportedImage):
            raise
        raise CorruptImage(f"cannot decode {name}: {error or type(error).__name__}") from error

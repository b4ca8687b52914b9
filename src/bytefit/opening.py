"""Opening a picture for good: decoded whole, one picture only, or refused with a reason. It never writes."""

from __future__ import annotations

import os
import struct
import warnings
import zlib
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, UnidentifiedImageError

from bytefit.codecs.avif_boxes import lost_in_avif
from bytefit.codecs.jpeg_markers import behind_picture
from bytefit.codecs.webp_chunks import lost_in_webp
from bytefit.errors import UnsupportedImage

if TYPE_CHECKING:
    from collections.abc import Iterator

LFS_POINTER = b"version https://git-lfs"

# What a file may hold that Pillow does not tell of: gain maps, high bit depths, a film ...
_LOST_IN = {"WEBP": lost_in_webp, "AVIF": lost_in_avif}

# What decoders of every format are known to raise on files that lie about themselves.
_DECODING_ERRORS = (
    *(OSError, SyntaxError, ValueError, EOFError, OverflowError, IndexError, KeyError, TypeError),
    *(AttributeError, MemoryError, RuntimeError, struct.error, zlib.error),
)


def read_image(path: str | os.PathLike[str]) -> tuple[Image.Image, bytes]:
    """Return the picture in the file at `path`, decoded, and what stands behind it in a JPEG file.

    Raises:
        UnsupportedImage: if they hold no picture, more than one, or one that cannot be decoded whole.
        OSError: if the file cannot be read.
    """
    data = Path(path).read_bytes()
    image = decode(data, os.fspath(path))
    return image, behind_picture(data) if image.format in {"JPEG", "MPO"} else b""


def dimensions(data: bytes, name: str) -> tuple[int, int]:
    """Return the width and height of the picture in `data` in pixels, as stored; it is not decoded.

    Raises:
        UnsupportedImage: if there is none.
    """
    with _reasons(name), Image.open(BytesIO(data)) as image:
        return image.size


def decode(data: bytes, name: str) -> Image.Image:
    """Return the picture in `data`, decoded whole; `name` is for the messages.

    Raises:
        UnsupportedImage: see `read_image`.
    """
    if data.startswith(LFS_POINTER):
        raise UnsupportedImage(f"{name} is a Git LFS pointer, not an image: fetch it with 'git lfs pull' first")
    with _reasons(name):
        image = decoded(Image.open(BytesIO(data)), name)
    lost = _LOST_IN[image.format](data) if image.format in _LOST_IN else None
    if lost is not None:
        raise UnsupportedImage(f"{name} ({image.format}) carries {lost}, which would be lost")
    return image


def decoded(image: Image.Image, name: str) -> Image.Image:
    """Return `image`, decoded whole.

    Raises:
        UnsupportedImage: see `read_image`.
    """
    with _reasons(name):
        refuse_several_pictures(image, name)
        image.load()
    return image


@contextmanager
def _reasons(name: str) -> Iterator[None]:
    """Turn what decoders raise into one kind of error that says what is wrong with `name`."""
    try:
        with warnings.catch_warnings():
            # Pillow warns of odd metadata and of pictures over 89 megapixels; over 178 it raises, and so do we.
            warnings.simplefilter("ignore")
            yield
    except UnidentifiedImageError:
        raise UnsupportedImage(f"{name} is not an image Pillow can read") from None
    except Image.DecompressionBombError as error:
        raise UnsupportedImage(f"{name} is refused by Pillow as a possible decompression bomb: {error}") from error
    except _DECODING_ERRORS as error:
        if isinstance(error, UnsupportedImage):
            raise
        raise UnsupportedImage(f"cannot decode {name}: {error or type(error).__name__}") from error


def refuse_several_pictures(image: Image.Image, name: str) -> None:
    """Refuse animations and multi-picture files, of which all but one picture would be lost.

    Raises:
        UnsupportedImage: naming how many pictures there are.
    """
    count = getattr(image, "n_frames", 1)
    if count > 1:
        kind = "pictures" if image.format in {"MPO", "TIFF"} else "frames"
        raise UnsupportedImage(
            f"{name} ({image.format}) holds {count} {kind}, and all but one would be lost: "
            f"animations and multi-picture files are not handled yet (image.copy() takes the one picture out)"
        )
    if image.format == "JPEG" and "mp" in image.info and _pictures_in_index(image) > 1:
        raise UnsupportedImage(
            f"{name} carries a second picture, probably an Ultra HDR gain map, which would be lost: "
            f"multi-picture files are not handled yet (image.copy() takes the main picture out)"
        )


def _pictures_in_index(image: Image.Image) -> int:
    """Return how many pictures the multi-picture index of an opened JPEG lists (CIPA DC-007, tag B001)."""
    index = image._getmp() if hasattr(image, "_getmp") else None  # noqa: SLF001  (Pillow offers nothing public)
    return int((index or {}).get(0xB001, 2))

"""Opening a file for good: its picture or its frames decoded whole, or refused with a reason. It never writes."""

from __future__ import annotations

import os
import re
import warnings
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image, UnidentifiedImageError

from bytefit.codecs.avif.boxes import lost_in_avif
from bytefit.codecs.gif.blocks import BLOCKS, other_blocks
from bytefit.codecs.heif.codec import lost_in_heif
from bytefit.codecs.jpeg2000.boxes import lost_in_jpeg2000, metadata_in_jpeg2000
from bytefit.codecs.jxl.boxes import lost_in_jxl, metadata_in_jxl
from bytefit.codecs.jxl.codec import settle_orientation
from bytefit.codecs.png.chunks import CHUNKS, lost_in_png, other_chunks
from bytefit.codecs.tiff.tags import TAGS, kept_tags, lost_in_tiff
from bytefit.codecs.webp.chunks import lost_in_webp
from bytefit.errors import UnsupportedImage
from bytefit.pictures.frames import DECODING_ERRORS, Frames, frames_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

LFS_POINTER = b"version https://git-lfs"

# What a file may hold that Pillow does not tell of: gain maps, high bit depths, a film ...
_LOST_IN = {
    "AVIF": lost_in_avif,
    "JPEG2000": lost_in_jpeg2000,
    "JXL": lost_in_jxl,
    "PNG": lost_in_png,
    "WEBP": lost_in_webp,
}
_LOST_OF = {"HEIF": lost_in_heif, "TIFF": lost_in_tiff}

# What of the metadata Pillow does not tell: under the names by which `bytefit.sources.metadata` looks for it.
_METADATA_IN: dict[str, Callable[[bytes], Mapping[str, Any]]] = {
    "GIF": lambda data: {BLOCKS: other_blocks(data)},
    "JPEG2000": metadata_in_jpeg2000,
    "JXL": metadata_in_jxl,
    "PNG": lambda data: {CHUNKS: other_chunks(data)},
}

# Formats that Pillow reads by a plugin: what their files begin with, and the plugin.
_BY_PLUGIN = (
    (re.compile(rb"....ftyp(hei[cxms]|hev[cxms]|mif1|msf1)", re.DOTALL), "HEIF", "pillow_heif", "heif"),
    (re.compile(rb"\xff\x0a|\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a"), "JPEG XL", "pillow_jxl", "jxl"),
)

# What stands beside the first picture of a JPEG is carried along as it is, see `bytefit.codecs.jpeg.multi_picture`; the
# layers of a PSD and the sizes of an icon are no frames.
_FIRST_ONLY = frozenset({"ICNS", "ICO", "JPEG", "MPO", "PSD"})


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


def dimensions(data: bytes, name: str) -> tuple[int, int]:
    """Return the width and height of the picture in `data` in pixels, as stored; it is not decoded.

    Raises:
        UnsupportedImage: if there is none.
    """
    with _reasons(name), Image.open(BytesIO(data)) as image:
        return image.size


def decode(data: bytes, name: str, *, as_shown: bool = False) -> Image.Image | Frames:
    """Return the picture or the frames in `data`, decoded whole; `name` is for the messages.

    With `as_shown` it does not matter that something of it is lost, such as bits beyond eight a channel.

    Raises:
        UnsupportedImage: see `read_image`.
    """
    if data.startswith(LFS_POINTER):
        raise UnsupportedImage(f"{name} is a Git LFS pointer, not an image: fetch it with 'git lfs pull' first")
    _register_plugin(data, name)
    with _reasons(name):
        opened = Image.open(BytesIO(data))
        lost = _lost(opened, data)
        if lost is not None and not as_shown:
            raise UnsupportedImage(f"{name} ({opened.format}) carries {lost}, which would be lost")
        told = {TAGS: kept_tags(opened)} if opened.format == "TIFF" else {}
        if opened.format in _METADATA_IN:
            told |= _METADATA_IN[opened.format](data)
        if opened.format == "JXL":
            settle_orientation(opened)
        image = decoded(opened, name)
    if isinstance(image, Frames):
        return replace(image, info={**image.info, **told})
    image.info.update(told)
    return image


def _lost(opened: Image.Image, data: bytes) -> str | None:
    """Return what a file holds that Pillow would drop in silence, on whichever of its pages, or None."""
    codec_format = opened.format or ""
    if codec_format in _LOST_IN:
        return _LOST_IN[codec_format](data)
    if codec_format not in _LOST_OF:
        return None
    pages = range(getattr(opened, "n_frames", 1)) if codec_format == "TIFF" else range(1)
    lost = None
    for page in pages:
        if page:
            opened.seek(page)
        lost = lost or _LOST_OF[codec_format](opened)
    if len(pages) > 1:
        opened.seek(0)
    return lost


def _register_plugin(data: bytes, name: str) -> None:
    """Teach Pillow the format of a file that it needs a plugin for; others are none of ours.

    Raises:
        UnsupportedImage: if the plugin is not installed.
    """
    for begins, codec_format, module, extra in _BY_PLUGIN:
        if not begins.match(data):
            continue
        try:
            plugin = import_module(module)
        except ModuleNotFoundError:
            raise UnsupportedImage(
                f"{name} is {codec_format}, which Pillow reads by a plugin: pip install 'bytefit[{extra}]'"
            ) from None
        if module == "pillow_heif":
            plugin.register_heif_opener()


def decoded(image: Image.Image, name: str) -> Image.Image | Frames:
    """Return `image`, decoded whole: all its frames or pages where it has several; of a JPEG the first picture only.

    Raises:
        UnsupportedImage: see `read_image`.
    """
    with _reasons(name):
        if image.format not in _FIRST_ONLY and getattr(image, "n_frames", 1) > 1:
            return frames_of(image)
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
    except DECODING_ERRORS as error:
        if isinstance(error, UnsupportedImage):
            raise
        raise UnsupportedImage(f"cannot decode {name}: {error or type(error).__name__}") from error

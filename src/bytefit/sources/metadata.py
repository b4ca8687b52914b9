"""The orientation of an image, the dimensions its metadata state, and the bytes that metadata take in a file.

What is carried from one file to another is decided in `bytefit.sources.carrying`.
"""

from __future__ import annotations

from struct import error as struct_error
from threading import Lock
from typing import TYPE_CHECKING, Any, overload

from bytefit.codecs import exif, xmp
from bytefit.errors import WARNING_AS_ERROR, UnsupportedImage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

    from bytefit.codecs import Codec
    from bytefit.pictures.frames import Frames


# What Pillow is known to raise on EXIF blocks that lie about themselves.
_BROKEN_EXIF = (OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, OverflowError, struct_error)

# Pillow marks the EXIF block of an image as read before it reads it: a second thread would find it empty.
_READS_EXIF = Lock()


@overload
def upright(image: Image.Image) -> Image.Image: ...
@overload
def upright(image: Image.Image | Frames) -> Image.Image | Frames: ...
def upright(image: Image.Image | Frames) -> Image.Image | Frames:
    """Return `image` with its EXIF orientation applied to the pixels, itself when there is nothing to turn."""
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    turn = turns.get(orientation(image))
    return image if turn is None else image.transpose(turn)


def orientation(image: Image.Image | Frames) -> int:
    """Return the EXIF orientation, 1 to 8; 1 where there is none or it cannot be read."""
    try:
        with _READS_EXIF:
            value = image.getexif().get(exif.ORIENTATION, 1)
    except Warning as error:
        raise UnsupportedImage(f"cannot read the EXIF block: {error} {WARNING_AS_ERROR}") from error
    except _BROKEN_EXIF:
        return 1
    return value if value in range(2, 9) else 1


def weigh(codec: Codec, mode: str, setting: Mapping[str, Any], metadata: Mapping[str, Any]) -> int:
    """Return how many bytes `metadata` adds to a file of this codec, measured on a picture of 16x16 pixels.

    Raises:
        UnsupportedImage: if the format has no room for it.
    """
    if not any(value for name, value in metadata.items() if name not in {"dpi", "density"}):
        return 0
    from PIL import Image

    blank = Image.new(mode, (16, 16))
    try:
        return len(codec.encode(blank, {**setting, **metadata})) - len(codec.encode(blank, setting))
    except UnsupportedImage as error:
        raise UnsupportedImage(f"{error}; metadata='strip' leaves out what the image carries") from error


def with_dimensions(carried: Mapping[str, Any], size: tuple[int, int], codec: Codec) -> dict[str, Any]:
    """Return the metadata that a file carries with the pixel dimensions that they state corrected to `size`.

    Nothing else changes: not the place of a byte in EXIF, nor a character in XMP.
    """
    changed = {**carried, **codec.container.resized(carried, size)}
    if isinstance(block := carried.get("exif"), bytes):
        changed["exif"] = exif.with_dimensions(block, size)
    if isinstance(packet := carried.get("xmp"), bytes):
        changed["xmp"] = xmp.with_dimensions(packet, size)
    return changed


def orientation_exif(image: Image.Image | Frames) -> bytes:
    """Return an EXIF block with nothing but the orientation of an opened picture; empty where it stands upright."""
    turned = orientation(image)
    if turned == 1:
        return b""
    from PIL import Image as PillowImage

    block = PillowImage.Exif()
    block[exif.ORIENTATION] = turned
    return block.tobytes()

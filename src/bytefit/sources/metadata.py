"""The orientation of an image, the dimensions its metadata state, and the bytes that metadata take in a file.

What is carried from one file to another is decided in `bytefit.sources.carrying`.
"""

from __future__ import annotations

from struct import error as struct_error
from threading import Lock
from typing import TYPE_CHECKING, Any, overload

from bytefit.codecs import container_of, exif, xmp
from bytefit.errors import WARNING_AS_ERROR, UnsupportedImage
from bytefit.options import keeps_orientation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PIL import Image

    from bytefit.codecs import Codec
    from bytefit.pictures.frames import Frames


# What Pillow is known to raise on EXIF blocks that lie about themselves.
_BROKEN_EXIF = (OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, OverflowError, struct_error)

# From this orientation on width and height change places.
_CHANGES_SIDES = 5

# Pillow marks the EXIF block of an image as read before it reads it: a second thread would find it empty.
_READS_EXIF = Lock()


@overload
def upright(image: Image.Image) -> Image.Image: ...
@overload
def upright(image: Image.Image | Frames) -> Image.Image | Frames: ...
def upright(image: Image.Image | Frames) -> Image.Image | Frames:
    """Return `image` with its EXIF orientation applied to the pixels, itself when there is nothing to turn."""
    return turned(image, orientation(image))


@overload
def turned(image: Image.Image, turn: int) -> Image.Image: ...
@overload
def turned(image: Image.Image | Frames, turn: int) -> Image.Image | Frames: ...
def turned(image: Image.Image | Frames, turn: int) -> Image.Image | Frames:
    """Return `image` with an orientation of EXIF, 1 to 8, applied to the pixels; itself for 1."""
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
    return image.transpose(turns[turn]) if turn in turns else image


def orientation(image: Image.Image | Frames) -> int:
    """Return the EXIF orientation, 1 to 8; 1 where there is none that can be read, or the decoder turns the pixels."""
    if container_of(image.format).turned_by_decoder:
        return 1
    value = read_exif(image, lambda found: found.get(exif.ORIENTATION))
    return value if value in range(2, 9) else 1


def read_exif(image: Image.Image | Frames, read: Callable[[Image.Exif], Any]) -> Any:
    """Return what `read` finds in the EXIF data of an image; None where they are broken.

    Raises:
        UnsupportedImage: if a warning of Pillow, which the process has made an error, stops the reading.
    """
    try:
        with _READS_EXIF:
            return read(image.getexif())
    except Warning as error:
        raise UnsupportedImage(f"cannot read the EXIF block: {error} {WARNING_AS_ERROR}") from error
    except _BROKEN_EXIF:
        return None


def orientation_to_apply(image: Image.Image | Frames, codec: Codec, policy: str, given: bytes | None = None) -> int:
    """Return the orientation that has to be applied to the pixels, because a file would not show it; 1 for none.

    Args:
        image: the image as it was opened.
        codec: the codec that will encode it.
        policy: what is kept of the metadata; "strip" keeps no orientation.
        given: the EXIF block that the user gives the file, if any.
    """
    if given is not None and not codec.holds.orientation:
        return _orientation_in(given)
    if not keeps_orientation(policy) or "exif" not in codec.save_options.allowed:
        return orientation(image)
    # A file of the same format was shown by viewers as it lies, and is so again.
    return 1 if codec.holds.orientation or image.format == codec.format else orientation(image)


def _orientation_in(block: bytes) -> int:
    from PIL import Image as PillowImage

    bearer = PillowImage.new("1", (1, 1))
    bearer.info["exif"] = block
    return orientation(bearer)


def as_upright(carried: Mapping[str, Any], turn: int, size: tuple[int, int]) -> dict[str, Any]:
    """Return the metadata that a file carries after `turn` was applied to its pixels, which are `size` then.

    Nothing but the orientation, and the dimensions and resolutions where they changed places, is changed.
    """
    changed = dict(carried)
    if turn >= _CHANGES_SIDES and (density := carried.get("density")) is not None:
        changed["density"] = density._replace(x=density.y, y=density.x)
    for name, kind in (("exif", exif), ("xmp", xmp)):
        if turn != 1 and isinstance(stated := carried.get(name), bytes):
            upright_one = kind.with_orientation(stated, 1)
            changed[name] = kind.with_dimensions(upright_one, size) if turn >= _CHANGES_SIDES else upright_one
    if turn >= _CHANGES_SIDES and "exif" in changed:
        changed["exif"] = exif.with_axes_exchanged(changed["exif"])
    return changed


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

"""Which metadata of an image are kept when it is encoded again, and how many bytes they take in the file.

It knows Pillow's `info` and the save options that carry metadata; it never reads or writes files itself.
"""

from __future__ import annotations

from contextlib import suppress
from struct import error as struct_error
from threading import Lock
from typing import TYPE_CHECKING, Any, overload

from bytefit.codecs import container_of, exif, xmp
from bytefit.codecs.container import TrailingData
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

# The kind of colours a mode holds, where that is not RGB. A colour profile is made for one kind.
_COLOURS = {"1": "grey", "L": "grey", "LA": "grey", "La": "grey", "CMYK": "inks"}


def kept(image: Image.Image | Frames, codec: Codec, mode: str, policy: str) -> dict[str, Any]:
    """Return the save options that carry what `policy` keeps of the metadata of `image`.

    Args:
        image: the picture as it was opened; its `info` holds the metadata.
        codec: what it is to be encoded with.
        mode: the mode it is encoded in; a grey image that has to become RGB loses its profile.
        policy: "keep" keeps EXIF, colour profile, XMP, resolution, comment and, in the same format, whatever else the
            format's `Container` carries, as far as the format has a place for them;
            "orientation+icc" keeps the colour profile and an EXIF block of nothing but the orientation;
            "strip" keeps nothing, and expects that the orientation was applied to the pixels (see `upright`).
    """
    profile = image.info.get("icc_profile") or b""
    if _COLOURS.get(image.mode, "RGB") != _COLOURS.get(mode, "RGB"):
        profile = b""
    # Empty values are passed on too: Pillow would otherwise take comment and profile from `info`.
    options: dict[str, Any] = {"icc_profile": profile, "exif": b"", "xmp": b"", "comment": b"", "extra": b""}
    if policy == "keep":
        options.update(exif=_exif(image), xmp=_xmp(image), comment=image.info.get("comment") or b"")
        if "dpi" in image.info:
            options["dpi"] = image.info["dpi"]
    elif policy == "orientation+icc":
        options["exif"] = orientation_exif(image)
    else:
        options["icc_profile"] = b""
    options.update(codec.container.carried(image, policy))
    return {name: value for name, value in options.items() if name in codec.save_options.allowed}


def kept_trailing_data(
    data: bytes, source: Image.Image | Frames, codec: Codec, *, policy: str, name: str, drop_extras: bool
) -> TrailingData:
    """Return the further images and other data, stored after the main image of a file, that the new file keeps.

    Args:
        data: the file; empty for an image that was opened by somebody else.
        source: its main image.
        codec: what it is to be encoded with.
        policy: see `kept`; data whose meaning nobody knows go with the metadata.
        name: for the messages.
        drop_extras: leave all of it out.

    Raises:
        UnsupportedImage: if it would be lost without having been dropped on purpose.
    """
    own = container_of(source.format)
    stored = own.auxiliary_images
    if drop_extras or stored is None:
        return TrailingData()
    if not data and stored.is_one_of_several(source):
        raise UnsupportedImage(
            f"{name} is one of several pictures of its file, and the others would be lost: "
            f"give the path of the file to keep them, or drop_extras=True to leave them out"
        )
    found = stored.described(data) if data else None
    if found is None:
        return TrailingData()
    description, is_known = found
    if policy != "keep" and not is_known:
        return TrailingData()
    same_format = codec.container.auxiliary_images is stored
    if policy != "keep" or not same_format:
        holder = f"a file without its metadata (metadata={policy!r})" if same_format else codec.format
        raise UnsupportedImage(
            f"{name} carries {description}, which {holder} cannot hold: drop_extras=True leaves it out"
        )
    return stored.carried(data, name)


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
    if not any(value for name, value in metadata.items() if name != "dpi"):
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


def _exif(image: Image.Image | Frames) -> bytes:
    raw = image.info.get("exif") or b""
    if not raw and (text := image.info.get("Raw profile type exif")):  # ImageMagick's: a name, a length, hexadecimals
        with suppress(ValueError):
            raw = bytes.fromhex("".join(str(text).split("\n")[3:]))
    return raw if not raw or raw.startswith(exif.PREFIX) else exif.PREFIX + raw


def _xmp(image: Image.Image | Frames) -> bytes:
    raw = image.info.get("xmp") or b""
    return raw.encode() if isinstance(raw, str) else raw


def orientation_exif(image: Image.Image | Frames) -> bytes:
    """Return an EXIF block with nothing but the orientation of an opened picture; empty where it stands upright."""
    turned = orientation(image)
    if turned == 1:
        return b""
    from PIL import Image as PillowImage

    block = PillowImage.Exif()
    block[exif.ORIENTATION] = turned
    return block.tobytes()

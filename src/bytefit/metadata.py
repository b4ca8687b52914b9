"""What is kept of a picture's metadata when it is encoded again, and what that weighs in the file.

It knows Pillow's `info` and the save options that carry metadata; it never reads or writes files itself.
"""

from __future__ import annotations

from contextlib import suppress
from struct import error as struct_error
from typing import TYPE_CHECKING, Any
from warnings import catch_warnings, simplefilter

from bytefit.codecs.jpeg_markers import JPEG_PADDING
from bytefit.errors import UnsupportedImage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

    from bytefit.codecs import Codec

_EXIF_PREFIX = b"Exif\x00\x00"
_ORIENTATION = 0x0112
_EXIF_IFD, _EXIF_WIDTH, _EXIF_HEIGHT = 0x8769, 0xA002, 0xA003

# What Pillow is known to raise on EXIF blocks that lie about themselves.
_BROKEN_EXIF = (OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, OverflowError, struct_error)

# The kind of colours a mode holds, where that is not RGB. A colour profile is made for one kind.
_COLOURS = {"1": "grey", "L": "grey", "LA": "grey", "La": "grey", "CMYK": "inks"}

# Segments that the encoder writes anew, or that travel by a save option of their own. The index of a multi-picture
# file goes with the other pictures: such files are refused before they get here.
_REWRITTEN = frozenset({"APP0", "APP14"})
_REWRITTEN_CONTENT = (_EXIF_PREFIX, b"http://ns.adobe.com/xap/1.0/\x00", b"ICC_PROFILE\x00", b"MPF\x00", JPEG_PADDING)

# The save options that carry metadata: they weigh the same at every rung.
OPTIONS = frozenset({"exif", "icc_profile", "xmp", "comment", "dpi", "extra"})


def kept(image: Image.Image, codec: Codec, mode: str, policy: str) -> dict[str, Any]:
    """Return the save options that carry what `policy` keeps of the metadata of `image`.

    Args:
        image: the picture as it was opened; its `info` holds the metadata.
        codec: what it is to be encoded with.
        mode: the mode it is encoded in; the profile of a grey picture that has to become RGB is left out.
        policy: "keep" keeps EXIF, colour profile, XMP, resolution, comment and, from JPEG to JPEG, every other
            application segment, as far as the format has a place for them; "orientation+icc" keeps the colour
            profile and an EXIF block of nothing but the orientation; "strip" keeps nothing, and
            expects that the orientation was applied to the pixels (see `upright`).
    """
    profile = image.info.get("icc_profile") or b""
    if _COLOURS.get(image.mode, "RGB") != _COLOURS.get(mode, "RGB"):
        profile = b""
    # Empty values are passed on too: Pillow would otherwise take comment and profile from `info`.
    options: dict[str, Any] = {"icc_profile": profile, "exif": b"", "xmp": b"", "comment": b""}
    if policy == "keep":
        options.update(exif=_exif(image), xmp=_xmp(image), extra=_other_segments(image))
        if not hasattr(image, "applist"):  # those of a JPEG are among its segments, every one of them
            options["comment"] = image.info.get("comment") or b""
        if "dpi" in image.info:
            options["dpi"] = image.info["dpi"]
    elif policy == "orientation+icc":
        options["exif"] = orientation_exif(image)
    else:
        options["icc_profile"] = b""
    return {name: value for name, value in options.items() if name in codec.options}


def kept_behind(behind: bytes, codec: Codec, policy: str, name: str) -> bytes:
    """Return what `policy` keeps of the data that stood behind a JPEG picture in its file.

    Raises:
        UnsupportedImage: if it is to be kept, but the codec is another.
    """
    if policy != "keep" or not behind:
        return b""
    if codec.format != "JPEG":
        raise UnsupportedImage(
            f"{name} carries {len(behind)} bytes behind its picture (a motion photo's film, perhaps), which "
            f"{codec.format} cannot hold: metadata='orientation+icc' or 'strip' leaves them out"
        )
    return behind


def upright(image: Image.Image) -> Image.Image:
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


def orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 where there is none or it cannot be read."""
    try:
        with catch_warnings():
            simplefilter("ignore")  # of EXIF that is broken, which nobody who is asked for it can do anything about
            value = image.getexif().get(_ORIENTATION, 1)
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
        raise UnsupportedImage(f"{error}; metadata='strip' leaves the metadata out") from error


def with_dimensions(carried: Mapping[str, Any], size: tuple[int, int]) -> dict[str, Any]:
    """Return the carried metadata with the pixel dimensions that EXIF states corrected to `size`."""
    from PIL import Image

    exif = Image.Exif()
    try:
        exif.load(carried.get("exif") or b"")
        block = exif.get_ifd(_EXIF_IFD)
        if _EXIF_WIDTH not in block and _EXIF_HEIGHT not in block:
            return dict(carried)
        block[_EXIF_WIDTH], block[_EXIF_HEIGHT] = size
        return {**carried, "exif": exif.tobytes()}
    except _BROKEN_EXIF:
        return dict(carried)  # broken EXIF is carried as it is: nobody reads dimensions from it


def _exif(image: Image.Image) -> bytes:
    raw = image.info.get("exif") or b""
    if not raw and "Raw profile type exif" in image.info:
        with suppress(*_BROKEN_EXIF):
            raw = image.getexif().tobytes()
    return raw if not raw or raw.startswith(_EXIF_PREFIX) else _EXIF_PREFIX + raw


def _xmp(image: Image.Image) -> bytes:
    raw = image.info.get("xmp") or b""
    return raw.encode() if isinstance(raw, str) else raw


def _other_segments(image: Image.Image) -> bytes:
    """Return the segments of an opened JPEG that Pillow would drop: comments, IPTC, thermal data, extended XMP ..."""
    kept_segments = [
        (0xFE if marker == "COM" else 0xE0 + int(marker.removeprefix("APP")), content)
        for marker, content in getattr(image, "applist", ())
        if marker not in _REWRITTEN and not content.startswith(_REWRITTEN_CONTENT)
    ]
    return b"".join(
        bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content for marker, content in kept_segments
    )


def orientation_exif(image: Image.Image) -> bytes:
    """Return an EXIF block with nothing but the orientation of an opened picture; empty where it stands upright."""
    turned = orientation(image)
    if turned == 1:
        return b""
    from PIL import Image as PillowImage

    exif = PillowImage.Exif()
    exif[_ORIENTATION] = turned
    return exif.tobytes()

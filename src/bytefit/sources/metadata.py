"""What is kept of a picture's metadata when it is encoded again, and what that weighs in the file.

It knows Pillow's `info` and the save options that carry metadata; it never reads or writes files itself.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from struct import error as struct_error
from typing import TYPE_CHECKING, Any, overload
from warnings import catch_warnings, simplefilter

from bytefit.codecs.gif.blocks import BLOCKS
from bytefit.codecs.jpeg.markers import JPEG_PADDING, behind_picture
from bytefit.codecs.jpeg.multi_picture import Index, carried_index, extras_named, with_auxiliary_images
from bytefit.codecs.png.chunks import chunks_of, colour_chunks
from bytefit.codecs.tiff.tags import TAGS
from bytefit.errors import UnsupportedImage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

    from bytefit.codecs import Codec
    from bytefit.pictures.frames import Frames

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

_WITH_EXTRAS = frozenset({"JPEG", "MPO"})

# The save options that carry metadata: they weigh the same at every rung.
OPTIONS = frozenset({"exif", "icc_profile", "xmp", "comment", "dpi", "extra", "pnginfo", "tiffinfo"})


def kept(image: Image.Image | Frames, codec: Codec, mode: str, policy: str) -> dict[str, Any]:
    """Return the save options that carry what `policy` keeps of the metadata of `image`.

    Args:
        image: the picture as it was opened; its `info` holds the metadata.
        codec: what it is to be encoded with.
        mode: the mode it is encoded in; the profile of a grey picture that has to become RGB is left out.
        policy: "keep" keeps EXIF, colour profile, XMP, resolution, comment and, in the same format, every other
            application segment of a JPEG and chunk of a PNG, as far as the format has a place for them;
            "orientation+icc" keeps the colour profile and an EXIF block of nothing but the orientation;
            "strip" keeps nothing, and expects that the orientation was applied to the pixels (see `upright`).
    """
    profile = image.info.get("icc_profile") or b""
    if _COLOURS.get(image.mode, "RGB") != _COLOURS.get(mode, "RGB"):
        profile = b""
    # Empty values are passed on too: Pillow would otherwise take comment and profile from `info`.
    options: dict[str, Any] = {"icc_profile": profile, "exif": b"", "xmp": b"", "comment": b"", "extra": b""}
    if policy == "keep":
        options.update(exif=_exif(image), xmp=_xmp(image), extra=_extra(image, codec))
        options["tiffinfo"] = image.info.get(TAGS) or ()
        # Those of a JPEG or a GIF are among what such a file gets as it was, every one of them.
        among_them = {"JPEG": hasattr(image, "applist"), "GIF": BLOCKS in image.info}
        if not among_them.get(codec.format, False):
            options["comment"] = image.info.get("comment") or b""
        if "dpi" in image.info:
            options["dpi"] = image.info["dpi"]
    elif policy == "orientation+icc":
        options["exif"] = orientation_exif(image)
        if codec.format == "PNG":
            options["extra"] = colour_chunks(chunks_of(image))
    else:
        options["icc_profile"] = b""
    return {name: value for name, value in options.items() if name in codec.options}


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside the picture in its file and is carried along byte for byte.

    Attributes:
        index: the index of further pictures of a JPEG.
        behind: the bytes behind the picture.
    """

    index: Index | None = None
    behind: bytes = b""

    @property
    def weight(self) -> int:
        """The bytes it adds to a file."""
        return len(self.behind) + (0 if self.index is None else len(self.index.segment))

    def put(self, data: bytes) -> bytes:
        """Return the file of a picture with it."""
        return with_auxiliary_images(data, self.index, self.behind) if self.weight else data


def kept_beside(
    data: bytes, source: Image.Image | Frames, codec: Codec, *, policy: str, name: str, drop_extras: bool
) -> Beside:
    """Return what is carried along of all that a JPEG file holds beside its picture.

    Args:
        data: the file; empty for a picture that was opened by somebody else.
        source: its picture.
        codec: what it is to be encoded with.
        policy: see `kept`; what nobody knows the meaning of goes with the metadata.
        name: for the messages.
        drop_extras: leave all of it out.

    Raises:
        UnsupportedImage: if it would be lost without having been dropped on purpose.
    """
    if drop_extras or source.format not in _WITH_EXTRAS:
        return Beside()
    if not data and _is_one_of_several(source):
        raise UnsupportedImage(
            f"{name} is one of several pictures of its file, and the others would be lost: "
            f"give the path of the file to keep them, or drop_extras=True to leave them out"
        )
    behind = behind_picture(data) if data else b""
    if not behind:
        return Beside()
    named = extras_named(data) or ""
    nameless = named.startswith(f"{len(behind):,} bytes")
    if policy != "keep" and nameless:
        return Beside()
    if policy != "keep" or codec.format != "JPEG":
        holder = codec.format if codec.format != "JPEG" else f"a file without its metadata (metadata={policy!r})"
        raise UnsupportedImage(f"{name} carries {named}, which {holder} cannot hold: drop_extras=True leaves it out")
    return Beside(carried_index(data, name), behind)


def _is_one_of_several(image: Image.Image | Frames) -> bool:
    """Return whether an opened JPEG lists further pictures (CIPA DC-007, tag B001)."""
    if getattr(image, "n_frames", 1) > 1:
        return True
    if "mp" not in image.info or not hasattr(image, "_getmp"):
        return False
    try:
        index = image._getmp()  # noqa: SLF001  (Pillow offers nothing public)
    except _BROKEN_EXIF:
        return False
    return int((index or {}).get(0xB001, 1)) > 1


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


def _exif(image: Image.Image | Frames) -> bytes:
    raw = image.info.get("exif") or b""
    if not raw and "Raw profile type exif" in image.info:
        with suppress(*_BROKEN_EXIF):
            raw = image.getexif().tobytes()
    return raw if not raw or raw.startswith(_EXIF_PREFIX) else _EXIF_PREFIX + raw


def _xmp(image: Image.Image | Frames) -> bytes:
    raw = image.info.get("xmp") or b""
    return raw.encode() if isinstance(raw, str) else raw


def _extra(image: Image.Image | Frames, codec: Codec) -> bytes:
    """Return what else the file of an opened picture held that one of the same format holds again."""
    if codec.format == "PNG":
        return chunks_of(image)
    if codec.format == "GIF":
        return image.info.get(BLOCKS) or b""
    return _other_segments(image) if codec.format == "JPEG" else b""


def _other_segments(image: Image.Image | Frames) -> bytes:
    """Return the segments of an opened JPEG that Pillow would drop: comments, IPTC, thermal data, extended XMP ..."""
    kept_segments = [
        (0xFE if marker == "COM" else 0xE0 + int(marker.removeprefix("APP")), content)
        for marker, content in getattr(image, "applist", ())
        if marker not in _REWRITTEN and not content.startswith(_REWRITTEN_CONTENT)
    ]
    return b"".join(
        bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content for marker, content in kept_segments
    )


def orientation_exif(image: Image.Image | Frames) -> bytes:
    """Return an EXIF block with nothing but the orientation of an opened picture; empty where it stands upright."""
    turned = orientation(image)
    if turned == 1:
        return b""
    from PIL import Image as PillowImage

    exif = PillowImage.Exif()
    exif[_ORIENTATION] = turned
    return exif.tobytes()

"""Brings an image into a box before it is fitted: upright, and with metadata that say what the new pixels are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bytefit.codecs import exif, xmp
from bytefit.options.box import parse_box
from bytefit.pictures.boxing import Framing, boxed
from bytefit.pictures.frames import Frames
from bytefit.sources.carrying import exif_of
from bytefit.sources.metadata import orientation, turned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

    from bytefit.options import Options

# From this orientation on width and height change places.
_CHANGES_SIDES = 5

# Pixels an inch as Pillow states them, from left to right and from top to bottom.
_DENSITIES = ("dpi", "jfif_density")
_RAW_EXIF, _XMP_TEXT = "Raw profile type exif", "XML:com.adobe.xmp"


def framed(image: Image.Image | Frames, options: Options, name: str) -> Image.Image | Frames:
    """Return the pixels of an image in the box that the options ask for; the same object where nothing changes.

    Its `info` states the new dimensions, no orientation, and no thumbnail, which would show what was cut off.

    Raises:
        UnsupportedImage: if it would have to be enlarged, or cannot be padded.
    """
    turn = orientation(image)
    framing = Framing(
        parse_box(options.box),
        options.fit,
        enlarge=options.enlarge,
        background=options.background,
        name=name,
        **({} if options.focus is None else {"focus": options.focus}),
    )
    upright = turned(image, turn)
    made = boxed(upright, framing)
    if made is image:
        return image
    exif_block = exif_of(image)
    if isinstance(made, Frames):
        first = _info(made.info, exif_block, turn, made.size)
        made = made.each(lambda picture: _with_info(picture, _info(picture.info, exif_block, turn, picture.size)))
        return made._replace(info=first)
    return _with_info(made, _info(made.info, exif_block, turn, made.size))


def _with_info(picture: Image.Image, info: dict[Any, Any]) -> Image.Image:
    copied = picture.copy()
    copied.info, copied.format = info, picture.format
    return copied


def _info(info: Mapping[Any, Any], exif_block: bytes, turn: int, size: tuple[int, int]) -> dict[Any, Any]:
    """Return the `info` of an image that was turned and has `size` pixels now."""
    changed = {key: value for key, value in info.items() if key != _RAW_EXIF}
    if exif_block:
        upright = exif.without_thumbnail(exif.with_orientation(exif_block, 1))
        changed["exif"] = exif.with_dimensions(upright, size)
    for key in ("xmp", _XMP_TEXT):
        packet = changed.get(key)
        if isinstance(packet, str):
            changed[key] = xmp.with_dimensions(xmp.with_orientation(packet.encode(), 1), size).decode(errors="replace")
        elif isinstance(packet, bytes):
            changed[key] = xmp.with_dimensions(xmp.with_orientation(packet, 1), size)
    for key in _DENSITIES:
        if turn >= _CHANGES_SIDES and isinstance(pair := changed.get(key), tuple):
            changed[key] = pair[::-1]
    return changed

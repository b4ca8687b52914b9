"""Puts images onto a background of one colour, so that nothing shows through them any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image, ImageColor

from bytefit.pictures.frames import Frames
from bytefit.pictures.transparency import without_alpha

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def flattened(image: Image.Image | Frames, background: str) -> Image.Image | Frames:
    """Return an image or frames on a background, in L or RGB; the same object where there is no transparency.

    Samples are mixed as they are, as browsers do. 16 bits with a transparent colour stay as they are: Pillow has no
    alpha channel for them.

    Args:
        image: the image or the frames.
        background: an opaque colour as `PIL.ImageColor` reads it, in the colour space of the image.
    """
    colour = ImageColor.getrgb(background)[:3]
    if not isinstance(image, Frames):
        return _on(image, colour)
    if not image.has_transparency_data:
        return image
    kept = image.each(lambda picture: _on(picture, colour))
    return kept._replace(transparent=False, info=_opaque_info(image.info))


def _on(picture: Image.Image, colour: tuple[int, ...]) -> Image.Image:
    if not picture.has_transparency_data or picture.mode.startswith("I"):
        return picture
    alpha = picture.convert("LA" if picture.mode == "La" else "RGBA").getchannel("A")
    above = without_alpha(picture)
    if above.mode == "L" and len(set(colour)) > 1:
        above = above.convert("RGB")
    flat = Image.new(above.mode, above.size, colour[0] if above.mode == "L" else colour)
    flat.paste(above, mask=alpha)
    flat.info = _opaque_info(picture.info)
    flat.format = picture.format
    return flat


def _opaque_info(info: Mapping[Any, Any]) -> dict[Any, Any]:
    return {key: value for key, value in info.items() if key != "transparency"}

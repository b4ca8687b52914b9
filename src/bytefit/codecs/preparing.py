"""Bringing an image into a mode and dimensions that a codec encodes, or refusing it with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from bytefit.errors import UnsupportedImage
from bytefit.pictures.frames import Frames
from bytefit.pictures.transparency import is_opaque, without_alpha

if TYPE_CHECKING:
    from PIL import Image

    from bytefit.codecs.codec import Codec


# Pillow converts premultiplied grey to other modes by way of plain grey only, and clips big-endian samples at 255
# unless they become 32 bits wide first.
_BY_WAY_OF = {"La": "LA", "I;16B": "I"}


@overload
def prepare(codec: Codec, image: Image.Image, *, any_size: bool = False) -> Image.Image: ...
@overload
def prepare(codec: Codec, image: Frames, *, any_size: bool = False) -> Frames: ...
@overload
def prepare(codec: Codec, image: Image.Image | Frames, *, any_size: bool = False) -> Image.Image | Frames: ...
def prepare(codec: Codec, image: Image.Image | Frames, *, any_size: bool = False) -> Image.Image | Frames:
    """Return `image` in the mode it is encoded in, itself where nothing has to change.

    Args:
        codec: the codec that will encode it.
        image: the image, or the frames.
        any_size: accept dimensions that the format cannot hold; it will be scaled down.

    Raises:
        UnsupportedImage: with the reason and the way out.
    """
    if isinstance(image, Frames):
        return _prepared_frames(codec, image, any_size=any_size)
    return _prepared(codec, image, transparent=_counts_as_transparent(codec, image), any_size=any_size)


def mode_for(codec: Codec, mode: str, *, transparent: bool) -> str:
    """Return the mode in which a codec encodes an image of `mode`.

    Raises:
        UnsupportedImage: if there is none that holds it.
    """
    modes = codec.modes
    if transparent and modes.alpha is None:
        raise UnsupportedImage(
            f"{codec.format} cannot hold transparency (mode {mode}): give a background, such as background='white', "
            f"or take WEBP or AVIF"
        )
    if transparent and mode.startswith("I;16"):  # Pillow would clip its samples at 255
        raise UnsupportedImage(
            f"cannot encode 16 bits a channel with a transparent colour (mode {mode}) as {codec.format}: "
            f"depth=8 scales it to 8"
        )
    encoded = modes.alpha_of.get(mode, modes.alpha) if transparent else modes.opaque.get(mode)
    if encoded is None:
        raise UnsupportedImage(
            f"cannot write mode {mode} as {codec.format}: convert it to one of {', '.join(modes.opaque)} first"
        )
    return encoded


def _prepared_frames(codec: Codec, frames: Frames, *, any_size: bool) -> Frames:
    count, kind = len(frames.pictures), "frames" if frames.animated else "pages"
    if not (codec.holds.frames if frames.animated else codec.holds.pages):
        raise UnsupportedImage(
            f"it holds {count} {kind}, and {codec.format} holds one picture: all but one would be lost; "
            f"take {'WEBP, AVIF, PNG or GIF' if frames.animated else 'TIFF'}, or a single picture (image.copy())"
        )
    if not frames.animated:
        return frames.each(
            lambda image: _prepared(codec, image, transparent=_counts_as_transparent(codec, image), any_size=any_size)
        )
    transparent = frames.has_transparency_data
    if transparent and codec.modes.alpha is None:
        transparent = any(_counts_as_transparent(codec, picture) for picture in frames.pictures)
    return frames.each(lambda image: _prepared(codec, image, transparent=transparent, any_size=any_size))


def _counts_as_transparent(codec: Codec, image: Image.Image) -> bool:
    """Return whether the codec has to keep transparency: an alpha channel for it stays, whatever is in it.

    A format without transparency needs none for an image whose pixels are all opaque, as in most screenshots, and a
    format that blurs an alpha channel would make such an image transparent.
    """
    keeps_alpha = codec.modes.alpha is not None and not codec.modes.blurs_alpha
    return image.has_transparency_data and (keeps_alpha or not is_opaque(image))


def _prepared(codec: Codec, image: Image.Image, *, transparent: bool, any_size: bool) -> Image.Image:
    if max(image.size) > codec.holds.max_side and not any_size:
        raise UnsupportedImage(
            f"{codec.format} cannot hold {image.width}x{image.height} pixels: "
            f"{codec.holds.max_side} a side is its limit; allow resize, or take another format"
        )
    if min(image.size) < 1:
        raise UnsupportedImage(f"a picture of {image.width}x{image.height} pixels cannot be encoded")
    if image.mode in codec.modes.refused:
        raise UnsupportedImage(f"cannot write mode {image.mode} as {codec.format}: {codec.modes.refused[image.mode]}")
    if not transparent and image.has_transparency_data:
        image = without_alpha(image)
    mode = mode_for(codec, image.mode, transparent=transparent)
    if image.mode == mode:
        return image
    step = _BY_WAY_OF.get(image.mode)
    try:
        return (image if step is None else image.convert(step)).convert(mode)
    except (ValueError, TypeError) as error:
        raise UnsupportedImage(f"cannot convert mode {image.mode} to {mode} for {codec.format}: {error}") from error

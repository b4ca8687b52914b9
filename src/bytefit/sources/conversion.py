"""Changes that the user asks for before an image is fitted, so that a format can hold it: depth, colours, transparency.

The result is a source like any other. Whatever its file says besides the pixels goes along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bytefit.codecs import container_of, exif, xmp
from bytefit.codecs.colour_profiles import ADOBE_RGB, ADOBE_RGB_GAMMA, gamma_curve, profile
from bytefit.errors import UnsupportedImage
from bytefit.pictures.frames import Frames
from bytefit.pictures.replaced_pixels import with_pixels
from bytefit.sources.metadata import read_exif
from bytefit.sources.reading import decode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

    from bytefit.options import Options
    from bytefit.sources.source import Source

_GREY_MODES = frozenset({"1", "L", "LA", "La"})

# The directory within EXIF and its tag in which a camera says that its colours are those of Adobe RGB (DCF 2.0, 3.2.5).
_INTEROPERABILITY, _INDEX, _ADOBE_RGB = 0xA005, 1, "R03"


def converted(source: Source, options: Options) -> Source:
    """Return a source with the changes that the options ask for; the same object where nothing has to change.

    Raises:
        UnsupportedImage: if the image cannot be decoded, or its colours not be converted.
        ConfigError: if Pillow was built without what converts colours.
    """
    if options.depth is not None:
        source = _in_8_bits(source)
    picture = source.picture
    if options.colours is not None:
        picture = _in_srgb(picture)
    if options.background is not None:
        from bytefit.pictures.flattening import flattened

        picture = with_pixels(picture, flattened(picture, options.background))
    if options.box is not None:
        from bytefit.sources.framing import framed

        picture = _renewed(picture, framed(picture, options, source.name))
    if options.dpi is not None:
        from bytefit.sources.resolution import states_dpi

        if not states_dpi(picture, options.dpi):
            return source.with_picture(picture)
    return source if picture is source.picture else source.with_picture(picture)


def _renewed(bearer: Image.Image | Frames, pixels: Image.Image | Frames) -> Image.Image | Frames:
    """Return an image with other pixels whose EXIF is read again, because the orientation has changed."""
    other = with_pixels(bearer, pixels)
    if other is not bearer and not isinstance(other, Frames):
        other.__dict__["_exif"] = None
    return other


def _in_8_bits(source: Source) -> Source:
    """Return a source with at most 8 bits a channel; with more where no range of its samples is known."""
    if source.refusal is not None:
        try:
            whole = decode(source.data, source.name, in_8_bits=True, max_pixels=source.max_pixels)
        except UnsupportedImage:  # something else would be lost
            return source
        return source.with_picture(whole, whole=True)
    picture = source.picture
    pictures = picture.pictures if isinstance(picture, Frames) else (picture,)
    if not any(one.mode.startswith("I") for one in pictures):
        return source
    from bytefit.pictures.sixteen_bits import grey_in_8_bits

    if not isinstance(picture, Frames):
        return source.with_picture(with_pixels(picture, grey_in_8_bits(picture)))
    changed = picture.each(lambda one: grey_in_8_bits(one) if one.mode.startswith("I") else one)
    return source.with_picture(changed._replace(transparent=None))


def _in_srgb(picture: Image.Image | Frames) -> Image.Image | Frames:
    from bytefit.pictures.srgb import SrgbConversion

    conversion = SrgbConversion()
    own = _profile_of(picture)

    def profile_of(one: Image.Image) -> bytes:
        """Return the profile of a page, which may have one of its own; frames share that of their file."""
        return one.info.get("icc_profile") or (own if one.mode == picture.mode else b"")

    if not isinstance(picture, Frames):
        if not conversion.changes(picture, own):
            return picture
        changed = conversion.convert(picture, own)
        changed.info = _srgb_info(picture.info, picture.format)
        return with_pixels(picture, changed)
    if not any(conversion.changes(one, profile_of(one)) for one in picture.pictures):
        return picture
    frames = picture.each(lambda one: conversion.convert(one, profile_of(one)))
    return frames._replace(info=_srgb_info(picture.info, picture.format))


def _profile_of(picture: Image.Image | Frames) -> bytes:
    """Return the colour profile of an image, or one made from what its file says otherwise; empty for sRGB."""
    stored: bytes = picture.info.get("icc_profile") or b""
    if stored or picture.mode in {"CMYK", "LAB"}:
        return stored
    described = container_of(picture.format).descriptions.colour_profile(picture, picture.mode in _GREY_MODES)
    if described or picture.mode in _GREY_MODES:
        return described
    index = read_exif(picture, lambda found: found.get_ifd(_INTEROPERABILITY).get(_INDEX))
    return profile(gamma_curve(ADOBE_RGB_GAMMA), ADOBE_RGB) if index == _ADOBE_RGB else b""


def _srgb_info(info: Mapping[Any, Any], codec_format: str | None) -> dict[Any, Any]:
    """Return the `info` of an image whose pixels were converted to sRGB."""
    changed = {key: value for key, value in container_of(codec_format).as_srgb(info).items() if key != "icc_profile"}
    for key, kind in (("exif", exif), ("xmp", xmp)):
        if isinstance(stated := changed.get(key), bytes):
            changed[key] = kind.with_srgb(stated)
    changed.pop("transparency", None)
    return changed

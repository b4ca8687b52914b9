"""Converts the colours of images to sRGB by their profiles, with Little CMS (`PIL.ImageCms`).

Relative colorimetric, with black point compensation: colours that sRGB has stay as they are, others become the nearest
one on its border, and the darkest colour stays the darkest. Alpha channels are left alone.
"""

from __future__ import annotations

from io import BytesIO
from itertools import product
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageCms, features

from bytefit.errors import ConfigError, UnsupportedImage
from bytefit.pictures.transparency import without_alpha

if TYPE_CHECKING:
    from collections.abc import Callable

# The mode in which the colours of other modes are converted; RGB for all that are missing here.
_CONVERTED_AS = {"1": "L", "L": "L", "LA": "L", "La": "L", "CMYK": "CMYK", "LAB": "LAB"}

# What a profile calls the colours of a mode (ICC.1:2022, 7.2.8).
_SPACES = {"L": "GRAY", "RGB": "RGB ", "CMYK": "CMYK", "LAB": "Lab "}

# The levels of each channel on which a profile is compared with sRGB, and the difference that is rounding.
_LEVELS, _ROUNDING = range(0, 256, 15), 1


class SrgbConversion:
    """Converts pictures to sRGB; what a profile does is worked out once."""

    def __init__(self) -> None:
        """Start without any profile.

        Raises:
            ConfigError: if Pillow was built without Little CMS.
        """
        if not features.check("littlecms2"):
            raise ConfigError(
                "colours='srgb' needs Little CMS, which this Pillow was built without: install a wheel of Pillow, "
                "or leave colours out"
            )
        self._known: dict[tuple[bytes, str], Callable[[Image.Image], Image.Image] | None] = {}

    def changes(self, picture: Image.Image, profile: bytes) -> bool:
        """Return whether a picture with a colour profile (empty: without one) would be changed.

        Raises:
            UnsupportedImage: see `convert`.
        """
        return self._change_for(picture, profile) is not None

    def convert(self, picture: Image.Image, profile: bytes) -> Image.Image:
        """Return a picture in sRGB: in L, LA, RGB or RGBA; the same object where its colours are those of sRGB.

        Grey stays grey. Inks without a profile become what browsers show for them, Lab without one is that of D50.

        Raises:
            UnsupportedImage: if the profile is damaged or made for another kind of colours, or if there are more than
                8 bits a channel.
        """
        change = self._change_for(picture, profile)
        if change is None:
            return picture
        transparent = picture.has_transparency_data
        grey = _CONVERTED_AS.get(picture.mode) == "L"
        converted = change(without_alpha(picture) if transparent else picture)
        if transparent:
            straight = "LA" if grey else "RGBA"
            converted.putalpha((picture if picture.mode == straight else picture.convert(straight)).getchannel("A"))
        converted.info = {key: value for key, value in picture.info.items() if key != "transparency"}
        converted.format = picture.format
        return converted

    def _change_for(self, picture: Image.Image, profile: bytes) -> Callable[[Image.Image], Image.Image] | None:
        mode = _CONVERTED_AS.get(picture.mode, "RGB")
        if not profile and mode in {"L", "RGB"}:
            return None
        if picture.mode.startswith("I") or picture.mode == "F":
            raise UnsupportedImage(
                f"cannot convert the colours of mode {picture.mode}, which has more than 8 bits a channel: "
                f"add depth=8, or leave colours out"
            )
        key = profile, mode
        if key not in self._known:
            self._known[key] = _change(profile, mode)
        return self._known[key]


def _change(profile: bytes, mode: str) -> Callable[[Image.Image], Image.Image] | None:
    """Return what converts pictures of a mode with a profile; None where that is sRGB already."""
    if not profile and mode == "CMYK":
        return lambda picture: picture.convert("RGB")
    transform, mode = _transform(profile, mode)

    def changed(picture: Image.Image) -> Image.Image:
        converted = transform.apply(picture if picture.mode == mode else picture.convert(mode))
        return converted.getchannel("G") if mode == "L" else converted

    return changed if mode not in {"L", "RGB"} or _differs(changed, mode) else None


def _transform(profile: bytes, mode: str) -> tuple[ImageCms.ImageCmsTransform, str]:
    """Return the transform to sRGB for a profile, and the mode of the pictures it takes."""
    try:
        own = ImageCms.ImageCmsProfile(BytesIO(profile) if profile else ImageCms.createProfile("LAB"))
        space = own.profile.xcolor_space
        # Programs give greys the profile of the colours that they were made from.
        mode = "RGB" if mode == "L" and space == _SPACES["RGB"] else mode
        if space != _SPACES[mode]:
            raise UnsupportedImage(
                f"cannot convert its colours: its pixels are {_SPACES[mode].strip()}, its profile is for "
                f"{space.strip()}; leave colours out"
            )
        transform = ImageCms.buildTransform(
            own,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError) as error:
        if isinstance(error, UnsupportedImage):
            raise
        reason = str(error).strip() or type(error).__name__
        raise UnsupportedImage(
            f"cannot convert its colours: its profile is damaged ({reason}); leave colours out, or drop "
            f"the profile with metadata='strip' in its place"
        ) from error
    return transform, mode


def _differs(change: Callable[[Image.Image], Image.Image], mode: str) -> bool:
    """Return whether a change moves any of some colours by more than rounding."""
    if mode == "L":
        patches = Image.frombytes("L", (256, 1), bytes(range(256)))
    else:
        levels = bytes(level for colour in product(_LEVELS, repeat=3) for level in colour)
        patches = Image.frombytes("RGB", (len(levels) // 3, 1), levels)
    counts = ImageChops.difference(change(patches), patches).histogram()
    return any(count and place % 256 > _ROUNDING for place, count in enumerate(counts))

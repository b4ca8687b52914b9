"""Whether anything shows through an image, in whichever way its mode stores transparency."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

_GREY = frozenset({"1", "L", "LA", "La"})
_OPAQUE = 255

# Modes in which a colour of `info` may be transparent, as far as Pillow makes an alpha channel of it.
_KEYED = frozenset({"1", "L", "P", "RGB"})


def is_opaque(image: Image.Image) -> bool:
    """Return whether no pixel of an image is transparent, although its mode or its `info` allows for it."""
    if not image.has_transparency_data:
        return True
    if image.mode in {"RGBA", "RGBa", "LA", "La"}:
        alpha = image.getchannel(len(image.getbands()) - 1)
    elif image.mode == "PA" or image.mode in _KEYED:
        alpha = image.convert("RGBA").getchannel("A")
    else:
        return False
    return alpha.getextrema() == (_OPAQUE, _OPAQUE)


def without_alpha(image: Image.Image) -> Image.Image:
    """Return an opaque image in L or RGB, without a transparent colour in its `info`."""
    # Pillow converts premultiplied colours no other way, and warns of a palette with transparency.
    by_way_of = {"La": "LA", "RGBa": "RGBA", "PA": "RGBA", "P": "RGBA"}.get(image.mode)
    image = image if by_way_of is None else image.convert(by_way_of)
    plain = image.convert("L" if image.mode in _GREY else "RGB")
    plain.info.pop("transparency", None)
    return plain

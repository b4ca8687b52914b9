"""What of an AVIF file Pillow would drop or rewrite, and how it is padded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bytefit.codecs.avif.boxes import lost_in_avif, pixel_shape
from bytefit.codecs.container import Container, Descriptions
from bytefit.codecs.descriptions import NO_UNIT, density_of
from bytefit.codecs.exif import ORIENTATION, with_orientation
from bytefit.codecs.padding import BOX_PADDING

if TYPE_CHECKING:
    from PIL import Image

# The key in `info` under which the shape of a pixel is stored.
_DENSITY = "avif_density"


def settle_exif(image: Image.Image) -> None:
    """Give an opened file its EXIF block as it is stored, with the orientation of the file's own box.

    Pillow writes the block again from what it understands of it where the two orientations differ.
    """
    decoder = getattr(image, "_decoder", None)
    stored = decoder.get_info()[4] if decoder is not None else None
    if stored and image.info.get("exif") != stored:
        image.info["exif"] = with_orientation(stored, image.getexif().get(ORIENTATION, 1))


def unread_metadata(_image: Image.Image, data: bytes) -> dict[str, Any]:
    """Return the shape of a pixel, where it is no square."""
    shape = pixel_shape(data)
    return {_DENSITY: density_of(shape[1], shape[0], NO_UNIT) if shape else None}


CONTAINER = Container(
    lost=lambda _image, data: lost_in_avif(data),
    unread_metadata=unread_metadata,
    settle=settle_exif,
    descriptions=Descriptions(density=lambda image: image.info.get(_DENSITY)),
    padding=BOX_PADDING,
)

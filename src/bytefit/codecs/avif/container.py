"""What of an AVIF file Pillow would drop or rewrite, and how it is padded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bytefit.codecs.avif.boxes import lost_in_avif
from bytefit.codecs.container import Container
from bytefit.codecs.exif import ORIENTATION, with_orientation
from bytefit.codecs.padding import BOX_PADDING

if TYPE_CHECKING:
    from PIL import Image


def settle_exif(image: Image.Image) -> None:
    """Give an opened file its EXIF block as it is stored, with the orientation of the file's own box.

    Pillow writes the block again from what it understands of it where the two orientations differ.
    """
    decoder = getattr(image, "_decoder", None)
    stored = decoder.get_info()[4] if decoder is not None else None
    if stored and image.info.get("exif") != stored:
        image.info["exif"] = with_orientation(stored, image.getexif().get(ORIENTATION, 1))


CONTAINER = Container(lost=lambda _image, data: lost_in_avif(data), settle=settle_exif, padding=BOX_PADDING)

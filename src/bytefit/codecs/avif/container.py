"""What of an AVIF file Pillow would drop, and how it is padded."""

from __future__ import annotations

from bytefit.codecs.avif.boxes import lost_in_avif
from bytefit.codecs.container import Container
from bytefit.codecs.padding import BOX_PADDING

CONTAINER = Container(lost=lambda _image, data: lost_in_avif(data), padding=BOX_PADDING)

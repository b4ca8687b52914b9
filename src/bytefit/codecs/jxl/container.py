"""What a JPEG XL file carries besides its pixels, what of it the plugin would drop, and how it is padded."""

from __future__ import annotations

from bytefit.codecs.boxes import box, free_box
from bytefit.codecs.container import Container, Padding
from bytefit.codecs.jxl.boxes import lost_in_jxl, metadata_in_jxl
from bytefit.codecs.padding import append_free_box

_CODESTREAM = b"\xff\x0a"
_EMPTY_CONTAINER = b"\x00\x00\x00\x0cJXL \r\n\x87\n" + box(b"ftyp", b"jxl \x00\x00\x00\x00jxl ")


def register_plugin() -> None:
    """Make Pillow read and write the format.

    Raises:
        ImportError: if the plugin is not installed.
    """
    import pillow_jxl  # noqa: F401  (its import registers the format)


def pad(data: bytes, missing: int) -> bytes:
    """Append a free box, to a bare codestream after putting it into a container (ISO/IEC 18181-2, 9)."""
    if not data.startswith(_CODESTREAM):
        return append_free_box(data, missing)
    held = _EMPTY_CONTAINER + box(b"jxlc", data)
    return held + free_box(missing - (len(held) - len(data)))


CONTAINER = Container(
    lost=lambda _image, data: lost_in_jxl(data),
    unread_metadata=lambda _image, data: metadata_in_jxl(data),
    # By what the codestream says: ISO/IEC 18181-2, 9.4.
    turned_by_decoder=True,
    # A free box, and 40 bytes of a container where the file has none.
    padding=Padding(len(_EMPTY_CONTAINER) + 8 + 8, pad),
    register_plugin=register_plugin,
)

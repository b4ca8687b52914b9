"""What a PNG file carries besides its pixels, what of it Pillow would drop, and how it is padded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bytefit.codecs.container import Container, Padding
from bytefit.codecs.png.chunks import (
    CHUNKS,
    COLOUR_CHUNKS,
    SIGNATURE,
    chunk,
    chunks,
    chunks_of,
    colour_chunks,
    lost_in_png,
    other_chunks,
    without_colour_chunks,
)
from bytefit.codecs.png.descriptions import DESCRIPTIONS, TEXTS, unread_descriptions
from bytefit.codecs.png.long_texts import lost_with_long_texts, read_from_long_texts, without_long_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

    from bytefit.options.policies import Policy
    from bytefit.pictures.frames import Frames

_END = b"\x00\x00\x00\x00IEND"

# Pillow's raw modes for samples of 16 bits, and those that take the low byte of each.
_GREY_AND_ALPHA = "LA;16B"
_LOW_BYTES = {"RGB;16B": "RGB;16L", "RGBA;16B": "RGBA;16L", _GREY_AND_ALPHA: "RGBA"}

# Ancillary, private, safe to copy by editors that do not know it (PNG, 5.4).
_PADDING_CHUNK = b"paDd"


def pad(data: bytes, missing: int) -> bytes:
    """Put a chunk of our own before the end chunk."""
    place = data.rindex(_END)
    return data[:place] + chunk(_PADDING_CHUNK, bytes(missing - 12)) + data[place:]


def carried(image: Image.Image | Frames, policy: str) -> Mapping[str, Any]:
    """Return the chunks that have no save option of their own; or only those that say what the samples mean."""
    if policy == "keep":
        return {"extra": chunks_of(image)}
    return {"extra": colour_chunks(chunks_of(image))} if policy == "orientation+icc" else {}


def selected(carried: Mapping[str, Any], policy: Policy) -> Mapping[str, Any]:
    """Return the other chunks without what a policy drops."""
    kept = []
    data = SIGNATURE + bytes(carried.get("extra") or b"")
    for name, content, start, end in chunks(data):
        if name in COLOUR_CHUNKS:
            stays = policy.keeps("icc")
        elif name in TEXTS:
            stays = policy.keeps(_group_of_text(content.partition(b"\x00")[0].decode("latin-1")))
        else:
            stays = policy.others
        kept += [data[start:end]] if stays else []
    return {"extra": b"".join(kept)}


def _group_of_text(keyword: str) -> str:
    """Return the group of a text chunk (PNG, third edition, 11.3.3.1); ImageMagick stores blocks of other formats."""
    if keyword.startswith("Raw profile type "):
        return {"xmp": "xmp", "exif": "makernote", "APP1": "makernote"}.get(keyword.rpartition(" ")[2], "iptc")
    kinds = {"Author": "copyright", "Copyright": "copyright", "Creation Time": "date", "Comment": "comment"}
    return kinds.get(keyword, "camera" if keyword in {"Source", "Software"} else "text")


def unread_metadata(_image: Image.Image, data: bytes) -> Mapping[str, Any]:
    """Return what Pillow does not read: chunks, texts too long for it, pixel density, background."""
    return {CHUNKS: other_chunks(data), **read_from_long_texts(data), **unread_descriptions(data)}


def scaled_to_8(image: Image.Image, data: bytes) -> Image.Image:
    """Return an opened image of 16 bits a channel with its samples scaled to 8, of which Pillow takes the high bytes.

    With the byte order reversed, the same decoder reads the low bytes.
    """
    from PIL import Image as PillowImage

    from bytefit.pictures.opening import UNLIMITED, open_image
    from bytefit.pictures.replaced_pixels import with_pixels
    from bytefit.pictures.sixteen_bits import alpha_without, scaled_to_8_bits

    other = open_image(without_long_texts(data), UNLIMITED)
    tile = other.tile[0]  # type: ignore[attr-defined]
    other.tile = [tile._replace(args=_LOW_BYTES[tile.args])]  # type: ignore[attr-defined]
    high, low, key = image, other, image.info.get("transparency")
    high.load()
    if tile.args == _GREY_AND_ALPHA:  # grey, its low byte, alpha, its low byte
        grey, low_grey, alpha, low_alpha = low.split()
        high, low = PillowImage.merge("LA", (grey, alpha)), PillowImage.merge("LA", (low_grey, low_alpha))
    scaled = scaled_to_8_bits(high, low)
    if isinstance(key, tuple):
        scaled.putalpha(alpha_without(high, low, key))
    scaled.info = {name: value for name, value in image.info.items() if name != "transparency"}
    return with_pixels(image, scaled)


def as_srgb(info: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return `info` without gamma, primaries and the other chunks about colours."""
    left = {key: value for key, value in info.items() if key not in {"gamma", "srgb", "chromaticity"}}
    return {**left, CHUNKS: without_colour_chunks(left[CHUNKS])} if CHUNKS in left else left


CONTAINER = Container(
    selected=selected,
    scaled_to_8=scaled_to_8,
    as_srgb=as_srgb,
    readable=without_long_texts,
    lost=lambda _image, data: lost_with_long_texts(data) or lost_in_png(data),
    unread_metadata=unread_metadata,
    carried=carried,
    descriptions=DESCRIPTIONS,
    # Length, name and checksum of a chunk.
    padding=Padding(12, pad),
)

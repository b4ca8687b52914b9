"""What a GIF file carries besides its pixels, and how it is padded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bytefit.codecs.container import Container, Descriptions, Padding
from bytefit.codecs.descriptions import NO_UNIT, Text, comment_in_info, decoded
from bytefit.codecs.gif.blocks import (
    BLOCKS,
    applications_in,
    aspect_byte,
    aspect_of,
    comment_block,
    comments_in,
    has_plain_text,
    metadata_in,
    other_blocks,
    without_groups,
    without_profile,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PIL import Image

    from bytefit.options.policies import Policy
    from bytefit.pictures.frames import Frames

# The keys in `info` for the shape of a pixel, and for whether there is text to be rendered over the frames.
_ASPECT, _CAPTIONS = "gif_aspect", "gif_plain_text"

_TRAILER = b";"
_EXTENSION = b"\x21\xff\x0bBYTEFIT PAD"  # an application of our own; a comment would pass for the user's
_SUB_BLOCK_MOST = 256  # bytes of one sub-block, its length byte included


def pad(data: bytes, missing: int) -> bytes:
    """Put an application extension before the trailer (GIF89a, 26), and name the version that has them."""
    left = missing - len(_EXTENSION) - 1
    filling = bytearray(_EXTENSION)
    while left:
        # A sub-block holds a byte at least: the last but one leaves two for the last.
        length = left if left <= _SUB_BLOCK_MOST else min(_SUB_BLOCK_MOST, left - 2)
        filling += bytes((length - 1,)) + bytes(length - 1)
        left -= length
    place = data.rindex(_TRAILER)
    return b"GIF89a" + data[6:place] + filling + b"\x00" + data[place:]


def carried(image: Image.Image | Frames, policy: str) -> Mapping[str, Any]:
    """Return the blocks that hold no pixels, as they were; comments are among them."""
    if policy != "keep":
        return {}
    blocks = image.info.get(BLOCKS)
    # XMP and profile are among the blocks, too.
    return (
        {"extra": b""} if blocks is None else {"extra": blocks, **dict.fromkeys(("comment", "icc_profile", "xmp"), b"")}
    )


def selected(carried: Mapping[str, Any], policy: Policy) -> Mapping[str, Any]:
    """Return the blocks without what a policy drops."""
    return {"extra": without_groups(carried.get("extra") or b"", policy)}


def unread_metadata(_image: Image.Image, data: bytes) -> Mapping[str, Any]:
    """Return the blocks, what other formats hold of them, and the rest that Pillow does not read."""
    blocks = other_blocks(data)
    return {BLOCKS: blocks, _ASPECT: aspect_of(data), _CAPTIONS: has_plain_text(data), **metadata_in(blocks)}


def texts_in(image: Image.Image | Frames) -> Sequence[Text]:
    """Return the comments of an opened GIF."""
    blocks = image.info.get(BLOCKS)
    if blocks is None:
        return comment_in_info(image)
    return [Text("", decoded(comment), "GIF comment") for comment in comments_in(blocks) if comment]


def with_texts(texts: Sequence[Text]) -> tuple[bytes, Sequence[Text]]:
    """Return a comment block for each text."""
    return b"".join(comment_block(text.line.encode()) for text in texts), ()


def as_srgb(info: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return `info` without the block of a colour profile."""
    return {**info, BLOCKS: without_profile(info[BLOCKS])} if BLOCKS in info else dict(info)


CONTAINER = Container(
    selected=selected,
    as_srgb=as_srgb,
    unread_metadata=unread_metadata,
    carried=carried,
    descriptions=Descriptions(
        texts=texts_in,
        with_texts=with_texts,
        density=lambda image: image.info.get(_ASPECT),
        states_density=lambda density, _mode: density.unit == NO_UNIT and aspect_byte(density) is not None,
        not_kept=lambda image: ("GIF plain text",) if image.info.get(_CAPTIONS) else (),
        profiles_are_applied=False,
        own_data=lambda image: [
            f"GIF application extension {name}" for name in applications_in(image.info.get(BLOCKS, b""))
        ],
    ),
    # An extension with one sub-block of two bytes; from there on every size is possible.
    padding=Padding(len(_EXTENSION) + 3, pad),
)

"""Compares an answer that claims to be lossless with what was asked for, pixel by pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL.Image import Transpose

from bytefit import formats
from bytefit.codecs import codec_for_format
from bytefit.errors import PixelsNotKept
from bytefit.pictures.comparison import has_same_pixels

if TYPE_CHECKING:
    from PIL import Image

    from bytefit.codecs import Codec
    from bytefit.pictures.frames import Frames

_WITH_ALPHA = frozenset({"LA", "PA", "RGBA"})

_WAY_OUT = "use PNG, or leave lossless out"


def check_lossless(
    version: Image.Image | Frames,
    source: Image.Image | Frames,
    prepared: Image.Image | Frames,
    codec: Codec,
    *,
    asked: bool,
) -> bool:
    """Return whether a file of a lossless setting has every pixel of its source.

    Args:
        version: what the file shows.
        source: the image as it was given, in the dimensions it has there.
        prepared: the image that was encoded: in the mode of the codec, perhaps of smaller dimensions or fewer frames.
        codec: what it was encoded with.
        asked: whether the user asked for a lossless file. If so, the colours of fully transparent pixels count too.

    Raises:
        PixelsNotKept: if the encoder has changed pixels, or if a lossless file was asked for and there is none.
    """
    hidden = asked and _has_hidden_colours(source)
    whole = prepared.size == source.size and _count(prepared) == _count(source)
    if whole and _agrees(version, source, codec, hidden_colours=hidden):
        return True
    if not _agrees(version, prepared, codec, hidden_colours=hidden):
        if hidden and _agrees(version, prepared, codec, hidden_colours=False):
            raise PixelsNotKept(f"{codec.format} cannot keep the colours of these fully transparent pixels; {_WAY_OUT}")
        raise PixelsNotKept(f"{codec.format} does not keep every pixel with these save options: leave them out")
    if asked and whole:
        raise PixelsNotKept(
            f"{codec.format} cannot keep mode {source.mode} without loss: converting it to {prepared.mode} rounds "
            f"its colours; convert it to {prepared.mode} first"
        )
    return False


def _count(image: Image.Image | Frames) -> int:
    return len(getattr(image, "pictures", (image,)))


def _has_hidden_colours(source: Image.Image | Frames) -> bool:
    """Return whether fully transparent pixels have colours: not where one colour or index stands for transparency."""
    known = formats.named(source.format or "")
    return source.mode in _WITH_ALPHA and (not known.folder or codec_for_format(known.name).lossless.hidden_colours)


def _agrees(version: Image.Image | Frames, image: Image.Image | Frames, codec: Codec, *, hidden_colours: bool) -> bool:
    if has_same_pixels(version, image, hidden_colours=hidden_colours):
        return True
    # Decoders of these formats apply the orientation that the image has in its metadata.
    return codec.source.decoder_rotates and any(
        has_same_pixels(version, image.transpose(turn), hidden_colours=hidden_colours) for turn in Transpose
    )

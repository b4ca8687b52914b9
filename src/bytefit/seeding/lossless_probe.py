"""Whether it is worth a trial to keep every pixel, in a format whose ladder of qualities is lossy (WebP)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bytefit.codecs import encode_timed
from bytefit.codecs.codec import DRAWING
from bytefit.seeding.picture_kind import content
from bytefit.seeding.seed import pixels_of

if TYPE_CHECKING:
    from PIL import Image

    from bytefit.codecs import Codec, Trial
    from bytefit.pictures.frames import Frames

# What a sample packed at the lowest effort takes for the whole, over what the whole takes at the usual one, at most:
# the tiles of a sample cut the matches that flat fields are packed by.
_MOST_OVER = {DRAWING: 4.0}
_USUALLY_OVER = 1.3


def lossless_probe(
    codec: Codec, picture: Image.Image | Frames, part: Image.Image, *, budget: int
) -> tuple[bool, Trial]:
    """Return whether a lossless file may have at most `budget` bytes, and the encode that says so.

    Args:
        codec: one with a lossless coding.
        picture: what is to be encoded.
        part: its sample.
        budget: see `bytefit.search.search.search`.
    """
    _, trial = encode_timed(codec, part, {**(codec.lossless.options or {}), **(codec.lossless.probe_options or {})}, {})
    expected = trial.size * pixels_of(picture) / (part.width * part.height)
    return expected <= budget * _MOST_OVER.get(content(part), _USUALLY_OVER), trial

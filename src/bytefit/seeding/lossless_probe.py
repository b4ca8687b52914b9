"""Predicts whether a file may fit that loses nothing, or little.

It is for formats whose ladder of qualities is lossy (WebP).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bytefit.codecs import encode_timed
from bytefit.codecs.codec import GRAPHIC
from bytefit.seeding.picture_kind import content
from bytefit.seeding.seed import pixels_of

if TYPE_CHECKING:
    from PIL import Image

    from bytefit.codecs import Codec, Trial
    from bytefit.pictures.frames import Frames

# A sample at the lowest effort predicts at most this many times the bytes of the whole at normal effort. In graphics,
# its tiles cut the repeats that lossless coding uses.
_MOST_OVER = {GRAPHIC: 4.0}
_USUALLY_OVER = 1.3


def lossless_probe(codec: Codec, picture: Image.Image | Frames, sample: Image.Image) -> tuple[float, Trial]:
    """Return the fewest bytes that a lossless file may have, and the encode this is predicted from.

    Args:
        codec: one with a lossless coding.
        picture: the picture or frames to encode.
        sample: its sample.
    """
    lossless = codec.lossless
    _, trial = encode_timed(codec, sample, {**(lossless.options or {}), **(lossless.probe_options or {})}, {})
    expected = trial.size * pixels_of(picture) / (sample.width * sample.height)
    return expected / _MOST_OVER.get(content(sample), _USUALLY_OVER), trial


def near_lossless_probe(codec: Codec, picture: Image.Image, quality: float) -> tuple[float, Trial]:
    """Return the fewest bytes that a nearly lossless file may have, and the encode this is predicted from.

    Args:
        codec: one with nearly lossless codings.
        picture: the picture to encode.
        quality: one of theirs.
    """
    near = codec.lossless.near
    assert near is not None
    version, options = near.quick(picture, quality)
    _, trial = encode_timed(codec, version, {**(codec.lossless.options or {}), **options}, {})
    return near.least_share * trial.size, trial


def lowest_rung_probe(codec: Codec, picture: Image.Image) -> tuple[float, Trial]:
    """Return the fewest bytes that the lowest rung may have, and the encode this is predicted from.

    Args:
        codec: on a ladder of nearly lossless codings.
        picture: the picture to encode.
    """
    near = codec.lossless.near
    assert near is not None
    setting = {**codec.setting(codec.ladder[0], picture.mode), **codec.hints.probe_options}
    _, trial = encode_timed(codec, picture, setting, {})
    return near.least_share * trial.size, trial

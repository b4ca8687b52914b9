"""The features a model sees of a picture: the same functions serve training and run time.

Two kinds of measurement give them. *Scouts* encode the mosaic as plain baseline JPEG at a few qualities, which takes
a few milliseconds whatever the codec and says how busy the picture is. The *probe* encodes the whole picture at one
rung with a lower effort of the codec itself.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

from bytefit.codecs import Trial, encode_timed
from bytefit.codecs.codec import NO_METADATA
from bytefit.codecs.jpeg import JPEG
from bytefit.seeding.mosaic import mosaic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from bytefit.codecs import Codec

# What libjpeg writes before the first coded bit, with its standard Huffman tables.
_HEADER = {"L": 328, "RGB": 623}


def scout(picture: Image.Image, qualities: Sequence[int]) -> tuple[list[float], list[Trial]]:
    """Return ln(bits per pixel) of the picture's mosaic as baseline JPEG at each quality, and the encodes made."""
    tiles = mosaic(picture)
    if tiles.mode not in _HEADER:
        tiles = tiles.convert("RGB")
    readings, trials = [], []
    for quality in qualities:
        data, trial = encode_timed(JPEG, tiles, {"quality": quality}, NO_METADATA)
        readings.append(log_bits(len(data) - _HEADER[tiles.mode], tiles))
        trials.append(trial)
    return readings, trials


def probe(codec: Codec, picture: Image.Image, rung: int) -> tuple[float, Trial]:
    """Return ln(bits per pixel) of the whole picture at a rung, encoded at the codec's low effort, and the encode."""
    setting = {**codec.setting(codec.ladder[rung], picture.mode), **codec.probe_options}
    data, trial = encode_timed(codec, picture, setting, NO_METADATA)
    return log_bits(len(data), picture), trial


def log_bits(size: int, picture: Image.Image) -> float:
    """Return ln of the bits per pixel that `size` bytes are for `picture`."""
    return log(max(1, size) * 8 / (picture.width * picture.height))


def feature_names(scout_qualities: Sequence[int]) -> list[str]:
    """Return the names of what `probe_features` returns, in its order."""
    return [
        "position",
        "probe_bits",
        "surprise",
        "log_pixels",
        "alpha",
        "grey",
        *(f"scout_{q}" for q in scout_qualities),
    ]


def probe_features(
    rung: int, rungs: int, *, mode: str, pixels: int, probe_bits: float, expected_bits: float, scouts: Sequence[float]
) -> list[float]:
    """Return the features from which the trees predict ln(true bytes / probe bytes) at a probed rung.

    Args:
        rung: the rung probed.
        rungs: the length of the ladder.
        mode: the mode the picture is encoded in.
        pixels: its width times its height.
        probe_bits: what `probe` returned for the rung.
        expected_bits: ln(bits per pixel) that the scouts alone predict for it.
        scouts: what `scout` returned.
    """
    return [
        rung / (rungs - 1),
        probe_bits,
        probe_bits - expected_bits,
        log(pixels),
        float(mode == "RGBA"),
        float(mode == "L"),
        *scouts,
    ]

"""The features a model sees of a picture: the same functions serve training and run time.

Three kinds of measurement give them. *Scouts* encode the mosaic as plain baseline JPEG at a few qualities, which takes
a millisecond or two whatever the codec and says how busy the picture is. The *probe* encodes the whole picture at one
rung with a lower effort of the codec itself. The *gauge* encodes the mosaic at that rung with both efforts: how much
smaller the full effort makes a file varies from picture to picture, but little within one.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

from bytefit.codecs import Trial, encode_timed
from bytefit.codecs.codec import NO_METADATA
from bytefit.codecs.jpeg import JPEG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from bytefit.codecs import Codec

# What libjpeg writes before the first coded bit, with its standard Huffman tables.
_HEADER = {"L": 328, "RGB": 623}


def scout(tiles: Image.Image, qualities: Sequence[int]) -> tuple[list[float], list[Trial]]:
    """Return ln(bits per pixel) of a mosaic as baseline JPEG at each quality, and the encodes made."""
    if tiles.mode not in _HEADER:
        tiles = tiles.convert("RGB")
    readings, trials = [], []
    for quality in qualities:
        data, trial = encode_timed(JPEG, tiles, {"quality": quality}, NO_METADATA)
        readings.append(log_bits(len(data) - _HEADER[tiles.mode], tiles))
        trials.append(trial)
    return readings, trials


def probe(codec: Codec, picture: Image.Image, rung: int) -> tuple[float, Trial]:
    """Return ln(bits per pixel) of a picture at a rung, encoded at the codec's low effort, and the encode."""
    setting = {**codec.setting(codec.ladder[rung], picture.mode), **codec.probe_options}
    data, trial = encode_timed(codec, picture, setting, NO_METADATA)
    return log_bits(len(data), picture), trial


@dataclass(frozen=True, slots=True)
class Gauge:
    """What the mosaic says of one rung.

    Attributes:
        saving: ln(bytes at full effort / bytes at low effort).
        low_bits: ln(bits per pixel) at low effort, the file's header left out; its differences between rungs are
            those of the whole picture.
        trials: the encodes made.
    """

    saving: float
    low_bits: float
    trials: tuple[Trial, Trial]


def gauge(codec: Codec, tiles: Image.Image, rung: int) -> Gauge:
    """Encode a mosaic at a rung with both efforts of the codec."""
    full, trial = encode_timed(codec, tiles, codec.setting(codec.ladder[rung], tiles.mode), NO_METADATA)
    low, low_trial = probe(codec, tiles, rung)
    body = log_bits(low_trial.size - codec.header_bytes, tiles)
    return Gauge(log_bits(len(full), tiles) - low, body, (trial, low_trial))


def log_bits(size: int, picture: Image.Image) -> float:
    """Return ln of the bits per pixel that `size` bytes are for `picture`."""
    return log(max(1, size) * 8 / (picture.width * picture.height))


def feature_names(scout_qualities: Sequence[int]) -> list[str]:
    """Return the names of what `probe_features` returns, in its order."""
    own = ["position", "probe_bits", "gauge", "surprise", "log_pixels", "alpha", "grey", "drawing"]
    return own + [f"scout_{quality}" for quality in scout_qualities]


def probe_features(
    position: float,
    *,
    mode: str,
    drawing: bool,
    pixels: int,
    bits: float,
    gauged: float,
    expected: float,
    scouts: Sequence[float],
) -> list[float]:
    """Return the features from which the trees predict how far bits + gauged is from the truth at a probed rung.

    Args:
        position: the rung probed, over the highest rung.
        mode: the mode the picture is encoded in.
        drawing: whether the codec's settings are those for drawings.
        pixels: its width times its height.
        bits: what `probe` returned for the rung.
        gauged: what `gauge` returned for it.
        expected: ln(bits per pixel) that the scouts alone predict for it.
        scouts: what `scout` returned.
    """
    alpha, grey = float(mode == "RGBA"), float(mode == "L")
    return [position, bits, gauged, bits + gauged - expected, log(pixels), alpha, grey, float(drawing), *scouts]

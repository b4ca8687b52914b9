"""The features a model sees of a picture: the same functions serve training and run time.

A picture is read in three ways, all as ln(bits per pixel) without the file's header. *Complexity probes* encode its
sample as plain baseline JPEG at a few qualities, which takes a millisecond or two whatever the codec; one of the whole
picture says how much busier than its sample it is. A *coarse* reading encodes the sample at a rung. A *fine* reading
encodes the whole picture at a lower effort of the codec, and the sample at both efforts for how much smaller the full
one makes it; where a lower effort is not much cheaper, it encodes a larger sample at the full one.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

from bytefit.codecs import Trial, encode_timed
from bytefit.codecs.codec import DRAWING
from bytefit.codecs.encoding import NO_METADATA
from bytefit.codecs.jpeg.codec import JPEG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from bytefit.codecs import Codec

# What libjpeg writes before the first coded bit, with its own tables.
_JPEG_HEADER = {"L": 328, "RGB": 623}

# The quality of the complexity probe that is made of the whole picture too, where a codec wants one.
WHOLE_QUALITY = 50


def complexity_probe(picture: Image.Image, qualities: Sequence[int]) -> tuple[list[float], list[Trial]]:
    """Return ln(bits per pixel) of a picture as baseline JPEG at each quality, and the encodes made."""
    if picture.mode not in {"L", "RGB"}:
        picture = picture.convert("RGB")
    readings, trials = [], []
    for quality in qualities:
        data, trial = encode_timed(JPEG, picture, {"quality": quality}, NO_METADATA)
        readings.append(log_bits(len(data) - _JPEG_HEADER[picture.mode], picture))
        trials.append(trial)
    return readings, trials


def reading(codec: Codec, picture: Image.Image, rung: int, *, low: bool = False) -> tuple[float, Trial]:
    """Return ln(bits per pixel) of a picture at a rung, at full or at `low` effort, and the encode."""
    quality = codec.ladder[rung]
    setting = codec.setting(quality, picture.mode)
    if low:
        setting = {**setting, **codec.probe_options}
    data, trial = encode_timed(codec, picture, setting, NO_METADATA)
    return log_bits(len(data) - codec.header(None if low else quality, picture.mode), picture), trial


def log_bits(size: int, picture: Image.Image) -> float:
    """Return ln of the bits per pixel that `size` bytes are for `picture`."""
    return log(max(1, size) * 8 / (picture.width * picture.height))


@dataclass(frozen=True, slots=True)
class StaticFeatures:
    """What does not change along the ladder.

    Attributes:
        mode: the mode the picture is encoded in.
        drawing: whether the codec's settings are those for drawings.
        pixels: its width times its height.
        share: the pixels of its sample over `pixels`.
        complexity_log_ratio: ln of the complexity of the whole over its sample's; 0 where the whole was not probed.
        complexities: those of the sample.
    """

    mode: str
    drawing: bool
    pixels: int
    share: float
    complexity_log_ratio: float
    complexities: Sequence[float]

    def values(self) -> list[float]:
        """Return them as features."""
        alpha, grey = float(self.mode == "RGBA"), float(self.mode == "L")
        return [
            *(log(self.pixels), log(self.share), alpha, grey, float(self.drawing), self.complexity_log_ratio),
            *self.complexities,
        ]


def static_features_of(
    codec: Codec, picture: Image.Image, sample: Image.Image, complexities: Sequence[float], complexity_log_ratio: float
) -> StaticFeatures:
    """Return the static features of a picture, given its sample and its complexities."""
    pixels = picture.width * picture.height
    share = sample.width * sample.height / pixels
    return StaticFeatures(picture.mode, codec.content == DRAWING, pixels, share, complexity_log_ratio, complexities)


def static_feature_names(complexity_qualities: Sequence[int]) -> list[str]:
    """Return the names of a picture's static, in the order of `StaticFeatures.values`."""
    names = ["log_pixels", "log_share", "alpha", "grey", "drawing", "complexity_log_ratio"]
    return names + [f"complexity_{quality}" for quality in complexity_qualities]


COARSE_FEATURES = ["position", "coarse_bits", "beyond_complexity"]


def coarse_features(position: float, bits: float, static: StaticFeatures) -> list[float]:
    """Return the features from which trees predict how far bits + complexity_log_ratio is from the truth.

    Args:
        position: the rung, over the highest rung.
        bits: the coarse reading.
        static: see `StaticFeatures`.
    """
    return [position, bits, bits - static.complexities[len(static.complexities) // 2], *static.values()]


FINE_FEATURES = ["position", "fine_bits", "effort_log_ratio", "probe_residual", "log_probe_share"]


def fine_features(
    position: float,
    bits: float,
    static: StaticFeatures,
    *,
    effort_log_ratio: float,
    probe_residual: float,
    share: float,
) -> list[float]:
    """Return the features from which trees predict how far bits + effort_log_ratio is from the truth.

    Args:
        position: the rung, over the highest rung.
        bits: the fine reading.
        static: see `StaticFeatures`.
        effort_log_ratio: ln(bytes of the sample at full effort / bytes at low effort); 0 where it was not read.
        probe_residual: bits + effort_log_ratio less what the coarse reading said; 0 where no sample was read.
        share: the share of the pixels that was read.
    """
    return [position, bits, effort_log_ratio, probe_residual, log(share), *static.values()]

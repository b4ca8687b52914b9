"""The features a model sees of a picture: the same functions serve training and run time.

A picture is read in three ways, all as ln(bits per pixel) without the file's header. *Scouts* encode its sample as
plain baseline JPEG at a few qualities, which takes a millisecond or two whatever the codec; one scout of the whole
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
_SCOUT_HEADER = {"L": 328, "RGB": 623}

# The quality of the scout that is taken of the whole picture too, where a codec wants one.
WHOLE_SCOUT = 50


def scout(picture: Image.Image, qualities: Sequence[int]) -> tuple[list[float], list[Trial]]:
    """Return ln(bits per pixel) of a picture as baseline JPEG at each quality, and the encodes made."""
    if picture.mode not in {"L", "RGB"}:
        picture = picture.convert("RGB")
    readings, trials = [], []
    for quality in qualities:
        data, trial = encode_timed(JPEG, picture, {"quality": quality}, NO_METADATA)
        readings.append(log_bits(len(data) - _SCOUT_HEADER[picture.mode], picture))
        trials.append(trial)
    return readings, trials


def reading(codec: Codec, picture: Image.Image, rung: int, *, low: bool = False) -> tuple[float, Trial]:
    """Return ln(bits per pixel) of a picture at a rung, at full or at `low` effort, and the encode."""
    quality = codec.ladder[rung]
    setting = codec.setting(quality, picture.mode)
    if low:
        setting = {**setting, **codec.hints.probe_options}
    data, trial = encode_timed(codec, picture, setting, NO_METADATA)
    return log_bits(len(data) - codec.hints.header(None if low else quality, picture.mode), picture), trial


def log_bits(size: int, picture: Image.Image) -> float:
    """Return ln of the bits per pixel that `size` bytes are for `picture`."""
    return log(max(1, size) * 8 / (picture.width * picture.height))


@dataclass(frozen=True, slots=True)
class Traits:
    """What does not change along the ladder.

    Attributes:
        mode: the mode the picture is encoded in.
        drawing: whether the codec's settings are those for drawings.
        pixels: its width times its height.
        share: the pixels of its sample over `pixels`.
        busier: ln of how many more bits a pixel the whole has than its sample, by a scout of both; 0 without one.
        scouts: those of the sample.
    """

    mode: str
    drawing: bool
    pixels: int
    share: float
    busier: float
    scouts: Sequence[float]

    def values(self) -> list[float]:
        """Return them as features."""
        alpha, grey = float(self.mode == "RGBA"), float(self.mode == "L")
        return [
            *(log(self.pixels), log(self.share), alpha, grey, float(self.drawing), self.busier),
            *self.scouts,
        ]


def traits_of(codec: Codec, picture: Image.Image, part: Image.Image, scouts: Sequence[float], busier: float) -> Traits:
    """Return the traits of a picture, given its sample and what the scouts said."""
    pixels = picture.width * picture.height
    share = part.width * part.height / pixels
    return Traits(picture.mode, codec.variants.content == DRAWING, pixels, share, busier, scouts)


def trait_names(scout_qualities: Sequence[int]) -> list[str]:
    """Return the names of a picture's traits, in the order of `Traits.values`."""
    names = ["log_pixels", "log_share", "alpha", "grey", "drawing", "busier"]
    return names + [f"scout_{quality}" for quality in scout_qualities]


COARSE_FEATURES = ["position", "coarse_bits", "beyond_scout"]


def coarse_features(position: float, bits: float, traits: Traits) -> list[float]:
    """Return the features from which trees predict how far bits + busier is from the truth.

    Args:
        position: the rung, over the highest rung.
        bits: the coarse reading.
        traits: see `Traits`.
    """
    return [position, bits, bits - traits.scouts[len(traits.scouts) // 2], *traits.values()]


FINE_FEATURES = ["position", "fine_bits", "gauge", "surprise", "log_part"]


def fine_features(
    position: float, bits: float, traits: Traits, *, gauge: float, surprise: float, part: float
) -> list[float]:
    """Return the features from which trees predict how far bits + gauge is from the truth.

    Args:
        position: the rung, over the highest rung.
        bits: the fine reading.
        traits: see `Traits`.
        gauge: ln(bytes of the sample at full effort / bytes at low effort); 0 where it was not read.
        surprise: bits + gauge less what the coarse reading said; 0 where no sample was read beside the whole.
        part: the share of the pixels that was read.
    """
    return [position, bits, gauge, surprise, log(part), *traits.values()]

"""The features of a picture from which a model predicts: the same functions serve training and run time.

They are made of what the probes measured (`bytefit.seeding.probes`); nothing is encoded here.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, NamedTuple

from bytefit.codecs.codec import GRAPHIC
from bytefit.seeding.probes import WHOLE_QUALITY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bytefit.seeding.probes import LowEffortProbe

SAMPLE_PROBE_FEATURES = ["position", "sample_bits", "beyond_complexity"]
LOW_EFFORT_FEATURES = ["position", "low_effort_bits", "effort_log_ratio", "probe_residual", "log_probe_share"]


class StaticFeatures(NamedTuple):
    """The features that are the same for every rung.

    Attributes:
        mode: the mode the picture is encoded in.
        content: what the codec's settings are for, "photograph" or "graphic".
        pixels: its width times its height.
        share: the pixels of its sample over `pixels`.
        complexities: the complexity probes of the sample, by rising JPEG quality.
        complexity_log_ratio: ln of the complexity of the whole over its sample's; 0 where the whole was not probed.
    """

    mode: str
    content: str
    pixels: int
    share: float
    complexities: Sequence[float]
    complexity_log_ratio: float

    def values(self) -> list[float]:
        """Return them as features."""
        alpha, grey, graphic = float(self.mode == "RGBA"), float(self.mode == "L"), float(self.content == GRAPHIC)
        return [
            *(log(self.pixels), log(self.share), alpha, grey, graphic, self.complexity_log_ratio),
            *self.complexities,
        ]


def static_feature_names(complexity_qualities: Sequence[int]) -> list[str]:
    """Return the names of the static features, in the order of `StaticFeatures.values`."""
    names = ["log_pixels", "log_share", "alpha", "grey", "graphic", "complexity_log_ratio"]
    return names + [f"complexity_{quality}" for quality in complexity_qualities]


def complexity_log_ratio(complexities: Mapping[int, float], whole: float | None) -> float:
    """Return ln of the complexity of a picture over its sample's.

    Args:
        complexities: the complexity probes of the sample, by JPEG quality.
        whole: the complexity probe of the whole at `WHOLE_QUALITY`; None where there is none.
    """
    return 0.0 if whole is None else whole - complexities[WHOLE_QUALITY]


def sample_probe_features(position: float, bits: float, static: StaticFeatures) -> list[float]:
    """Return the features from which trees predict how far bits + complexity_log_ratio is from the truth.

    Args:
        position: the rung, over the highest rung.
        bits: the sample probe.
        static: see `StaticFeatures`.
    """
    return [position, bits, bits - static.complexities[len(static.complexities) // 2], *static.values()]


def low_effort_features(position: float, probe: LowEffortProbe, static: StaticFeatures) -> list[float]:
    """Return the features from which trees predict how far bits + effort_log_ratio is from the truth.

    Args:
        position: the rung, over the highest rung.
        probe: the low-effort probe.
        static: see `StaticFeatures`.
    """
    # How much more the whole has than its sample, both at low effort, beyond what the complexity probes said.
    residual = 0.0 if probe.sample_bits is None else probe.bits - probe.sample_bits - static.complexity_log_ratio
    return [position, probe.bits, probe.effort_log_ratio, residual, log(probe.share), *static.values()]

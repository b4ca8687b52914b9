"""From a picture to its predicted curve: the mean curve, bent by scouts and corrected by probes where a model helps.

Each measurement is taken only while it is worth its cost; without a model, or outside what it was trained on, the
mean curve serves as it is. The search corrects whatever comes out of here by what its trials measure.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from math import log
from typing import TYPE_CHECKING, Any

from bytefit.codecs.codec import DRAWING
from bytefit.curve import aim, corrected, interpolated, rung_at
from bytefit.seeding.features import gauge, probe, probe_features, scout
from bytefit.seeding.model import Model, shipped_model
from bytefit.seeding.trees import predict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from PIL import Image

    from bytefit.codecs import Codec, Trial

# A second probe pays where the first landed further from the answer than this (in ln bytes): beyond, even the mosaic
# knows the way between the two less well than a probe knows its own rung.
_PROBE_REACH = 0.7

# Readings of the mosaic at most; they close in on the aim by a factor of five or more each.
_MOST_READINGS = 4

# A budget this far (in ln bytes) outside the ladder needs no probe: the first trial settles it.
_OUT_OF_REACH = 0.5

# A rung is expected inside the slack when it is predicted there with this much to spare on both sides, in ln bytes,
# or a quarter of the slack where that is less: about what a prediction is wrong by.
_TO_SPARE = 0.01


@dataclass(frozen=True, slots=True)
class Seed:
    """What is predicted of a picture.

    Attributes:
        curve: ln(bytes of the body) for every rung, never falling.
        start: the rung to try first, where more is known of one than the curve says.
        probes: the encodes it was learned from.
    """

    curve: Sequence[float]
    start: int | None = None
    probes: tuple[Trial, ...] = ()


def seed(
    codec: Codec,
    picture: Image.Image,
    tiles: Image.Image,
    *,
    coding: Mapping[str, Any],
    budget: int,
    enough: int,
    first: int,
) -> Seed:
    """Predict the curve of `picture` as well as pays for a search between `enough` and `budget` bytes.

    Args:
        codec: what it will be encoded with.
        picture: in the mode it will be encoded in.
        tiles: its mosaic.
        coding: save options that change how pixels are coded; no model was trained with any.
        budget: see `bytefit.search.search`, as the next two.
        enough: the bytes at which the search stops.
        first: the lowest rung it may use.
    """
    model = None if coding else shipped_model(codec)
    if model is None or picture.mode not in model.modes or picture.width * picture.height < model.least_pixels:
        return Seed(mean_curve(codec, picture))
    return seed_with(model, codec, picture, tiles, budget=budget, enough=enough, first=first)


def seed_with(
    model: Model, codec: Codec, picture: Image.Image, tiles: Image.Image, *, budget: int, enough: int, first: int
) -> Seed:
    """Predict the curve of `picture` with a model; the arguments are those of `seed`."""
    return _Learner(model, codec, picture, tiles).seed(
        aim(budget, enough), log(budget), log(max(1, min(enough, budget))), first
    )


class _Learner:
    """What has been measured of one picture so far, and the curve that follows from it."""

    def __init__(self, model: Model, codec: Codec, picture: Image.Image, tiles: Image.Image) -> None:
        self.model = model
        self.codec = codec
        self.picture = picture
        self.pixels = picture.width * picture.height
        self.tiles = tiles
        self.scouts, self.probes = scout(self.tiles, model.scout_qualities)
        self.expected = scout_curve(model, self.scouts)
        self.known: dict[int, float] = {}

    def seed(self, target: float, most: float, least: float, first: int) -> Seed:
        """Close in on `target`, between `least` and `most`, all ln(bytes), above rung `first`."""
        scouted = [bits + log(self.pixels / 8) for bits in self.expected]
        if self.tiles is self.picture or scouted[first] > most + _OUT_OF_REACH or scouted[-1] < most - _OUT_OF_REACH:
            return Seed(scouted, None, tuple(self.probes))
        bend: Callable[[int], float] = scouted.__getitem__
        spare = min(_TO_SPARE, (most - least) / 4)
        rung = rung_at(bend, target, first, len(scouted))
        probed: int | None = None
        level = 0.0
        while len(self.known) < _MOST_READINGS:
            anew = probed is None or abs(bend(rung) - bend(probed)) > _PROBE_REACH
            if anew:
                whole, trial = probe(self.codec, self.picture, rung)
                self.probes.append(trial)
                probed = rung
            reading = gauge(self.codec, self.tiles, rung)
            self.probes += reading.trials
            if anew:
                level = whole - reading.low_bits
            self.known[rung] = self._predicted(rung, reading.low_bits + level, reading.saving)
            bend = self._bent(scouted, target)
            if least + spare <= self.known[rung] <= most - spare:
                break
            last, rung = rung, rung_at(bend, target, first, len(scouted))
            if rung in self.known or abs(bend(rung) - bend(last)) < self.codec.smooth_within:
                break
        return Seed(list(accumulate(map(bend, range(len(scouted))), max)), rung, tuple(self.probes))

    def _predicted(self, rung: int, bits: float, saving: float) -> float:
        features = probe_features(
            rung / (self.model.rungs - 1),
            mode=self.picture.mode,
            drawing=self.codec.content == DRAWING,
            pixels=self.pixels,
            bits=bits,
            gauged=saving,
            expected=self.expected[rung],
            scouts=self.scouts,
        )
        return bits + saving + predict(self.model.base, self.model.trees, features) + log(self.pixels / 8)

    def _bent(self, scouted: Sequence[float], target: float) -> Callable[[int], float]:
        """Return the scouts' curve through what is known nearest to the target on either side of it."""
        below = {rung: value for rung, value in self.known.items() if value <= target}
        above = {rung: value for rung, value in self.known.items() if value > target}
        nearest = ([max(below)] if below else []) + ([min(above)] if above else [])
        return corrected(scouted, {rung: self.known[rung] for rung in nearest})


def scout_curve(model: Model, scouts: Sequence[float]) -> list[float]:
    """Return the ln(bits per pixel) that scouts alone predict for every rung, never falling."""
    intercepts, *weights = model.scout_lines()
    curve: Sequence[float] = intercepts
    for line, reading in zip(weights, scouts, strict=True):
        curve = [value + weight * reading for value, weight in zip(curve, line, strict=True)]
    return list(accumulate(curve, max))


def mean_curve(codec: Codec, picture: Image.Image) -> list[float]:
    """Return the mean curve for a picture of these dimensions: what is known before anything is measured."""
    per_pixel = log(picture.width * picture.height / 8)
    return [bits + per_pixel for bits in _mean_bits(codec)]


@cache
def _mean_bits(codec: Codec) -> list[float]:
    return interpolated([(quality, log(bits)) for quality, bits in codec.mean_bits], codec.ladder)

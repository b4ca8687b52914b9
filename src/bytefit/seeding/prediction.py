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

from bytefit.curve import aim, corrected, interpolated, rung_at
from bytefit.seeding.features import gauge, probe, probe_features, scout
from bytefit.seeding.model import Model, shipped_model
from bytefit.seeding.mosaic import mosaic
from bytefit.seeding.trees import predict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PIL import Image

    from bytefit.codecs import Codec, Trial

# A second probe pays where the first landed further from the answer than this (in ln bytes): beyond, the shape of the
# curve between the two is known less well than a probe knows its own rung.
_PROBE_REACH = 0.5

_MOST_PROBES = 2

# A budget this far (in ln bytes) outside the ladder needs no probe: the first trial settles it.
_OUT_OF_REACH = 0.5


@dataclass(frozen=True, slots=True)
class Seed:
    """A predicted curve, ln(bytes of the body) for every rung, never falling, and the probes that gave it."""

    curve: Sequence[float]
    probes: tuple[Trial, ...] = ()


def seed(
    codec: Codec, picture: Image.Image, *, coding: Mapping[str, Any], budget: int, enough: int, first: int
) -> Seed:
    """Predict the curve of `picture` as well as pays for a search between `enough` and `budget` bytes.

    Args:
        codec: what it will be encoded with.
        picture: in the mode it will be encoded in.
        coding: save options that change how pixels are coded; no model was trained with any.
        budget: see `bytefit.search.search`, as the next two.
        enough: the bytes at which the search stops.
        first: the lowest rung it may use.
    """
    model = None if coding else shipped_model(codec)
    if model is None or picture.mode not in model.modes or picture.width * picture.height < model.least_pixels:
        return Seed(mean_curve(codec, picture))
    return seed_with(model, codec, picture, budget=budget, enough=enough, first=first)


def seed_with(model: Model, codec: Codec, picture: Image.Image, *, budget: int, enough: int, first: int) -> Seed:
    """Predict the curve of `picture` with a model: scouts first, then a probe where the scouts see the answer."""
    pixels = picture.width * picture.height
    tiles = mosaic(picture)
    scouts, trials = scout(tiles, model.scout_qualities)
    expected = scout_curve(model, scouts)
    curve: Sequence[float] = [bits + log(pixels / 8) for bits in expected]
    known: dict[int, float] = {}
    while tiles is not picture and len(known) < _MOST_PROBES and _within_reach(curve, budget, first):
        rung = rung_at(curve.__getitem__, aim(budget, enough), first, len(curve))
        if any(abs(curve[rung] - curve[probed]) < _PROBE_REACH for probed in known):
            break
        bits, trial = probe(codec, picture, rung)
        gauged, gauge_trials = gauge(codec, tiles, rung)
        trials += [trial, *gauge_trials]
        features = probe_features(
            rung / (model.rungs - 1),
            mode=picture.mode,
            pixels=pixels,
            bits=bits,
            gauged=gauged,
            expected=expected[rung],
            scouts=scouts,
        )
        known[rung] = bits + gauged + predict(model.base, model.trees, features) + log(pixels / 8)
        curve = list(accumulate(map(corrected(curve, known), range(len(curve))), max))
    return Seed(curve, tuple(trials))


def _within_reach(curve: Sequence[float], budget: int, first: int) -> bool:
    """Return whether the budget lies on the curve, or so little beside it that a probe should tell."""
    return curve[first] < log(budget) + _OUT_OF_REACH and curve[-1] > log(budget) - _OUT_OF_REACH


def scout_curve(model: Model, scouts: Sequence[float]) -> list[float]:
    """Return the ln(bits per pixel) that scouts alone predict for every rung."""
    knots = [
        (float(rung), intercept + sum(weight * reading for weight, reading in zip(weights, scouts, strict=True)))
        for rung, (intercept, *weights) in zip(model.knots, model.scout_curve, strict=True)
    ]
    return interpolated(knots, range(model.rungs))


def mean_curve(codec: Codec, picture: Image.Image) -> list[float]:
    """Return the mean curve for a picture of these dimensions: what is known before anything is measured."""
    per_pixel = log(picture.width * picture.height / 8)
    return [bits + per_pixel for bits in _mean_bits(codec)]


@cache
def _mean_bits(codec: Codec) -> list[float]:
    return interpolated([(quality, log(bits)) for quality, bits in codec.mean_bits], codec.ladder)

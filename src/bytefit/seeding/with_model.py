"""From a picture to its predicted curve: the mean curve, bent by what is read of the picture where a model helps.

Each reading is taken only while it is worth its cost; without a model, or outside what it was trained on, the mean
curve serves as it is. The search corrects whatever comes out of here by what its trials measure.
"""

from __future__ import annotations

from itertools import accumulate
from math import log
from typing import TYPE_CHECKING

from bytefit.pictures.frames import Frames
from bytefit.search.curve import corrected, rung_at, target_log_size
from bytefit.seeding.features import (
    WHOLE_QUALITY,
    coarse_features,
    complexity_probe,
    fine_features,
    reading,
    static_features_of,
)
from bytefit.seeding.model import Model, shipped_model
from bytefit.seeding.sampling import larger_sample
from bytefit.seeding.seed import LazyCurve, Seed, in_bytes, mean_curve
from bytefit.seeding.trees import predict
from bytefit.seeding.without_model import seed_by_probes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PIL import Image

    from bytefit.codecs import Codec

# A fine reading is taken where a coarse one lands no further from the answer than this, in ln bytes: beyond, another
# coarse one is worth its cost, for the way between two rungs is known less well than a rung that was read.
_NEAR = 0.25

# No coarse reading goes before the fine one where the sample is this share of the picture or more (up to 0.4
# megapixel as WebP: 2.03 encodes instead of 2.30, at 1.28 trials instead of 1.23).
_DEAR_SHARE = 0.12

# Coarse readings before the fine one; each closes in on the target by a factor of four or more.
_MOST_COARSE = 3

# A budget this far (in ln bytes) outside the ladder needs no reading: the first trial settles it.
_OUT_OF_REACH = 0.5

# A rung is expected inside the slack when it is predicted there with this much to spare on both sides, in ln bytes,
# or a quarter of the slack where that is less: about what a prediction is wrong by.
_TO_SPARE = 0.01


def seed(
    codec: Codec,
    picture: Image.Image | Frames,
    sample: Image.Image,
    *,
    budget: int,
    min_accept: int,
    first: int,
    last: int | None = None,
) -> Seed:
    """Predict the curve of `picture` as well as pays for a search between `min_accept` and `budget` bytes.

    Args:
        codec: what it will be encoded with.
        picture: in the mode it will be encoded in.
        sample: its sample, see `bytefit.seeding.features`.
        budget: see `bytefit.search.search.search`, as the next two.
        min_accept: the bytes at which the search stops.
        first: the lowest rung it may use.
        last: the highest; None for the ladder's last.
    """
    if len(codec.ladder) == 1:
        return Seed(mean_curve(codec, picture))
    if isinstance(picture, Frames) or codec.probe_gain is not None:
        return seed_by_probes(
            codec,
            picture,
            budget=budget,
            min_accept=min_accept,
            first=first,
            last=len(codec.ladder) - 1 if last is None else last,
        )
    model, pixels = shipped_model(codec.format), picture.width * picture.height
    if model is None or picture.mode not in model.modes or pixels < max(model.least_pixels, codec.tiny):
        return Seed(mean_curve(codec, picture))
    return seed_with(model, codec, picture, sample, budget=budget, min_accept=min_accept, first=first)


def seed_with(
    model: Model, codec: Codec, picture: Image.Image, sample: Image.Image, *, budget: int, min_accept: int, first: int
) -> Seed:
    """Predict the curve of `picture` with a model; the arguments are those of `seed`."""
    return _Learner(model, codec, picture, sample).seed(
        target_log_size(budget, min_accept), log(budget), log(max(1, min(min_accept, budget))), first
    )


class _Learner:
    """What has been read of one picture so far, as ln(bits per pixel) by rung, and the curve that follows from it."""

    def __init__(self, model: Model, codec: Codec, picture: Image.Image, sample: Image.Image) -> None:
        self.model = model
        self.codec = codec
        self.picture = picture
        self.sample = sample
        self.sampled = sample is not picture
        complexities, self.probes = complexity_probe(sample, model.complexity_qualities)
        complexity_log_ratio = 0.0
        if model.whole_complexity and self.sampled:
            (whole,), trials = complexity_probe(picture, [WHOLE_QUALITY])
            self.probes += trials
            complexity_log_ratio = whole - complexities[model.complexity_qualities.index(WHOLE_QUALITY)]
        self.static = static_features_of(codec, picture, sample, complexities, complexity_log_ratio)
        self.first_curve = complexity_curve(model, [value + complexity_log_ratio for value in complexities])
        # Where reading the sample costs next to nothing, the way between two rungs is read rather than trusted.
        self.smooth_within = codec.smooth_within * min(1.0, self.static.share / _DEAR_SHARE)
        self.read: dict[int, float] = {}

    def seed(self, log_target: float, most: float, least: float, first: int) -> Seed:
        """Close in on `log_target`, between `least` and `most`, all ln(bytes), above rung `first`."""
        rungs = len(self.first_curve)
        curve: Callable[[int], float] = self.first_curve.__getitem__
        if self._bytes(curve(first), first) > most + _OUT_OF_REACH or (
            self._bytes(curve(rungs - 1), rungs - 1) < most - _OUT_OF_REACH
        ):
            return self._seed(curve, None)
        rung = self._rung_at(curve, log_target, first)
        # Without a low effort the sample is all there is to go by.
        cheap = self.codec.rows_apart or self.static.share < _DEAR_SHARE
        while self.sampled and cheap and len(self.read) < _MOST_COARSE:
            curve = self._through(rung, self._coarse(rung))
            last, rung = rung, self._rung_at(curve, log_target, first)
            if abs(curve(rung) - curve(last)) <= self.smooth_within:
                rung = last
            if rung in self.read or abs(curve(rung) - curve(last)) < _NEAR:
                break
        fine = self._fine(rung)
        if fine is None and not self.sampled:
            return self._seed(curve, None)
        if fine is None:
            if rung not in self.read:
                curve = self._through(rung, self._coarse(rung))
            return self._seed(curve, self._rung_at(curve, log_target, first))
        curve = self._through(rung, fine)
        spare = min(_TO_SPARE, (most - least) / 4)
        if not least + spare <= self._bytes(fine, rung) <= most - spare:
            last, rung = rung, self._rung_at(curve, log_target, first)
            if self.sampled and rung not in self.read and abs(curve(rung) - curve(last)) > self.smooth_within:
                self._sampled_at(rung)
                curve = self._through(last, fine)
                rung = self._rung_at(curve, log_target, first)
        return self._seed(curve, rung)

    def _coarse(self, rung: int) -> float:
        """Return what the sample says of a rung of the whole picture."""
        bits = self._sampled_at(rung)
        features = coarse_features(self._position(rung), bits, self.static)
        return (
            bits + self.static.complexity_log_ratio + predict(self.model.coarse_base, self.model.coarse_trees, features)
        )

    def _sampled_at(self, rung: int) -> float:
        if rung not in self.read:
            self.read[rung], trial = reading(self.codec, self.sample, rung)
            self.probes.append(trial)
        return self.read[rung]

    def _fine(self, rung: int) -> float | None:
        """Return what a fine reading says of a rung, or None where none pays."""
        effort_log_ratio = probe_residual = 0.0
        if self.codec.probe_pays(self.codec.setting(self.codec.ladder[rung], self.picture.mode)):
            bits, trial = reading(self.codec, self.picture, rung, low=True)
            self.probes.append(trial)
            share = 1.0
            if self.sampled:
                full = self._sampled_at(rung)
                low, trial = reading(self.codec, self.sample, rung, low=True)
                self.probes.append(trial)
                effort_log_ratio, probe_residual = full - low, bits - low - self.static.complexity_log_ratio
        else:
            larger = larger_sample(self.picture) if self.codec.rows_apart and self.sampled else self.sample
            if larger is self.picture or larger.size == self.sample.size:
                return None
            bits, trial = reading(self.codec, larger, rung)
            self.probes.append(trial)
            share = larger.width * larger.height / self.static.pixels
        features = fine_features(
            self._position(rung),
            bits,
            self.static,
            effort_log_ratio=effort_log_ratio,
            probe_residual=probe_residual,
            share=share,
        )
        return bits + effort_log_ratio + predict(self.model.fine_base, self.model.fine_trees, features)

    def _position(self, rung: int) -> float:
        return rung / (len(self.first_curve) - 1)

    def _through(self, at: int, level: float) -> Callable[[int], float]:
        """Return the first curve, bent as the sample was read, and `level` at rung `at`."""
        shift = level - corrected(self.first_curve, self.read)(at)
        known = {rung: value + shift for rung, value in self.read.items()} | {at: level}
        rungs = sorted(known)
        # Readings that fall where they should rise must not make the curve fall.
        return corrected(
            self.first_curve, dict(zip(rungs, accumulate(map(known.__getitem__, rungs), max), strict=True))
        )

    def _rung_at(self, curve: Callable[[int], float], log_target: float, first: int) -> int:
        return rung_at(lambda rung: self._bytes(curve(rung), rung), log_target, first, len(self.first_curve))

    def _bytes(self, bits: float, rung: int) -> float:
        return in_bytes(self.codec, self.picture.mode, self.static.pixels, bits, rung)

    def _seed(self, curve: Callable[[int], float], start: int | None) -> Seed:
        values = LazyCurve(len(self.first_curve), lambda rung: self._bytes(curve(rung), rung))
        return Seed(values, start, tuple(self.probes))


def complexity_curve(model: Model, complexities: Sequence[float]) -> list[float]:
    """Return the ln(bits per pixel) that complexity probes alone predict for every rung, never falling."""
    intercepts, *weights = model.complexity_lines()
    curve: Sequence[float] = intercepts
    for line, value in zip(weights, complexities, strict=True):
        curve = [level + weight * value for level, weight in zip(curve, line, strict=True)]
    return list(accumulate(curve, max))

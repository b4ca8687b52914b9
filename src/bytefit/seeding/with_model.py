"""From a picture to its predicted curve: the mean curve, bent by what is read of the picture where a model helps.

Each reading is taken only while it is worth its cost; without a model, or outside what it was trained on, the mean
curve serves as it is. The search corrects whatever comes out of here by what its trials measure.
"""

from __future__ import annotations

from itertools import accumulate
from math import log
from typing import TYPE_CHECKING

from bytefit.pictures.frames import Frames
from bytefit.search.curve import aim, corrected, rung_at
from bytefit.seeding.features import (
    WHOLE_SCOUT,
    coarse_features,
    fine_features,
    reading,
    scout,
    traits_of,
)
from bytefit.seeding.model import Model, shipped_model
from bytefit.seeding.sampling import larger_sample
from bytefit.seeding.seed import Late, Seed, in_bytes, mean_curve
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

# Coarse readings before the fine one; each closes in on the aim by a factor of four or more.
_MOST_COARSE = 3

# A budget this far (in ln bytes) outside the ladder needs no reading: the first trial settles it.
_OUT_OF_REACH = 0.5

# A rung is expected inside the slack when it is predicted there with this much to spare on both sides, in ln bytes,
# or a quarter of the slack where that is less: about what a prediction is wrong by.
_TO_SPARE = 0.01


def seed(
    codec: Codec,
    picture: Image.Image | Frames,
    part: Image.Image,
    *,
    budget: int,
    enough: int,
    first: int,
    last: int | None = None,
) -> Seed:
    """Predict the curve of `picture` as well as pays for a search between `enough` and `budget` bytes.

    Args:
        codec: what it will be encoded with.
        picture: in the mode it will be encoded in.
        part: its sample, see `bytefit.seeding.features`.
        budget: see `bytefit.search.search.search`, as the next two.
        enough: the bytes at which the search stops.
        first: the lowest rung it may use.
        last: the highest; None for the ladder's last.
    """
    if len(codec.ladder) == 1:
        return Seed(mean_curve(codec, picture))
    if isinstance(picture, Frames) or codec.hints.probe_gain is not None:
        return seed_by_probes(
            codec,
            picture,
            budget=budget,
            enough=enough,
            first=first,
            last=len(codec.ladder) - 1 if last is None else last,
        )
    model, pixels = shipped_model(codec.format), picture.width * picture.height
    if (
        model is None
        or picture.mode not in model.modes
        or pixels < max(model.least_pixels, codec.hints.probe_from_pixels)
    ):
        return Seed(mean_curve(codec, picture))
    return seed_with(model, codec, picture, part, budget=budget, enough=enough, first=first)


def seed_with(
    model: Model, codec: Codec, picture: Image.Image, part: Image.Image, *, budget: int, enough: int, first: int
) -> Seed:
    """Predict the curve of `picture` with a model; the arguments are those of `seed`."""
    return _Learner(model, codec, picture, part).seed(
        aim(budget, enough), log(budget), log(max(1, min(enough, budget))), first
    )


class _Learner:
    """What has been read of one picture so far, as ln(bits per pixel) by rung, and the curve that follows from it."""

    def __init__(self, model: Model, codec: Codec, picture: Image.Image, part: Image.Image) -> None:
        self.model = model
        self.codec = codec
        self.picture = picture
        self.part = part
        self.sampled = part is not picture
        scouts, self.probes = scout(part, model.scout_qualities)
        busier = 0.0
        if model.whole_scout and self.sampled:
            (whole,), trials = scout(picture, [WHOLE_SCOUT])
            self.probes += trials
            busier = whole - scouts[model.scout_qualities.index(WHOLE_SCOUT)]
        self.traits = traits_of(codec, picture, part, scouts, busier)
        self.scouted = scout_curve(model, [value + busier for value in scouts])
        # Where reading the sample costs next to nothing, the way between two rungs is read rather than trusted.
        self.smooth_within = codec.hints.smooth_within * min(1.0, self.traits.share / _DEAR_SHARE)
        self.read: dict[int, float] = {}

    def seed(self, target: float, most: float, least: float, first: int) -> Seed:
        """Close in on `target`, between `least` and `most`, all ln(bytes), above rung `first`."""
        rungs = len(self.scouted)
        curve: Callable[[int], float] = self.scouted.__getitem__
        if self._bytes(curve(first), first) > most + _OUT_OF_REACH or (
            self._bytes(curve(rungs - 1), rungs - 1) < most - _OUT_OF_REACH
        ):
            return self._seed(curve, None)
        rung = self._rung_at(curve, target, first)
        # Without a low effort the sample is all there is to go by.
        cheap = self.codec.hints.rows_apart or self.traits.share < _DEAR_SHARE
        while self.sampled and cheap and len(self.read) < _MOST_COARSE:
            curve = self._through(rung, self._coarse(rung))
            last, rung = rung, self._rung_at(curve, target, first)
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
            return self._seed(curve, self._rung_at(curve, target, first))
        curve = self._through(rung, fine)
        spare = min(_TO_SPARE, (most - least) / 4)
        if not least + spare <= self._bytes(fine, rung) <= most - spare:
            last, rung = rung, self._rung_at(curve, target, first)
            if self.sampled and rung not in self.read and abs(curve(rung) - curve(last)) > self.smooth_within:
                self._sampled_at(rung)
                curve = self._through(last, fine)
                rung = self._rung_at(curve, target, first)
        return self._seed(curve, rung)

    def _coarse(self, rung: int) -> float:
        """Return what the sample says of a rung of the whole picture."""
        bits = self._sampled_at(rung)
        features = coarse_features(self._position(rung), bits, self.traits)
        return bits + self.traits.busier + predict(self.model.coarse_base, self.model.coarse_trees, features)

    def _sampled_at(self, rung: int) -> float:
        if rung not in self.read:
            self.read[rung], trial = reading(self.codec, self.part, rung)
            self.probes.append(trial)
        return self.read[rung]

    def _fine(self, rung: int) -> float | None:
        """Return what a fine reading says of a rung, or None where none pays."""
        gauge = surprise = 0.0
        if self.codec.hints.probe_pays(self.codec.setting(self.codec.ladder[rung], self.picture.mode)):
            bits, trial = reading(self.codec, self.picture, rung, low=True)
            self.probes.append(trial)
            part = 1.0
            if self.sampled:
                full = self._sampled_at(rung)
                low, trial = reading(self.codec, self.part, rung, low=True)
                self.probes.append(trial)
                gauge, surprise = full - low, bits - low - self.traits.busier
        else:
            larger = larger_sample(self.picture) if self.codec.hints.rows_apart and self.sampled else self.part
            if larger is self.picture or larger.size == self.part.size:
                return None
            bits, trial = reading(self.codec, larger, rung)
            self.probes.append(trial)
            part = larger.width * larger.height / self.traits.pixels
        features = fine_features(self._position(rung), bits, self.traits, gauge=gauge, surprise=surprise, part=part)
        return bits + gauge + predict(self.model.fine_base, self.model.fine_trees, features)

    def _position(self, rung: int) -> float:
        return rung / (len(self.scouted) - 1)

    def _through(self, at: int, level: float) -> Callable[[int], float]:
        """Return the scouts' curve, bent as the sample was read, and `level` at rung `at`."""
        shift = level - corrected(self.scouted, self.read)(at)
        known = {rung: value + shift for rung, value in self.read.items()} | {at: level}
        rungs = sorted(known)
        # Readings that fall where they should rise must not make the curve fall.
        return corrected(self.scouted, dict(zip(rungs, accumulate(map(known.__getitem__, rungs), max), strict=True)))

    def _rung_at(self, curve: Callable[[int], float], target: float, first: int) -> int:
        return rung_at(lambda rung: self._bytes(curve(rung), rung), target, first, len(self.scouted))

    def _bytes(self, bits: float, rung: int) -> float:
        return in_bytes(self.codec, self.picture.mode, self.traits.pixels, bits, rung)

    def _seed(self, curve: Callable[[int], float], start: int | None) -> Seed:
        values = Late(len(self.scouted), lambda rung: self._bytes(curve(rung), rung))
        return Seed(values, start, tuple(self.probes))


def scout_curve(model: Model, scouts: Sequence[float]) -> list[float]:
    """Return the ln(bits per pixel) that scouts alone predict for every rung, never falling."""
    intercepts, *weights = model.scout_lines()
    curve: Sequence[float] = intercepts
    for line, value in zip(weights, scouts, strict=True):
        curve = [level + weight * value for level, weight in zip(curve, line, strict=True)]
    return list(accumulate(curve, max))

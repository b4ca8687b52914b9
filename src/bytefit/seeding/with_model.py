"""From a picture to its predicted curve: the mean curve, corrected by probes of the picture where a model helps.

Each probe is made only while it is worth its cost. Without a model, or outside of what it was trained on, the mean
curve is used as it is. The search corrects whatever this module predicts by what its trials measure.
"""

from __future__ import annotations

from itertools import accumulate
from math import log
from typing import TYPE_CHECKING

from bytefit.pictures.frames import Frames
from bytefit.search.curve import corrected, rung_at, target_log_size
from bytefit.seeding.features import (
    StaticFeatures,
    complexity_log_ratio,
    low_effort_features,
    sample_probe_features,
)
from bytefit.seeding.model import Model, model_in_use
from bytefit.seeding.probes import (
    WHOLE_QUALITY,
    LowEffortProbe,
    complexity_probe,
    low_effort_probe,
    probed_bits,
)
from bytefit.seeding.sampling import share_of
from bytefit.seeding.seed import LazyCurve, Seed, in_bytes, mean_curve
from bytefit.seeding.without_model import seed_by_probes

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from PIL import Image

    from bytefit.codecs import Codec

# A low-effort probe is made where a sample probe lands no further from the answer than this, in ln bytes. Beyond,
# another sample probe is worth its cost: the way between two rungs is known less well than a rung that was probed.
_NEAR = 0.25

# No sample probe goes before the low-effort one where the sample is this share of the picture or more (up to 0.4
# megapixel as WebP: 2.03 encodes instead of 2.30, at 1.28 trials instead of 1.23).
_DEAR_SHARE = 0.12

# Sample probes before the low-effort one; each closes in on the target by a factor of four or more.
_MOST_SAMPLE_PROBES = 3

# A budget this far (in ln bytes) outside the ladder needs no probe: the first trial settles it.
_OUT_OF_REACH = 0.5

# A rung is expected inside the slack when it is predicted there with this much to spare on both sides, in ln bytes,
# or a quarter of the slack where that is less: about the error of a prediction.
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
    models: str | os.PathLike[str] | None = None,
) -> Seed:
    """Predict the curve of `picture` as well as pays for a search between `min_accept` and `budget` bytes.

    Args:
        codec: what it will be encoded with.
        picture: in the mode it will be encoded in.
        sample: its sample, see `bytefit.seeding.sampling`.
        budget: see `bytefit.search.search.search`, as the next two.
        min_accept: the bytes at which the search stops.
        first: the lowest rung it may use.
        last: the highest; None for the ladder's last.
        models: see `bytefit.seeding.model.model_in_use`.
    """
    if len(codec.ladder) == 1:
        return Seed(mean_curve(codec, picture))
    if isinstance(picture, Frames) or codec.hints.probe_gain is not None:
        return seed_by_probes(
            codec,
            picture,
            budget=budget,
            min_accept=min_accept,
            first=first,
            last=len(codec.ladder) - 1 if last is None else last,
        )
    model, pixels = model_in_use(codec.format, models), picture.width * picture.height
    if (
        model is None
        or picture.mode not in model.modes
        or pixels < max(model.least_pixels, codec.hints.probe_from_pixels)
    ):
        return Seed(mean_curve(codec, picture))
    return seed_with(model, codec, picture, sample, budget=budget, min_accept=min_accept, first=first)


def seed_with(
    model: Model, codec: Codec, picture: Image.Image, sample: Image.Image, *, budget: int, min_accept: int, first: int
) -> Seed:
    """Predict the curve of `picture` with a model; the arguments are those of `seed`."""
    return _Seeding(PictureProbes(model, codec, picture, sample)).seed(
        target_log_size(budget, min_accept), log(budget), log(max(1, min(min_accept, budget))), first
    )


class PictureProbes:
    """The probes made of one picture so far, all as ln(bits per pixel), and the features that follow from them."""

    def __init__(self, model: Model, codec: Codec, picture: Image.Image, sample: Image.Image) -> None:
        """Make the complexity probes."""
        self.model = model
        self.codec = codec
        self.picture = picture
        self.sample = sample
        self.sampled = sample is not picture
        values, self.made = complexity_probe(sample, model.complexity_qualities)
        whole = None
        if model.whole_complexity and self.sampled:
            (whole,), trials = complexity_probe(picture, [WHOLE_QUALITY])
            self.made += trials
        self.static = StaticFeatures(
            mode=picture.mode,
            content=codec.variants.content,
            pixels=picture.width * picture.height,
            share=share_of(sample, picture),
            complexities=values,
            complexity_log_ratio=complexity_log_ratio(
                dict(zip(model.complexity_qualities, values, strict=True)), whole
            ),
        )
        self.by_rung: dict[int, float] = {}

    def sample_bits(self, rung: int) -> float:
        """Return the sample probe of a rung, made once."""
        if rung not in self.by_rung:
            self.by_rung[rung], trial = probed_bits(self.codec, self.sample, rung)
            self.made.append(trial)
        return self.by_rung[rung]

    def sample_features(self, rung: int) -> list[float]:
        """Return the features of the sample probe of a rung."""
        return sample_probe_features(self._position(rung), self.sample_bits(rung), self.static)

    def low_effort(self, rung: int) -> LowEffortProbe | None:
        """Make the low-effort probe of a rung, or return None where none is worth its cost."""
        return low_effort_probe(
            self.codec, self.picture, self.sample, rung, sample_bits=self.sample_bits, made=self.made
        )

    def low_effort_features(self, rung: int, probe: LowEffortProbe) -> list[float]:
        """Return the features of the low-effort probe of a rung."""
        return low_effort_features(self._position(rung), probe, self.static)

    def _position(self, rung: int) -> float:
        return rung / (len(self.codec.ladder) - 1)


class _Seeding:
    """Decides which probes are worth making, and bends the complexity curve through them."""

    def __init__(self, probes: PictureProbes) -> None:
        self.probes = probes
        self.model = probes.model
        static = probes.static
        self.first_curve = complexity_curve(
            self.model, [value + static.complexity_log_ratio for value in static.complexities]
        )
        # Where a sample probe costs next to nothing, the way between two rungs is probed rather than trusted.
        self.smooth_within = probes.codec.hints.smooth_within * min(1.0, static.share / _DEAR_SHARE)

    def seed(self, log_target: float, most: float, least: float, first: int) -> Seed:
        """Close in on `log_target`, between `least` and `most`, all ln(bytes), above rung `first`."""
        rungs = len(self.first_curve)
        curve: Callable[[int], float] = self.first_curve.__getitem__
        if self._bytes(curve(first), first) > most + _OUT_OF_REACH or (
            self._bytes(curve(rungs - 1), rungs - 1) < most - _OUT_OF_REACH
        ):
            return self._seed(curve, None)
        sampled, by_rung = self.probes.sampled, self.probes.by_rung
        rung = self._rung_at(curve, log_target, first)
        # Without a low effort the sample is all there is to go by.
        cheap = self.probes.codec.hints.rows_apart or self.probes.static.share < _DEAR_SHARE
        while sampled and cheap and len(by_rung) < _MOST_SAMPLE_PROBES:
            curve = self._through(rung, self._by_sample(rung))
            last, rung = rung, self._rung_at(curve, log_target, first)
            if abs(curve(rung) - curve(last)) <= self.smooth_within:
                rung = last
            if rung in by_rung or abs(curve(rung) - curve(last)) < _NEAR:
                break
        level = self._by_low_effort(rung)
        if level is None and not sampled:
            return self._seed(curve, None)
        if level is None:
            if rung not in by_rung:
                curve = self._through(rung, self._by_sample(rung))
            return self._seed(curve, self._rung_at(curve, log_target, first))
        curve = self._through(rung, level)
        spare = min(_TO_SPARE, (most - least) / 4)
        if not least + spare <= self._bytes(level, rung) <= most - spare:
            last, rung = rung, self._rung_at(curve, log_target, first)
            if sampled and rung not in by_rung and abs(curve(rung) - curve(last)) > self.smooth_within:
                self.probes.sample_bits(rung)
                curve = self._through(last, level)
                rung = self._rung_at(curve, log_target, first)
        return self._seed(curve, rung)

    def _by_sample(self, rung: int) -> float:
        """Return what the sample probe predicts for a rung of the whole picture."""
        correction = self.model.sample_probe_trees.predict(self.probes.sample_features(rung))
        return self.probes.sample_bits(rung) + self.probes.static.complexity_log_ratio + correction

    def _by_low_effort(self, rung: int) -> float | None:
        """Return what the low-effort probe predicts for a rung, or None where none is made."""
        probe = self.probes.low_effort(rung)
        if probe is None:
            return None
        correction = self.model.low_effort_trees.predict(self.probes.low_effort_features(rung, probe))
        return probe.bits + probe.effort_log_ratio + correction

    def _through(self, at: int, level: float) -> Callable[[int], float]:
        """Return the complexity curve, bent through the sample probes and moved to `level` at rung `at`."""
        by_rung = self.probes.by_rung
        shift = level - corrected(self.first_curve, by_rung)(at)
        known = {rung: value + shift for rung, value in by_rung.items()} | {at: level}
        rungs = sorted(known)
        # Probes that fall where they should rise must not make the curve fall.
        rising = accumulate(map(known.__getitem__, rungs), max)
        return corrected(self.first_curve, dict(zip(rungs, rising, strict=True)))

    def _rung_at(self, curve: Callable[[int], float], log_target: float, first: int) -> int:
        return rung_at(lambda rung: self._bytes(curve(rung), rung), log_target, first, len(self.first_curve))

    def _bytes(self, bits: float, rung: int) -> float:
        return in_bytes(self.probes.codec, self.probes.static.mode, self.probes.static.pixels, bits, rung)

    def _seed(self, curve: Callable[[int], float], start: int | None) -> Seed:
        values = LazyCurve(len(self.first_curve), lambda rung: self._bytes(curve(rung), rung))
        return Seed(values, start, tuple(self.probes.made))


def complexity_curve(model: Model, complexities: Sequence[float]) -> list[float]:
    """Return the ln(bits per pixel) that complexity probes alone predict for every rung, never falling."""
    intercepts, *weights = model.complexity_lines()
    curve: Sequence[float] = intercepts
    for line, value in zip(weights, complexities, strict=True):
        curve = [level + weight * value for level, weight in zip(curve, line, strict=True)]
    return list(accumulate(curve, max))

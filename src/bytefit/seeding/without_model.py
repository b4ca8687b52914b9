"""Seeding without a model: the mean curve, bent through probes of the picture near the answer.

For pictures of flat fields, which compress by matching: no sample of their pixels tells of the whole, but the whole
packed quickly does (PNG). And for animations, of which some runs of frames are encoded.
"""

from __future__ import annotations

from itertools import accumulate
from math import ceil, log
from typing import TYPE_CHECKING, Any

from bytefit.codecs import Trial, encode_timed
from bytefit.pictures.frames import Frames
from bytefit.search.curve import aim, corrected, rung_at
from bytefit.seeding.seed import Late, Seed, mean_curve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PIL import Image

    from bytefit.codecs import Codec

# Each probe closes in on the aim; one more costs more than the trial it may save.
_MOST_PROBES = 3

# A rung that is predicted this near (in ln bytes) to one that was probed needs no probe of its own; an excerpt costs so
# little that the way between two rungs is read rather than trusted.
_NEAR, _NEAR_OF_EXCERPTS = 0.1, 0.02

# A first trial is not made at a rung predicted this far above the budget, in ln bytes; and none at all at the last rung
# where it is predicted that far above it: more than twice what predictions are wrong by.
_OVER, _HOPELESS = 0.03, 0.25

# An excerpt of an animation: so many runs of so many frames. Shorter animations are not probed, but tried.
_RUNS, _RUN = 3, 4


def seed_by_probes(
    codec: Codec, picture: Image.Image | Frames, *, budget: int, enough: int, first: int, last: int
) -> Seed:
    """Predict the curve of `picture` by probes at the rungs where it is wanted; see `bytefit.seeding.seed`."""
    # A palette may weigh more than the pixels: the lossless file, without one, must not be predicted below.
    mean = list(accumulate(mean_curve(codec, picture), max))
    target = aim(budget, enough)
    probes: list[Trial] = []
    known: dict[int, float] = {}
    parts = _excerpts(picture) if isinstance(picture, Frames) else ()
    if codec.hints.probe_gain is None and not parts:
        return Seed(mean, last=last)
    curve: Callable[[int], float] = mean.__getitem__
    if not parts:
        # Nothing is better than the last rung, and that of a small picture may weigh less than those below it.
        known[last], probes = _probed(codec, picture, parts, last)
        curve = corrected(mean, known)
        if known[last] <= log(budget):
            return Seed(Late(len(mean), curve), last, tuple(probes), last)
    rung = rung_at(curve, target, first, last + 1)
    for _ in range(_MOST_PROBES):
        if rung in known:
            break
        known[rung], trials = _probed(codec, picture, parts, rung)
        probes += trials
        rungs = sorted(known)
        # Readings that fall where they should rise must not make the curve fall.
        curve = corrected(mean, dict(zip(rungs, accumulate(map(known.__getitem__, rungs), max), strict=True)))
        before, rung = rung, rung_at(curve, target, first, last + 1)
        if rung > first and curve(rung) > log(budget) + _OVER:
            rung -= 1
        if abs(curve(rung) - curve(before)) < (_NEAR_OF_EXCERPTS if parts else _NEAR):
            break
    hopeless = known.get(last, 0.0) > log(budget) + _HOPELESS
    return Seed(Late(len(mean), curve), rung, tuple(probes), last - 1 if hopeless and last > first else last)


def _excerpts(frames: Frames) -> tuple[Frames, ...]:
    """Return runs of frames from the beginning, the middle and the end; none of a short animation, or of pages."""
    count = len(frames.pictures)
    if not frames.animated or count < 2 * _RUNS * _RUN:
        return ()
    starts = [(count - _RUN) * run // (_RUNS - 1) for run in range(_RUNS)]
    return tuple(frames.excerpt(range(start, start + _RUN)) for start in starts)


def _probed(
    codec: Codec, picture: Image.Image | Frames, parts: tuple[Frames, ...], rung: int
) -> tuple[float, list[Trial]]:
    """Return what a rung is predicted to weigh, as ln(bytes), and the encodes that say so."""
    quality = codec.ladder[rung]
    setting = codec.setting(quality, picture.mode)
    if isinstance(picture, Frames) and parts:
        return _from_excerpts(codec, picture, parts, setting)
    data, trial = encode_timed(codec, picture, {**setting, **codec.hints.probe_options}, {})
    assert codec.hints.probe_gain is not None
    return codec.hints.probe_gain(quality, picture, data), [trial]


def _from_excerpts(
    codec: Codec, frames: Frames, parts: tuple[Frames, ...], setting: Mapping[str, Any]
) -> tuple[float, list[Trial]]:
    """Return what all frames are predicted to weigh: some are coded whole, the others by what changes."""
    count = len(frames.pictures)
    keys = 1 if codec.hints.key_frames is None else ceil(count / codec.hints.key_frames)
    runs = [encode_timed(codec, part, setting, {})[1] for part in parts]
    firsts = [encode_timed(codec, part.excerpt(range(1)), setting, {})[1] for part in parts]
    whole = sum(trial.size for trial in firsts) / len(firsts)
    changes = (
        sum(max(0, run.size - first.size) for run, first in zip(runs, firsts, strict=True)) / (_RUN - 1) / len(runs)
    )
    return log(keys * whole + (count - keys) * changes), [*runs, *firsts]

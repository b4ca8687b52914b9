"""Seeding without a model: the mean curve, bent through probes of the picture near the answer.

It serves formats that compress by finding repeats (PNG), where a sample does not predict the whole but the whole at low
effort does, and animations, of which all frames are encoded at low effort (GIF) or a few runs of them.
"""

from __future__ import annotations

from functools import partial
from itertools import accumulate
from math import ceil, log
from typing import TYPE_CHECKING, Any, NamedTuple

from bytefit.codecs import Trial, encode_timed
from bytefit.errors import PixelsNotKept
from bytefit.pictures.frames import Frames
from bytefit.search.curve import corrected, rung_at, target_log_size
from bytefit.seeding.seed import LazyCurve, Seed, mean_curve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from PIL import Image

    from bytefit.codecs import Codec

    Gain = Callable[[float, Image.Image | Frames, bytes], float]

# Each probe closes in on the target; a further one would cost more than the trial it may save. One more of all frames
# of an animation pays: 2.28 trials instead of 2.56 (43 budgets of 11 GIFs), in the same time.
_MOST_PROBES, _MOST_OF_ALL_FRAMES = 3, 4

# One run of a short animation is a large part of it.
_MOST_OF_ONE_RUN = 2

# A rung predicted this near (in ln bytes) to a probed one needs no probe of its own. Animations differ so much in the
# shape of their curve that the way between two rungs is probed rather than trusted.
_NEAR, _NEAR_OF_FRAMES = 0.1, 0.02

# No first trial is made at a rung predicted this far above the budget, in ln bytes. Beyond the second figure the last
# rung is not tried at all: it is more than twice the usual error of a prediction.
_OVER, _HOPELESS = 0.03, 0.25

# The excerpts of an animation: this many runs of an n-th of its frames each, of at least that many. Shorter animations
# have one run, and the shortest none.
_RUNS, _PART, _RUN, _SHORTEST = 3, 24, 3, 8


class _Excerpt(NamedTuple):
    """Some consecutive frames of an animation, and the first of them, or the first two."""

    frames: Frames
    first: Frames


def seed_by_probes(
    codec: Codec, picture: Image.Image | Frames, *, budget: int, min_accept: int, first: int, last: int
) -> Seed:
    """Predict the curve of `picture` by probes near the answer; see `bytefit.seeding.with_model.seed`."""
    # A palette may weigh more than the pixels: the lossless file, without one, must not be predicted below.
    mean = list(accumulate(mean_curve(codec, picture), max))
    log_target = target_log_size(budget, min_accept)
    probes: list[Trial] = []
    known: dict[int, float] = {}
    of_all_frames = codec.hints.frames_gain if isinstance(picture, Frames) else None
    gain = of_all_frames or codec.hints.probe_gain
    excerpts = _excerpts(codec, picture) if isinstance(picture, Frames) and of_all_frames is None else []
    if gain is None and not excerpts:
        return Seed(mean, last=last)
    probe = partial(_probed, codec, picture, gain, excerpts)
    curve: Callable[[int], float] = mean.__getitem__
    if not excerpts and of_all_frames is None:
        # No rung is better than the last one, and in a small picture the last may weigh less than those below it.
        known[last], probes = probe(last)
        curve = corrected(mean, known)
        if known[last] <= log(budget):
            return Seed(LazyCurve(len(mean), curve), last, tuple(probes), last)
    rung = rung_at(curve, log_target, first, last + 1)
    most = _MOST_OF_ALL_FRAMES if of_all_frames else _MOST_PROBES if len(excerpts) != 1 else _MOST_OF_ONE_RUN
    for _ in range(most):
        if rung in known:
            break
        try:
            known[rung], trials = probe(rung)
        except PixelsNotKept:  # the last rung is lossless, and the format has none for this picture
            rung = max(first, rung - 1)
            continue
        probes += trials
        rungs = sorted(known)
        # Probes that fall where they should rise must not make the curve fall.
        curve = corrected(mean, dict(zip(rungs, accumulate(map(known.__getitem__, rungs), max), strict=True)))
        before, rung = rung, rung_at(curve, log_target, first, last + 1)
        if rung > first and curve(rung) > log(budget) + _OVER:
            rung -= 1
        if abs(curve(rung) - curve(before)) < (_NEAR_OF_FRAMES if excerpts or of_all_frames else _NEAR):
            break
    hopeless = known.get(last, 0.0) > log(budget) + _HOPELESS
    return Seed(LazyCurve(len(mean), curve), rung, tuple(probes), last - 1 if hopeless and last > first else last)


def _excerpts(codec: Codec, frames: Frames) -> list[_Excerpt]:
    """Return runs of frames from the beginning, the middle and the end.

    A short animation has one, from the middle; a very short one has none, and neither have pages.
    """
    count = len(frames.pictures)
    if not frames.animated or count < _SHORTEST:
        return []
    run = max(_RUN, count // _PART)
    starts = [(count - run) * place // (_RUNS - 1) for place in range(_RUNS)]
    short = count < 2 * _RUNS * run
    if short:
        starts = starts[1:2]
    # A still may have hundreds of bytes less around its picture than an animation. Where only the first frame is coded
    # whole, that would count as changes of all others.
    begun = 1 if short or codec.hints.key_frames is not None else 2
    runs = [frames.excerpt(range(start, start + run)) for start in starts]
    return [_Excerpt(one, one.excerpt(range(begun))) for one in runs]


def _probed(
    codec: Codec, picture: Image.Image | Frames, gain: Gain | None, excerpts: Sequence[_Excerpt], rung: int
) -> tuple[float, list[Trial]]:
    """Return the predicted ln(bytes) of a rung, and the encodes this is predicted from."""
    quality = codec.ladder[rung]
    setting = codec.setting(quality, picture.mode)
    if isinstance(picture, Frames) and excerpts:
        return _from_excerpts(codec, picture, excerpts, setting)
    data, trial = encode_timed(codec, picture, {**setting, **codec.hints.probe_options}, {})
    assert gain is not None
    return gain(quality, picture, data), [trial]


def _from_excerpts(
    codec: Codec, frames: Frames, excerpts: Sequence[_Excerpt], setting: Mapping[str, Any]
) -> tuple[float, list[Trial]]:
    """Return the predicted ln(bytes) of all frames: key frames are coded whole, the others by their changes."""
    count, begun, length = (len(part.pictures) for part in (frames, excerpts[0].first, excerpts[0].frames))
    runs = [encode_timed(codec, excerpt.frames, setting, {})[1] for excerpt in excerpts]
    firsts = [encode_timed(codec, excerpt.first, setting, {})[1] for excerpt in excerpts]
    first = sum(trial.size for trial in firsts) / len(firsts)
    grown = sum(max(0, run.size - first.size) for run, first in zip(runs, firsts, strict=True))
    changes = grown / (length - begun) / len(runs)
    keys = 1 if codec.hints.key_frames is None else ceil(count / codec.hints.key_frames)
    return log(keys * first + (count - keys * begun) * changes), [*runs, *firsts]

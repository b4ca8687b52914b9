"""Scores: how good an answer looks, and the first rung that looks good enough for a `min_score`."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from bytefit.errors import ConfigError, PixelsNotKept, UnsupportedImage
from bytefit.pictures.frames import Frames, frames_of
from bytefit.pictures.opening import UNLIMITED, open_image
from bytefit.pictures.scores import ssimulacra2_score
from bytefit.sources.metadata import upright
from bytefit.sources.reading import decode

if TYPE_CHECKING:
    from PIL import Image

    from bytefit.fitting.result import Result
    from bytefit.fitting.trials import Trials

# The most frames of an animation that are scored: each takes longer than its encode.
_SCORED_FRAMES = 8


def score_of(source: Image.Image | Frames, version: Image.Image | Frames) -> float:
    """Return the SSIMULACRA2 score of a version; for frames, the mean of some.

    Raises:
        UnsupportedImage, ConfigError: see `bytefit.pictures.scores.ssimulacra2_score`.
    """
    if not isinstance(source, Frames) or not isinstance(version, Frames):
        return ssimulacra2_score(*(one.first if isinstance(one, Frames) else one for one in (source, version)))
    if source.info.get("default_image") and not version.info.get("default_image"):
        source = source.excerpt(range(1, len(source.pictures)))  # the still picture that was left out
    step = ceil(len(source.pictures) / _SCORED_FRAMES)
    pairs = list(zip(source.pictures[::step], version.pictures[::step], strict=False))
    return sum(ssimulacra2_score(*pair) for pair in pairs) / len(pairs)


def score_of_answer(source: Image.Image | Frames, answer: Result) -> float | None:
    """Return the SSIMULACRA2 score of an answer; None where it cannot be scored."""
    return score_of_file(source, answer.data)


def score_of_file(source: Image.Image | Frames, data: bytes) -> float | None:
    """Return the SSIMULACRA2 score of a file that was made of an image; None where it cannot be scored.

    Both are compared upright: the file may have its pixels turned where the source has an orientation.
    """
    try:
        version = decode(data, "the encoded picture", as_shown=True, max_pixels=UNLIMITED)
        return score_of(upright(source), upright(version))
    except (ConfigError, UnsupportedImage):
        return None


def score_of_trials(trials: Trials) -> float:
    """Return the SSIMULACRA2 score of the best encoding, at the dimensions of the whole picture.

    Raises:
        UnsupportedImage, ConfigError: see `bytefit.pictures.scores.ssimulacra2_score`.
    """
    with open_image(trials.picture_data, UNLIMITED) as version:
        return score_of(trials.whole, frames_of(version) if isinstance(trials.whole, Frames) else version)


def raise_to_score(trials: Trials, least: float) -> tuple[float, bool]:
    """Go up to the first rung whose score is at least `least`, where the best encoding that fits scores less.

    That rung, or the highest there is, then is the best encoding, whether it fits or not.

    Returns:
        The SSIMULACRA2 score of the best encoding, and whether what fits scored less than `least`.
    """
    score = score_of_trials(trials)
    if score >= least:
        return score, False
    low, high = trials.rung + 1, trials.last
    while low <= high:
        rung = (low + high) // 2
        try:
            trials.measure(rung, wanted=True)
        except PixelsNotKept:
            high = rung - 1
            continue
        score = score_of_trials(trials)
        if score >= least:
            high = rung - 1
        else:
            low = rung + 1
    if trials.rung != low and low <= trials.last:
        trials.measure(low, wanted=True)
        score = score_of_trials(trials)
    return score, True

"""Fewer pixels: at which dimensions a picture is tried, because that looks better or because the budget needs it."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from bytefit.codecs.preparing import prepare
from bytefit.errors import PixelsNotKept, UnsupportedImage
from bytefit.fitting.scoring import score_of_trials
from bytefit.fitting.trials import Trials, search_ladder
from bytefit.pictures.frames import Frames
from bytefit.pictures.scaling import scaled
from bytefit.pictures.scores import can_score
from bytefit.seeding.best_scale import best_scales
from bytefit.sources.metadata import with_dimensions

if TYPE_CHECKING:
    from PIL import Image

    from bytefit.options import Options
    from bytefit.search.search import Found

# A picture that has to be made smaller is made small enough for its floor to take this share of the budget, so that
# the search has room for more than the worst quality there is.
_FLOOR_FILL = 0.5


def search_scales(trials: Trials, options: Options) -> tuple[Trials, Found]:
    """Search the ladder, and where `resize` allows it at the scales that look better or are needed.

    Returns:
        The trials of the version that the search ended at, and what it found there.
    """
    least, most = options.min_width or 1, largest_scale(trials, options)
    size, *others = _sizes_for_looks(trials, least, most) if options.resize else [trials.whole.size]
    if size != trials.whole.size:
        trials = _resized(trials, size)
    found = search_ladder(trials)
    if others and trials.fits and options.effort != "fast" and can_score():
        trials, found = _better_looking(trials, found, others[0])
    if options.resize and (larger := _larger_size(trials, most)):
        trials = _resized(trials, larger)
        found = search_ladder(trials)
    while options.resize and not trials.fits and (smaller := _smaller_size(trials, least)):
        trials = _resized(trials, smaller)
        found = search_ladder(trials)
    if options.allow_frame_drop and not trials.fits:
        from bytefit.fitting.frame_dropping import with_half_the_frames

        while not trials.fits and (fewer := with_half_the_frames(trials)):
            trials = fewer
            found = search_ladder(trials)
    return trials, found


def largest_scale(trials: Trials, options: Options) -> float:
    """Return the largest scale, at most 1, that `max_width` and `max_height` allow."""
    whole = trials.whole
    limits = (options.max_width, whole.width), (options.max_height, whole.height)
    return min([1.0, *(min(limit, side) / side for limit, side in limits if limit)])


def scale_that_fits(trials: Trials) -> Trials | None:
    """Encode the lowest rung at ever smaller dimensions until it fits; None where no dimensions do."""
    while (size := _smaller_size(trials, 1)) is not None:
        trials = _resized(trials, size)
        try:
            trials.measure(trials.target.first)
        except PixelsNotKept:  # scaling makes more colours than a palette holds
            return None
        if trials.fits:
            return trials
    return None


def scale_of(trials: Trials) -> float:
    """Return the longer side of what was encoded over that of the picture."""
    return max(trials.picture.size) / max(trials.whole.size)


def _resized(trials: Trials, size: tuple[int, int]) -> Trials:
    """Return trials of the picture at `size` pixels, in a mode of the codec."""
    # A colour profile is made for colours or for greys: a palette with one stays in colours.
    picture = scaled(trials.whole, size, grey=not trials.carried.get("icc_profile"))
    try:
        picture = prepare(trials.codec, picture)
    except UnsupportedImage:  # the format holds nothing but the mode that the picture had
        picture = _back_in_mode(picture, trials.whole.mode)
    return trials.of(picture, carried=with_dimensions(trials.carried, size, trials.codec))


def _back_in_mode(picture: Image.Image | Frames, mode: str) -> Image.Image | Frames:
    """Return a scaled image in the palette or the one bit that its format needs."""
    if isinstance(picture, Frames):
        return picture.each(lambda frame: _in_mode(frame, mode))
    return _in_mode(picture, mode)


def _in_mode(picture: Image.Image, mode: str) -> Image.Image:
    return picture.quantize() if mode == "P" else picture.convert(mode)


def _better_looking(trials: Trials, found: Found, size: tuple[int, int]) -> tuple[Trials, Found]:
    """Return the trials, or those at other dimensions if these score higher."""
    other = _resized(trials, size)
    found_there = search_ladder(other)
    try:
        better = other.fits and score_of_trials(other) > score_of_trials(trials)
    except UnsupportedImage:  # too small for the metric
        better = False
    return (other, found_there) if better else (trials, found)


def _sizes_for_looks(trials: Trials, least: int, most: float) -> list[tuple[int, int]]:
    """Return the dimensions predicted to look best when shown at full size, and others if they are close.

    They are at least `least` wide and at most `most` times as large as the picture.
    """
    size, picture = trials.codec.largest_size(trials.whole.size), trials.picture
    sizes = [size]
    if trials.payload > 0:
        first, shown = (picture.typical, len(picture.pictures)) if isinstance(picture, Frames) else (picture, 1)
        scales = best_scales(trials.codec, first, trials.payload // shown, models=trials.target.models)
        sizes = [min(size, _scaled(trials, scale, least)) for scale in scales]
    return list(dict.fromkeys(min(size, _scaled(trials, most, 1)) for size in sizes))


def _larger_size(trials: Trials, most: float) -> tuple[int, int] | None:
    """Return dimensions nearer to the full ones where the finest rung leaves much of the budget unused, or None."""
    target = trials.target
    unused = len(trials.data) < (1 - target.slack) * target.encode_budget
    if not (unused and trials.fits and trials.rung == trials.last):
        return None
    grown = trials.picture.width / trials.whole.width * sqrt(target.encode_budget / len(trials.data))
    size = min(_scaled(trials, min(grown, most), 1), trials.codec.largest_size(trials.whole.size))
    return size if size > trials.picture.size else None


def _smaller_size(trials: Trials, least: int) -> tuple[int, int] | None:
    """Return dimensions at which the budget should be within reach, or None when none are `least` wide.

    A file shrinks roughly with its pixels; where that was too hopeful the next call goes on from there.
    """
    smallest = len(trials.data) - trials.overhead
    if trials.payload < 1 or max(trials.picture.size) == 1 or trials.picture.width <= least:
        return None
    factor = min(0.9, sqrt(_FLOOR_FILL * trials.payload / max(1, smallest)))
    return _scaled(trials, scale_of(trials) * factor, least)


def _scaled(trials: Trials, scale: float, least: int) -> tuple[int, int]:
    """Return the full dimensions times a scale, in whole pixels, or `least` pixels wide; never enlarged."""
    whole = trials.whole
    share = min(1.0, max(scale, min(least, whole.width) / whole.width if least > 1 else 0.0))
    return max(1, round(whole.width * share)), max(1, round(whole.height * share))

"""Fewer frames: every second frame of an animation is left out where that is allowed and nothing else fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bytefit.pictures.frames import Frames

if TYPE_CHECKING:
    from bytefit.fitting.trials import Trials

# An animation of fewer frames cannot lose any and stay one.
_FEWEST = 3


def with_half_the_frames(trials: Trials) -> Trials | None:
    """Return trials of every second frame, each shown for longer; None where there are too few frames."""
    picture = trials.picture
    if not isinstance(picture, Frames) or not picture.animated or len(picture.pictures) < _FEWEST:
        return None
    fewer = picture.without_every_second_frame()
    return trials.of(fewer, whole=fewer)

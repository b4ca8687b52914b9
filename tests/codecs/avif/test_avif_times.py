"""AVIF animations: the clock must not get into the file."""

from __future__ import annotations

import time

import bytefit
from bytefit.codecs.avif.boxes import without_times
from bytefit.codecs.encoding import save_frames
from images import animation, opened


def test_the_same_animation_gives_the_same_bytes_a_second_later():
    """The encoder writes the time of day into an animation, so that a file would change with every run of a hook."""
    frames = bytefit.Frames(tuple(opened(animation("GIF")).copy().convert("RGB") for _ in range(3)), (80.0,) * 3, 0)
    first = bytefit.compress(frames, "20KB", format="AVIF").data
    time.sleep(1.01 - time.time() % 1)  # until the next second begins

    assert bytefit.compress(frames, "20KB", format="AVIF").data == first


def test_only_the_times_are_cleared():
    """Clearing the times must change neither a frame nor how long it is shown."""
    frames = bytefit.Frames(tuple(opened(animation("GIF")).copy().convert("RGB") for _ in range(3)), (80.0,) * 3, 0)
    written = save_frames(frames, "AVIF", {"quality": 50})

    cleared = without_times(written)

    assert len(cleared) == len(written)
    assert cleared != written
    assert opened(cleared).n_frames == 3
    assert opened(cleared).tobytes() == opened(written).tobytes()


def test_a_still_has_no_times():
    """A still image has no film headers, so its bytes must stay as they are."""
    still = bytefit.compress(opened(animation("GIF")).copy().convert("RGB"), "20KB", format="AVIF").data

    assert without_times(still) == still

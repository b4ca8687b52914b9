"""The measurement of memory: both processes do the same work, on an image as large as asked for."""

from __future__ import annotations

import os

import pytest

import memory
from memory import CASES, Peak, large, line_of, measured


@pytest.mark.parametrize("megapixels", [0.01, 0.5, 3])
def test_the_image_has_the_pixels_that_were_asked_for(megapixels):
    """Tiles must fill any size, and must not repeat: a file of equal tiles would be smaller."""
    picture = large(megapixels)

    assert abs(picture.width * picture.height / 1e6 - megapixels) < 0.02 * megapixels
    assert abs(picture.width / picture.height - 4 / 3) < 0.02
    assert picture.getpixel((picture.width - 1, picture.height - 1)) != (0, 0, 0)


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="the platform does not report the memory of a process")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.format)
def test_both_processes_are_measured(case):
    """A process that fails at once would take no memory, and look good."""
    peak = measured(case, large(0.05))

    assert peak.bytefit > 10e6
    assert peak.pillow > 10e6
    assert 0.5 < peak.ratio < 5


def test_a_process_that_fails_is_no_figure(monkeypatch):
    """No ratio must come of a process that did not do its work."""
    monkeypatch.setattr(memory, "clocked", lambda *_, **__: None)

    with pytest.raises(RuntimeError, match=r"JPEG at 0\.0101 megapixels: a process failed"):
        measured(CASES[0], large(0.01))


def test_a_line_shows_both_and_their_ratio():
    """Megapixels, megabytes, seconds, and how many times as much memory bytefit takes."""
    line = line_of(Peak("JPEG", 12.0, 130_000_000, 100_000_000, 2.0, 1.0))

    assert " ".join(line.split()) == "JPEG 12.0 MP bytefit 130 MB 2.0 s Pillow 100 MB 1.0 s ratio 1.30"

"""The comparison of estimators: the same rows for each, and trials that follow from who misses the window."""

from __future__ import annotations

import pytest

pytest.importorskip("sklearn")

from bytefit.training.estimators import WINDOW, compare

# What a reading leaves is four windows on one side of a threshold and none on the other.
STEP = [([position / 100, 1.0], 4 * WINDOW * (position > 70)) for position in range(100)]


def compared(shipped):
    """Return the estimators by name, fitted and tried on the same step."""
    return {one.name: one for one in compare(STEP, STEP, shipped)}


def test_the_shipped_trees_are_tried_on_the_same_rows():
    """Right predictions miss no first trial, and every wrong one must be counted."""
    right = compared(lambda row: 4 * WINDOW * (row[0] > 0.7))["gradient boosting, shipped"]
    wrong = compared(lambda row: 4 * WINDOW * (row[0] > 0.8))["gradient boosting, shipped"]

    assert (right.median, right.p90, right.trials) == (0, 0, 1)
    assert wrong.trials == pytest.approx(1.1)


def test_what_can_learn_a_step_beats_what_cannot():
    """Trees find the threshold, while a constant and a line miss some of the rows."""
    found = compared(lambda _row: 0.0)

    assert len(found) == 6
    assert found["median of all"].trials == pytest.approx(1.29)
    assert found["linear (ridge)"].trials > 1.2
    assert found["random forest, 200 trees"].trials < 1.05
    assert all(one.microseconds > 0 for one in found.values())

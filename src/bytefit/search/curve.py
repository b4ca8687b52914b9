"""Curves of ln(bytes) along a ladder: made from knots, corrected by measurements, read backwards.

Numbers only: no images, no codecs. A curve never falls, so that it can be read backwards by bisection.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise
from math import log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# A trial is aimed this far (in ln bytes) below the budget, or at the middle of the slack where the slack is narrower.
# First trials miss by 2-4 %, so half of them would be over if they were aimed nearer to the budget.
_BELOW_BUDGET = 0.025


def interpolated(knots: Sequence[tuple[float, float]], at: Sequence[float]) -> list[float]:
    """Return the values at increasing places `at` of the straight lines through `knots`.

    Before the first and after the last knot the value stays that of the knot.

    Args:
        knots: (place, value), the places increasing.
        at: the places to read.
    """
    values: list[float] = []
    segments = pairwise(knots)
    (x0, y0), (x1, y1) = next(segments)
    for x in at:
        while x > x1 and x1 < knots[-1][0]:
            (x0, y0), (x1, y1) = next(segments)
        share = min(1.0, max(0.0, (x - x0) / (x1 - x0)))
        values.append(y0 + share * (y1 - y0))
    return values


def corrected(curve: Sequence[float], known: Mapping[int, float]) -> Callable[[int], float]:
    """Return the curve bent through its known rungs: between two of them its error is interpolated.

    Below the first and above the last known rung the curve is shifted by the error of that rung.

    Args:
        curve: ln(bytes) by rung, never falling.
        known: rungs with their true ln(bytes).
    """
    if not known:
        return curve.__getitem__
    rungs = sorted(known)
    errors = [known[rung] - curve[rung] for rung in rungs]
    if len(rungs) == 1:
        return lambda rung: curve[rung] + errors[0]

    def value(rung: int) -> float:
        above = bisect_left(rungs, rung)
        if above == 0:
            return curve[rung] + errors[0]
        if above == len(rungs):
            return curve[rung] + errors[-1]
        low, high = curve[rungs[above - 1]], curve[rungs[above]]
        share = (curve[rung] - low) / (high - low) if high > low else float(rung == rungs[above])
        return curve[rung] + errors[above - 1] + share * (errors[above] - errors[above - 1])

    return value


def target_log_size(budget: int, min_accept: int) -> float:
    """Return the ln(bytes) to aim a trial at so that it has at least `min_accept` and at most `budget` bytes."""
    window = log(budget / min(max(1, min_accept), budget))
    return log(budget) - min(_BELOW_BUDGET, window / 2)


def rung_at(curve: Callable[[int], float], log_size: float, low: int, high: int, *, below: bool = False) -> int:
    """Return the rung from `low` to before `high` whose value is nearest to `log_size`.

    Args:
        curve: the value of a rung, never falling.
        log_size: ln(bytes).
        low: the lowest rung that may be returned.
        high: one more than the highest rung that may be returned; above `low`.
        below: prefer the last rung at or below `log_size` to a nearer one above it.
    """
    above = bisect_right(range(high), log_size, low, high, key=curve)
    if above == high:
        return high - 1
    if above == low:
        return low
    return above - 1 if below or log_size - curve(above - 1) <= curve(above) - log_size else above

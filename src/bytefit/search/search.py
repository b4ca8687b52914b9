"""The search: the highest rung of a ladder that fits a budget, in as few trials as a predicted curve allows.

It knows rungs (0 to n - 1, from the smallest file to the largest), a predicted curve of ln(bytes) along them and a
callback that measures one rung. It knows nothing of images, codecs or files. The prediction decides only the order of
the trials: the answer is always a rung that was measured and fits.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, NamedTuple

from bytefit.search.curve import corrected, rung_at, target_log_size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# After this many trials the search stops trusting the corrected curve and bisects, which bounds the worst case at
# PATIENCE + log2(rungs) + 1 trials.
PATIENCE = 6

# A curve is taken to be at most this many times as steep as predicted, or as flat.
_STEEPEST = 4.0


class Found(NamedTuple):
    """The result of a search.

    Attributes:
        rung: the highest rung known to fit, or None when even the lowest is over.
        proven: whether the next rung was measured to be over, or there is none.
        sizes: the bytes of every rung that was measured.
    """

    rung: int | None
    proven: bool
    sizes: Mapping[int, int]


def search(
    measure: Callable[[int], int],
    curve: Sequence[float],
    budget: int,
    *,
    min_accept: int | None = None,
    first: int = 0,
    start: int | None = None,
) -> Found:
    """Find the highest rung whose bytes are at most `budget`.

    If sizes do not rise with every rung, the search finds a rung that fits below one that does not.

    Args:
        measure: encodes a rung and returns its bytes, at least 1; called at most once a rung.
        curve: predicted ln(bytes) for every rung, never falling; it affects the number of trials, never the answer.
        budget: the most bytes an answer may have, at least 1.
        min_accept: stop at the first rung that fits with at least this many bytes; None looks for the proven best.
        first: the lowest rung that may be used (a floor).
        start: the rung to try first, where more is known of it than the curve says.
    """
    min_accept = budget + 1 if min_accept is None else min_accept
    sizes: dict[int, int] = {}
    low, high = first - 1, len(curve)
    while high - low > 1 and sizes.get(low, 0) < min_accept:
        if start is not None and not sizes:
            rung = min(max(start, first), high - 1)
        elif high == len(curve) and _level(curve, sizes, low) and len(sizes) < PATIENCE:
            rung = high - 1  # rungs of equal size: the picture cannot use more bytes
        elif len(sizes) >= PATIENCE:
            rung = (low + high) // 2
        else:
            rung = _likeliest(curve, sizes, low=low, high=high, budget=budget, min_accept=min_accept)
        sizes[rung] = measure(rung)
        if sizes[rung] <= budget:
            low = rung
        else:
            high = rung
    return Found(low if low >= first else None, high - low == 1, sizes)


def _level(curve: Sequence[float], sizes: Mapping[int, int], low: int) -> bool:
    """Return whether a rung that was predicted smaller than `low` has the same measured size."""
    return any(size == sizes[low] and curve[rung] < curve[low] for rung, size in sizes.items())


def _likeliest(
    curve: Sequence[float], sizes: Mapping[int, int], *, low: int, high: int, budget: int, min_accept: int
) -> int:
    """Return the rung between `low` and `high` whose corrected value is nearest to the target log size."""
    known = {rung: log(sizes[rung]) for rung in (low, high) if rung in sizes}
    # Without slack only a proof ends the search, so begin with a rung that should fit.
    predicted = _stretched(curve, sizes, low=low, high=high) or corrected(curve, known)
    rung = rung_at(predicted, target_log_size(budget, min_accept), low + 1, high, below=min_accept > budget)
    # Where rungs are far apart, the nearest to the target may be over while the one below is within the slack.
    if rung - 1 > low and predicted(rung) > log(budget) and predicted(rung - 1) >= log(max(1, min_accept)):
        return rung - 1
    return rung


def _stretched(
    curve: Sequence[float], sizes: Mapping[int, int], *, low: int, high: int
) -> Callable[[int], float] | None:
    """Return the curve, made as steep as two trials on one side are; None without two, or where both sides are known.

    `corrected` only shifts a curve beyond its known rungs. Where the curve is much steeper or flatter than predicted,
    the search would creep up to its target.
    """
    if low in sizes and high in sizes:
        return None
    near = low if low in sizes else high
    others = [rung for rung in sizes if rung != near]
    if near not in sizes or not others:
        return None
    other = min(others, key=lambda rung: abs(rung - near))
    run = curve[near] - curve[other]
    if run == 0:
        return None
    steepness = min(_STEEPEST, max(1 / _STEEPEST, log(sizes[near] / sizes[other]) / run))
    return lambda rung: log(sizes[near]) + steepness * (curve[rung] - curve[near])

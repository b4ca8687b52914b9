"""Hypothesis strategies: ladders of sizes, predicted curves, texts of sizes."""

from __future__ import annotations

from itertools import accumulate

from hypothesis import strategies as st

from bytefit.sizes import UNITS

RUNGS_AT_MOST = 200

finite = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def rising_sizes(draw: st.DrawFn, *, min_size: int = 1) -> list[int]:
    """Sizes that never fall along a ladder; steps of nothing make plateaus."""
    first = draw(st.integers(1, 10_000))
    steps = st.one_of(st.just(0), st.integers(0, 50), st.integers(0, 5_000))
    return list(accumulate(draw(st.lists(steps, min_size=min_size - 1, max_size=RUNGS_AT_MOST - 1)), initial=first))


@st.composite
def sizes(draw: st.DrawFn) -> list[int]:
    """Sizes along a ladder as encoders make them: rising on the whole, with plateaus and inversions; or anything."""
    if draw(st.booleans()):
        return draw(st.lists(st.integers(1, 50_000), min_size=1, max_size=RUNGS_AT_MOST))
    rising = draw(rising_sizes())
    shares = st.floats(0.6, 1)
    dips = draw(st.dictionaries(st.integers(0, len(rising) - 1), shares, max_size=10))
    return [max(1, int(size * dips.get(rung, 1))) for rung, size in enumerate(rising)]


def curves(rungs: int) -> st.SearchStrategy[list[float]]:
    """Predictions of ln(bytes) that never fall: sensible ones, flat ones, and ones that are absurd by any measure."""
    sensible = st.lists(st.floats(0, 15), min_size=rungs, max_size=rungs).map(sorted)
    flat = finite.map(lambda value: [value] * rungs)
    absurd = st.lists(finite, min_size=rungs, max_size=rungs).map(sorted)
    return st.one_of(sensible, flat, absurd)


@st.composite
def searches(draw: st.DrawFn) -> tuple[list[int], list[float], int]:
    """A ladder's sizes, a prediction that need not have anything to do with them, and a budget."""
    ladder = draw(sizes())
    near = st.sampled_from(ladder).flatmap(lambda size: st.integers(max(1, size - 1), size + 1))
    return ladder, draw(curves(len(ladder))), draw(st.one_of(near, st.integers(1, 60_000)))


@st.composite
def size_texts(draw: st.DrawFn) -> tuple[str, int]:
    """A size as people write it, and the bytes it stands for."""
    whole = draw(st.integers(1, 10_000))
    fraction = draw(st.one_of(st.just(""), st.text("0123456789", min_size=1, max_size=4)))
    unit = draw(st.sampled_from(sorted(UNITS)))
    cased = draw(st.sampled_from([unit, unit.upper(), unit.title(), unit[0] + unit[1:].upper()]))
    number = f"{whole}.{fraction}" if fraction else str(whole)
    gap, edge = draw(st.sampled_from(["", " ", "  "])), draw(st.sampled_from(["", " ", "\t"]))
    count = int(f"{whole}{fraction}") * UNITS[unit] // 10 ** len(fraction)
    return f"{edge}{number}{gap}{cased}{edge}", count

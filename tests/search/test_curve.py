"""Curves of ln(bytes): straight lines come out as they went in, and nothing ever falls."""

from __future__ import annotations

from math import log

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bytefit.search.curve import corrected, interpolated, rung_at, target_log_size
from strategies import curves

places = st.lists(st.integers(-1000, 1000), min_size=2, max_size=20, unique=True).map(sorted)
measured = st.floats(-20, 20)


@given(places, st.integers(0, 50), st.integers(-1000, 1000), st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_straight_lines_are_reproduced(xs, slope, offset, shares):
    """Knots on a line give the line between them, wherever they stand."""
    at = sorted(xs[0] + share * (xs[-1] - xs[0]) for share in shares)

    values = interpolated([(x, slope * x + offset) for x in xs], at)

    assert values == pytest.approx([slope * x + offset for x in at], rel=1e-9, abs=1e-6)


def test_beyond_its_knots_a_curve_goes_on_level():
    """Nothing is extrapolated beyond the knots."""
    assert interpolated([(1, 5.0), (2, 6.0)], [-10, 1, 1.5, 2, 99]) == [5.0, 5.0, 5.5, 6.0, 6.0]


def test_a_curve_of_which_nothing_is_known_stays_as_it_is():
    """Without a measurement there is no correction."""
    curve = [1.0, 2.0, 3.0]

    assert list(map(corrected(curve, {}), range(3))) == curve


@given(st.data(), measured)
def test_one_known_point_shifts_the_whole_curve(data, true):
    """One measurement keeps the shape of the curve and moves it through the known point."""
    curve = sorted(data.draw(st.lists(measured, min_size=1, max_size=20)))
    known = data.draw(st.integers(0, len(curve) - 1))

    bent = corrected(curve, {known: true})

    assert bent(known) == pytest.approx(true)
    assert [bent(rung) - curve[rung] for rung in range(len(curve))] == pytest.approx(
        [true - curve[known]] * len(curve), abs=1e-9
    )


@given(st.integers(2, 30), st.floats(0.1, 3), measured, st.floats(0.1, 3), measured)
@example(2, 1.0, 0.0, 1.0, 0.0)
def test_two_known_points_turn_one_straight_line_into_another(rungs, guessed_slope, guessed, true_slope, true):
    """If truth and prediction are straight, two measurements give the whole truth."""
    curve = [guessed + guessed_slope * rung for rung in range(rungs)]

    bent = corrected(curve, {0: true, rungs - 1: true + true_slope * (rungs - 1)})

    assert [bent(rung) for rung in range(rungs)] == pytest.approx(
        [true + true_slope * rung for rung in range(rungs)], abs=1e-6
    )


@given(st.data())
def test_every_known_point_is_met(data):
    """The curve meets any number of known points; between two of them its error is between theirs."""
    curve = sorted(data.draw(st.lists(measured, min_size=1, max_size=30)))
    rungs = st.integers(0, len(curve) - 1)
    known = data.draw(st.dictionaries(rungs, measured, min_size=1, max_size=8))

    bent = corrected(curve, known)

    for rung in range(len(curve)):
        around = [at for at in sorted(known) if at < rung][-1:] + [at for at in sorted(known) if at >= rung][:1]
        errors = [known[at] - curve[at] for at in around]
        assert min(errors) - 1e-9 <= bent(rung) - curve[rung] <= max(errors) + 1e-9
        if rung in known and all(curve[at] < curve[rung] for at in around if at < rung):
            assert bent(rung) == pytest.approx(known[rung], abs=1e-9)


def test_the_error_between_known_points_goes_by_the_curve():
    """Halfway up between two known points the error is half of each, at whatever rung that is."""
    bent = corrected([0.0, 1.0, 9.0, 10.0, 20.0, 30.0], {1: 3.0, 3: 10.0, 4: 26.0})

    assert [bent(rung) - rung_value for rung, rung_value in enumerate([0.0, 1.0, 9.0, 10.0, 20.0, 30.0])] == (
        pytest.approx([2.0, 2.0, 2.0 - 2.0 * 8 / 9, 0.0, 6.0, 6.0])
    )


def test_points_on_a_flat_prediction_divide_nothing_by_zero():
    """A prediction without a slope cannot be interpolated, and must not divide by zero."""
    bent = corrected([2.0, 2.0, 2.0], {0: 5.0, 2: 7.0})

    assert {bent(rung) for rung in range(3)} <= {5.0, 7.0}


@given(st.integers(1, 10**9), st.integers(0, 10**9))
def test_trials_are_aimed_inside_the_slack(budget, min_accept):
    """A trial that hits its target ends the search, so the target must be inside the slack."""
    log_size = target_log_size(budget, min(min_accept, budget))

    assert log(max(1, min(min_accept, budget))) - 1e-9 <= log_size <= log(budget) + 1e-9


def test_without_slack_the_aim_is_the_budget():
    """Without slack the best rung is the one nearest below the budget."""
    assert target_log_size(5000, 5000) == log(5000)


@given(st.data())
def test_a_curve_is_read_backwards_at_the_nearest_rung(data):
    """The nearest allowed rung by value is returned; if values tie, any of them."""
    curve = data.draw(st.integers(1, 60).flatmap(lambda rungs: st.lists(measured, min_size=rungs, max_size=rungs)))
    curve.sort()
    low = data.draw(st.integers(0, len(curve) - 1))
    high = data.draw(st.integers(low + 1, len(curve)))
    log_size = data.draw(measured)

    rung = rung_at(curve.__getitem__, log_size, low, high)

    assert low <= rung < high
    assert abs(curve[rung] - log_size) == min(abs(value - log_size) for value in curve[low:high])


@given(st.data())
def test_reading_below_gives_the_last_rung_that_is_not_above(data):
    """The last rung not above the value is returned, or the lowest allowed if all are above."""
    curve = sorted(data.draw(st.lists(measured, min_size=1, max_size=60)))
    low = data.draw(st.integers(0, len(curve) - 1))
    high = data.draw(st.integers(low + 1, len(curve)))
    log_size = data.draw(measured)

    rung = rung_at(curve.__getitem__, log_size, low, high, below=True)

    assert rung == max((rung for rung in range(low, high) if curve[rung] <= log_size), default=low)


@given(st.data())
def test_absurd_curves_are_read_within_bounds(data):
    """Whatever the values, the rung returned may be tried."""
    curve = data.draw(st.integers(1, 60).flatmap(curves))
    low = data.draw(st.integers(0, len(curve) - 1))
    high = data.draw(st.integers(low + 1, len(curve)))

    rung = rung_at(curve.__getitem__, 10.0, low, high, below=data.draw(st.booleans()))

    assert low <= rung < high

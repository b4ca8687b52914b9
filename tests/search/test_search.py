"""The search: a fake encoder is a list of sizes. A wrong prediction costs trials, never correctness."""

from __future__ import annotations

from math import ceil, log, log2

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bytefit.search.search import PATIENCE, search
from strategies import rising_sizes, searches

slacks = st.floats(0, 0.99)


def min_accept_for(budget, slack):
    """Return the bytes at which a search with this slack stops."""
    return max(1, ceil(budget * (1 - slack)))


def perfect(sizes):
    """Return the prediction that is always right."""
    return [log(size) for size in sizes]


def recorded(sizes, asked):
    """Return an encoder of `sizes` that notes every rung it is asked for."""

    def measure(rung):
        asked.append(rung)
        return sizes[rung]

    return measure


@given(searches(), slacks)
def test_the_answer_was_measured_and_fits(case, slack):
    """Whatever was predicted, an answer must never be over the budget."""
    sizes, curve, budget = case

    found = search(sizes.__getitem__, curve, budget, min_accept=min_accept_for(budget, slack))

    assert found.sizes == {rung: sizes[rung] for rung in found.sizes}
    assert found.rung is None or found.sizes[found.rung] <= budget


@given(searches(), slacks)
def test_the_answer_is_the_highest_rung_known_to_fit(case, slack):
    """A better trial must not be thrown away."""
    sizes, curve, budget = case

    found = search(sizes.__getitem__, curve, budget, min_accept=min_accept_for(budget, slack))

    assert found.rung == max((rung for rung, size in found.sizes.items() if size <= budget), default=None)


@given(searches())
def test_without_slack_the_answer_is_proven(case):
    """The answer fits, and the next rung is measured to be over or missing, even if the budget is filled exactly."""
    sizes, curve, budget = case

    found = search(sizes.__getitem__, curve, budget)

    assert found.proven


@given(searches(), slacks)
def test_proven_means_that_the_next_rung_was_measured_over(case, slack):
    """The claim must rest on a trial, not on the prediction."""
    sizes, curve, budget = case

    found = search(sizes.__getitem__, curve, budget, min_accept=min_accept_for(budget, slack))

    following = 0 if found.rung is None else found.rung + 1
    assert found.proven == (following == len(sizes) or found.sizes.get(following, 0) > budget)


@given(rising_sizes(), st.data())
def test_without_slack_the_answer_on_a_rising_ladder_is_the_best_there_is(sizes, data):
    """Whatever was predicted, the answer is that of a full bisection."""
    budget = data.draw(st.integers(1, sizes[-1] + 1))
    curve = data.draw(st.lists(st.floats(0, 15), min_size=len(sizes), max_size=len(sizes)).map(sorted))

    found = search(sizes.__getitem__, curve, budget)

    assert found.rung == max((rung for rung, size in enumerate(sizes) if size <= budget), default=None)


@given(searches(), slacks)
def test_no_rung_is_measured_twice(case, slack):
    """Every measurement is an encode, which is what takes the time."""
    sizes, curve, budget = case
    asked = []

    found = search(recorded(sizes, asked), curve, budget, min_accept=min_accept_for(budget, slack))

    assert sorted(asked) == sorted(found.sizes)


@given(searches(), slacks, st.data())
def test_the_worst_case_is_bounded(case, slack, data):
    """After PATIENCE trials bisection bounds the number of trials."""
    sizes, curve, budget = case
    first = data.draw(st.integers(0, len(sizes) - 1))

    found = search(sizes.__getitem__, curve, budget, min_accept=min_accept_for(budget, slack), first=first)

    assert len(found.sizes) <= PATIENCE + ceil(log2(len(sizes) - first)) + 1


@given(rising_sizes(), st.data())
@example([10], None)
def test_a_perfect_prediction_is_proven_in_two_trials(sizes, data):
    """A proof needs one rung that fits and one that does not, and no more with a perfect prediction."""
    budget = sizes[0] if data is None else data.draw(st.integers(1, sizes[-1] + 1))

    found = search(sizes.__getitem__, perfect(sizes), budget)

    assert len(found.sizes) <= 2


@given(rising_sizes(), slacks, st.data())
def test_a_perfect_prediction_with_a_rung_inside_the_slack_needs_one_trial(sizes, slack, data):
    """If the prediction shows a rung that ends the search, that rung must be tried first."""
    inside = data.draw(st.sampled_from(sizes))
    budget = inside + data.draw(st.integers(1, 1 + int(inside * slack)))
    min_accept = min(inside, min_accept_for(budget, slack))

    found = search(sizes.__getitem__, perfect(sizes), budget, min_accept=min_accept)

    assert len(found.sizes) == 1


@given(rising_sizes(min_size=2), st.floats(-2, 2), st.data())
@example([197, 197, 199, 199], 1.0, None)  # two rungs alike, and predicted to be: no plateau up to the top
def test_a_prediction_wrong_by_a_constant_factor_costs_one_trial(sizes, log_factor, data):
    """One measurement reveals a constant factor."""
    budget = sizes[-1] - 1 if data is None else data.draw(st.integers(1, sizes[-1] + 1))
    assume(budget not in sizes)  # rounding decides on which side of the budget an equal size is expected
    curve = [value + log_factor for value in perfect(sizes)]

    found = search(sizes.__getitem__, curve, budget)

    assert len(found.sizes) <= 3


@given(searches(), slacks, st.data())
def test_floors_are_respected(case, slack, data):
    """No rung below the floor may even be measured."""
    sizes, curve, budget = case
    first = data.draw(st.integers(0, len(sizes) - 1))
    asked = []

    found = search(recorded(sizes, asked), curve, budget, min_accept=min_accept_for(budget, slack), first=first)

    assert min(asked) >= first
    assert found.rung is None or found.rung >= first


@given(searches(), slacks, st.data())
def test_an_unreachable_budget_is_told_from_the_measured_floor(case, slack, data):
    """There is no answer only if the floor itself was encoded and is over."""
    sizes, curve, _ = case
    first = data.draw(st.integers(0, len(sizes) - 1))
    budget = max(1, min(sizes[first:]) - 1)
    assume(budget < min(sizes[first:]))

    found = search(sizes.__getitem__, curve, budget, min_accept=min_accept_for(budget, slack), first=first)

    assert found.rung is None
    assert found.proven
    assert first in found.sizes


@given(searches(), slacks)
def test_the_search_stops_at_the_first_trial_inside_the_slack(case, slack):
    """No trial may follow one that is inside the slack."""
    sizes, curve, budget = case
    min_accept = min_accept_for(budget, slack)
    assume(min_accept < budget)
    asked = []

    search(recorded(sizes, asked), curve, budget, min_accept=min_accept)

    assert not any(min_accept <= sizes[rung] <= budget for rung in asked[:-1])


@given(searches(), slacks)
def test_a_search_that_stops_early_stopped_inside_the_slack(case, slack):
    """An answer below min_accept needs a proof that there is no better one."""
    sizes, curve, budget = case
    min_accept = min_accept_for(budget, slack)

    found = search(sizes.__getitem__, curve, budget, min_accept=min_accept)

    assert found.proven or sizes[found.rung] >= min_accept


@pytest.mark.parametrize(
    ("sizes", "budget", "rung"),
    [
        ([10], 10, 0),
        ([10], 9, None),
        ([10, 20, 30], 25, 1),
        ([10, 20, 30], 30, 2),
        ([10, 20, 30], 1000, 2),
        ([20, 20, 20, 20], 20, 3),
        ([10, 20, 20, 20, 30], 20, 3),
        ([20, 20, 20, 20], 19, None),
        ([10, 20, 20, 21, 21, 30], 20, 2),
    ],
)
@pytest.mark.parametrize("guess", [0.0, 3.0, 100.0])
def test_ladders_with_plateaus_are_climbed_to_the_top(sizes, budget, rung, guess):
    """Among rungs of equal size the highest one is the answer, from any flat prediction."""
    found = search(sizes.__getitem__, [guess] * len(sizes), budget)

    assert (found.rung, found.proven) == (rung, True)


@pytest.mark.parametrize("rungs", [10, 100, 300])
@pytest.mark.parametrize("low", [1, 3])
def test_a_picture_that_has_no_more_to_spend_on_is_known_soon(rungs, low):
    """If all rungs above some rung have the same size, the top must be tried soon, whatever the prediction says."""
    sizes = [100 + 10 * min(rung, low) for rung in range(rungs)]
    curve = [2 + rung / rungs * 12 for rung in range(rungs)]

    found = search(sizes.__getitem__, curve, 5000)

    assert (found.rung, found.proven) == (rungs - 1, True)
    assert len(found.sizes) <= 4


@given(st.lists(st.integers(1, 50), min_size=2, max_size=40), st.data())
def test_plateaus_are_never_taken_for_an_answer_too_low(steps, data):
    """On a ladder of plateaus the answer is still the best one, whatever was predicted."""
    sizes = sorted(size for size in steps for _ in range(data.draw(st.integers(1, 4))))
    budget = data.draw(st.integers(sizes[0], sizes[-1] + 1))
    curve = data.draw(st.lists(st.floats(0, 6), min_size=len(sizes), max_size=len(sizes)).map(sorted))

    found = search(sizes.__getitem__, curve, budget)

    assert found.rung == max(rung for rung, size in enumerate(sizes) if size <= budget)
    assert found.proven


@pytest.mark.parametrize("budget", [15, 24, 26, 35])
def test_an_inversion_ends_in_a_rung_that_fits_below_one_that_does_not(budget):
    """Falling sizes have several rungs that fit below one that does not; any of them is correct."""
    sizes = [10, 20, 30, 25, 22, 28, 40, 33, 50]

    found = search(sizes.__getitem__, perfect(sorted(sizes)), budget)

    assert sizes[found.rung] <= budget < sizes[found.rung + 1]

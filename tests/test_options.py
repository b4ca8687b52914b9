"""The options that mean the same for every codec."""

from __future__ import annotations

import pytest

from bytefit.errors import ConfigError
from bytefit.options import ON_UNREACHABLE, POLICIES, check_options

GOOD = {"slack": 0.05, "on_unreachable": "error", "metadata": "keep"}


@pytest.mark.parametrize(
    "changes",
    [
        *({"slack": slack} for slack in (0, 0.0, 0.05, 0.5, 0.999)),
        *({"on_unreachable": choice} for choice in ON_UNREACHABLE),
        *({"metadata": policy} for policy in POLICIES),
    ],
    ids=str,
)
def test_what_makes_sense_passes(changes):
    """Every choice, and slack from none to nearly all."""
    check_options(**{**GOOD, **changes})


def test_the_choices_are_those_of_the_contract():
    """Others rely on these names."""
    assert set(POLICIES) == {"keep", "strip", "orientation+icc"}
    assert set(ON_UNREACHABLE) == {"error", "smallest"}


@pytest.mark.parametrize("slack", [-0.01, 1, 5, float("nan"), float("inf"), "5%", "0.05", None, True, [0.1]], ids=str)
def test_slack_that_is_no_share_is_refused(slack):
    """The message says what was given and what is accepted."""
    with pytest.raises(
        ConfigError, match="is not a share of the budget: give a number from 0 to less than 1"
    ) as caught:
        check_options(**{**GOOD, "slack": slack})

    assert f"slack {slack!r}" in str(caught.value)


@pytest.mark.parametrize("choice", ["all", "", "KEEP", None, 3])
@pytest.mark.parametrize("name", ["metadata", "on_unreachable"])
def test_unknown_choices_are_refused_with_the_known(name, choice):
    """The message lists what there is."""
    with pytest.raises(ConfigError) as caught:
        check_options(**{**GOOD, name: choice})

    choices = POLICIES if name == "metadata" else ON_UNREACHABLE
    assert str(caught.value).startswith(f"unknown {name} {choice!r}: use one of ")
    assert all(repr(known) in str(caught.value) for known in choices)

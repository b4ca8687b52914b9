"""The options that mean the same for every codec."""

from __future__ import annotations

import pytest

from bytefit.errors import ConfigError
from bytefit.options import EFFORTS, ON_UNREACHABLE, POLICIES, check_bounds, check_options

GOOD = {"slack": 0.05, "on_unreachable": "error", "metadata": "keep", "effort": "normal", "min_score": None}


@pytest.mark.parametrize(
    "changes",
    [
        *({"slack": slack} for slack in (0, 0.0, 0.05, 0.5, 0.999)),
        *({"on_unreachable": choice} for choice in ON_UNREACHABLE),
        *({"metadata": policy} for policy in POLICIES),
        *({"effort": effort} for effort in EFFORTS),
        *({"min_score": score} for score in (None, -50, 0, 70, 90.5, 99.99)),
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
    assert EFFORTS == ("fast", "normal", "best")


@pytest.mark.parametrize("slack", [-0.01, 1, 5, float("nan"), float("inf"), "5%", "0.05", None, True, [0.1]], ids=str)
def test_slack_that_is_no_share_is_refused(slack):
    """The message says what was given and what is accepted."""
    with pytest.raises(
        ConfigError, match="is not a share of the budget: give a number from 0 to less than 1"
    ) as caught:
        check_options(**{**GOOD, "slack": slack})

    assert f"slack {slack!r}" in str(caught.value)


@pytest.mark.parametrize("choice", ["all", "", "KEEP", None, 3])
@pytest.mark.parametrize("name", ["metadata", "on_unreachable", "effort"])
def test_unknown_choices_are_refused_with_the_known(name, choice):
    """The message lists what there is."""
    with pytest.raises(ConfigError) as caught:
        check_options(**{**GOOD, name: choice})

    choices = {"metadata": POLICIES, "on_unreachable": ON_UNREACHABLE, "effort": EFFORTS}[name]
    assert str(caught.value).startswith(f"unknown {name} {choice!r}: use one of ")
    assert all(repr(known) in str(caught.value) for known in choices)


@pytest.mark.parametrize("score", [100, 101.5, float("nan"), float("inf"), "70", "good", True, [70]], ids=str)
def test_scores_nobody_can_reach_are_refused(score):
    """A hundred is the picture itself; the message says what was given and what is accepted."""
    with pytest.raises(ConfigError, match="is not on the scale of SSIMULACRA2: give a number below 100") as caught:
        check_options(**{**GOOD, "min_score": score})

    assert f"min_score {score!r}" in str(caught.value)


@pytest.mark.parametrize(
    ("least", "most"), [(None, None), (1, None), (None, 1), (300, 300), (300, 301), (1, 10**9)], ids=str
)
def test_widths_that_make_sense_pass(least, most):
    """Either, both or none."""
    check_bounds(resize=True, min_width=least, max_width=most)


def test_no_widths_need_no_resize():
    """They are what nobody asked for."""
    check_bounds(resize=False, min_width=None, max_width=None)


@pytest.mark.parametrize("width", [0, -1, 1.0, 99.5, float("nan"), "300", True, [300]], ids=str)
@pytest.mark.parametrize("name", ["min_width", "max_width"])
def test_widths_that_are_none_are_refused(name, width):
    """The message names the option, what was given and what is accepted."""
    with pytest.raises(ConfigError) as caught:
        check_bounds(**{"resize": True, "min_width": None, "max_width": None, name: width})

    assert str(caught.value) == f"{name} {width!r} is not a width in pixels: give a whole number from 1 up"


@pytest.mark.parametrize("name", ["min_width", "max_width", "max_height"])
def test_widths_need_resize(name):
    """A bound that nothing comes near to would be a promise not kept."""
    with pytest.raises(ConfigError, match=f"^{name} needs resize=True to go with it$"):
        check_bounds(**{"resize": False, "min_width": None, "max_width": None, name: 300})


def test_widths_that_exclude_each_other_are_refused():
    """The message has both."""
    with pytest.raises(ConfigError, match=r"^min_width 301 is above max_width 300: no width is between them$"):
        check_bounds(resize=True, min_width=301, max_width=300)

"""The tree of errors and the messages they write."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest

from bytefit import errors
from bytefit.errors import (
    BudgetUnreachable,
    BytefitError,
    ConfigError,
    ModelError,
    OptionError,
    SizeSyntaxError,
    UnsupportedImage,
)
from bytefit.messages import nearest, one_line

WEBP = errors.Alternative("WEBP", 71, 4032, 3024, 1.0, 19_400)


def unreachable(**changes):
    """Return the error of a picture that is too large, with some facts changed."""
    facts = {"width": 4032, "height": 3024, "quality": 1.0, "ways": ("strip metadata",)}
    return BudgetUnreachable(20_000, 61_000, **{**facts, **changes})


@pytest.mark.parametrize(
    ("error", "bases"),
    [
        (BudgetUnreachable, ()),
        (SizeSyntaxError, (ValueError,)),
        (UnsupportedImage, (ValueError,)),
        (ConfigError, (ValueError,)),
        (OptionError, (ConfigError, ValueError, TypeError)),
        (ModelError, ()),
    ],
)
def test_errors_are_what_callers_catch(error, bases):
    """Everything is a BytefitError; a user's mistakes are the built-in errors they resemble, too."""
    assert issubclass(error, BytefitError)
    assert all(issubclass(error, base) for base in bases)


def test_every_error_of_the_module_is_in_the_tree_its_docstring_draws():
    """A new error is drawn, exported and below the base."""
    members = [value for _, value in inspect.getmembers(errors, inspect.isclass) if value.__module__ == errors.__name__]
    classes = [error for error in members if error is not errors.Alternative]

    assert all(issubclass(error, BytefitError) for error in classes)
    assert all(error.__name__ in errors.__doc__ for error in classes)


def test_an_unreachable_budget_says_what_limit_found_and_way_out():
    """One readable sentence holds everything needed to act on it."""
    message = str(unreachable(name="hero.jpg"))

    assert message == (
        "cannot fit hero.jpg in 20 kB: its smallest encoding at 4032x3024 is 61 kB (quality 1); "
        "strip metadata, or raise the budget (61 kB would do)"
    )


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({}, "cannot fit the image in 20 kB"),
        ({"quality": 12.25}, "(quality 12.25)"),
        ({"quality": 60, "floor": 60}, "(quality 60, the floor is 60)"),
        ({"metadata_bytes": 59_500}, "(quality 1, 59.5 kB of it metadata)"),
        ({"quality": 82, "min_score": 70}, "(quality 82, for a SSIMULACRA2 score of 70)"),
        (
            {"quality": 82, "floor": 60, "min_score": 70.5, "metadata_bytes": 900},
            "(quality 82, the floor is 60, for a SSIMULACRA2 score of 70.5, 900 B of it metadata)",
        ),
        ({"quality": 60, "floor": 60, "metadata_bytes": 900}, "(quality 60, the floor is 60, 900 B of it metadata)"),
    ],
)
def test_an_unreachable_budget_names_what_weighs(changes, part):
    """Floor and metadata are named only where they matter."""
    assert part in str(unreachable(**changes))


def test_the_facts_of_an_unreachable_budget_are_attributes():
    """Callers decide by numbers, not by parsing a message."""
    error = unreachable(metadata_bytes=7, floor=3.0, min_score=70, name="a.webp")

    assert (error.budget, error.smallest, error.width, error.height) == (20_000, 61_000, 4032, 3024)
    assert (error.quality, error.metadata_bytes, error.floor, error.name) == (1.0, 7, 3.0, "a.webp")
    assert (error.min_score, unreachable().min_score) == (70, None)
    assert error.way_out == "strip metadata, or raise the budget (61 kB would do)"


def test_an_unreachable_budget_says_where_it_was_seen_to_fit():
    """After what would help in its own format; and where nothing was seen, nothing is said."""
    message = str(unreachable(name="hero.png", other_format=WEBP))
    scaled = str(unreachable(name="hero.png", ways=(), smaller_size=WEBP._replace(width=2016, height=1512, scale=0.5)))

    assert message.endswith(
        "; strip metadata, or raise the budget (61 kB would do); as WEBP at quality 71 it has 19.4 kB"
    )
    assert scaled.endswith("; allow resize (2016x1512, scale 0.5, fits), or raise the budget (61 kB would do)")
    assert str(WEBP._replace(width=2016, height=1512, scale=0.5)) == "as WEBP at quality 71 at 2016x1512 it has 19.4 kB"
    assert unreachable().other_format is None


@pytest.mark.parametrize("copied", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))], ids=["copy", "pickle"])  # noqa: S301
def test_an_unreachable_budget_travels_between_processes(copied):
    """A worker that raises must not bring down the pool: unpickling calls the class with `args` alone."""
    error = unreachable(name="hero.jpg", floor=1.0, min_score=70.5, other_format=WEBP)

    again = copied(error)

    assert (type(again), str(again), again.width, again.floor) == (type(error), str(error), 4032, 1.0)
    assert vars(again) == vars(error)
    assert again.min_score == 70.5


def test_the_nearest_name_is_offered_only_where_there_is_one():
    """A far-fetched guess is worse than none."""
    assert nearest("slak", {"slack", "speed"}) == ": did you mean 'slack'?"
    assert nearest("zzz", {"slack", "speed"}) == ""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain", "plain"),
        ("two\nlines", "two\\nlines"),
        ("\x1b[31m\r", "\\x1b[31m\\r"),
        ("\udcff", "\\udcff"),
        ("ä 日本", "ä 日本"),
        ("##[group]", "\\x23#[group]"),
    ],
)
def test_what_is_told_stays_one_line_that_can_be_printed(text, line):
    """Whatever a file is called."""
    assert one_line(text) == line

"""Regression trees in plain Python."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytefit.seeding.trees import Ensemble

STUMP = [0, 0.5, -1.0, 2.0]
DEEP = [1, 10, [0, 0.5, 1.0, [2, 3, 4.0, 8.0]], 16.0]


def test_without_trees_the_base_is_the_answer():
    """A model may consist of a base alone."""
    assert Ensemble(0.25, []).predict([]) == 0.25


@pytest.mark.parametrize(("value", "leaf"), [(-9, -1.0), (0.5, -1.0), (0.5000001, 2.0), (9, 2.0)])
def test_a_picture_goes_left_where_its_feature_is_at_most_the_threshold(value, leaf):
    """A value exactly on the threshold goes left, as in the library that trained the trees."""
    assert Ensemble(0.0, [STUMP]).predict([value]) == leaf


@pytest.mark.parametrize(
    ("features", "leaf"), [([0, 0, 0], 1.0), ([1, 0, 3], 4.0), ([1, 10, 4], 8.0), ([1, 11, 0], 16.0)]
)
def test_trees_are_walked_to_a_leaf(features, leaf):
    """Every node compares its own feature, at every depth."""
    assert Ensemble(0.0, [DEEP]).predict(features) == leaf


def test_a_tree_may_be_a_single_leaf():
    """Training may find nothing to split by, which leaves a single leaf."""
    assert Ensemble(1.0, [0.5, 2]).predict([1, 2, 3]) == 3.5


@given(st.lists(st.floats(-5, 5), max_size=20), st.floats(-5, 5))
def test_trees_add_up(leaves, base):
    """The prediction is the base and the sum of the leaves."""
    assert Ensemble(base, leaves).predict([]) == pytest.approx(base + sum(leaves))

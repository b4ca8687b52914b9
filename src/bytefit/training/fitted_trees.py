"""From the boosted trees of scikit-learn to those that run time reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bytefit.seeding.trees import Ensemble, Tree

if TYPE_CHECKING:
    from sklearn.ensemble import GradientBoostingRegressor


def as_ensemble(regressor: GradientBoostingRegressor) -> Ensemble:
    """Return the base and the trees of a fitted regressor, their leaves scaled by the learning rate."""
    trees = [_tree(estimator.tree_, 0, regressor.learning_rate) for estimator in regressor.estimators_[:, 0]]
    nothing = np.zeros((1, regressor.n_features_in_))
    return Ensemble(round(float(regressor.init_.predict(nothing)[0]), 5), trees)


def _tree(tree: Any, node: int, rate: float) -> Tree:
    """Return a node of a fitted tree in the form of `bytefit.seeding.trees`."""
    if tree.children_left[node] == -1:
        return round(float(tree.value[node][0][0]) * rate, 5)
    left, right = (_tree(tree, int(child[node]), rate) for child in (tree.children_left, tree.children_right))
    return [int(tree.feature[node]), float(f"{tree.threshold[node]:.5g}"), left, right]


def together(first: Ensemble, second: Ensemble) -> Ensemble:
    """Return the trees of both, which predict the sum."""
    return Ensemble(round(first.base + second.base, 5), [*first.trees, *second.trees])

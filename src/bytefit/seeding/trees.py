"""Gradient-boosted regression trees, evaluated in plain Python from a readable form.

A tree is a leaf (a number) or [feature, threshold, left, right]; evaluation goes left where the feature is at most the
threshold. A hundred trees of depth three take some 40 microseconds; importing numpy alone takes 100 milliseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

Tree: TypeAlias = float | list[Any]


class Ensemble(NamedTuple):
    """Boosted trees: the prediction is `base` plus the leaf of every tree."""

    base: float = 0.0
    trees: Sequence[Tree] = ()

    def predict(self, features: Sequence[float]) -> float:
        """Return the prediction for a row of features."""
        total = self.base
        for tree in self.trees:
            node = tree
            while isinstance(node, list):
                node = node[2] if features[node[0]] <= node[1] else node[3]
            total += node
        return total

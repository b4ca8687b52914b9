"""Gradient-boosted regression trees, evaluated in plain Python from a readable form.

A tree is a leaf (a number) or [feature, threshold, left, right]; evaluation goes left where the feature is at most the
threshold. A hundred trees of depth three take some 40 microseconds; importing numpy alone takes 100 milliseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

Tree: TypeAlias = float | list[Any]

# Leaves are in ln bytes, or in points of SSIMULACRA2.
_LARGEST = 1000


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


def what_is_wrong_with(ensemble: Ensemble, features: int) -> str:
    """Return what keeps trees from being evaluated on rows of so many features; empty where nothing does."""
    nodes: list[Any] = [ensemble.base]
    if not isinstance(ensemble.trees, list):
        return "are no list"
    nodes += ensemble.trees
    while nodes:
        node = nodes.pop()
        if isinstance(node, int | float) and not isinstance(node, bool):
            if not -_LARGEST <= node <= _LARGEST:
                return f"hold {node}, a number that is not between -{_LARGEST} and {_LARGEST}"
            continue
        if not isinstance(node, list) or len(node) != 4:  # noqa: PLR2004  (feature, threshold, left, right)
            return "hold something that is neither a number nor a node of four"
        feature, threshold, left, right = node
        if not isinstance(feature, int) or not 0 <= feature < features or not isinstance(threshold, int | float):
            return f"ask for feature {feature!r} of {features}, or compare with {threshold!r}"
        nodes += (left, right)
    return ""

"""Fitting: from measured pictures to a model, and the model's errors on pictures it was not fitted to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import Ridge

from bytefit.codecs.codec import DRAWING, PHOTOGRAPH
from bytefit.seeding.features import feature_names, probe_features
from bytefit.seeding.model import VERSION, Model
from bytefit.seeding.prediction import scout_curve
from bytefit.seeding.trees import Tree, predict
from bytefit.training.measurement import knots
from bytefit.training.scaling import fit_scale, looks_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from bytefit.codecs import Codec
    from bytefit.training.measurement import Measured
    from bytefit.training.scaling import Looks, Scaled

# JPEG's own scout costs it a twentieth of an encode a quality; to the slower codecs three are next to nothing.
SCOUTS = {"JPEG": (50,), "WEBP": (10, 50, 90), "AVIF": (10, 50, 90)}

# Smaller pictures are encoded faster than scouts are taken of them.
LEAST_PIXELS = 1024

# Bits per pixel that budgets are about; a model is fitted to rungs of a picture inside this range.
LEAST_BITS, MOST_BITS = 0.03, 8.0


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model with what is told of it in the model card.

    Attributes:
        model: the model.
        importances: how much each feature contributes, by name, in sum 1.
        errors: on held-out pictures, by kind: true minus predicted ln(bytes) at every probed rung in range.
        scout_errors: the same for the scouts alone.
        looks: what the predicted scales give on held-out pictures.
        mean_bits: by content the geometric mean of bits per pixel at each quality measured, over the training
            photographs, or over the drawings where the codec has settings for them.
    """

    model: Model
    importances: dict[str, float]
    errors: dict[str, list[float]]
    scout_errors: dict[str, list[float]]
    looks: list[Looks]
    mean_bits: dict[str, list[tuple[float, float]]]


def fit(
    codec: Codec, train: list[Measured], held_out: list[Measured], scaled: list[Scaled], scaled_out: list[Scaled]
) -> Fitted:
    """Fit a model of `codec` to training pictures, also at many scales, and try it on those held out of either."""
    train = [record for record in train if record.width * record.height >= LEAST_PIXELS]
    held_out = [record for record in held_out if record.width * record.height >= LEAST_PIXELS]
    rungs, qualities = knots(codec), list(SCOUTS[codec.format])
    bare = Model(
        version=VERSION,
        codec=codec.format,
        rungs=len(codec.ladder),
        probe_options=dict(codec.probe_options),
        scout_qualities=qualities,
        knots=rungs,
        scout_curve=_fit_scouts(train, qualities, len(rungs)),
        features=feature_names(qualities),
        base=0.0,
        trees=[],
        scale_base=0.0,
        scale_trees=[],
        modes=sorted({record.mode for record in train}),
        least_pixels=LEAST_PIXELS,
        sources=sorted({record.source for record in train}),
    )
    inputs, outputs = zip(*(row for record in train for row in _rows(bare, record)), strict=True)
    # Huber's loss: a few graphics with nearly no bits at all would otherwise draw the trees to them.
    regressor = GradientBoostingRegressor(
        loss="huber",
        n_estimators=150,
        max_depth=4,
        learning_rate=0.07,
        subsample=0.6,
        min_samples_leaf=10,
        random_state=0,
    )
    regressor.fit(np.array(inputs), np.array(outputs))
    base, trees = _as_trees(regressor)
    scale_base, scale_trees = _as_trees(fit_scale(scaled, qualities))
    model = replace(bare, base=base, trees=trees, scale_base=scale_base, scale_trees=scale_trees)
    importances = dict(zip(model.features, map(float, regressor.feature_importances_), strict=True))
    return Fitted(
        model,
        importances,
        errors=_by_kind(held_out, lambda r: [y - predict(model.base, model.trees, x) for x, y in _rows(bare, r)]),
        scout_errors=_by_kind(held_out, lambda r: _scout_errors(model, r)),
        looks=looks_of(scaled_out, model),
        mean_bits={content: _mean_bits(codec, train, content) for content in _contents(codec)},
    )


def _fit_scouts(train: list[Measured], qualities: list[int], count: int) -> list[list[float]]:
    """Return intercept and weights, for each knot, of ln(bits per pixel) by the scouts."""
    inputs = np.array([[record.scouts[quality] for quality in qualities] for record in train])
    truth = np.array([record.truth for record in train])
    curve = []
    for knot in range(count):
        inside = truth[:, knot] < log(MOST_BITS)
        line = Ridge(alpha=1.0).fit(inputs[inside], truth[inside, knot])
        curve.append([round(float(value), 4) for value in (line.intercept_, *line.coef_)])
    return curve


def _rows(bare: Model, record: Measured) -> list[tuple[list[float], float]]:
    """Return (features, what probe and gauge leave of the truth) for every knot of a picture that budgets are about."""
    scouts = [record.scouts[quality] for quality in bare.scout_qualities]
    expected = scout_curve(bare, scouts)
    knots_of_record = zip(bare.knots, record.probes, record.gauges, record.truth, strict=True) if record.gauges else ()
    return [
        (
            probe_features(
                rung / (bare.rungs - 1),
                mode=record.mode,
                drawing=record.content == DRAWING,
                pixels=record.width * record.height,
                bits=bits,
                gauged=gauged,
                expected=expected[rung],
                scouts=scouts,
            ),
            true - bits - gauged,
        )
        for rung, bits, gauged, true in knots_of_record
        if log(LEAST_BITS) < true < log(MOST_BITS)
    ]


def _scout_errors(model: Model, record: Measured) -> list[float]:
    expected = scout_curve(model, [record.scouts[quality] for quality in model.scout_qualities])
    return [
        true - expected[rung]
        for rung, true in zip(model.knots, record.truth, strict=True)
        if log(LEAST_BITS) < true < log(MOST_BITS)
    ]


def _as_trees(regressor: GradientBoostingRegressor) -> tuple[float, list[Tree]]:
    """Return the base and the trees of a fitted regressor, their leaves scaled by the learning rate."""
    trees = [_tree(estimator.tree_, 0, regressor.learning_rate) for estimator in regressor.estimators_[:, 0]]
    nothing = np.zeros((1, regressor.n_features_in_))
    return round(float(regressor.init_.predict(nothing)[0]), 5), trees


def _tree(tree: Any, node: int, rate: float) -> Tree:
    """Return a node of a fitted tree in the form of `bytefit.seeding.trees`."""
    if tree.children_left[node] == -1:
        return round(float(tree.value[node][0][0]) * rate, 5)
    left, right = (_tree(tree, int(child[node]), rate) for child in (tree.children_left, tree.children_right))
    return [int(tree.feature[node]), float(f"{tree.threshold[node]:.5g}"), left, right]


def _by_kind(records: list[Measured], errors: Callable[[Measured], list[float]]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for record in records:
        found.setdefault(record.kind, []).extend(errors(record))
    return found


def _contents(codec: Codec) -> tuple[str, ...]:
    return (PHOTOGRAPH,) if codec.for_drawings is None else (PHOTOGRAPH, DRAWING)


def _mean_bits(codec: Codec, train: list[Measured], content: str) -> list[tuple[float, float]]:
    suiting = [r for r in train if r.content == content and (content == DRAWING or r.kind.startswith("photo"))]
    means = np.exp(np.array([record.truth for record in suiting or train]).mean(axis=0))
    return [(codec.ladder[rung], float(f"{mean:.3g}")) for rung, mean in zip(knots(codec), means, strict=True)]

"""Fitting: from measured pictures to a model, and the model's errors on pictures it was not fitted to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import Ridge

from bytefit.codecs.codec import DRAWING, PHOTOGRAPH
from bytefit.seeding.features import WHOLE_SCOUT, Traits, coarse_features, fine_features
from bytefit.seeding.model import VERSION, Model, feature_names
from bytefit.seeding.trees import Tree, predict
from bytefit.seeding.with_model import scout_curve
from bytefit.training.estimators import compare
from bytefit.training.measurement import knots
from bytefit.training.scales import fit_scale, looks_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from bytefit.codecs import Codec
    from bytefit.training.estimators import Compared
    from bytefit.training.measurement import Measured
    from bytefit.training.scales import Looks, Scaled

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
        importances: how much each feature contributes, by name, in sum 1; of the coarse trees and of the fine ones.
        errors: on held-out pictures, by what was read ("scouts", "coarse", "fine") and by kind: true minus predicted
            ln(bits per pixel) at every rung in range.
        compared: what other estimators make of the fine readings.
        looks: what the predicted scales give on held-out pictures.
        mean_bits: by content the geometric mean of bits per pixel at each quality measured, over the training
            photographs, or over the drawings where the codec has settings for them.
    """

    model: Model
    importances: list[dict[str, float]]
    errors: dict[str, dict[str, list[float]]]
    compared: list[Compared]
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
        probe_options=dict(codec.hints.probe_options),
        scout_qualities=qualities,
        whole_scout=not codec.hints.rows_apart,
        knots=rungs,
        scout_curve=[],
        features=feature_names(qualities),
        coarse_base=0.0,
        coarse_trees=[],
        fine_base=0.0,
        fine_trees=[],
        scale_base=0.0,
        scale_trees=[],
        modes=sorted({record.mode for record in train}),
        least_pixels=LEAST_PIXELS,
        sources=sorted({record.source for record in train}),
    )
    bare = replace(bare, scout_curve=_fit_scouts(bare, train))
    coarse, fine = (_fit_trees([row for r in train for row in rows(bare, r)]) for rows in (coarse_rows, fine_rows))
    (coarse_base, coarse_trees), (fine_base, fine_trees) = _as_trees(coarse), _as_trees(fine)
    scale_base, scale_trees = _as_trees(fit_scale(scaled, qualities))
    model = replace(
        bare,
        coarse_base=coarse_base,
        coarse_trees=coarse_trees,
        fine_base=fine_base,
        fine_trees=fine_trees,
        scale_base=scale_base,
        scale_trees=scale_trees,
    )
    return Fitted(
        model,
        importances=[
            dict(zip(names, map(float, regressor.feature_importances_), strict=True))
            for names, regressor in zip(model.features, (coarse, fine), strict=True)
        ],
        errors={
            "scouts": _by_kind(held_out, lambda r: _scout_errors(model, r)),
            "coarse": _by_kind(
                held_out, lambda r: [y - predict(coarse_base, coarse_trees, x) for x, y in coarse_rows(bare, r)]
            ),
            "fine": _by_kind(
                held_out, lambda r: [y - predict(fine_base, fine_trees, x) for x, y in fine_rows(bare, r)]
            ),
        },
        compared=compare(
            [row for record in train for row in fine_rows(bare, record)],
            [row for record in held_out for row in fine_rows(bare, record)],
            lambda features: predict(fine_base, fine_trees, features),
        ),
        looks=looks_of(scaled_out, model),
        mean_bits={content: _mean_bits(codec, train, content) for content in _contents(codec)},
    )


def _fit_scouts(bare: Model, train: list[Measured]) -> list[list[float]]:
    """Return intercept and weights, for each knot, of ln(bits per pixel) by the scouts."""
    curve = []
    for knot in bare.knots:
        # The same pictures at every knot: others here and there would bend the curve between its knots.
        seen = [r for r in train if r.view != "tiny" and knot <= r.rungs[-1]]
        at = [(r, float(np.interp(knot, r.rungs, r.truth))) for r in seen]
        usual = [(r, bits) for r, bits in at if log(LEAST_BITS) < bits < log(MOST_BITS)]
        inputs = np.array([[value + _busier(bare, r) for value in _scouts(bare, r)] for r, _ in usual])
        line = Ridge(alpha=1.0).fit(inputs, np.array([bits for _, bits in usual]))
        curve.append([round(float(value), 4) for value in (line.intercept_, *line.coef_)])
    return curve


def _fit_trees(rows: list[tuple[list[float], float]]) -> GradientBoostingRegressor:
    inputs, outputs = zip(*rows, strict=True)
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
    return regressor.fit(np.array(inputs), np.array(outputs))


def _scouts(bare: Model, record: Measured) -> list[float]:
    return [record.scouts[quality] for quality in bare.scout_qualities]


def _busier(bare: Model, record: Measured) -> float:
    return record.whole_scout - record.scouts[WHOLE_SCOUT] if bare.whole_scout else 0.0


def _traits(bare: Model, record: Measured) -> Traits:
    return Traits(
        record.mode,
        record.content == DRAWING,
        record.width * record.height,
        record.share,
        _busier(bare, record),
        _scouts(bare, record),
    )


def coarse_rows(bare: Model, record: Measured) -> list[tuple[list[float], float]]:
    """Return (features, what a coarse reading leaves of the truth) for every rung that budgets are about."""
    if record.share == 1:
        return []
    traits = _traits(bare, record)
    return [
        (coarse_features(rung / (bare.rungs - 1), bits, traits), true - bits - traits.busier)
        for rung, bits, true in zip(record.rungs, record.coarse, record.truth, strict=True)
        if log(LEAST_BITS) < true < log(MOST_BITS)
    ]


def fine_rows(bare: Model, record: Measured) -> list[tuple[list[float], float]]:
    """Return (features, what a fine reading leaves of the truth) for every rung that budgets are about."""
    traits = _traits(bare, record)
    rows = []
    for rung, coarse, fine, true in zip(record.rungs, record.coarse, record.fine, record.truth, strict=True):
        if fine is None or not log(LEAST_BITS) < true < log(MOST_BITS):
            continue
        bits, gauge, part = fine
        surprise = 0.0 if record.share == 1 or part < 1 else bits + gauge - coarse - traits.busier
        position = rung / (bare.rungs - 1)
        features = fine_features(position, bits, traits, gauge=gauge, surprise=surprise, part=part)
        rows.append((features, true - bits - gauge))
    return rows


def _scout_errors(model: Model, record: Measured) -> list[float]:
    expected = scout_curve(model, [value + _busier(model, record) for value in _scouts(model, record)])
    return [
        true - expected[rung]
        for rung, true in zip(record.rungs, record.truth, strict=True)
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
    return (PHOTOGRAPH,) if codec.variants.for_drawings is None else (PHOTOGRAPH, DRAWING)


def _mean_bits(codec: Codec, train: list[Measured], content: str) -> list[tuple[float, float]]:
    middles = [record for record in train if record.view == "middle"]
    suiting = [
        r for r in middles if r.content == content and (content == DRAWING or r.kind.startswith("photo"))
    ] or middles
    means = np.exp(np.array([record.truth for record in suiting]).mean(axis=0))
    return [(codec.ladder[rung], float(f"{mean:.3g}")) for rung, mean in zip(knots(codec), means, strict=True)]

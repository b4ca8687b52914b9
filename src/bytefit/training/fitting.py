"""Fitting: from measured pictures to a model, and the model's errors on pictures that were held out."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import Ridge

from bytefit.codecs.codec import GRAPHIC, PHOTOGRAPH
from bytefit.seeding.features import (
    StaticFeatures,
    complexity_log_ratio,
    low_effort_features,
    sample_probe_features,
)
from bytefit.seeding.model import VERSION, Model, feature_names, ladder_key, shipped_model, what_is_wrong_with_curve
from bytefit.seeding.trees import Ensemble
from bytefit.seeding.with_model import complexity_curve
from bytefit.training.estimators import compare
from bytefit.training.fitted_trees import as_ensemble, together
from bytefit.training.measurement import knots
from bytefit.training.scales import fit_scale, looks_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from bytefit.codecs import Codec
    from bytefit.training.estimators import Compared
    from bytefit.training.measurement import Measured
    from bytefit.training.scales import Looks, Scaled

    # Features, and what the probe leaves of the truth.
    Example = tuple[list[float], float]

# A complexity probe takes a twentieth of JPEG's own encode; of the slower codecs' encodes three take next to nothing.
MODEL_QUALITIES = {"JPEG": (50,), "WEBP": (10, 50, 90), "AVIF": (10, 50, 90)}

# Small pictures have no sample. With fewer rows than this nothing is corrected.
_LEAST_ROWS = 40

# Encoding a smaller picture takes less time than its complexity probes.
LEAST_PIXELS = 1024

# The probes whose errors the model card gives, in the order they are made.
PROBES = ("complexity probe", "sample probe", "low-effort probe")

# Pictures whose own complexity curve counts as much as that of the model that theirs starts from.
_HALF_WAY = 30

# The bits per pixel that budgets ask for; a model is fitted to the rungs of a picture inside this range.
LEAST_BITS, MOST_BITS = 0.03, 8.0


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A model with what the model card says of it.

    Attributes:
        model: the model.
        importances: how much each feature contributes, by name, in sum 1; of the trees of the sample probe, then of the
            low-effort probe.
        errors: on held-out pictures, by probe (see `PROBES`) and by kind: true minus predicted ln(bits per pixel) at
            every rung in range.
        compared: what other estimators make of the low-effort probes.
        looks: what the predicted scales give on held-out pictures.
        mean_bits: by content the geometric mean of bits per pixel at each quality measured, over the training
            photographs, or over the graphics where the codec has settings for them.
    """

    model: Model
    importances: list[dict[str, float]]
    errors: dict[str, dict[str, list[float]]]
    compared: list[Compared]
    looks: list[Looks]
    mean_bits: dict[str, list[tuple[float, float]]]


def fit(
    codec: Codec,
    train: list[Measured],
    held_out: list[Measured],
    scaled: list[Scaled],
    scaled_out: list[Scaled],
    *,
    start: Model | None = None,
) -> TrainedModel:
    """Fit a model of `codec` to training pictures, also at many scales, and test it on held-out ones of both.

    Args:
        codec: the codec.
        train: the pictures to learn from.
        held_out: the pictures to test the model on.
        scaled: pictures to learn from at many scales; without any the scales are those of the shipped model.
        scaled_out: pictures to test the scales on.
        start: the model whose errors are learned; None to learn everything.
    """
    train = [record for record in train if record.width * record.height >= LEAST_PIXELS]
    held_out = [record for record in held_out if record.width * record.height >= LEAST_PIXELS]
    bare = _bare(codec, train)
    bare = bare._replace(complexity_curve=_fit_complexity_curve(bare, train))
    if start is not None:
        # The corrected trees still know the modes that they were trained on first.
        bare = bare._replace(
            modes=sorted({*bare.modes, *start.modes}),
            complexity_curve=_between_curves(start, bare, sum(record.view == "middle" for record in train)),
        )
    if start is not None and what_is_wrong_with_curve(bare):
        bare = bare._replace(complexity_curve=start.complexity_curve)
    before = (Ensemble(), Ensemble()) if start is None else (start.sample_probe_trees, start.low_effort_trees)
    by_sample, by_low_effort = (
        _fit_trees(_left_by(trees, [row for record in train for row in rows(bare, record)]), start)
        for trees, rows in zip(before, (sample_probe_rows, low_effort_rows), strict=True)
    )
    model = bare._replace(
        sample_probe_trees=before[0] if by_sample is None else together(before[0], as_ensemble(by_sample)),
        low_effort_trees=before[1] if by_low_effort is None else together(before[1], as_ensemble(by_low_effort)),
        scale_trees=_scale_trees(codec, scaled, bare),
    )
    return TrainedModel(
        model,
        importances=[
            dict.fromkeys(names, 0.0)
            if regressor is None
            else dict(zip(names, map(float, regressor.feature_importances_), strict=True))
            for names, regressor in zip(model.features, (by_sample, by_low_effort), strict=True)
        ],
        errors=_held_out_errors(model, held_out),
        compared=compare(
            [row for record in train for row in low_effort_rows(bare, record)],
            [row for record in held_out for row in low_effort_rows(bare, record)],
            model.low_effort_trees.predict,
        ),
        looks=looks_of(scaled_out, model),
        mean_bits={content: _measured_mean_bits(codec, train, content) for content in _contents(codec)},
    )


def _bare(codec: Codec, train: list[Measured]) -> Model:
    """Return a model that nothing was fitted to yet."""
    qualities = list(MODEL_QUALITIES[codec.format])
    return Model(
        version=VERSION,
        codec=codec.format,
        ladder=ladder_key(codec),
        probe_options=dict(codec.hints.probe_options),
        complexity_qualities=qualities,
        whole_complexity=not codec.hints.rows_apart,
        knots=knots(codec),
        complexity_curve=[],
        features=feature_names(qualities),
        sample_probe_trees=Ensemble(),
        low_effort_trees=Ensemble(),
        scale_trees=Ensemble(),
        modes=sorted({record.mode for record in train}),
        least_pixels=LEAST_PIXELS,
        training={"sources": sorted({record.source for record in train})},
    )


def _held_out_errors(model: Model, held_out: list[Measured]) -> dict[str, dict[str, list[float]]]:
    """Return the errors of every probe on held-out pictures, by kind."""

    def left(rows: list[Example], trees: Ensemble) -> list[float]:
        return [residual - trees.predict(features) for features, residual in rows]

    of_probe: tuple[Callable[[Measured], list[float]], ...] = (
        lambda record: _complexity_errors(model, record),
        lambda record: left(sample_probe_rows(model, record), model.sample_probe_trees),
        lambda record: left(low_effort_rows(model, record), model.low_effort_trees),
    )
    return {name: _by_kind(held_out, errors) for name, errors in zip(PROBES, of_probe, strict=True)}


def _fit_complexity_curve(bare: Model, train: list[Measured]) -> list[list[float]]:
    """Return for each knot the intercept and the weights that predict ln(bits per pixel) from the complexities."""
    curve = []
    for knot in bare.knots:
        # Every knot is fitted to the same pictures: different ones would bend the curve between its knots.
        seen = [r for r in train if r.view != "tiny" and knot <= r.rungs[-1]]
        at = [(r, float(np.interp(knot, r.rungs, r.truth))) for r in seen]
        usual = [(r, bits) for r, bits in at if log(LEAST_BITS) < bits < log(MOST_BITS)] or at
        inputs = np.array([_predicted_complexities(static_features_of(bare, r)) for r, _ in usual])
        line = Ridge(alpha=1.0).fit(inputs, np.array([bits for _, bits in usual]))
        curve.append([round(float(value), 4) for value in (line.intercept_, *line.coef_)])
    return curve


def _between_curves(start: Model, own: Model, pictures: int) -> list[list[float]]:
    """Return a complexity curve between that of the first model and that of a few pictures, the nearer the more.

    A curve of few pictures bends where those of their sources do. Crops of pages, tested on pages of other sources: 26
    crops took 1.62 trials with their own curve, 1.39 with the shipped one and 1.41 half way; 41 crops 1.85, 1.54, 1.55;
    37 crops tested on the same sources 1.42, 1.43, 1.39.
    """
    share = pictures / (pictures + _HALF_WAY)
    return [
        [round(first + share * (second - first), 4) for first, second in zip(*lines, strict=True)]
        for lines in zip(start.complexity_curve, own.complexity_curve, strict=True)
    ]


def _left_by(trees: Ensemble, rows: list[Example]) -> list[Example]:
    """Return rows with what trees leave of them."""
    return [(features, residual - trees.predict(features)) for features, residual in rows]


def _scale_trees(codec: Codec, scaled: list[Scaled], bare: Model) -> Ensemble:
    """Return the trees for the best scale: those of the shipped model where no pictures were measured for them."""
    shipped = None if scaled else shipped_model(codec.format)
    if shipped is not None and shipped.complexity_qualities == bare.complexity_qualities:
        return shipped.scale_trees
    return as_ensemble(fit_scale(scaled, bare.complexity_qualities))


def _fit_trees(rows: list[Example], start: Model | None) -> GradientBoostingRegressor | None:
    """Fit trees to rows; return None where there are too few to correct anything of the model to start from.

    Only a few trees correct such a model. More than this learn single pictures: of 37 pages and of 16 photographs, 60
    deeper trees made the errors of held-out ones a quarter larger.
    """
    few = start is not None
    if few and len(rows) < _LEAST_ROWS:
        return None
    inputs, outputs = zip(*rows, strict=True)
    # Huber's loss, because a few graphics with hardly any bits would otherwise dominate the trees.
    regressor = GradientBoostingRegressor(
        loss="huber",
        n_estimators=20 if few else 150,
        max_depth=2 if few else 4,
        learning_rate=0.05 if few else 0.07,
        subsample=0.6,
        min_samples_leaf=min(40, len(rows) // 6) if few else 10,
        random_state=0,
    )
    return regressor.fit(np.array(inputs), np.array(outputs))


def static_features_of(bare: Model, record: Measured) -> StaticFeatures:
    """Return the static features of a record, as run time computes them from its picture."""
    return StaticFeatures(
        mode=record.mode,
        content=record.content,
        pixels=record.width * record.height,
        share=record.share,
        complexities=[record.complexities[quality] for quality in bare.complexity_qualities],
        complexity_log_ratio=complexity_log_ratio(
            record.complexities, record.whole_complexity if bare.whole_complexity else None
        ),
    )


def sample_probe_rows(bare: Model, record: Measured) -> list[Example]:
    """Return (features, what the sample probe leaves of the truth) for every rung that budgets are about."""
    if record.share == 1:
        return []
    static = static_features_of(bare, record)
    return [
        (sample_probe_features(_position(bare, rung), bits, static), true - bits - static.complexity_log_ratio)
        for rung, bits, true in zip(record.rungs, record.sample_bits, record.truth, strict=True)
        if log(LEAST_BITS) < true < log(MOST_BITS)
    ]


def low_effort_rows(bare: Model, record: Measured) -> list[Example]:
    """Return (features, what the low-effort probe leaves of the truth) for every rung that budgets are about."""
    static = static_features_of(bare, record)
    return [
        (low_effort_features(_position(bare, rung), probe, static), true - probe.bits - probe.effort_log_ratio)
        for rung, probe, true in zip(record.rungs, record.low_effort, record.truth, strict=True)
        if probe is not None and log(LEAST_BITS) < true < log(MOST_BITS)
    ]


def _position(bare: Model, rung: int) -> float:
    return rung / (bare.rungs - 1)


def _predicted_complexities(static: StaticFeatures) -> list[float]:
    """Return the complexities of the whole, as the complexity curve takes them."""
    return [value + static.complexity_log_ratio for value in static.complexities]


def _complexity_errors(model: Model, record: Measured) -> list[float]:
    expected = complexity_curve(model, _predicted_complexities(static_features_of(model, record)))
    return [
        true - expected[rung]
        for rung, true in zip(record.rungs, record.truth, strict=True)
        if log(LEAST_BITS) < true < log(MOST_BITS)
    ]


def _by_kind(records: list[Measured], errors: Callable[[Measured], list[float]]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for record in records:
        found.setdefault(record.kind, []).extend(errors(record))
    return found


def _contents(codec: Codec) -> tuple[str, ...]:
    return (PHOTOGRAPH,) if codec.variants.for_graphics is None else (PHOTOGRAPH, GRAPHIC)


def _measured_mean_bits(codec: Codec, train: list[Measured], content: str) -> list[tuple[float, float]]:
    middles = [record for record in train if record.view == "middle"]
    suiting = [
        r for r in middles if r.content == content and (content == GRAPHIC or r.kind.startswith("photo"))
    ] or middles
    means = np.exp(np.array([record.truth for record in suiting]).mean(axis=0))
    return [(codec.ladder[rung], float(f"{mean:.3g}")) for rung, mean in zip(knots(codec), means, strict=True)]

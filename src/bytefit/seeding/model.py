"""A trained model as it is shipped: one readable JSON file per codec, checked when it is loaded.

The file holds the complexity curve (linear, from the complexities to ln bits per pixel at each knot of the ladder), the
trees that correct the probes and predict the best scale, and the sources the model was trained on.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from bytefit.codecs import codec_for_format
from bytefit.errors import ModelError
from bytefit.resources import models_folder
from bytefit.search.curve import interpolated
from bytefit.seeding.features import LOW_EFFORT_FEATURES, SAMPLE_PROBE_FEATURES, static_feature_names
from bytefit.seeding.probes import WHOLE_QUALITY
from bytefit.seeding.trees import Ensemble

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bytefit.codecs import Codec

VERSION = 4

# The fields that hold trees.
_ENSEMBLES = ("sample_probe_trees", "low_effort_trees", "scale_trees")


class Model(NamedTuple):
    """What a model file holds.

    Attributes:
        version: the version of the file's form.
        codec: Pillow's name of the format the model is for.
        rungs: the length of the ladder it was trained on.
        probe_options: the save options of its low-effort probes.
        complexity_qualities: the JPEG qualities of the complexity probes.
        whole_complexity: whether the whole picture gets a complexity probe too.
        knots: the rungs at which the complexity curve is known.
        complexity_curve: for each knot an intercept and a coefficient for each complexity; gives ln(bits per pixel).
        features: the names of the features of the sample probe's trees, then of the low-effort probe's.
        sample_probe_trees: predict what a sample probe leaves of ln(true bits per pixel).
        low_effort_trees: the same for a low-effort probe.
        scale_trees: predict what a scale gains, see `bytefit.seeding.best_scale`.
        modes: the modes of the pictures it was trained on.
        least_pixels: the pixels of the smallest picture it was trained on.
        sources: the sources of the pictures it was trained on; benchmarks leave them out.
    """

    version: int
    codec: str
    rungs: int
    probe_options: dict[str, Any]
    complexity_qualities: list[int]
    whole_complexity: bool
    knots: list[int]
    complexity_curve: list[list[float]]
    features: list[list[str]]
    sample_probe_trees: Ensemble
    low_effort_trees: Ensemble
    scale_trees: Ensemble
    modes: list[str]
    least_pixels: int
    sources: list[str]

    def as_record(self) -> dict[str, Any]:
        """Return what the file of the model holds, as `load_model` reads it."""
        return {**self._asdict(), **{name: getattr(self, name)._asdict() for name in _ENSEMBLES}}

    def complexity_lines(self) -> tuple[tuple[float, ...], ...]:
        """Return the intercepts of all rungs, then the weights of each complexity, interpolated between the knots."""
        return _complexity_lines(tuple(self.knots), tuple(map(tuple, self.complexity_curve)))


@cache
def _complexity_lines(knots: tuple[int, ...], rows: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
    rungs = range(knots[-1] + 1)
    return tuple(
        tuple(interpolated(list(zip(knots, column, strict=True)), rungs)) for column in zip(*rows, strict=True)
    )


@cache
def shipped_model(codec_format: str) -> Model | None:
    """Return the shipped model of a codec, by Pillow's name of its format, or None if none is shipped."""
    path = models_folder() / f"{codec_format.lower()}.json"
    return load_model(path, codec_for_format(codec_format)) if path.is_file() else None


def feature_names(complexity_qualities: Sequence[int]) -> list[list[str]]:
    """Return the names of the features of the sample probe's and of the low-effort probe's trees, in their order."""
    static = static_feature_names(complexity_qualities)
    return [SAMPLE_PROBE_FEATURES + static, LOW_EFFORT_FEATURES + static]


def load_model(path: Path, codec: Codec) -> Model:
    """Read a model file and check that it fits the codec.

    Raises:
        ModelError: if it cannot be read, is incomplete, or was trained for another ladder or probe.
    """
    try:
        record = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot read model {path}: {error}") from error
    names = set(Model._fields)
    if not isinstance(record, dict) or set(record) != names:
        raise ModelError(f"model {path} does not hold exactly {', '.join(sorted(names))}: train it again")
    if any(not isinstance(record[name], dict) or record[name].keys() != {"base", "trees"} for name in _ENSEMBLES):
        raise ModelError(f"model {path} does not hold base and trees of {', '.join(_ENSEMBLES)}: train it again")
    model = Model(**{**record, **{name: Ensemble(**record[name]) for name in _ENSEMBLES}})
    if model.version != VERSION or model.codec != codec.format or model.rungs != len(codec.ladder):
        raise ModelError(
            f"model {path} (version {model.version}, {model.codec}, {model.rungs} rungs) is not for version {VERSION}, "
            f"{codec.format}, {len(codec.ladder)} rungs: train it again"
        )
    if model.probe_options != codec.hints.probe_options:
        raise ModelError(f"model {path} was trained on probes with {model.probe_options}: train it again")
    rows = [len(row) for row in model.complexity_curve]
    if rows != [1 + len(model.complexity_qualities)] * len(model.knots) or [*model.knots[:1], *model.knots[-1:]] != [
        0,
        model.rungs - 1,
    ]:
        raise ModelError(f"model {path} has a complexity curve that does not cover its ladder: train it again")
    if WHOLE_QUALITY not in model.complexity_qualities:
        raise ModelError(f"model {path} has no complexity probe at quality {WHOLE_QUALITY}: train it again")
    if model.features != feature_names(model.complexity_qualities):
        raise ModelError(f"model {path} was trained on other features: train it again")
    return model

"""A trained model as it is shipped: one readable JSON file a codec, checked when it is loaded.

The file holds the scout curve (linear, from the scouts to ln bits per pixel at each knot of the ladder), the trees
that correct a coarse and a fine reading, and what the model was trained on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Any

from bytefit.codecs import codec_for_format
from bytefit.errors import ModelError
from bytefit.resources import models_folder
from bytefit.search.curve import interpolated
from bytefit.seeding.features import COARSE_FEATURES, FINE_FEATURES, WHOLE_SCOUT, trait_names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bytefit.codecs import Codec
    from bytefit.seeding.trees import Tree

VERSION = 3


@dataclass(frozen=True, slots=True)
class Model:
    """What a model file holds.

    Attributes:
        version: of the file's form.
        codec: Pillow's name of the format it is for.
        rungs: the length of the ladder it was trained on.
        probe_options: the low effort its fine readings were made with.
        scout_qualities: the JPEG qualities of the scouts.
        whole_scout: whether one scout is taken of the whole picture too.
        knots: the rungs at which the scout curve is known.
        scout_curve: for each knot an intercept and a coefficient for each scout; gives ln(bits per pixel).
        features: the names of the features, of the coarse trees and then of the fine ones.
        coarse_base, coarse_trees: see `bytefit.seeding.trees`; they predict what a coarse reading leaves of
            ln(true bits per pixel).
        fine_base, fine_trees: the same for a fine reading.
        scale_base, scale_trees: predict what a scale gains, see `bytefit.seeding.best_scale`.
        modes: the modes of the pictures it was trained on.
        least_pixels: the smallest picture it was trained on.
        sources: the sources of the pictures it was trained on: a benchmark leaves them out.
    """

    version: int
    codec: str
    rungs: int
    probe_options: dict[str, Any]
    scout_qualities: list[int]
    whole_scout: bool
    knots: list[int]
    scout_curve: list[list[float]]
    features: list[list[str]]
    coarse_base: float
    coarse_trees: list[Tree]
    fine_base: float
    fine_trees: list[Tree]
    scale_base: float
    scale_trees: list[Tree]
    modes: list[str]
    least_pixels: int
    sources: list[str]

    def scout_lines(self) -> tuple[tuple[float, ...], ...]:
        """Return for every rung the intercepts, then the weights of each scout: the scout curve between its knots."""
        return _scout_lines(tuple(self.knots), tuple(map(tuple, self.scout_curve)))


@cache
def _scout_lines(knots: tuple[int, ...], rows: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
    rungs = range(knots[-1] + 1)
    return tuple(
        tuple(interpolated(list(zip(knots, column, strict=True)), rungs)) for column in zip(*rows, strict=True)
    )


@cache
def shipped_model(codec_format: str) -> Model | None:
    """Return the shipped model of a codec, by Pillow's name of its format, or None if none is shipped."""
    path = models_folder() / f"{codec_format.lower()}.json"
    return load_model(path, codec_for_format(codec_format)) if path.is_file() else None


def feature_names(scout_qualities: Sequence[int]) -> list[list[str]]:
    """Return the names of the features of the coarse and of the fine trees, in their order."""
    traits = trait_names(scout_qualities)
    return [COARSE_FEATURES + traits, FINE_FEATURES + traits]


def load_model(path: Path, codec: Codec) -> Model:
    """Read a model file and check that it fits the codec.

    Raises:
        ModelError: if it cannot be read, is incomplete or was trained for another ladder or probe.
    """
    try:
        record = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot read model {path}: {error}") from error
    names = {field.name for field in fields(Model)}
    if not isinstance(record, dict) or set(record) != names:
        raise ModelError(f"model {path} does not hold exactly {', '.join(sorted(names))}: train it again")
    model = Model(**record)
    if model.version != VERSION or model.codec != codec.format or model.rungs != len(codec.ladder):
        raise ModelError(
            f"model {path} (version {model.version}, {model.codec}, {model.rungs} rungs) is not for version {VERSION}, "
            f"{codec.format}, {len(codec.ladder)} rungs: train it again"
        )
    if model.probe_options != codec.hints.probe_options:
        raise ModelError(f"model {path} was trained on probes with {model.probe_options}: train it again")
    rows = [len(row) for row in model.scout_curve]
    if rows != [1 + len(model.scout_qualities)] * len(model.knots) or [*model.knots[:1], *model.knots[-1:]] != [
        0,
        model.rungs - 1,
    ]:
        raise ModelError(f"model {path} has a scout curve that does not cover its ladder: train it again")
    if WHOLE_SCOUT not in model.scout_qualities:
        raise ModelError(f"model {path} has no scout at quality {WHOLE_SCOUT}: train it again")
    if model.features != feature_names(model.scout_qualities):
        raise ModelError(f"model {path} was trained on other features: train it again")
    return model

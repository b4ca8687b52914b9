"""A trained model: one readable JSON file per codec, checked when it is loaded; and which models are in use.

The file holds the complexity curve (linear, from the complexities to ln bits per pixel at each knot of the ladder), the
trees that correct the probes and predict the best scale, the sources the model was trained on, and how good it is.
"""

from __future__ import annotations

import json
import os
import zlib
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from bytefit import formats
from bytefit.codecs import codec_for_format
from bytefit.errors import ModelError
from bytefit.resources import models_folder
from bytefit.search.curve import interpolated
from bytefit.seeding.features import LOW_EFFORT_FEATURES, SAMPLE_PROBE_FEATURES, static_feature_names
from bytefit.seeding.probes import WHOLE_QUALITY
from bytefit.seeding.trees import Ensemble, what_is_wrong_with

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bytefit.codecs import Codec

VERSION = 5

# The environment variable that names a folder with models of one's own.
VARIABLE = "BYTEFIT_MODELS"

# The fields that hold trees.
_ENSEMBLES = ("sample_probe_trees", "low_effort_trees", "scale_trees")

# The features of a scale that are not complexities (see `bytefit.seeding.best_scale`).
_SCALE_FEATURES = 5

# The shipped models take 90 kB; a model of this size would take a second to load.
_MOST_BYTES = 5_000_000

# Complexities of a usual photograph, in ln bits per pixel, by JPEG quality. For these a curve must rise.
_USUAL = ((1, -3.0), (10, -1.6), (30, -0.9), (50, -0.4), (75, 0.1), (90, 0.9), (100, 2.2))
_MOST_FALL = 0.1

# The ending of every message about a model that does not fit: what to do.
_HOW = " (bytefit train DIR -o FOLDER), or leave it out"


class Model(NamedTuple):
    """What a model file holds.

    Attributes:
        version: the version of the file's form.
        codec: Pillow's name of the format the model is for.
        ladder: the key of the ladder it was trained on, see `ladder_key`.
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
        training: the "sources" of the pictures it was trained on, which benchmarks leave out; and how good it was
            where it was trained, see `bytefit.training.drift`, where that was measured.
    """

    version: int
    codec: str
    ladder: int
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
    training: dict[str, Any]

    @property
    def rungs(self) -> int:
        """The length of the ladder it was trained on."""
        return self.knots[-1] + 1

    @property
    def sources(self) -> list[str]:
        """The sources of the pictures it was trained on."""
        return list(self.training["sources"])

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


class _Chosen:
    """The folder that `use_models` named for this process."""

    folder: str | None = None


def use_models(folder: str | os.PathLike[str] | None) -> None:
    """Use the models in a folder from now on, in every thread of this process; None for those that bytefit brings.

    A format without a model there uses the model that comes with bytefit. The option `models` of one call comes first.

    Raises:
        ModelError: if there is no model there, or one that cannot be used.
    """
    _own_model.cache_clear()
    if folder is not None:
        folder = os.path.abspath(folder)
        for codec_format in own_formats(folder):
            _own_model(folder, codec_format)
    _Chosen.folder = folder


def folder_in_use(models: str | os.PathLike[str] | None = None) -> str | None:
    """Return the folder of models that one call uses, absolute, or None for the models that come with bytefit.

    Args:
        models: the option of the call. Without one it is what `use_models` said, else the environment variable.
    """
    folder = os.fspath(models) if models is not None else _Chosen.folder or os.environ.get(VARIABLE)
    return os.path.abspath(folder) if folder else None


def model_in_use(codec_format: str, models: str | os.PathLike[str] | None = None) -> Model | None:
    """Return the model that predicts for a codec, by Pillow's name of its format, or None if there is none.

    Args:
        codec_format: the name.
        models: see `folder_in_use`.

    Raises:
        ModelError: if the folder has no models, or one that cannot be used.
    """
    folder = folder_in_use(models)
    own = None if folder is None else _own_model(folder, codec_format)
    return shipped_model(codec_format) if own is None else own


def own_formats(folder: str) -> list[str]:
    """Return the formats that have a model in a folder.

    Raises:
        ModelError: if there is none.
    """
    learned = [one.name for one in formats.FORMATS if one.has_model]
    found = [name for name in learned if os.path.isfile(os.path.join(folder, file_name(name)))]
    if not found:
        state = "holds no model" if os.path.isdir(folder) else "is no folder"
        names = ", ".join(map(file_name, learned))
        raise ModelError(f"{folder} {state} ({names}): write one with 'bytefit train DIR -o {folder}'")
    return found


def file_name(codec_format: str) -> str:
    """Return the name of the file that holds the model of a format."""
    return f"{codec_format.lower()}.json"


@cache
def _own_model(folder: str, codec_format: str) -> Model | None:
    if codec_format not in own_formats(folder):
        return None
    from pathlib import Path

    model = load_model(Path(folder, file_name(codec_format)), codec_for_format(codec_format))
    check_trees(model, folder)
    return model


@cache
def shipped_model(codec_format: str) -> Model | None:
    """Return the shipped model of a codec, by Pillow's name of its format, or None if none is shipped."""
    path = models_folder() / file_name(codec_format)
    return load_model(path, codec_for_format(codec_format)) if path.is_file() else None


def ladder_key(codec: Codec) -> int:
    """Return a number that changes with the ladder of a codec, and with what its middle rung stands for.

    It leaves out what depends on the encoder of the machine: `bytefit models --check` tells whether that matters.
    """
    setting = codec.setting(codec.ladder[len(codec.ladder) // 2], "RGB")
    fixed = {name: value for name, value in setting.items() if name not in codec.hints.by_machine}
    return zlib.crc32(repr((codec.ladder, fixed)).encode())


def feature_names(complexity_qualities: Sequence[int]) -> list[list[str]]:
    """Return the names of the features of the sample probe's and of the low-effort probe's trees, in their order."""
    static = static_feature_names(complexity_qualities)
    return [SAMPLE_PROBE_FEATURES + static, LOW_EFFORT_FEATURES + static]


def load_model(path: Path, codec: Codec) -> Model:
    """Read a model file and check that it fits the codec.

    Raises:
        ModelError: if it cannot be read, is incomplete, or was trained for another ladder or probe.
    """
    model = _read(path)
    if model.version != VERSION or model.codec != codec.format or model.rungs != len(codec.ladder):
        raise ModelError(
            f"model {path} (version {model.version}, {model.codec}, {model.rungs} rungs) is not for version {VERSION}, "
            f"{codec.format}, {len(codec.ladder)} rungs: train it again{_HOW}"
        )
    if model.ladder != ladder_key(codec):
        raise ModelError(f"model {path} was trained on other settings of {codec.format}'s rungs: train it again{_HOW}")
    if model.probe_options != codec.hints.probe_options:
        raise ModelError(f"model {path} was trained on probes with {model.probe_options}: train it again{_HOW}")
    if WHOLE_QUALITY not in model.complexity_qualities:
        raise ModelError(f"model {path} has no complexity probe at quality {WHOLE_QUALITY}: train it again{_HOW}")
    if wrong := what_is_wrong_with_curve(model):
        raise ModelError(f"model {path} has a complexity curve that {wrong}: train it again{_HOW}")
    if model.features != feature_names(model.complexity_qualities):
        raise ModelError(f"model {path} was trained on other features: train it again{_HOW}")
    return model


def _read(path: Path) -> Model:
    """Read a model file, whatever codec it is for.

    Raises:
        ModelError: if it cannot be read, or is incomplete.
    """
    try:
        if (size := path.stat().st_size) > _MOST_BYTES:
            raise ModelError(f"model {path} has {size:,} bytes, at most {_MOST_BYTES:,} are read: train it again{_HOW}")
        record = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"cannot read model {path}: {error}") from error
    names = set(Model._fields)
    if not isinstance(record, dict) or set(record) != names:
        raise ModelError(f"model {path} does not hold exactly {', '.join(sorted(names))}: train it again{_HOW}")
    if any(not isinstance(record[name], dict) or record[name].keys() != {"base", "trees"} for name in _ENSEMBLES):
        raise ModelError(f"model {path} does not hold base and trees of {', '.join(_ENSEMBLES)}: train it again{_HOW}")
    sources = record["training"].get("sources") if isinstance(record["training"], dict) else None
    if not isinstance(sources, list) or not isinstance(record["knots"], list) or not record["knots"]:
        raise ModelError(f"model {path} has no knots, or no sources of its training: train it again{_HOW}")
    return Model(**{**record, **{name: Ensemble(**record[name]) for name in _ENSEMBLES}})


def what_is_wrong_with_curve(model: Model) -> str:
    """Return what keeps the complexity curve from being used; empty where nothing does."""
    knots, rows = model.knots, model.complexity_curve
    if [len(row) for row in rows] != [1 + len(model.complexity_qualities)] * len(knots):
        return "does not fit its knots"
    if knots != sorted(set(knots)) or [*knots[:1], *knots[-1:]] != [0, model.rungs - 1]:
        return "does not cover its ladder"
    usual = interpolated(_USUAL, model.complexity_qualities)
    try:
        curve = [start + sum(map(float.__mul__, map(float, weights), usual)) for start, *weights in rows]
    except (TypeError, ValueError):
        return "holds something that is no number"
    falls = any(after < before - _MOST_FALL for before, after in pairwise(curve))
    return "falls, where files grow" if falls or not curve[0] < curve[-1] else ""


def check_trees(model: Model, folder: str) -> None:
    """Check every tree of a model of one's own; those of the shipped models are checked by tests.

    Raises:
        ModelError: naming the trees, and what is wrong with them.
    """
    counts = [*map(len, model.features), _SCALE_FEATURES + len(model.complexity_qualities)]
    for name, features in zip(_ENSEMBLES, counts, strict=True):
        if wrong := what_is_wrong_with(getattr(model, name), features):
            path = os.path.join(folder, file_name(model.codec))
            raise ModelError(f"model {path}: {name} {wrong}: train it again{_HOW}")

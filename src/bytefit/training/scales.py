"""The training data for the best scale: pictures at many scales and qualities, scored at their full size."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from math import log
from typing import TYPE_CHECKING, Any, NamedTuple

import joblib
import numpy as np
import PIL
from PIL import Image
from sklearn.ensemble import GradientBoostingRegressor

from bytefit.codecs import codec_for_format
from bytefit.codecs.codec import GRAPHIC
from bytefit.codecs.encoding import NO_METADATA
from bytefit.codecs.preparing import prepare
from bytefit.errors import ConfigError, UnsupportedImage
from bytefit.seeding.best_scale import SCALES, predicted_scales, scale_features
from bytefit.seeding.mosaic import mosaic
from bytefit.seeding.picture_kind import content, for_content
from bytefit.seeding.probes import complexity_probe
from bytefit.sources.reading import read_picture
from bytefit.training.fast_scores import Original
from bytefit.training.measurement import COMPLEXITY_QUALITIES, settings_key
from bytefit.training.progress import tracked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from bytefit.codecs import Codec
    from bytefit.seeding.model import Model
    from bytefit.training.corpus import CorpusFile


class Grid(NamedTuple):
    """What is measured of how many pictures.

    Attributes:
        scales: shares of the width, the whole one first.
        qualities: by format; every scale is encoded at each, and between them scores are interpolated by ln(bytes).
        a_kind: how many pictures of each kind.
        least: with fewer pictures than this nothing is measured: the model takes the scales of the shipped one.
    """

    scales: tuple[float, ...]
    qualities: dict[str, tuple[float, ...]]
    a_kind: int
    least: int = 1


GRID = Grid(
    SCALES,
    {
        "JPEG": (4, 10, 20, 35, 55, 75, 90),
        "WEBP": (0, 10, 30, 55, 75, 90),
        "AVIF": (2, 15, 27, 39, 54, 70, 86),
    },
    a_kind=9,
    least=25,
)

# The budgets to train for, in bits per pixel at full size.
BUDGETS = tuple(0.02 * 2 ** (step / 2) for step in range(14))

# The budgets to report on.
REPORTED_BITS = (0.06, 0.12, 0.25, 0.5, 1.0)

# Pictures are first scaled down to this, as pages show them.
MEGAPIXELS = 0.3

# Kinds that nobody would scale: symbols and animations.
LEFT_OUT = frozenset({"animated", "graphic"})


@dataclass(frozen=True, slots=True)
class Scaled:
    """One picture at every scale; lists are by scale, then by quality.

    Attributes:
        kind, source: see `bytefit.training.corpus`.
        graphic: whether it is a graphic.
        complexities: by JPEG quality.
        bits: ln(bits per pixel of the full size).
        scores: SSIMULACRA2 against the full size.
    """

    kind: str
    source: str
    graphic: bool
    complexities: dict[int, float]
    bits: list[list[float]]
    scores: list[list[float]]

    def looks(self, budget: float) -> NDArray[np.float64]:
        """Return the score within a budget, in bits per pixel, at every scale; NaN where it cannot be reached."""
        return np.array(
            [
                np.interp(log(budget), bits, scores) if log(budget) >= bits[0] else np.nan
                for bits, scores in zip(self.bits, self.scores, strict=True)
            ]
        )


def measure_scales(
    files: list[CorpusFile], codecs: tuple[Codec, ...], cache: Path, jobs: int, grid: Grid = GRID
) -> dict[str, list[Scaled]]:
    """Measure a choice of the files with every codec; return by format what could be measured."""
    chosen: list[CorpusFile] = []
    for kind in sorted({file.kind for file in files} - LEFT_OUT):
        of_kind = [file for file in files if file.kind == kind]
        chosen += sorted(of_kind, key=lambda file: sha256(file.path.name.encode()).digest())[: grid.a_kind]
    if len(chosen) < grid.least:
        chosen = []
    pairs = [(file, codec) for codec in codecs for file in chosen]
    tasks = [joblib.delayed(_scaled_record)(file, codec.format, cache, grid) for file, codec in pairs]
    records = joblib.Parallel(n_jobs=jobs, return_as="generator")(tasks)
    measured: dict[str, list[Scaled]] = {codec.format: [] for codec in codecs}
    for (_, codec), record in zip(pairs, tracked(records, "scaling", len(tasks)), strict=True):
        if record is not None:
            measured[codec.format].append(record)
    return measured


def _scaled_record(file: CorpusFile, codec_format: str, cache: Path, grid: Grid) -> Scaled | None:
    digest = sha256(file.path.read_bytes()).hexdigest()
    scales, qualities = grid.scales, grid.qualities[codec_format]
    decides = (digest, PIL.__version__, scales, MEGAPIXELS, settings_key(codec_for_format(codec_format), qualities))
    memory = joblib.Memory(cache, verbose=0)
    found: Any = memory.cache(_scores_by_scale, ignore=["path"])(
        file.path, codec_format, scales, qualities, repr(decides)
    )
    if found is None:
        return None
    graphic = memory.cache(_graphic, ignore=["path"])(file.path, codec_format, repr(decides))
    if graphic is None:
        return None
    return Scaled(file.kind, file.source, graphic, found["complexities"], found["bits"], found["scores"])


def _graphic(path: Path, codec_format: str, decides: str) -> bool | None:  # noqa: ARG001  (for the cache)
    """Return whether a picture is a graphic; None if it is transparent, since hidden pixels would be scored."""
    picture = reduced(prepare(codec_for_format(codec_format), read_picture(path)))
    return None if picture.has_transparency_data else content(mosaic(picture)) == GRAPHIC


def _scores_by_scale(
    path: Path,
    codec_format: str,
    scales: tuple[float, ...],
    qualities: tuple[float, ...],
    decides: str,  # noqa: ARG001  (for the cache)
) -> dict[str, object] | None:
    codec = codec_for_format(codec_format)
    try:
        picture = reduced(prepare(codec, read_picture(path)))
    except UnsupportedImage:
        return None
    tiles = mosaic(picture)
    codec, original = for_content(codec, tiles), Original(picture)
    measured = [[_look(codec, picture, original, scale, quality) for quality in qualities] for scale in scales]
    return {
        "complexities": dict(zip(COMPLEXITY_QUALITIES, complexity_probe(tiles, COMPLEXITY_QUALITIES)[0], strict=True)),
        "bits": [[bits for bits, _ in row] for row in measured],
        "scores": [[score for _, score in row] for row in measured],
    }


def reduced(picture: Image.Image) -> Image.Image:
    """Return a picture at `MEGAPIXELS` at most, or refuse one too small to be scaled."""
    share = min(1.0, (MEGAPIXELS * 1e6 / (picture.width * picture.height)) ** 0.5)
    size = max(1, round(picture.width * share)), max(1, round(picture.height * share))
    if min(size) < 64:  # noqa: PLR2004  (a quarter of it must be something still)
        raise UnsupportedImage("too small to be scaled")
    return picture if share == 1 else picture.resize(size, Image.Resampling.LANCZOS)


def _look(codec: Codec, picture: Image.Image, original: Original, scale: float, quality: float) -> tuple[float, float]:
    """Return ln(bits per pixel of the full size) and the score of one scale and quality."""
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    small = picture if scale == 1 else picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    data = codec.encode(small, {**codec.setting(quality, small.mode), **NO_METADATA})
    version = Image.open(BytesIO(data)).convert("RGB").resize(picture.size, Image.Resampling.LANCZOS)
    return log(len(data) * 8 / (picture.width * picture.height)), original.ssimulacra2(version)


def fit_scale(records: list[Scaled], complexity_qualities: list[int]) -> GradientBoostingRegressor:
    """Fit trees that predict what each scale gains over full size.

    Raises:
        ConfigError: if there are no pictures to learn from.
    """
    rows = [
        row for record in records for budget in BUDGETS for row in _scale_gains(record, budget, complexity_qualities)
    ]
    if not rows:
        raise ConfigError(
            "no pictures to learn the best scale from: give folders of pictures with 64 pixels a side or more"
        )
    inputs, outputs = zip(*rows, strict=True)
    regressor = GradientBoostingRegressor(
        n_estimators=100, max_depth=3, learning_rate=0.08, subsample=0.6, min_samples_leaf=30, random_state=0
    )
    return regressor.fit(np.array(inputs), np.array(outputs))


def _scale_gains(record: Scaled, budget: float, complexity_qualities: list[int]) -> Iterator[tuple[list[float], float]]:
    """Yield (features, gain over full size) of every smaller scale that can reach a budget.

    Full size, where it cannot, counts as no better than the worst that can; of very large gains the size says little.
    """
    looks = record.looks(budget)
    if np.isnan(looks[1:]).all():
        return
    full = min(-30.0, float(np.nanmin(looks))) if np.isnan(looks[0]) else looks[0]
    complexities = {quality: record.complexities[quality] for quality in complexity_qualities}
    for scale, score in zip(SCALES[1:], looks[1:], strict=True):
        if not np.isnan(score):
            features = scale_features(budget, scale, graphic=record.graphic, complexities=complexities)
            yield features, float(np.clip(score - full, -30, 40))


@dataclass(frozen=True, slots=True)
class Looks:
    """Mean scores of held-out pictures at a bit rate, over those that can reach it at full size.

    Attributes:
        bits: of the budget, per pixel at full size.
        pictures: how many there are.
        full: at full size.
        predicted: at the scale the model predicts.
        best: at the best scale of each picture, as known afterwards.
    """

    bits: float
    pictures: int
    full: float
    predicted: float
    best: float


def looks_of(records: list[Scaled], model: Model) -> list[Looks]:
    """Return what the predicted scales give and what the best ones would."""
    found = []
    for bits in REPORTED_BITS:
        reached = [(record, record.looks(bits)) for record in records]
        reached = [(record, looks) for record, looks in reached if not np.isnan(looks[0])]
        if reached:
            scales = [
                predicted_scales(model, bits, graphic=record.graphic, complexities=record.complexities)[0]
                for record, _ in reached
            ]
            predicted = [_at_scale(looks, scale) for (_, looks), scale in zip(reached, scales, strict=True)]
            full, best = np.mean([(looks[0], np.nanmax(looks)) for _, looks in reached], axis=0)
            found.append(Looks(bits, len(reached), float(full), float(np.mean(predicted)), float(best)))
    return found


def _at_scale(looks: NDArray[np.float64], scale: float) -> float:
    """Return the score at a scale, between those measured."""
    known = ~np.isnan(looks)
    return float(np.interp(-log(scale), -np.log(np.array(SCALES)[known]), looks[known]))

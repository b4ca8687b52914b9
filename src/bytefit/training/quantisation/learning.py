"""Learning JPEG's quantisation tables for the best quality at equal bytes, one bit rate after the other.

The logarithm of a table is a smooth function of frequency, given by a dozen numbers, and free at the lowest
frequencies. An evolution strategy improves the numbers: it encodes every picture with randomly disturbed tables in
antithetic pairs, finds by regression over all pairs the worth of each number at equal bytes, and takes a step in that
direction. Gains that cost bytes are discounted at the picture's own exchange rate of score and bytes.

The tables are optimised for SSIMULACRA2, with MS-SSIM as a guard: tables optimised for SSIMULACRA2 alone lost half a
decibel of MS-SSIM to libjpeg's. A decibel counts the more, the less of it there is beyond libjpeg's tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from inspect import getsource
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import PIL

from bytefit.codecs.codec import GRAPHIC, PHOTOGRAPH
from bytefit.codecs.jpeg.quantisation import VERSION
from bytefit.errors import ConfigError
from bytefit.training.corpus import CorpusFile, find_files, split
from bytefit.training.fast_scores import Original
from bytefit.training.progress import tracked
from bytefit.training.quantisation import measuring
from bytefit.training.quantisation import smooth_tables as smooth
from bytefit.training.quantisation.measuring import (
    A_SOURCE,
    LIBJPEG_QUALITIES,
    MATERIAL,
    PICTURES,
    is_usable,
    libjpeg_curve,
    log_bits_with,
    scores_with,
)
from bytefit.training.quantisation.report import compared_with_libjpeg, tables_as_json
from bytefit.training.quantisation.smooth_tables import COARSER, COARSER_CHROMA, first_guess, smooth_tables

if TYPE_CHECKING:
    from pathlib import Path

    from bytefit.training.quantisation.smooth_tables import Numbers


@dataclass(frozen=True, slots=True)
class Band:
    """A bit rate to learn tables for.

    Attributes:
        bits: geometric mean of bits per pixel over the training pictures.
        subsampling: of the chroma planes.
        start: the index of the band that learning starts from; None starts from `first_guess`.
    """

    bits: float
    subsampling: str
    start: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run learns, and how long it learns.

    Attributes:
        bands: by content, in the order of learning.
        steps: steps of the evolution strategy for each band.
        pairs: pairs of disturbed tables for each picture and step.
        reported_bits: the bit rates of the report, in bits per pixel.
    """

    bands: dict[str, tuple[Band, ...]]
    steps: int = 10
    pairs: int = 5
    reported_bits: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0)


# Where both subsamplings are learned, the finer one takes over. At lower rates the bytes that 4:4:4 spends on chroma
# are worth more in luma (photographs at 1 bit: a point more with 4:2:0; at 2 bits the same, a fifth faster).
PLAN = Plan(
    {
        PHOTOGRAPH: (
            Band(1.0, "4:2:0", None),
            Band(0.5, "4:2:0", 0),
            Band(0.25, "4:2:0", 1),
            Band(1.4, "4:2:0", 0),
            Band(2.0, "4:2:0", 3),
            Band(3.5, "4:2:0", 4),
            Band(3.5, "4:4:4", 5),
        ),
        GRAPHIC: (
            Band(1.0, "4:2:0", None),
            Band(0.5, "4:2:0", 0),
            Band(2.0, "4:2:0", 0),
            Band(2.0, "4:4:4", 2),
            Band(3.0, "4:4:4", 3),
        ),
    }
)

_DISTURBANCE, _RATE = 0.1, 0.07


def learn_tables(folders: list[Path], output: Path, *, cache: Path, jobs: int, plan: Plan = PLAN) -> str:
    """Learn the tables of every content and write them; return a report of the gains, as Markdown.

    Args:
        folders: see `bytefit.training.corpus`; sources that are held out there are not used for training.
        output: gets `jpeg-tables.json`.
        cache: where the tables of each band are kept between runs.
        jobs: processes; -1 means one per core.
        plan: what to learn.

    Raises:
        ConfigError: if there are no pictures of a kind that is needed.
    """
    files, held_out = split(find_files(folders))
    learn = joblib.Memory(cache, verbose=0).cache(_learn, ignore=["parallel"])
    record: dict[str, Any] = {"version": VERSION}
    report = []
    chosen = {content: (_chosen(files, content), _chosen(held_out, content)) for content in plan.bands}
    with joblib.Parallel(n_jobs=jobs) as parallel:
        for content, bands in plan.bands.items():
            paths, others = chosen[content]
            learned: list[Numbers] = []
            libjpeg = np.array(parallel(joblib.delayed(libjpeg_curve)(path, content) for path in paths))
            for band in tracked(bands, content, len(bands)):
                start = first_guess() if band.start is None else learned[band.start]
                if band.start is not None and bands[band.start].subsampling != band.subsampling:
                    start = start + COARSER_CHROMA
                learned.append(learn(parallel, (paths, _fingerprint(paths), libjpeg), content, band, start, plan=plan))
            knots = _knots(
                bands, learned, _qualities(parallel, paths, content, [*zip(bands, learned, strict=True)], libjpeg)
            )
            record[content] = knots
            report.append(compared_with_libjpeg(parallel, content, knots, (paths, others), plan.reported_bits))
    output.mkdir(parents=True, exist_ok=True)
    (output / "jpeg-tables.json").write_text(tables_as_json(record), encoding="utf-8")
    return "\n\n".join(report)


def _chosen(files: list[CorpusFile], content: str) -> list[Path]:
    """Return the pictures to train on: a few of each source, in an order that is independent of them."""
    by_source: dict[str, list[Path]] = {}
    for file in sorted(files, key=lambda file: sha256(file.path.name.encode()).digest()):
        if file.kind in MATERIAL[content][0] and is_usable(file.path, content):
            by_source.setdefault(file.source, []).append(file.path)
    paths = [path for found in by_source.values() for path in found[:A_SOURCE]]
    if not paths:
        raise ConfigError(f"no pictures to learn the tables of a {content} from: give folders that hold some")
    return sorted(paths, key=lambda path: sha256(path.name.encode()).digest())[:PICTURES]


def _fingerprint(paths: list[Path]) -> str:
    """Return everything else that decides the result: the pictures' bytes, the method and the encoder."""
    files = [sha256(path.read_bytes()).hexdigest() for path in paths]
    steps: tuple[Any, ...] = (measuring, smooth, _learn, _gradient, _half_difference, _guard, _at_rate, Original)
    constants = (MATERIAL, measuring.SIDE, _DISTURBANCE, _RATE)
    return sha256(repr((files, list(map(getsource, steps)), constants, PIL.__version__)).encode()).hexdigest()


def _learn(
    parallel: joblib.Parallel,
    material: tuple[list[Path], str, Numbers],
    content: str,
    band: Band,
    start: Numbers,
    *,
    plan: Plan,
) -> Numbers:
    """Return the numbers of the tables of a band: the mean of the later half of the steps.

    `material` is the pictures, their `_fingerprint`, which the cache goes by, and their `libjpeg_curve`.
    """
    paths, _, libjpeg = material
    random = np.random.default_rng(0)
    measure = joblib.delayed(scores_with)
    numbers, visited = start, []
    direction, square = np.zeros_like(start), np.zeros_like(start)
    for step in range(plan.steps):
        numbers = _at_rate(parallel, paths, content, band, numbers)
        disturbances = random.choice([-_DISTURBANCE, _DISTURBANCE], size=(len(paths), plan.pairs, len(start)))
        candidates = [
            [numbers + 0.15 * COARSER, numbers - 0.15 * COARSER, *(numbers + each), *(numbers - each)]
            for each in disturbances
        ]
        found = parallel(
            measure(path, content, each, band.subsampling) for path, each in zip(paths, candidates, strict=True)
        )
        gradient = _gradient(disturbances, np.array(found), libjpeg)
        # Adam (Kingma and Ba, 2015), with a short memory, since there are few steps.
        direction, square = 0.7 * direction + 0.3 * gradient, 0.9 * square + 0.1 * gradient**2
        spread = np.sqrt(square / (1 - 0.9 ** (step + 1)))
        rate = _RATE * (0.1 + 0.45 * (1 + np.cos(np.pi * step / plan.steps)))
        numbers = numbers + rate * direction / (1 - 0.7 ** (step + 1)) / (spread + 0.1 * spread.max())
        visited.append(numbers)
    return _at_rate(parallel, paths, content, band, np.mean(visited[plan.steps // 2 :], axis=0))


def _gradient(disturbances: Numbers, found: Numbers, libjpeg: Numbers) -> Numbers:
    """Return the worth of each number, in score at equal bytes.

    Args:
        disturbances: (pictures, pairs, numbers).
        found: (pictures, 2 + 2 pairs, 3): both scores and ln(bits) with coarser and with finer tables, then with each
            disturbance added, then with each taken off.
        libjpeg: (pictures, qualities, 3): the same with libjpeg's tables.
    """
    guard = _guard(found[:, :2].mean(axis=1), libjpeg)
    worth, rate = found[..., 0] + guard * found[..., 1], found[..., 2]
    change = rate[:, 0] - rate[:, 1]
    # A picture does not change at all if its divisors are all at an end of their range.
    exchange = np.divide(worth[:, 0] - worth[:, 1], change, out=np.zeros(len(change)), where=change != 0)
    gains = _half_difference(worth) - np.clip(exchange, 2, 80)[:, None] * _half_difference(rate)
    inputs = disturbances.reshape(gains.size, -1)
    ridge = 1e-3 * gains.size * _DISTURBANCE**2 * np.eye(inputs.shape[1])
    gradient: Numbers = np.asarray(np.linalg.solve(inputs.T @ inputs + ridge, inputs.T @ gains.ravel()), np.float64)
    return gradient - COARSER * (gradient @ COARSER) / (COARSER @ COARSER)


def _half_difference(values: Numbers) -> Numbers:
    """Return half the difference between the results with each disturbance added and with it subtracted."""
    added, taken = np.split(values[:, 2:], 2, axis=1)
    return np.asarray((added - taken) / 2, np.float64)


def _guard(now: Numbers, libjpeg: Numbers) -> float:
    """Return the weight of a decibel of MS-SSIM, in points: 0 at 0.2 above libjpeg's, up to 8 far below it."""
    rates, scores = libjpeg[..., 2], libjpeg[..., 1]
    ahead = [own - np.interp(rate, x, y) for (_, own, rate), x, y in zip(now, rates, scores, strict=True)]
    return float(np.clip(1 + 10 * (0.1 - np.mean(ahead)), 0, 8))


def _at_rate(parallel: joblib.Parallel, paths: list[Path], content: str, band: Band, numbers: Numbers) -> Numbers:
    """Return the tables made coarser or finer so that the pictures' mean bit rate is the band's."""
    for _ in range(4):
        each = joblib.delayed(log_bits_with)
        found = parallel(each(path, content, numbers, band.subsampling) for path in paths)
        excess = float(np.mean(found) - np.log(band.bits))
        if abs(excess) < 0.004:  # noqa: PLR2004  (a fifth of a rung)
            break
        numbers = numbers + excess / 0.75 * COARSER  # ln(bytes) falls by about 0.75 for a factor e
    return numbers


def _knots(bands: tuple[Band, ...], learned: list[Numbers], qualities: list[float]) -> list[dict[str, Any]]:
    """Return the knots of a ladder: the bands by their rates, between the coarsest tables and the finest."""
    order = sorted(range(len(learned)), key=lambda i: (bands[i].bits, bands[i].subsampling))
    knots: list[dict[str, Any]] = [{"quality": 1, "subsampling": "4:2:0", "tables": [[255.0] * 64] * 3}]
    for index in order:
        subsampling, before = bands[index].subsampling, knots[-1]
        tables: Any = np.array(smooth_tables(learned[index])).round(2)
        quality = before["quality"]
        if before["subsampling"] == subsampling:
            # No divisor may rise with the quality, or the sizes along the ladder would not rise.
            tables, quality = np.minimum(tables, before["tables"]), qualities[index]
        knots.append({"quality": quality, "subsampling": subsampling, "tables": tables.tolist()})
    return [*knots, {"quality": 100, "subsampling": knots[-1]["subsampling"], "tables": [[1.0] * 64] * 3}]


def _qualities(
    parallel: joblib.Parallel,
    paths: list[Path],
    content: str,
    learned: list[tuple[Band, Numbers]],
    libjpeg: Numbers,
) -> list[float]:
    """Return for each band the quality at which libjpeg's own tables reach its mean SSIMULACRA2, in quarters."""
    scores = np.maximum.accumulate(libjpeg[..., 0].mean(axis=0))
    named = []
    for band, numbers in learned:
        measure = joblib.delayed(scores_with)
        found = np.array(parallel(measure(path, content, [numbers], band.subsampling) for path in paths))
        named.append(round(float(np.interp(found[..., 0].mean(), scores, LIBJPEG_QUALITIES)) * 4) / 4)
    return named

"""Learning JPEG's quantisation tables: the best look at equal bytes, one bit rate after the other.

The logarithm of a table is a smooth function of frequency, a dozen numbers, and free at the lowest frequencies. An
evolution strategy improves them: every picture is encoded with tables disturbed at random, in antithetic pairs; a
regression over all pairs tells what each number is worth at equal bytes; a step is taken that way. What is bought with
bytes is taken out at the picture's own exchange rate of score and bytes.

What is learned for is SSIMULACRA2, with MS-SSIM to guard it: tables learned for the one alone lost half a decibel of
the other to libjpeg's. So a decibel counts for the more, the less of it there is beyond what libjpeg's tables give.
"""

from __future__ import annotations

import json
import warnings
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from inspect import getsource
from io import BytesIO
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import PIL
from PIL import Image

from bytefit.codecs.codec import DRAWING, PHOTOGRAPH
from bytefit.codecs.jpeg.quantisation import VERSION, Knot, tables_at
from bytefit.errors import ConfigError, UnsupportedImage
from bytefit.sources.reading import read_picture
from bytefit.training.corpus import Sample, find_samples, split
from bytefit.training.fast_scores import Original
from bytefit.training.markdown import table
from bytefit.training.progress import tracked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Band:
    """A bit rate to learn tables for.

    Attributes:
        bits: geometric mean of bits per pixel over the pictures learned from.
        subsampling: of the chroma planes.
        start: which earlier band its learning starts from; None: from `first_guess`.
    """

    bits: float
    subsampling: str
    start: int | None


# In the order of learning. Where both subsamplings are learned, the finer one takes over: below, what 4:4:4 costs in
# chroma is worth more in luma (photographs at 1 bit: a point more with 4:2:0; at 2 bits the same, a fifth faster).
BANDS = {
    PHOTOGRAPH: (
        Band(1.0, "4:2:0", None),
        Band(0.5, "4:2:0", 0),
        Band(0.25, "4:2:0", 1),
        Band(1.4, "4:2:0", 0),
        Band(2.0, "4:2:0", 3),
        Band(3.5, "4:2:0", 4),
        Band(3.5, "4:4:4", 5),
    ),
    DRAWING: (
        Band(1.0, "4:2:0", None),
        Band(0.5, "4:2:0", 0),
        Band(2.0, "4:2:0", 0),
        Band(2.0, "4:4:4", 2),
        Band(3.0, "4:4:4", 3),
    ),
}

# What is learned from: the kinds of picture, their megapixels (None: as they are), and which of nine crops, by how much
# is going on in them: photographs the middle one, drawings the busiest, since most of a screenshot is empty.
_MATERIAL: dict[str, tuple[tuple[str, ...], float | None, int]] = {
    PHOTOGRAPH: (("photo-large", "photo-web"), 0.6, 4),
    DRAWING: (("screenshot", "document"), None, 8),
}
PICTURES, A_SOURCE, SIDE = 28, 4, 352

STEPS, PAIRS = 10, 5

# Qualities at which libjpeg's tables are measured, as what is to be beaten.
_LIBJPEG_QUALITIES = (3, 5, 8, 12, 16, 20, 26, 32, 40, 50, 60, 70, 78, 85, 90, 94, 97)

REPORTED_BITS = (0.25, 0.5, 1.0, 2.0)
_DISTURBANCE, _RATE = 0.1, 0.07


def _functions(order: int, free: Sequence[tuple[int, int]]) -> Numbers:
    """Return functions of the frequency, one a row of 64: products of cosines up to `order`, and single entries."""
    across, down = np.meshgrid(np.arange(8), np.arange(8))
    rows = [
        np.cos(np.pi * (across + 0.5) * i / 8) * np.cos(np.pi * (down + 0.5) * j / 8)
        for i in range(order + 1)
        for j in range(order + 1 - i)
    ]
    singles = [(across == x) & (down == y) for x, y in free]
    return np.array([row.ravel() / np.abs(row).max() for row in [*rows, *(single * 1.0 for single in singles)]])


_LUMA, _CHROMA = _functions(3, ((0, 0), (0, 1), (1, 0), (1, 1))), _functions(2, ((0, 0), (0, 1), (1, 0)))
_SPLIT = (len(_LUMA), len(_LUMA) + len(_CHROMA))
_COARSER = np.zeros(_SPLIT[1] + len(_CHROMA))
_COARSER[[0, *_SPLIT]] = 1.0

# What chroma has to be coarser by, in ln, where it is not subsampled and there is four times as much of it.
_COARSER_CHROMA = np.zeros_like(_COARSER)
_COARSER_CHROMA[[*_SPLIT]] = 1.0


def smooth_tables(numbers: Numbers) -> list[Numbers]:
    """Return the divisors of luma, Cb and Cr, 64 each, in 1 to 255."""
    luma, blue, red = np.split(numbers, _SPLIT)
    return [np.clip(np.exp(part @ by), 1, 255) for part, by in ((luma, _LUMA), (blue, _CHROMA), (red, _CHROMA))]


def first_guess() -> Numbers:
    """Return a table that rises with frequency, from six numbers found by random search before this was written."""
    across, down = np.meshgrid(np.arange(8), np.arange(8))
    distance = np.hypot(across, down).ravel() / 7
    fine = np.where(distance == 0, 0.61, 1.0)
    luma = fine * 16 * (1 + 10.4 * distance**1.37)
    chroma = fine * 16 * 1.17 * (1 + 3.8 * distance**0.97)
    fitted = [np.linalg.lstsq(by.T, np.log(t), rcond=None)[0] for by, t in ((_LUMA, luma), (_CHROMA, chroma))]
    return np.concatenate([fitted[0], fitted[1], fitted[1]])


@lru_cache(maxsize=2 * PICTURES)
def _view(path: Path, content: str) -> tuple[Image.Image, Original]:
    """Return the part of a picture that is learned from, with what scores versions of it."""
    _, megapixels, rank = _MATERIAL[content]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        picture = read_picture(path).convert("RGB")
    share = (megapixels * 1e6 / (picture.width * picture.height)) ** 0.5 if megapixels else 1.0
    if share < 1:
        size = (round(picture.width * share), round(picture.height * share))
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    width, height = min(SIDE, picture.width), min(SIDE, picture.height)
    across, down = picture.width - width, picture.height - height
    corners = [(across * i // 2, down * j // 2) for i in range(3) for j in range(3)]
    crops = [picture.crop((x, y, x + width, y + height)) for x, y in corners]
    crop = sorted(crops, key=_activity)[rank]
    return crop, Original(crop)


def _activity(picture: Image.Image) -> float:
    return float(np.abs(np.diff(np.asarray(picture.convert("L"), dtype=float))).mean())


def _encoded(picture: Image.Image, **options: Any) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "JPEG", progressive=True, optimize=True, **options)
    return buffer.getvalue()


def _log_bits(path: Path, content: str, numbers: Numbers, subsampling: str) -> float:
    return _measured(path, content, [numbers], subsampling, scored=False)[0][2]


def _measured(
    path: Path, content: str, candidates: Sequence[Numbers], subsampling: str, *, scored: bool = True
) -> list[tuple[float, float, float]]:
    """Return SSIMULACRA2 and MS-SSIM (0 unless `scored`) and ln(bits per pixel) of a picture with each candidate."""
    picture, original = _view(path, content)
    found = []
    for numbers in candidates:
        tables = [np.rint(part).astype(int).tolist() for part in smooth_tables(numbers)]
        data = _encoded(picture, qtables=tables, subsampling=subsampling)
        found.append((*(_scores(original, data) if scored else (0.0, 0.0)), _rate(picture, data)))
    return found


def _scores(original: Original, data: bytes) -> tuple[float, float]:
    version = Image.open(BytesIO(data)).convert("RGB")
    return original.ssimulacra2(version), original.ms_ssim(version)


def _rate(picture: Image.Image, data: bytes) -> float:
    return float(np.log(len(data) * 8 / (picture.width * picture.height)))


def _libjpeg_curve(path: Path, content: str) -> list[tuple[float, float, float]]:
    """Return SSIMULACRA2, MS-SSIM and ln(bits per pixel) of a picture with libjpeg's tables of each quality."""
    picture, original = _view(path, content)
    files = [_encoded(picture, quality=quality) for quality in _LIBJPEG_QUALITIES]
    return [(*_scores(original, data), _rate(picture, data)) for data in files]


def learn_tables(folders: list[Path], output: Path, *, cache: Path, jobs: int) -> str:
    """Learn the tables of every content and write them; return what was gained, as Markdown.

    Args:
        folders: see `bytefit.training.corpus`; the sources held out there are not learned from.
        output: gets `jpeg-tables.json`.
        cache: where the tables of each band are kept between runs.
        jobs: processes; -1 means one a core.

    Raises:
        ConfigError: if there are no pictures of a kind that is needed.
    """
    samples, held_out = split(find_samples(folders))
    learn = joblib.Memory(cache, verbose=0).cache(_learn, ignore=["parallel"])
    record: dict[str, Any] = {"version": VERSION}
    report = []
    with joblib.Parallel(n_jobs=jobs) as parallel:
        for content, bands in BANDS.items():
            paths, others = _chosen(samples, content), _chosen(held_out, content)
            learned: list[Numbers] = []
            libjpeg = np.array(parallel(joblib.delayed(_libjpeg_curve)(path, content) for path in paths))
            for band in tracked(bands, content, len(bands)):
                start = first_guess() if band.start is None else learned[band.start]
                if band.start is not None and bands[band.start].subsampling != band.subsampling:
                    start = start + _COARSER_CHROMA
                learned.append(learn(parallel, (paths, _fingerprint(paths), libjpeg), content, band, start))
            knots = _knots(content, learned, _qualities(parallel, paths, content, learned, libjpeg))
            record[content] = knots
            report.append(_report(parallel, content, knots, paths, others))
    output.mkdir(parents=True, exist_ok=True)
    (output / "jpeg-tables.json").write_text(_as_json(record), encoding="utf-8")
    return "\n\n".join(report)


def _chosen(samples: list[Sample], content: str) -> list[Path]:
    """Return the pictures to learn from: few of each source, in an order that knows nothing of them."""
    by_source: dict[str, list[Path]] = {}
    for sample in sorted(samples, key=lambda sample: sha256(sample.path.name.encode()).digest()):
        if sample.kind in _MATERIAL[content][0] and _usable(sample.path, content):
            by_source.setdefault(sample.source, []).append(sample.path)
    paths = [path for found in by_source.values() for path in found[:A_SOURCE]]
    if not paths:
        raise ConfigError(f"no pictures to learn the tables of a {content} from: give folders that hold some")
    return sorted(paths, key=lambda path: sha256(path.name.encode()).digest())[:PICTURES]


def _usable(path: Path, content: str) -> bool:
    try:
        picture, _ = _view(path, content)
    except UnsupportedImage:
        return False
    return min(picture.size) >= SIDE // 2 and _activity(picture) > 1


def _fingerprint(paths: list[Path]) -> str:
    """Return what else decides the result: the pictures' bytes, how is learned from them, and the encoder."""
    files = [sha256(path.read_bytes()).hexdigest() for path in paths]
    steps: tuple[Any, ...] = (
        _functions,
        smooth_tables,
        first_guess,
        _view,
        _measured,
        _learn,
        _gradient,
        _halved,
        _guard,
        _at_rate,
        Original,
    )
    constants = (_MATERIAL, SIDE, STEPS, PAIRS, _DISTURBANCE, _RATE)
    return sha256(repr((files, list(map(getsource, steps)), constants, PIL.__version__)).encode()).hexdigest()


def _learn(
    parallel: joblib.Parallel, material: tuple[list[Path], str, Numbers], content: str, band: Band, start: Numbers
) -> Numbers:
    """Return the numbers of the tables of a band: the mean of the later half of the steps.

    `material` is the pictures, their `_fingerprint`, which the cache goes by, and their `_libjpeg_curve`.
    """
    paths, _, libjpeg = material
    random = np.random.default_rng(0)
    measure = joblib.delayed(_measured)
    numbers, visited = start, []
    direction, square = np.zeros_like(start), np.zeros_like(start)
    for step in range(STEPS):
        numbers = _at_rate(parallel, paths, content, band, numbers)
        disturbances = random.choice([-_DISTURBANCE, _DISTURBANCE], size=(len(paths), PAIRS, len(start)))
        candidates = [
            [numbers + 0.15 * _COARSER, numbers - 0.15 * _COARSER, *(numbers + each), *(numbers - each)]
            for each in disturbances
        ]
        found = parallel(
            measure(path, content, each, band.subsampling) for path, each in zip(paths, candidates, strict=True)
        )
        gradient = _gradient(disturbances, np.array(found), libjpeg)
        # Adam (Kingma and Ba, 2015), its memory short, for there are few steps.
        direction, square = 0.7 * direction + 0.3 * gradient, 0.9 * square + 0.1 * gradient**2
        spread = np.sqrt(square / (1 - 0.9 ** (step + 1)))
        rate = _RATE * (0.1 + 0.45 * (1 + np.cos(np.pi * step / STEPS)))
        numbers = numbers + rate * direction / (1 - 0.7 ** (step + 1)) / (spread + 0.1 * spread.max())
        visited.append(numbers)
    return _at_rate(parallel, paths, content, band, np.mean(visited[STEPS // 2 :], axis=0))


def _gradient(disturbances: Numbers, found: Numbers, libjpeg: Numbers) -> Numbers:
    """Return what each number is worth in score at equal bytes.

    Args:
        disturbances: (pictures, pairs, numbers).
        found: (pictures, 2 + 2 pairs, 3): both scores and ln(bits) with coarser and with finer tables, then with each
            disturbance added, then with each taken off.
        libjpeg: (pictures, qualities, 3): the same with libjpeg's tables.
    """
    guard = _guard(found[:, :2].mean(axis=1), libjpeg)
    worth, rate = found[..., 0] + guard * found[..., 1], found[..., 2]
    change = rate[:, 0] - rate[:, 1]
    # A picture whose divisors are all at an end of their range does not change at all.
    exchange = np.divide(worth[:, 0] - worth[:, 1], change, out=np.zeros(len(change)), where=change != 0)
    gains = _halved(worth) - np.clip(exchange, 2, 80)[:, None] * _halved(rate)
    inputs = disturbances.reshape(gains.size, -1)
    ridge = 1e-3 * gains.size * _DISTURBANCE**2 * np.eye(inputs.shape[1])
    gradient: Numbers = np.asarray(np.linalg.solve(inputs.T @ inputs + ridge, inputs.T @ gains.ravel()), np.float64)
    return gradient - _COARSER * (gradient @ _COARSER) / (_COARSER @ _COARSER)


def _halved(values: Numbers) -> Numbers:
    """Return half the difference between what was found with each disturbance added and with it taken off."""
    added, taken = np.split(values[:, 2:], 2, axis=1)
    return np.asarray((added - taken) / 2, np.float64)


def _guard(now: Numbers, libjpeg: Numbers) -> float:
    """Return what a decibel of MS-SSIM counts for: nothing at 0.2 beyond libjpeg's, as much as 8 points far below."""
    rates, scores = libjpeg[..., 2], libjpeg[..., 1]
    ahead = [own - np.interp(rate, x, y) for (_, own, rate), x, y in zip(now, rates, scores, strict=True)]
    return float(np.clip(1 + 10 * (0.1 - np.mean(ahead)), 0, 8))


def _at_rate(parallel: joblib.Parallel, paths: list[Path], content: str, band: Band, numbers: Numbers) -> Numbers:
    """Return the tables made coarser or finer so that the pictures' mean bit rate is the band's."""
    for _ in range(4):
        each = joblib.delayed(_log_bits)
        found = parallel(each(path, content, numbers, band.subsampling) for path in paths)
        excess = float(np.mean(found) - np.log(band.bits))
        if abs(excess) < 0.004:  # noqa: PLR2004  (a fifth of a rung)
            break
        numbers = numbers + excess / 0.75 * _COARSER  # ln(bytes) falls by about 0.75 for a factor e
    return numbers


def _knots(content: str, learned: list[Numbers], qualities: list[float]) -> list[dict[str, Any]]:
    """Return the knots of a ladder: the bands by their rates, between the coarsest tables and the finest."""
    order = sorted(range(len(learned)), key=lambda i: (BANDS[content][i].bits, BANDS[content][i].subsampling))
    knots: list[dict[str, Any]] = [{"quality": 1, "subsampling": "4:2:0", "tables": [[255.0] * 64] * 3}]
    for index in order:
        subsampling, before = BANDS[content][index].subsampling, knots[-1]
        tables: Any = np.array(smooth_tables(learned[index])).round(2)
        quality = before["quality"]
        if before["subsampling"] == subsampling:
            # No divisor may rise with the quality, or the ladder would leave the order of its sizes.
            tables, quality = np.minimum(tables, before["tables"]), qualities[index]
        knots.append({"quality": quality, "subsampling": subsampling, "tables": tables.tolist()})
    return [*knots, {"quality": 100, "subsampling": knots[-1]["subsampling"], "tables": [[1.0] * 64] * 3}]


def _qualities(
    parallel: joblib.Parallel, paths: list[Path], content: str, learned: list[Numbers], libjpeg: Numbers
) -> list[float]:
    """Return for each band the quality at which libjpeg's own tables reach its mean SSIMULACRA2, in quarters."""
    scores = np.maximum.accumulate(libjpeg[..., 0].mean(axis=0))
    named = []
    for numbers, band in zip(learned, BANDS[content], strict=True):
        measure = joblib.delayed(_measured)
        found = np.array(parallel(measure(path, content, [numbers], band.subsampling) for path in paths))
        named.append(round(float(np.interp(found[..., 0].mean(), scores, _LIBJPEG_QUALITIES)) * 4) / 4)
    return named


def _report(
    parallel: joblib.Parallel, content: str, knots: list[dict[str, Any]], paths: list[Path], others: list[Path]
) -> str:
    """Return what the tables gain over libjpeg's own at equal bytes, on the pictures learned from and on others."""
    ladder = [Knot(knot["quality"], knot["subsampling"], tuple(map(tuple, knot["tables"]))) for knot in knots]
    rows = []
    for bits in REPORTED_BITS:
        for whose, some in (("learned from", paths), ("held out", others)):
            measured = parallel(joblib.delayed(_at_equal_bytes)(path, content, ladder, bits) for path in some)
            both = np.array([scores for scores in measured if scores is not None] or [[np.nan] * 4])
            plain, plain_guard, learned, guard = both.mean(axis=0)
            figures = [f"{plain:.1f}", f"{learned:.1f}", f"{learned - plain:+.1f}"]
            figures += [f"{plain_guard:.2f}", f"{guard:.2f}", f"{guard - plain_guard:+.2f}"]
            rows.append([f"{bits:g}, {whose}", str(len(both)), *figures])
    header = ["bits per pixel", "pictures", "SSIMULACRA2: libjpeg", "learned", "gain"]
    header += ["MS-SSIM (dB): libjpeg", "learned", "gain"]
    return f"{content}, at equal bytes, all progressive with optimised Huffman tables\n\n" + table(header, rows)


def _at_equal_bytes(path: Path, content: str, ladder: list[Knot], bits: float) -> list[float] | None:
    """Return SSIMULACRA2 and MS-SSIM with libjpeg's tables and with the learned ones within a bit rate, if both can."""
    picture, original = _view(path, content)
    budget = bits * picture.width * picture.height / 8

    def plain(quality: float) -> bytes:
        return _encoded(picture, quality=int(quality))

    def learned(quality: float) -> bytes:
        tables, subsampling = tables_at(ladder, quality)
        return _encoded(picture, qtables=tables, subsampling=subsampling)

    def best(encode: Callable[[float], bytes], qualities: Sequence[float]) -> list[float]:
        fits = bisect_right(qualities, budget, key=lambda quality: len(encode(quality)))
        if not fits:
            return []
        return [*_scores(original, encode(qualities[fits - 1]))]

    scores = best(plain, range(1, 101)) + best(learned, [i / 8 for i in range(8, 801)])
    return scores if len(scores) == 4 else None  # noqa: PLR2004  (two metrics, two tables)


def _as_json(record: dict[str, Any]) -> str:
    """Return JSON that a person can read: one line a knot."""
    lines = [f' "version": {record["version"]}']
    for content, knots in record.items():
        if content != "version":
            rows = ",\n  ".join(json.dumps(knot, separators=(",", ":")) for knot in knots)
            lines.append(f' "{content}": [\n  {rows}\n ]')
    return "{\n" + ",\n".join(lines) + "\n}\n"

"""PNG and GIF files fitted to a share of their own bytes, compared with the tools most people use for them.

The peers take a number of colours; bisection finds the largest that fits. A file counts with all its frames.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, replace
from functools import partial
from io import BytesIO
from math import exp, log
from statistics import fmean, median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import joblib
from PIL import Image

from bytefit.benchmarks.metrics import score_of_frames
from bytefit.benchmarks.peers import ColourPeer, colour_peer, largest_that_fits
from bytefit.errors import BytefitError, ConfigError, UnsupportedImage
from bytefit.fitting.compress import compress
from bytefit.pictures.frames import Frames, frames_of
from bytefit.training.corpus import find_files, limited
from bytefit.training.markdown import table
from bytefit.training.progress import tracked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from bytefit.fitting.result import Result
    from bytefit.training.corpus import CorpusFile

# The budget of a file, as a share of its bytes.
SHARES = {"PNG": 0.5, "GIF": 0.6}

# Larger images are left out: the time of oxipng grows with the pixels, and more files tell more.
MEGAPIXELS = 1.5

# Scores that differ by less look the same.
_SAME_LOOKS = 0.5

# A lossless version counts as equal up to this many times the size of the peer's.
_AS_SMALL = 1.03


@dataclass(frozen=True, slots=True)
class PeerAnswer:
    """What the peer made of one file; every field but `lossless` is None where no number of colours fits.

    Attributes:
        colours, size, score: its answer in the most colours that fit.
        frames_kept: whether frames, times and loop are those of the file.
        lossless: bytes of its smallest version without loss; None where it made none.
        score_of_bytefit: bytefit's score with the peer's size as the budget.
        seconds: the time of its search.
    """

    colours: int | None = None
    size: int | None = None
    score: float | None = None
    frames_kept: bool | None = None
    lossless: int | None = None
    score_of_bytefit: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class ShrunkFile:
    """One file, and what bytefit and the peer made of it; None where there is no answer, or no peer.

    Attributes:
        path, kind, source: the file.
        budget: the share of its bytes.
        size, quality, trials, score: bytefit's answer, the full encodes it took and its SSIMULACRA2.
        cost: the time of the whole answer over that of its slowest trial.
        frames_kept: whether frames, times and loop are those of the file.
        lossless: bytes of its smallest version without loss.
        seconds: the time of the answer, from the file's bytes to its own.
        peer: the peer's answer.
    """

    path: str
    kind: str
    source: str
    budget: int
    size: int | None = None
    quality: float | None = None
    trials: int | None = None
    score: float | None = None
    cost: float | None = None
    frames_kept: bool | None = None
    lossless: int | None = None
    seconds: float | None = None
    peer: PeerAnswer | None = None


def bench_shrink(
    folder: Path, *, formats: Sequence[str], limit: int | None = None, as_json: bool = False, jobs: int = -1
) -> str:
    """Fit the files of some formats below `folder` to the share of `SHARES` and return the report.

    Args:
        folder: see `bytefit.training.corpus`.
        formats: "PNG", "GIF" or both; one that no file has is left out.
        limit: at most this many files of every kind, chosen by the hashes of their names; None means all.
        as_json: every file as JSON, by format, instead of tables.
        jobs: processes to measure with; -1 means one per core.

    Raises:
        ConfigError: if no file is left to be measured.
    """
    by_format = {}
    for codec_format in dict.fromkeys(formats):
        found = [file for file in find_files([folder]) if _is_measured(file.path, codec_format)]
        if found:
            by_format[codec_format] = limited(found, limit)
    if not any(by_format.values()):
        names = " or ".join(formats)
        raise ConfigError(f"nothing to measure below {folder}: no {names} of at most {MEGAPIXELS} megapixels")
    reports, records = [], {}
    for codec_format, files in by_format.items():
        peer = colour_peer(codec_format)
        tasks = [joblib.delayed(_shrunk)(file, folder, codec_format, peer) for file in files]
        done = joblib.Parallel(n_jobs=jobs, return_as="generator")(tasks)
        rows = [row for row in tracked(done, codec_format, len(tasks)) if row is not None]
        left_out = len(tasks) - len(rows)
        records[codec_format] = {
            "peer": peer and peer.name,
            "left_out": left_out,
            "files": [asdict(row) for row in rows],
        }
        reports.append(
            _shrink_report(rows, codec_format, peer)
            + f"\n\nLeft out because they are too long or were refused: {left_out}."
        )
    return json.dumps(records, indent=1) if as_json else "\n\n".join(reports)


def _is_measured(path: Path, codec_format: str) -> bool:
    try:
        with Image.open(path, formats=[codec_format]) as image:
            return image.width * image.height <= MEGAPIXELS * 1e6
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False


def _shrunk(file: CorpusFile, folder: Path, codec_format: str, peer: ColourPeer | None) -> ShrunkFile | None:
    """Return the answers for one file; None where its frames do not fit into memory at once, or it is damaged."""
    budget = int(file.path.stat().st_size * SHARES[codec_format])
    values: dict[str, Any] = {
        "path": file.path.relative_to(folder).as_posix(),
        "kind": file.kind,
        "source": file.source,
        "budget": budget,
    }
    try:
        with Image.open(file.path) as image:
            source = frames_of(image).decoded()
    except (UnsupportedImage, OSError):
        return None
    started = perf_counter()
    answer = _compressed(file.path, budget)
    seconds = perf_counter() - started
    if answer is not None:
        values |= {
            "size": answer.size,
            "quality": answer.quality,
            "trials": len(answer.trials),
            "score": score_of_frames(source, answer.data),
            "cost": answer.seconds / max(trial.seconds for trial in answer.trials),
            "frames_kept": _keeps(source, answer.data),
            "seconds": seconds,
        }
    if (smallest := _smallest_lossless(file.path)) is not None:
        values["lossless"] = smallest
    if peer is not None:
        values["peer"] = _peer_answer(file.path, source, budget, peer)
    return ShrunkFile(**values)


def _smallest_lossless(path: Path) -> int | None:
    """Return the fewest bytes of a lossless file. Of several versions bytefit takes the first that fits."""
    smallest, budget = None, path.stat().st_size * 4
    while (answer := _compressed(path, budget, lossless=True)) is not None:
        smallest = answer.size
        budget = smallest - 1
    return smallest


def _peer_answer(path: Path, source: Frames, budget: int, peer: ColourPeer) -> PeerAnswer:
    lossless = peer.lossless(path)
    answer = PeerAnswer(lossless=None if lossless is None else len(lossless))
    started = perf_counter()
    colours, data = largest_that_fits(partial(peer.in_colours, path), budget, low=2, high=256)
    seconds = perf_counter() - started
    if data is None:
        return answer
    own = _compressed(path, len(data), slack=0.0)
    return replace(
        answer,
        colours=colours,
        size=len(data),
        score=score_of_frames(source, data),
        frames_kept=_keeps(source, data),
        score_of_bytefit=None if own is None else score_of_frames(source, own.data),
        seconds=seconds,
    )


def _compressed(path: Path, budget: int, **options: Any) -> Result | None:
    try:
        return compress(path, budget, metadata="strip", **options)
    except BytefitError:
        return None


def _keeps(source: Frames, data: bytes) -> bool:
    with Image.open(BytesIO(data)) as image:
        version = frames_of(image)
    return (version.durations, version.loop, len(version.pictures)) == (
        source.durations,
        source.loop,
        len(source.pictures),
    )


def _shrink_report(rows: Sequence[ShrunkFile], codec_format: str, peer: ColourPeer | None) -> str:
    kinds = Counter(row.kind for row in rows)
    sources = len({row.source for row in rows})
    what = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    parts = [
        f"{codec_format} to {SHARES[codec_format]:.0%} of its bytes: {len(rows)} files of {sources} sources ({what}).",
        table(
            ["", "reached", "over", "trials", "cost", "fill", "score", "frames kept"],
            [_kind_line(kind, [row for row in rows if row.kind == kind]) for kind in sorted(kinds)]
            + [_kind_line("all", rows)],
        ),
    ]
    if peer is None:
        parts.append(f"No peer for {codec_format} is installed, so there is nothing to compare with.")
    else:
        parts += [f"Compared with {peer.name}:", _compared_with_peer(rows)]
    return "\n\n".join(parts)


def _kind_line(name: str, rows: Sequence[ShrunkFile]) -> list[str]:
    """Return the line of a kind: files reached, over, mean trials, median cost and fill, mean score, frames kept."""
    reached = [row for row in rows if row.size is not None]
    kept = sum(bool(row.frames_kept) for row in reached)
    return [
        name,
        f"{len(reached)} of {len(rows)}",
        str(sum((row.size or 0) > row.budget for row in reached)),
        f"{fmean(row.trials or 0 for row in reached):.2f}" if reached else "-",
        f"{median(row.cost or 0 for row in reached):.2f}" if reached else "-",
        f"{median((row.size or 0) / row.budget for row in reached):.3f}" if reached else "-",
        f"{fmean(row.score or 0 for row in reached):.1f}" if reached else "-",
        f"{kept} of {len(reached)}",
    ]


def _compared_with_peer(rows: Sequence[ShrunkFile]) -> str:
    """Return the comparison with the peer: scores within the same budget and at its bytes, and lossless sizes."""
    pairs = [(row, row.peer) for row in rows if row.peer is not None]
    under = _differences((row.score, peer.score) for row, peer in pairs)
    at_its = _differences((peer.score_of_bytefit, peer.score) for _, peer in pairs)
    ratios = [row.lossless / peer.lossless for row, peer in pairs if row.lossless and peer.lossless]
    reached = sum(peer.size is not None for _, peer in pairs)
    whole = sum(bool(peer.frames_kept) for _, peer in pairs)
    lines = [
        f"* It reached {reached} of {len(rows)}; {whole} of these keep the frames, times and loop of the file.",
        f"* SSIMULACRA2 of bytefit above the peer's, within the same budget: {_spread_of_gains(under)}.",
        f"* The same with the peer's size as the budget: {_spread_of_gains(at_its)}.",
    ]
    times = [peer.seconds / row.seconds for row, peer in pairs if row.seconds and peer.seconds]
    if times:
        lines.append(
            f"* Time of its search over that of bytefit's answer: {median(times):.2f} in the median of {len(times)} "
            f"files, {min(times):.2f} at worst, bytefit slower with {sum(ratio < 1 for ratio in times)}."
        )
    if ratios:
        mean = exp(fmean(map(log, ratios)))
        larger = sum(ratio > _AS_SMALL for ratio in ratios)
        lines.append(
            f"* Lossless, bytefit's bytes over the peer's: {mean:.4f} in the geometric mean of {len(ratios)} files, "
            f"{larger} above {_AS_SMALL}, the worst {max(ratios):.3f}."
        )
    return "\n".join(lines)


def _differences(pairs: Iterable[tuple[float | None, float | None]]) -> list[float]:
    return [own - other for own, other in pairs if own is not None and other is not None]


def _spread_of_gains(gains: Sequence[float]) -> str:
    if not gains:
        return "no file was answered by both"
    worse = sum(gain < -_SAME_LOOKS for gain in gains)
    return (
        f"{fmean(gains):+.2f} in the mean, {median(gains):+.2f} in the median, {min(gains):+.1f} at worst, "
        f"{worse} of {len(gains)} below by more than {_SAME_LOOKS}"
    )

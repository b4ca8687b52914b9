"""The search benchmark: the same (picture, budget) cases through every strategy, side by side in one run.

Times are compared only inside one case, where the machine was the same for all; the report gives medians of ratios. The
strategies take turns at going first.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from functools import cache
from importlib import import_module
from statistics import fmean, median, quantiles
from typing import TYPE_CHECKING, Any

from bytefit.benchmarks.plot import Curve, curve_of, draw
from bytefit.benchmarks.published import PublishedModel, published_table
from bytefit.benchmarks.rows import BUDGET_BITS, EARLY, PROVEN, SIZE_CLASSES, STRATEGIES, Row
from bytefit.benchmarks.strategies import SLACK, Answer, Case
from bytefit.codecs import LEARNED, Codec, codec_for_format
from bytefit.codecs.preparing import prepare
from bytefit.errors import ConfigError, UnsupportedImage
from bytefit.resources import models_folder
from bytefit.seeding.model import shipped_model
from bytefit.sources.reading import read_picture
from bytefit.training.corpus import CorpusFile, find_files, limited
from bytefit.training.markdown import table
from bytefit.training.measurement import knots, viewed
from bytefit.training.progress import tracked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from PIL import Image


def bench_search(
    folder: Path, *, formats: list[str] | None, limit: int | None, as_json: bool, plot: Path | None = None
) -> str:
    """Run every strategy on the images below `folder` and return the report.

    Images from a source that the shipped models were trained on are left out. A tiny piece of each image is fitted too,
    since folders of photographs hold no icons.

    Args:
        folder: see `bytefit.training.corpus`.
        formats: the codecs to compare; None means all.
        limit: at most this many images of every kind, chosen by the hashes of their names; None means all.
        as_json: every row as JSON instead of tables.
        plot: the file to draw the comparison to, with the curves of one image; None draws nothing.

    Raises:
        ConfigError: if no image is left to be measured, or there is no model of a format.
    """
    if plot is not None:
        import_module("matplotlib")  # fails now, not after all the measuring
    codecs = [codec_for_format(name) for name in formats] if formats else list(LEARNED)
    for codec in codecs:
        if codec not in LEARNED:
            known = ", ".join(one.format for one in LEARNED)
            raise ConfigError(f"cannot compare strategies for {codec.format}: there are models of {known}; give these")
    files = limited([file for file in find_files([folder]) if not _trained_on(file, codecs)], limit)
    rows: list[Row] = []
    skipped: dict[str, int] = {}
    for codec in codecs if files else ():
        rows += _of_codec(codec, files, skipped)
    if not rows:
        raise ConfigError(f"nothing to measure below {folder}: no readable image of a source the models do not know")
    if plot is not None:
        draw(rows, _curves(codecs, rows, files), plot)
    if as_json:
        return json.dumps({"left_out": skipped, "rows": [asdict(row) for row in rows]}, indent=1)
    return _search_report(rows, skipped)


def _of_codec(codec: Codec, files: list[CorpusFile], skipped: dict[str, int]) -> list[Row]:
    """Run every strategy of one codec on all files; `skipped` counts the cases that tell nothing."""
    rows: list[Row] = []
    published = _published(codec.format)
    for turn, file in enumerate(tracked(files, codec.format, len(files))):
        try:
            picture = prepare(codec, read_picture(file.path))
        except UnsupportedImage:
            skipped["pictures refused"] = skipped.get("pictures refused", 0) + 1
            continue
        for kind, seen in _pieces(file, picture):
            for bits in BUDGET_BITS:
                case = Case(codec, seen, max(1, int(seen.width * seen.height * bits / 8)))
                answers = _answers_of_case(case, published, turn)
                if isinstance(answers, str):
                    skipped[answers] = skipped.get(answers, 0) + 1
                else:
                    rows += _rows(file, kind, case, bits, answers)
    return rows


def _pieces(file: CorpusFile, picture: Image.Image) -> Iterator[tuple[str, Image.Image]]:
    """Yield what is fitted, with its kind: the whole picture, and a tiny piece unless the picture is tiny itself."""
    yield file.kind, picture
    piece = viewed(picture, "tiny", file.path.name)
    if piece is not None:
        yield "tiny piece", piece


def _curves(codecs: list[Codec], rows: list[Row], files: list[CorpusFile]) -> list[Curve]:
    """Return for each codec the curves of the first image that was fitted, with one of its budgets."""
    drawn = []
    for codec in codecs:
        fitted = {(row.path, row.kind, row.source): row for row in rows if row.codec == codec.format}
        for file in files:
            # A tiny piece has a kind of its own.
            row = fitted.get((file.path.name, file.kind, file.source))
            if row is not None:
                curve = curve_of(codec, prepare(codec, read_picture(file.path)), row.budget)
                drawn.append(replace(curve, title=f"{row.path} to {row.budget:,} bytes"))
                break
    return drawn


def _trained_on(file: CorpusFile, codecs: list[Codec]) -> bool:
    models = [shipped_model(codec.format) for codec in codecs]
    return any(file.source in model.sources for model in models if model is not None)


@cache
def _published(codec_format: str) -> PublishedModel:
    codec = codec_for_format(codec_format)
    rows = json.loads((models_folder() / "published-attempt.json").read_bytes())[codec_format]
    return PublishedModel(codec, knots(codec), rows)


def _answers_of_case(case: Case, published: PublishedModel, turn: int) -> dict[str, Answer] | str:
    """Return the answer of every strategy, or the reason why the case tells nothing."""
    answers: dict[str, Answer | None] = {}

    def bisect() -> None:
        answers["bisection"], answers[EARLY] = case.bisection()

    steps: list[Callable[[], None]] = [
        bisect,
        lambda: answers.update({"mean curve": case.with_mean_curve()}),
        lambda: answers.update({"full-feature GBR": case.with_published(published)}),
        lambda: answers.update({"bytefit": case.with_bytefit()}),
        lambda: answers.update({PROVEN: case.with_bytefit(slack=0)}),
    ]
    for step in range(len(steps)):
        steps[(step + turn) % len(steps)]()
        if None in answers.values():
            return "budgets for a file without loss, or next to none"
        best = answers.get("bytefit")
        if best is not None and best.size > case.budget:
            return "budgets no encoding reaches"
        if best is not None and best.quality == case.codec.ladder[-1]:
            return "budgets above the largest encoding"
    return {name: answer for name in STRATEGIES if (answer := answers[name]) is not None}


def _rows(file: CorpusFile, kind: str, case: Case, bits: float, answers: dict[str, Answer]) -> Iterator[Row]:
    one = median(case.encode(answers["bytefit"].quality).seconds for _ in range(3))
    for name, answer in answers.items():
        yield Row(
            codec=case.codec.format,
            path=file.path.name,
            kind=kind,
            source=file.source,
            megapixels=case.picture.width * case.picture.height / 1e6,
            bits=bits,
            budget=case.budget,
            strategy=name,
            answer=answer,
            cost=answer.seconds / one,
            speed_up=answers["bisection"].seconds / answer.seconds,
            speed_up_early=answers[EARLY].seconds / answer.seconds,
        )


def _search_report(rows: list[Row], skipped: dict[str, int]) -> str:
    parts = []
    for codec in dict.fromkeys(row.codec for row in rows):
        of_codec = [row for row in rows if row.codec == codec]
        by_strategy = {name: [row for row in of_codec if row.strategy == name] for name in STRATEGIES}
        parts.append(f"{codec}: {len(of_codec) // len(STRATEGIES)} cases\n\n" + _group_table(by_strategy))
        parts.append(f"{codec}, bytefit:\n\n" + _group_table(_groups(by_strategy["bytefit"]), counted=True))
        if lines := published_table(of_codec):
            parts.append(f"{codec}, in the columns of the published attempt (0.3 bpp, bytefit as ML):\n\n" + lines)
    left = "; ".join(f"{count} {what}" for what, count in sorted(skipped.items())) or "none"
    return "\n\n".join([*parts, f"Left out: {left}."])


def _groups(rows: list[Row]) -> dict[str, list[Row]]:
    """Return the rows of each size class, kind and budget, by its name."""
    groups = {}
    for low, (name, high) in zip((0.0, *(bound for _, bound in SIZE_CLASSES)), SIZE_CLASSES, strict=False):
        groups[f"{name} ({low:g}-{high:g} MP)"] = [row for row in rows if low <= row.megapixels < high]
    for kind in sorted({row.kind for row in rows}):
        groups[kind] = [row for row in rows if row.kind == kind]
    for bits in BUDGET_BITS:
        groups[f"{bits:g} bpp"] = [row for row in rows if row.bits == bits]
    return {name: group for name, group in groups.items() if group}


def _group_table(groups: dict[str, list[Row]], *, counted: bool = False) -> str:
    header = ["", "trials", "cost", "p90", "fill", "over", "unproven", "error", "speed-up", "early", "slower", "least"]
    return table(
        header,
        [_group_line(f"{name}: {len(rows)}" if counted else name, rows) for name, rows in groups.items()],
    )


def _group_line(name: str, rows: list[Row]) -> list[str]:
    """Return a line of a table.

    Mean trials, median and p90 of the cost in encodes, median fill, answers over budget, answers below the slack that
    are not proven the best rung, median error of ln(bytes), median speed-up over full bisection and over bisection that
    stops inside the slack, share of cases slower than full bisection, and the least speed-up.
    """
    costs = [row.cost for row in rows]
    errors = [abs(row.answer.error) for row in rows if row.answer.error is not None]
    figures: dict[str, Any] = {
        "trials": f"{fmean(row.answer.trials for row in rows):.2f}",
        "cost": f"{median(costs):.2f}",
        "p90": f"{quantiles(costs, n=10)[-1]:.2f}" if len(costs) > 1 else "-",
        "fill": f"{median(row.fill for row in rows):.3f}",
        "over": str(sum(row.fill > 1 for row in rows)),
        "unproven": str(sum(row.fill < 1 - SLACK and not row.answer.proven for row in rows)),
        "error": f"{median(errors):.3f}" if errors else "-",
        "speed-up": f"{median(row.speed_up for row in rows):.2f}x",
        "early": f"{median(row.speed_up_early for row in rows):.2f}x",
        "slower": f"{fmean(row.speed_up < 1 for row in rows):.1%}",
        "least": f"{min(row.speed_up for row in rows):.2f}x",
    }
    return [name, *figures.values()]

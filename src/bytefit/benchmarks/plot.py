"""The benchmark as a figure: the cost of every strategy, and predicted curves beside true ones.

This module knows rows and curves, not how they were measured. The functions that draw import matplotlib.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle
from math import exp
from statistics import fmean, median, quantiles
from typing import TYPE_CHECKING, Any

from bytefit.benchmarks.strategies import SLACK, Case
from bytefit.codecs.codec import LOSSLESS
from bytefit.fitting.compress import compress
from bytefit.messages import format_size
from bytefit.seeding.sampling import sample_of
from bytefit.seeding.with_model import seed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from PIL import Image

    from bytefit.benchmarks.rows import Row
    from bytefit.codecs import Codec

    Summary = Callable[[list[float]], float]

# The figure's width and the height of a row of panels, in inches: 1600 pixels wide on a page.
WIDTH, HEIGHT, DPI = 16.0, 5.4, 100

# True curves are drawn through this many rungs: enough to show the bends in a few seconds instead of a minute.
RUNGS = 24

# Colours that can be told apart with any colour vision (Okabe and Ito, "Color universal design", 2008).
BLUE, SKY, ORANGE, GREEN, VERMILION = "#0072B2", "#56B4E9", "#E69F00", "#009E73", "#D55E00"
STRATEGY_COLOURS = (BLUE, SKY, ORANGE, GREEN, VERMILION, "#CC79A7")
TRIAL_COLOUR = VERMILION

_STYLE = {
    "font.size": 12.0,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "0.9",
    "legend.frameon": False,
    "figure.constrained_layout.w_pad": 0.12,
}


@dataclass(frozen=True, slots=True)
class Curve:
    """One picture's curve, true and predicted, and the search for a budget on it.

    Attributes:
        codec: Pillow's name of the format.
        title: the title of its panel.
        qualities: the qualities of some rungs, rising.
        true_bytes: the size of the picture at each.
        predicted_bytes: the predicted size at each.
        budget: in bytes.
        trials: the quality and the bytes of the full encodes that the search made, in order.
    """

    codec: str
    title: str
    qualities: list[float]
    true_bytes: list[int]
    predicted_bytes: list[float]
    budget: int
    trials: list[tuple[float, int]]


def curve_of(codec: Codec, picture: Image.Image, budget: int) -> Curve:
    """Encode `picture` all along the ladder, predict its curve and fit it to `budget` bytes, as a user does.

    Args:
        codec: the codec; it takes its settings for graphics where the picture is one.
        picture: in the mode the codec encodes, upright.
        budget: in bytes; a budget that no encoding reaches is drawn too.
    """
    case = Case(codec, picture, budget)
    ladder, setting = case.codec.ladder, case.codec.setting
    rungs = sorted({step * (len(ladder) - 1) // (RUNGS - 1) for step in range(RUNGS)})
    predicted = seed(
        case.codec, picture, sample_of(codec, picture), budget=budget, min_accept=case.min_accept, first=0
    ).curve
    result = compress(picture, budget, format=codec.format, slack=SLACK, on_unreachable="smallest", metadata="strip")
    settings: list[Mapping[str, Any]] = [setting(quality, picture.mode) for quality in ladder]
    return Curve(
        codec=codec.format,
        title=f"{picture.width}x{picture.height} pixels to {format_size(budget)}",
        qualities=[ladder[rung] for rung in rungs],
        true_bytes=[case.encode(ladder[rung]).size for rung in rungs],
        predicted_bytes=[exp(predicted[rung]) for rung in rungs],
        budget=budget,
        trials=[(_quality(trial.setting, settings, ladder), trial.size) for trial in result.trials],
    )


def _quality(setting: Mapping[str, Any], settings: Sequence[Mapping[str, Any]], ladder: Sequence[float]) -> float:
    """Return the quality of a trial; a lossless one, in a format with a lossy ladder, stands at the ladder's end."""
    return ladder[settings.index(setting)] if setting in settings else LOSSLESS


def draw(rows: Sequence[Row], curves: Sequence[Curve], path: Path) -> None:
    """Write the figure of `figure_of` as a PNG: the same bytes for the same arguments, whatever the user's style is."""
    from matplotlib import style

    with style.context(["default", _STYLE]):
        figure_of(rows, curves).savefig(path, format="png", metadata={"Software": None})


def figure_of(rows: Sequence[Row], curves: Sequence[Curve]) -> Figure:
    """Return the trials and the cost by codec and strategy, and below them a panel for every curve.

    Args:
        rows: of any codecs and strategies, drawn in order of first appearance; without rows there are no such panels.
        curves: drawn side by side, so one per codec; without curves there are no such panels.
    """
    # Without pyplot, which looks for a screen: Agg saves a figure as PNG without one.
    from matplotlib.figure import Figure

    count = bool(rows) + bool(curves)
    figure = Figure(figsize=(WIDTH, HEIGHT * count), dpi=DPI, layout="constrained")
    parts = figure.subfigures(count, 1, squeeze=False)[:, 0]
    if rows:
        _draw_strategies(parts[0], rows)
        _add_legend(parts[0])
    if curves:
        for axes, curve in zip(parts[-1].subplots(1, len(curves), squeeze=False)[0], curves, strict=True):
            _draw_curve(axes, curve)
        _add_legend(parts[-1])
    return figure


def _draw_strategies(part: SubFigure, rows: Sequence[Row]) -> None:
    trials, cost = part.subplots(1, 2)
    trials.set(title="Trials of an answer, mean", ylabel="trials (full encodes)")
    cost.set(title="Cost of an answer, median and line to the 90th percentile", ylabel="cost (times one encode)")
    _draw_bars(trials, rows, lambda row: row.answer.trials, fmean)
    _draw_bars(cost, rows, lambda row: row.cost, median, _p90)
    for bars in trials.containers:
        trials.bar_label(bars, fmt="%.1f", padding=2, fontsize=11)


def _draw_bars(
    axes: Axes, rows: Sequence[Row], value: Callable[[Row], float], middle: Summary, end: Summary | None = None
) -> None:
    """Draw a bar up to the middle of every group's values, and a line from there to their end."""
    groups: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        groups.setdefault(row.strategy, {}).setdefault(row.codec, []).append(value(row))
    codecs = list(dict.fromkeys(row.codec for row in rows))
    width = 0.84 / len(groups)
    for place, ((strategy, by_codec), colour) in enumerate(zip(groups.items(), cycle(STRATEGY_COLOURS), strict=False)):
        centres = [codecs.index(codec) + (place - (len(groups) - 1) / 2) * width for codec in by_codec]
        heights = [middle(values) for values in by_codec.values()]
        axes.bar(centres, heights, 0.9 * width, color=colour, label=strategy)
        if end is not None:
            axes.vlines(centres, heights, [end(values) for values in by_codec.values()], color="black", linewidth=1.5)
    cases = [max(len(by_codec.get(codec, ())) for by_codec in groups.values()) for codec in codecs]
    axes.set_xticks(range(len(codecs)), [f"{codec}, n = {n}" for codec, n in zip(codecs, cases, strict=True)])
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="y")


def _p90(values: list[float]) -> float:
    """Return the 90th percentile, as in the benchmark's tables."""
    return quantiles(values, n=10)[-1] if len(values) > 1 else values[0]


def _draw_curve(axes: Axes, curve: Curve) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator

    axes.set(title=f"{curve.codec}: {curve.title}", xlabel="quality (the codec's own scale)", ylabel="file size (kB)")
    axes.set_yscale("log", subs=[])
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda size, _: f"{size / 1000:g}"))
    axes.axhline(curve.budget, color="black", linewidth=1, label="budget")
    axes.axhline(curve.budget * (1 - SLACK), color="0.6", linewidth=1, label=f"{1 - SLACK:.0%} of it")
    axes.plot(curve.qualities, curve.true_bytes, color=BLUE, linewidth=3, label="true curve")
    axes.plot(curve.qualities, curve.predicted_bytes, "--", color=ORANGE, linewidth=2, label="predicted curve")
    tried, sizes = ([trial[at] for trial in curve.trials] for at in (0, 1))
    axes.plot(tried, sizes, "o", color=TRIAL_COLOUR, markersize=9, markeredgecolor="white", label="trials")


def _add_legend(part: SubFigure) -> None:
    """Add the legend of the first panel outside the panels: it is the same for all."""
    handles, labels = part.axes[0].get_legend_handles_labels()
    part.legend(handles, labels, loc="outside upper center", ncols=len(labels))

"""`bytefit explain`: why an image gets the quality that it gets, in words and as a plot. It writes no image."""

from __future__ import annotations

from math import exp
from pathlib import Path
from typing import TYPE_CHECKING

from bytefit.cli.explaining import why
from bytefit.cli.options import (
    FINE,
    OVER,
    TARGET_HELP,
    add_fitting_options,
    fitting_options,
    summary_line,
    target_argument,
)
from bytefit.errors import BudgetUnreachable, ConfigError
from bytefit.messages import format_size, one_line

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from bytefit.codecs import Trial
    from bytefit.fitting.log import Predicted, Trying
    from bytefit.fitting.result import Result

# Colours that everybody can distinguish, with any colour vision (Okabe and Ito, "Color universal design", 2008).
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"

_SUFFIXES = (".png", ".svg", ".pdf")

STYLE = {
    "font.size": 10.0,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "0.92",
    "axes.axisbelow": True,
    "legend.frameon": False,
    "svg.hashsalt": "bytefit",
    "svg.fonttype": "none",
}


def add_explain(explain: argparse.ArgumentParser) -> None:
    """Add the arguments of `bytefit explain`."""
    explain.add_argument("path", metavar="IMAGE", help="the image file; it stays as it is")
    explain.add_argument("--to", type=target_argument, required=True, metavar="SIZE", help=TARGET_HELP)
    explain.add_argument("-o", "--output", metavar="FILE", help="as if it were written here; nothing is written")
    explain.add_argument(
        "--plot",
        metavar="FILE",
        help="draw the predicted curve, the probes, the trials and the budget: .png, .svg or .pdf; needs bytefit[plot]",
    )
    add_fitting_options(explain)
    explain.set_defaults(run=_explain)


class _Searches:
    """What was seen of the searches for an answer: each prediction, and the trials that followed it."""

    def __init__(self) -> None:
        self.seen: list[tuple[Predicted, list[Trial]]] = []
        self._belongs = False

    def hear(self, event: Predicted | Trying | Trial) -> None:
        """Keep what a plot shows."""
        from bytefit.codecs import Trial
        from bytefit.fitting.log import Predicted, Trying

        if isinstance(event, Predicted):
            self.seen.append((event, []))
        elif isinstance(event, Trying):
            # Further sizes are tried to explain a failure; they follow no prediction.
            made, last = event[2:], self.seen[-1][0] if self.seen else None
            self._belongs = last is not None and (event.format, *made) == (last.format, last.width, last.height)
        elif isinstance(event, Trial) and self._belongs:
            self.seen[-1][1].append(event)

    def of(self, result: Result | None) -> tuple[Predicted, list[Trial]] | None:
        """Return the search that led to a result, or the first one if nothing fits; None if there was none."""
        if result is None:
            return next(iter(self.seen), None)
        made = (result.format, result.width, result.height)
        found = [
            (predicted, trials)
            for predicted, trials in self.seen
            if (predicted.format, predicted.width, predicted.height) == made
            and result.size in {trial.size + result.padded for trial in trials}
        ]
        return next(iter(found), None)


def _explain(arguments: argparse.Namespace) -> int:
    from bytefit.files.compress_file import compress_file
    from bytefit.fitting.log import watching

    if arguments.plot is not None:
        _check_plot(arguments.plot, arguments.path)
    searches, options = _Searches(), fitting_options(arguments)
    try:
        with watching(searches.hear):
            outcome = compress_file(arguments.path, arguments.to, output=arguments.output, dry_run=True, **options)
    except BudgetUnreachable:
        if arguments.plot is not None and searches.seen:
            _write_plot(arguments, *searches.seen[0], None)
        raise
    print(summary_line(outcome))
    if (result := outcome.result) is not None:
        for line in why(result, outcome.after, outcome.budget, options):
            print(line)
    if arguments.plot is not None:
        search = None if result is None else searches.of(result)
        if search is None:
            raise ConfigError("there is no curve to draw: the answer was found without a search; use a smaller SIZE")
        _write_plot(arguments, *search, result)
    return FINE if outcome.fits else OVER


def _check_plot(plot: str, image: str) -> None:
    """Refuse a plot that cannot be drawn, before the work begins.

    Raises:
        ConfigError: if the suffix is unknown, or the plot would take the place of the image.
        ModuleNotFoundError: if matplotlib is not installed.
    """
    import matplotlib as mpl

    if Path(plot).suffix.lower() not in _SUFFIXES:
        raise ConfigError(f"cannot draw a plot as {plot}: use one of {', '.join(_SUFFIXES)}")
    if Path(plot).exists() and Path(image).exists() and Path(plot).samefile(image):
        raise ConfigError(f"the plot would replace the image {image}: give it another name")
    mpl.use("agg")  # a file needs no screen


def _write_plot(
    arguments: argparse.Namespace, predicted: Predicted, trials: Sequence[Trial], result: Result | None
) -> None:
    from io import BytesIO

    from matplotlib import style
    from matplotlib.figure import Figure

    from bytefit.files.atomic import write_atomically

    name = one_line(Path(arguments.path).name)
    pixels = f"{predicted.width}x{predicted.height} pixels"
    with style.context(["default", STYLE]):
        figure = Figure(figsize=(7.2, 4.2), dpi=150, layout="constrained")
        axes = figure.subplots()
        _draw(axes, predicted, trials, result)
        title = f"{name}, {pixels}, to {format_size(predicted.budget)} as {predicted.format}"
        axes.set_title(title, parse_math=False)
        drawn = BytesIO()
        figure.savefig(drawn, format=Path(arguments.plot).suffix[1:].lower())
    write_atomically(arguments.plot, drawn.getvalue())


def _draw(axes: Axes, predicted: Predicted, trials: Sequence[Trial], result: Result | None) -> None:
    """Draw a search: sizes in kB along the qualities of the ladder."""
    from matplotlib.ticker import FuncFormatter, LogLocator

    most = predicted.budget / 1000
    axes.axhspan(predicted.enough / 1000, most, color=ORANGE, alpha=0.3, linewidth=0, label="budget and its slack")
    axes.axhline(most, color=ORANGE, linewidth=1)
    sizes = [(exp(value) + predicted.overhead) / 1000 for value in predicted.curve]
    axes.plot(predicted.ladder[: len(sizes)], sizes, "--", color=BLUE, label="predicted curve")
    for number, probe in enumerate(predicted.probes):
        label = None if number else "probes of a part, by their bytes"
        edge = axes.get_yaxis_transform()
        axes.plot([0.985], [probe.size / 1000], linestyle="", marker="<", color=GREEN, transform=edge, label=label)
    known = [(trial.quality, trial.size / 1000) for trial in trials if trial.quality is not None]
    qualities, kilobytes = ([one[at] for one in known] for at in (0, 1))
    axes.plot(qualities, kilobytes, "o", color=VERMILION, label="trials, in order")
    for number, place in enumerate(known, 1):
        above = number % 2 == 0  # neighbours keep apart
        axes.annotate(str(number), place, textcoords="offset points", xytext=(6, 6 if above else -14))
    if result is not None:
        kept = f"answer: quality {result.quality:g}, {format_size(result.size)}"
        axes.plot(
            *([result.quality], [result.size / 1000], "o"), markersize=11, fillstyle="none", color="black", label=kept
        )
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda size, _: f"{size:g}"))
    axes.set(xlabel="quality, on the codec's own scale", ylabel="file size in kB")
    axes.legend(loc="upper left", fontsize=9)

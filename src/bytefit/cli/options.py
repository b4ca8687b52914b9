"""What the commands share: exit codes, the options of a fit, and how its outcome is told."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from bytefit.errors import BytefitError
from bytefit.messages import format_size
from bytefit.options import EFFORTS, ON_UNREACHABLE, POLICIES
from bytefit.sizes import parse_size

if TYPE_CHECKING:
    from bytefit.files.compress_file import Outcome

FINE, OVER, WRONG = 0, 1, 2

_NAMES = (
    *("slack", "min_quality", "min_score", "resize", "min_width", "max_width", "max_height"),
    *("effort", "metadata", "on_unreachable"),
)


def add_fitting_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `bytefit.compress`; those that are not given are not among the arguments."""

    def add(name: str, **settings: Any) -> None:
        parser.add_argument(name, default=argparse.SUPPRESS, **settings)

    add("--slack", type=float, metavar="SHARE", help="budget that may stay unused: 0.05")
    add("--min-quality", type=float, metavar="Q", help="the least quality, on the codec's own scale")
    add("--min-score", type=float, metavar="S", help="the least SSIMULACRA2 score (needs metrics)")
    add("--resize", action="store_true", help="scale down where that looks better, or is needed")
    add("--min-width", type=int, metavar="PIXELS", help="with --resize: the least width")
    add("--max-width", type=int, metavar="PIXELS", help="with --resize: the most width")
    add("--max-height", type=int, metavar="PIXELS", help="with --resize: the most height")
    add("--effort", choices=EFFORTS, help="time for quality: normal")
    add("--metadata", choices=POLICIES, help="what is kept of EXIF, ICC, XMP ...: keep")
    add("--on-unreachable", choices=ON_UNREACHABLE, help="what to do then: error")


def fitting_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the options of `bytefit.compress` that were given."""
    return {name: value for name, value in vars(arguments).items() if name in _NAMES}


def size(text: str) -> int:
    """Return the bytes of a size on the command line."""
    try:
        return parse_size(text)
    except BytefitError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def reason(error: OSError) -> str:
    """Return in one line what the system refused."""
    where = f"{error.filename}: " if error.filename is not None else ""
    return f"{where}{(error.strerror or str(error)).lower()}"


def told(outcome: Outcome) -> str:
    """Return what happened to a file in one line."""
    sizes = f"{format_size(outcome.before)} -> {format_size(outcome.after)}"
    if outcome.result is None and outcome.after == outcome.before and outcome.output == outcome.path:
        return f"{outcome.path}: {format_size(outcome.before)} fits {format_size(outcome.budget)} as it is, left alone"
    if outcome.result is None:
        return f"{outcome.output}: {sizes} (the same picture, without loss, no trial, {outcome.seconds:.2f} s)"
    result = outcome.result
    detail = f"{result.format} quality {result.quality:g}"
    if result.scale < 1:
        detail += f" at {result.width}x{result.height}"
    if result.score is not None:
        detail += f", score {result.score:.1f}"
    trials = "1 trial" if len(result.trials) == 1 else f"{len(result.trials)} trials"
    over = "" if outcome.fits else f", still over its budget of {format_size(outcome.budget)}"
    return f"{outcome.output}: {sizes}{over} ({detail}, {trials}, {result.seconds:.2f} s)"

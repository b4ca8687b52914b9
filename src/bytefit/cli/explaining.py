"""Why a search ended where it did: its trials with their sizes, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bytefit.messages import format_size
from bytefit.options import Options

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bytefit.fitting.result import Encode, Result


def why(encode: Encode | Result | None, size: int, budget: int, options: Mapping[str, Any]) -> Iterator[str]:
    """Yield the trials of an answer, and why it is the answer, each in a line.

    Args:
        encode: how the answer was encoded; None if nothing was encoded.
        size: its bytes.
        budget: the most bytes it was allowed to have.
        options: the options that it was encoded with.
    """
    if encode is None:
        yield "  no trial: the same pixels in fewer bytes fit"
        return
    if encode.probes:
        seconds = sum(probe.seconds for probe in encode.probes)
        yield f"  {_count(len(encode.probes), 'probe')} in {seconds:.2f} s seeded the search"
    for number, trial in enumerate(encode.trials, 1):
        quality = "" if trial.quality is None else f"quality {trial.quality:g}, "
        fits = "fits" if trial.size <= budget else f"{format_size(trial.size - budget)} over"
        kept = ", kept" if trial.size == size and trial.quality == encode.quality else ""
        yield f"  trial {number}: {quality}{format_size(trial.size)}, {fits}{kept} ({trial.seconds:.2f} s)"
    slack = options.get("slack", Options._field_defaults["slack"])
    yield f"  {_end(encode, size, budget, slack)}"


def _end(encode: Encode | Result, size: int, budget: int, slack: float) -> str:
    """Return why the search ended."""
    if size > budget:
        return f"nothing fits {format_size(budget)}: this is the smallest encoding"
    unused = f"{1 - size / budget:.1%} of {format_size(budget)} is unused"
    if encode.lossless:
        return f"{unused}; every pixel is kept"
    if encode.proven:
        return f"{unused}; the next quality is over the budget, or there is none"
    if size >= budget * (1 - slack):
        return f"{unused}, which is within the slack; --slack 0 looks for more"
    return f"{unused}; no higher quality promised to fit, or was allowed"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"

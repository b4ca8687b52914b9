"""The answers of tools and their scores, as tables for people and as JSON for programs.

This module knows numbers only: other modules encode and score.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from bytefit.training.markdown import table

if TYPE_CHECKING:
    from collections.abc import Sequence

# Every tool is compared with this one over the cases that both answered: a plain mean would reward a tool for missing
# the hard cases.
BASELINE = "Pillow progressive"

METRICS = {
    "ssimulacra2": "SSIMULACRA2",
    "ms_ssim": "MS-SSIM of luma, in decibel",
    "psnr_hvs": "PSNR-HVS of luma, in decibel",
    "butteraugli": "Butteraugli's distance, where less is better",
}


@dataclass(frozen=True, slots=True)
class Scored:
    """One case, a picture and a budget, and what one tool answered.

    Attributes:
        path, kind, source: the picture; its path is the one below the folder.
        bits, budget: the budget, in bits per pixel and in bytes.
        tool, format: the tool, and the format it writes.
        size: bytes of the answer; None, as all below, where there was none.
        width, height: its own dimensions, in pixels.
        ssimulacra2, ms_ssim, psnr_hvs: its scores at the dimensions of the picture.
        butteraugli: its distance from the picture; None where no program to measure it is installed.
    """

    path: str
    kind: str
    source: str
    bits: float
    budget: int
    tool: str
    format: str
    size: int | None = None
    width: int | None = None
    height: int | None = None
    ssimulacra2: float | None = None
    ms_ssim: float | None = None
    psnr_hvs: float | None = None
    butteraugli: float | None = None

    @property
    def fits(self) -> bool:
        """Whether there is an answer within the budget; only such answers count in a mean."""
        return self.size is not None and self.size <= self.budget

    @property
    def over(self) -> bool:
        """Whether there is an answer, and it is over the budget."""
        return self.size is not None and self.size > self.budget

    @property
    def fill(self) -> float:
        """Bytes over budget; 0 where there is no answer."""
        return (self.size or 0) / self.budget


def looks_json(rows: Sequence[Scored], left_out: int) -> str:
    """Return every case as JSON, with the numbers of pictures, of sources and of files left out."""
    return json.dumps({**_counts(rows, left_out), "cases": [asdict(row) for row in rows]}, indent=1)


def looks_report(rows: Sequence[Scored], left_out: int) -> str:
    """Return the tables of all tools: mean scores, mean gains over `BASELINE`, and how they kept to the budgets."""
    counts = _counts(rows, left_out)
    size = f"{counts['images']} images of {counts['sources']} sources, {left_out} files left out."
    parts = [f"{size} Means are over the answers within the budget, by bits per pixel."]
    for metric, title in METRICS.items():
        scores = {
            _case(row): float(getattr(row, metric)) for row in rows if row.fits and getattr(row, metric) is not None
        }
        if not scores:
            continue
        gains = _gains_over_baseline(scores)
        parts.append(f"{title}:\n\n" + _by_rate(rows, scores, "{:.2f}"))
        if gains:
            parts.append(f"{title}, over {BASELINE} where both answered:\n\n" + _by_rate(rows, gains, "{:+.2f}"))
    return "\n\n".join([*parts, "Bytes; fill is the mean of the answers within the budget:\n\n" + _tally(rows)])


def _counts(rows: Sequence[Scored], left_out: int) -> dict[str, int]:
    images, sources = {row.path for row in rows}, {row.source for row in rows}
    return {"images": len(images), "sources": len(sources), "left_out": left_out}


def _case(row: Scored) -> tuple[str, str, float]:
    return row.tool, row.path, row.bits


def _gains_over_baseline(scores: dict[tuple[str, str, float], float]) -> dict[tuple[str, str, float], float]:
    """Return the score of each case minus that of `BASELINE`, where that answered it too."""
    return {
        (tool, path, bits): score - scores[BASELINE, path, bits]
        for (tool, path, bits), score in scores.items()
        if (BASELINE, path, bits) in scores
    }


def _by_rate(rows: Sequence[Scored], values: dict[tuple[str, str, float], float], style: str) -> str:
    """Return a table of the mean value of every tool at every bit rate."""
    tools, rates = dict.fromkeys(row.tool for row in rows), dict.fromkeys(row.bits for row in rows)

    def cell(tool: str, rate: float) -> str:
        of_both = [value for (who, _, bits), value in values.items() if (who, bits) == (tool, rate)]
        return style.format(fmean(of_both)) if of_both else "-"

    return table(
        ["", *(f"{rate:g}" for rate in rates)], [[tool, *(cell(tool, rate) for rate in rates)] for tool in tools]
    )


def _tally(rows: Sequence[Scored]) -> str:
    return table(
        ["", "cases", "fill", "over", "missed"],
        [_kept(tool, [row for row in rows if row.tool == tool]) for tool in dict.fromkeys(row.tool for row in rows)],
    )


def _kept(tool: str, rows: Sequence[Scored]) -> list[str]:
    """Return how a tool kept to its budgets: cases, mean fill, answers over the budget, cases without an answer."""
    fills = [row.fill for row in rows if row.fits]
    return [
        tool,
        str(len(rows)),
        f"{fmean(fills):.3f}" if fills else "-",
        str(sum(row.over for row in rows)),
        str(sum(row.size is None for row in rows)),
    ]

"""The search benchmark in the columns of the published attempt, for readers who come from it.

Its table has a line for each image: the iterations, the time and the error of binary search (BS) and of its model (ML),
and the speed-up; below them the averages. Here ML is bytefit. The published model, rebuilt, has a line of averages.
"""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

from bytefit.training.markdown import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bytefit.benchmarks.rows import Row

# One budget of each whole image, in bits per pixel: the usual one.
_BITS = 0.3
_SEARCH, _ML, _PUBLISHED = "bisection", "bytefit", "full-feature GBR"

_HEADER = ["image", "BS iterations", "ML iterations", "BS ms", "ML ms", "BS error", "ML error", "speed-up"]


def published_table(rows: Sequence[Row]) -> str:
    """Return the table of one codec; empty where no whole image was fitted to the usual budget.

    The error is the share of the budget that the answer leaves unused, or exceeds.
    """
    usual = [row for row in rows if row.bits == _BITS and row.kind != "tiny piece"]
    searched, fitted, published = (
        [row for row in usual if row.strategy == name] for name in (_SEARCH, _ML, _PUBLISHED)
    )
    if not searched:
        return ""
    lines = [_line(bs.path, [bs], [ml]) for bs, ml in zip(searched, fitted, strict=True)]
    lines.append(_line("average", searched, fitted))
    lines.append(_line("average, published model", searched, published))
    return table(_HEADER, lines)


def _line(name: str, searched: Sequence[Row], fitted: Sequence[Row]) -> list[str]:
    both = (searched, fitted)
    return [
        name,
        *(f"{fmean(row.answer.trials for row in rows):.3g}" for rows in both),
        *(f"{1000 * fmean(row.answer.seconds for row in rows):.1f}" for rows in both),
        *(f"{fmean(abs(1 - row.fill) for row in rows):.2%}" for rows in both),
        f"{fmean(row.speed_up for row in fitted):.2f}x",
    ]

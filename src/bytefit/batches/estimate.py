"""The estimate of a batch: a sample of its images is fitted, and nothing is written."""

from __future__ import annotations

import random
from math import sqrt
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from bytefit.batches.backends.engine import run_tasks
from bytefit.batches.job import prepare_job
from bytefit.batches.shards import Task, rows_of
from bytefit.batches.storage.places import shown_place
from bytefit.errors import ConfigError
from bytefit.messages import format_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bytefit.batches.backends.engine import Engine
    from bytefit.batches.plan import Plan
    from bytefit.batches.row import Entry, Row

# 95 of 100 samples have a mean within this many standard errors of that of all images.
_WIDTH = 1.96


class Range(NamedTuple):
    """An estimate and its 95 % interval."""

    low: float
    mean: float
    high: float


class Estimate(NamedTuple):
    """What a batch will come to.

    Attributes:
        images: how many there are.
        sampled: how many were fitted.
        before, after: the bytes of all images and of their answers.
        hours: the time of one process for all.
        failures: how many will fail.
    """

    images: int
    sampled: int
    before: Range
    after: Range
    hours: Range
    failures: Range

    def words(self) -> str:
        """Return the estimate for people, a line a number."""
        return "\n".join(
            (
                f"{self.images} images, of which {self.sampled} were fitted; nothing was written",
                f"bytes before   {_sizes(self.before)}",
                f"bytes after    {_sizes(self.after)}",
                f"process hours  {self.hours.mean:.4f} ({self.hours.low:.4f} to {self.hours.high:.4f})",
                f"failures       {self.failures.mean:.0f} ({self.failures.low:.0f} to {self.failures.high:.0f})",
            )
        )


def estimate(plan: Plan, found: Iterator[Entry], size: int, engine: Engine) -> Estimate:
    """Fit a sample of the inputs, and return what the whole batch will come to.

    Args:
        plan: what the batch does.
        found: its inputs.
        size: how many of them are fitted.
        engine: where they are fitted; its workers have to see the temporary folder of this machine.

    Raises:
        ConfigError: if there are no images.
    """
    sample, images = _sampled(found, size)
    if not images:
        raise ConfigError(f"source {plan.listed or shown_place(plan.source)} has no images")
    with TemporaryDirectory(prefix="bytefit-dry-run-") as folder:
        job = prepare_job(folder, plan._replace(dry_run=True), sample, shard_size=None)
        tasks = (Task(folder, shard) for shard in range(job.counts.shards))
        rows = [row for part in run_tasks(job, tasks, engine, lambda: False) for row in rows_of(job, part.shard)]
    return _estimated(rows, images)


def _sampled(found: Iterator[Entry], size: int) -> tuple[list[Entry], int]:
    """Return some inputs, each as likely as any other, and how many there are (Vitter's algorithm R)."""
    chosen: list[Entry] = []
    generator = random.Random(0)  # the same sample each time
    count = 0
    for count, entry in enumerate(found, 1):
        if len(chosen) < size:
            chosen.append(entry)
        elif (place := generator.randrange(count)) < size:
            chosen[place] = entry
    return sorted(chosen, key=lambda entry: entry.name), count


def _estimated(rows: Sequence[Row], images: int) -> Estimate:
    before = [float(row.entry.stamp.size or 0) for row in rows]
    after = [float(row.answer.size if row.answer and row.fine else row.entry.stamp.size or 0) for row in rows]
    return Estimate(
        images=images,
        sampled=len(rows),
        before=_range(before, images),
        after=_range(after, images),
        hours=_range([row.seconds / 3600 for row in rows], images),
        failures=_share([row.fine for row in rows].count(False), len(rows), images),
    )


def _range(values: Sequence[float], images: int) -> Range:
    """Return the sum over all images by the mean of a sample, with the spread of that mean."""
    count = len(values)
    mean = sum(values) / count
    if count in (images, 1):
        return Range(mean * images, mean * images, mean * images)
    variance = sum((value - mean) ** 2 for value in values) / (count - 1)
    error = _WIDTH * sqrt(variance / count * (1 - count / images))
    return Range(max(0.0, mean - error) * images, mean * images, (mean + error) * images)


def _share(failed: int, count: int, images: int) -> Range:
    """Return how many of all images fail; Wilson's interval holds where none of the sample did."""
    share = failed / count
    if count == images:
        return Range(failed, failed, failed)
    square = _WIDTH**2 / count
    middle = (share + square / 2) / (1 + square)
    error = _WIDTH * sqrt(share * (1 - share) / count + square / (4 * count)) / (1 + square)
    return Range(max(0.0, middle - error) * images, share * images, min(1.0, middle + error) * images)


def _sizes(found: Range) -> str:
    low, mean, high = (format_size(round(value)) for value in found)
    return f"{mean} ({low} to {high})"

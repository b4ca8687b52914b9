"""The page of `bytefit batch`: the worst of its images and a sample of the others, before and after."""

from __future__ import annotations

import random
from heapq import nsmallest
from itertools import chain
from typing import TYPE_CHECKING

from bytefit.batches.journal import unfinished_rows
from bytefit.batches.row import Status
from bytefit.batches.shards import places_of
from bytefit.batches.storage.places import shown_place
from bytefit.messages import format_size
from bytefit.reporters.examining import album_of
from bytefit.reporters.html.page import BAD, GOOD, PLAIN, Leaf, Page, PageImage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bytefit.batches.job import Job
    from bytefit.batches.row import Row
    from bytefit.batches.storage.folders import Folder
    from bytefit.batches.tally import Tally

# How many of the worst images are shown, and how many others, each as likely as any.
_WORST, _SAMPLE = 100, 100

# The most files of a map: beyond it, reading the rows would take more memory than a batch does.
_MOST_LEAVES = 20_000


def page_of_job(job: Job, tally: Tally, form: str, place: str) -> Page:
    """Return the page of all that was done of a job so far.

    Args:
        job: the job.
        tally: its numbers.
        form: the format of the report.
        place: its file or folder.
    """
    rows, leaves = _chosen(job)
    album = album_of(form, place, len(rows))
    places, in_place = places_of(job), job.plan.in_place
    images = []
    for rank, row in enumerate(rows):
        replaced = in_place and row.answer is not None and row.status == Status.DONE
        before = None if replaced else _read(places.source, row.entry.name)
        left = row.answer is None or (in_place and not replaced)
        after = None if left or row.answer is None else _read(places.destination, row.answer.output)
        images.append(_image(row, job)._replace(pair=album.pair(row.entry.name, rank, before, after)))
    notes = ["the images were replaced in place, so that only the new ones can be shown"] if in_place else []
    if len(rows) < tally.images:
        notes.append(
            f"{len(rows)} of {tally.images:,} images are shown here: the worst {_WORST}, and a sample of the others"
        )
    return Page(
        command=f"bytefit batch {shown_place(job.plan.source)} --to {format_size(job.plan.budget)}",
        verdict=f"{tally.images:,} of {job.counts.images:,} images, {tally.failed:,} failed",
        tone=BAD if tally.failed else GOOD,
        facts=tuple(_facts(tally, job)),
        images=tuple(images),
        leaves=leaves,
        notes=tuple(notes),
    )


def _chosen(job: Job) -> tuple[list[Row], tuple[Leaf, ...]]:
    """Return the images to show, the worst first, and the map of all."""
    worst: list[Row] = []
    others: list[Row] = []
    leaves: list[Leaf] = []
    generator = random.Random(0)  # the same sample each time
    count = 0
    for rows in _rows(job):
        worst = nsmallest(_WORST, (*worst, *rows), key=_worst_first)
        for row in rows:
            count += 1
            if len(others) < _SAMPLE + _WORST:
                others.append(row)
            elif (place := generator.randrange(count)) < len(others):
                others[place] = row
        sizes = ((row, row.entry.stamp.size or 0 if row.answer is None else row.answer.size) for row in rows)
        leaves += [Leaf(row.entry.name, size, GOOD if row.fine else BAD) for row, size in sizes]
        leaves = leaves[:_MOST_LEAVES]
    named = {row.entry.name for row in worst}
    sample = [row for row in others if row.entry.name not in named][:_SAMPLE]
    return sorted((*worst, *sample), key=_worst_first), () if len(leaves) == _MOST_LEAVES else tuple(leaves)


def _rows(job: Job) -> Iterator[list[Row]]:
    done, still_open = job.markers()
    finished = chain(job.rows(sorted(done)), job.rows(sorted(still_open), still_open=True))
    yield from map(list, chain(finished, unfinished_rows(job, done | still_open)))


def _worst_first(row: Row) -> tuple[bool, float, float, str]:
    """Return the key to sort by: failures, then the score lost, then the share of the bytes lost."""
    before, answer = row.entry.stamp.size or 0, row.answer
    share = answer.size / before if answer is not None and before else 1.0
    score = 100.0 if answer is None or answer.score is None else answer.score
    return row.fine, score, share, row.entry.name


def _read(folder: Folder, name: str) -> bytes | None:
    """Return a file of a storage; None if it cannot be read."""
    try:
        return folder.read(name).data
    except Exception:  # noqa: BLE001  (a storage raises what its libraries raise)
        return None


def _image(row: Row, job: Job) -> PageImage:
    answer = row.answer
    detail = ""
    if answer is not None and answer.format is not None:
        trials = "1 trial" if answer.trials == 1 else f"{answer.trials} trials"
        detail = f"{answer.format} quality {answer.quality:g}, {trials}, {row.seconds:.2f} s"
    tone = BAD if not row.fine else GOOD if detail else PLAIN
    return PageImage(
        row.entry.name,
        str(row.status),
        tone,
        before=row.entry.stamp.size,
        after=None if answer is None else answer.size,
        budget=job.plan.budget,
        detail=detail,
        note=row.reason,
        score=None if answer is None else answer.score,
    )


def _facts(tally: Tally, job: Job) -> Iterator[tuple[str, str]]:
    yield "images", f"{job.counts.images:,}"
    for status, count in sorted(tally.statuses.items(), key=lambda one: -one[1]):
        yield str(status), f"{count:,}"
    yield "before", format_size(tally.before)
    yield "after", format_size(tally.after)
    yield "saved", format_size(max(0, tally.saved))
    if job.plan.scores:
        yield "lost visibly", f"{tally.lost_visibly:,}"

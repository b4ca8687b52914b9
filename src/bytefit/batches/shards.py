"""What a worker does: the images of a shard, one after the other, each noted before the next one begins.

A worker is sent names and numbers, and sends back a few numbers. Images and rows go through the storage.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from bytefit.batches.images import Fitted, Places, fit_entry, is_written, write_answer
from bytefit.batches.job import Job, load_job
from bytefit.batches.journal import Journal
from bytefit.batches.limits import ImageTimeout, be_quiet, memory_limit, threads_held, time_limit
from bytefit.batches.row import Row, Status, versions
from bytefit.batches.storage.folders import folder_of
from bytefit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

    from bytefit.batches.row import Entry

# Seconds between two looks whether the run was asked to stop; a request to a storage costs more.
_LOOK, _LOOK_REMOTE = 0.3, 5.0


class Task(NamedTuple):
    """A part of a shard for a worker; small, because it travels.

    Attributes:
        job: the job folder.
        shard: the number of the shard.
        run: the name of the run, by which it is asked to stop.
        first, end: the numbers of the images, from and to before; None for all of the shard.
        retry: whether images that failed are taken again.
        driver: the process that has to live for the worker to go on; None if the worker is not its child.
    """

    job: str
    shard: int
    run: str = ""
    first: int | None = None
    end: int | None = None
    retry: bool = False
    driver: int | None = None


class Part(NamedTuple):
    """What became of a task: whether the shard is finished now."""

    shard: int
    finished: bool


def run_task(task: Task) -> Part:
    """Fit the images of a task, and write the marker when its shard has all rows."""
    (part,) = run_together([task])
    return part


def run_together(tasks: Sequence[Task]) -> list[Part]:
    """Run some tasks one after the other; what one has left to write is written while the next one begins."""
    driver = tasks[0].driver
    if driver is not None and os.getpid() != driver:
        be_quiet()
    with threads_held, ThreadPoolExecutor(1) as thread:
        ends = [_begun(task, thread) for task in tasks]
        return [end.result() for end in ends]


def _begun(task: Task, thread: ThreadPoolExecutor) -> Future[Part]:
    """Fit the images of a task; the thread writes the last of them, and the marker."""
    job = load_job(task.job)
    if job is None:
        raise ConfigError(f"no job in {task.job}: workers have to see the same folder as the driver")
    places = places_of(job)
    entries = job.inputs(task.shard)
    journal = _journal(job, task)
    _settle(journal, places)
    first, end = task.first or 0, entries[-1].number + 1 if task.end is None else task.end
    stops = _stopping(job, task)
    writer = _Writer(job, places, journal, thread)
    for entry in entries:
        if not first <= entry.number < end or entry.number in journal.rows:
            continue
        if stops():
            break
        writer.take(_fitted(entry, job, places, journal, task))
    return thread.submit(_ended, job, task.shard, journal, writer, len(entries))


def _ended(job: Job, shard: int, journal: Journal, writer: _Writer, images: int) -> Part:
    writer.settle()
    if len(journal.rows) == images:
        job.finish(shard, journal.rows.values())
        return Part(shard, finished=True)
    journal.save()
    return Part(shard, finished=False)


def places_of(job: Job) -> Places:
    """Return the folders of a job; they are the same object where they are the same folder."""
    source = folder_of(job.plan.source)
    return Places(source, source if job.plan.destination is None else folder_of(job.plan.destination))


def _journal(job: Job, task: Task) -> Journal:
    """Return the journal of a shard, which begins with the rows of its marker if it had one."""
    journal = Journal(job, task.shard)
    finished, still_open = job.markers_of(task.shard)
    if not journal.rows and not journal.retried_by and (finished or still_open):
        (rows,) = job.rows([task.shard], still_open=not finished)
        for row in rows:
            if row.status != Status.IO:
                journal.add(row)
    if task.retry:
        journal.retry(task.run)
    journal.begin()
    return journal


def _settle(journal: Journal, places: Places) -> None:
    """Find out of answers that were about to be written whether they were."""
    for number in sorted(journal.intended):
        if (answer := journal.rows[number].answer) is not None:
            places.destination.remove_leftovers(answer.output)
        if is_written(journal.rows[number], places):
            journal.confirm(number)
        else:
            journal.forget(number)


def _stopping(job: Job, task: Task) -> Callable[[], bool]:
    """Return a function that tells whether to stop before the next image."""
    pause = _LOOK_REMOTE if not job.is_local else _LOOK
    looked, asked = 0.0, False

    def stops() -> bool:
        nonlocal looked, asked
        if task.run and not asked and time.monotonic() - looked >= pause:
            looked, asked = time.monotonic(), job.is_asked_to_stop(task.run)
        return asked

    return stops


def _fitted(entry: Entry, job: Job, places: Places, journal: Journal, task: Task) -> Fitted:
    """Return an image that was fitted within its limits, or the row that says which one it broke."""
    plan = job.plan
    late = Row(
        entry,
        Status.TIMEOUT,
        f"it took more than {plan.image_timeout} s",
        seconds=plan.image_timeout or 0.0,
        versions=versions(),
        options=plan.options_hash,
    )
    own_process = task.driver is not None and os.getpid() != task.driver
    limit = time_limit(plan.image_timeout, on_end=partial(journal.add, late) if own_process else None)
    try:
        with limit, memory_limit(plan.memory):
            return fit_entry(entry, plan, places, as_it_is_now=task.retry)
    except ImageTimeout:
        return Fitted(late)


class _Writer:
    """Writes an answer while the next image is fitted, and notes its row before and after.

    A disk takes 5 ms to say that an answer is on it, and an object store ten times that: two processes were 1.78 times
    as fast as one when they waited for it, and are 1.87 times as fast without.
    """

    def __init__(self, job: Job, places: Places, journal: Journal, thread: ThreadPoolExecutor) -> None:
        self._plan, self._places, self._journal, self._thread = job.plan, places, journal, thread
        self._under_way: tuple[Row, Future[Row]] | None = None

    def take(self, fitted: Fitted) -> None:
        """Note an image, and begin to write its answer."""
        self.settle()
        if fitted.data is None and not fitted.copied:
            self._journal.add(fitted.row)
            return
        self._journal.add(fitted.row, intended=True)
        self._under_way = fitted.row, self._thread.submit(write_answer, fitted, self._plan, self._places)

    def settle(self) -> None:
        """Wait for the answer that is being written, and note what became of it."""
        if self._under_way is None:
            return
        (row, written), self._under_way = self._under_way, None
        if (after := written.result()) == row:
            self._journal.confirm(row.entry.number)
        else:
            self._journal.add(after)


def rows_of(job: Job, shard: int) -> Iterator[Row]:
    """Yield the rows of a finished shard."""
    finished, _ = job.markers_of(shard)
    for rows in job.rows([shard], still_open=not finished):
        yield from rows

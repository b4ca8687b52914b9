"""`bytefit.batch` and `bytefit.run_shard`: a job is prepared or taken up again, and its shards are run."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Unpack

from bytefit.batches.backends.clusters import connected
from bytefit.batches.backends.engine import Engine, run_tasks
from bytefit.batches.following import Following
from bytefit.batches.job import load_job
from bytefit.batches.plan import Plan
from bytefit.batches.preparing import Batch, checked_engine, opened_batch, planned
from bytefit.batches.shards import Task, rows_of, run_task
from bytefit.batches.storage.locks import locked
from bytefit.batches.storage.places import checked_place, shown_place
from bytefit.batches.tally import Failures
from bytefit.errors import BatchStopped, ConfigError
from bytefit.options import for_target
from bytefit.sizes import parse_size

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

    from bytefit.batches.row import Row
    from bytefit.batches.tally import Tally
    from bytefit.options import FitOptions


def batch(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str] | None,
    target: str | int,
    *,
    format: str | None = None,  # noqa: A002  (Pillow's word)
    files_from: str | os.PathLike[str] | None = None,
    suffix: str = "",
    in_place: bool = False,
    overwrite: str = "always",
    keep_times: bool = False,
    job: str | os.PathLike[str] | None = None,
    shard_size: int | None = None,
    restart: bool = False,
    retry_failed: bool = False,
    max_failures: int | str | None = None,
    image_timeout: float | None = None,
    memory: str | int | None = None,
    jobs: int | None = None,
    backend: str | None = None,
    scheduler: str | None = None,
    address: str | None = None,
    **options: Unpack[FitOptions],
) -> Iterator[Row]:
    """Make every image of a folder or a bucket fit `target` bytes, and yield what became of each.

    The list of images is written to a job folder first. Each finished shard of the list has a marker there, so the same
    call goes on where an earlier one was ended, by whatever. Rows are yielded as shards finish; the job folder keeps
    those of all runs.

    Args:
        source: a folder, a glob, or a URI of fsspec.
        destination: the folder or URI for the answers, which have the same names there; None with `suffix` for new
            files beside the sources, or with `in_place`.
        target: see `compress`.
        format: the format of the answers; the suffix of their names is changed.
        files_from: a file that lists the images: text, CSV or JSON lines; "-" is standard input.
        suffix: text for the end of a name's stem: "-small" makes photo-small.jpg.
        in_place: replace the images themselves.
        overwrite: "always", "changed" (an answer that is older than its source, or over the budget) or "never".
        keep_times: give an answer the modification time of its source.
        job: the job folder, or its URI; None for one beside the destination.
        shard_size: how many images a shard has.
        restart: forget what was done, and list the images again.
        retry_failed: take the images again that failed.
        max_failures: stop when more images fail: a number, or a share as in "1%".
        image_timeout: the most seconds for one image.
        memory: the most memory for one image, where the system can limit it.
        jobs: how many images at a time; None for one a core.
        backend: "loky", "dask" or "ray"; None for what your own `joblib.parallel_config` says, else loky.
        scheduler: the address of Dask's scheduler.
        address: the address of Ray's cluster; None for one on this machine.
        options: further options of `compress`.

    Yields:
        The rows of this run; see `bytefit.batches.row.Row`.

    Raises:
        ConfigError: if something is missing or makes no sense. Nothing was written then.
        BatchStopped: if it ended early; the same call goes on.
    """
    failures = Failures.read(max_failures)
    budget, given = for_target(target, {**options, **({} if format is None else {"format": format})})
    plan, place, found = planned(
        source,
        destination,
        Plan(
            source="",
            destination=None,
            budget=budget,
            options=given,
            suffix=suffix,
            overwrite=overwrite,
            keep_times=keep_times,
            image_timeout=image_timeout,
            memory=None if memory is None else parse_size(memory),
        ),
        in_place=in_place,
        files_from=files_from,
        job=job,
    )
    asked = checked_engine(Engine(backend, jobs, scheduler, address), (plan.source, plan.destination or "", place))
    with connected(asked) as engine:
        again = {"restart": restart, "retry": retry_failed}
        with opened_batch(plan, place, found, engine, **again, shard_size=shard_size) as made:
            yield from Run(made, failures).rows()


def run_shard(job: str | os.PathLike[str], shard: int) -> bool:
    """Run one shard of a job that was prepared, for a scheduler of your own; return whether it is finished now.

    Args:
        job: the job folder, or its URI.
        shard: its number, from 0 up to the number of shards in `job.json`.

    Raises:
        ConfigError: if there is no such job or shard, or `bytefit batch` is running the job.
    """
    place = checked_place(job)
    found = load_job(place)
    if found is None:
        raise ConfigError(f"no job in {shown_place(place)}: bytefit batch prepares one")
    if not 0 <= shard < found.counts.shards:
        raise ConfigError(f"shard {shard} is not in the job: it has {found.counts.shards}, numbered from 0")
    with locked(place, shared=True):
        finished, _ = found.markers_of(shard)
        return finished or run_task(Task(place, shard)).finished


class Run:
    """One run of a job, which can be asked to stop."""

    def __init__(self, made: Batch, failures: Failures) -> None:
        """Take a job, and how many of its images may fail."""
        self.made = made
        self.following = Following(made.job, made.before)
        self._failures = failures
        self._name = uuid.uuid4().hex
        self._reason = ""

    def stop(self, reason: str) -> None:
        """Ask the workers to stop after the image they are at; `rows` then ends with this reason."""
        if not self._reason:
            self._reason = reason
            self.made.job.ask_to_stop(self._name)

    def rows(self, told: Callable[[Tally], None] | None = None) -> Iterator[Row]:
        """Run what is left of the job, and yield the rows of shards as they finish.

        Args:
            told: called with the numbers of the job now and then, from any thread.

        Raises:
            BatchStopped: if it was asked to stop, or too many images failed.
        """
        job, made, following = self.made.job, self.made, self.following
        left = (shard for shard in range(job.counts.shards) if shard not in made.kept)
        tasks = (Task(made.place, shard, self._name, retry=made.retry) for shard in left)

        def check(tally: Tally) -> None:
            if self._failures.are_too_many(tally.failed, job.counts.images):
                limit = f"more than --max-failures {self._failures} allows"
                self.stop(f"{tally.failed} of {job.counts.images} images failed, {limit}")
            if told is not None:
                told(tally)

        try:
            with following.keeping_on(check):
                for part in run_tasks(job, tasks, made.engine, lambda: bool(self._reason)):
                    if not part.finished:
                        continue
                    rows = list(rows_of(job, part.shard))
                    following.end(part.shard, rows)
                    following.tell(check)
                    yield from rows
        finally:
            with suppress(Exception):
                job.end_run()
        if self._reason:
            raise BatchStopped(self._reason)

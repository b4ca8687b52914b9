"""A job before it runs: what was asked for is checked, and the job is prepared, or taken up where a run left it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from bytefit.batches.backends.engine import BACKENDS, Engine
from bytefit.batches.inputs import Where, check_source, entries, entries_from, where
from bytefit.batches.job import Job, forget_job, load_job, prepare_job
from bytefit.batches.plan import Plan, checked_plan
from bytefit.batches.storage.folders import folder_of
from bytefit.batches.storage.locks import locked
from bytefit.batches.storage.places import checked_place, default_job, holds, is_uri, shown_place
from bytefit.batches.storage.retries import reason_of
from bytefit.batches.tally import Tally
from bytefit.errors import ConfigError
from bytefit.messages import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class Batch(NamedTuple):
    """A job that is ready to run.

    Attributes:
        job: the job.
        place: its folder.
        engine: where its shards run.
        retry: whether images that failed are taken again.
        kept: the shards that are finished, and not run again.
        before: what is in them.
    """

    job: Job
    place: str
    engine: Engine
    retry: bool
    kept: frozenset[int]
    before: Tally


def planned(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str] | None,
    plan: Plan,
    *,
    in_place: bool,
    files_from: str | os.PathLike[str] | None,
    job: str | os.PathLike[str] | None,
) -> tuple[Plan, str, Callable[[], Iterator[Any]]]:
    """Return the plan of a job, its folder, and what lists its inputs.

    Raises:
        ConfigError: if source and destination do not go together.
    """
    place = where(source)
    goal = None if destination is None else checked_place(destination)
    if in_place and (goal is not None or plan.suffix):
        raise ConfigError("in-place conflicts with a destination and with a suffix: leave them out")
    if goal is None and not in_place and not plan.suffix:
        raise ConfigError("no destination: name a folder, or give --suffix for new files beside the old, or --in-place")
    if goal is not None and (holds(place.root, goal) or holds(goal, place.root)):
        inside = (
            "the destination lies in the source" if holds(place.root, goal) else "the source lies in the destination"
        )
        raise ConfigError(
            f"{inside} ({shown_place(goal)}): answers would be taken for images; "
            "choose a folder apart, or --suffix, or --in-place"
        )
    plan = checked_plan(
        plan._replace(
            source=place.root,
            destination=goal,
            listed=place.pattern if files_from is None else f"--files-from {os.fspath(files_from)}",
        )
    )
    folder = default_job(goal or place.root) if job is None else checked_place(job)
    return plan, folder, lambda: _listed(place, files_from, plan.suffix if goal is None else "")


def _listed(place: Where, files_from: str | os.PathLike[str] | None, suffix: str) -> Iterator[Any]:
    check_source(place.root)
    if files_from is not None:
        return entries_from(files_from, place.root)
    return entries(place, without_suffix=suffix)


def checked_engine(engine: Engine, places: Iterable[str]) -> Engine:
    """Return where the shards run.

    Args:
        engine: what was asked for.
        places: the folders of the job; the memory of this process cannot be seen by others.

    Raises:
        ConfigError: if options do not go together.
    """
    if engine.backend not in {None, *BACKENDS}:
        raise ConfigError(f"unknown backend {shown(engine.backend)}: use one of {', '.join(BACKENDS)}")
    if engine.scheduler is not None and engine.backend != "dask":
        raise ConfigError("--scheduler needs --backend dask")
    if engine.address is not None and engine.backend != "ray":
        raise ConfigError("--address needs --backend ray")
    return engine._replace(shares_memory=any(place.startswith("memory://") for place in places))


@contextmanager
def opened_batch(
    plan: Plan,
    place: str,
    found: Callable[[], Iterator[Any]],
    engine: Engine,
    *,
    restart: bool,
    retry: bool,
    shard_size: int | None,
) -> Iterator[Batch]:
    """Yield the job in a folder, prepared now or by an earlier run; no other driver can run it until the block ends.

    Raises:
        ConfigError: if it was prepared with another plan, or another driver runs it.
    """
    job = None if restart else _begun(place, plan)
    if job is None:
        found()  # raises if there is no source
        _check_writable(plan.destination or plan.source)
    with locked(place):
        if not restart:  # another driver may have prepared it meanwhile
            job = _begun(place, plan)
        if job is not None:
            yield _taken_up(job, place, engine, retry=retry)
            return
        with _storage_errors(place):
            if restart:
                forget_job(place)
            job = prepare_job(place, plan, found(), shard_size=shard_size)
        yield Batch(job, place, engine, retry, frozenset(), Tally())


def _begun(place: str, plan: Plan) -> Job | None:
    """Return the job that an earlier run prepared with the same plan; None if there is none.

    Raises:
        ConfigError: if it was prepared with another plan.
    """
    with _storage_errors(place):
        job = load_job(place)
    if job is None:
        return None
    if changes := job.plan.changes(plan):
        raise ConfigError(
            f"job {shown_place(place)} was begun differently: {'; '.join(changes)}; "
            "run the first command again, name another --job, or forget what was done with --restart"
        )
    return Job(job.folder, plan, job.counts)


def _taken_up(job: Job, place: str, engine: Engine, *, retry: bool) -> Batch:
    """Return a job that an earlier run began."""
    done, _ = job.markers()
    kept, before = [], Tally()
    shards = sorted(done)
    for shard, rows in zip(shards, job.rows(shards), strict=True):
        if len(rows) < job.length(shard) or (retry and not all(row.fine for row in rows)):
            continue
        kept.append(shard)
        for row in rows:
            before.add(row)
    return Batch(job, place, engine, retry, frozenset(kept), before)


@contextmanager
def _storage_errors(place: str) -> Iterator[None]:
    """Say on one line why a storage cannot be used."""
    try:
        yield
    except OSError as error:
        raise ConfigError(f"cannot use {place}: {reason_of(error)}") from error
    except Exception as error:
        if isinstance(error, ConfigError) or not is_uri(place):
            raise
        raise ConfigError(f"cannot use {place}: {reason_of(error)}") from error


def _check_writable(goal: str) -> None:
    """Refuse a destination that nothing can be written to, before any time is spent.

    Raises:
        ConfigError: naming it.
    """
    if is_uri(goal):
        folder = folder_of(goal)
        bucket = goal.partition("://")[2].partition("/")[0]
        if getattr(folder, "is_s3", False) and bucket:
            with _storage_errors(goal):
                if not folder.fs.exists(bucket):  # type: ignore[attr-defined]
                    raise ConfigError(f"destination {goal}: no such bucket")
        return
    there = goal
    while not os.path.exists(there):
        there = os.path.dirname(there)
    if not os.path.isdir(there):
        raise ConfigError(f"destination {shown_place(goal)}: {shown_place(there)} is no folder")
    if not os.access(there, os.W_OK):
        raise ConfigError(f"destination {shown_place(goal)}: {shown_place(there)} is not writable")

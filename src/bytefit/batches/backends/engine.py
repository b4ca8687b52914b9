"""Shards on joblib: any of its backends runs them; this module survives the death of workers.

When a worker dies, joblib ends the whole call. The shards that workers were at are then run one at a time, cut down
until the image is found that kills; all others go on in parallel.
"""

from __future__ import annotations

import os
from collections import deque
from contextlib import nullcontext, suppress
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from bytefit.batches.job import SHARD_SIZE
from bytefit.batches.journal import Journal
from bytefit.batches.limits import follow
from bytefit.batches.row import Row, Status, versions
from bytefit.batches.shards import Part, Task, run_together
from bytefit.batches.storage.retries import reason_of
from bytefit.errors import BatchStopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from bytefit.batches.job import Counts, Job

BACKENDS = ("loky", "dask", "ray")

# Errors by which the backends say that a worker died; their packages are not imported for that.
_DEATHS = frozenset(
    {
        *("TerminatedWorkerError", "BrokenProcessPool", "KilledWorker", "WorkerCrashedError"),
        *("RayActorError", "ActorDiedError", "ActorUnavailableError", "LocalRayletDiedError", "NodeDiedError"),
        "OutOfMemoryError",
    }
)

# joblib runs what is for one worker in this process, and an image that kills it would end the job.
FEWEST = 2

# A worker takes its share in at least so many turns, so that all end at about the same time. The names of so many
# shards take less than a kilobyte.
_TURNS, _MOST_TOGETHER = 16, 16

# A list of shards for a backend that returns nothing before all are done: long enough to keep its workers busy, short
# enough that progress is seen.
_WAVE = 4


class Engine(NamedTuple):
    """Where the shards run.

    Attributes:
        backend: one of `BACKENDS`; None for what the user's own `joblib.parallel_config` says, else loky.
        jobs: how many at a time; None for one a core, or all of a cluster.
        scheduler: the address of Dask's scheduler.
        address: the address of Ray's cluster; None for one on this machine.
        config: the arguments of `joblib.parallel_config`, known once the cluster answers; see `clusters.connected`.
        shares_memory: whether the storage is the memory of this process, so that no other can see it.
    """

    backend: str | None = None
    jobs: int | None = None
    scheduler: str | None = None
    address: str | None = None
    config: Mapping[str, Any] = {}
    shares_memory: bool = False


def run_tasks(job: Job, tasks: Iterable[Task], engine: Engine, stopping: Callable[[], bool]) -> Iterator[Part]:
    """Run tasks, in any order of their ends, and yield what became of each.

    Args:
        job: the job that they belong to.
        tasks: one a shard.
        engine: where they run.
        stopping: whether no further task is to be begun.

    Raises:
        BatchStopped: if the cluster is gone.
        ConfigError: if it is not there.
    """
    waiting = iter(tasks)
    while True:
        under_way: dict[int, Task] = {}
        try:
            yield from _parallel(_noted(waiting, under_way, stopping), under_way, engine, job.counts)
        except Exception as error:
            if not _is_death(error):
                raise _explained(error) from error
            finished, begun, others = _sorted_out(job, under_way.values())
            yield from finished
            for task in begun:
                yield from _alone(job, task, engine, stopping, killed=len(begun) == 1)
            waiting = chain(others, waiting)
            continue
        return


def _sorted_out(job: Job, tasks: Iterable[Task]) -> tuple[list[Part], list[Task], list[Task]]:
    """Return what is finished of the tasks under way at a death, what a worker may have been at, and the others."""
    finished, begun, others = [], [], []
    for task in tasks:
        if job.has_journal(task.shard):
            begun.append(task)
        elif not task.retry and job.markers_of(task.shard)[0]:
            finished.append(Part(task.shard, finished=True))
        else:
            others.append(task)
    return (finished, begun, others) if begun else (finished, others, [])


def start_trackers() -> None:
    """Start the processes by which Python and loky remove what dead workers leave.

    Python unblocks Ctrl-C in this process when it starts its own. Whoever blocks it starts them before.
    """
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()
    with suppress(ImportError):
        from joblib.externals.loky.backend.resource_tracker import ensure_running

        ensure_running()


def _noted(tasks: Iterator[Task], under_way: dict[int, Task], stopping: Callable[[], bool]) -> Iterator[Task]:
    for task in tasks:
        under_way[task.shard] = task
        yield task
        if stopping():
            return


def _parallel(
    tasks: Iterator[Task], under_way: dict[int, Task], engine: Engine, counts: Counts | None = None
) -> Iterator[Part]:
    """Yield the parts of tasks as they end; small shards of a job travel together."""
    import joblib

    settings: dict[str, Any] = {"batch_size": 1}
    if engine.shares_memory:
        settings["require"] = "sharedmem"
    # The configuration holds where the pool is made, and not where rows are yielded to whoever uses joblib, too.
    with joblib.parallel_config(**engine.config) if engine.config else nullcontext():
        backend, configured = joblib.parallel.get_active_backend()
        if type(backend).__name__ == "DaskDistributedBackend":
            _mend(backend)
        jobs, at_once = _how_many(engine, backend, configured)
        if _is_loky(backend):  # also a worker that never gets a shard ends with its driver
            settings |= {"initializer": follow, "initargs": (os.getpid(),)}
        as_they_end = backend.supports_return_generator or engine.shares_memory
        settings |= {"n_jobs": jobs, "pre_dispatch": at_once}
        parallel = joblib.Parallel(**settings, return_as="generator_unordered" if as_they_end else "list")
    workers = max(FEWEST, backend.effective_n_jobs(jobs))
    together = _together(iter(tasks), 1 if counts is None else _how_many_together(counts, workers))
    while some := together if as_they_end else list(islice(together, workers * _WAVE)):
        for parts in parallel(joblib.delayed(run_together)(_own(tasks, backend)) for tasks in some):
            for part in parts:
                under_way.pop(part.shard, None)
                yield part
        if as_they_end:
            return


def _how_many_together(counts: Counts, workers: int) -> int:
    """Return how many shards a worker is sent at a time: as many as have the images of one that is not small."""
    return max(1, min(_MOST_TOGETHER, SHARD_SIZE // counts.shard_size, counts.shards // (workers * _TURNS)))


def _together(tasks: Iterator[Task], most: int) -> Iterator[list[Task]]:
    while some := list(islice(tasks, most)):
        yield some


def _mend(backend: Any) -> None:
    """Mend two faults of joblib's backend for Dask, as of joblib 1.6.

    It counts the workers that are there when it starts, and runs everything in this process if that is one. It calls
    nobody when a task fails that Dask has given up, and would wait for it without end.
    """
    if "submit" in vars(backend):
        return
    counted, submit = backend.effective_n_jobs, backend.submit

    def submit_and_tell(function: Any, callback: Callable[[object], None]) -> Any:
        future = submit(function, callback)
        future.add_done_callback(lambda done: callback(done.exception()) if done.exception() is not None else None)
        return future

    backend.effective_n_jobs = lambda jobs: max(FEWEST, counted(jobs))
    backend.submit = submit_and_tell


def _own(tasks: list[Task], backend: object) -> list[Task]:
    """Return tasks that end with this process, where their worker is a child of it."""
    return [task._replace(driver=os.getpid()) for task in tasks] if _is_loky(backend) else tasks


def _is_loky(backend: object) -> bool:
    return type(backend).__name__ == "LokyBackend"


def _how_many(engine: Engine, backend: Any, configured: int) -> tuple[int, int | str]:
    """Return how many workers joblib is asked for, and how many tasks are under way at a time.

    Args:
        engine: where the shards run.
        backend: what joblib would use.
        configured: how many workers joblib is configured for; 1 is its default, also where nobody chose it.
    """
    is_loky = _is_loky(backend)
    jobs = engine.jobs
    if jobs is None:
        nobody_chose = engine.backend is not None or (is_loky and configured == 1)
        jobs = -1 if nobody_chose else configured
    starts_processes = engine.backend in {"loky", "ray"} or (is_loky and engine.jobs is None)
    if starts_processes and backend.effective_n_jobs(jobs) == 1:
        return FEWEST, 1  # the others have nothing to do
    if engine.backend == "dask" and engine.jobs is not None:
        return jobs, engine.jobs  # joblib itself always takes all workers of Dask
    return jobs, "2*n_jobs"


def _alone(job: Job, task: Task, engine: Engine, stopping: Callable[[], bool], *, killed: bool) -> Iterator[Part]:
    """Run a task that was under way when a worker died, cut down to the image that kills, if one does.

    Args:
        job: the job.
        task: the task.
        engine: where it runs.
        stopping: whether no further part is to be begun.
        killed: whether the worker was at this task, and not at another one.
    """
    last = Part(task.shard, finished=False)
    deaths: dict[int, int] = {}
    pending = deque(_cut(job, task, deaths) if killed else [task])
    while pending and not stopping():
        part = pending.popleft()
        try:
            (last,) = _parallel(iter([part]), {}, engine._replace(jobs=engine.jobs and max(FEWEST, engine.jobs)))
        except Exception as error:
            if not _is_death(error):
                raise _explained(error) from error
            pending.extendleft(reversed(_cut(job, part, deaths)))
    if not last.finished and not stopping():
        (last,) = _parallel(iter([task]), {}, engine)
    yield last


def _cut(job: Job, task: Task, deaths: dict[int, int]) -> list[Task]:
    """Return the parts of a task that killed its worker; an image that kills twice alone gets its row."""
    journal = Journal(job, task.shard)
    entries = job.inputs(task.shard)
    first, end = task.first or 0, entries[-1].number + 1 if task.end is None else task.end
    left = [entry for entry in entries if first <= entry.number < end and entry.number not in journal.rows]
    if not left:
        return [task]
    if len(left) > 1:
        # A journal on this machine tells which image came next. Of another one only the halves can be tried. A death
        # among other work counts for no image: it may have had another cause.
        cut = left[1 if job.is_local else len(left) // 2].number
        return [task._replace(first=left[0].number, end=cut), task._replace(first=cut, end=end)]
    number = left[0].number
    deaths[number] = deaths.get(number, 0) + 1
    if deaths[number] == 1:
        return [task._replace(first=number, end=number + 1)]
    reason = "the process that was at it died, twice"
    row = Row(left[0], Status.CRASHED, reason, versions=versions(), options=job.plan.options_hash)
    journal.add(row)
    journal.save()
    return []


def _is_death(error: BaseException | None) -> bool:
    while error is not None:
        if type(error).__name__ in _DEATHS:
            return True
        error = error.__cause__
    return False


def _explained(error: Exception) -> Exception:
    """Return an error of a cluster as one line; what is raised on purpose stays as it is."""
    from bytefit.errors import BytefitError

    gone = {"CommClosedError", "CancelledError", "FutureCancelledError", "FuturesCancelledError", "ConnectionError"}
    if isinstance(error, BytefitError) or type(error).__name__ not in {*gone, "StreamClosedError", "TimeoutError"}:
        return error
    return BatchStopped(f"the cluster is gone, or has no workers ({reason_of(error)}): start it")

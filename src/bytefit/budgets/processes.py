"""Work in several processes, one item at a time in each; the answers come in the order of the items."""

from __future__ import annotations

import os
import signal
import threading
import warnings
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context, parent_process
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_ENDED = 1

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def core_count() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_processes(task: Callable[[Item], Answer], items: Sequence[Item], jobs: int) -> Iterator[Answer | None]:
    """Yield what `task` returns for each item, in order; None where the process died that worked on it.

    A process that dies takes the others with it. Each item that is left then has a process of its own, so that only the
    one that is too much for it is lost.
    """
    done = 0
    pool = _pool(jobs)
    try:
        for future in [pool.submit(task, item) for item in items]:
            yield future.result()
            done += 1
    except BrokenProcessPool:
        pass
    finally:
        pool.shutdown(cancel_futures=True)
    for item in items[done:]:
        with _pool(1) as alone:
            try:
                answer = alone.submit(task, item).result()
            except BrokenProcessPool:
                answer = None
        yield answer


def _pool(jobs: int) -> ProcessPoolExecutor:
    # A copy of this process would have its threads' locks, but not its threads.
    # With one thread, libaom writes other bytes than with several, so a single process and a pool must agree on that.
    threads = max(min(2, core_count()), core_count() // jobs)
    return ProcessPoolExecutor(jobs, get_context("spawn"), partial(_prepare, threads))


def _prepare(threads: int) -> None:
    """Prepare a process: Ctrl-C is for the one that started it, and it ends with that one.

    Args:
        threads: how many threads an encoder may have.
    """
    from PIL import AvifImagePlugin

    AvifImagePlugin.DEFAULT_MAX_THREADS = threads
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, daemon=True).start()


def _follow() -> None:
    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(_ENDED)

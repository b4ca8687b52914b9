"""How far a job is while it runs: finished shards count by their rows, and shards under way by their journals."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from bytefit.batches.journal import Journal
from bytefit.batches.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bytefit.batches.job import Job
    from bytefit.batches.row import Row

# Seconds between two looks at the journals; a request to a storage costs more. The time of a look is at most a
# twentieth of all, however long the shards are.
_PAUSE, _PAUSE_REMOTE, _SHARE = 0.5, 5.0, 20


class Following:
    """The numbers of a job, which a thread keeps up to date."""

    def __init__(self, job: Job, before: Tally) -> None:
        """Take a job, and what its finished shards hold."""
        self._job = job
        self._finished = before
        self._ended: set[int] = set()
        self._under_way: dict[int, Tally] = {}
        self._lock, self._telling = threading.Lock(), threading.Lock()
        self.look()

    @property
    def tally(self) -> Tally:
        """What was done so far, by all runs."""
        with self._lock:
            return sum(self._under_way.values(), self._finished)

    def end(self, shard: int, rows: Iterable[Row]) -> None:
        """Count the rows of a shard that is finished."""
        with self._lock:
            self._ended.add(shard)
            self._under_way.pop(shard, None)
            for row in rows:
                self._finished.add(row)

    def look(self) -> None:
        """Count the rows in the journals of shards under way."""
        for shard in self._job.journals():
            journal, tally = Journal(self._job, shard), Tally()
            for number, row in journal.rows.items():
                if number not in journal.intended:
                    tally.add(row)
            with self._lock:
                if shard not in self._ended and tally.images:
                    self._under_way[shard] = tally

    def tell(self, told: Callable[[Tally], None]) -> None:
        """Call a function with the numbers of now; never twice at a time."""
        with self._telling:
            told(self.tally)

    @contextmanager
    def keeping_on(self, told: Callable[[Tally], None]) -> Iterator[None]:
        """Look again and again until the block ends, and call a function with the numbers each time."""
        over = threading.Event()

        def watch() -> None:
            least = _PAUSE if self._job.is_local else _PAUSE_REMOTE
            pause = least
            while not over.wait(pause):
                started = time.monotonic()
                with suppress(Exception):  # a storage that fails for a moment: the next look tells
                    self.look()
                pause = max(least, _SHARE * (time.monotonic() - started))
                self.tell(told)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()
            with suppress(Exception):
                self.look()

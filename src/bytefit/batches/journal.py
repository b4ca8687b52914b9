"""The journal of a shard under way: a row as soon as it is known, and what a killed process was about to write."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from bytefit.batches.job import file_name
from bytefit.batches.row import row_from

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bytefit.batches.job import Job
    from bytefit.batches.row import Row

# Seconds between two writes of a journal to a storage that cannot append: what a killed worker loses at most.
JOURNAL_PAUSE = 5.0


class Journal:
    """The rows of a shard under way.

    Attributes:
        rows: the rows by the number of the image. Those in `intended` may not have been written yet.
        intended: the numbers of images whose answer was about to be written.
        retried_by: the last run that took the images again that had failed.
        is_exact: whether each row is on the disk before the next image begins.
    """

    def __init__(self, job: Job, shard: int) -> None:
        """Read the journal of a shard, if there is one."""
        self._folder, self._name = job.folder, file_name("journal", shard)
        self._at_once = job.plan.in_place
        self._last = time.monotonic()
        self.rows: dict[int, Row] = {}
        self.intended: set[int] = set()
        self.retried_by = ""
        self.is_exact = True
        try:
            text = self._folder.read(self._name).data
        except FileNotFoundError:
            text = b""
        self._torn = not text.endswith(b"\n") and text != b""
        for line in text.splitlines():
            self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            found = json.loads(line)
            if "written" in found:
                self.intended.discard(found["written"])
                return
            if "begun" in found:
                return
            if "retried_by" in found:
                self._forget_failures(found["retried_by"])
                return
            row = row_from(found)
        except (ValueError, KeyError, TypeError):
            return  # the process was killed in the middle of it
        self.rows[row.entry.number] = row
        self.intended.discard(row.entry.number)
        if found.get("intended"):
            self.intended.add(row.entry.number)

    def add(self, row: Row, *, intended: bool = False) -> None:
        """Note a row; `intended` where its answer is written next."""
        self.rows[row.entry.number] = row
        self.intended.discard(row.entry.number)
        if intended:
            self.intended.add(row.entry.number)
        self._note({**row.columns, **({"intended": True} if intended else {})}, at_once=self._at_once and intended)

    def confirm(self, number: int) -> None:
        """Note that an intended answer was written."""
        self.intended.discard(number)
        self._note({"written": number}, at_once=False)

    def forget(self, number: int) -> None:
        """Forget a row, so that its image is taken again."""
        self.intended.discard(number)
        del self.rows[number]

    def begin(self) -> None:
        """Note that a worker is at the shard."""
        self._note({"begun": True}, at_once=True)

    def retry(self, run: str) -> None:
        """Forget the images that failed before a run; those that fail during it stay."""
        if self.retried_by != run:
            self._forget_failures(run)
            self._note({"retried_by": run}, at_once=True)

    def _forget_failures(self, run: str) -> None:
        self.retried_by = run
        for number in [number for number, row in self.rows.items() if not row.fine]:
            self.forget(number)

    def _note(self, line: dict[str, Any], *, at_once: bool) -> None:
        text = json.dumps(line) + "\n"
        if self._torn:
            text, self._torn = "\n" + text, False
        if self._folder.append(self._name, text):
            return
        self.is_exact = False
        if at_once or time.monotonic() - self._last >= JOURNAL_PAUSE:
            self.save()

    def save(self) -> None:
        """Write all rows to a storage that cannot append; where it can, they are there already."""
        if self.is_exact:
            return
        lines = [
            json.dumps({**row.columns, **({"intended": True} if number in self.intended else {})})
            for number, row in self.rows.items()
        ]
        if self.retried_by:
            lines.insert(0, json.dumps({"retried_by": self.retried_by}))
        self._folder.write(self._name, "".join(line + "\n" for line in lines).encode())
        self._last = time.monotonic()


def unfinished_rows(job: Job, finished: set[int]) -> Iterator[list[Row]]:
    """Yield the rows in the journals of shards under way."""
    for shard in job.journals():
        if shard not in finished:
            yield list(Journal(job, shard).rows.values())

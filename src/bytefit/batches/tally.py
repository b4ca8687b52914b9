"""Numbers of a batch: how many images have each status, the bytes before and after, and how many may fail."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from bytefit.batches.journal import unfinished_rows
from bytefit.batches.row import FINE, Status
from bytefit.errors import ConfigError
from bytefit.messages import format_size, shown

if TYPE_CHECKING:
    from bytefit.batches.job import Job
    from bytefit.batches.row import Row


class Tally:
    """What was done so far.

    Attributes:
        statuses: how many images have each status.
        before, after: the bytes of the images that are done or fit, and of their answers.
        seconds: the time that all images took, one after the other.
        lost_visibly: how many were scored, and people will notice the loss.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.statuses: Counter[Status] = Counter()
        self.before = 0
        self.after = 0
        self.seconds = 0.0
        self.lost_visibly = 0

    def add(self, row: Row) -> None:
        """Count an image."""
        self.statuses[row.status] += 1
        self.seconds += row.seconds
        self.lost_visibly += row.lost_visibly
        if row.fine and row.answer is not None:
            self.before += row.entry.stamp.size or 0
            self.after += row.answer.size

    def __add__(self, other: Tally) -> Tally:
        both = Tally()
        both.statuses = self.statuses + other.statuses
        both.before, both.after = self.before + other.before, self.after + other.after
        both.seconds = self.seconds + other.seconds
        both.lost_visibly = self.lost_visibly + other.lost_visibly
        return both

    @property
    def images(self) -> int:
        """How many images have a row."""
        return self.statuses.total()

    @property
    def failed(self) -> int:
        """How many of them are neither done nor fit."""
        return sum(count for status, count in self.statuses.items() if status not in FINE)

    @property
    def saved(self) -> int:
        """How many bytes fewer the answers have."""
        return self.before - self.after

    def words(self) -> str:
        """Return the statuses and sizes for people."""
        counts = ", ".join(f"{self.statuses[status]} {status}" for status in Status if self.statuses[status])
        lost = f"; {self.lost_visibly} lost visibly" if self.lost_visibly else ""
        return f"{counts or 'nothing done'}; {format_size(self.before)} -> {format_size(self.after)}{lost}"


def tally_of(job: Job) -> Tally:
    """Return what all runs of a job have done so far."""
    tally = Tally()
    done, still_open = job.markers()
    for rows in chain(
        job.rows(sorted(done)), job.rows(sorted(still_open), still_open=True), unfinished_rows(job, done | still_open)
    ):
        for row in rows:
            tally.add(row)
    return tally


class Failures(NamedTuple):
    """How many images may fail: a number, or a share of all; None for any number."""

    number: int | None = None
    share: float | None = None

    @classmethod
    def read(cls, text: str | int | None) -> Failures:
        """Return the limit that was given.

        Raises:
            ConfigError: if it is neither a number nor a share.
        """
        if text is None:
            return cls()
        try:
            if isinstance(text, str) and text.endswith("%"):
                share = float(text[:-1]) / 100
                if 0 <= share <= 1:
                    return cls(share=share)
            elif int(text) >= 0 and not isinstance(text, bool):
                return cls(number=int(text))
        except (ValueError, TypeError):
            pass
        raise ConfigError(f"max-failures {shown(text)} is no number of images: give one as in 20, or a share as in 1%")

    def are_too_many(self, failed: int, images: int) -> bool:
        """Return whether that many of so many images are too many."""
        if self.number is not None:
            return failed > self.number
        return self.share is not None and failed > self.share * images

    def __str__(self) -> str:
        return str(self.number) if self.share is None else f"{self.share * 100:g}%"

"""The row of an image: what a batch did with it. Its columns are those of the manifest."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

from bytefit.batches.storage.stamps import Stamp
from bytefit.fitting.result import VISIBLE_LOSS


class Status(StrEnum):
    """What became of an image."""

    DONE = "done"  # it was encoded, or made smaller without loss
    FITS = "fits"  # it fitted as it was, and was copied or left alone
    UNREACHABLE = "unreachable"  # no encoding is small enough
    REFUSED = "refused"  # something would be lost, or an option makes no sense for it
    CORRUPT = "corrupt"  # it is no image, or cannot be decoded
    IO = "io"  # it could not be read or written; the next run tries again
    TIMEOUT = "timeout"  # it took longer than the limit
    CRASHED = "crashed"  # it killed the process that was at it, twice
    CHANGED = "changed-meanwhile"  # it is not the file that was listed


FINE = frozenset({Status.DONE, Status.FITS})


class Entry(NamedTuple):
    """One input of a batch: its number in the list, its name below the source, and what the list says of it."""

    number: int
    name: str
    stamp: Stamp


class Answer(NamedTuple):
    """The file that came out.

    Attributes:
        output: its name below the destination.
        size: its bytes.
        sha256: their hash; None where the file was not read.
        format, quality, score: see `bytefit.Result`; None where nothing was encoded.
        trials: how many full encodes it took.
    """

    output: str
    size: int
    sha256: str | None = None
    format: str | None = None
    quality: float | None = None
    score: float | None = None
    trials: int = 0


class Row(NamedTuple):
    """What a batch did with one image.

    Attributes:
        entry: the image, as it was listed or as it was read.
        status: what became of it.
        reason: why; empty where it is done or fits.
        answer: the file that came out; None where there is none.
        seconds: how long it took.
        versions: the programs that made the answer.
        options: the hash of the target and the options.
    """

    entry: Entry
    status: Status
    reason: str = ""
    answer: Answer | None = None
    seconds: float = 0.0
    versions: str = ""
    options: str = ""

    @property
    def fine(self) -> bool:
        """Whether the image is done or fits."""
        return self.status in FINE

    @property
    def lost_visibly(self) -> bool:
        """Whether the answer was scored, and people will notice the loss."""
        return self.answer is not None and self.answer.score is not None and self.answer.score < VISIBLE_LOSS

    @property
    def columns(self) -> dict[str, Any]:
        """The row as the manifest has it: values of JSON by the names of the columns."""
        stamp, answer = self.entry.stamp, self.answer
        made = dict.fromkeys(_MADE) if answer is None else dict(zip(_MADE, answer, strict=True))
        return {
            "number": self.entry.number,
            "source": self.entry.name,
            "etag": stamp.etag,
            "mtime": stamp.mtime,
            "before": stamp.size,
            **made,
            "seconds": round(self.seconds, 4),
            "status": str(self.status),
            "reason": self.reason,
            "versions": self.versions,
            "options": self.options,
        }


# The columns of an answer, in the order of its fields.
_MADE = ("output", "after", "sha256", "format", "quality", "score", "trials")

COLUMNS = tuple(Row(Entry(0, "", Stamp()), Status.DONE).columns)


def row_from(columns: dict[str, Any]) -> Row:
    """Return the row that has these columns."""
    made = [columns[name] for name in _MADE]
    return Row(
        entry=Entry(columns["number"], columns["source"], Stamp(columns["before"], columns["mtime"], columns["etag"])),
        status=Status(columns["status"]),
        reason=columns["reason"],
        answer=None if made[0] is None else Answer(*made),
        seconds=columns["seconds"],
        versions=columns["versions"],
        options=columns["options"],
    )


@cache
def versions() -> str:
    """Return the versions of what decides the bytes of an answer."""
    import platform

    import PIL

    from bytefit import __version__

    return f"bytefit {__version__}, Pillow {PIL.__version__}, Python {platform.python_version()}"

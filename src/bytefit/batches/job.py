"""The job folder: the plan, the frozen list of inputs, the journals of shards under way, the markers of finished ones.

job.json              the plan, and how many images and shards there are; written last: with it, the list is frozen
inputs/000000.jsonl   the inputs of a shard
journal/000000.jsonl  the rows of a shard under way, a line a row; a torn last line is ignored
done/000000.jsonl     the rows of a finished shard, in one write: the marker
open/000000.jsonl     the same where storage failed for some image: the next run tries those again
stop/RUN              asks the workers of a run to stop after the image they are at
lock                  names the driver, and is locked while it lives; only in a local folder
"""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from bytefit.batches.plan import Plan, output_name
from bytefit.batches.row import Entry, Row, Status, row_from
from bytefit.batches.storage.folders import Folder, LocalFolder, folder_of
from bytefit.batches.storage.places import checked_name, shown_place
from bytefit.batches.storage.stamps import Stamp
from bytefit.batches.storage.write_options import WriteOptions
from bytefit.batches.taken_names import TakenNames
from bytefit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# A shard is done in some minutes, and its rows are 50 kB. A short list makes more and smaller shards, so that all
# workers have some: 64 keep 16 of them busy to the end.
SHARD_SIZE, LEAST_SHARDS = 100, 64

VERSION = 1


class Counts(NamedTuple):
    """How long the list of a job is."""

    images: int
    shards: int
    shard_size: int


class Job:
    """A job that has been prepared."""

    def __init__(self, folder: Folder, plan: Plan, counts: Counts) -> None:
        """Take what `job.json` says."""
        self.folder = folder
        self.plan = plan
        self.counts = counts

    def inputs(self, shard: int) -> list[Entry]:
        """Return the inputs of a shard."""
        lines = self.folder.read(file_name("inputs", shard)).data.splitlines()
        first = shard * self.counts.shard_size
        return [Entry(first + number, *_entry_from(json.loads(line))) for number, line in enumerate(lines)]

    def length(self, shard: int) -> int:
        """Return how many images a shard has."""
        return min(self.counts.shard_size, self.counts.images - shard * self.counts.shard_size)

    def markers(self) -> tuple[set[int], set[int]]:
        """Return the shards that are finished, and those that are but for failures of the storage."""
        done = _numbers(self.folder.names("done"))
        return done, _numbers(self.folder.names("open")) - done

    def markers_of(self, shard: int) -> tuple[bool, bool]:
        """Return whether a shard is finished, and whether it is but for failures of the storage."""
        done, still_open = (self.folder.stamp(file_name(kind, shard)) is not None for kind in ("done", "open"))
        return done, still_open and not done

    @property
    def is_local(self) -> bool:
        """Whether the job folder is on this machine."""
        return isinstance(self.folder, LocalFolder)

    def rows(self, shards: Iterable[int], *, still_open: bool = False) -> Iterator[list[Row]]:
        """Yield the rows of each of some finished shards; fewer than images where a loss of power took some."""
        names = (file_name("open" if still_open else "done", shard) for shard in shards)
        for text in self.folder.texts(names):
            rows = (_row_in(line) for line in text.splitlines())
            yield [row for row in rows if row is not None]

    def finish(self, shard: int, rows: Iterable[Row]) -> bool:
        """Write the marker of a shard, remove its journal, and return whether no row is open."""
        rows = sorted(rows, key=lambda row: row.entry.number)
        final = not any(row.status == Status.IO for row in rows)
        text = "".join(json.dumps(row.columns) + "\n" for row in rows)
        # The answers are on the disk by now. Rows that are lost are made again, and a disk takes 5 ms to keep them.
        self.folder.write(file_name("done" if final else "open", shard), text.encode(), WriteOptions(durable=False))
        if final:
            self.folder.remove(file_name("open", shard))
        else:
            self.folder.remove(file_name("done", shard))
        self.folder.remove(file_name("journal", shard))
        return final

    def journals(self) -> list[int]:
        """Return the shards that have a journal."""
        return sorted(_numbers(self.folder.names("journal")))

    def has_journal(self, shard: int) -> bool:
        """Return whether a worker has begun a shard that is not finished."""
        return self.folder.stamp(file_name("journal", shard)) is not None

    def end_run(self) -> None:
        """Remove what asked workers to stop."""
        self.folder.remove_folder("stop")

    def ask_to_stop(self, run: str) -> None:
        """Ask the workers of a run to stop after the image they are at."""
        self.folder.write(f"stop/{run}", b"")

    def is_asked_to_stop(self, run: str) -> bool:
        """Return whether the workers of a run are to stop."""
        return self.folder.stamp(f"stop/{run}") is not None


def load_job(place: str) -> Job | None:
    """Return the job in a folder; None where there is none, or its list is not complete.

    Raises:
        ConfigError: if another version of bytefit wrote it.
    """
    folder = folder_of(place)
    try:
        found = json.loads(folder.read("job.json").data)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ConfigError(f"job {shown_place(place)}: job.json is not JSON; --restart begins again") from error
    if not isinstance(found, dict) or found.get("version") != VERSION:
        raise ConfigError(f"job {shown_place(place)} was made by another version of bytefit; --restart begins again")
    return Job(folder, Plan(**found["plan"]), Counts(**found["counts"]))


def prepare_job(place: str, plan: Plan, found: Iterable[Entry], *, shard_size: int | None) -> Job:
    """Freeze the list of inputs into a job folder, and return the job.

    Args:
        place: the job folder.
        plan: what the job does.
        found: the inputs.
        shard_size: how many inputs a shard has; None for a size by the length of the list.

    Raises:
        ConfigError: if there are none, or two would be written to one name. Nothing is left in the job folder then.
    """
    folder = folder_of(place)
    folder.remove_folder("inputs")
    try:
        counts = _write_inputs(folder, plan, iter(found), shard_size)
    except BaseException:
        folder.remove_folder("")
        raise
    text = json.dumps({"version": VERSION, "plan": plan._asdict(), "counts": counts._asdict()}, indent=1)
    folder.write("job.json", text.encode())
    return Job(folder, plan, counts)


def forget_job(place: str) -> None:
    """Remove all of a job but its lock; the list goes first, so that half a job is none."""
    folder = folder_of(place)
    folder.remove("job.json")
    for name in ("inputs", "journal", "done", "open", "stop"):
        folder.remove_folder(name)


def _write_inputs(folder: Folder, plan: Plan, found: Iterator[Entry], shard_size: int | None) -> Counts:
    names = TakenNames()
    images = shards = 0
    size = shard_size or SHARD_SIZE
    try:
        first = list(islice(found, size * LEAST_SHARDS))
        if shard_size is None:
            size = max(1, min(size, -(-len(first) // LEAST_SHARDS)))
        waiting = _chained(first, found)
        while some := list(islice(waiting, size)):
            for entry in some:
                names.take(output_name(plan, checked_name(entry.name)), entry.name)
            lines = (json.dumps([entry.name, *entry.stamp]) for entry in some)
            folder.write(file_name("inputs", shards), "".join(line + "\n" for line in lines).encode())
            images, shards = images + len(some), shards + 1
    finally:
        names.close()
    if not images:
        raise ConfigError(f"source {plan.listed or shown_place(plan.source)} has no images")
    return Counts(images, shards, size)


def _chained(first: list[Entry], rest: Iterator[Entry]) -> Iterator[Entry]:
    yield from first
    first.clear()
    yield from rest


def _entry_from(line: list[Any]) -> tuple[str, Stamp]:
    return line[0], Stamp(*line[1:])


def _row_in(line: bytes) -> Row | None:
    try:
        return row_from(json.loads(line))
    except (ValueError, KeyError, TypeError):
        return None


def file_name(kind: str, shard: int) -> str:
    """Return the name of a file of a shard, of one of the kinds above."""
    return f"{kind}/{shard:06d}.jsonl"


def _numbers(names: Iterable[str]) -> set[int]:
    stems = (name.removesuffix(".jsonl") for name in names if name.endswith(".jsonl"))
    return {int(stem) for stem in stems if stem.isdecimal()}

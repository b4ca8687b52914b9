"""The manifest: the rows of all runs of a job in one file, in the order of the list of inputs."""

from __future__ import annotations

import csv
import json
import os
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bytefit.batches.job import load_job
from bytefit.batches.journal import unfinished_rows
from bytefit.batches.row import COLUMNS, Row
from bytefit.batches.storage.places import checked_place, shown_place
from bytefit.errors import ConfigError
from bytefit.messages import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

    from bytefit.batches.job import Job

# Rows of a Parquet file that are held at a time.
_GROUP = 10_000

_NUMBERS = frozenset({"number", "before", "after", "trials"})
_FRACTIONS = frozenset({"mtime", "quality", "score", "seconds"})


def job_at(place: str | os.PathLike[str]) -> Job:
    """Return the job in a folder.

    Raises:
        ConfigError: if there is none.
    """
    checked = checked_place(place)
    job = load_job(checked)
    if job is None:
        raise ConfigError(f"no job in {shown_place(checked)}: its folder has no job.json")
    return job


def rows(job: Job) -> Iterator[Row]:
    """Yield the rows of all images that have one, in the order of the list; those of shards under way come last."""
    done, still_open = job.markers()
    both = sorted(done | still_open)
    found = (next(job.rows([shard], still_open=shard in still_open)) for shard in both)
    if not still_open:
        found = job.rows(both)  # type: ignore[assignment]
    yield from chain.from_iterable(found)
    yield from chain.from_iterable(unfinished_rows(job, done | still_open))


def write_manifest(job: Job, output: str | os.PathLike[str]) -> int:
    """Write the manifest of a job to a file whose suffix is .jsonl, .csv or .parquet; return how many rows it has.

    Raises:
        ConfigError: if the suffix is another one, or a package is missing.
        OSError: if the file cannot be written.
    """
    path = Path(output)
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise ConfigError(f"manifest {shown(os.fspath(output))}: give a name that ends with {', '.join(_WRITERS)}")
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        count = write(temporary, (row.columns for row in rows(job)))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return count


def _write_json_lines(path: Path, found: Iterator[dict[str, Any]]) -> int:
    with path.open("w", encoding="utf-8", errors="surrogateescape") as file:
        return _counted(found, lambda columns: file.write(json.dumps(columns) + "\n"))


def _write_csv(path: Path, found: Iterator[dict[str, Any]]) -> int:
    with path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        return _write_table(file, found)


def _write_table(file: TextIO, found: Iterator[dict[str, Any]]) -> int:
    writer = csv.DictWriter(file, COLUMNS)
    writer.writeheader()
    return _counted(found, writer.writerow)


def _counted(found: Iterator[dict[str, Any]], write: Callable[[dict[str, Any]], object]) -> int:
    count = 0
    for columns in found:
        write(columns)
        count += 1
    return count


def _write_parquet(path: Path, found: Iterator[dict[str, Any]]) -> int:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise ConfigError(
            "a manifest in Parquet needs pyarrow: pip install 'bytefit[parquet]', or name a .jsonl or .csv"
        ) from error
    types = {name: pa.int64() for name in _NUMBERS} | {name: pa.float64() for name in _FRACTIONS}
    schema = pa.schema([(name, types.get(name, pa.string())) for name in COLUMNS])
    count = 0
    with parquet.ParquetWriter(path, schema) as writer:
        while some := list(islice(found, _GROUP)):
            writer.write_table(pa.Table.from_pylist(some, schema=schema))
            count += len(some)
    return count


_WRITERS: dict[str, Callable[[Path, Iterator[dict[str, Any]]], int]] = {
    ".jsonl": _write_json_lines,
    ".csv": _write_csv,
    ".parquet": _write_parquet,
}

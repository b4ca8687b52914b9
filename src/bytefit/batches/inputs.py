"""The inputs of a batch, one at a time: from a folder, a glob, a storage, or a list in a file.

Nothing is held in memory but the listing of one folder. Which inputs are images is told by their suffix.
"""

from __future__ import annotations

import csv
import glob
import json
import os
import sys
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bytefit.batches.row import Entry
from bytefit.batches.storage import s3
from bytefit.batches.storage.folders import RemoteFolder, folder_of, stamp_of
from bytefit.batches.storage.places import checked_name, checked_place, holds, is_uri, shown_place
from bytefit.batches.storage.retries import reason_of
from bytefit.batches.storage.stamps import Stamp
from bytefit.budgets.image_files import has_image_suffix, walk
from bytefit.errors import ConfigError
from bytefit.messages import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TextIO

# The columns of a list that may hold the names.
_COLUMNS = ("source", "path", "file", "name", "key", "url", "uri")

_MAGIC = "*?["


class Where(NamedTuple):
    """Where the inputs are.

    Attributes:
        root: the folder that their names are relative to.
        pattern: a glob below it; empty for all.
    """

    root: str
    pattern: str = ""


def where(source: str | os.PathLike[str]) -> Where:
    """Return the folder of a source, and the glob in it.

    Raises:
        ConfigError: see `checked_place`.
    """
    text = os.fspath(source)
    if not any(mark in text for mark in _MAGIC) or (not is_uri(text) and Path(text).exists()):
        return Where(checked_place(text))
    text = text.replace(os.sep, "/")
    first = min(text.index(mark) for mark in _MAGIC if mark in text)
    folder = text[:first].rpartition("/")[0]
    pattern = text[len(folder) + 1 :] if folder or text.startswith("/") else text
    return Where(checked_place(folder or ("/" if text.startswith("/") else ".")), pattern)


def entries(place: Where, *, without_suffix: str = "") -> Iterator[Entry]:
    """Yield the images of a source; their numbers are not set yet.

    Args:
        place: where they are.
        without_suffix: leave out names whose stem ends so: they are the answers of a batch.

    Raises:
        ConfigError: if there is no such folder, or the storage cannot be listed.
    """
    found = _remote(place) if is_uri(place.root) else _local(place)
    with _listing_errors(place.root):
        for entry in found:
            stem = entry.name.rpartition(".")[0]
            if has_image_suffix(entry.name) and not (without_suffix and stem.endswith(without_suffix)):
                yield entry


def _local(place: Where) -> Iterator[Entry]:
    root = place.root
    if not os.path.isdir(root):
        raise ConfigError(f"source {shown_place(root)}: {'is no folder' if os.path.exists(root) else 'no such folder'}")
    if place.pattern:
        paths: Iterable[str] = (
            os.path.join(root, name) for name in sorted(glob.iglob(place.pattern, root_dir=root, recursive=True))
        )
    else:
        paths = walk(root, on_error=_refuse)
    for path in paths:
        status = os.stat(path)
        yield Entry(0, checked_name(os.path.relpath(path, root)), Stamp(status.st_size, status.st_mtime))


def _refuse(error: OSError) -> None:
    raise error


def _remote(place: Where) -> Iterator[Entry]:
    folder = RemoteFolder(place.root)
    if folder.is_s3 and not place.pattern:
        for name, stamp in s3.listed(folder.fs, folder.root):
            yield Entry(0, name, stamp)
        return
    root = folder.root.rstrip("/") + "/"
    if place.pattern:
        found: Iterable[tuple[str, Any]] = sorted(folder.fs.glob(root + place.pattern, detail=True).items())
    else:
        walked = folder.fs.walk(folder.root, detail=True, on_error="raise")
        found = chain.from_iterable(sorted((info["name"], info) for info in files.values()) for _, _, files in walked)
    for path, info in found:
        yield Entry(0, path[path.index(root) + len(root) :], stamp_of(info))


@contextmanager
def _listing_errors(root: str) -> Iterator[None]:
    """Say on one line why a source cannot be listed."""
    try:
        yield
    except ConfigError:
        raise
    except FileNotFoundError as error:
        if error.filename is not None:
            raise
        raise ConfigError(f"source {shown_place(root)}: no such folder or bucket") from error
    except Exception as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise
        if not is_uri(root):
            raise
        raise ConfigError(f"source {root} cannot be listed: {reason_of(error)}") from error


def entries_from(file: str | os.PathLike[str], root: str) -> Iterator[Entry]:
    """Yield the inputs that a file names: text, CSV or JSON lines; "-" is standard input.

    Args:
        file: a list. Its first line tells its form: an object or a string of JSON, a header of CSV, or a name.
        root: the folder that names are relative to; whole paths and URIs have to be below it.

    Raises:
        ConfigError: if the list cannot be read, or names what is not below `root`.
    """
    local = None if is_uri(root) else root
    with _opened_list(file) as lines:
        for name in _names(lines, os.fspath(file)):
            below = checked_name(_below(name, root))
            status = None if local is None else _status(os.path.join(local, below))
            yield Entry(0, below, Stamp() if status is None else Stamp(status.st_size, status.st_mtime))


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:
        return None  # its row says so


@contextmanager
def _opened_list(file: str | os.PathLike[str]) -> Iterator[TextIO]:
    if file == "-":
        yield sys.stdin
        return
    with Path(file).open(encoding="utf-8-sig", errors="surrogateescape", newline="") as opened:
        yield opened


def _names(lines: Iterable[str], file: str) -> Iterator[str]:
    """Yield the names in a list."""
    lines = iter(lines)
    first = next((line for line in lines if line.strip()), "")
    whole = chain([first], lines)
    if first.lstrip()[:1] in {"{", '"'} and _is_json(first):
        yield from _json_names(whole, file)
        return
    header = next(csv.reader([first]), [])
    if file.endswith(".csv") or {name.strip().lower() for name in header} & set(_COLUMNS):
        yield from _csv_names(whole, header)
        return
    for line in whole:
        if name := line.rstrip("\r\n"):
            yield name


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _json_names(lines: Iterable[str], file: str) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            raise ConfigError(f"{file}, line {number} is not JSON: {shown(line.strip())}") from error
        if isinstance(value, dict):
            value = next((value[name] for name in _COLUMNS if name in value), None)
        if not isinstance(value, str):
            raise ConfigError(f"{file}, line {number} names no input: give a string, or an object with {_COLUMNS[0]!r}")
        yield value


def _csv_names(lines: Iterable[str], header: list[str]) -> Iterator[str]:
    names = [name.strip().lower() for name in header]
    column = next((names.index(name) for name in _COLUMNS if name in names), None)
    for number, record in enumerate(csv.reader(lines)):
        if record and not (number == 0 and column is not None):
            yield record[column or 0]


def _below(name: str, root: str) -> str:
    """Return a name relative to the root, of a whole path or URI that is below it."""
    if is_uri(name) or os.path.isabs(name):
        if not holds(root, name):
            raise ConfigError(f"input {shown(name)} is not below the source {shown_place(root)}")
        return name[len(root.rstrip("/")) + 1 :]
    return name


def check_source(root: str) -> None:
    """Refuse a source that is not there, before anything is written.

    Raises:
        ConfigError: naming it.
    """
    if is_uri(root):
        folder_of(root)
    elif not os.path.isdir(root):
        raise ConfigError(f"source {shown_place(root)}: {'is no folder' if os.path.exists(root) else 'no such folder'}")

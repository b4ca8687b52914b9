"""Folders to read from and write to: local ones, and those of any storage that fsspec knows.

A file is written in one step: by a rename in a local folder, by one PUT in an object store. A file object of fsspec is
never used for that, because it publishes what was written before an error. This module knows nothing of images.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from bytefit.batches.storage import s3
from bytefit.batches.storage.places import is_uri
from bytefit.batches.storage.retries import reason_of
from bytefit.batches.storage.stamps import SourceChanged, Stamp
from bytefit.batches.storage.write_options import WriteOptions
from bytefit.errors import ConfigError
from bytefit.files.atomic import remove_leftovers, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# The package and the extra that bring a protocol.
_PROTOCOLS = {"s3": ("s3fs", "bytefit[s3]"), "s3a": ("s3fs", "bytefit[s3]")}

# How many small objects are fetched together.
_AT_ONCE = 64

_PLAIN = WriteOptions()

_CHANGED = "it was changed by another program meanwhile, and was left alone"


class Content(NamedTuple):
    """A file as it was read.

    Attributes:
        data: its bytes.
        stamp: which version it is.
        headers: what an object store says of it to browsers, and the user's own metadata.
    """

    data: bytes
    stamp: Stamp
    headers: Mapping[str, Any] = {}


class Folder(Protocol):
    """A folder; names are relative to it, with slashes."""

    @property
    def uri(self) -> str:
        """Its path or URI."""

    def read(self, name: str) -> Content:
        """Return a file."""

    def stamp(self, name: str) -> Stamp | None:
        """Return which version of a file there is; None if there is none."""

    def write(self, name: str, data: bytes, options: WriteOptions = _PLAIN) -> None:
        """Write a file in one step."""

    def append(self, name: str, text: str) -> bool:
        """Append to a file, or return False where the storage cannot."""

    def names(self, below: str) -> list[str]:
        """Return the names of the files in a folder below this one."""

    def texts(self, names: Iterable[str]) -> Iterator[bytes]:
        """Yield the content of files, in order."""

    def remove(self, name: str) -> None:
        """Remove a file, if there is one."""

    def remove_folder(self, name: str) -> None:
        """Remove a folder with all in it, if there is one; "" is this one."""

    def remove_leftovers(self, name: str) -> None:
        """Remove what a process that was killed while it wrote a file left beside it."""

    def copy(self, name: str, other: Folder, output: str) -> bool:
        """Copy a file to another folder without reading it, or return False where that cannot be."""


class LocalFolder:
    """A folder of the file system."""

    def __init__(self, path: str) -> None:
        """Take the path of a folder that need not be there yet."""
        self.uri = path
        self._path = Path(path)

    def read(self, name: str) -> Content:
        """Return a file, with the stamp it had before it was read."""
        path = self._path / name
        stamp = _local_stamp(path.stat())
        return Content(path.read_bytes(), stamp)

    def stamp(self, name: str) -> Stamp | None:
        """Return size and modification time; None if there is no such file."""
        try:
            return _local_stamp((self._path / name).stat())
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write(self, name: str, data: bytes, options: WriteOptions = _PLAIN) -> None:
        """Write a file by a rename.

        Raises:
            SourceChanged: if another version is there than the one it may replace.
            OSError: if it cannot be written.
        """
        path = self._path / name
        if options.replaces is None:
            path.parent.mkdir(parents=True, exist_ok=True)
        else:
            _check_unchanged(self, name, options.replaces)
        write_atomically(path, data, durable=options.durable)
        if options.mtime is not None:
            os.utime(path, (options.mtime, options.mtime))

    def append(self, name: str, text: str) -> bool:
        """Append to a file in one call of the system."""
        path = self._path / name
        for again in (True, False):
            try:
                handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            except FileNotFoundError:
                if not again:
                    raise
                path.parent.mkdir(parents=True, exist_ok=True)
                continue
            try:
                os.write(handle, text.encode())
            finally:
                os.close(handle)
            break
        return True

    def names(self, below: str) -> list[str]:
        """Return the names of the files in a folder below this one; none if it is not there."""
        try:
            return os.listdir(self._path / below)
        except FileNotFoundError:
            return []

    def texts(self, names: Iterable[str]) -> Iterator[bytes]:
        """Yield the content of files, in order."""
        for name in names:
            yield (self._path / name).read_bytes()

    def remove(self, name: str) -> None:
        """Remove a file, if there is one."""
        (self._path / name).unlink(missing_ok=True)

    def remove_folder(self, name: str) -> None:
        """Remove a folder with all in it, if there is one."""
        from shutil import rmtree

        rmtree(self._path / name, ignore_errors=True)

    def remove_leftovers(self, name: str) -> None:
        """Remove the temporary files of killed processes from the folder of a file."""
        remove_leftovers((self._path / name).parent)

    def copy(self, name: str, other: Folder, output: str) -> bool:  # noqa: ARG002
        """Return False: the content of a local file is read to be hashed."""
        return False


class RemoteFolder:
    """A folder behind fsspec."""

    def __init__(self, uri: str) -> None:
        """Connect to the storage of a URI."""
        import fsspec

        self.uri = uri
        protocol = uri.partition("://")[0].rpartition("::")[2]
        self.is_s3 = protocol in _PROTOCOLS
        # What a worker listed an hour ago is not what is there.
        settings = {"use_listings_cache": False} if self.is_s3 else {}
        try:
            self.fs, self.root = fsspec.url_to_fs(uri, **settings)
        except ImportError as error:
            package, extra = _PROTOCOLS.get(protocol, ("", ""))
            way = f"pip install '{extra}'" if extra else reason_of(error)
            raise ConfigError(f"{protocol}:// needs {package or 'another package'}: {way}") from error
        except ValueError as error:
            raise ConfigError(f"cannot use {uri}: {reason_of(error)}") from error

    def at(self, name: str) -> str:
        """Return the path of a file in its storage."""
        return f"{self.root.rstrip('/')}/{name}" if name else self.root

    def read(self, name: str) -> Content:
        """Return an object with its headers."""
        path = self.at(name)
        if self.is_s3:
            stamp, headers = s3.described(self.fs, path)
            return Content(self.fs.cat_file(path), stamp, headers)
        stamp = stamp_of(self.fs.info(path))
        return Content(self.fs.cat_file(path), stamp)

    def stamp(self, name: str) -> Stamp | None:
        """Return which version of an object there is; None if there is none."""
        try:
            return stamp_of(self.fs.info(self.at(name)))
        except FileNotFoundError:
            return None

    def write(self, name: str, data: bytes, options: WriteOptions = _PLAIN) -> None:
        """Write an object by one PUT.

        Raises:
            SourceChanged: if another version is there than the one it may replace.
        """
        path = self.at(name)
        if self.is_s3:
            s3.put(self.fs, path, data, options)
            return
        if options.replaces is not None:
            _check_unchanged(self, name, options.replaces)
        else:
            with suppress(NotImplementedError):
                self.fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        self.fs.pipe_file(path, data)

    def append(self, name: str, text: str) -> bool:  # noqa: ARG002
        """Return False: objects are written whole."""
        return False

    def names(self, below: str) -> list[str]:
        """Return the names of the objects below a prefix; none if there are none."""
        try:
            found = self.fs.ls(self.at(below), detail=False, refresh=True)
        except FileNotFoundError:
            return []
        except TypeError:  # not every storage has a cache to refresh
            found = self.fs.ls(self.at(below), detail=False)
        return [path.rpartition("/")[2] for path in found]

    def texts(self, names: Iterable[str]) -> Iterator[bytes]:
        """Yield the content of objects, in order; some at a time are fetched together."""
        waiting = iter(names)
        while some := list(islice(waiting, _AT_ONCE)):
            paths = [self.at(name) for name in some]
            found = self.fs.cat(paths)
            yield from (found[path] for path in paths)

    def remove(self, name: str) -> None:
        """Remove an object, if there is one, by one request."""
        with suppress(FileNotFoundError):
            self.fs.rm_file(self.at(name))

    def remove_folder(self, name: str) -> None:
        """Remove all below a prefix, if there is anything."""
        with suppress(FileNotFoundError):
            self.fs.rm(self.at(name), recursive=True)

    def remove_leftovers(self, name: str) -> None:
        """Do nothing: an object is written whole, or not at all."""

    def copy(self, name: str, other: Folder, output: str) -> bool:
        """Let the storage copy an object within itself; its headers go along."""
        if not isinstance(other, RemoteFolder) or other.fs is not self.fs:
            return False
        self.fs.cp_file(self.at(name), other.at(output))
        return True


def folder_of(place: str) -> Folder:
    """Return a folder by its path or URI.

    Raises:
        ConfigError: if a package is missing for it.
    """
    return RemoteFolder(place) if is_uri(place) else LocalFolder(place)


def _check_unchanged(folder: Folder, name: str, listed: Stamp) -> None:
    """Raise SourceChanged if another version of a file is there."""
    if (now := folder.stamp(name)) is None or now.differs(listed):
        raise SourceChanged(_CHANGED)


def _local_stamp(status: os.stat_result) -> Stamp:
    return Stamp(status.st_size, status.st_mtime)


def stamp_of(info: Mapping[str, Any]) -> Stamp:
    """Return the stamp in what fsspec says of a file."""
    when = next(
        (info[name] for name in ("LastModified", "last_modified", "mtime", "modified", "created") if info.get(name)),
        None,
    )
    etag = info.get("ETag") or info.get("etag")
    seconds = when.timestamp() if isinstance(when, datetime) else when
    return Stamp(
        info.get("size"),
        float(seconds) if isinstance(seconds, int | float) else None,
        etag.strip('"') if isinstance(etag, str) else None,
    )

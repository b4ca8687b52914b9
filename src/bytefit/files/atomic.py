"""Write files atomically: at any moment a file is either the complete old one or the complete new one.

A killed process leaves a temporary file behind. It is found by its name; a lock protects the file of a live process.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import IO

from bytefit.sources.streams import check_stream_writable, is_stream, write_stream

# The prefix and suffix of temporary file names.
_TEMPORARY = (".bytefit-", ".tmp")

# The errors of a folder in which no file can be created.
_NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)
FOLDER_NOT_WRITABLE = "a new file is written to the same folder first, and that folder is not writable"


def write_atomically(path: str | os.PathLike[str], data: bytes, *, durable: bool = True) -> None:
    """Write `data` to `path` atomically, and keep the permissions of an existing file.

    The bytes go to a temporary file in the same folder, which is then renamed. A reader of `path` sees the old file or
    the new one. A symbolic link is followed. A pipe or a standard stream is written directly.

    Args:
        path: the file.
        data: its bytes.
        durable: whether to wait until they are on the disk. Else a loss of power may leave an empty file.

    Raises:
        OSError: if the file cannot be written. It names `path`, and the folder if that is the reason.
    """
    if is_stream(path):  # never replace a pipe or a device
        write_stream(path, data)
        return
    destination = Path(os.path.realpath(path))
    replaced = False
    while not replaced:
        temporary = destination.parent / os.urandom(8).hex().join(_TEMPORARY)
        try:  # before the file exists: a signal may end the process at any moment
            replaced = _replaced(destination, temporary, data, durable=durable)
        except BaseException as error:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise _named(error, path) from error
            raise


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise the OSError that `write_atomically` would end in, before any time is spent on encoding.

    Raises:
        ConfigError: if it is a terminal or a disk.
        OSError: naming `path`, or the folder that is missing.
    """
    if is_stream(path):
        check_stream_writable(path)
        return
    destination, folder = Path(path), Path(os.path.realpath(path)).parent
    if destination.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if not folder.is_dir():
        missing = folder if destination.is_symlink() else destination.parent
        raise FileNotFoundError(errno.ENOENT, "no such folder", os.fspath(missing))
    if not os.access(folder, os.W_OK):
        reason = f"{os.strerror(errno.EACCES)}: {FOLDER_NOT_WRITABLE}"
        raise PermissionError(errno.EACCES, reason, os.fspath(path))
    if destination.exists() and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fspath(path))


def remove_leftovers(folder: str | os.PathLike[str]) -> None:
    """Remove the temporary files that killed processes left in a folder. Live processes keep theirs."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            ours = entry.name.startswith(_TEMPORARY[0]) and entry.name.endswith(_TEMPORARY[1])
            if ours and entry.is_file(follow_symlinks=False):  # opening a pipe would block
                with suppress(OSError):
                    _remove_unless_open(entry.path)


def _named(error: OSError, path: str | os.PathLike[str]) -> OSError:
    """Return an error that names the file to write. Users do not know the temporary file."""
    reason = error.strerror or str(error)
    if error.errno in _NOT_WRITABLE:
        reason += f": {FOLDER_NOT_WRITABLE}"
    return OSError(error.errno, reason, os.fspath(path))


def _replaced(destination: Path, temporary: Path, data: bytes, *, durable: bool) -> bool:
    """Write the temporary file and rename it. Return False if another process removed it as a leftover."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(temporary, flags, 0o666), "wb") as file:
        # Until it is locked, another process may take it for a leftover.
        if not _could_lock(file) or not temporary.exists():
            return False
        file.write(data)
        file.flush()
        if durable:
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            _take_over(temporary, destination.stat())
        if os.name != "nt":  # Windows cannot rename an open file; elsewhere the lock is held until after the rename
            temporary.replace(destination)
    if os.name == "nt":
        temporary.replace(destination)
    return True


def _could_lock(file: IO[bytes]) -> bool:
    """Lock a file as long as it is open. Return False if another process has locked it."""
    try:
        _lock(file)
    except OSError as error:
        return not isinstance(error, BlockingIOError)  # some network file systems have no locks
    return True


def _remove_unless_open(path: str) -> None:
    """Remove a temporary file.

    Raises:
        OSError: if a process has it open.
    """
    if os.name == "nt":  # Windows cannot remove an open file, even in the process that opened it
        os.unlink(path)  # noqa: PTH108
        return
    with open(path, "r+b") as file:  # noqa: PTH123  (NFS locks need write access)
        _lock(file)
        os.unlink(path)  # noqa: PTH108


def _lock(file: IO[bytes]) -> None:
    """Lock a file as long as it is open.

    Raises:
        OSError: if another process has locked it.
    """
    if os.name != "nt":  # Windows cannot remove an open file anyway
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _take_over(temporary: Path, status: os.stat_result) -> None:
    """Copy the permissions of the replaced file to the new one, and its owner if that is allowed."""
    if hasattr(os, "chown"):
        with suppress(PermissionError):
            os.chown(temporary, status.st_uid, status.st_gid)
    temporary.chmod(status.st_mode & 0o7777)

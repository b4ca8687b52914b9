"""Writing a file in one step: at any moment it is either the old one or the new one, whole.

What a killed process leaves behind is found by its name, and told from what a living one needs by a lock.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import IO

# How the names of temporary files begin and end.
_TEMPORARY = (".bytefit-", ".tmp")

# What the system says of a folder in which no file can be made.
_NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)
FOLDER_NOT_WRITABLE = "a new file is written to the same folder first, and that folder is not writable"


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` to `path` in one step, keeping the permissions of a file that is there already.

    The bytes go to a temporary file beside it, which then takes its name: whoever reads `path` sees the old file or
    the new one. A symbolic link is followed.
    """
    destination = Path(os.path.realpath(path))
    if destination.exists() and not destination.is_file():  # a pipe or a device must not be replaced
        destination.write_bytes(data)
        return
    replaced = False
    while not replaced:
        temporary = destination.parent / os.urandom(8).hex().join(_TEMPORARY)
        try:  # before the file is made: a signal may end the process at any moment
            replaced = _replaced(destination, temporary, data)
        except BaseException as error:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise _named(error, path) from error
            raise


def remove_leftovers(folder: str | os.PathLike[str]) -> None:
    """Remove the temporary files that a killed process left in a folder; those of a process that lives stay."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            ours = entry.name.startswith(_TEMPORARY[0]) and entry.name.endswith(_TEMPORARY[1])
            if ours and entry.is_file(follow_symlinks=False):  # to open a pipe would be to wait for ever
                with suppress(OSError):
                    _remove_unless_open(entry.path)


def _named(error: OSError, path: str | os.PathLike[str]) -> OSError:
    """Return an error about the file that was to be written: nobody knows the temporary file."""
    reason = error.strerror or str(error)
    if error.errno in _NOT_WRITABLE:
        reason += f": {FOLDER_NOT_WRITABLE}"
    return OSError(error.errno, reason, os.fspath(path))


def _replaced(destination: Path, temporary: Path, data: bytes) -> bool:
    """Write the temporary file and give it its name; return False where somebody took it for a leftover meanwhile."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(temporary, flags, 0o666), "wb") as file:
        # Between its making and its lock it could not be told from a leftover.
        if not _could_lock(file) or not temporary.exists():
            return False
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            _take_over(temporary, destination.stat())
        if os.name != "nt":  # there an open file cannot be renamed; here the lock is held until it has its name
            temporary.replace(destination)
    if os.name == "nt":
        temporary.replace(destination)
    return True


def _could_lock(file: IO[bytes]) -> bool:
    """Lock a file as long as it is open, and return whether nobody else has locked it."""
    try:
        _lock(file)
    except OSError as error:
        return not isinstance(error, BlockingIOError)  # some network file systems know no locks
    return True


def _remove_unless_open(path: str) -> None:
    """Remove a temporary file.

    Raises:
        OSError: if a process has it open.
    """
    if os.name == "nt":  # a file that is open cannot be removed there, not even by who opened it
        os.unlink(path)  # noqa: PTH108
        return
    with open(path, "r+b") as file:  # noqa: PTH123  (over NFS only who may write may lock)
        _lock(file)
        os.unlink(path)  # noqa: PTH108


def _lock(file: IO[bytes]) -> None:
    """Lock a file as long as it is open.

    Raises:
        OSError: if another process has locked it.
    """
    if os.name != "nt":  # there a file that is open cannot be removed anyway
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _take_over(temporary: Path, status: os.stat_result) -> None:
    """Give a new file the permissions, and where that is allowed the owner, of the one it replaces."""
    if hasattr(os, "chown"):
        with suppress(PermissionError):
            os.chown(temporary, status.st_uid, status.st_gid)
    temporary.chmod(status.st_mode & 0o7777)

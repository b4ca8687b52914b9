"""Writing a file in one step: at any moment it is either the old one or the new one, whole.

What a killed process leaves behind is found by its name, and told from what a living one needs by a lock.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import IO, BinaryIO

# How the names of temporary files begin and end.
_TEMPORARY = (".bytefit-", ".tmp")


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` to `path` in one step, keeping the permissions of a file that is there already.

    The bytes go to a temporary file beside it, which then takes its name: whoever reads `path` sees the old file or
    the new one. A symbolic link is followed.
    """
    destination = Path(os.path.realpath(path))
    if destination.exists() and not destination.is_file():  # a pipe or a device must not be replaced
        destination.write_bytes(data)
        return
    temporary, file = _open_temporary(destination.parent)
    try:
        with file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            with suppress(FileNotFoundError):
                _take_over(temporary, destination.stat())
            if os.name != "nt":  # there an open file cannot be renamed; here the lock is held until it has its name
                temporary.replace(destination)
        if os.name == "nt":
            temporary.replace(destination)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def remove_leftovers(folder: str | os.PathLike[str]) -> None:
    """Remove the temporary files that a killed process left in a folder; those of a process that lives stay."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(_TEMPORARY[0]) and entry.name.endswith(_TEMPORARY[1]):
                with suppress(OSError), open(entry.path, "rb") as file:  # noqa: PTH123
                    _lock(file)
                    os.unlink(entry.path)  # noqa: PTH108


def _open_temporary(folder: Path) -> tuple[Path, BinaryIO]:
    """Return a new temporary file in `folder` and open it, locked, so that nobody takes it for a leftover."""
    while True:
        temporary = folder / os.urandom(8).hex().join(_TEMPORARY)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        file = os.fdopen(os.open(temporary, flags, 0o666), "wb")
        with suppress(OSError):  # some network file systems know no locks
            _lock(file)
        # Between its making and its lock somebody may have taken it for a leftover.
        if temporary.exists():
            return temporary, file
        file.close()


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

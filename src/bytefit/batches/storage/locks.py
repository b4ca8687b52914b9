"""The lock of a job folder on this machine: one driver at a time.

The system holds the lock for the process, and releases it however the process ends. Object stores and Windows have no
such lock.
"""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from bytefit.batches.storage.places import is_uri, shown_place
from bytefit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

NAME = "lock"


@contextmanager
def locked(place: str, *, shared: bool = False) -> Iterator[None]:
    """Lock a job folder until the block ends; a folder behind a URI has no lock.

    Args:
        place: the job folder. It is made if it is not there, and removed again if the block leaves nothing in it.
        shared: whether others may hold a shared lock at the same time.

    Raises:
        ConfigError: if another process holds it.
    """
    if is_uri(place) or fcntl is None:
        yield
        return
    os.makedirs(place, exist_ok=True)
    path = os.path.join(place, NAME)
    handle = _locked_file(path, place, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
    try:
        yield
    finally:
        if not shared:
            with suppress(OSError):
                os.unlink(path)
                os.rmdir(place)
        os.close(handle)


def _locked_file(path: str, place: str, kind: int) -> int:
    """Return the open lock file, which says whose it is."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(handle, 200).decode(errors="replace") or "another process"
            os.close(handle)
            raise ConfigError(
                f"job {shown_place(place)} is being run by {owner}: wait until that run ends, or stop it"
            ) from None
        except OSError:
            return handle  # some network file systems have no locks
        # Its last owner may have removed the file before it was locked here.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), os.stat(path)):
                os.truncate(handle, 0)
                os.write(handle, f"process {os.getpid()} on {socket.gethostname()}".encode())
                return handle
        os.close(handle)

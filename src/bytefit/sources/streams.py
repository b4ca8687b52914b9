"""Standard streams, pipes and devices: they have no size before they are read, and cannot be replaced.

Everything is read here once; sizes are those of the bytes that were read. This module knows nothing of images.
"""

from __future__ import annotations

import errno
import os
import re
import sys
from pathlib import Path
from stat import S_ISBLK, S_ISCHR, S_ISDIR, S_ISREG
from typing import IO

from bytefit.errors import ConfigError, UnsupportedImage

# As text, not as a `Path`: standard input where something is read, standard output where something is written. A file
# of this name is "./-".
STANDARD = "-"

_INPUT, _OUTPUT, _ERROR = 0, 1, 2
_NAMES = {_INPUT: "standard input", _OUTPUT: "standard output", _ERROR: "standard error"}

# What these paths name is already open. To open it again would fail for a socket, and would truncate a file.
_DESCRIPTORS = {"/dev/stdin": _INPUT, "/dev/stdout": _OUTPUT, "/dev/stderr": _ERROR}
_DESCRIPTOR = re.compile(r"/(?:dev|proc/self|proc/thread-self)/fd/(\d{1,9})")


def is_stream(path: str | os.PathLike[str]) -> bool:
    """Return whether a path names a standard stream, a pipe, a socket or a device."""
    if _descriptor(path, _INPUT) is not None:
        return True
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        return False
    return not S_ISREG(mode) and not S_ISDIR(mode)


def is_standard_output(path: str | os.PathLike[str]) -> bool:
    """Return whether what is written to a path goes to standard output."""
    return _descriptor(path, _OUTPUT) == _OUTPUT


def shown_name(path: str | os.PathLike[str], *, to_write: bool = False) -> str:
    """Return what messages call a path."""
    descriptor = _descriptor(path, _OUTPUT if to_write else _INPUT)
    return os.fspath(path) if descriptor is None else _NAMES.get(descriptor, os.fspath(path))


def read_file(path: str | os.PathLike[str]) -> bytes:
    """Return all bytes of a file, a pipe or standard input.

    Raises:
        UnsupportedImage: if it is a device, which may have no end.
        OSError: if it cannot be read. It names what messages call it.
    """
    descriptor, name = _descriptor(path, _INPUT), shown_name(path)
    try:
        mode = _mode(path, descriptor)
        if S_ISCHR(mode) or S_ISBLK(mode):
            kind = "terminal" if descriptor is not None and os.isatty(descriptor) else "device"
            raise UnsupportedImage(f"{name} is a {kind}, not an image file: name a file, or send one through a pipe")
        with _open(path, descriptor, "rb") as file:
            return file.read()
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), name) from error


def check_stream_writable(path: str | os.PathLike[str]) -> None:
    """Refuse a stream that an image cannot be written to, before any time is spent on encoding.

    Raises:
        ConfigError: if it is a terminal or a disk.
        OSError: if it is closed, or not writable.
    """
    descriptor, name = _descriptor(path, _OUTPUT), shown_name(path, to_write=True)
    try:
        mode = _mode(path, descriptor)
    except OSError as error:
        raise OSError(error.errno, error.strerror, name) from error
    if descriptor is not None and os.isatty(descriptor):
        raise ConfigError(f"{name} is a terminal: name a file as output, or redirect the output to one")
    if S_ISBLK(mode):
        raise ConfigError(f"{name} is a disk: name a file as output")
    if descriptor is None and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)


def write_stream(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` to a stream as it is, never through a temporary file.

    Raises:
        OSError: if it cannot be written; `BrokenPipeError` if nobody reads it any more.
    """
    descriptor = _descriptor(path, _OUTPUT)
    try:
        if descriptor == _OUTPUT and sys.stdout is not None:
            sys.stdout.flush()  # text that was printed before comes first
        with _open(path, descriptor, "wb") as file:
            file.write(data)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), shown_name(path, to_write=True)) from error


def _mode(path: str | os.PathLike[str], descriptor: int | None) -> int:
    return (Path(path).stat() if descriptor is None else os.fstat(descriptor)).st_mode


def _open(path: str | os.PathLike[str], descriptor: int | None, mode: str) -> IO[bytes]:
    if descriptor is None:
        return open(path, mode)  # noqa: PTH123  (the caller closes it)
    return os.fdopen(os.dup(descriptor), mode)


def _descriptor(path: str | os.PathLike[str], standard: int) -> int | None:
    """Return the descriptor that a path names, `standard` for "-"; None for a path of the file system."""
    if isinstance(path, str) and path == STANDARD:
        return standard
    if os.name == "nt":
        return None
    name = os.fspath(path)
    if match := _DESCRIPTOR.fullmatch(name):
        return int(match[1])
    return _DESCRIPTORS.get(name)

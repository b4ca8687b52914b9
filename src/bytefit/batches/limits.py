"""Limits of one image in a worker: its time, and its memory where the platform can limit that.

An encoder written in C cannot be interrupted from Python. A worker process that is ours ends itself when the encoder
goes on for long after the limit; the driver then goes on with another.
"""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

# How much longer than its limit an image may take before the process is ended, as a share of the limit, and at least
# in seconds: most encodes end within it.
_GRACE, _LEAST_GRACE = 0.5, 1.0

# Seconds between two looks at the driver.
_FOLLOW = 0.5

# The exit code of a process that ended itself.
_ENDED = 75


class ImageTimeout(BaseException):
    """An image that takes longer than it may."""


@contextmanager
def time_limit(seconds: float | None, *, on_end: Callable[[], object] | None) -> Iterator[None]:
    """Raise ImageTimeout in this thread if the block takes longer than some seconds.

    Args:
        seconds: the limit; None for none.
        on_end: called before this process ends itself, where the exception comes to nothing; None if it may not end
            itself, because it belongs to somebody else.
    """
    if seconds is None:
        yield
        return
    watch = _Watch(seconds, on_end)
    try:
        yield
    finally:
        try:
            watch.stop()
        except ImageTimeout:  # raised at the last moment
            watch.stop()
            raise


class _Watch:
    """A thread that waits for the limit."""

    def __init__(self, seconds: float, on_end: Callable[[], object] | None) -> None:
        self._seconds, self._on_end = seconds, on_end
        self._thread_id = threading.get_ident()
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._stopped = False
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        if self._over.wait(self._seconds):
            return
        with self._lock:
            if self._stopped:
                return
            _raise_in(self._thread_id, ImageTimeout)
        if self._on_end is None or self._over.wait(max(_LEAST_GRACE, self._seconds * _GRACE)):
            return
        self._on_end()
        os._exit(_ENDED)

    def stop(self) -> None:
        """End the watch. An exception that is on its way is raised here, or taken back."""
        with self._lock:
            self._stopped = True
        self._over.set()
        _raise_in(self._thread_id, None)


def _raise_in(thread_id: int, error: type[BaseException] | None) -> None:
    wanted = None if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), wanted)


@contextmanager
def memory_limit(size: int | None) -> Iterator[None]:
    """Raise MemoryError in a block that takes more than `size` bytes of memory; only where the platform can do it."""
    used = None if size is None else _address_space()
    if resource is None or size is None or used is None:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = used + size
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _address_space() -> int | None:
    """Return the bytes of address space that this process has; None where the system does not tell."""
    with suppress(OSError, ValueError, IndexError), open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return None


def follow(driver: int) -> None:
    """End this worker soon after its driver has ended; else it would wait for work for minutes, and hold its pipes."""

    def watch() -> None:
        while os.getppid() == driver:
            time.sleep(_FOLLOW)
        os._exit(_ENDED)

    threading.Thread(target=watch, daemon=True).start()


class _ThreadsHeld:
    """Holds the encoders' own threads to one while any thread of this process is inside: a worker is a core already."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before = 0

    def __enter__(self) -> None:
        from PIL import AvifImagePlugin

        with self._lock:
            if not self._inside:
                self._before = AvifImagePlugin.DEFAULT_MAX_THREADS
                AvifImagePlugin.DEFAULT_MAX_THREADS = 1
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        from PIL import AvifImagePlugin

        with self._lock:
            self._inside -= 1
            if not self._inside:
                AvifImagePlugin.DEFAULT_MAX_THREADS = self._before


threads_held = _ThreadsHeld()


def be_quiet() -> None:
    """Leave Ctrl-C to the driver, which lets the images in flight finish, and Pillow's warnings to nobody."""
    warnings.simplefilter("ignore")
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)

"""How far an encode is that takes seconds, for a listener such as the command line."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    # (tiles done, tiles in all): called before the first tile of an encode and after each one.
    Listener = Callable[[int, int], None]

_listener: ContextVar[Listener | None] = ContextVar("_listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Call `listener` while long encodes go on, in this thread."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def report(done: int, total: int) -> None:
    """Say how many tiles of an encode are done."""
    if (listener := _listener.get()) is not None:
        listener(done, total)

"""The progress of long measurements, on standard error: a bar on a terminal, plain lines anywhere else."""

from __future__ import annotations

import sys
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.progress import track

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Item = TypeVar("Item")

# A log gets a line this often.
EVERY_SECONDS = 5.0


def tracked(items: Iterable[Item], what: str, total: int, *, every: float = EVERY_SECONDS) -> Iterable[Item]:
    """Yield `items` while standard error shows how many of `total` are done, in a log every `every` seconds."""
    console = Console(stderr=True)
    if console.is_terminal:
        return track(items, what, total=total, console=console, transient=True)
    return _logged(items, what, total, every)


def _logged(items: Iterable[Item], what: str, total: int, every: float) -> Iterator[Item]:
    last = monotonic()
    for done, item in enumerate(items, 1):
        if monotonic() - last >= every:
            last = monotonic()
            print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)
        yield item

"""What the commands show at effort "best": how far an encode of seconds is, and what would make the files better."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from bytefit.codecs.progress import listening

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.progress import Progress

    from bytefit.fitting.result import Result


@contextmanager
def passes_shown(progress: Progress) -> Iterator[None]:
    """Show a bar for every long encode, one after the other, in the same line of `progress`."""
    number, task = 0, progress.add_task("", visible=False)

    def show(done: int, total: int) -> None:
        nonlocal number
        number += not done
        progress.update(
            task, description=f"Choosing levels, pass {number}", completed=done, total=total, visible=done < total
        )

    with listening(show):
        yield


@contextmanager
def passes_on_a_terminal() -> Iterator[None]:
    """Show long encodes where standard error is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with (
        Progress(console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as progress,
        passes_shown(progress),
    ):
        yield


def note_missing_extra(results: Iterable[Result | None]) -> None:
    """Say once on standard error what effort "best" lacks, if some result is a JPEG of that effort."""
    if find_spec("numpy") is None and any(result is not None and result.setting.get("scans") for result in results):
        print(MISSING_EXTRA, file=sys.stderr)


MISSING_EXTRA = (
    "bytefit: note: effort 'best' makes better-looking JPEG files with numpy, which is not installed: "
    "pip install 'bytefit[best]'"
)

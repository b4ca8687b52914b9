"""The progress of a batch: a bar on a terminal, plain lines elsewhere, or a JSON object a line; on standard error."""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bytefit.messages import format_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bytefit.batches.tally import Tally

# Seconds between two lines.
_PAUSE = 5.0


@contextmanager
def shown_progress(kind: str, earlier: Tally, images: int) -> Iterator[Callable[[Tally], None]]:
    """Yield a function to call with the numbers of the batch as often as they are known.

    Args:
        kind: "auto", "plain", "json" or "none".
        earlier: what was done before.
        images: how many images there are.
    """
    if kind == "none":
        yield lambda _tally: None
    elif kind == "auto" and sys.stderr.isatty():
        with _bar(earlier, images) as told:
            yield told
    else:
        yield _Lines(earlier, images, as_json=kind == "json")


class _Lines:
    """Progress as lines, one every few seconds and one at the end."""

    def __init__(self, earlier: Tally, images: int, *, as_json: bool) -> None:
        self._images, self._as_json = images, as_json
        self._started = self._last = time.monotonic()
        self._earlier = self._told = earlier.images

    def __call__(self, tally: Tally) -> None:
        now = time.monotonic()
        at_end = self._told < tally.images == self._images
        if now - self._last < _PAUSE and not at_end:
            return
        self._last, self._told = now, tally.images
        facts = _facts(tally, self._images, self._earlier, now - self._started)
        print(json.dumps(facts) if self._as_json else _words(facts), file=sys.stderr, flush=True)


def _facts(tally: Tally, images: int, earlier: int, seconds: float) -> dict[str, Any]:
    rate = max(0, tally.images - earlier) / seconds if seconds else 0.0
    return {
        "taken": tally.images,
        "images": images,
        "failed": tally.failed,
        "saved": tally.saved,
        "images_per_second": round(rate, 2),
        "seconds_left": round((images - tally.images) / rate) if rate else None,
    }


def _words(facts: dict[str, Any]) -> str:
    left = "?" if facts["seconds_left"] is None else _clock(facts["seconds_left"])
    saved = format_size(facts["saved"]) if facts["saved"] >= 0 else "nothing"
    return (
        f"{facts['taken']}/{facts['images']} images, {facts['images_per_second']} images/s, {saved} saved, "
        f"{facts['failed']} failed, {left} left"
    )


def _clock(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


@contextmanager
def _bar(earlier: Tally, images: int) -> Iterator[Callable[[Tally], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        *(BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[facts]}")),
        *(TimeRemainingColumn(), TextColumn("left")),
    )
    started, before = time.monotonic(), earlier.images
    console = Console(stderr=True)
    with Progress(*columns, console=console, redirect_stdout=False, redirect_stderr=False) as progress:
        task = progress.add_task("", total=images, completed=before, facts="")

        def told(tally: Tally) -> None:
            facts = _facts(tally, images, before, time.monotonic() - started)
            saved = format_size(max(0, facts["saved"]))
            text = f"{facts['images_per_second']} images/s, {saved} saved, {facts['failed']} failed,"
            progress.update(task, completed=tally.images, facts=text)

        yield told

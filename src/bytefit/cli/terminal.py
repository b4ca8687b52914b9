"""What `compress` and `fix` show on a terminal while they work: the image and its trials so far.

Without a terminal nothing is shown. rich leaves out the colours if NO_COLOR is set.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from bytefit.messages import format_size, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.progress import Progress

    from bytefit.codecs import Trial
    from bytefit.fitting.log import Predicted, Trying

# Seconds until something is shown of a single image: most are answered earlier, and loading rich takes a tenth.
_PATIENCE = 0.5

# The longest name that is shown while its image is worked on, in characters.
_LONGEST = 40

# The first word of a line -> its colour.
_COLOURS = {"fixed": "green", "would": "green", "shrunk": "red", "skipped": "yellow"}


@contextmanager
def work_shown(total: int | None = None) -> Iterator[Display]:
    """Yield a display of the work, which shows something on a terminal only.

    Args:
        total: the number of images; None for a single one, which is shown if it takes longer than half a second.
    """
    display = Display(total)
    if total == 0 or not sys.stderr.isatty():
        yield display
        return
    from threading import Timer

    from bytefit.codecs.progress import listening
    from bytefit.fitting.log import watching

    timer = Timer(0.0 if total else _PATIENCE, display.show)
    with watching(display.hear), listening(display.hear_pass):
        if total:
            display.show()
        else:
            timer.start()
        try:
            yield display
        finally:
            timer.cancel()
            if not total:
                timer.join()
            display.end()


class Display:
    """The state of what is shown: which image, which trial, which pass of a long encode."""

    def __init__(self, total: int | None) -> None:
        self._total = total
        self._progress: Progress | None = None
        self._changing = Lock()
        self._name = self._trial = self._pass = ""
        self._trials = self._passes = 0

    def show(self) -> None:
        """Begin to show the work."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        # Names may hold what rich takes for markup.
        words = TextColumn("{task.description}", markup=False)
        counts = (BarColumn(bar_width=16), MofNCompleteColumn()) if self._total else ()
        # By default rich redirects standard output to the terminal, even if it goes to a file.
        progress = Progress(
            *(SpinnerColumn(), *counts, TimeElapsedColumn(), words),
            console=Console(stderr=True),
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        progress.start()
        with self._changing:  # a timer calls this in a thread of its own, while the other one hears of trials
            progress.add_task(self._text(), total=self._total)
            self._progress = progress

    def end(self) -> None:
        """Remove what is shown."""
        if self._progress is not None:
            self._progress.stop()

    def image(self, path: str) -> None:
        """Show that the work on an image begins."""
        name = one_line(path)
        self._name = name if len(name) <= _LONGEST else f"...{name[3 - _LONGEST :]}"
        self._trial, self._pass, self._trials, self._passes = "", "", 0, 0
        self._update()

    def hear(self, event: Predicted | Trying | Trial) -> None:
        """Show a trial that begins or ends."""
        from bytefit.codecs import Trial
        from bytefit.fitting.log import Trying

        if isinstance(event, Trying):
            self._trials += 1
            self._trial = f", trial {self._trials}: {event.format} quality {event.quality:g}"
        elif isinstance(event, Trial):
            self._trial, self._pass = f"{self._trial}, {format_size(event.size)}", ""
        self._update()

    def hear_pass(self, done: int, total: int) -> None:
        """Show how far an encode is that takes seconds."""
        self._passes += not done
        self._pass = f", choosing levels, pass {self._passes}: {done / total:.0%}" if done < total else ""
        self._update()

    def done(self, line: str | None) -> None:
        """Count an image, and print a line about it above what is shown."""
        if line is not None:
            self._print(line)
        if self._progress is not None:
            self._progress.advance(self._progress.task_ids[0])

    def say(self, lines: Iterable[str]) -> None:
        """Print further lines above what is shown."""
        for line in lines:
            self._print(line)

    def _print(self, line: str) -> None:
        if self._progress is None or not sys.stdout.isatty():
            print(line, flush=True)
            return
        from rich.text import Text

        text, first = Text(line), line.partition(" ")[0]
        text.stylize(_COLOURS.get(first, ""), 0, len(first))
        self._progress.console.print(text, soft_wrap=True)

    def _text(self) -> str:
        return f"{self._name}{self._trial}{self._pass}"

    def _update(self) -> None:
        with self._changing:
            if self._progress is not None:
                self._progress.update(self._progress.task_ids[0], description=self._text())

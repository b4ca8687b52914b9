"""What `compress` and `fix` show while they work, and how much they print with --quiet and --verbose."""

from __future__ import annotations

import os
import re
import sys
import time

import pytest
from rich.progress import Progress

from bytefit.cli import terminal
from bytefit.cli.terminal import work_shown
from bytefit.codecs import Trial
from bytefit.codecs.progress import report
from bytefit.fitting.log import Log
from folders import snapshot, write
from images import encoded, noise, write_jpeg
from terminals import sent_to_terminal

COLOUR = re.compile(r"\x1b\[(?:\d+;)*3\d(?:;\d+)*m")
LONG = f"{'a' * 60}[bold]z.jpg"


def look_like_a_terminal(monkeypatch):
    """Make standard error look like a terminal, on which a single image is shown at once."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr(terminal, "_PATIENCE", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "150")


def shown(display, *, wait=5.0):
    """Return what is shown, once anything is."""
    until = time.monotonic() + wait
    while display._progress is None and time.monotonic() < until:
        time.sleep(0.01)
    return display._progress.tasks[0].description


def test_the_image_its_trials_and_the_pass_are_shown(monkeypatch, capsys):
    """Whoever waits sees which image is worked on, the trials so far, and how far a long encode is."""
    look_like_a_terminal(monkeypatch)
    with work_shown() as display:
        display.image(LONG)
        assert shown(display) == f"...{LONG[-37:]}"
        log = Log()
        log.trying("JPEG", 72.5, (12, 8))
        assert shown(display).endswith("z.jpg, trial 1: JPEG quality 72.5")
        report(0, 4)
        report(1, 4)
        assert shown(display).endswith("quality 72.5, choosing levels, pass 1: 25%")
        log.tried(Trial({}, 96_000, 0.1, 72.5))
        assert shown(display).endswith("trial 1: JPEG quality 72.5, 96 kB")
        log.trying("JPEG", 73, (12, 8))
        assert shown(display).endswith("z.jpg, trial 2: JPEG quality 73")

    report(0, 4)
    assert shown(display).endswith("trial 2: JPEG quality 73"), "nobody listens any more"
    assert "[bold]z.jpg" in capsys.readouterr().err


def test_what_is_heard_while_the_display_begins_is_shown(monkeypatch):
    """The display begins in a thread of its own: an image or a trial may begin in the middle of that."""
    display = terminal.Display(None)

    def start(progress, begin=Progress.start):
        begin(progress)
        display.image("late.jpg")

    monkeypatch.setattr(Progress, "start", start)
    try:
        display.show()
        assert shown(display) == "late.jpg"
    finally:
        display.end()


def test_nothing_is_shown_where_nobody_looks(capsys):
    """A log must not be filled with bars, and rich is not loaded for it."""
    with work_shown(3) as display:
        display.image("a.jpg")
        Log().trying("JPEG", 72, (12, 8))
        display.done("a line")

    assert display._progress is None
    assert capsys.readouterr() == ("a line\n", "")


def test_an_error_ends_the_display(run, photo, monkeypatch):
    """The terminal must be left as it was, with one line of error."""
    look_like_a_terminal(monkeypatch)

    code, out, err = run("compress", photo, "--to", "100")

    assert (code, out) == (1, [])
    assert "bytefit: error: cannot fit " in err[-1]


def sent_by(folder, *arguments, **environment):
    """Run bytefit on a terminal, and return what the terminal was sent."""
    kept = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}
    command = [sys.executable, "-m", "bytefit", *arguments]
    return sent_to_terminal(command, folder, {**kept, "TERM": "xterm", "COLUMNS": "120", **environment})[1]


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)], ids=str)
def test_colours_are_for_terminals_that_want_them(tmp_path, environment, coloured):
    """NO_COLOR is what people set who cannot read them (no-color.org)."""
    write_jpeg(tmp_path / "large.jpg", noise())
    write(tmp_path / "scan.bmp", encoded(noise(), "BMP"))

    sent = sent_by(tmp_path, "fix", ".", "--max-size", "4KB", **environment)

    assert bool(COLOUR.search(sent)) is coloured
    words = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", sent)
    assert "fixed large.jpg: " in words
    assert "skipped (" in words


def test_quiet_prints_what_does_not_fit_and_nothing_else(run, tmp_path, monkeypatch):
    """A script wants the exit code, and a person the files that need one."""
    monkeypatch.chdir(tmp_path)
    write_jpeg(tmp_path / "large.jpg", noise())
    write_jpeg(tmp_path / "other.jpg", noise((80, 60)))
    write(tmp_path / "scan.bmp", encoded(noise(), "BMP"))

    fixed = run("fix", ".", "--max-size", "4KB", "--quiet")
    compressed = run("compress", "large.jpg", "--to", "3KB", "-q")
    small = run("compress", "large.jpg", "--to", "100", "-q", "--on-unreachable", "smallest")

    assert (fixed[0], [line.split()[0] for line in fixed[1]], fixed[2]) == (1, ["skipped"], [])
    assert compressed == (0, [], [])
    assert (small[0], len(small[1])) == (1, 1)
    assert "still over its budget" in small[1][0]


def test_verbose_says_why_this_quality(run, photo):
    """The trials with their sizes, and what ended the search; without slack that is the proof."""
    code, (line, probes, *trials, end), _ = run("compress", photo, "--to", "6KB", "-o", photo.with_name("x.jpg"), "-v")
    proof = run("compress", photo, "--to", "6KB", "-o", photo.with_name("y.jpg"), "-v", "--slack", "0")[1]
    fixed = run("fix", photo, "--max-size", "6KB", "-v")[1]

    assert code == 0
    assert re.fullmatch(r"  \d+ probes? in \d\.\d\d s seeded the search", probes)
    kept = [one for one in trials if ", fits, kept (" in one]
    quality = re.search(r"quality [\d.]+", line)[0]
    assert len(kept) == 1
    assert f": {quality}, {line.split(' -> ')[1].split(' (')[0]}, fits, kept" in kept[0]
    assert re.fullmatch(r"  \d\.\d% of 6 kB is unused, which is within the slack; --slack 0 looks for more", end)
    assert proof[-1].endswith("is unused; the next quality is over the budget, or there is none")
    assert any(" over (" in one for one in proof)
    assert any(one.startswith("  trial 1: quality ") for one in fixed)


def test_quiet_and_verbose_exclude_each_other(run, photo):
    """Nobody can want both."""
    before = snapshot(photo.parent)

    code, _, err = run("fix", photo, "--max-size", "4KB", "-q", "-v")

    assert code == 2
    assert "not allowed with argument" in err[-1]
    assert snapshot(photo.parent) == before

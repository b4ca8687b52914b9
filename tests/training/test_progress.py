"""The bar that shows how far a fix is: on a terminal, above it the same lines as ever; nowhere else."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from bytefit.training.progress import tracked
from images import encoded, photograph
from terminals import sent_to_terminal

COMMAND = [sys.executable, "-m", "bytefit", "fix", ".", "--max-size", "20KB"]
LINE = re.compile(
    r"(fixed|would fix) [abc]\.jpg: [\d.]+ kB -> [\d.]+ kB \(JPEG quality [\d.]+, \d trials?, \d+\.\d\d s\)"
)


@pytest.fixture
def folder(tmp_path):
    """Return a folder with three images over the budget."""
    for seed, name in enumerate("abc"):
        (tmp_path / f"{name}.jpg").write_bytes(encoded(photograph((320, 240), seed=seed), quality=97))
    return tmp_path


def on_terminal(folder, **streams):
    """Run the fixer with what is not redirected on a terminal of 50 columns; return what the terminal was sent."""
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "50"}
    code, sent = sent_to_terminal([*COMMAND, "--dry-run"], folder, environment, **streams)
    assert code == 1
    return sent


def plain(sent):
    """Return the lines that stay on a terminal: without what moves the cursor, and without the bar."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", sent).replace("\r\n", "\n")
    return [line.rpartition("\r")[2] for line in text.split("\n")]


def test_on_a_terminal_there_is_a_bar_and_every_line_is_whole(folder):
    """Every line is complete on a terminal of any width, and the bar is gone in the end."""
    sent = on_terminal(folder)

    assert all(f"{name}.jpg" in sent for name in "abc")
    assert "/3" in sent
    assert [LINE.fullmatch(line)[1] for line in plain(sent) if line.endswith(" s)")] == ["would fix"] * 3


def test_what_goes_to_a_file_goes_there_while_the_bar_is_on_the_terminal(folder, tmp_path_factory):
    """A log has every line and nothing of the bar."""
    log = tmp_path_factory.mktemp("log") / "fix.log"
    with log.open("wb") as file:
        sent = on_terminal(folder, stdout=file)

    lines = log.read_text(encoding="utf-8").splitlines()
    assert "/3" in sent
    assert "would fix" not in sent
    assert [bool(LINE.fullmatch(line)) for line in lines[:-1]] == [True] * 3


def test_in_a_pipe_there_is_no_bar(folder):
    """Hooks and continuous integration run without a terminal, so the library that draws the bar is not loaded."""
    code = f"import sys\nfrom bytefit.cli.main import main\nmain({COMMAND[3:]!r})\nprint('rich' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)

    *lines, loaded = done.stdout.splitlines()
    assert (done.stderr, loaded) == ("", "False")
    assert [bool(LINE.fullmatch(line)) for line in lines[:-1]] == [True] * 3


def test_a_log_gets_plain_lines(capsys):
    """Forty photographs printed nothing for nine minutes once: nobody could tell that from a hang."""
    assert list(tracked(range(3), "measuring", 3, every=0.0)) == [0, 1, 2]

    captured = capsys.readouterr()
    assert captured.err.splitlines() == ["measuring: 1 of 3", "measuring: 2 of 3", "measuring: 3 of 3"]
    assert captured.out == ""


def test_what_is_done_at_once_prints_nothing(capsys):
    """Scripts that measure a few files want no lines of progress."""
    assert list(tracked(range(3), "measuring", 3)) == [0, 1, 2]

    assert capsys.readouterr().err == ""

"""Writing in one step: what a killed process leaves goes, what a living one needs stays."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from bytefit.atomic import remove_leftovers, write_atomically

HOLD = """
import sys, time
from pathlib import Path
from bytefit.atomic import _open_temporary
temporary, file = _open_temporary(Path(sys.argv[1]))
print(temporary.name, flush=True)
time.sleep(60)
"""


def names_in(folder):
    """Return the names in a folder, in order."""
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def holder(tmp_path):
    """Return a process that is about to write in the folder, and the name of its temporary file."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE, text=True)
    yield process, process.stdout.readline().strip()
    process.kill()
    process.wait()
    process.stdout.close()


def test_what_a_living_process_needs_stays(tmp_path, holder):
    """Two fixers may be at work in one folder."""
    _, name = holder

    remove_leftovers(tmp_path)

    assert (tmp_path / name).exists()


def test_what_a_killed_process_left_goes(tmp_path, holder):
    """Nothing else does."""
    process, _ = holder
    process.send_signal(signal.SIGKILL)
    process.wait()
    others = (".bytefit-notes", "a.tmp", ".bytefit.toml", ".bytefit-baseline.json")
    for other in others:
        (tmp_path / other).write_text("mine", encoding="utf-8")

    remove_leftovers(tmp_path)

    assert names_in(tmp_path) == sorted(others)
    remove_leftovers(tmp_path / "missing")


def test_many_writers_at_once_leave_one_whole_file(tmp_path):
    """Each sweeps the folder while others write."""
    code = """
import sys
from bytefit.atomic import remove_leftovers, write_atomically
for number in range(60):
    remove_leftovers(sys.argv[1])
    write_atomically(sys.argv[1] + "/a.bin", bytes([int(sys.argv[2])]) * 50_000)
"""
    writers = [subprocess.Popen([sys.executable, "-c", code, tmp_path, str(number)]) for number in range(4)]

    assert [writer.wait() for writer in writers] == [0] * 4
    data = (tmp_path / "a.bin").read_bytes()
    assert data in [bytes([number]) * 50_000 for number in range(4)]
    assert names_in(tmp_path) == ["a.bin"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    """Whatever the reason."""
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    with pytest.raises(TypeError):
        write_atomically(path, None)

    assert path.read_bytes() == b"old"
    assert names_in(tmp_path) == ["a.bin"]

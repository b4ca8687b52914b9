"""Atomic writes by several processes, and the leftovers of killed ones."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from bytefit.files.atomic import remove_leftovers, write_atomically

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no POSIX permissions, links or signals")

# Each process writes one letter as often as its code says, so that a torn file is recognised.
WRITE = """
import sys
from bytefit.files.atomic import write_atomically
letter, rounds, *paths = sys.argv[1:]
for _ in range(int(rounds)):
    for path in paths:
        write_atomically(path, letter.encode() * (50_000 + 1_000 * ord(letter)))
"""
CLEAN = """
import sys
from bytefit.files.atomic import remove_leftovers
while True:
    remove_leftovers(sys.argv[1])
"""


def run(code, *arguments):
    """Start a process that runs `code`."""
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], stderr=subprocess.PIPE)


def ended(process):
    """Wait for a process, and return its exit code and standard error."""
    _, complaints = process.communicate(timeout=60)
    return process.returncode, complaints


def is_whole(data):
    """Return whether `WRITE` wrote all of a file."""
    return len(data) == 50_000 + 1_000 * data[0] and data == data[:1] * len(data)


def temporaries(folder):
    """Return the temporary files in a folder."""
    return sorted(folder.glob(".bytefit-*.tmp"))


@contextmanager
def stopped_while_writing(folder):
    """Yield a process that is stopped in the middle of a write into `folder`, and kill it at the end."""
    process = run(WRITE, "z", 100_000, folder / "a", folder / "b")
    try:
        deadline = time.monotonic() + 60
        while True:
            assert time.monotonic() < deadline, "it was never met while it wrote"
            process.send_signal(signal.SIGSTOP)
            _, status = os.waitpid(process.pid, os.WUNTRACED)
            assert os.WIFSTOPPED(status)
            if any(path.stat().st_size for path in temporaries(folder)):
                break
            process.send_signal(signal.SIGCONT)
            time.sleep(0.001)
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_write_makes_a_file(tmp_path):
    """A write must create the complete file and no other."""
    write_atomically(tmp_path / "a", b"new")

    assert (tmp_path / "a").read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_a_write_replaces_a_file(tmp_path):
    """A program that has the old file open must go on reading the old content."""
    path = tmp_path / "a"
    path.write_bytes(b"old")

    with path.open("rb") as reader:
        write_atomically(path, b"new")
        seen = reader.read()

    assert (seen, path.read_bytes()) == (b"old", b"new")
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_something_to_write(tmp_path):
    """An empty file must be written, too."""
    write_atomically(tmp_path / "a", b"")

    assert (tmp_path / "a").read_bytes() == b""


@pytest.mark.parametrize("as_path", [str, Path], ids=["str", "Path"])
def test_paths_are_taken_as_people_write_them(tmp_path, as_path, monkeypatch):
    """Absolute and relative paths must work, as text and as Path."""
    monkeypatch.chdir(tmp_path)

    write_atomically(as_path("a"), b"new")

    assert (tmp_path / "a").read_bytes() == b"new"


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o755, 0o444, 0o2644])
def test_permission_bits_are_kept(tmp_path, mode):
    """A private file must stay private, and a shared file shared."""
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(mode)

    write_atomically(path, b"new")

    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == mode


@posix
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path, mask):
    """A new file has the permissions of the umask, not of a temporary file."""
    before = os.umask(mask)
    try:
        write_atomically(tmp_path / "a", b"new")
        (tmp_path / "b").touch()
    finally:
        os.umask(before)

    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_is_kept_by_who_may(tmp_path):
    """Root in a container must not take over the files of another user."""
    path = tmp_path / "a"
    path.write_bytes(b"old")
    os.chown(path, 1234, 2345)
    path.chmod(0o640)

    write_atomically(path, b"new")

    status = path.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (1234, 2345, 0o640)


@posix
def test_a_link_stays_a_link(tmp_path):
    """A write must follow links, even to a missing file, and create nothing in the folders of the links."""
    (tmp_path / "links").mkdir()
    (tmp_path / "files").mkdir()
    first, second = tmp_path / "links" / "first", tmp_path / "links" / "second"
    first.symlink_to("../files/file")
    second.symlink_to(first)

    write_atomically(second, b"new")
    write_atomically(first, b"newer")

    assert (first.readlink(), second.readlink()) == (Path("../files/file"), first)
    assert (tmp_path / "files" / "file").read_bytes() == b"newer"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "files", "first", "links", "second"]


@posix
def test_a_link_to_nowhere_stays_one(tmp_path):
    """A link into a missing folder must be an error and stay a link."""
    shortcut = tmp_path / "shortcut"
    shortcut.symlink_to("missing/file")

    with pytest.raises(FileNotFoundError):
        write_atomically(shortcut, b"new")

    assert list(tmp_path.iterdir()) == [shortcut]
    assert shortcut.readlink() == Path("missing/file")


def test_a_failed_write_leaves_nothing_behind(tmp_path):
    """A folder cannot be replaced by a file, and no temporary file may remain."""
    folder = tmp_path / "folder"
    folder.mkdir()

    with pytest.raises(OSError):
        write_atomically(folder, b"data")

    assert list(tmp_path.rglob("*")) == [folder]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    """After any failure the old file is intact and the temporary file is gone."""
    path = tmp_path / "a"
    path.write_bytes(b"old")

    with pytest.raises(TypeError):
        write_atomically(path, None)

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_what_is_no_regular_file_is_not_replaced(tmp_path):
    """Data for a pipe or a device must go through it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    try:
        write_atomically(pipe, b"data")
        seen = os.read(reader, 100)
    finally:
        os.close(reader)

    assert seen == b"data"
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert list(tmp_path.iterdir()) == [pipe]


def test_leftovers_are_removed(tmp_path):
    """Only temporary files with our names in this folder may be removed."""
    (tmp_path / "below").mkdir()
    leftover = tmp_path / ".bytefit-0123456789abcdef.tmp"
    names = (".bytefit.toml", ".bytefit-baseline.json", ".bytefit-notes", "a.jpg", "x.tmp", "below/.bytefit-01.tmp")
    others = [tmp_path / name for name in names]
    for path in (leftover, *others):
        path.write_bytes(b"data")

    remove_leftovers(tmp_path)

    assert not leftover.exists()
    assert [path for path in others if not path.exists()] == []


@posix
def test_what_only_has_the_name_of_a_leftover_stays(tmp_path):
    """Folders, links and pipes are not ours and must stay; opening a pipe would block."""
    target = tmp_path / "target"
    target.write_bytes(b"data")
    (tmp_path / ".bytefit-folder.tmp").mkdir()
    (tmp_path / ".bytefit-link.tmp").symlink_to(target)
    os.mkfifo(tmp_path / ".bytefit-pipe.tmp")
    before = sorted(tmp_path.iterdir())

    remove_leftovers(tmp_path)

    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_that_is_gone_has_no_leftovers(tmp_path):
    """A folder that another process removed must not be an error."""
    remove_leftovers(tmp_path / "missing")

    assert list(tmp_path.iterdir()) == []


@posix
def test_leftovers_of_the_killed_go_and_those_of_the_living_stay(tmp_path):
    """A stopped process still needs its temporary file; a killed process does not."""
    with stopped_while_writing(tmp_path):
        needed = temporaries(tmp_path)
        remove_leftovers(tmp_path)
        kept = temporaries(tmp_path)
    left = temporaries(tmp_path)

    remove_leftovers(tmp_path)

    assert needed == kept == left != []
    assert temporaries(tmp_path) == []
    assert all(is_whole(path.read_bytes()) for path in tmp_path.iterdir())


@posix
def test_a_writer_whose_leftovers_are_asked_for_goes_on(tmp_path):
    """A stopped writer must finish its file after a cleaning of its folder."""
    with stopped_while_writing(tmp_path) as process:
        remove_leftovers(tmp_path)
        process.send_signal(signal.SIGCONT)
        time.sleep(0.2)
        alive = process.poll() is None
        process.terminate()
        _, complaints = ended(process)

    assert (alive, complaints) == (True, b"")


def test_who_reads_among_many_writers_reads_whole_files(tmp_path):
    """With many writers of one file, a reader must always find one complete version."""
    letters = "abcdef"
    path = tmp_path / "a"
    write_atomically(path, b"a" * (50_000 + 1_000 * ord("a")))
    writers = [run(WRITE, letter, 150, path) for letter in letters]

    seen = []
    while any(writer.poll() is None for writer in writers):
        seen.append(path.read_bytes())
        time.sleep(0.002)

    assert [ended(writer) for writer in writers] == [(0, b"")] * len(letters)
    assert len(seen) > 10
    assert all(map(is_whole, seen))
    assert list(tmp_path.iterdir()) == [path]


def test_cleaners_never_harm_writers(tmp_path):
    """Cleaning must not remove a temporary file between its creation and its lock."""
    paths = [tmp_path / name for name in ("a", "b", "c")]
    cleaners = [run(CLEAN, tmp_path) for _ in range(2)]

    try:
        writers = [run(WRITE, letter, 30, *paths) for letter in "xyz"]
        results = [ended(writer) for writer in writers]
        running = [cleaner.poll() for cleaner in cleaners]
    finally:
        for cleaner in cleaners:
            cleaner.kill()
            cleaner.communicate()

    assert results == [(0, b"")] * 3
    assert running == [None, None]
    assert sorted(tmp_path.iterdir()) == paths
    assert all(is_whole(path.read_bytes()) for path in paths)

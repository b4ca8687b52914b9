"""Streams: read once and whole, written directly, and refused where they can have no end."""

from __future__ import annotations

import errno
import os
import socket
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from bytefit.errors import ConfigError, UnsupportedImage
from bytefit.sources.streams import (
    STANDARD,
    check_stream_writable,
    is_standard_output,
    is_stream,
    read_file,
    shown_name,
    write_stream,
)

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")


@contextmanager
def descriptor_as(number, file):
    """Let a standard descriptor be that of a file for a while."""
    saved = os.dup(number)
    os.dup2(file, number)
    try:
        yield
    finally:
        os.dup2(saved, number)
        os.close(saved)


@pytest.fixture
def fifo(tmp_path):
    """Return the path of a named pipe."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def test_standard_input_is_text_and_not_a_path():
    """A file may be called "-": as a `Path` it is that file."""
    assert is_stream(STANDARD)
    assert not is_stream(Path(STANDARD))
    assert shown_name("-") == "standard input"
    assert shown_name("-", to_write=True) == "standard output"
    assert shown_name(Path("-")) == "-"


@posix
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/dev/stdin", "standard input"),
        ("/dev/stdout", "standard output"),
        ("/dev/fd/2", "standard error"),
        ("/proc/self/fd/63", "/proc/self/fd/63"),
    ],
)
def test_paths_of_open_files_are_streams(path, name):
    """What they name must not be opened again: a file would be truncated, a socket cannot be."""
    assert is_stream(path)
    assert is_stream(Path(path))
    assert shown_name(path) == name


@posix
def test_files_folders_and_missing_names_are_no_streams(tmp_path, fifo):
    """They are read and replaced as usual; a pipe and a device are not."""
    (tmp_path / "file").touch()

    assert [is_stream(tmp_path / name) for name in ("file", "missing", ".")] == [False] * 3
    assert is_stream(fifo)
    assert is_stream("/dev/null")


@posix
def test_only_standard_output_is_standard_output(tmp_path):
    """Messages go to standard error then, and only then."""
    assert [is_standard_output(path) for path in ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")] == [True] * 4
    assert [is_standard_output(path) for path in ("/dev/stderr", "/dev/fd/3", tmp_path / "-")] == [False] * 3


@posix
def test_a_named_pipe_is_read_to_its_end(fifo):
    """The writer may be slow and write in pieces."""

    def write():
        with fifo.open("wb") as file:
            for _ in range(50):
                file.write(b"x" * 5000)
                file.flush()

    writer = threading.Thread(target=write)
    writer.start()

    assert read_file(fifo) == b"x" * 250_000
    writer.join()


@posix
@pytest.mark.parametrize("path", ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"])
def test_standard_input_is_read_from_where_it_stands(tmp_path, path):
    """A shell may have read its first lines; the file must not be opened again from its start."""
    source = tmp_path / "source"
    source.write_bytes(b"first, second")
    with source.open("rb", buffering=0) as file:
        file.read(7)
        with descriptor_as(0, file.fileno()):
            assert read_file(path) == b"second"


@posix
def test_a_socket_as_standard_input_is_read():
    """Remote shells connect one; opening /dev/stdin again would fail."""
    here, there = socket.socketpair()
    there.sendall(b"data")
    there.close()

    with here, descriptor_as(0, here.fileno()):
        assert read_file("/dev/stdin") == b"data"


@posix
@pytest.mark.parametrize("path", ["/dev/null", "/dev/zero", "/dev/full"])
def test_a_device_is_refused(path):
    """It may have no end, and is no image."""
    with pytest.raises(UnsupportedImage, match=f"^{path} is a device, not an image file: name a file, or send one"):
        read_file(path)


@posix
def test_a_terminal_is_refused():
    """Without this, the command waits silently for somebody to type an image."""
    _, terminal = os.openpty()
    with descriptor_as(0, terminal), pytest.raises(UnsupportedImage, match=r"^standard input is a terminal"):
        read_file("-")
    with descriptor_as(1, terminal), pytest.raises(ConfigError, match=r"^standard output is a terminal: name a file"):
        check_stream_writable("-")
    os.close(terminal)


@posix
@pytest.mark.parametrize(("path", "name"), [("/dev/fd/987", "/dev/fd/987"), ("/proc/self/fd/987", "/proc/self/fd/987")])
def test_a_closed_descriptor_is_an_error_that_names_it(path, name):
    """A shell closes a stream with `<&-`."""
    for use in (read_file, check_stream_writable):
        with pytest.raises(OSError, match="Bad file descriptor") as caught:
            use(path)
        assert caught.value.filename == name


@posix
def test_standard_output_is_appended_to(tmp_path):
    """`>> file` must not lose what the file holds, as opening /dev/stdout again would."""
    path = tmp_path / "all"
    path.write_bytes(b"before ")
    with path.open("ab") as file, descriptor_as(1, file.fileno()):
        write_stream("-", b"first ")
        write_stream("/dev/stdout", b"second")

    assert path.read_bytes() == b"before first second"


@posix
def test_nobody_who_reads_is_a_broken_pipe():
    """The command line ends quietly then, and tells it from other errors by its class."""
    reader, writer = os.pipe()
    os.close(reader)
    with descriptor_as(1, writer), pytest.raises(BrokenPipeError) as caught:
        write_stream("-", b"data")
    os.close(writer)

    assert caught.value.filename == "standard output"


@posix
def test_a_full_device_is_an_error_that_names_it():
    """A disk may be full; /dev/full is one that always is."""
    with pytest.raises(OSError, match="No space left on device") as caught:
        write_stream("/dev/full", b"data")

    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, "/dev/full")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has /proc")
def test_a_file_without_a_size_is_read():
    """The files of /proc have size 0 and content."""
    path = Path("/proc/self/status")

    assert path.stat().st_size == 0
    assert read_file(path).startswith(b"Name:")

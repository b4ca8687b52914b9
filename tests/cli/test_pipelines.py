"""`bytefit compress` in a pipeline: the image on one stream, messages on another, no complaint when a reader ends."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from images import encoded, noise, opened, write_jpeg

pytestmark = pytest.mark.skipif(os.name == "nt", reason="these are lines of a POSIX shell")

DATA = encoded(noise(), quality=95)


def in_a_shell(line, folder, **options):
    """Run a line of bash in a folder, in which `bytefit` is the command. Python buffers what it prints, as usual."""
    command = f'unset PYTHONUNBUFFERED; bytefit() {{ {shlex.quote(sys.executable)} -m bytefit "$@"; }}; {line}'
    return subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, check=False, timeout=60, **options)


@pytest.fixture
def folder(tmp_path):
    """Return a folder with `p.jpg`, an image of several times the sizes that are asked for."""
    (tmp_path / "p.jpg").write_bytes(DATA)
    return tmp_path


@pytest.mark.parametrize(
    "line",
    [
        "bytefit compress - --to 4KB < p.jpg",
        "cat p.jpg | bytefit compress - --to 4KB -o -",
        "cat p.jpg | bytefit compress /dev/stdin --to 4KB -o /dev/stdout --format JPEG",
        "bytefit compress p.jpg --to 4KB -o - | cat",
        "bytefit compress <(cat p.jpg) --to 4KB -o -",
        "bytefit compress p.jpg --to 4KB -o >(cat) | cat",
        "bytefit compress - --to 4KB < p.jpg > out; cat out",
    ],
)
def test_the_image_goes_through_the_streams(folder, line):
    """Nothing but the image may be on standard output, and nothing is left in the folder."""
    done = in_a_shell(line, folder)

    image = done.stdout[done.stdout.index(b"\xff\xd8") :]  # `>(cat)` writes where the line about it goes
    assert done.returncode == 0
    assert opened(image).format == "JPEG"
    assert len(opened(image).tobytes()) == len(noise().tobytes())
    assert len(done.stdout) <= (4200 if ">(" in line else 4000)
    assert {path.name for path in folder.iterdir()} <= {"p.jpg", "out"}
    assert b"Traceback" not in done.stderr


def test_the_line_about_it_goes_to_standard_error(folder):
    """It would damage the image on standard output, and must name the stream as people do."""
    done = in_a_shell("bytefit compress - --to 4KB < p.jpg", folder)

    assert done.stdout.startswith(b"\xff\xd8")
    assert done.stderr.startswith(b"standard output: ")
    assert done.stderr.count(b"\n") == 1


def test_json_goes_to_standard_error_as_well(folder):
    """The streams are "-" in it: the name of no file."""
    done = in_a_shell("bytefit compress - --to 4KB --json < p.jpg", folder)

    record = json.loads(done.stderr)
    assert (record["path"], record["output"], record["before"]) == ("-", "-", len(DATA))
    assert record["size"] == len(done.stdout) <= 4000


def test_standard_input_may_go_to_a_file(folder):
    """The line about it is on standard output then, as usual."""
    done = in_a_shell("bytefit compress - --to 4KB -o small.webp < p.jpg", folder)

    assert done.stdout.startswith(b"small.webp: ")
    assert opened((folder / "small.webp").read_bytes()).format == "WEBP"


def test_what_is_appended_to_keeps_what_it_has(folder):
    """`>>` must append, also with the name /dev/stdout."""
    done = in_a_shell("echo first > all; bytefit compress p.jpg --to 4KB -o /dev/stdout >> all", folder)

    assert done.returncode == 0
    assert (folder / "all").read_bytes().startswith(b"first\n\xff\xd8")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("bytefit compress - --to 4KB < Makefile", b"standard input is not an image Pillow can read"),
        ("bytefit compress - --to 4KB < /dev/null", b"standard input is a device, not an image file"),
        ("bytefit compress - --to 4KB <&-", b"standard input: bad file descriptor"),
        ("bytefit compress - --to 10 < p.jpg", b"cannot fit standard input in 10 B"),
        ("bytefit compress /dev/stdin --to 4KB < p.jpg", b"standard input is no file that could be replaced"),
        ("bytefit compress <(cat p.jpg) --to 4KB", b"is no file that could be replaced: give an output"),
        ("bytefit compress . --to 4KB", b".: is a directory"),
        ("bytefit compress p.jpg --to 4KB -o /dev/full", b"/dev/full: no space left on device"),
    ],
)
def test_errors_name_the_stream(folder, line, message):
    """One line on standard error, nothing on standard output, and the file as it was."""
    (folder / "Makefile").write_text("all:\n")

    done = in_a_shell(line, folder)

    assert done.returncode in {1, 2}
    assert message in done.stderr
    assert done.stderr.count(b"\n") == 1
    assert done.stdout == b""
    assert (folder / "p.jpg").read_bytes() == DATA


@pytest.mark.parametrize(
    "line",
    [
        "bytefit compress p.jpg --to 4KB -o - | true",
        "bytefit check --max-size 1 . | true",
        "bytefit compress --help | true",
        "bytefit --version | true",
    ],
)
def test_a_reader_that_ends_early_is_no_complaint(folder, line):
    """`| head` ends a pipeline on purpose; a shell tells it by the exit code alone."""
    for number in range(300):
        (folder / f"{number}.jpg").write_bytes(DATA[:2000])

    done = in_a_shell(f"set -o pipefail; {line}", folder)

    assert done.stderr == b""
    assert done.returncode == 141


def test_lines_keep_their_order_in_a_log_of_both_streams(folder):
    """CI keeps both in one file, where Python would write standard output last."""
    pytest.importorskip("joblib")
    (folder / "a.jpg").write_bytes(b"\xff\xd8\xff" + bytes(5000))

    done = in_a_shell(
        "mkdir in; mv *.jpg in; bytefit batch in out --to 4KB --jobs 1 --progress none > log 2>&1; cat log", folder
    )

    lines = done.stdout.splitlines()
    assert lines[0].startswith(b"2 of 2 images: 1 done, 1 corrupt; ")
    assert lines[1].startswith(b"1 failed; why: ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a device that is always full")
@pytest.mark.parametrize("command", ["compress p.jpg --to 4KB", "check --max-size 1 .", "check --help", "--version"])
def test_a_full_disk_is_one_line(folder, command):
    """Python tries again at the end to write what it could not, and must not complain a second time."""
    done = in_a_shell(f"bytefit {command} > /dev/full", folder)

    assert done.stderr == b"bytefit: error: no space left on device\n"
    assert done.returncode == 2


@pytest.mark.parametrize(("command", "code"), [("check --max-size 1 .", 1), ("check --help", 0), ("--version", 0)])
def test_standard_output_may_be_closed(folder, command, code):
    """Services run without it; the exit code counts then."""
    done = in_a_shell(f"bytefit {command} >&-", folder)

    assert done.returncode == code
    assert b"Traceback" not in done.stderr


def test_a_file_called_minus_is_named_by_its_path(folder):
    """Only "-" by itself is a stream for `compress`: "./-" is the file of that name."""
    (folder / "-").write_bytes(DATA)

    done = in_a_shell("bytefit compress ./- --to 4KB < /dev/null", folder)

    assert done.returncode == 0
    assert (folder / "-").stat().st_size <= 4000


def test_check_and_fix_take_minus_for_a_file(folder):
    """They take names of files from git: waiting for standard input would stop a commit."""
    write_jpeg(folder / "-", noise())

    checked = in_a_shell("bytefit check --max-size 4KB -", folder, stdin=subprocess.DEVNULL)
    fixed = in_a_shell("bytefit fix --max-size 4KB -", folder, stdin=subprocess.DEVNULL)

    assert (checked.returncode, fixed.returncode) == (1, 1)
    assert (folder / "-").stat().st_size <= 4000

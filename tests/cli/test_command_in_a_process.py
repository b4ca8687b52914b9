"""The command as a shell starts it: its exit code, its error stream, and names of any bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from folders import write
from images import encoded, noise, write_jpeg


def in_a_process(*arguments, **environment):
    """Run the command as a shell does."""
    return subprocess.run(
        [sys.executable, "-m", "bytefit", *map(str, arguments)],
        capture_output=True,
        check=False,
        timeout=60,
        env={**os.environ, **environment},
    )


def test_the_command_runs_as_a_module(photo):
    """`python -m bytefit`: the exit code is the process's."""
    done = in_a_process("compress", photo, "--to", "4KB", "--json")

    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["fits"]


def test_an_error_is_one_line_in_a_process_too(photo):
    """No traceback, nor a warning of Pillow's."""
    done = in_a_process("compress", photo, "--to", "10")

    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert done.stderr.startswith(b"bytefit: error: cannot fit ")


def test_broken_exif_writes_nothing_to_the_terminal(tmp_path):
    """Pillow warns of it; a hook's user can do nothing with that."""
    broken = b"Exif\x00\x00MM\x00*\x00\x00\x00\xff"
    path = write(tmp_path / "photo.webp", encoded(noise(), "WEBP", quality=95, exif=broken))

    done = in_a_process("compress", path, "--to", "4KB", "--metadata", "strip")

    assert (done.returncode, done.stderr) == (0, b"")


def test_noise_at_full_quality_writes_nothing_to_the_terminal(tmp_path):
    """Libjpeg complains on the process's own error stream where Pillow's buffer is too small."""
    path = write(tmp_path / "inks.tif", encoded(noise((256, 192), "CMYK"), "TIFF"))

    done = in_a_process("compress", path, "--to", "5MB", "-o", tmp_path / "inks.jpg")

    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    "name", [b"\xd1\x84\xd0\xbe\xd1\x82\xd0\xbe.jpg", b"not-utf8-\xff.jpg"], ids=["Cyrillic", "not UTF-8"]
)
@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_names_the_console_cannot_show_do_not_end_in_a_traceback(tmp_path, name, encoding):
    """The file was fitted by then: the exit code must say so."""
    path = tmp_path / os.fsdecode(name)
    try:
        write_jpeg(path, noise())
    except (OSError, UnicodeError):
        pytest.skip("this file system has no such names")

    done = in_a_process("compress", path, "--to", "4KB", PYTHONIOENCODING=encoding)

    assert b"Traceback" not in done.stderr
    assert done.returncode == 0
    assert path.stat().st_size <= 4000


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        (["train", ".", "-o", "models"], "sklearn"),
        (["train", ".", "-o", "models", "--tables"], "joblib"),
        (["bench", "search", "."], "sklearn"),
        (["bench", "looks", "."], "scipy"),
        (["bench", "efforts", "."], "joblib"),
    ],
    ids=str,
)
def test_training_commands_name_the_extra_they_need(arguments, missing, tmp_path):
    """Whoever installed bytefit for the hook has no scikit-learn."""
    without = (
        f"import sys; sys.modules[{missing!r}] = None; from bytefit.cli.main import main; sys.exit(main({arguments}))"
    )

    done = subprocess.run([sys.executable, "-c", without], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr == f"bytefit: error: this command needs {missing}: pip install 'bytefit[train]'\n"

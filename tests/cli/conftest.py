"""The command in this process, and a file for it."""

from __future__ import annotations

import pytest

from bytefit.cli.main import main
from images import noise, write_jpeg


@pytest.fixture
def inside(tmp_path, monkeypatch):
    """Run in the temporary folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def photo(tmp_path):
    """Return a JPEG of several times the sizes that are asked for."""
    return write_jpeg(tmp_path / "photo.jpg", noise())


@pytest.fixture
def run(capsys):
    """Return a function that runs the command and returns its exit code, output lines and error lines."""

    def run(*arguments):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as ended:
            code = ended.code
        captured = capsys.readouterr()
        return code, captured.out.splitlines(), captured.err.splitlines()

    return run

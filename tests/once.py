"""Folders that are expensive to fill: filled by one worker of pytest-xdist, and used by all."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATIENCE_SECONDS = 600


def once(factory: pytest.TempPathFactory, name: str, fill: Callable[[Path], object]) -> Path:
    """Return a folder that `fill` was given; the first worker to ask fills it, and the others wait for the end.

    Workers take each other's tests (`--dist=worksteal`), and a fixture of a module is then made by each of them.
    Where the first was skipped or failed, so are the others, for the same reason.
    """
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, done, failed = (shared / f"{name}{ending}" for ending in ("", ".done", ".failed"))
    try:
        folder.mkdir()
    except FileExistsError:
        _wait(done, failed)
        return folder
    try:
        fill(folder)
    except BaseException as error:
        skipped = isinstance(error, pytest.skip.Exception)
        failed.write_text(f"{'skip' if skipped else 'fail'}:{error}", encoding="utf-8")
        raise
    done.touch()
    return folder


def _wait(done: Path, failed: Path) -> None:
    """Wait until a folder is filled, or skip or fail like the worker that tried."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not done.exists():
        if failed.exists() and (text := failed.read_text(encoding="utf-8")):
            outcome, _, reason = text.partition(":")
            (pytest.skip if outcome == "skip" else pytest.fail)(reason)
        if time.monotonic() > until:
            pytest.fail(f"nobody has made {done} in {PATIENCE_SECONDS} seconds")
        time.sleep(0.1)

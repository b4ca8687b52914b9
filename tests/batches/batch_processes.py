"""Batches as processes of their own, which can be killed: their driver, their workers, and images that kill."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

# What every process of a batch runs when it starts: images that kill it or hang, and a log of the inputs it opens.
CUSTOM = """
import os, sys, time

def _register():
    from PIL import Image
    Image.register_open("KILL", lambda file, name: os.kill(os.getpid(), 9), lambda head: head.startswith(b"KILL"))
    Image.register_open("HANG", lambda file, name: time.sleep(600), lambda head: head.startswith(b"HANG"))
    Image.register_open("LOOP", _loop, lambda head: head.startswith(b"LOOP"))
    Image.register_open("FILL", _fill, lambda head: head.startswith(b"FILL"))

def _loop(file, name):
    while True:
        pass

def _fill(file, name):
    return bytearray(2 << 30)

def _log(event, arguments):
    if event == "open" and str(arguments[0]).endswith(".jpg") and "/in/" in str(arguments[0]):
        with open(LOG, "a") as log:
            log.write(str(arguments[0]) + "\\n")

LOG = os.environ.get("OPENED")
if LOG:
    sys.addaudithook(_log)
_register()
"""


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    """Return the environment for processes that know the images above."""
    folder = tmp_path / "custom"
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(CUSTOM, encoding="utf-8")
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path, "OPENED": str(tmp_path / "opened.txt"), **more}


def start(arguments: list[object], env: dict[str, str], **options: object) -> subprocess.Popen[str]:
    """Start `bytefit batch` in a process group of its own."""
    command = [sys.executable, "-m", "bytefit", "batch", *map(str, arguments)]
    # Killed drivers leave workers behind for a moment, which hold their pipes open.
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, env=env, text=True, start_new_session=True, **{**pipes, **options})


def run(arguments: list[object], env: dict[str, str]) -> tuple[int, str, str]:
    """Run `bytefit batch` to its end and return exit code, output and errors."""
    process = start(arguments, env)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def workers(driver: int) -> list[int]:
    """Return the worker processes of a driver."""
    try:
        children = Path(f"/proc/{driver}/task/{driver}/children").read_text().split()
        return [int(child) for child in children if b"popen_loky" in Path(f"/proc/{child}/cmdline").read_bytes()]
    except OSError:
        return []


def wait_until(condition, seconds: float = 60) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)

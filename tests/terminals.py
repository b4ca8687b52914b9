"""A terminal to run commands on, as a person does."""

from __future__ import annotations

import os
import subprocess

import pytest

pty = pytest.importorskip("pty", reason="terminals are made for POSIX systems here")


def sent_to_terminal(command, folder, environment, **streams):
    """Run a command on a terminal and return its exit code and what the terminal was sent.

    Args:
        command: the program and its arguments.
        folder: where it runs.
        environment: all its variables.
        streams: what is not on the terminal, as for subprocess.Popen.
    """
    ours, theirs = pty.openpty()
    streams = {**dict.fromkeys(("stdin", "stdout", "stderr"), theirs), **streams}
    process = subprocess.Popen(command, cwd=folder, env=environment, **streams)
    os.close(theirs)
    sent = b""
    try:
        while read := os.read(ours, 4096):
            sent += read
    except OSError:  # how Linux says that nobody writes any more
        pass
    os.close(ours)
    return process.wait(), sent.decode()

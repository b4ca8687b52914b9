"""Run Python programs one after the other, each in a fork of this process, which has loaded bytefit already.

docs/transcripts.py starts it: Python, Pillow and bytefit are then loaded once, and not by each of two hundred blocks.
A fork is a process of its own: nothing that a block changes is seen by the next one.

A line of standard input is one program as JSON: the `folder` it runs in, its `environment`, the file that takes its
`output`, and either its `code` or the `arguments` of `bytefit`. The answer is a line with its exit code.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import sys
import types
import warnings
from typing import Any

LOADED = ("PIL.Image", "bytefit.cli.main", "bytefit.fitting.resizing")


def next_program() -> dict[str, Any] | None:
    """Fork for every line of standard input: return its program in the fork, and None at the end of the input."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            return json.loads(line)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
    return None


def run(program: dict[str, Any]) -> None:
    """Run a program as Python does that is started for it."""
    output = os.open(program["output"], os.O_WRONLY)
    for old, new in ((os.open(os.devnull, os.O_RDONLY), 0), (output, 1), (output, 2)):
        os.dup2(old, new)
    os.environ.clear()
    os.environ.update(program["environment"])
    os.chdir(program["folder"])
    if "code" not in program:
        sys.argv = ["bytefit", *program["arguments"]]
        runpy.run_module("bytefit", run_name="__main__", alter_sys=True)
        return
    sys.argv = ["-c"]
    warnings.simplefilter("error")
    sys.modules["__main__"] = main = types.ModuleType("__main__")
    exec(compile(program["code"], "<string>", "exec"), main.__dict__)  # noqa: S102  (a block of a page)


if __name__ == "__main__":
    for name in LOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # a collection writes to every page of memory, which a fork then has to copy
    if (wanted := next_program()) is not None:
        run(wanted)

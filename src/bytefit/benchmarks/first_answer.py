"""The first answer of a process: what it takes over the second, which finds code and model loaded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_TWO_ANSWERS = """
import sys, time
import PIL.Image, bytefit
seconds = []
for _ in range(3):
    began = time.perf_counter()
    bytefit.compress(sys.argv[1], int(sys.argv[2]), format=sys.argv[3])
    seconds.append(time.perf_counter() - began)
print([seconds[0], min(seconds[1:])])
"""


_LOADS_NUMPY = """
import sys, bytefit
bytefit.compress(sys.argv[1], int(sys.argv[2]), format=sys.argv[3])
print("numpy" in sys.modules)
"""


def first_answer_milliseconds(path: Path, target: int, codec_format: str, *, processes: int) -> float | None:
    """Return how much longer the first `compress` of a process takes than the second, with Pillow loaded before both.

    It is the median over new processes; None where one of them gave no answer.
    """
    command = [sys.executable, "-c", _TWO_ANSWERS, str(path.resolve()), str(target), codec_format]
    # An installed package comes with its bytecode.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    differences: list[float] = []
    for _ in range(processes):
        done = subprocess.run(  # noqa: S603  (ours)
            command, env=environment, capture_output=True, check=False, text=True
        )
        if done.returncode != 0:
            return None
        first, second = json.loads(done.stdout)
        differences.append(1000 * (first - second))
    return median(differences)


def loads_numpy(path: Path, target: int, codec_format: str) -> bool | None:
    """Return whether a process has loaded numpy with its first answer, or None if it gave no answer."""
    command = [sys.executable, "-c", _LOADS_NUMPY, str(path.resolve()), str(target), codec_format]
    done = subprocess.run(command, capture_output=True, check=False, text=True)  # noqa: S603  (ours)
    return {"True": True, "False": False}.get(done.stdout.strip())

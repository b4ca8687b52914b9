"""Products of the effort best: the right numbers, and no thread of OpenBLAS."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numpy")

import numpy as np

from bytefit.codecs.jpeg.best.products import mixed, parts, transformed

RANDOM = np.random.default_rng(1)

# Prints the processor time of the thread that encodes, and that of all others.
CODE = """
import os
from PIL import Image
import bytefit

def threads():
    return {name: sum(map(int, open(f"/proc/self/task/{name}/stat").read().rsplit(")")[1].split()[11:13]))
            for name in os.listdir("/proc/self/task")}

picture = Image.effect_noise((640, 480), 60).convert("RGB")
bytefit.compress(picture, "60KB", format="JPEG", effort="best")
used = threads()
own = used.pop(str(os.getpid()))
print(own, sum(used.values()))
"""


def drawn(*shape):
    """Return random numbers in single precision."""
    return RANDOM.random(shape, np.float32)


@pytest.mark.parametrize("shape", [(1, 1, 64), (3, 50, 64), (9, 17, 64)], ids=str)
def test_rows_are_transformed(shape):
    """Rows of any number, whole parts or not, are multiplied with the matrix."""
    rows, matrix = drawn(*shape), drawn(64, 64)

    assert transformed(rows, matrix) == pytest.approx(rows @ matrix, rel=1e-5)


def test_planes_are_mixed():
    """Each pixel of three planes is multiplied with the matrix."""
    matrix, planes = drawn(3, 3), drawn(3, 17, 40)

    assert mixed(matrix, planes) == pytest.approx(np.einsum("ij,jyx->iyx", matrix, planes), rel=1e-5)


def test_parts_make_up_the_whole():
    """No part is longer than asked for, and none is missing."""
    found = parts(103, 10)

    assert [index for part in found for index in range(103)[part]] == list(range(103))
    assert max(part.stop - part.start for part in found) == 10


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="the times of threads stand in /proc")
def test_an_encode_takes_one_core():
    """The threads of OpenBLAS stay asleep: they would wait by spinning, for most of the time of an encode."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "2"}
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, check=True, text=True, env=environment)
    own, others = map(int, done.stdout.split())

    assert others < own / 10

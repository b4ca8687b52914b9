"""Products of matrices, in parts so small that OpenBLAS multiplies each in the calling thread.

With more than 262,144 multiplications (interface/gemm.c of OpenBLAS) it wakes a thread on every core. The products here
are short, and the woken threads wait for the next one by spinning: twice the processor time on two cores, for nothing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

MOST_MULTIPLICATIONS = 262_144


@lru_cache(maxsize=64)
def parts(length: int, most: int) -> list[slice]:
    """Return slices of at most `most` that make up an axis."""
    return [slice(start, min(start + most, length)) for start in range(0, length, most)]


def transformed(rows: Floats, matrix: Floats) -> Floats:
    """Return rows (..., n) times a matrix (n, n)."""
    flat = np.ascontiguousarray(rows).reshape(-1, len(matrix))
    found = np.empty_like(flat)
    for part in parts(len(flat), MOST_MULTIPLICATIONS // matrix.size):
        np.matmul(flat[part], matrix, out=found[part])
    return found.reshape(rows.shape)


def mixed(matrix: Floats, planes: Floats) -> Floats:
    """Return a matrix (3, 3) times planes (3, height, width), line by line."""
    found = np.empty_like(planes)
    np.matmul(matrix, planes.swapaxes(0, 1), out=found.swapaxes(0, 1))
    return found

"""The Gaussian blur of SSIMULACRA2, as products with banded matrices: faster in numpy than sums of shifted planes.

The matrices are symmetric, so that the blur is its own adjoint: gradients go back through the same function.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from bytefit.codecs.jpeg.best.products import MOST_MULTIPLICATIONS, parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]

# The window of the published metric: sigma 1.5, cut off at 5 pixels.
_SIGMA, _RADIUS = 1.5, 5

# Rows of one product. A larger band multiplies more zeros, a smaller one makes more calls.
_BAND = 16

# The other side of one product, see `bytefit.codecs.jpeg.best.products`.
_LENGTH = MOST_MULTIPLICATIONS // (_BAND * (_BAND + 2 * _RADIUS))


def blurred(plane: Plane) -> Plane:
    """Return a plane (height, width) under the Gaussian: mirrored at the top and bottom, dark beyond the sides."""
    height, width = plane.shape
    down, across = np.empty_like(plane), np.empty_like(plane)
    for start, stop, low, high, matrix in _bands(height, mirrored=True):
        for part in parts(width, _LENGTH):
            np.matmul(matrix, plane[low:high, part], out=down[start:stop, part])
    for start, stop, low, high, matrix in _bands(width, mirrored=False):
        for part in parts(height, _LENGTH):
            np.matmul(down[part, low:high], matrix.T, out=across[part, start:stop])
    return across


@lru_cache(maxsize=64)
def _bands(length: int, *, mirrored: bool) -> list[tuple[int, int, int, int, Plane]]:
    """Return (first and last output, first and last input, matrix) for each band of an axis."""
    weights = np.exp(-0.5 * (np.arange(-_RADIUS, _RADIUS + 1) / _SIGMA) ** 2)
    weights /= weights.sum()
    bands = []
    for start in range(0, length, _BAND):
        stop = min(start + _BAND, length)
        low, high = max(0, start - _RADIUS), min(length, stop + _RADIUS)
        matrix = np.zeros((stop - start, high - low))
        for row in range(start, stop):
            for offset, weight in zip(range(-_RADIUS, _RADIUS + 1), weights, strict=True):
                column = row + offset
                if mirrored:
                    column = -1 - column if column < 0 else 2 * length - 1 - column if column >= length else column
                if 0 <= column < length:
                    matrix[row - start, column - low] += weight
        bands.append((start, stop, low, high, matrix.astype(np.float32)))
    return bands

"""Planes as blocks of 8x8 cosine coefficients in zigzag order, and back.

The transform is orthonormal and its samples are centred on zero, which is JPEG's own scaling (ITU-T T.81, A.3.3): a
coefficient divided by its entry of the quantisation table is the level that is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bytefit.codecs.jpeg.best.products import transformed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Plane = NDArray[np.float32]
    # Of shape (rows, columns, 64).
    Blocks = NDArray[np.float32]

# The row-order index of each zigzag position.
ZIGZAG = np.array(sorted(range(64), key=lambda at: (at // 8 + at % 8, (at // 8 if (at // 8 + at % 8) % 2 else at % 8))))


def _transform() -> Plane:
    """Return the 64x64 matrix from the samples of a block, in row order, to its coefficients in zigzag order."""
    at, frequency = np.arange(8), np.arange(8)[:, None]
    cosines = np.cos((2 * at + 1) * frequency * np.pi / 16) * np.where(frequency == 0, np.sqrt(1 / 8), 0.5)
    matrix: Plane = np.kron(cosines, cosines)[ZIGZAG].astype(np.float32)
    return matrix


_FORWARD = _transform()


def padded(plane: Plane) -> Plane:
    """Return the plane with its last column and row repeated to whole blocks, as libjpeg does."""
    height, width = plane.shape
    if not (height % 8 or width % 8):
        return plane
    return np.pad(plane, ((0, -height % 8), (0, -width % 8)), mode="edge")


def samples(plane: Plane) -> Blocks:
    """Return the samples of whole blocks, (rows, columns, 64)."""
    rows, columns = plane.shape[0] // 8, plane.shape[1] // 8
    return plane.reshape(rows, 8, columns, 8).swapaxes(1, 2).reshape(rows, columns, 64)


def coefficients(plane: Plane) -> Blocks:
    """Return the coefficients of a plane of whole blocks."""
    return transformed(samples(plane), _FORWARD.T)


def plane_of(blocks: Blocks) -> Plane:
    """Return the plane of blocks of coefficients."""
    return _joined(transformed(blocks, _FORWARD))


def _joined(blocks: Blocks) -> Plane:
    rows, columns = blocks.shape[:2]
    return blocks.reshape(rows, columns, 8, 8).swapaxes(1, 2).reshape(rows * 8, columns * 8)


def steps_of(table: Sequence[int]) -> Plane:
    """Return the steps of a quantisation table, given in row order, in zigzag order."""
    steps: Plane = np.asarray(table, np.float32)[ZIGZAG]
    return steps

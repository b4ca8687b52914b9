"""Samples that libjpeg quantises to given levels again: Pillow takes pixels, not levels.

The samples of the levels' own inverse transform do that, but for rounding to 8 bits and clipping. Where those change a
level, other samples within the cells of the levels are sought by projecting to and fro between the two conditions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bytefit.codecs.jpeg.best.blocks import coefficients, padded, plane_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bytefit.codecs.jpeg.best.rounds import Component

    Floats = NDArray[np.float32]
    Pixels = NDArray[np.uint8]

# How far inside a cell a coefficient is kept, so that rounding to 8 bits does not carry it out.
_MARGIN = np.float32(1.3)

_PROJECTIONS = 6


def samples_of(component: Component) -> tuple[Pixels, int]:
    """Return the 8-bit samples of a plane and the number of blocks whose levels they do not bring back."""
    height, width = component.shape
    plane = _fitting(plane_of(component.levels * component.steps), component.shape)
    lost = _lost(plane, component)
    if lost.any():
        plane = _projected(plane, component, lost)
        lost = _lost(plane, component)
    return (plane[:height, :width] + 128).astype(np.uint8), int(lost.sum())


def _fitting(plane: Floats, shape: tuple[int, int]) -> Floats:
    """Return the plane as an encoder sees it: rounded, clipped, its last column and row repeated."""
    height, width = shape
    return padded(np.clip(np.rint(plane[:height, :width]), -128, 127))


def _lost(plane: Floats, component: Component) -> NDArray[np.bool_]:
    """Return which blocks, (rows, columns), come out with other levels."""
    levels = np.rint(coefficients(plane) / component.steps)
    changed: NDArray[np.bool_] = (levels != component.levels).any(axis=2)
    return changed


def _projected(plane: Floats, component: Component, lost: NDArray[np.bool_]) -> Floats:
    """Return the plane with other samples in the lost blocks where those bring their levels back."""
    rows, columns = np.nonzero(lost)
    centre = component.levels[rows, columns] * component.steps
    reach = np.maximum(component.steps / 2 - _MARGIN, 0)
    found = component.exact[rows, columns] * component.steps
    current = plane.copy()
    for _ in range(_PROJECTIONS):
        found = np.clip(found, centre - reach, centre + reach)
        blocks = plane_of(found[None])
        at = current.reshape(lost.shape[0], 8, lost.shape[1], 8)
        at[rows, :, columns] = blocks.reshape(8, -1, 8).swapaxes(0, 1)
        current = _fitting(current, component.shape)
        found = coefficients(current)[rows, columns]
    better = lost & ~_lost(current, component)
    mask = better.repeat(8, axis=0).repeat(8, axis=1)
    return np.where(mask, current, plane)

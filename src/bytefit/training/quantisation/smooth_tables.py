"""Quantisation tables as smooth functions of frequency: a dozen numbers in, the divisors of three planes out.

This module knows numbers only: no pictures, no scores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


def _functions(order: int, free: Sequence[tuple[int, int]]) -> Numbers:
    """Return functions of the frequency, one a row of 64: products of cosines up to `order`, and single entries."""
    across, down = np.meshgrid(np.arange(8), np.arange(8))
    rows = [
        np.cos(np.pi * (across + 0.5) * i / 8) * np.cos(np.pi * (down + 0.5) * j / 8)
        for i in range(order + 1)
        for j in range(order + 1 - i)
    ]
    singles = [(across == x) & (down == y) for x, y in free]
    return np.array([row.ravel() / np.abs(row).max() for row in [*rows, *(single * 1.0 for single in singles)]])


_LUMA, _CHROMA = _functions(3, ((0, 0), (0, 1), (1, 0), (1, 1))), _functions(2, ((0, 0), (0, 1), (1, 0)))
_SPLIT = (len(_LUMA), len(_LUMA) + len(_CHROMA))
COARSER = np.zeros(_SPLIT[1] + len(_CHROMA))
COARSER[[0, *_SPLIT]] = 1.0

# How much coarser chroma must be, in ln, where it is not subsampled and so has four times as many values.
COARSER_CHROMA = np.zeros_like(COARSER)
COARSER_CHROMA[[*_SPLIT]] = 1.0


def smooth_tables(numbers: Numbers) -> list[Numbers]:
    """Return the divisors of luma, Cb and Cr, 64 each, in 1 to 255."""
    luma, blue, red = np.split(numbers, _SPLIT)
    return [np.clip(np.exp(part @ by), 1, 255) for part, by in ((luma, _LUMA), (blue, _CHROMA), (red, _CHROMA))]


def first_guess() -> Numbers:
    """Return a table that rises with frequency, from six numbers found by random search before this was written."""
    across, down = np.meshgrid(np.arange(8), np.arange(8))
    distance = np.hypot(across, down).ravel() / 7
    fine = np.where(distance == 0, 0.61, 1.0)
    luma = fine * 16 * (1 + 10.4 * distance**1.37)
    chroma = fine * 16 * 1.17 * (1 + 3.8 * distance**0.97)
    fitted = [np.linalg.lstsq(by.T, np.log(t), rcond=None)[0] for by, t in ((_LUMA, luma), (_CHROMA, chroma))]
    return np.concatenate([fitted[0], fitted[1], fitted[1]])

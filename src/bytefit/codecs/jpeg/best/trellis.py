"""Levels that are worth their bits: a trellis over the non-zero positions of each block, for many blocks at once.

A path through a block keeps some of its non-zero levels and drops the others. Its cost is the bits of its (run, size)
symbols and of its sign and size bits, plus a weight times the squared errors. The cheapest path is found by dynamic
programming over positions (E. Yang and L. Wang, "Joint optimization of run-length coding, Huffman coding, and
quantization table with complete baseline JPEG decoder compatibility", 2009).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Levels = NDArray[np.int16]
    Indices = NDArray[np.int64]

# Sizes of levels: 0 to 10 bits for 8-bit samples.
_SIZES = 11
_SIZE_OF = np.array([int(level).bit_length() for level in range(2048)])

# A symbol never takes more bits than this (ITU-T T.81, annex K.2).
_LONGEST = 16.0

# How many non-zero levels in a row a path may drop. Longer gaps do not pay.
_LOOKBACK = 10

# Blocks are taken together by their number of non-zero levels, rounded up to the next of these.
_GROUPS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 19, 24, 30, 38, 48, 63)

_NEVER = np.float32(1e9)


def bits_of(levels: Levels) -> Floats:
    """Return the bits of symbols as these levels, (blocks, 64), use them.

    The result has the shape (64, 11): run of zeros, size of the level after it; [0, 0] is the end of a block. The
    extra bits of the level are included, and for runs of 16 and more the symbols that skip 16 zeros.
    """
    flat = np.ascontiguousarray(levels[:, 1:]).reshape(-1)
    at = np.flatnonzero(flat)
    block, position = np.divmod(at, 63)
    first = np.ones(len(at), bool)
    first[1:] = block[1:] != block[:-1]
    before = np.where(first, -1, np.concatenate([[-1], position[:-1]]))
    run = position - before - 1
    size = _SIZE_OF[np.abs(flat[at])]
    counts = np.bincount((run % 16) * _SIZES + size, minlength=16 * _SIZES).astype(float)
    skips = float((run // 16).sum())
    last = np.ones(len(at), bool)
    last[:-1] = first[1:]
    ends = float(len(levels) - (position[last] == 62).sum())  # noqa: PLR2004  (the last position needs no end)
    total = counts.sum() + skips + ends + 1
    price = np.minimum(-np.log2((counts + 0.3) / total), _LONGEST).reshape(16, _SIZES) + np.arange(_SIZES)
    table = np.tile(price, (4, 1)) + (np.arange(64) // 16)[:, None] * min(_LONGEST, -np.log2((skips + 0.3) / total))
    table[0, 0] = -np.log2((ends + 0.3) / total)
    prices: Floats = table.astype(np.float32)
    return prices


def quantised(targets: Floats, weights: Floats, bits: Floats) -> Levels:
    """Return the levels of blocks of targets, both of shape (blocks, 64), in zigzag order.

    Args:
        targets: coefficients in steps of the quantisation table.
        weights: the bits that a squared error of one step is worth, one for each coefficient.
        bits: see `bits_of`.
    """
    rounded = np.rint(targets).astype(np.int16)
    kept = np.zeros_like(rounded)
    kept[:, 0] = rounded[:, 0]
    counts = np.count_nonzero(rounded[:, 1:], axis=1)
    order = np.argsort(counts, kind="stable")
    bounds = np.searchsorted(counts[order], [0, *_GROUPS], side="right")
    for most, start, stop in zip(_GROUPS, bounds[:-1], bounds[1:], strict=True):
        if start < stop:
            group = order[start:stop]
            kept[group, 1:] = _cheapest(targets[group, 1:], rounded[group, 1:], weights[group, 1:], bits, most)
    return kept


def _cheapest(targets: Floats, rounded: Levels, weights: Floats, bits: Floats, most: int) -> Levels:
    """Return the cheapest levels of blocks with at most `most` non-zero ones, all of shape (blocks, 63)."""
    blocks = len(targets)
    columns = np.argsort(rounded == 0, axis=1, kind="stable")[:, :most]
    exact = np.abs(np.take_along_axis(targets, columns, 1)).T
    level = np.abs(np.take_along_axis(rounded, columns, 1)).T
    weight = np.take_along_axis(weights, columns, 1).T
    size = _SIZE_OF[level]
    smaller = ((1 << np.maximum(size - 1, 0)) - 1).astype(np.int16)
    # The cost of keeping a level is relative to the cost of dropping it; of one that is zero it is out of reach.
    gain = np.where(level > 0, weight * (np.square(exact - level) - exact * exact), _NEVER)
    gain_smaller = np.where(smaller > 0, weight * (np.square(exact - smaller) - exact * exact), _NEVER)
    position = np.ascontiguousarray(columns.T) + 1
    flat = bits.reshape(-1)
    best = np.zeros((most + 1, blocks), np.float32)
    came = np.zeros((most + 1, blocks), np.int64)
    takes_smaller = np.zeros((most + 1, blocks), bool)
    where = np.concatenate([np.zeros((1, blocks), position.dtype), position])
    for step in range(1, most + 1):
        begin = max(0, step - 1 - _LOOKBACK)
        symbol = np.maximum(where[step] - where[begin:step] - 1, 0) * _SIZES
        costs = []
        for sizes, gains in ((size, gain), (np.maximum(size - 1, 0), gain_smaller)):
            cost = best[begin:step] + flat[symbol + sizes[step - 1]]
            origin = cost.argmin(axis=0)
            costs.append((np.take_along_axis(cost, origin[None], 0)[0] + gains[step - 1], origin + begin))
        (whole, origin), (less, origin_less) = costs
        takes_smaller[step] = less < whole
        best[step] = np.where(takes_smaller[step], less, whole)
        came[step] = np.where(takes_smaller[step], origin_less, origin)
    final = best + np.where(where == 63, np.float32(0), bits[0, 0])  # noqa: PLR2004  (no end after the last position)
    return _path(final.argmin(axis=0), came, np.where(takes_smaller[1:], smaller, level), rounded, columns)


def _path(end: Indices, came: Indices, chosen: Levels, rounded: Levels, columns: Indices) -> Levels:
    """Follow the paths back from their ends and return the levels on them."""
    kept = np.zeros_like(rounded)
    rows = np.arange(len(rounded))
    at = end
    while True:
        on = np.flatnonzero(at > 0)
        if not len(on):
            return kept
        step = at[on] - 1
        column = columns[on, step]
        kept[rows[on], column] = chosen[step, on] * np.sign(rounded[on, column])
        at[on] = came[at[on], on]

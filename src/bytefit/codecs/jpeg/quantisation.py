"""Learned quantisation tables for JPEG, for each quality and each kind of content. This module encodes nothing.

`bytefit train --tables` writes the tables to `models/jpeg-tables.json`: for each *content* a few knots along the
quality scale. Between knots the logarithm of every divisor is interpolated. No divisor rises with the quality, so that
sizes rise along the ladder. A quality corresponds to libjpeg's: at a knot, both reach the same mean SSIMULACRA2 score
on the training images.
"""

from __future__ import annotations

import json
from functools import cache, lru_cache
from itertools import pairwise
from math import exp, log
from typing import TYPE_CHECKING, NamedTuple

from bytefit.codecs.codec import GRAPHIC, PHOTOGRAPH
from bytefit.errors import ModelError
from bytefit.resources import models_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

VERSION = 1

# Levels of tables with no larger step in luma are not chosen: there is next to nothing to choose among, and PSNR-HVS
# would fall by 0.2 dB and more.
CHOOSABLE = 3

# How tables for chosen levels differ: the steepness of luma, and what the logarithms of the means' steps in luma and
# chroma rise by.
EVENED = {PHOTOGRAPH: (0.8, 0.5, 0.3), GRAPHIC: (0.9, 0.5, 0.3)}


class Knot(NamedTuple):
    """The tables of one quality.

    Attributes:
        quality: on libjpeg's scale, 1 to 100.
        subsampling: the chroma subsampling, "4:2:0" or "4:4:4".
        tables: the tables of luma, Cb and Cr: 64 divisors each in row order, 1 to 255, not rounded.
    """

    quality: float
    subsampling: str
    tables: tuple[tuple[float, ...], ...]


@lru_cache(maxsize=512)
def quantisation(quality: float, content: str) -> tuple[tuple[tuple[int, ...], ...], str]:
    """Return the shipped tables (luma, Cb, Cr) of a quality, 1 to 100, and their chroma subsampling."""
    return tables_at(shipped_knots()[content], quality)


def first_divisor(quality: float, content: str) -> int:
    """Return the first divisor of the shipped luma table of a quality, without the 191 others."""
    low, high, share = _between(shipped_knots()[content], quality)
    (start, slope), *_ = _log_lines(low.tables[0][:1], high.tables[0][:1])
    return round(exp(start + share * slope))


def tables_at(knots: list[Knot], quality: float) -> tuple[tuple[tuple[int, ...], ...], str]:
    """Return the tables of a quality, interpolated between knots and rounded, and their chroma subsampling."""
    low, high, share = _between(knots, quality)
    pairs = zip(low.tables, high.tables, strict=True)
    return tuple(_interpolated(first, second, share) for first, second in pairs), low.subsampling


def _between(knots: list[Knot], quality: float) -> tuple[Knot, Knot, float]:
    """Return the knots below and above a quality, and its share of the way between them."""
    for low, high in pairwise(knots):
        if quality < high.quality or high.quality == 100:  # noqa: PLR2004  (the top of libjpeg's scale)
            return low, high, (quality - low.quality) / (high.quality - low.quality)
    raise AssertionError(quality)


def _interpolated(low: tuple[float, ...], high: tuple[float, ...], share: float) -> tuple[int, ...]:
    return tuple([round(exp(start + share * slope)) for start, slope in _log_lines(low, high)])


def evened(tables: Sequence[tuple[int, ...]], content: str) -> tuple[tuple[int, ...], ...]:
    """Return the tables for levels that are chosen by looks, which are less steep in luma and coarser in the means.

    Choosing drops by itself what is not worth its bits, so that the high frequencies need no coarse steps (training
    photographs at 0.3 to 1.3 bits a pixel: SSIMULACRA2 +0.6, PSNR-HVS +0.2 dB). The finest tables stay as they are.
    """
    if max(tables[0]) <= CHOOSABLE:
        return tuple(tables)
    steepness, luma_mean, chroma_mean = EVENED[content]
    luma, *chroma = tables
    logs = [log(step) for step in luma[1:]]
    mean = sum(logs) / len(logs)
    kept = [mean + steepness * (value - mean) for value in logs]
    found = [[log(luma[0]) + luma_mean, *kept]]
    found += [[log(table[0]) + chroma_mean, *map(log, table[1:])] for table in chroma]
    return tuple(tuple(min(255, max(1, round(exp(value)))) for value in table) for table in found)


@cache
def _log_lines(low: tuple[float, ...], high: tuple[float, ...]) -> list[tuple[float, float]]:
    """Return the logarithm of each divisor at the low knot, and its difference to that at the high knot."""
    return [(log(a), log(b) - log(a)) for a, b in zip(low, high, strict=True)]


@cache
def shipped_knots() -> dict[str, list[Knot]]:
    """Return the shipped knots of every content, sorted by quality."""
    return load_knots(models_folder() / "jpeg-tables.json")


def load_knots(path: Path) -> dict[str, list[Knot]]:
    """Read a file of tables and check it.

    Raises:
        ModelError: if the file cannot be read, has another version, or its tables do not form a ladder.
    """
    try:
        record = json.loads(path.read_bytes())
        version = record.pop("version")
        knots = {
            content: [Knot(knot["quality"], knot["subsampling"], tuple(map(tuple, knot["tables"]))) for knot in rows]
            for content, rows in record.items()
        }
        is_valid = (
            version == VERSION and {PHOTOGRAPH, GRAPHIC} <= set(knots) and all(map(_makes_ladder, knots.values()))
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"cannot read the quantisation tables {path}: {error!r}") from error
    if not is_valid:
        raise ModelError(
            f"cannot use the quantisation tables {path} (version {version}): they must have version {VERSION} and form "
            f"a ladder; train them again"
        )
    return knots


def _makes_ladder(knots: list[Knot]) -> bool:
    """Return whether the knots span the scale and no divisor rises with the quality while the subsampling stays."""
    if [knot.quality for knot in (*knots[:1], *knots[-1:])] != [1, 100]:
        return False
    entries = [value for knot in knots for table in knot.tables for value in table]
    complete = all([len(table) for table in knot.tables] == [64, 64, 64] for knot in knots)
    return complete and min(entries) >= 1 and max(entries) <= 255 and all(map(_ordered, knots, knots[1:]))  # noqa: PLR2004


def _ordered(low: Knot, high: Knot) -> bool:
    if low.subsampling != high.subsampling:
        return low.quality == high.quality
    pairs = zip(low.tables, high.tables, strict=True)
    return low.quality < high.quality and all(
        a >= b for first, second in pairs for a, b in zip(first, second, strict=True)
    )

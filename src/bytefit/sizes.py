"""Sizes as people write them ("200KB") and as programs count them (200_000), and ranges of them ("20KB..50KB").

KB is 1000 bytes and KiB is 1024, as the standards have it; a bare number is bytes. Exact: no float is involved.
"""

from __future__ import annotations

import operator
import re
from typing import NamedTuple, SupportsIndex

from bytefit.errors import SizeSyntaxError

UNITS = {"b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3, "kib": 1024, "mib": 1024**2, "gib": 1024**3}

_TO = ".."  # between the two sizes of a range

_SIZE = re.compile(r"\s*([+-]?)([0-9](?:_?[0-9]){0,29})(?:\.([0-9]{1,30}))?\s*([^\W\d_]*)\s*", re.ASCII)


class Window(NamedTuple):
    """The bytes that a file may have: at least and at most so many."""

    least: int
    most: int

    def holds(self, size: int) -> bool:
        """Return whether a file may have `size` bytes."""
        return self.least <= size <= self.most


def parse_target(target: str | SupportsIndex) -> Window:
    """Return the bytes that a target allows: at most a size, or a range as in "20KB..50KB".

    Raises:
        SizeSyntaxError: if it cannot be read, or is a range upside down.
    """
    if not isinstance(target, str) or _TO not in target:
        return Window(0, parse_size(target))
    first, _, second = target.partition(_TO)
    if first.strip().replace("_", "").isdigit() and not second.strip().isdigit():
        raise SizeSyntaxError(f"range {target!r} starts without a unit: write one at both ends, as in '20KB..50KB'")
    least, most = parse_size(first), parse_size(second)
    if least > most:
        raise SizeSyntaxError(f"range {target!r} is upside down: write the smaller size first")
    return Window(least, most)


def parse_size(size: str | SupportsIndex) -> int:
    """Return the bytes that `size` stands for, rounded down to a whole byte.

    Args:
        size: a number and a unit ("200KB", "1.5 MiB", any case), or bytes as an int or a string of digits.

    Raises:
        SizeSyntaxError: if it cannot be read, or is less than one byte.
    """
    if not isinstance(size, str):
        size = str(_whole(size))
    match = _SIZE.fullmatch(size)
    if match is None:
        raise SizeSyntaxError(f"cannot read size {size!r}: write a number and a unit, as in '200KB' or '1.5MiB'")
    sign, whole, fraction, unit = match.groups(default="")
    factor = UNITS.get(unit.lower() or "b")
    if factor is None:
        raise SizeSyntaxError(f"unknown unit {unit!r} in size {size!r}: use B, kB, KB, MB, KiB or MiB")
    count: int = int(whole + fraction) * factor // 10 ** len(fraction)
    if sign == "-" or count < 1:
        raise SizeSyntaxError(f"size {size!r} is not positive: it must be at least 1 byte")
    return count


def _whole(size: SupportsIndex) -> int:
    if isinstance(size, SupportsIndex) and not isinstance(size, bool):
        count = operator.index(size)
        if abs(count) < 10**30:  # as many digits as text may have
            return count
        raise SizeSyntaxError("a size of more than 30 digits is no size of a file")
    raise SizeSyntaxError(f"size {size!r} is not a whole number of bytes: give an int or text like '200KB'")

"""`bytefit presets`: its arguments and output."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from bytefit.cli.options import FINE, OVER, own_presets
from bytefit.messages import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from bytefit.options.presets import Preset

_HEAD = ("name", "limit", "dimensions", "formats", "read", "source")


def add_presets(presets: argparse.ArgumentParser) -> None:
    """Add the arguments of `bytefit presets`."""
    presets.add_argument(
        "--check-age", type=_days, metavar="DAYS", help="warn of limits that were read longer ago, with exit code 1"
    )
    presets.add_argument(
        "--config", metavar="FILE", help="configuration file (default: the nearest .bytefit.toml or pyproject.toml)"
    )
    presets.set_defaults(run=_presets)


def _days(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days: give a whole number")
    return int(text)


def _presets(arguments: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from bytefit.options.presets import shipped_presets

    known = {**shipped_presets(), **own_presets(arguments.config)}
    rows = [_HEAD, *(_row(preset) for preset in known.values())]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEAD))]
    for row in rows:
        print(one_line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()))
    if arguments.check_age is None:
        return FINE
    old = list(_too_old(known.values(), arguments.check_age, datetime.now(tz=UTC).date()))
    for line in old:
        print(one_line(f"bytefit: {line}"), file=sys.stderr)
    return OVER if old else FINE


def _row(preset: Preset) -> tuple[str, ...]:
    options = preset.options
    box, sides = options.get("box"), [options.get("max_width"), options.get("max_height")]
    dimensions = "any"
    if box is not None:
        shape = box if isinstance(box, str) else "x".join(map(str, box))
        dimensions = f"{shape} {options.get('fit', 'cover')}"
    elif any(sides):
        dimensions = f"at most {'x'.join(str(side or 'any') for side in sides)}"
    elif pixels := options.get("max_pixels"):
        dimensions = f"at most {pixels:,} pixels"
    formats = options.get("format") or ", ".join(options.get("formats") or ["any"])
    return preset.name, preset.target, dimensions, formats, preset.read or "-", preset.source or "-"


def _too_old(presets: Iterable[Preset], days: int, today: date) -> Iterable[str]:
    for preset in presets:
        if preset.day is not None and (age := (today - preset.day).days) > days:
            yield f"{preset.name} was read {age} days ago: look at {preset.source or 'its source'}, it may have changed"

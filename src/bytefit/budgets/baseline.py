"""The baseline: what was over its budget when it was written, with its size. It fails only when it grows.

It is a JSON file to be committed: {"version": 1, "files": {name: bytes}, "totals": {globs: bytes}}, names relative to
the configuration's folder.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from bytefit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

BASELINE_FILE = ".bytefit-baseline.json"
_VERSION = 1


class Baseline(NamedTuple):
    """What was over when the baseline was written.

    Attributes:
        files: name -> bytes.
        totals: globs, separated by spaces -> bytes of all files together.
    """

    files: Mapping[str, int]
    totals: Mapping[str, int]


EMPTY = Baseline({}, {})


def read_baseline(path: str, *, required: bool = False) -> Baseline:
    """Return the baseline in a file; an empty one where there is none, unless it is required.

    Raises:
        ConfigError: if it is required and missing, or is no baseline.
    """
    if not os.path.lexists(path):
        if required:
            raise ConfigError(f"no baseline {path}: write one with 'bytefit check --write-baseline --baseline {path}'")
        return EMPTY
    import json

    try:
        with open(path, "rb") as file:
            document = json.load(file)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not JSON: {error}; write it anew with --write-baseline") from error
    version = document.get("version") if isinstance(document, dict) else None
    if version != _VERSION:
        raise ConfigError(f"{path} is no baseline of version {_VERSION}: write it anew with --write-baseline")
    return Baseline(_sizes(document, "files", path), _sizes(document, "totals", path))


def _sizes(document: Mapping[str, Any], key: str, path: str) -> dict[str, int]:
    sizes = document.get(key, {})
    whole = isinstance(sizes, dict) and all(type(size) is int and size > 0 for size in sizes.values())
    if not whole:
        raise ConfigError(f"{path}: {key} has to map names to bytes: write it anew with --write-baseline")
    return dict(sizes)


def shrunk(old: Baseline, now: Baseline, gone: set[str]) -> Baseline:
    """Return `old` without the resolved files and totals, and with smaller sizes for those that shrank.

    No file is added and no size is raised.

    Args:
        old: the baseline as it is.
        now: what is over now.
        gone: names that were looked at, or are no more, and are not over.
    """
    files = {name: min(size, now.files.get(name, size)) for name, size in old.files.items() if name not in gone}
    totals = {name: min(size, now.totals[name]) for name, size in old.totals.items() if name in now.totals}
    return Baseline(files, totals)


def write_baseline(path: str, baseline: Baseline) -> None:
    """Write a baseline, in one step, sorted so that its changes are easy to review."""
    import json

    from bytefit.files.atomic import write_atomically

    document = {"version": _VERSION, "files": dict(baseline.files), "totals": dict(baseline.totals)}
    write_atomically(path, (json.dumps(document, indent=2, sort_keys=True) + "\n").encode())

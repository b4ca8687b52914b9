"""The baseline: files that were over budget when it was written, with their sizes. They fail only if they grow.

It is a JSON file that people commit: {"version": 1, "files": {name: bytes}, "totals": {globs: bytes}}, names are
relative to the configuration's folder.
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
    """The files and totals that were over budget when the baseline was written.

    Attributes:
        files: name -> bytes.
        totals: globs, separated by spaces -> the bytes of all their files.
    """

    files: Mapping[str, int]
    totals: Mapping[str, int]


EMPTY = Baseline({}, {})


def read_baseline(path: str, *, required: bool = False) -> Baseline:
    """Return the baseline in a file. If the file is missing and not required, return an empty baseline.

    Raises:
        ConfigError: if the file is required and missing, or does not hold a baseline.
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
        raise ConfigError(f"{path} is not JSON: {error}; replace it with --write-baseline") from error
    version = document.get("version") if isinstance(document, dict) else None
    if version != _VERSION:
        raise ConfigError(f"{path} is not a baseline of version {_VERSION}: replace it with --write-baseline")
    return Baseline(_sizes(document, "files", path), _sizes(document, "totals", path))


def _sizes(document: Mapping[str, Any], key: str, path: str) -> dict[str, int]:
    sizes = document.get(key, {})
    whole = isinstance(sizes, dict) and all(type(size) is int and size > 0 for size in sizes.values())
    if not whole:
        raise ConfigError(f"{path}: {key} must map names to sizes in bytes: replace it with --write-baseline")
    return dict(sizes)


def shrunk(old: Baseline, now: Baseline, gone: set[str]) -> Baseline:
    """Return `old` without the resolved files and totals, and with smaller sizes for those that shrank.

    No file is added and no size is raised.

    Args:
        old: the baseline so far.
        now: the files and totals that are over budget now.
        gone: the names that are resolved: checked and within budget, or deleted.
    """
    files = {name: min(size, now.files.get(name, size)) for name, size in old.files.items() if name not in gone}
    totals = {name: min(size, now.totals[name]) for name, size in old.totals.items() if name in now.totals}
    return Baseline(files, totals)


def write_baseline(path: str, baseline: Baseline) -> None:
    """Write a baseline atomically, with sorted names, so that its changes are easy to review."""
    import json

    from bytefit.files.atomic import write_atomically

    document = {"version": _VERSION, "files": dict(baseline.files), "totals": dict(baseline.totals)}
    write_atomically(path, (json.dumps(document, indent=2, sort_keys=True) + "\n").encode())

"""What a batch left behind, in forms that tests compare."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

# The photographs have about 17 kB.
TARGET = "9KB"


def content(folder):
    """Return the hashes of all files below a folder by their names."""
    paths = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def statuses(rows):
    """Return the status of each row by the name of its image."""
    return {name: str(row.status) for name, row in rows.items()}


def facts(manifest):
    """Return the rows of a manifest without the times that differ between runs."""
    rows = [json.loads(line) for line in Path(manifest).read_text(encoding="utf-8").splitlines()]
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]

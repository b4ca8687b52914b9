"""Folders of images to train on, and their split by source.

A picture's *source* is the project or person it comes from. Pictures of one source resemble each other, so a split by
file would flatter every model. A table `FOLDER.tsv` next to the folder, with the columns `path` and `source`, names the
sources; without one, every picture is its own source. A picture's *kind* is the name of the folder it is in.
"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# The share of every kind that may be held out.
HELD_OUT = 0.3


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """One image file of a corpus."""

    path: Path
    kind: str
    source: str


def find_files(folders: list[Path]) -> list[CorpusFile]:
    """Return the files of all `folders`, sorted, without the hidden ones."""
    files = []
    for folder in folders:
        sources = _sources(folder)
        for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")):
            name = path.relative_to(folder).as_posix()
            files.append(CorpusFile(path, path.parent.name or folder_name(folder), sources.get(name, name)))
    return files


def folder_name(folder: Path) -> str:
    """Return the name of a folder, given in any way ("." included); empty for the root of a file system."""
    return folder.resolve().name


def split(files: list[CorpusFile]) -> tuple[list[CorpusFile], list[CorpusFile]]:
    """Return the files to train on and the files held out, no source on both sides.

    Sources are taken in the order of their hashes, which is independent of their pictures. A source is held out if at
    most `HELD_OUT` of every kind is held out then.
    """
    totals = Counter(file.kind for file in files)
    per_source: dict[str, Counter[str]] = {}
    for file in files:
        per_source.setdefault(file.source, Counter())[file.kind] += 1
    held: Counter[str] = Counter()
    out: set[str] = set()
    for source in sorted(per_source, key=lambda source: sha256(source.encode()).digest()):
        if all(held[kind] + count <= HELD_OUT * totals[kind] for kind, count in per_source[source].items()):
            held += per_source[source]
            out.add(source)
    return [s for s in files if s.source not in out], [s for s in files if s.source in out]


def limited(files: list[CorpusFile], limit: int | None) -> list[CorpusFile]:
    """Return at most `limit` files of every kind, chosen by the hashes of their names; None means all."""
    if limit is None:
        return files
    chosen: list[CorpusFile] = []
    for kind in sorted({file.kind for file in files}):
        of_kind = [file for file in files if file.kind == kind]
        chosen += sorted(of_kind, key=lambda file: sha256(file.path.name.encode()).digest())[:limit]
    return chosen


def _sources(folder: Path) -> dict[str, str]:
    """Return the source of each file named in the table next to `folder`: its address up to the path inside it."""
    name = folder_name(folder)
    table = folder.resolve().with_name(f"{name}.tsv") if name else None
    if table is None or not table.is_file():
        return {}
    with table.open(encoding="utf-8", newline="") as lines:
        return {row["path"]: _project(row["source"]) for row in csv.DictReader(lines, delimiter="\t")}


def _project(address: str) -> str:
    """Return "deb:package" of "deb:package:path" and "owner/name" of "owner/name:path"."""
    parts = address.split(":")
    return ":".join(parts[:2]) if parts[0] == "deb" else parts[0]

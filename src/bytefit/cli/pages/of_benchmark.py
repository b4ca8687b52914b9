"""The page of `bytefit bench`: its tables, and for `looks` some images before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bytefit.reporters.examining import album_of
from bytefit.reporters.html.page import GOOD, PLAIN, WARN, Page, PageImage, Versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Table = tuple[str, tuple[str, ...], tuple[tuple[str, ...], ...]]


def page_of_benchmark(name: str, about: str, report: str, answers: Sequence[Versions], place: tuple[str, str]) -> Page:
    """Return the page of a benchmark.

    Args:
        name: the name of the benchmark.
        about: what it measures, in one line.
        report: its report in Markdown.
        answers: images with bytefit's answers.
        place: the format of the report, and its file or folder.
    """
    tables, notes = _parts(report)
    album = album_of(*place, len(answers))
    images = [
        PageImage(
            one.name,
            "fits" if len(one.after) <= one.budget else "over",
            GOOD if len(one.after) <= one.budget else WARN,
            before=len(one.before),
            after=len(one.after),
            budget=one.budget,
            detail=one.detail,
            score=one.score,
            pair=album.pair(one.name, rank, one.before, one.after),
        )
        for rank, one in enumerate(answers)
    ]
    images.sort(key=lambda one: one.worst_first)
    verdict = f"{about[0].upper()}{about[1:]}"
    return Page(f"bytefit bench {name}", verdict, PLAIN, images=tuple(images), notes=notes, tables=tables)


def _parts(report: str) -> tuple[tuple[Table, ...], tuple[str, ...]]:
    """Return the tables of a report, each with the paragraph above it as its title, and its other paragraphs."""
    tables: list[Table] = []
    notes: list[str] = []
    for block in report.split("\n\n"):
        lines = block.strip().splitlines()
        if not lines:
            continue
        if not lines[0].startswith("|"):
            notes.append(" ".join(lines).replace("**", ""))
            continue
        head, *rows = _rows(lines)
        title = notes.pop().rstrip(":.") if notes else "Results"
        tables.append((title, head, tuple(rows)))
    return tuple(tables), tuple(notes)


def _rows(lines: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for number, line in enumerate(lines):
        if number != 1:  # the rule below the header
            yield tuple(cell.strip() for cell in line.strip().strip("|").split("|"))

"""The report for a comment on a pull request: a verdict in a line, the worst images, the rest folded.

It begins with a comment that no reader sees, by which the next report finds it and takes its place.
"""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

from bytefit.budgets.changes import FIXED, SKIPPED
from bytefit.budgets.repository import repository_top
from bytefit.fitting.result import VISIBLE_LOSS
from bytefit.messages import format_size, one_line
from bytefit.reporters.cells import cell, fitting, name_cell
from bytefit.reporters.places import repository_name
from bytefit.reporters.text import named, signed, sums

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bytefit.budgets.changes import Change
    from bytefit.budgets.findings import Audit, Finding, TotalFinding

    # The name of a column -> the text of its cell.
    Row = Mapping[str, str]

MARKER = "<!-- bytefit -->"

# A comment on GitHub has at most 65,536 characters, and no text has more characters than bytes. The rest is for the
# lines around the tables.
_MOST, _FRAME = 65_536, 4_096

# How many images stand above the fold, and how many a command names.
_OPEN, _IN_COMMAND = 10, 5

# The columns, each with its alignment; one that is empty in every row is left out.
_NUMBERS = ("before", "size", "change", "over by", "budget", "quality", "score")
_COLUMNS = {
    **dict.fromkeys(("", "image"), "---"),
    **dict.fromkeys(_NUMBERS, "---:"),
    **dict.fromkeys(("why", "trials"), "---"),
}

_MORE = "{} more do not fit here: a comment has at most 65,536 characters."


class _Fold(NamedTuple):
    """A part below the fold: its title and its rows, the most important first."""

    title: str
    rows: Sequence[Row]


def render(audit: Audit) -> str:
    """Return the report. It is empty if nothing fails and nothing has changed: nobody wants to read that."""
    if not (audit.failing or audit.failing_totals or audit.unreadable or audit.changes):
        return ""
    rows = list(_rows(audit))
    lines = [MARKER, _verdict(audit), "", *_table(rows[:_OPEN], (_MOST - _FRAME) // 2), *_repair(audit)]
    more = _Fold(f"{_count(len(rows) - _OPEN, 'more image')}", rows[_OPEN:])
    for fold in (more, *_folds(audit)):
        if fold.rows:
            left = _MOST - _FRAME - sum(len(line.encode("utf-8", "backslashreplace")) + 1 for line in lines)
            lines += ["", f"<details><summary>{fold.title}</summary>", "", *_table(fold.rows, left), "", "</details>"]
    return "\n".join(lines) + "\n"


def changes_table(audit: Audit, space: int) -> str:
    """Return a table of what has changed, for a page that has a place for it; its rows have at most `space` bytes."""
    rows = [_of_change(audit, change) for change in audit.changes]
    lines = ["### Images that have changed", "", *_table(rows, space, "{} more do not fit here."), ""]
    return "\n".join(lines) + "\n"


def _table(rows: Sequence[Row], space: int, note: str = _MORE) -> list[str]:
    """Return the lines of a table whose rows have at most `space` bytes."""
    columns = [name for name in _COLUMNS if any(row.get(name) for row in rows)]
    head = [f"| {' | '.join(columns)} |", f"| {' | '.join(_COLUMNS[name] for name in columns)} |"]
    cells = (f"| {' | '.join(row.get(name, '') for name in columns)} |" for row in rows)
    return fitting(head, cells, space, note) if columns else []


def _verdict(audit: Audit) -> str:
    """Return the verdict in a line, and what became of the images."""
    lost = sum(change.lost_visibly for change in audit.changes)
    losses = f" {_count(lost, 'image')} lost visibly (SSIMULACRA2 below {VISIBLE_LOSS})." if lost else ""
    if audit.command != "check":
        fixed = [change for change in audit.changes if change.kind != SKIPPED]
        saved = format_size(-sum(change.difference for change in fixed))
        made = "made" if audit.command == "fix" else "would make"
        fit = sum(change.kind == FIXED for change in fixed)
        return f"**bytefit {made} {fit} of {_count(len(audit.changes), 'image')} fit, {saved} saved.**{losses}"
    over = []
    if audit.failing:
        excess = sum(finding.excess for finding in audit.failing)
        by = f", by {format_size(excess)} in all" if excess else ""
        over.append(f"{len(audit.failing)} of {_count(audit.files, 'image')} over budget{by}")
    if audit.failing_totals:
        over.append(f"{_count(len(audit.failing_totals), 'total')} over budget")
    if audit.unreadable:
        over.append(f"{_count(len(audit.unreadable), 'file')} could not be read")
    return f"**{'; '.join(over) or 'All images are within their budgets'}.**{_delta(audit)}{losses}"


def _delta(audit: Audit) -> str:
    """Return what differs from another commit, in a sentence that follows the verdict."""
    comparison = audit.comparison
    if comparison is None:
        return ""
    note = cell(comparison.note)
    if comparison.commit is None:
        return f" Not compared with {name_cell(comparison.ref)}: {note}."
    return f" Compared with {cell(named(comparison))}{note and f' ({note})'}: {sums(audit, comparison)}."


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _rows(audit: Audit) -> Iterator[Row]:
    """Yield the rows of the main table: what is over its budget, then what has changed, each the worst first."""
    if audit.command != "check":
        yield from (_of_change(audit, change) for change in audit.changes)
        return
    changes = {change.path: change for change in audit.changes}
    for total in audit.failing_totals:
        yield _of_total(audit, total)
    for finding in audit.failing:
        change = changes.pop(finding.path, None)
        row = _of_finding(audit, finding)
        if change is not None:
            row = {**_of_change(audit, change), "": f"**over**, {change.kind}", "over by": row["over by"]}
        yield row
    for change in changes.values():
        yield _of_change(audit, change)


def _of_finding(audit: Audit, finding: Finding) -> Row:
    over = format_size(finding.excess) if finding.excess else f"{finding.width}x{finding.height} pixels"
    sizes = {"size": format_size(finding.size), "over by": over, "budget": format_size(finding.budget)}
    return {"": "**over**", "image": _name(audit, finding.name), **sizes}


def _of_total(audit: Audit, total: TotalFinding) -> Row:
    compared = audit.comparison.totals if audit.comparison is not None else ()
    before = next((one.before for one in compared if one.name == total.name), None)
    sizes = {"size": format_size(total.size), "over by": format_size(total.excess), "budget": format_size(total.budget)}
    if before is not None:
        sizes |= {"before": format_size(before), "change": signed(total.size - before)}
    return {"": "**over**", "image": f"{_count(total.files, 'file')} of {name_cell(total.name)}", **sizes}


def _of_change(audit: Audit, change: Change) -> Row:
    would = "would be " if audit.command == "fix --dry-run" and change.kind != SKIPPED else ""
    row = {"": f"{would}{change.kind}", "image": _name(audit, change.name), "change": signed(change.difference)}
    sizes = {"before": change.before, "size": change.after, "budget": change.budget}
    row |= {name: format_size(size) for name, size in sizes.items() if size is not None}
    if change.excess:
        row["over by"] = format_size(change.excess)
    if change.encode is not None:
        row["quality"] = f"{change.encode.quality:g}"
    if change.score is not None:
        row["score"] = f"{change.score:.1f}{' **visible loss**' if change.lost_visibly else ''}"
    return row


def _name(audit: Audit, name: str) -> str:
    return name_cell(repository_name(audit, name))


def _repair(audit: Audit) -> list[str]:
    """Return the command that makes the images fit, as far as it can."""
    if audit.command == "fix":
        written = any(change.kind != SKIPPED for change in audit.changes)
        return ["", "Look at the images, `git add` them and commit."] if written else []
    if audit.command != "check":
        return ["", "The same command without `--dry-run` makes them fit."]
    fixable = [finding for finding in audit.failing if not finding.remedy.startswith("skip")]
    if not fixable:
        return []
    words = ["bytefit", "fix"]
    if fixable[0].rule.label == "the command line":
        words.append(f"--max-size={fixable[0].budget}")
    paths = [finding.path for finding in fixable]
    if len(paths) <= _IN_COMMAND and all(path == one_line(path) for path in paths):
        words += paths
    command = f"{_to_folder()}{shlex.join(words)}"
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", command)), 3)
    return ["", "This makes them fit; look at the result before you commit:", "", f"{fence}sh", command, fence]


def _to_folder() -> str:
    """Return the command that leads from the top of the repository to the working directory, where paths begin."""
    here = os.getcwd()
    top = repository_top(here)
    return "" if top in {None, here} else f"cd {shlex.quote(os.path.relpath(here, top))} && "


def _folds(audit: Audit) -> Iterator[_Fold]:
    """Yield the parts below the fold."""
    skipped = [change for change in audit.changes if change.kind == SKIPPED]
    yield _Fold(
        "Why images were skipped",
        [{"image": _name(audit, one.name), "why": cell(one.reason)} for one in skipped],
    )
    if audit.command == "check":
        why = [
            (finding, f"{finding.rule.label}: {finding.message}; {audit.advice(finding)}") for finding in audit.failing
        ]
        yield _Fold(
            "Which budgets they exceed",
            [{"image": _name(audit, finding.name), "why": cell(text)} for finding, text in why],
        )
    encodes = [(change, change.encode) for change in audit.changes if change.encode is not None]
    trials = [
        (change, ", ".join(f"quality {trial.quality:g}: {format_size(trial.size)}" for trial in encode.trials))
        for change, encode in encodes
    ]
    yield _Fold("Trials", [{"image": _name(audit, change.name), "trials": text} for change, text in trials])
    if audit.comparison is not None:
        yield _Fold(
            "Totals",
            [
                {
                    "image": name_cell(one.name),
                    "before": format_size(one.before),
                    "size": format_size(one.after),
                    "change": signed(one.after - one.before),
                    "budget": format_size(one.budget),
                }
                for one in audit.comparison.totals
            ],
        )
    notes = [{"image": _name(audit, one.name), "why": cell(one.reason)} for one in audit.unreadable]
    notes += [{"why": cell(note)} for note in audit.notes]
    if audit.known:
        notes.append({"why": f"{audit.known} more are over budget and in the baseline"})
    yield _Fold("Notes", notes)

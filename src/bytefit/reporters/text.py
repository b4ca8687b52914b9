"""The report for people: a table of the failing files, furthest over first, and the action of `bytefit fix`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bytefit.budgets.changes import FIXED, SKIPPED
from bytefit.budgets.repository import is_below, repository_top
from bytefit.fitting.result import how_encoded
from bytefit.messages import format_size, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bytefit.budgets.changes import Change
    from bytefit.budgets.findings import Audit

_HEAD = ("over by", "size", "budget", "format", "file", "fix would")


def render(audit: Audit) -> str:
    """Return the table and a summary line, or a line for each file of a fix.

    It is empty if nothing fails and there is nothing to note.
    """
    if audit.command != "check":
        lines = [line_of(change, dry_run=audit.command != "fix") for change in audit.changes]
        return "".join(f"{one_line(line)}\n" for line in (*lines, *ending(audit)))
    lines = _table(audit) if audit.failing else []
    lines += [f"{total.name}: {total.message} ({total.label})" for total in audit.failing_totals]
    fails = bool(audit.failing or audit.failing_totals)
    if fails:
        lines.append("; ".join(_sums(audit)))
    if audit.known and fails:
        lines.append(f"{audit.known} more are over budget and in the baseline")
    if audit.resolved:
        lines.append(
            f"resolved: {', '.join(audit.resolved)}; 'bytefit check --update-baseline' removes them from the baseline"
        )
    # The name does not come first: GitHub's runner takes a line that begins with "::" for a command.
    lines += [f"note: {note}" for note in audit.notes]
    return "".join(f"{one_line(line)}\n" for line in lines)


def line_of(change: Change, *, dry_run: bool) -> str:
    """Return in one line what a fix did to a file, or in a dry run would do."""
    if change.kind == SKIPPED:
        return f"skipped ({format_size(change.after or 0)}): {change.path}: {change.reason}"
    action = "would fix" if dry_run else "fixed" if change.kind == FIXED else "shrunk"
    sizes = f"{format_size(change.before or 0)} -> {format_size(change.after or 0)}"
    over = "" if change.kind == FIXED else f", still over its budget of {format_size(change.budget or 0)}"
    return f"{action} {change.path}: {sizes}{over} {how_encoded(change.encode, change.seconds, change.score)}"


def ending(audit: Audit) -> Iterator[str]:
    """Yield the last lines of a fix: the notes, the bytes saved, and what to do next."""
    yield from (f"note: {note}" for note in audit.notes)
    done = [change for change in audit.changes if change.kind != SKIPPED]
    if not done:
        return
    saved = f"{format_size(-sum(change.difference for change in done))} saved"
    top = repository_top(os.getcwd())
    own = sum(top is not None and is_below(top, os.path.abspath(change.path)) for change in done)
    advice = ": review them, 'git add' them whole, and commit again" if own and audit.command == "fix" else ""
    if advice or len(done) > 1:  # else the summary would repeat the only line
        yield f"{len(done)} {'' if audit.command == 'fix' else 'would be '}rewritten, {saved}{advice}"


def _sums(audit: Audit) -> Iterator[str]:
    if audit.failing:
        excess = format_size(sum(finding.excess for finding in audit.failing))
        yield f"{len(audit.failing)} of {audit.files} files over budget, by {excess} in all"
    if audit.failing_totals:
        excess = format_size(sum(total.excess for total in audit.failing_totals))
        yield f"{len(audit.failing_totals)} over their totals, by {excess} in all"


def _table(audit: Audit) -> list[str]:
    rows: list[tuple[str, ...]] = [_HEAD]
    for finding in audit.failing:
        sizes = (finding.excess, finding.size, finding.budget)
        remedy = finding.remedy if finding.excess else f"{finding.remedy}: {finding.message}"
        rows.append((*map(format_size, sizes), finding.format, one_line(finding.path), remedy))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]

"""The report for people: a table of the failing files, furthest over first, and the action of `bytefit fix`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bytefit.messages import format_size, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bytefit.budgets.findings import Audit

_HEAD = ("over by", "size", "budget", "format", "file", "fix would")


def render(audit: Audit) -> str:
    """Return the table and a summary line. It is empty if nothing fails and there is nothing to note."""
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

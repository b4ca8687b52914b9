"""The report for people: a table of what fails, furthest over first, and what `bytefit fix` would do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bytefit.bytesize import format_size

if TYPE_CHECKING:
    from bytefit.budgets.audit import Audit

_HEAD = ("over by", "size", "budget", "format", "file", "fix would")


def render(audit: Audit) -> str:
    """Return the table and a line of sums; nothing at all where nothing fails and nothing is to be told."""
    lines = _table(audit) if audit.failing else []
    lines += [f"{total.name}: {total.message} ({total.label})" for total in audit.failing_totals]
    if audit.failing:
        excess = format_size(sum(finding.excess for finding in audit.failing))
        lines.append(f"{len(audit.failing)} of {audit.files} files over budget, by {excess} in all")
    if audit.known and not audit.passed:
        lines.append(f"{audit.known} more are in the baseline")
    if audit.cured:
        lines.append(f"cured: {', '.join(audit.cured)}; 'bytefit check --update-baseline' drops them from the baseline")
    lines += audit.notes
    return "".join(f"{_shown(line)}\n" for line in lines)


def _table(audit: Audit) -> list[str]:
    rows: list[tuple[str, ...]] = [_HEAD]
    for finding in audit.failing:
        sizes = (finding.excess, finding.size, finding.budget)
        rows.append((*map(format_size, sizes), finding.format, finding.path, finding.remedy))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _shown(line: str) -> str:
    """Return a line that stays one, whatever the names in it hold."""
    return "".join(char if char.isprintable() or "\udc80" <= char <= "\udcff" else ascii(char)[1:-1] for char in line)

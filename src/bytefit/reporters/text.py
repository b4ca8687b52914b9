"""The report for people: a table of the failing files, furthest over first, and the action of `bytefit fix`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bytefit.budgets.changes import COMPARED, FIXED, SKIPPED
from bytefit.budgets.repository import is_below, repository_top
from bytefit.fitting.result import VISIBLE_LOSS, how_encoded
from bytefit.messages import format_size, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bytefit.budgets.changes import Change, Comparison
    from bytefit.budgets.findings import Audit

# The most names in a line.
_NAMED = 5

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
    if audit.comparison is not None:
        lines += _compared(audit, audit.comparison)
    if audit.resolved:
        lines.append(
            f"resolved: {', '.join(audit.resolved)}; 'bytefit check --update-baseline' removes them from the baseline"
        )
    # The name does not come first: GitHub's runner takes a line that begins with "::" for a command.
    lines += [f"note: {note}" for note in audit.notes]
    return "".join(f"{one_line(line)}\n" for line in lines)


def _compared(audit: Audit, comparison: Comparison) -> Iterator[str]:
    """Yield a table of the images that differ from another commit, and the sums."""
    if comparison.commit is None:
        yield f"not compared with {comparison.ref}: {comparison.note}"
        return
    scored = any(one.score is not None for one in audit.changes)
    rows: list[tuple[str, ...]] = [("change", "before", "now", "by", *(("score",) if scored else ()), "file")]
    for one in audit.changes:
        before, now = ("-" if size is None else format_size(size) for size in (one.before, one.after))
        score = (("-" if one.score is None else f"{one.score:.1f}",)) if scored else ()
        rows.append((one.kind, before, now, signed(one.difference), *score, one_line(one.path)))
    if len(rows) > 1:
        yield from aligned(rows)
    yield from _lost_visibly(audit.changes)
    yield from (
        f"{total.name}: {before_and_after(total.before, total.after)}, of {format_size(total.budget)}"
        for total in comparison.totals
        if total.before != total.after
    )
    yield f"compared with {named(comparison)}: {sums(audit, comparison)}"
    if comparison.note:
        yield f"note: {comparison.note}"


def named(comparison: Comparison) -> str:
    """Return the name of the commit that was compared with, and its hash."""
    commit = (comparison.commit or "")[:10]
    return commit if comparison.ref.startswith(commit) else f"{comparison.ref} ({commit})"


def sums(audit: Audit, comparison: Comparison) -> str:
    """Return how many images differ in which way, and the bytes of all images before and now."""
    kinds = [one.kind for one in audit.changes]
    counts = [f"{kinds.count(kind)} {kind}" for kind in COMPARED if kind in kinds] or ["no image differs"]
    return f"{', '.join(counts)}; all images {before_and_after(comparison.before, comparison.after)}"


def before_and_after(before: int, after: int) -> str:
    """Return two sizes and what lies between them: "1 MB -> 1.2 MB (+200 kB)"."""
    return f"{format_size(before)} -> {format_size(after)} ({signed(after - before)})"


def signed(count: int) -> str:
    """Return a number of bytes with its sign; a difference of none has none."""
    return f"{'+' if count > 0 else '-' if count else ''}{format_size(abs(count))}"


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
    yield from _lost_visibly(done)
    saved = f"{format_size(-sum(change.difference for change in done))} saved"
    top = repository_top(os.getcwd())
    own = sum(top is not None and is_below(top, os.path.abspath(change.path)) for change in done)
    advice = ": review them, 'git add' them whole, and commit again" if own and audit.command == "fix" else ""
    if advice or len(done) > 1:  # else the summary would repeat the only line
        yield f"{len(done)} {'' if audit.command == 'fix' else 'would be '}rewritten, {saved}{advice}"


def _lost_visibly(changes: Iterable[Change]) -> Iterator[str]:
    """Yield a line with the images whose loss people will notice, if there are any."""
    lost = [change.path for change in changes if change.lost_visibly]
    if lost:
        more = f" and {len(lost) - _NAMED} more" if len(lost) > _NAMED else ""
        yield f"{len(lost)} lost visibly (SSIMULACRA2 below {VISIBLE_LOSS}): {', '.join(lost[:_NAMED])}{more}"


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
    return list(aligned(rows))


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the rows of a table with columns as wide as their widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()

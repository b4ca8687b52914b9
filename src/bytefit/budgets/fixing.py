"""The fixer: each file that the audit found over its budget is made to fit in its place, or left alone with the reason.

It rewrites only what the audit names, never converts to another format and never touches git's index.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from bytefit.budgets.findings import POINTER
from bytefit.budgets.image_files import head_of, size_in_pointer
from bytefit.budgets.repository import repository_top
from bytefit.budgets.selection import leads_out
from bytefit.errors import BudgetUnreachable, BytefitError, ConfigError
from bytefit.files.atomic import remove_leftovers
from bytefit.formats import is_fixable
from bytefit.messages import format_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bytefit.budgets.findings import Audit, Finding
    from bytefit.files.compress_file import Outcome

# Formats that a picture may fit its budget in, the cheaper to try first.
_OTHER_FORMATS = ("WEBP", "AVIF")


class Fix(NamedTuple):
    """What became of a file.

    Attributes:
        finding: what was wrong with it.
        outcome: what was done; None where it was left alone.
        reason: why it was left alone, and what would work; empty where it was not.
    """

    finding: Finding
    outcome: Outcome | None
    reason: str = ""

    @property
    def rewritten(self) -> bool:
        """Whether the file was written."""
        return self.outcome is not None and self.outcome.changed


def fix(audit: Audit, given: Mapping[str, Any], *, dry_run: bool = False) -> Iterator[Fix]:
    """Make the failing files of an audit fit, folder by folder, and yield what became of each.

    Args:
        audit: what was found; what its baseline knows is left alone.
        given: options of `bytefit.compress` that no rule has.
        dry_run: find the answers, but write nothing.
    """
    if not dry_run:
        for folder in sorted(audit.folders):
            remove_leftovers(folder)
    halves = _partially_staged(audit) if audit.failing else set()
    for finding in sorted(audit.failing, key=lambda finding: os.path.split(finding.name)):
        if finding.path in halves:
            yield Fix(finding, None, "some of its changes are staged and some are not: 'git add' the whole image first")
        else:
            yield _fixed(finding, given, dry_run=dry_run)


def _fixed(finding: Finding, given: Mapping[str, Any], *, dry_run: bool) -> Fix:
    options = {**finding.rule.options, **given}
    if reason := _reason_to_leave(finding, resize=options.get("resize", False)):
        return Fix(finding, None, reason)
    if options.get("resize"):
        options |= {"max_width": finding.rule.max_width, "max_height": finding.rule.max_height}
    try:
        from bytefit.files.compress_file import fit_file

        outcome = fit_file(finding.path, finding.budget, options, dry_run=dry_run, other_formats=_OTHER_FORMATS)
    except (BytefitError, OSError) as error:
        return Fix(finding, None, _why(finding, error, options))
    if outcome.after != outcome.before or outcome.changed:
        return Fix(finding, outcome)
    if outcome.result is None:
        return Fix(finding, None, f"it has {format_size(outcome.before)} and fits by now: another process has fixed it")
    return Fix(finding, None, "nothing smaller was found")


def _reason_to_leave(finding: Finding, *, resize: bool) -> str:
    """Return why a file is left alone without trying; empty where it is to be tried."""
    if leads_out(repository_top(os.getcwd()) or os.getcwd(), finding.path):
        return "by now it leads out of the tree, by a symbolic link"
    if finding.format == POINTER and _is_pointer(finding.path):
        return f"it is a Git LFS pointer to {format_size(finding.size)}: fetch it with 'git lfs pull'"
    wide = set(finding.limits) - {"max-size"}
    if wide and is_fixable(finding.format) and not resize:
        return f"{finding.message}: set resize = true, or raise {' and '.join(sorted(wide))}"
    return ""


def _is_pointer(path: str) -> bool:
    """Return whether a pointer is what lies in the work tree: what is staged as one may lie there as a picture."""
    return not os.path.isfile(path) or size_in_pointer(head_of(path)) is not None


def _why(finding: Finding, error: BytefitError | OSError, options: Mapping[str, Any]) -> str:
    """Return why a file was left alone, and what would work."""
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    path = os.path.normpath(finding.path)  # as messages name it
    reason = str(error).replace(finding.path, "it").replace(path, "it")
    if isinstance(error, BudgetUnreachable) or is_fixable(finding.format):
        return reason
    fits = _in_another_format(finding, options)
    return f"{reason}; {fits}" if fits else reason


def _in_another_format(finding: Finding, options: Mapping[str, Any]) -> str:
    """Return the format in which a file was seen to fit that cannot be fitted in its own; empty where none was."""
    from bytefit.fitting.compress import fit_other_format
    from bytefit.options import options_from
    from bytefit.sources.source import read_source

    with suppress(BytefitError, OSError):
        other = fit_other_format(read_source(finding.path), finding.budget, options_from(options), _OTHER_FORMATS)
        return "" if other is None else str(other.alternative)
    return ""


def _partially_staged(audit: Audit) -> set[str]:
    """Return the paths of failing files with changes both staged and not staged."""
    halves = set()
    # By the repository of each, and the file that a link leads to: that is what would be rewritten.
    places = {finding.path: os.path.realpath(finding.path) for finding in audit.failing}
    for top in {repository_top(os.path.dirname(place)) for place in places.values()} - {None}:
        from bytefit.budgets.git import partially_staged

        names = {path: os.path.relpath(place, top) for path, place in places.items()}
        with suppress(ConfigError):  # files that were named can be fixed without git, too
            staged = partially_staged(str(top), list(names.values()))
            halves |= {path for path, name in names.items() if name in staged}
    return halves

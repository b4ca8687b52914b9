"""Fix files that are over budget: recompress each in place, or skip it with a reason and a remedy.

The fixer rewrites only files with a finding, never converts a file to another format and never changes git's index.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bytefit.budgets.changes import FIXED, SKIPPED
from bytefit.budgets.findings import POINTER
from bytefit.budgets.image_files import head_of, size_in_pointer
from bytefit.budgets.repository import repository_top
from bytefit.budgets.selection import escapes_tree
from bytefit.errors import BudgetUnreachable, BytefitError, ConfigError
from bytefit.files.atomic import remove_leftovers
from bytefit.formats import is_fixable, way_out, weighed_as
from bytefit.messages import format_size
from bytefit.options.save_options import SAVE_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from bytefit.budgets.changes import Change, Seen
    from bytefit.budgets.findings import Audit, Finding
    from bytefit.files.compress_file import Outcome
    from bytefit.sources.source import Source

    # (an image, the bytes of its file after the fix) -> what was seen of the two. Called before a file is replaced.
    Examine = Callable[[Source, bytes], Seen]

# Other formats that an image may fit its budget in, the cheaper to try first.
_OTHER_FORMATS = ("WEBP", "AVIF")

_PROCESS_DIED = "the process that worked on it was ended, perhaps for lack of memory: scale the image down first"


class Fix(NamedTuple):
    """The result for one file.

    Attributes:
        finding: the finding to fix.
        outcome: the outcome of the compression; None if the file was skipped.
        reason: the reason for skipping it and a remedy; else empty.
        seen: what was seen of the image before and after, if anybody looked.
    """

    finding: Finding
    outcome: Outcome | None
    reason: str = ""
    seen: Seen | None = None

    @property
    def rewritten(self) -> bool:
        """Whether the file was written."""
        return self.outcome is not None and self.outcome.changed


def fix(
    audit: Audit,
    given: Mapping[str, Any],
    *,
    dry_run: bool = False,
    examine: Examine | None = None,
    starting: Callable[[str], object] | None = None,
    jobs: int = 1,
) -> Iterator[Fix]:
    """Make the failing files of an audit fit, folder by folder, and yield one result each.

    Args:
        audit: the findings; those that its baseline accepts are skipped.
        given: options of `bytefit.compress` that rules do not have.
        dry_run: compress the files, but write nothing.
        examine: looks at each image before and after; what it returns becomes `Fix.seen`.
        starting: called with the path of each file before the work on it begins, or with several jobs before its
            result is waited for.
        jobs: how many files are worked on at a time, each in a process of its own. The order of the results stays.
    """
    if not dry_run:
        for folder in sorted(audit.folders):
            remove_leftovers(folder)
    partly = _partially_staged(audit) if audit.failing else set()
    findings = sorted(audit.failing, key=lambda finding: os.path.split(finding.name))
    whole = [finding for finding in findings if finding.path not in partly]
    task = partial(_fixed, given=given, dry_run=dry_run, examine=examine)
    done: Iterator[Fix | None] = map(task, whole)
    if min(jobs, len(whole)) > 1:
        from bytefit.budgets.processes import in_processes

        done = in_processes(task, whole, min(jobs, len(whole)))
    for finding in findings:
        if starting is not None:
            starting(finding.path)
        if finding.path in partly:
            yield Fix(finding, None, "it is partially staged: 'git add' the whole image first")
        else:
            yield next(done) or Fix(finding, None, _PROCESS_DIED)


def after(audit: Audit, changes: Sequence[Change], *, dry_run: bool) -> Audit:
    """Return the audit of the files as they are after a fix, with its changes. A dry run leaves all findings."""
    command = "fix --dry-run" if dry_run else "fix"
    of_path = {change.path: change for change in changes}
    left = []
    for finding in audit.findings:
        change = of_path.get(finding.path)
        if dry_run or change is None or change.kind == SKIPPED:
            left.append(finding)
        elif change.kind != FIXED:
            left.append(finding._replace(size=change.after or 0))
    return audit._replace(findings=tuple(left), command=command, changes=tuple(changes))


def _fixed(finding: Finding, given: Mapping[str, Any], *, dry_run: bool, examine: Examine | None) -> Fix:
    options = _options_for(finding, given)
    seen: list[Seen] = []
    try:
        if reason := _reason_to_leave(finding, resize=options.get("resize", False)):
            return Fix(finding, None, reason)
        if options.get("resize"):
            options |= {"max_width": finding.rule.max_width, "max_height": finding.rule.max_height}
        from bytefit.files.compress_file import fit_file

        outcome = fit_file(
            Path(finding.path),
            finding.budget,
            options,
            dry_run=dry_run,
            other_formats=_OTHER_FORMATS,
            before_writing=None if examine is None else lambda source, data: seen.append(examine(source, data)),
        )
    except (BytefitError, OSError) as error:
        return Fix(finding, None, _why(finding, error, options))
    if outcome.after != outcome.before or outcome.changed:
        return Fix(finding, outcome, seen=next(iter(seen), None))
    if outcome.result is None:
        return Fix(finding, None, f"it has {format_size(outcome.before)} and fits now: another process has fixed it")
    return Fix(finding, None, "no smaller encoding was found: raise the budget, or allow a lower quality or resize")


def _options_for(finding: Finding, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options for a file; save options that its format does not have are meant for other files."""
    stated = {**finding.rule.options.get("save_options", {}), **given}
    own = {name: value for name, value in stated.items() if name not in SAVE_OPTIONS}
    options = {**finding.rule.options, **own}
    options.pop("save_options", None)
    saved = {name: value for name, value in stated.items() if name in SAVE_OPTIONS}
    if saved and is_fixable(finding.format):
        from bytefit.codecs import codec_for_format

        allowed = codec_for_format(finding.format).save_options.allowed
        options |= {name: value for name, value in saved.items() if name in allowed}
    return options


def _reason_to_leave(finding: Finding, *, resize: bool) -> str:
    """Return the reason to skip a file without trying, or an empty string."""
    if escapes_tree(repository_top(os.getcwd()) or os.getcwd(), finding.path):
        return "it has become a symbolic link to a file outside the tree: fix that file under its own name"
    if finding.format == POINTER and _is_pointer(finding.path):
        return f"it is a Git LFS pointer to {format_size(finding.size)}: fetch it with 'git lfs pull'"
    if weighed_as(os.path.splitext(finding.path)[1].lower()) == finding.format:
        return f"{finding.format} is weighed only: {way_out(finding.format)}"
    wide = set(finding.limits) - {"max-size"}
    if wide and is_fixable(finding.format) and not resize:
        return f"{finding.message}: set resize = true, or raise {' and '.join(sorted(wide))}"
    return ""


def _is_pointer(path: str) -> bool:
    """Return whether the file in the work tree is a pointer: a staged pointer may be checked out as an image."""
    return not os.path.isfile(path) or size_in_pointer(head_of(path)) is not None


def _why(finding: Finding, error: BytefitError | OSError, options: Mapping[str, Any]) -> str:
    """Return why a file was skipped, and a remedy."""
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    path = os.path.normpath(finding.path)  # messages use this form
    reason = str(error).replace(finding.path, "it").replace(path, "it")
    if isinstance(error, BudgetUnreachable) or is_fixable(finding.format):
        return reason
    fits = _in_another_format(finding, options)
    return f"{reason}; {fits}" if fits else reason


def _in_another_format(finding: Finding, options: Mapping[str, Any]) -> str:
    """Return another format that the image was encoded in and fits, with its size, or an empty string."""
    from bytefit.fitting.compress import fit_other_format
    from bytefit.options import options_from
    from bytefit.sources.source import read_source

    wanted = options_from(options)
    with suppress(BytefitError, OSError):
        source = read_source(Path(finding.path), max_pixels=wanted.max_pixels)
        other = fit_other_format(source, finding.budget, wanted, _OTHER_FORMATS)
        return "" if other is None else str(other.alternative)
    return ""


def _partially_staged(audit: Audit) -> set[str]:
    """Return the paths of failing files that have both staged and unstaged changes."""
    partial = set()
    # A fix rewrites the target of a link, so ask about the target, in its own repository.
    places = {finding.path: os.path.realpath(finding.path) for finding in audit.failing}
    for top in {repository_top(os.path.dirname(place)) for place in places.values()} - {None}:
        from bytefit.budgets.git import partially_staged

        names = {path: os.path.relpath(place, top) for path, place in places.items()}
        with suppress(ConfigError):  # without git, named files can still be fixed
            staged = partially_staged(str(top), list(names.values()))
            partial |= {path for path, name in names.items() if name in staged}
    return partial

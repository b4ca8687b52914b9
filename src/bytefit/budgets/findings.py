"""The findings of an audit: the records that reports are written from and that fixes start with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bytefit.budgets.baseline import Baseline
from bytefit.formats import is_fixable, named, way_out
from bytefit.messages import format_size
from bytefit.options import PILLOWS_MOST_PIXELS

if TYPE_CHECKING:
    from bytefit.budgets.changes import Change, Comparison
    from bytefit.budgets.configuration import Rule
    from bytefit.budgets.rules import Tree

POINTER = "Git LFS pointer"


class Finding(NamedTuple):
    """A file that breaks a limit. It is not a dataclass: that module would double the start-up time of a hook.

    Attributes:
        path: the file as it is opened, relative to the working directory.
        name: its name in reports and baselines: relative to the configuration's folder, with "/".
        size: its size in bytes; for a Git LFS pointer, the size that it states.
        format: the image format that its first bytes identify, or `POINTER`.
        rule: the rule that applies to it.
        width, height: its dimensions in pixels if a rule limits them, else None.
        recorded: its size in the baseline, or None if the baseline does not have it.
        pixels: the number of its pixels, if that can be read cheaply.
    """

    path: str
    name: str
    size: int
    format: str
    rule: Rule
    width: int | None
    height: int | None
    recorded: int | None
    pixels: int | None = None

    @property
    def budget(self) -> int:
        """The maximum size in bytes."""
        return self.rule.max_size

    @property
    def excess(self) -> int:
        """The bytes above the budget; 0 if only its dimensions are over a limit."""
        return max(0, self.size - self.budget)

    @property
    def limits(self) -> tuple[str, ...]:
        """The keys of the limits that it breaks."""
        sides = (("max-width", self.width, self.rule.max_width), ("max-height", self.height, self.rule.max_height))
        wide = tuple(key for key, pixels, most in sides if pixels and most and pixels > most)
        return ("max-size", *wide) if self.excess else wide

    @property
    def state(self) -> str:
        """Return "new", "grown" since the baseline was written, or "known", which does not fail."""
        return _state(self.size, self.recorded)

    @property
    def message(self) -> str:
        """The limits it breaks, in one line without the name."""
        wrong = []
        if self.excess:
            over, budget = format_size(self.excess), format_size(self.budget)
            wrong.append(f"{format_size(self.size)} ({self.format}), {over} over its budget of {budget}")
        if wide := [key for key in self.limits if key != "max-size"]:
            limits = " and ".join(f"{key} {getattr(self.rule, key.replace('-', '_'))}" for key in wide)
            wrong.append(f"{self.width}x{self.height} pixels exceed {limits}")
        grown = f", grown from {format_size(self.recorded)}" if self.recorded and self.state == "grown" else ""
        return f"{'; '.join(wrong)}{grown}"

    @property
    def remedy(self) -> str:
        """The action of `bytefit fix`, to follow "fix would"."""
        if self.format == POINTER:
            return "skip it: it is a Git LFS pointer, 'git lfs pull' fetches the image"
        if not is_fixable(self.format):
            known = named(self.format)
            if known.plugin:
                return "recompress, with its plugin installed"
            reason = "cannot be recompressed" if known.refusal else f"is not recompressed here; {way_out(self.format)}"
            return f"skip it: {self.format} {reason}"
        most = self.rule.options.get("max_pixels") or PILLOWS_MOST_PIXELS
        if self.pixels is not None and self.pixels > most:
            return f"skip it: {self.pixels} pixels are more than max-pixels, {most}"
        if set(self.limits) != {"max-size"} and not self.rule.options.get("resize"):
            return "skip it: resize is not allowed"
        return "recompress" if "max-size" in self.limits else "scale down"


class TotalFinding(NamedTuple):
    """A sum of files above its budget.

    Attributes:
        name: its globs.
        label: the place in the configuration, for messages.
        size, budget: in bytes.
        files: the number of files in the sum.
        recorded: the sum in the baseline, or None if the baseline does not have it.
    """

    name: str
    label: str
    size: int
    budget: int
    files: int
    recorded: int | None

    @property
    def excess(self) -> int:
        """The bytes above the budget."""
        return self.size - self.budget

    @property
    def state(self) -> str:
        """See `Finding.state`."""
        return _state(self.size, self.recorded)

    @property
    def message(self) -> str:
        """The excess, in one line without the name."""
        over, budget = format_size(self.excess), format_size(self.budget)
        return f"{self.files} files of {format_size(self.size)}, {over} over their total of {budget}"


class Unreadable(NamedTuple):
    """A file or folder that could not be read, so that nothing is known of its size or format.

    Attributes:
        path: the path that was opened, relative to the working directory.
        name: its name in reports: relative to the configuration's folder, with "/".
        reason: the system's reason.
    """

    path: str
    name: str
    reason: str


class Audit(NamedTuple):
    """The result of an audit.

    Attributes:
        findings: the files over a limit, the furthest over first.
        totals: the sums over their budget, in the order of the configuration.
        files: the number of files that were checked.
        resolved: the files and totals in the baseline that are no longer over budget, sorted.
        notes: the files that were named but skipped, and why.
        base: the folder that names are relative to.
        configuration: the name of the file with the budgets; "." without one.
        folders: the folders of the checked files.
        unreadable: the files and folders that could not be read; with one of them the audit does not pass.
        command: "check", "fix" or "fix --dry-run"; after a fix, the findings are those that are left.
        changes: what the fix did to each file, or in a dry run would do; in a check that compares, the images that
            differ, the worst first.
        comparison: what a check was compared with, or None.
        tree: every file that was looked at, if a report asks for it.
    """

    findings: tuple[Finding, ...]
    totals: tuple[TotalFinding, ...]
    files: int
    resolved: tuple[str, ...]
    notes: tuple[str, ...]
    base: str
    configuration: str = "."
    folders: frozenset[str] = frozenset()
    unreadable: tuple[Unreadable, ...] = ()
    command: str = "check"
    changes: tuple[Change, ...] = ()
    comparison: Comparison | None = None
    tree: Tree | None = None

    @property
    def failing(self) -> tuple[Finding, ...]:
        """The findings that are not in the baseline, or that grew since it was written."""
        return tuple(finding for finding in self.findings if finding.state != "known")

    @property
    def failing_totals(self) -> tuple[TotalFinding, ...]:
        """The totals that are not in the baseline, or that grew since it was written."""
        return tuple(total for total in self.totals if total.state != "known")

    @property
    def known(self) -> int:
        """The number of files and totals over budget that the baseline accepts."""
        return len(self.findings) + len(self.totals) - len(self.failing) - len(self.failing_totals)

    @property
    def passed(self) -> bool:
        """Whether nothing fails, everything could be read, and no fix had anything to do."""
        fixed = self.changes if self.command != "check" else ()
        return not self.failing and not self.failing_totals and not self.unreadable and not fixed

    def advice(self, finding: Finding) -> str:
        """Return the action of `bytefit fix` for a finding: what it would do, or why it left the file over a limit."""
        change = next((change for change in self.changes if change.path == finding.path), None)
        if self.command == "check" or change is None:
            return f"fix would {finding.remedy}"
        if change.kind == "skipped":
            return f"fix skipped it: {change.reason}"
        return f"fix {'made' if self.command == 'fix' else 'would make'} it {format_size(change.after or 0)}"

    @property
    def as_baseline(self) -> Baseline:
        """The baseline that records these findings."""
        files = {finding.name: finding.size for finding in self.findings}
        return Baseline(files, {total.name: total.size for total in self.totals})


def _state(size: int, recorded: int | None) -> str:
    if recorded is None:
        return "new"
    return "grown" if size > recorded else "known"

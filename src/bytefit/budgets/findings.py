"""What an audit finds: the records that reports are written from, and that a fix begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bytefit.budgets.baseline import Baseline
from bytefit.formats import is_fixable, named
from bytefit.messages import format_size

if TYPE_CHECKING:
    from bytefit.budgets.configuration import Rule

POINTER = "Git LFS pointer"


class Finding(NamedTuple):
    """A file that breaks a limit; no dataclass, whose module would double the start-up time of a hook.

    Attributes:
        path: the file as it is opened, relative to the working directory.
        name: its name in reports and baselines: relative to the configuration's folder, with "/".
        size: its bytes; of a Git LFS pointer, those it states.
        format: the image format that its first bytes say it has, or `POINTER`.
        rule: what it has to keep.
        width, height: its pixels a side, where a rule limits those; else None.
        recorded: its bytes in the baseline, or None where it is not in there.
    """

    path: str
    name: str
    size: int
    format: str
    rule: Rule
    width: int | None
    height: int | None
    recorded: int | None

    @property
    def budget(self) -> int:
        """The most bytes it may have."""
        return self.rule.max_size

    @property
    def excess(self) -> int:
        """The bytes above the budget; 0 where only its dimensions are over."""
        return max(0, self.size - self.budget)

    @property
    def limits(self) -> tuple[str, ...]:
        """The keys of the limits it breaks."""
        sides = (("max-width", self.width, self.rule.max_width), ("max-height", self.height, self.rule.max_height))
        wide = tuple(key for key, pixels, most in sides if pixels and most and pixels > most)
        return ("max-size", *wide) if self.excess else wide

    @property
    def state(self) -> str:
        """Return "new", "grown" since the baseline was written, or "known" from it; what is known does not fail."""
        return _state(self.size, self.recorded)

    @property
    def message(self) -> str:
        """What is wrong, in one line without the name."""
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
        """What `bytefit fix` would do about it."""
        if self.format == POINTER:
            return "leave it: 'git lfs pull' fetches what is to be fixed"
        if not is_fixable(self.format):
            plugin = named(self.format).plugin
            return "recompress, with its plugin installed" if plugin else f"leave it: {self.format} has no ladder"
        if set(self.limits) != {"max-size"} and not self.rule.options.get("resize"):
            return "leave it, as resize is not allowed"
        return "recompress" if "max-size" in self.limits else "scale down"


class TotalFinding(NamedTuple):
    """A sum of files above its budget.

    Attributes:
        name: its globs.
        label: where it is configured, for people.
        size, budget: bytes.
        files: how many files it is the sum of.
        recorded: the sum in the baseline, or None where it is not in there.
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
        """What is wrong, in one line without the name."""
        over, budget = format_size(self.excess), format_size(self.budget)
        return f"{self.files} files of {format_size(self.size)}, {over} over their total of {budget}"


class Audit(NamedTuple):
    """All that was found.

    Attributes:
        findings: the files over a limit, those furthest over first.
        totals: the sums over their budget, in the order of the configuration.
        files: how many files were looked at.
        cured: names and totals in the baseline that are over no more, in order.
        notes: what was not looked at that was asked for, and why.
        base: the folder that names are relative to.
        configuration: the name of the file with the budgets; "." where there is none.
        folders: the folders of the files looked at.
    """

    findings: tuple[Finding, ...]
    totals: tuple[TotalFinding, ...]
    files: int
    cured: tuple[str, ...]
    notes: tuple[str, ...]
    base: str
    configuration: str = "."
    folders: frozenset[str] = frozenset()

    @property
    def failing(self) -> tuple[Finding, ...]:
        """The findings that the baseline does not know, or that grew since."""
        return tuple(finding for finding in self.findings if finding.state != "known")

    @property
    def failing_totals(self) -> tuple[TotalFinding, ...]:
        """The totals that the baseline does not know, or that grew since."""
        return tuple(total for total in self.totals if total.state != "known")

    @property
    def known(self) -> int:
        """How many files and totals are over, but were so when the baseline was written."""
        return len(self.findings) + len(self.totals) - len(self.failing) - len(self.failing_totals)

    @property
    def passed(self) -> bool:
        """Whether nothing fails."""
        return not self.failing and not self.failing_totals

    @property
    def as_baseline(self) -> Baseline:
        """What would be recorded of it."""
        files = {finding.name: finding.size for finding in self.findings}
        return Baseline(files, {total.name: total.size for total in self.totals})


def _state(size: int, recorded: int | None) -> str:
    if recorded is None:
        return "new"
    return "grown" if size > recorded else "known"

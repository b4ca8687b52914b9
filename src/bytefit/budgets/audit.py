"""The audit: every image beside its budget. It reads sizes, and the first bytes of what is over; it writes nothing."""

from __future__ import annotations

import os
from stat import S_ISLNK, S_ISREG
from typing import TYPE_CHECKING, NamedTuple

from bytefit.budgets.baseline import EMPTY, Baseline
from bytefit.budgets.configuration import repository_top
from bytefit.budgets.image_files import POINTER_SIZES, head_of, size_in_pointer, sniff
from bytefit.budgets.rules import rule_for, totals_of
from bytefit.budgets.selection import leads_out, select, whole_tree
from bytefit.bytesize import format_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bytefit.budgets.configuration import Configuration, Rule
    from bytefit.budgets.selection import Candidate, Selection

POINTER = "Git LFS pointer"

# What `bytefit fix` can recompress; a test holds this beside the codecs, whose import would load Pillow.
FIXABLE = ("AVIF", "JPEG", "WEBP")


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
        if self.recorded is None:
            return "new"
        return "grown" if self.size > self.recorded else "known"

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
        if self.format not in FIXABLE:
            return f"leave it: {self.format} is not handled yet"
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
        if self.recorded is None:
            return "new"
        return "grown" if self.size > self.recorded else "known"

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


def audit(
    selection: Selection, configuration: Configuration, baseline: Baseline = EMPTY, *, totals: bool = True
) -> Audit:
    """Put every file of the selection beside its budget, and with `totals` the sums of the whole tree beside theirs.

    Raises:
        OSError: if a file that was named cannot be read.
        ConfigError: if git is needed and cannot say which files there are.
    """
    auditor = _Auditor(configuration, baseline)
    candidates = auditor.sized(select(selection))
    findings = [finding for candidate, size in candidates if (finding := auditor.judged(candidate, size)) is not None]
    findings.sort(key=lambda finding: (-finding.excess, finding.name))
    found = {finding.name for finding in findings}
    sums = tuple(auditor.totals()) if totals else ()
    cured = {name for name in baseline.files if name not in found and auditor.is_cured(name)}
    if totals:
        cured |= baseline.totals.keys() - {total.name for total in sums}
    return Audit(
        tuple(findings),
        sums,
        auditor.count,
        tuple(sorted(cured)),
        tuple(auditor.notes),
        configuration.base,
        os.path.basename(configuration.file) if configuration.file else os.curdir,
        frozenset(auditor.folders),
    )


class _Auditor:
    """One audit: what it counts on the way."""

    def __init__(self, configuration: Configuration, baseline: Baseline) -> None:
        self.configuration = configuration
        self.baseline = baseline
        self.here = os.getcwd()
        self.tree = repository_top(self.here) or configuration.base
        self.prefix = "" if configuration.base == self.here else None
        self.outside: dict[str, bool] = {}
        self.folders: set[str] = set()
        self.count = 0
        self.notes: list[str] = []
        self.seen: set[str] = set()
        rules = [rule for rule in (configuration.default, *configuration.rules) if not rule.skip]
        self.measures = any(rule.max_width or rule.max_height for rule in rules)
        # Below all budgets there is nothing to be looked up for a file: most files of most trees.
        self.harmless = -1 if self.measures else min((rule.max_size for rule in rules), default=1 << 62)

    def name(self, path: str) -> str:
        """Return the name of a path in reports and globs."""
        if (
            self.prefix is not None
            and not os.path.isabs(path)
            and path[:1] != "."
            and "/." not in path
            and "//" not in path
        ):
            return path if os.sep == "/" else path.replace(os.sep, "/")
        return os.path.relpath(os.path.abspath(path), self.configuration.base).replace(os.sep, "/")

    def sized(self, candidates: Iterable[Candidate]) -> Iterator[tuple[Candidate, int]]:
        """Yield the candidates with their bytes; those of git objects are asked for all at once."""
        blobs = []
        for candidate in candidates:
            if candidate.blob is not None:
                blobs.append(candidate)
            elif (size := self._size(candidate)) is not None:
                yield candidate, size
        if blobs:
            from bytefit.budgets.git import blob_sizes

            yield from zip(blobs, blob_sizes(self.tree, [str(one.blob) for one in blobs]), strict=True)

    def judged(self, candidate: Candidate, size: int) -> Finding | None:
        """Return what is wrong with a file, or None."""
        self.count += 1
        # A temporary file of a named link lies beside what it leads to.
        place = os.path.realpath(candidate.path) if candidate.named else candidate.path
        self.folders.add(place.rpartition(os.sep)[0] or os.curdir)
        if self.baseline.files:
            self.seen.add(self.name(candidate.path))
        head = b""
        pointed = None
        if size in POINTER_SIZES:
            head = self._head(candidate)
            pointed = size_in_pointer(head)
            size = size if pointed is None else pointed
        if size <= self.harmless:
            return None
        name = self.name(candidate.path)
        rule = rule_for(name, self.configuration)
        if rule is None or rule.skip:
            return None
        kind = POINTER if pointed is not None else sniff(head or self._head(candidate))
        if kind is None:
            return None
        limited = (rule.max_width or rule.max_height) and pointed is None
        width, height = (limited and self._dimensions(candidate)) or (None, None)
        finding = Finding(candidate.path, name, size, kind, rule, width, height, self.baseline.files.get(name))
        return finding if finding.limits else None

    def totals(self) -> Iterator[TotalFinding]:
        """Yield the sums over all of the tree that are above their budgets."""
        if not self.configuration.totals:
            return
        sums = {total: [0, 0] for total in self.configuration.totals}
        for name in whole_tree(self.configuration.base):
            for total in totals_of(name, self.configuration):
                size = self._size_on_disk(os.path.join(self.configuration.base, name))
                if size is not None:
                    sums[total][0] += size
                    sums[total][1] += 1
        for total, (size, count) in sums.items():
            if size > total.max_size:
                name = " ".join(total.patterns)
                yield TotalFinding(name, total.label, size, total.max_size, count, self.baseline.totals.get(name))

    def is_cured(self, name: str) -> bool:
        """Return whether a file of the baseline, which is not over, was looked at or is there no more."""
        return name in self.seen or not os.path.lexists(os.path.join(self.configuration.base, name))

    def _size(self, candidate: Candidate) -> int | None:
        """Return the bytes of a file; None for what is none, or is a link that is not to be followed."""
        try:
            status = os.lstat(candidate.path)
        except FileNotFoundError:
            if candidate.named:
                raise
            return None  # tracked, but deleted
        if candidate.named and self._leads_out(candidate.path, link=S_ISLNK(status.st_mode)):
            target = os.path.realpath(candidate.path)
            self.notes.append(f"{candidate.path} leads out of the tree by a symbolic link, to {target}: left alone")
            return None
        if S_ISLNK(status.st_mode):
            if not candidate.named:
                return None  # what it leads to is looked at by its own name
            status = os.stat(candidate.path)
        return status.st_size if S_ISREG(status.st_mode) else None

    def _leads_out(self, path: str, *, link: bool) -> bool:
        """Return whether a file that is named as one inside the tree is elsewhere: it, or its folder, is a link."""
        folder = os.path.dirname(path)
        if folder not in self.outside:
            self.outside[folder] = leads_out(self.tree, folder)
        return self.outside[folder] or (link and leads_out(self.tree, path))

    def _size_on_disk(self, path: str) -> int | None:
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            return None
        if not S_ISREG(status.st_mode):
            return None
        pointed = size_in_pointer(head_of(path)) if status.st_size in POINTER_SIZES else None
        return status.st_size if pointed is None else pointed

    def _head(self, candidate: Candidate) -> bytes:
        return head_of(candidate.path) if candidate.blob is None else self._content(candidate)[: POINTER_SIZES.stop]

    def _dimensions(self, candidate: Candidate) -> tuple[int, int] | None:
        from bytefit.errors import UnsupportedImage
        from bytefit.opening import dimensions

        try:
            return dimensions(self._content(candidate), candidate.path)
        except UnsupportedImage:
            return None  # what cannot be read has no width to be judged by

    def _content(self, candidate: Candidate) -> bytes:
        if candidate.blob is None:
            with open(candidate.path, "rb") as file:
                return file.read()
        from bytefit.budgets.git import blob_content

        return blob_content(self.tree, candidate.blob)

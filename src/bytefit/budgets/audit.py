"""The audit: every image beside its budget. It reads sizes, and the first bytes of what is over; it writes nothing."""

from __future__ import annotations

import os
from stat import S_ISLNK, S_ISREG
from typing import TYPE_CHECKING

from bytefit.budgets.baseline import EMPTY, Baseline
from bytefit.budgets.findings import POINTER, Audit, Finding, TotalFinding
from bytefit.budgets.image_files import POINTER_SIZES, head_of, size_in_pointer, sniff
from bytefit.budgets.repository import repository_top
from bytefit.budgets.rules import rule_for, totals_of
from bytefit.budgets.selection import leads_out, select, whole_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bytefit.budgets.configuration import Configuration
    from bytefit.budgets.selection import Candidate, Selection


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
        plain = path[:1] not in "./" and "/." not in path and "//" not in path
        if plain and os.sep == "/" and self.configuration.base == self.here:
            return path
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
        self.folders.add(candidate.path.rpartition(os.sep)[0] or os.curdir)
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
        kind = POINTER if pointed is not None else sniff(head or self._head(candidate), candidate.path)
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
            # A temporary file lies beside what the link leads to.
            self.folders.add(os.path.dirname(os.path.realpath(candidate.path)))
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
        from bytefit.sources.reading import dimensions

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

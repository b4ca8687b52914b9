"""Compare every image with its budget. It reads sizes and the first bytes of files over budget."""

from __future__ import annotations

import os
from stat import S_ISLNK, S_ISREG
from typing import TYPE_CHECKING

from bytefit.budgets.baseline import EMPTY, Baseline
from bytefit.budgets.findings import POINTER, Audit, Finding, TotalFinding, Unreadable
from bytefit.budgets.image_files import POINTER_SIZES, head_of, size_in_pointer, sniff, stated_dimensions
from bytefit.budgets.repository import repository_top
from bytefit.budgets.rules import Tree, matches, rule_for, totals_of
from bytefit.budgets.selection import escapes_tree, select, whole_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bytefit.budgets.configuration import Configuration, Total
    from bytefit.budgets.selection import Candidate, Selection


def audit(
    selection: Selection,
    configuration: Configuration,
    baseline: Baseline = EMPTY,
    *,
    totals: bool = True,
    tree: bool = False,
) -> Audit:
    """Compare every selected file with its budget, and with `totals` the sums over the whole tree with theirs.

    A file that cannot be read is recorded in `Audit.unreadable`, and the others are audited. With `tree`, the sizes of
    all files are kept in `Audit.tree`.

    Raises:
        FileNotFoundError: if there is no file or folder of a name that was given.
        ConfigError: if git is needed and cannot list the files.
    """
    auditor = _Auditor(configuration, baseline, sizes={} if tree else None)
    candidates = auditor.with_sizes(select(selection))
    findings = [finding for candidate, size in candidates if (finding := auditor.finding(candidate, size)) is not None]
    findings.sort(key=lambda finding: (-finding.excess, finding.name))
    found = {finding.name for finding in findings}
    sums = tuple(auditor.totals()) if totals else ()
    unknown = found | auditor.unreadable.keys()
    resolved = {name for name in baseline.files if name not in unknown and auditor.is_resolved(name)}
    if totals:
        resolved |= baseline.totals.keys() - {total.name for total in sums}
    return Audit(
        tuple(findings),
        sums,
        auditor.count,
        tuple(sorted(resolved)),
        tuple(auditor.notes),
        configuration.base,
        os.path.basename(configuration.file) if configuration.file else os.curdir,
        frozenset(auditor.folders),
        tuple(auditor.unreadable.values()),
        tree=None if auditor.sizes is None else Tree(configuration, auditor.sizes, tuple(auditor.sums)),
    )


class _Auditor:
    """The state of one audit: its counts and notes."""

    def __init__(self, configuration: Configuration, baseline: Baseline, sizes: dict[str, int] | None) -> None:
        self.configuration = configuration
        self.sizes = sizes
        self.sums: list[tuple[Total, int, int]] = []
        self.baseline = baseline
        self.here = os.getcwd()
        self.tree = repository_top(self.here) or configuration.base
        self.outside: dict[str, bool] = {}
        self.folders: set[str] = set()
        self.count = 0
        self.notes: list[str] = []
        self.unreadable: dict[str, Unreadable] = {}
        self.seen: set[str] = set()
        rules = [rule for rule in (configuration.default, *configuration.rules) if not rule.skip]
        self.measures = any(rule.max_width or rule.max_height for rule in rules)
        # A file within the smallest budget needs no rule: that is most files of most trees.
        self.harmless = -1 if self.measures else min((rule.max_size for rule in rules), default=1 << 62)

    def name(self, path: str) -> str:
        """Return the name that reports and globs use for a path."""
        plain = path[:1] not in "./" and "/." not in path and "//" not in path
        if plain and os.sep == "/" and self.configuration.base == self.here:
            return path
        return os.path.relpath(os.path.abspath(path), self.configuration.base).replace(os.sep, "/")

    def with_sizes(self, candidates: Iterable[Candidate]) -> Iterator[tuple[Candidate, int]]:
        """Yield each candidate with its size in bytes. Git is asked once for the sizes of all objects."""
        blobs = []
        for candidate in candidates:
            if candidate.blob is not None:
                blobs.append(candidate)
            elif (size := self._size(candidate)) is not None:
                yield candidate, size
        if blobs:
            from bytefit.budgets.git import blob_sizes

            yield from zip(blobs, blob_sizes(self.tree, [str(one.blob) for one in blobs]), strict=True)

    def finding(self, candidate: Candidate, size: int) -> Finding | None:
        """Return the limits that a file breaks, or None. One file that cannot be read must not hide all others."""
        try:
            return self.evaluate(candidate, size)
        except OSError as error:
            self.count -= 1
            if candidate.named or not isinstance(error, FileNotFoundError):  # else deleted since the folder was listed
                self._record(candidate.path, error)
            return None

    def evaluate(self, candidate: Candidate, size: int) -> Finding | None:
        """Return the limits that a file breaks, or None."""
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
        if self.sizes is not None and not matches(self.configuration.exclude, self.name(candidate.path)):
            self.sizes[self.name(candidate.path)] = size
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
        if not finding.limits:
            return None
        return finding if pointed is not None else finding._replace(pixels=self._pixels(candidate))

    def totals(self) -> Iterator[TotalFinding]:
        """Yield the totals of the whole tree that exceed their budgets."""
        if not self.configuration.totals:
            return
        sums = {total: [0, 0] for total in self.configuration.totals}
        for name in whole_tree(self.configuration.base):
            for total in totals_of(name, self.configuration):
                size = self._size_on_disk(os.path.join(self.configuration.base, name))
                if size is not None:
                    sums[total][0] += size
                    sums[total][1] += 1
        self.sums = [(total, size, count) for total, (size, count) in sums.items()]
        for total, size, count in self.sums:
            if size > total.max_size:
                name = " ".join(total.patterns)
                yield TotalFinding(name, total.label, size, total.max_size, count, self.baseline.totals.get(name))

    def is_resolved(self, name: str) -> bool:
        """Return whether a baseline file without a finding was checked, or no longer exists."""
        if name in self.seen:
            return True
        try:
            os.lstat(os.path.join(self.configuration.base, name))
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            return False  # in a folder that cannot be searched
        return False

    def _size(self, candidate: Candidate) -> int | None:
        """Return the bytes of a file; None for a link that is not to be followed, or if there is no readable file."""
        try:
            if candidate.error is not None:
                raise candidate.error
            return self._size_of_file(candidate)
        except (FileNotFoundError, NotADirectoryError) as error:
            if candidate.named:
                self._record(candidate.path, error)
            return None  # tracked, but deleted
        except OSError as error:
            self._record(candidate.path, error)
            return None

    def _record(self, path: str, error: OSError) -> None:
        """Record a file or folder that cannot be read, unless it is excluded."""
        name = self.name(path)
        if matches(self.configuration.exclude, name) or matches(self.configuration.exclude, f"{name}/any"):
            return
        reason = error.strerror or str(error)
        reason = reason[:1].lower() + reason[1:]
        self.unreadable.setdefault(name, Unreadable(path, name, reason))

    def _size_of_file(self, candidate: Candidate) -> int | None:
        status = os.lstat(candidate.path)
        if candidate.named and self._escapes_tree(candidate.path, link=S_ISLNK(status.st_mode)):
            target = os.path.realpath(candidate.path)
            self.notes.append(f"{candidate.path} is a symbolic link to a file outside the tree, {target}: skipped")
            return None
        if S_ISLNK(status.st_mode):
            if not candidate.named:
                return None  # its target is checked under its own name
            status = os.stat(candidate.path)
            # A killed fixer leaves its temporary file in the folder of the link's target.
            self.folders.add(os.path.dirname(os.path.realpath(candidate.path)))
        return status.st_size if S_ISREG(status.st_mode) else None

    def _escapes_tree(self, path: str, *, link: bool) -> bool:
        """Return whether a file named inside the tree is outside it, because the file or its folder is a link."""
        folder = os.path.dirname(path)
        if folder not in self.outside:
            self.outside[folder] = escapes_tree(self.tree, folder)
        return self.outside[folder] or (link and escapes_tree(self.tree, path))

    def _size_on_disk(self, path: str) -> int | None:
        try:
            status = os.lstat(path)
            if not S_ISREG(status.st_mode):
                return None
            pointed = size_in_pointer(head_of(path)) if status.st_size in POINTER_SIZES else None
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            self._record(os.path.relpath(path), error)
            return None
        return status.st_size if pointed is None else pointed

    def _head(self, candidate: Candidate) -> bytes:
        return head_of(candidate.path) if candidate.blob is None else self._content(candidate)[: POINTER_SIZES.stop]

    def _pixels(self, candidate: Candidate) -> int | None:
        """Return the number of pixels that a file states, if its format is one whose header is read here."""
        content = None if candidate.blob is None else self._content(candidate)
        size = stated_dimensions(candidate.path, content)
        return None if size is None else size[0] * size[1]

    def _dimensions(self, candidate: Candidate) -> tuple[int, int] | None:
        from bytefit.errors import UnsupportedImage
        from bytefit.sources.reading import dimensions

        content = self._content(candidate)
        try:
            return dimensions(content, candidate.path)
        except UnsupportedImage:
            # An image of too many pixels states its dimensions; one that cannot be opened has none to compare.
            return stated_dimensions(candidate.path, content)

    def _content(self, candidate: Candidate) -> bytes:
        if candidate.blob is None:
            with open(candidate.path, "rb") as file:
                return file.read()
        from bytefit.budgets.git import blob_content

        return blob_content(self.tree, candidate.blob)

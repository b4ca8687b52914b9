"""Compare the images of an audit with those of another commit: from git's objects, without a checkout.

The comparison is with the commit at which the branch began. So what others have changed since then does not count.
"""

from __future__ import annotations

import os
from stat import S_ISREG
from typing import TYPE_CHECKING, NamedTuple

from bytefit.budgets.changes import Change, Comparison, TotalChange
from bytefit.budgets.findings import POINTER
from bytefit.budgets.image_files import POINTER_SIZES, has_image_suffix, head_of, size_in_pointer, sniff
from bytefit.budgets.repository import is_below, repository_top
from bytefit.budgets.rules import matches, rule_for
from bytefit.errors import ConfigError
from bytefit.formats import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bytefit.budgets.configuration import Configuration, Total
    from bytefit.budgets.findings import Audit
    from bytefit.budgets.git import Difference
    from bytefit.budgets.selection import Selection


def compared(audit: Audit, ref: str, selection: Selection, configuration: Configuration, least: int = 0) -> Audit:
    """Return an audit with the images that differ from another commit, and the sums before and after.

    A commit that cannot be had is no error: the comparison says why it is missing.

    Args:
        audit: the result for the selection.
        ref: the commit, branch or tag to compare with.
        selection: what was audited: the working tree, the index or another commit.
        configuration: the budgets, which hold for both sides.
        least: the fewest bytes that an image has to differ by to be listed.
    """
    top = repository_top(os.getcwd())
    if top is None:
        return audit._replace(comparison=Comparison(ref, None, f"{os.getcwd()} is not in a git repository"))
    try:
        changes, comparison = _Comparing(top, ref, selection, configuration).compare()
    except ConfigError as error:
        return audit._replace(comparison=Comparison(ref, None, str(error)))
    listed = [change for change in changes if abs(change.difference) >= least]
    listed.sort(key=lambda change: (-change.excess, -change.difference, change.name))
    return audit._replace(changes=tuple(listed), comparison=comparison)


class _Side(NamedTuple):
    """An image on one side: its name relative to the top, its bytes, and its object if only git has it."""

    name: str
    size: int
    blob: str | None


class _Comparing:
    """The state of one comparison: the two sides, and the names that count."""

    def __init__(self, top: str, ref: str, selection: Selection, configuration: Configuration) -> None:
        from bytefit.budgets.git import branch_point

        self.top, self.ref, self.selection, self.configuration = top, ref, selection, configuration
        self.commit, self.related = branch_point(top, ref, selection.to_ref or "HEAD")
        here = os.getcwd()
        self.places = [os.path.abspath(path) for path in selection.paths] or [here]

    def compare(self) -> tuple[list[Change], Comparison]:
        """Return the images that differ, and the sums."""
        from bytefit.budgets.git import differences, files_in

        to_ref = (self.selection.to_ref or "HEAD") if self.selection.from_ref is not None else None
        found = differences(self.top, self.commit, to_ref=to_ref, staged=self.selection.staged)
        pairs = [pair for pair in self._pairs(found) if pair != (None, None)]
        before = {name: (blob, size) for name, blob, size in files_in(self.top, self.commit) if has_image_suffix(name)}
        sizes = self._stated(dict(before.values()))
        old = {name: sizes[blob] for name, (blob, _) in before.items()}
        new = dict(old)
        for was, _ in pairs:
            if was is not None:
                new.pop(was.name, None)
        new |= {now.name: now.size for _, now in pairs if now is not None}
        changes = [change for was, now in pairs if (change := self._change(was, now)) is not None]
        return changes, self._sums(old, new)

    def _pairs(self, found: Sequence[Difference]) -> Iterable[tuple[_Side | None, _Side | None]]:
        """Yield the two sides of each difference between images; None for a side without an image."""
        from bytefit.budgets.git import blob_sizes, untracked

        blobs = [blob for one in found for blob in (one.before, one.after) if blob is not None]
        sizes = self._stated(dict(zip(blobs, blob_sizes(self.top, blobs), strict=True)))
        in_work_tree = self.selection.from_ref is None and not self.selection.staged
        for one in found:
            was = now = None
            if one.old_name is not None and one.before is not None and has_image_suffix(one.old_name):
                was = _Side(one.old_name, sizes[one.before], one.before)
            if one.name is not None and has_image_suffix(one.name):
                if not in_work_tree and one.after is not None:
                    now = _Side(one.name, sizes[one.after], one.after)
                elif in_work_tree and (size := _size_of(os.path.join(self.top, one.name))) is not None:
                    now = _Side(one.name, size, None)
            yield was, now
        if in_work_tree and self.selection.paths:  # the audit takes what git would add, too
            for name in filter(has_image_suffix, untracked(self.top)):
                size = _size_of(os.path.join(self.top, name))
                yield None, None if size is None else _Side(name, size, None)

    def _stated(self, sizes: Mapping[str, int]) -> dict[str, int]:
        """Return the sizes of objects; for a Git LFS pointer, the size that it states."""
        from bytefit.budgets.git import blob_contents

        short = [blob for blob, size in sizes.items() if size in POINTER_SIZES]
        pointed = dict(zip(short, map(size_in_pointer, blob_contents(self.top, short)), strict=True)) if short else {}
        return {blob: size if pointed.get(blob) is None else pointed[blob] or 0 for blob, size in sizes.items()}

    def _change(self, was: _Side | None, now: _Side | None) -> Change | None:
        """Return the change from one side to the other; None for a file that was only moved or is not looked at."""
        side = now or was
        if side is None or not self._counts(side.name):
            return None
        path = os.path.relpath(os.path.join(self.top, side.name))
        name = self._name(side.name)
        rule = rule_for(name, self.configuration)
        kind = SUFFIXES.get(os.path.splitext(name)[1].lower())
        if now is not None and now.blob is None:
            head = head_of(path)
            kind = POINTER if size_in_pointer(head) is not None else sniff(head, path)
        if rule is None or kind is None:
            return None
        moved = was is not None and now is not None and was.name != now.name
        if moved and was and now and was.size == now.size:
            return None
        return Change(
            *(path, name, _kind(was, now)),
            before=was and was.size,
            after=now and now.size,
            budget=None if rule.skip else rule.max_size,
            format=kind,
            rule=rule.label,
            reason=f"it was {self._name(was.name)}" if moved and was else "",
            blobs=(was and was.blob, now and now.blob),
        )

    def _sums(self, old: Mapping[str, int], new: Mapping[str, int]) -> Comparison:
        note = "" if self.related else "this clone has no common ancestor: compared with the commit itself"
        totals = []
        for total in self.configuration.totals:
            (_, before), (_, after) = self._sum(old, total), self._sum(new, total)
            totals.append(TotalChange(" ".join(total.patterns), total.label, before, after, total.max_size))
        (files_before, before), (files_after, after) = self._sum(old, None), self._sum(new, None)
        return Comparison(self.ref, self.commit, note, files_before, files_after, before, after, tuple(totals))

    def _sum(self, sizes: Mapping[str, int], total: Total | None) -> tuple[int, int]:
        """Return the number of the images of a total, or of all that are looked at, and their bytes."""
        counted = []
        for inside, size in sizes.items():
            name = self._name(inside)
            if total is None:
                counts = self._counts(inside) and not matches(self.configuration.exclude, name)
            else:
                below = not name.startswith("../")
                counts = below and matches(total.patterns, name) and not matches(self.configuration.exclude, name)
            if counts:
                counted.append(size)
        return len(counted), sum(counted)

    def _counts(self, inside: str) -> bool:
        """Return whether a name relative to the top is in what was selected."""
        path = os.path.normpath(os.path.join(self.top, inside))
        return any(is_below(place, path) for place in self.places)

    def _name(self, inside: str) -> str:
        """Return the name in reports of a name relative to the top."""
        if self.configuration.base == self.top:
            return inside
        return os.path.relpath(os.path.join(self.top, inside), self.configuration.base).replace(os.sep, "/")


def _kind(was: _Side | None, now: _Side | None) -> str:
    if was is None or now is None:
        return "new" if was is None else "removed"
    return "grown" if now.size > was.size else "shrunk" if now.size < was.size else "replaced"


def _size_of(path: str) -> int | None:
    """Return the bytes of a file; for a Git LFS pointer, the size that it states; None if it cannot be read."""
    try:
        status = os.lstat(path)
        pointed = size_in_pointer(head_of(path)) if status.st_size in POINTER_SIZES else None
    except OSError:
        return None
    if not S_ISREG(status.st_mode):
        return None
    return status.st_size if pointed is None else pointed

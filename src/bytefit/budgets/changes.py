"""What became of an image, in one shape for every report: its size before and after, its score and its trials.

A change comes from a fix, or from the comparison of two commits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from bytefit.fitting.result import VISIBLE_LOSS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bytefit.budgets.fixing import Fix
    from bytefit.fitting.result import Encode

# What a fix does with an image.
FIXED, STILL_OVER, SKIPPED = "fixed", "still over", "skipped"

# What may have become of an image since another commit.
COMPARED = ("new", "grown", "replaced", "shrunk", "removed")


class Seen(NamedTuple):
    """What was seen of an image before and after, while both were in memory.

    Attributes:
        score: the SSIMULACRA2 score of the image after, compared with the image before; None if it has none.
        pictures: what reports show of the two, by the format of the report.
    """

    score: float | None = None
    pictures: Mapping[str, Any] = {}


class Change(NamedTuple):
    """One image before and after.

    Attributes:
        path: the file as it is opened, relative to the working directory.
        name: its name in reports: relative to the configuration's folder, with "/".
        kind: "fixed", "still over" or "skipped" by a fix; "new", "grown", "shrunk", "replaced" by another image of the
            same size or "removed" since the commit that was compared with.
        before, after: its bytes; None if there was no such file before, or is none after.
        budget: its maximum size in bytes; None if it has no budget.
        format: the image format that its first bytes identify; None if it was removed.
        rule: the place of its budget in the configuration.
        reason: why a fix skipped it, and a remedy; else empty.
        seconds: the time that the fix of it took.
        encode: how a fix encoded it; None if nothing was encoded.
        seen: what was seen of the two images, if somebody looked.
        blobs: the git objects of the image before and after; None for one that is not in git or is a file.
    """

    path: str
    name: str
    kind: str
    before: int | None
    after: int | None
    budget: int | None
    format: str | None
    rule: str
    reason: str = ""
    seconds: float = 0.0
    encode: Encode | None = None
    seen: Seen | None = None
    blobs: tuple[str | None, str | None] = (None, None)

    @property
    def difference(self) -> int:
        """The bytes it has more than before; negative if it has fewer."""
        return (self.after or 0) - (self.before or 0)

    @property
    def excess(self) -> int:
        """The bytes above the budget."""
        return max(0, (self.after or 0) - self.budget) if self.budget is not None else 0

    @property
    def score(self) -> float | None:
        """The SSIMULACRA2 score of the image after, compared with the image before; None if nobody looked."""
        return None if self.seen is None else self.seen.score

    @property
    def lost_visibly(self) -> bool:
        """Whether it was scored, and people see what was lost; an image that grew is another one, or better."""
        return self.score is not None and self.score < VISIBLE_LOSS and self.difference <= 0


class TotalChange(NamedTuple):
    """The files of a total before and after.

    Attributes:
        name: its globs.
        label: the place in the configuration, for messages.
        before, after: their bytes.
        budget: their maximum size in bytes.
    """

    name: str
    label: str
    before: int
    after: int
    budget: int


class Comparison(NamedTuple):
    """What an audit was compared with, and the sums. The images that differ are the changes of the audit.

    Attributes:
        ref: the commit, branch or tag that was asked for.
        commit: the commit that the images were compared with; None if it could not be had.
        note: why there is no comparison, or what is special about it; else empty.
        files_before, files_after: the number of images.
        before, after: the bytes of all images.
        totals: the totals of the configuration.
    """

    ref: str
    commit: str | None
    note: str = ""
    files_before: int = 0
    files_after: int = 0
    before: int = 0
    after: int = 0
    totals: tuple[TotalChange, ...] = ()


def change_of(fix: Fix) -> Change:
    """Return what a fix did to a file, or in a dry run would do."""
    finding, outcome = fix.finding, fix.outcome
    change = Change(
        *(finding.path, finding.name, SKIPPED, finding.size, finding.size, finding.budget, finding.format),
        rule=finding.rule.label,
        reason=fix.reason,
    )
    if outcome is None:
        return change
    from bytefit.fitting.result import encode_of

    result = outcome.result
    score = result.score if result is not None else None
    return change._replace(
        kind=FIXED if outcome.fits else STILL_OVER,
        before=outcome.before,
        after=outcome.after,
        seconds=outcome.seconds if result is None else result.seconds,
        encode=None if result is None else encode_of(result),
        seen=fix.seen or (None if score is None else Seen(score)),
    )

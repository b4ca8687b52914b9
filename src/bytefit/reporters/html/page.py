"""What a page shows, whichever command asked for it: the records that `markup` writes and the commands fill."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bytefit.fitting.result import VISIBLE_LOSS

if TYPE_CHECKING:
    from bytefit.reporters.html.album import Pair

# How a state is coloured: it fails, it needs a look, it is well, or it is nothing special.
BAD, WARN, GOOD, PLAIN = "bad", "warn", "good", "plain"


class PageImage(NamedTuple):
    """One image of a page.

    Attributes:
        name: its name.
        state: what became of it, in a word or two.
        tone: how the state is coloured: `BAD`, `WARN`, `GOOD` or `PLAIN`.
        before, after: its bytes; None if there was no such file before, or nothing was made of it.
        budget: the most bytes it may have; None if it has no budget.
        rule: where the budget is written.
        detail: how it was encoded; empty if it was not.
        note: why it was skipped or fails; else empty.
        score: the SSIMULACRA2 score of the image after, compared with the image before; None without one.
        pair: the two as pictures on the page; None if there was no room or they cannot be shown.
    """

    name: str
    state: str
    tone: str
    before: int | None = None
    after: int | None = None
    budget: int | None = None
    rule: str = ""
    detail: str = ""
    note: str = ""
    score: float | None = None
    pair: Pair | None = None

    @property
    def size(self) -> int:
        """Its bytes now: after, if anything was made of it."""
        return (self.before if self.after is None else self.after) or 0

    @property
    def change(self) -> int:
        """The bytes it has more than before; 0 unless there are both."""
        return 0 if self.before is None or self.after is None else self.after - self.before

    @property
    def excess(self) -> int:
        """The bytes above its budget."""
        return 0 if self.budget is None else max(0, self.size - self.budget)

    @property
    def lost_visibly(self) -> bool:
        """Whether it was scored, and people will notice the loss; an image that grew is another one, or better."""
        return self.score is not None and self.score < VISIBLE_LOSS and self.change <= 0

    @property
    def worst_first(self) -> tuple[float, int, int, str]:
        """The key to sort by: the score lost, then the bytes above the budget, then those that changed."""
        return -(0.0 if self.score is None else 100 - self.score), -self.excess, -abs(self.change), self.name


class Versions(NamedTuple):
    """Two versions of an image that a benchmark has in memory.

    Attributes:
        name: the name of the image.
        before, after: the files.
        budget, detail, score: see `PageImage`.
    """

    name: str
    before: bytes
    after: bytes
    budget: int
    detail: str
    score: float | None


class Limit(NamedTuple):
    """A rule or a total: what it allows, and how its files stand.

    Attributes:
        label: where it is written.
        patterns: the files it is for.
        allows: what it allows, in words.
        files: the number of its files.
        size: their bytes.
        state, tone: how they stand; see `PageImage`.
    """

    label: str
    patterns: str
    allows: str
    files: int
    size: int
    state: str
    tone: str


class Leaf(NamedTuple):
    """A file in the map of the tree: its name with "/", its bytes and its tone."""

    name: str
    size: int
    tone: str


class Page(NamedTuple):
    """A page.

    Attributes:
        command: the command that wrote it, such as "bytefit check".
        verdict: its outcome in one sentence.
        tone: how the verdict is coloured; see `PageImage`.
        facts: the numbers at the top: (what, value).
        images: the images, the worst first.
        limits: the rules and totals.
        leaves: every file that was looked at.
        notes: what else there is to say, a line each.
        tables: (title, head, rows) of further tables.
    """

    command: str
    verdict: str
    tone: str
    facts: tuple[tuple[str, str], ...] = ()
    images: tuple[PageImage, ...] = ()
    limits: tuple[Limit, ...] = ()
    leaves: tuple[Leaf, ...] = ()
    notes: tuple[str, ...] = ()
    tables: tuple[tuple[str, tuple[str, ...], tuple[tuple[str, ...], ...]], ...] = ()

"""Looks at an image before and after while both are in memory: its score, and the pictures that reports show."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from bytefit.budgets.changes import Seen
from bytefit.budgets.repository import repository_top
from bytefit.errors import BytefitError, ConfigError
from bytefit.fitting.scoring import score_of_file
from bytefit.reporters import FOLDER, PAGES
from bytefit.reporters.html.album import Album

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bytefit.budgets.changes import Change
    from bytefit.budgets.findings import Audit
    from bytefit.sources.source import Source


class Examiner:
    """Looks at an image before and after. It has nothing that changes, so processes may have copies of it."""

    def __init__(self, ranks: Mapping[str, int], albums: Mapping[str, Album], *, scores: bool) -> None:
        """Take the place of each image among those of a page, the album of each report, and whether to score."""
        self.ranks = ranks
        self.albums = albums
        self.scores = scores

    def __call__(self, source: Source, data: bytes) -> Seen:
        """Return what was seen of an image and of the bytes of its file after."""
        name = os.path.normpath(source.name)
        rank = self.ranks.get(name, len(self.ranks))
        pictures = {form: album.pair(name, rank, source.data, data) for form, album in self.albums.items()}
        return Seen(score_of_file(source.picture, data) if self.scores else None, pictures)


def examiner(names: Sequence[str], reports: Sequence[tuple[str, str | None]], *, scores: bool) -> Examiner | None:
    """Return what looks at each of some images; None if there is nothing to look at.

    Args:
        names: the images, the worst first.
        reports: see `bytefit.reporters.write_reports`.
        scores: whether to score them.

    Raises:
        ConfigError: if they cannot be scored.
    """
    if scores:
        check_scores()
    ranks = {name: rank for rank, name in enumerate(dict.fromkeys(map(os.path.normpath, names)))}
    albums = {form: album_of(form, place, len(ranks)) for form, place in reports if form in PAGES}
    return Examiner(ranks, albums, scores=scores) if scores or albums else None


def with_both_sides(audit: Audit, reports: Sequence[tuple[str, str | None]], *, scores: bool) -> Audit:
    """Return an audit that was compared with a commit, its changes looked at; see `examiner`.

    Raises:
        ConfigError: if the images cannot be scored.
    """
    if scores:
        check_scores()
    count = len({change.path for change in audit.changes} | {finding.path for finding in audit.findings})
    albums = {form: album_of(form, place, count) for form, place in reports if form in PAGES}
    changes = []
    for rank, change in enumerate(audit.changes):
        before, after = _sides(change)
        pictures = {form: album.pair(change.path, rank, before, after) for form, album in albums.items()}
        both = scores and before is not None and after is not None
        score = _score(change.path, before or b"", after or b"") if both else None
        changes.append(change._replace(seen=Seen(score, pictures)))
    return audit._replace(changes=tuple(changes))


def _sides(change: Change) -> tuple[bytes | None, bytes | None]:
    """Return the bytes of an image before and after; None for a side that is missing or cannot be read."""
    from bytefit.budgets.git import blob_content

    top = str(repository_top(os.getcwd()))
    old, new = change.blobs
    before = None if old is None else blob_content(top, old)
    if change.after is None:
        return before, None
    if new is not None:
        return before, blob_content(top, new)
    with suppress(OSError), open(change.path, "rb") as file:
        return before, file.read()
    return before, None


def album_of(form: str, place: str | None, count: int) -> Album:
    """Return the album of a report."""
    return Album(count, place if form == FOLDER else None)


def check_scores() -> None:
    """Refuse to score without the metric, before any time is spent.

    Raises:
        ConfigError: naming the extra.
    """
    from bytefit.pictures.scores import can_score

    if not can_score():
        raise ConfigError("--scores needs ssimulacra2: pip install 'bytefit[metrics]'")


def _score(name: str, before: bytes, after: bytes) -> float | None:
    """Return the score of a file; None if the two cannot be compared."""
    from bytefit.sources.source import Source

    with suppress(BytefitError):
        return score_of_file(Source(name, before).picture, after)
    return None

"""The page of `compress`: what became of each image that was named."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from bytefit.fitting.result import how_encoded
from bytefit.messages import format_size
from bytefit.reporters.html.page import BAD, GOOD, PLAIN, Leaf, Page, PageImage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bytefit.budgets.changes import Seen
    from bytefit.files.compress_file import Outcome
    from bytefit.reporters.html.album import Album


def page_of_images(images: Sequence[PageImage]) -> Page:
    """Return the page of some images; see `image_of`."""
    over = sum(one.tone == BAD for one in images)
    count = "1 image fits" if len(images) - over == 1 else f"{len(images) - over} images fit"
    return Page(
        command="bytefit compress",
        verdict=f"{count} the budget{f', {over} still over it' if over else ''}",
        tone=BAD if over else GOOD,
        facts=tuple(_facts(images)),
        images=tuple(sorted(images, key=lambda one: one.worst_first)),
        leaves=tuple(Leaf(one.name, one.size, one.tone) for one in images) if len(images) > 1 else (),
    )


def image_of(outcome: Outcome, seen: Seen | None, form: str, album: Album, rank: int) -> PageImage:
    """Return what became of an image.

    Args:
        outcome: the outcome.
        seen: what was seen of the image before and after; None if the file was left as it is.
        form: the format of the report, by which their pictures are found.
        album: makes the picture of a file that was left as it is.
        rank: its place on the page.
    """
    result = outcome.result
    pair = None if seen is None else seen.pictures.get(form)
    if seen is None:
        with suppress(OSError):
            pair = album.pair(str(outcome.path), rank, outcome.path.read_bytes(), None)
    made = seen is not None
    return PageImage(
        str(outcome.output),
        "fits" if not made and outcome.fits else "fitted" if outcome.fits else "still over",
        (GOOD if made else PLAIN) if outcome.fits else BAD,
        before=outcome.before,
        after=outcome.after if made else None,
        budget=outcome.budget,
        detail=how_encoded(result, outcome.seconds if result is None else result.seconds)[1:].replace(")", "", 1)
        if made
        else "left as it is",
        score=None if seen is None else seen.score,
        pair=pair,
    )


def _facts(images: Sequence[PageImage]) -> Iterator[tuple[str, str]]:
    yield "images", f"{len(images):,}"
    yield "before", format_size(sum(one.before or 0 for one in images))
    yield "after", format_size(sum(one.size for one in images))
    if any(one.score is not None for one in images):
        yield "lost visibly", f"{sum(one.lost_visibly for one in images):,}"

"""What is seen of the images of `bytefit compress`, for their scores and for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bytefit.cli.pages import write_pages

if TYPE_CHECKING:
    import argparse

    from bytefit.budgets.changes import Seen
    from bytefit.files.compress_file import Outcome
    from bytefit.reporters.html.page import Page, PageImage
    from bytefit.sources.source import Source


class Onlooker:
    """Looks at each image before and after. Without --report and --scores it does nothing, and loads nothing."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        """Take the arguments of the command.

        Raises:
            ConfigError: if the images cannot be scored.
        """
        self._reports = arguments.report
        self._examine = None
        self._count = len(arguments.paths)
        self._seen: Seen | None = None
        self._images: dict[tuple[str, str], list[PageImage]] = {report: [] for report in self._reports}
        if self._reports or arguments.scores:
            from bytefit.reporters.examining import examiner

            self._examine = examiner(arguments.paths, self._reports, scores=arguments.scores)

    def look(self, source: Source, data: bytes) -> None:
        """Look at an image and at the bytes of its answer."""
        self._seen = None if self._examine is None else self._examine(source, data)

    def forget(self) -> None:
        """Forget an image that failed."""
        self._seen = None

    def done(self, outcome: Outcome) -> Outcome:
        """Return the outcome of the image looked at last, with its score, and keep it for the page."""
        seen, self._seen = self._seen, None
        for (form, place), images in self._images.items():
            from bytefit.reporters.examining import album_of
            from bytefit.reporters.html.of_outcomes import image_of

            images.append(image_of(outcome, seen, form, album_of(form, place, self._count), len(images)))
        if seen is None or seen.score is None or outcome.result is None:
            return outcome
        return outcome._replace(result=outcome.result._replace(score=seen.score))

    def write_pages(self) -> None:
        """Write the pages.

        Raises:
            OSError: if one cannot be written.
        """
        write_pages(self._reports, self._page)

    def _page(self, form: str, place: str) -> Page:
        from bytefit.reporters.html.of_outcomes import page_of_images

        return page_of_images(self._images[form, place])

"""The report as a page: `page` is what it shows, `markup` and `treemap` write it, `album` makes its pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bytefit.budgets.findings import Audit


def render(audit: Audit) -> str:
    """Return the page as one file."""
    from bytefit.reporters.html.album import Album
    from bytefit.reporters.html.of_audit import image_count, page_of
    from bytefit.reporters.html.write import one_file

    return one_file(page_of(audit, "html", Album(image_count(audit))))


def write_pages(audit: Audit, folder: str) -> None:
    """Write the page to a folder, with its pictures next to it.

    Raises:
        OSError: if a file cannot be written.
    """
    from bytefit.reporters.html.album import Album
    from bytefit.reporters.html.of_audit import image_count, page_of
    from bytefit.reporters.html.write import write_folder

    write_folder(page_of(audit, "html-dir", Album(image_count(audit), folder)), folder)

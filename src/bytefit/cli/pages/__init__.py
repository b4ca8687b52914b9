"""The page of the commands whose only report it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bytefit.errors import ConfigError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from bytefit.cli.options import Destination
    from bytefit.reporters.html.page import Page


def check_page(arguments: argparse.Namespace) -> None:
    """Refuse what a batch cannot show, before any time is spent.

    Raises:
        ConfigError: if the images cannot be scored, or nothing will have been done that could be shown.
    """
    if arguments.scores:
        from bytefit.reporters.examining import check_scores

        check_scores()
    if arguments.report and (arguments.dry_run or arguments.prepare):
        raise ConfigError("--report shows what a run has done: leave it out with --dry-run and --prepare")


def write_pages(destinations: list[Destination], page_of: Callable[[str, str], Page]) -> None:
    """Write a page to each destination.

    Args:
        destinations: the files and folders.
        page_of: (format, place) -> the page for it; its pictures have their shares by the format.

    Raises:
        OSError: if it cannot be written.
    """
    for form, place in destinations:
        from bytefit.files.atomic import write_atomically
        from bytefit.reporters.html.write import one_file, write_folder

        page = page_of(form, place)
        if form == "html":
            Path(place).absolute().parent.mkdir(parents=True, exist_ok=True)
            write_atomically(place, one_file(page).encode())
        else:
            write_folder(page, place)

"""Reports of an audit: one small module for each format, all written from the same records.

Each module has `render(audit) -> str`. The command line decides where a report goes.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

from bytefit.errors import ConfigError
from bytefit.messages import nearest

if TYPE_CHECKING:
    from bytefit.budgets.findings import Audit

# The names of the formats, and the modules that write them.
FORMATS = {
    "text": "text",
    "json": "json_report",
    "github": "github",
    "sarif": "sarif",
    "junit": "junit",
    "codequality": "codequality",
    "markdown": "markdown",
    "html": "html",
}

# The report that is a folder of files.
FOLDER = "html-dir"

# The reports that show pictures.
PAGES = ("html", FOLDER)


def render(audit: Audit, form: str) -> str:
    """Return the report of an audit in one of the `FORMATS`. It is empty or ends in a line break."""
    return str(import_module(f"bytefit.reporters.{FORMATS[form]}").render(audit))


def parse_destination(text: str) -> tuple[str, str | None]:
    """Return (format, file) of "FORMAT", "FORMAT=FILE" or "html-dir=DIR". The file is None for standard output.

    Raises:
        ConfigError: if the format is unknown or the file name is empty.
    """
    form, given, file = text.partition("=")
    known = (*FORMATS, FOLDER)
    if form not in known:
        raise ConfigError(f"unknown report {form!r}{nearest(form, known) or ': use one of ' + ', '.join(known)}")
    if form == FOLDER and not file:
        raise ConfigError(f"report {text!r} has no folder: write {form}=DIR")
    if given and not file:
        raise ConfigError(f"report {text!r} has no file name: write {form}=FILE, or {form} for standard output")
    return form, file or None


def write_reports(audit: Audit, reports: list[tuple[str, str | None]]) -> None:
    """Write each report to its file or to standard output. A file is complete or unchanged.

    Raises:
        OSError: if a file cannot be written.
    """
    for form, file in reports:
        if form == FOLDER:
            from bytefit.reporters.html import write_pages

            write_pages(audit, str(file))
            continue
        text = render(audit, form)
        if file is None:
            print(text, end="")
            continue
        from bytefit.files.atomic import write_atomically

        os.makedirs(os.path.dirname(os.path.abspath(file)), exist_ok=True)
        write_atomically(file, text.encode("utf-8", "backslashreplace"))

"""Sphinx: the Markdown of this folder as HTML, in strict mode (see .ci/run).

The pages are written to be read on the forge, where a toctree is noise. It is derived here from the links of index.md:
one tree a section, in the order of the page. A page that index.md does not link to fails the build.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "bytefit"
author = "the bytefit authors"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "bytefit"
html_show_sphinx = False
myst_heading_anchors = 3
nitpicky = True


def add_trees(_app: Sphinx, name: str, source: list[str]) -> None:
    """Add to the index a hidden tree of the pages that each of its sections links to."""
    if name != "index":
        return
    trees = []
    for section in re.split(r"^## ", source[0], flags=re.MULTILINE)[1:]:
        caption = section.partition("\n")[0]
        pages = [page for page in re.findall(r"\]\(([\w/-]+)\.md\)", section)]
        trees.append("\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *pages, "```"]))
    source[0] += "\n\n" + "\n\n".join(trees) + "\n"


def setup(app: Sphinx) -> None:
    """Connect `add_trees`."""
    app.connect("source-read", add_trees)

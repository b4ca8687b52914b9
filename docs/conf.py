"""Sphinx: the Markdown of this folder as HTML, in strict mode (see .ci/run).

The pages are written to be read on the forge. Two things are different there, and are added here when a page is read:

* Links to files outside docs/ work on the forge; in the HTML they lead to the forge.
* A toctree would be noise on the forge. It is derived from the links of index.md, one tree a section. A page that
  index.md does not link to fails the build.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
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

FORGE = "https://github.com/bytefit/bytefit/blob/main"


def prepare(_app: Sphinx, name: str, source: list[str]) -> None:
    """Change the text of a page as said above."""
    folder = PurePosixPath("docs", name).parent

    def linked(match: re.Match[str]) -> str:
        path = _normal(folder / match[1])
        return match[0] if path.parts[0] == "docs" else f"]({FORGE}/{path}{match[2]})"

    source[0] = re.sub(r"\]\((\.\./[^)#]+)(#[^)]*|)\)", linked, source[0])
    if name == "index":
        source[0] += "\n\n" + _trees(source[0]) + "\n"


def _normal(path: PurePosixPath) -> PurePosixPath:
    """Return a path inside the repository without `..`."""
    root = Path(__file__).resolve().parent.parent
    return PurePosixPath((root / path).resolve().relative_to(root).as_posix())


def _trees(index: str) -> str:
    """Return a hidden tree for each section of the index, of the pages it links to."""
    trees = []
    for section in re.split(r"^## ", index, flags=re.MULTILINE)[1:]:
        caption = section.partition("\n")[0]
        pages = re.findall(r"\]\(([\w/-]+)\.md\)", section)
        trees.append("\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *pages, "```"]))
    return "\n\n".join(trees)


def setup(app: Sphinx) -> None:
    """Connect `prepare`."""
    app.connect("source-read", prepare)

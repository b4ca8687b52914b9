"""Texts inside Markdown, and tables that are cut where there is no more space."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# The longest name in a table, in characters.
_LONGEST = 100


def cell(text: str) -> str:
    """Escape a text for a cell of a Markdown table. Entities keep any character of a name inside the cell."""
    return "".join(char if char.isalnum() or char in " /.-" else f"&#{ord(char)};" for char in _printable(text))


def name_cell(name: str) -> str:
    """Return a name as code, in which a forge looks for no mentions, links or numbers of issues."""
    half = _LONGEST // 2
    shown = name if len(name) <= _LONGEST else f"{name[:half]}\N{HORIZONTAL ELLIPSIS}{name[-half:]}"
    return f"<code>{cell(shown)}</code>"


def fitting(head: Sequence[str], rows: Iterable[str], space: int, note: str) -> list[str]:
    """Return the lines of a table; if `space` bytes do not hold all rows, the first ones and a note.

    Args:
        head: the lines before the rows.
        rows: the rows, the most important first.
        space: the most bytes of all rows.
        note: what to say of rows that are left out, with "{}" for their number.
    """
    rows = list(rows)
    ends = accumulate(len(row.encode("utf-8", "backslashreplace")) + 1 for row in rows)
    held = sum(end <= space for end in ends)
    left_out = ["", note.format(len(rows) - held)] if held < len(rows) else []
    return [*head, *rows[:held], *left_out]


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)

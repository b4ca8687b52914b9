"""Text for people: sizes, names on one line, and what a misspelt name may have been meant to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


# How much of a wrong value a message shows, in characters.
_SHOWN = 60


def format_size(count: int) -> str:
    """Return `count` bytes for people: "999 B", "61 kB", "1.5 MB"; three significant digits at least.

    `parse_size` reads it back within 5 %.
    """
    for unit, factor in (("GB", 1000**3), ("MB", 1000**2), ("kB", 1000)):
        if count >= factor * 0.99995:
            return f"{count / factor:.1f}".removesuffix(".0") + f" {unit}"
    return f"{count} B"


def one_line(text: str) -> str:
    """Return a text that stays one line and can be printed, whatever the names in it hold."""
    line = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
    # The runner of GitHub Actions obeys this wherever it stands in a line.
    return line.replace("##[", "\\x23#[")


def nearest(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Return ": did you mean ...?" for the known name most like `name`, or the empty string.

    `cutoff` is the least likeness, 0 to 1, as in `difflib.get_close_matches`.
    """
    from difflib import get_close_matches

    match = get_close_matches(name, sorted(known), n=1, cutoff=cutoff)
    return f": did you mean {match[0]!r}?" if match else ""


def shown(value: object) -> str:
    """Return a value as Python writes it, in one line, cut if it is long."""
    try:
        text = one_line(repr(value))
    except ValueError:  # Python does not write a number of more than 4300 digits
        return "of thousands of digits"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} ..."

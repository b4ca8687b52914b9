"""Texts inside the tables of Markdown."""

from __future__ import annotations


def cell(text: str) -> str:
    """Escape a text for a cell of a Markdown table. Entities keep any character of a name inside the cell."""
    return "".join(char if char.isalnum() or char in " /.-" else f"&#{ord(char)};" for char in _printable(text))


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)

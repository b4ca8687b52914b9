"""Elements of a page. Texts and attributes are escaped as they are written, so no name can become markup."""

from __future__ import annotations

from xml.etree import ElementTree as ET


def element(tag: str, *children: ET.Element | str | None, **attributes: str | int | bool | None) -> ET.Element:
    """Return an element.

    Args:
        tag: its name.
        children: what is in it; texts must have no characters that cannot be printed, see `one_line`.
        attributes: its attributes, with "_" for "-"; None and False leave one out, True is one without a value.
    """
    made = ET.Element(tag)
    for name, value in attributes.items():
        if value is not None and value is not False:
            made.set(name.rstrip("_").replace("_", "-"), "" if value is True else str(value))
    for child in children:
        append(made, child)
    return made


def append(parent: ET.Element, child: ET.Element | str | None) -> None:
    """Add an element or a text at the end of an element."""
    if child is None:
        return
    if not isinstance(child, str):
        parent.append(child)
    elif len(parent):
        parent[-1].tail = (parent[-1].tail or "") + child
    else:
        parent.text = (parent.text or "") + child


def written(made: ET.Element) -> str:
    """Return an element as HTML."""
    return ET.tostring(made, encoding="unicode", method="html")

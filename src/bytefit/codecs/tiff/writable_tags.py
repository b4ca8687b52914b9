"""Checks tags before libtiff sees them: it prints to the terminal, fails without a name, or ends the process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bytefit.errors import UnsupportedImage

if TYPE_CHECKING:
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

# Types of values by number (TIFF 6.0, section 2), as far as libtiff takes one for the other.
_TEXT, _WHOLE, _FRACTION = {2}, {3, 4, 16}, {5, 10, 11, 12}
_SHORT, _SHORT_MOST = 3, 65_535


def check_tags(tags: ImageFileDirectory_v2) -> None:
    """Refuse values of the wrong type for the tags whose type libtiff does not check, and leave out empty values.

    Pillow passes those that libtiff knows best, such as the name of the document (269), by the type of the Python
    value. Where that is a number and libtiff expects text, it reads memory at that address (Pillow 13.0, libtiff 4.7).

    Raises:
        UnsupportedImage: naming the tag.
    """
    from PIL.TiffTags import LIBTIFF_CORE, lookup

    for tag in [tag for tag, value in tags.items() if value in (b"", ())]:
        del tags[tag]  # "Null count": libtiff prints that, and leaves the tag out
    for tag in LIBTIFF_CORE & tags.keys():
        known = lookup(tag)
        if not _may_be_written(tags[tag], tags.tagtype.get(tag), known.type):
            raise UnsupportedImage(
                f"cannot write TIFF tag {tag} ({known.name}): its value {tags[tag]!r} is of a wrong type or range; "
                f"metadata='strip' leaves the tags out"
            )


def _may_be_written(value: Any, stored: int | None, expected: int | None) -> bool:
    if expected is None:
        return True
    family = next((family for family in (_TEXT, _WHOLE, _FRACTION) if expected in family), {expected})
    if stored is not None and stored not in family:
        return False
    if family is _TEXT:
        return isinstance(value, str | bytes)
    alone = not isinstance(value, tuple)
    return alone and (expected != _SHORT or (isinstance(value, int) and 0 <= value <= _SHORT_MOST))

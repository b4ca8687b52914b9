"""The map of a tree: rectangles as large as folders and files have bytes, as nearly square as they can be.

The algorithm is that of Bruls, Huizing and van Wijk, "Squarified Treemaps" (2000).
It knows names, bytes and tones, and writes SVG whose colours are classes of the style sheet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bytefit.messages import format_size, one_line
from bytefit.reporters.html.elements import element

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from xml.etree.ElementTree import Element

    from bytefit.reporters.html.page import Leaf

# The area of a rectangle below which it is put together with its neighbours, in units of the map.
_SMALLEST = 60.0

# A folder shows its name if it has this much room; the height of that line.
_FOLDER_WIDTH, _FOLDER_HEIGHT, _LINE = 64, 44, 17

# The width of a character, the least width of a text, and the room around it.
_CHARACTER, _TEXT_WIDTH, _MARGIN = 6.6, 34, 5


class Box(NamedTuple):
    """A rectangle of the map."""

    x: float
    y: float
    width: float
    height: float


class _Folder:
    """A folder: its files, and the folders in it by their names."""

    def __init__(self) -> None:
        self.folders: dict[str, _Folder] = {}
        self.files: list[Leaf] = []
        self.size = 0


def treemap(leaves: Sequence[Leaf], width: int, height: int, title: str) -> Element:
    """Return the map of some files as SVG of that many units."""
    svg = element("svg", role="img", viewBox=f"0 0 {width} {height}", aria_label=title)
    svg.extend(_drawn(_tree(leaves), Box(0, 0, width, height), ""))
    return svg


def _tree(leaves: Sequence[Leaf]) -> _Folder:
    top = _Folder()
    for leaf in leaves:
        folder = top
        folder.size += leaf.size
        for part in leaf.name.split("/")[:-1]:
            folder = folder.folders.setdefault(part, _Folder())
            folder.size += leaf.size
        folder.files.append(leaf)
    return top


def _drawn(folder: _Folder, box: Box, path: str) -> Iterator[Element]:
    """Yield the rectangles of what is in a folder."""
    parts: list[tuple[int, str, _Folder | Leaf]] = [
        (inside.size, f"{path}{name}/", inside) for name, inside in folder.folders.items()
    ]
    parts += [(leaf.size, leaf.name, leaf) for leaf in folder.files]
    parts = sorted((part for part in parts if part[0] > 0), key=lambda part: (-part[0], part[1]))
    scale = box.width * box.height / max(1, folder.size)
    large = [part for part in parts if part[0] * scale >= _SMALLEST]
    sizes = [float(part[0]) for part in large]
    if small := parts[len(large) :]:
        sizes.append(float(sum(part[0] for part in small)))
    boxes = list(squarified(sizes, box))
    for (size, name, part), place in zip(large, boxes, strict=False):
        if isinstance(part, _Folder):
            yield from _drawn_folder(part, place, name)
        else:
            yield _rectangle(place, part.tone, f"{one_line(name)}, {format_size(size)}", name.rpartition("/")[2])
    if small:
        yield _rectangle(boxes[-1], "rest", f"{len(small)} more, {format_size(int(sizes[-1]))}", f"{len(small)} more")


def _drawn_folder(folder: _Folder, box: Box, name: str) -> Iterator[Element]:
    if box.width < _FOLDER_WIDTH or box.height < _FOLDER_HEIGHT:
        inside = Box(box.x + 1, box.y + 1, max(0, box.width - 2), max(0, box.height - 2))
    else:
        yield _text(box, name, "folder")
        inside = Box(box.x + 2, box.y + _LINE, box.width - 4, box.height - _LINE - 2)
    yield from _drawn(folder, inside, name)


def _rectangle(box: Box, tone: str, title: str, label: str) -> Element:
    shape = element(
        "rect",
        element("title", title),
        x=_number(box.x + 1),
        y=_number(box.y + 1),
        width=_number(max(0.5, box.width - 2)),
        height=_number(max(0.5, box.height - 2)),
        rx=2,
    )
    group = element("g", shape, class_=tone)
    if box.width >= _TEXT_WIDTH and box.height >= _LINE:
        group.append(_text(box, label))
    return group


def _text(box: Box, label: str, kind: str | None = None) -> Element:
    room = int((box.width - 2 * _MARGIN) / _CHARACTER)
    text = one_line(label)
    shown = text if len(text) <= room else f"{text[: max(1, room - 1)]}…"
    return element("text", shown, x=_number(box.x + _MARGIN), y=_number(box.y + 12.5), class_=kind)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def squarified(sizes: Sequence[float], box: Box) -> Iterator[Box]:
    """Yield a rectangle for each size, in the order of the sizes, which fall; together they fill the box."""
    total, start = sum(sizes), 0
    while start < len(sizes) and total > 0:
        short = min(box.width, box.height)
        scale = box.width * box.height / total
        end = start + 1
        while end < len(sizes) and _worst(sizes[start : end + 1], short, scale) <= _worst(
            sizes[start:end], short, scale
        ):
            end += 1
        row = sum(sizes[start:end])
        share = row / total
        across = box.width >= box.height  # a column at the left of a wide box, a row at the top of a high one
        thick = (box.width if across else box.height) * share
        offset = 0.0
        for size in sizes[start:end]:
            length = short * size / row
            if across:
                yield Box(box.x, box.y + offset, thick, length)
            else:
                yield Box(box.x + offset, box.y, length, thick)
            offset += length
        if across:
            box = Box(box.x + thick, box.y, box.width - thick, box.height)
        else:
            box = Box(box.x, box.y + thick, box.width, box.height - thick)
        total -= row
        start = end


def _worst(row: Sequence[float], short: float, scale: float) -> float:
    """Return the ratio of the sides of the longest rectangle in a row along a side of that length."""
    area = sum(row) * scale
    square = short * short
    if not area or not square:
        return float("inf")
    return max(square * max(row) * scale / area**2, area**2 / (square * min(row) * scale))

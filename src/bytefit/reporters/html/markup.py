"""The markup of a page: a table with the worst first, then every image before and after, readable without script."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bytefit import __version__
from bytefit.messages import format_size, one_line
from bytefit.reporters.html.elements import element
from bytefit.reporters.html.treemap import treemap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from xml.etree.ElementTree import Element

    from bytefit.reporters.html.album import Picture
    from bytefit.reporters.html.page import Limit, Page, PageImage


# The maps for wide windows and for phones: their width and height.
_MAPS = (("wide", 1160, 420), ("narrow", 340, 400))


def heading(page: Page) -> Iterator[Element]:
    """Yield what stands at the top: the verdict and the numbers."""
    yield element(
        "header",
        element("p", one_line(page.command), class_="command"),
        element("h1", one_line(page.verdict), class_=page.tone),
        element(
            "dl",
            *(element("div", element("dt", what), element("dd", value)) for what, value in page.facts),
            class_="facts",
        )
        if page.facts
        else None,
    )
    if page.notes:
        items = (element("li", one_line(note)) for note in page.notes)
        yield element("section", element("h2", "Notes", id="notes"), element("ul", *items))


def limits(page: Page) -> Element | None:
    """Return the rules and totals; None if there are none."""
    if not page.limits:
        return None
    rows = [_limit(one) for one in page.limits]
    head = (
        ("files", ""),
        ("allows", ""),
        ("images", "number"),
        ("bytes", "number wide"),
        ("state", ""),
        ("where", "wide"),
    )
    return element(
        "section",
        element("h2", "Rules and totals", id="limits"),
        _scrolling(_table(head, rows), "limits"),
    )


def _limit(one: Limit) -> Element:
    return element(
        "tr",
        element("th", element("code", one_line(one.patterns)), scope="row"),
        element("td", one_line(one.allows)),
        element("td", f"{one.files:,}", class_="number"),
        element("td", format_size(one.size), class_="number wide"),
        element("td", _state(one.state, one.tone)),
        element("td", one_line(one.label), class_="wide"),
    )


def tree(page: Page) -> Element | None:
    """Return the map of the files; None if there are none."""
    if not page.leaves:
        return None
    total = sum(leaf.size for leaf in page.leaves)
    title = f"Map of {len(page.leaves)} images, {format_size(total)}: each rectangle is as large as its image has bytes"
    section = element("section", element("h2", "Where the bytes are", id="tree"))
    for kind, width, height in _MAPS:
        section.append(element("div", treemap(page.leaves, width, height, title), class_=f"map {kind}"))
    names = {"bad": "fails", "warn": "needs a look", "good": "made smaller", "plain": "within its limits"}
    tones = {leaf.tone for leaf in page.leaves}
    keys = [element("li", element("span", class_=f"key {tone}"), text) for tone, text in names.items() if tone in tones]
    section.append(element("ul", *keys, class_="legend"))
    return section


def tables(page: Page) -> Iterator[Element]:
    """Yield the further tables. A column of numbers is aligned as such."""
    for number, (title, head, rows) in enumerate(page.tables, 1):
        name = f"table-{number}"
        columns = zip(*rows, strict=True) if rows else ((),) * len(head)
        kinds = ["number" if all(map(_NUMBER.fullmatch, cells)) else "" for cells in columns]
        kinds[0] = ""
        lines = [
            element(
                "tr",
                element("th", one_line(first), scope="row"),
                *(
                    element("td", one_line(cell), class_=kind or None)
                    for cell, kind in zip(cells, kinds[1:], strict=True)
                ),
            )
            for first, *cells in rows
        ]
        table = _table(list(zip(head, kinds, strict=True)), lines)
        yield element("section", element("h2", one_line(title), id=name), _scrolling(table, name))


_NUMBER = re.compile(r"([-+]?[\d,.]+( ?[%x])?|-|)")


class ImageTable:
    """The table of the images, and the columns it needs."""

    def __init__(self, page: Page) -> None:
        """Take the images of a page."""
        self.page = page
        self.changes = any(one.before is not None and one.after is not None for one in page.images)
        self.scored = any(one.score is not None for one in page.images)
        self.budgets = any(one.budget is not None for one in page.images)
        self.excesses = any(one.excess for one in page.images)

    @property
    def head(self) -> tuple[tuple[str, str, str], ...]:
        """The columns: (title, class, how they are sorted)."""
        columns = [("image", "", "text"), ("state", "", "text")]
        if self.scored:
            columns.append(("score", "number", "number"))
        if self.changes:
            columns += [("before", "number wide", "number"), ("after", "number wide", "number")]
            columns.append(("change", "number", "number"))
        else:
            columns.append(("size", "number", "number"))
        if self.budgets:
            columns.append(("budget", "number wide", "number"))
        if self.excesses:
            columns.append(("over by", "number wide", "number"))
        columns.append(("how", "wide", "text"))
        return tuple(columns)

    def row(self, number: int, one: PageImage) -> Element:
        """Return the row of an image."""
        name = element("a", element("bdi", one_line(one.name)), href=f"#i{number}")
        cells = [element("th", name, scope="row"), element("td", _state(one.state, one.tone))]
        if self.scored:
            cells.append(_score(one))
        if self.changes:
            cells += [
                _number(size, "number wide", "" if size is None else format_size(size))
                for size in (one.before, one.after)
            ]
            cells.append(_number(one.change, "number", change_in_words(one)))
        else:
            cells.append(_number(one.size, "number", format_size(one.size)))
        if self.budgets:
            budget = "" if one.budget is None else format_size(one.budget)
            cells.append(_number(one.budget, "number wide", budget))
        if self.excesses:
            cells.append(_number(one.excess, "number wide", format_size(one.excess) if one.excess else ""))
        cells.append(element("td", one_line(one.note or one.detail), class_="wide how"))
        return element("tr", *cells)

    @property
    def around(self) -> Element:
        """The section without its rows."""
        head = element(
            "tr",
            *(
                element("th", title, scope="col", class_=kind or None, data_sort=order)
                for title, kind, order in self.head
            ),
        )
        table = element("table", element("thead", head), element("tbody", ROWS), class_="images")
        return element(
            "section",
            element("h2", "Images, the worst first", id="images"),
            element("div", id="controls"),
            _scrolling(table, "images"),
        )


# What stands in the markup where rows and cards belong: no name can hold it, for it cannot be printed.
ROWS, CARDS = "\ue000", "\ue001"


def cards_around() -> Element:
    """Return the section of the cards without the cards."""
    title = element("h2", "Before and after", id="pairs")
    return element("section", title, element("div", CARDS, class_="cards"))


def card(number: int, one: PageImage, *, pictures: bool = True) -> Element:
    """Return an image before and after, or what is said of it only."""
    line = element("p", _state(one.state, one.tone), " ", " · ".join(_facts(one)), class_="line")
    made = element("article", element("h3", element("bdi", one_line(one.name))), line, id=f"i{number}")
    pair = one.pair
    if pair is not None and pictures:
        titles = ("before" if pair.after or one.after is not None else "now", "after")
        figures = [
            _figure(picture, title, size)
            for picture, title, size in zip(pair, titles, (one.before, one.after), strict=True)
            if picture is not None
        ]
        made.append(element("div", *figures, class_="pair"))
    elif pictures:
        made.append(element("p", "No picture: it cannot be shown.", class_="line"))
    if one.note:
        made.append(element("p", one_line(one.note), class_="note"))
    return made


def _facts(one: PageImage) -> Iterator[str]:
    if one.before is not None and one.after is not None and one.before != one.after:
        yield f"{format_size(one.before)} → {format_size(one.after)} ({change_in_words(one)})"
    else:
        yield format_size(one.size)
    if one.budget is not None:
        yield f"budget {format_size(one.budget)}"
    if one.excess:
        yield f"over by {format_size(one.excess)}"
    if one.score is not None:
        yield f"score {score_in_words(one.score)}" + (", the loss is visible" if one.lost_visibly else "")
    if one.detail:
        yield one_line(one.detail)
    if one.rule:
        yield one_line(one.rule)


def _figure(picture: Picture, title: str, size: int | None) -> Element:
    words = title if size is None else f"{title}, {format_size(size)}"
    image = element(
        "img",
        src=picture.address,
        alt=words,
        width=picture.width,
        height=picture.height,
        loading="lazy",
        decoding="async",
    )
    if picture.still_address is not None:
        still = element("source", srcset=picture.still_address, media="(prefers-reduced-motion: reduce)")
        image = element("picture", still, image)
    shown = f" · {picture.reduced}" if picture.reduced else ""
    return element("figure", image, element("figcaption", f"{words} · {picture.width}x{picture.height}{shown}"))


def footer(page: Page) -> Element:
    """Return the last line."""
    text = f"Made by bytefit {__version__}."
    if any(one.score is not None for one in page.images):
        text += " Scores are SSIMULACRA2: 100 is the same picture, 90 looks the same, below 70 the loss is visible."
    if any(picture.reduced for one in page.images if one.pair for picture in one.pair if picture):
        text += " Pictures that are too large for this page are reduced; before and after alike."
    return element("footer", element("p", text))


def score_in_words(score: float) -> str:
    """Return a score with one decimal and a real minus sign."""
    return f"{score:.1f}".replace("-", "\N{MINUS SIGN}")


def change_in_words(one: PageImage) -> str:
    """Return the change of an image's size as a share of what it had."""
    if not one.before or one.after is None:
        return ""
    share = one.change / one.before * 100
    return f"{share:+.0f} %".replace("-", "\N{MINUS SIGN}") if one.change else "none"


def _state(text: str, tone: str) -> Element:
    return element("span", one_line(text), class_=f"state {tone}")


def _score(one: PageImage) -> Element:
    if one.score is None:
        return element("td", class_="number")
    text = score_in_words(one.score)
    lost = element("span", "visible loss", class_="bad visible") if one.lost_visibly else None
    return element("td", text, lost, class_="number", data_value=f"{one.score:.2f}")


def _number(value: int | None, kind: str, text: str) -> Element:
    return element("td", text, class_=kind, data_value=value)


def _table(head: Sequence[tuple[str, str]], rows: Sequence[Element]) -> Element:
    titles = (
        element("th", one_line(title), scope="col", class_=kind or None) if title else element("td")
        for title, kind in head
    )
    return element("table", element("thead", element("tr", *titles)), element("tbody", *rows))


def _scrolling(table: Element, labelled: str) -> Element:
    return element("div", table, class_="scrolls", role="region", tabindex=0, aria_labelledby=labelled)

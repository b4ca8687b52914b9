"""Writes a page: one file that holds everything, or a folder with the pictures, the style and the script beside it."""

from __future__ import annotations

import os
import re
from base64 import b64encode
from contextlib import suppress
from hashlib import sha256
from importlib import resources
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from bytefit.messages import one_line
from bytefit.reporters.html import markup
from bytefit.reporters.html.album import PAGE_SIZE, PICTURES
from bytefit.reporters.html.elements import append, element, written

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from bytefit.reporters.html.page import Page

# More rows than this make a page that browsers are slow to lay out; in one file they have to leave room for pictures.
_MOST_ROWS, _MOST_ROWS_BESIDE = 4_000, 20_000

_OWN_PICTURE = re.compile(r"[0-9a-f]{16}-(before|after)(-still)?\.(jpeg|png|gif|webp|avif)")
_NOTHING_ELSE = "base-uri 'none'; form-action 'none'"


class _Form(NamedTuple):
    """How a page is written.

    Attributes:
        policy: its content security policy.
        head: the elements for its head.
        switch: the link to the page with the script; None for none.
        script: the script; None for none.
        most_rows: the most images that are listed.
        most_bytes: the most bytes of the page; None for any number.
    """

    policy: str
    head: tuple[Element, ...]
    switch: Element | None
    script: Element | None
    most_rows: int
    most_bytes: int | None


def one_file(page: Page) -> str:
    """Return a page that is one file of at most `PAGE_SIZE` bytes."""
    style, script = _resource("page.css"), _resource("page.js")
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'; {_NOTHING_ELSE}"
    )
    head = (element("link", rel="icon", href="data:,"), element("style", style))
    return _text(page, _Form(policy, head, None, element("script", script), _MOST_ROWS, PAGE_SIZE))


def write_folder(page: Page, folder: str) -> None:
    """Write a page to a folder: `index.html` without script, `interactive.html` with it, and the files of both.

    Where scripts are forbidden, as Jenkins does, `index.html` shows all there is, and the browser has nothing to
    complain of.

    Raises:
        OSError: if a file cannot be written.
    """
    from bytefit.files.atomic import write_atomically

    os.makedirs(folder, exist_ok=True)
    for name in ("page.css", "page.js", "icon.svg"):
        write_atomically(os.path.join(folder, name), _resource(name).encode(), durable=False)
    policy = f"default-src 'none'; img-src 'self'; style-src 'self'; {_NOTHING_ELSE}"
    head = (element("link", rel="icon", href="icon.svg"), element("link", rel="stylesheet", href="page.css"))
    link = element("a", "Slider, overlay, difference, zoom, filter and sort", href="interactive.html")
    plain = _Form(policy, head, element("p", link, class_="switch"), None, _MOST_ROWS_BESIDE, None)
    script = element("script", src="page.js")
    interactive = plain._replace(policy=f"{policy}; script-src 'self'", switch=None, script=script)
    for name, form in (("interactive.html", interactive), ("index.html", plain)):
        write_atomically(os.path.join(folder, name), _text(page, form).encode())
    _remove_others(page, folder)


def _remove_others(page: Page, folder: str) -> None:
    """Remove the pictures that an earlier page left in its folder."""
    pictures = [picture for one in page.images for picture in one.pair or () if picture is not None]
    used = {os.path.basename(str(data)) for picture in pictures for data in (picture.data, picture.still)}
    with suppress(FileNotFoundError):
        for name in os.listdir(os.path.join(folder, PICTURES)):
            if name not in used and _OWN_PICTURE.fullmatch(name):
                os.unlink(os.path.join(folder, PICTURES, name))


def _text(page: Page, form: _Form) -> str:
    """Return the text of a page. Rows and pictures that do not fit are left out, those of the best images first."""
    for most in (form.most_rows, form.most_rows // 2, form.most_rows // 8, 0):
        shown = page._replace(images=page.images[:most])
        if most < len(page.images):
            left = f"{len(page.images) - most} more images are not listed: there is no room for them on this page"
            shown = shown._replace(notes=(*page.notes, left))
        text = _filled(shown, _around(shown, form), form)
        if text is not None:
            return text
    raise AssertionError  # a page without images fits


def _filled(page: Page, around: str, form: _Form) -> str | None:
    """Return a page with its rows and cards; None if it is too large even without pictures."""
    if not page.images:
        return around
    table, images = markup.ImageTable(page), list(enumerate(page.images, 1))
    rows = [written(table.row(number, one)) for number, one in images]
    cards = [written(markup.card(number, one)) for number, one in images]
    if form.most_bytes is not None:
        bare = [written(markup.card(number, one, pictures=False)) for number, one in images]
        room = form.most_bytes - _bytes(around) - sum(map(_bytes, (*rows, *bare)))
        if room < 0:
            return None
        more = accumulate(_bytes(card) - _bytes(plain) for card, plain in zip(cards, bare, strict=True))
        full = sum(used <= room for used in more)
        cards = cards[:full] + bare[full:]
    before, rest = around.split(markup.ROWS)
    between, after = rest.split(markup.CARDS)
    return "".join((before, *rows, between, *cards, after))


def _around(page: Page, form: _Form) -> str:
    """Return a page without rows and cards."""
    first, *others = markup.heading(page)
    main = element("main", first, form.switch, *others)
    if page.images:
        main.append(markup.ImageTable(page).around)
    for section in (markup.tree(page), markup.limits(page), *markup.tables(page)):
        append(main, section)
    if page.images:
        main.append(markup.cards_around())
    skip = element("a", "Skip to the images", href="#images", class_="skip") if page.images else None
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=form.policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", one_line(f"{page.command}: {page.verdict}")),
        *form.head,
    )
    body = element("body", skip, main, markup.footer(page), form.script)
    return f"<!DOCTYPE html>\n{written(element('html', head, body, lang='en'))}\n"


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "backslashreplace"))


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _resource(name: str) -> str:
    return resources.files("bytefit.reporters.html").joinpath(name).read_text("utf-8")

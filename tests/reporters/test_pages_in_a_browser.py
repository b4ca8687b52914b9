"""The page in a real browser, headless Chromium: what people do with it, what it asks for, and who can read it."""

from __future__ import annotations

import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bytefit.cli.main import main
from bytefit.reporters.html.page import BAD, GOOD, Page, PageImage
from bytefit.reporters.html.write import one_file
from images import graphic, photograph
from once import once
from repositories import Repository

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt-get install chromium")

# Flags of a browser that runs as root, and asks nobody for anything.
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync")
FLAGS += ("--disable-background-networking", "--disable-component-update")

# Names that are markup, end an attribute, break a line, run from right to left, or are very long.
NASTY = (
    "<img src=x onerror=alert(1)>.png",
    "quote\"'&amp;.jpg",
    "line\nbreak.jpg",
    "صورة.jpg",
    "\u202egpj.jpg",
    f"{'x' * 200}.jpg",
)
IMAGES = 12

# What Jenkins sends with every page (jenkins.model.DirectoryBrowserSupport.CSP).
JENKINS = "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self';"


@pytest.fixture(scope="module")
def browser():
    """Return a headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS])
        yield started
        started.close()


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Return the folder of the reports on a repository of images, most of which `fix` would change."""
    return once(tmp_path_factory, "pages", _report) / "reports"


def _report(parent):
    folder, reports = parent / "repository", parent / "reports"
    reports.mkdir()
    repository = Repository(folder)
    names = [*NASTY, *(f"site/pages/{number:02}.jpg" for number in range(IMAGES - len(NASTY) - 1))]
    for number, name in enumerate(names):
        folder.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".png"):
            graphic((64, 48)).save(folder / name)
        else:
            photograph((64, 48), seed=number % 4 + 1).save(folder / name, quality=92)
    frames = [photograph((48, 32), seed=seed) for seed in (1, 2, 3)]
    frames[0].save(folder / "moves.gif", save_all=True, append_images=frames[1:], duration=80, loop=0)
    rules = 'max-size = "1300B"\n[[rules]]\nfiles = ["site/**"]\nmax-size = "1400B"\n'
    folder.joinpath(".bytefit.toml").write_text(f'{rules}[[totals]]\nfiles = ["**"]\nmax-size = 9\n')
    repository.commit()
    forms = [f"--report=html={reports / 'page.html'}", f"--report=html-dir={reports / 'pages'}"]
    with pytest.MonkeyPatch.context() as monkeypatch:
        repository.enter(monkeypatch)
        assert main(["fix", "--dry-run", "--jobs=1", *forms]) == 1
        assert main(["check", f"--report=html={reports / 'check.html'}"]) == 1


@pytest.fixture(scope="module")
def served(reports):
    """Return the address of a server that sends the reports as Jenkins does."""

    class AsJenkins(SimpleHTTPRequestHandler):
        def end_headers(self):
            self.send_header("Content-Security-Policy", JENKINS)
            super().end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(AsJenkins, directory=reports))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def opened(browser):
    """Return a function that opens an address; nothing may be said on the console, and nothing asked for outside."""
    said, asked, contexts = [], [], []

    def opened(address, width=1440, *, script=True, **settings):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=script, bypass_csp=False, **settings
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: said.append(f"dialog: {dialog.message}"))
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("file:///", "data:", "http://127.0.0.1:"))] == []


def clip(page):
    """Return where the divider is, in percent from the left."""
    return page.evaluate("document.querySelector('.layer.after').style.clipPath")


def box(page, place):
    """Return left, top, width and height of an element."""
    found = page.locator(place).bounding_box()
    return found["x"], found["y"], found["width"], found["height"]


def findings(page):
    """Return what axe-core finds on a page."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [(one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in found]


def test_the_slider_moves_by_mouse_and_by_keyboard(opened, reports):
    """People who cannot use a mouse must be able to compare two images, too."""
    page = opened((reports / "page.html").as_uri())
    page.locator("article button").first.click()
    page.keyboard.press("2")

    assert clip(page) == "inset(0px 0px 0px 50%)"
    left, top, width, height = box(page, ".stage")
    page.mouse.move(left + width / 2, top + height / 2)
    page.mouse.down()
    page.mouse.move(left + width / 4, top + height / 2)
    page.mouse.up()
    assert clip(page) == "inset(0px 0px 0px 25%)"
    page.get_by_role("slider", name="Divider").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert clip(page) == "inset(0px 0px 0px 28%)"
    assert page.locator(".bar output").first.inner_text() != ""


def test_the_views_are_chosen_by_keys_and_remembered(opened, reports):
    """The choice of a person holds for the next image and for the next visit."""
    page = opened((reports / "page.html").as_uri())
    views = []
    for key in "1234":
        page.keyboard.press(key)
        views.append(page.locator("dialog.viewer").get_attribute("class"))
    assert views == ["viewer side", "viewer slider", "viewer overlay", "viewer difference"]
    assert page.evaluate("getComputedStyle(document.querySelector('.layer.after')).mixBlendMode") == "difference"

    first = page.locator("#viewer-title").inner_text()
    page.keyboard.press("ArrowRight")
    assert page.locator("#viewer-title").inner_text() != first
    assert page.locator("dialog.viewer").get_attribute("class") == "viewer difference"
    page.keyboard.press("?")
    assert page.locator("dialog.help").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert not page.locator("dialog.viewer").is_visible()
    page.reload()
    page.get_by_role("button", name="Compare", exact=True).first.click()
    assert page.locator("dialog.viewer").get_attribute("class") == "viewer difference"


def test_both_images_are_zoomed_and_moved_together(opened, reports):
    """Side by side, the two images must show the same part."""
    page = opened((reports / "page.html").as_uri())
    page.keyboard.press("1")
    before = box(page, ".layer.before img")
    page.keyboard.press("+")
    page.keyboard.press("+")
    left, top, width, height = box(page, ".stage")
    page.mouse.move(left + width / 4, top + height / 2)
    page.mouse.down()
    page.mouse.move(left + width / 4 + 40, top + height / 2 + 30)
    page.mouse.up()

    first, second = box(page, ".layer.before img"), box(page, ".layer.after img")

    assert first[2] == pytest.approx(before[2] * 2.25, rel=0.01)
    assert first[2:] == second[2:]
    assert second[0] - first[0] == pytest.approx(width / 2, abs=2)
    assert first[1] == second[1] != before[1]


def test_the_list_is_filtered_and_sorted(opened, reports):
    """Hundreds of images are too many to look through by hand."""
    page = opened((reports / "page.html").as_uri())

    page.get_by_label("Name contains").fill("onerror")
    assert page.locator("table.images tbody tr:visible").count() == 1
    assert page.locator("article:visible h3").inner_text() == NASTY[0]
    page.get_by_label("Name contains").fill("")
    page.get_by_role("button", name="after", exact=True).click()
    sizes = [
        int(value)
        for value in page.locator("table.images tbody td:nth-child(4)").evaluate_all(
            "all => all.map(one => one.dataset.value)"
        )
    ]
    assert sizes == sorted(sizes, reverse=True)
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("after")
    assert page.locator("article h3").first.inner_text() == page.locator("table.images tbody th").first.inner_text()


def test_no_name_becomes_markup(opened, reports):
    """A pull request may hold a file of any name, and its reviewer opens the page."""
    page = opened((reports / "page.html").as_uri())
    names = page.locator("table.images tbody th").all_inner_texts()

    assert page.locator("img[onerror], img[src=x]").count() == 0
    assert {NASTY[0], NASTY[1], NASTY[3], "line\\nbreak.jpg", "\\u202egpj.jpg"} <= set(names)
    assert len(names) == IMAGES


def test_it_reads_without_script(opened, reports, served):
    """Jenkins forbids scripts, inline styles and data: images; the folder must still show all, without complaints."""
    for address in (
        (reports / "page.html").as_uri(),
        f"{served}/pages/index.html",
        (reports / "pages/index.html").as_uri(),
    ):
        page = opened(address, script=False) if "page.html" in address else opened(address)
        assert page.locator("table.images tbody tr").count() == IMAGES
        assert page.locator("article figure").count() == 2 * IMAGES
        assert page.locator("button:visible").count() == 0
    # The first cards are on the screen, so their images are loaded although all are loaded late.
    page.locator("article").first.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('article img').naturalWidth > 0")
    assert page.evaluate("getComputedStyle(document.querySelector('.facts')).display") == "grid"


def test_the_folder_has_a_page_with_all_that_needs_script(opened, reports):
    """Where scripts are allowed, the folder does what the single file does."""
    page = opened((reports / "pages/index.html").as_uri())
    page.get_by_role("link", name="Slider, overlay").click()
    page.get_by_role("button", name="Compare", exact=True).first.wait_for()
    page.keyboard.press("2")

    page.wait_for_function("document.querySelector('.layer.after img').naturalWidth > 0")
    assert clip(page) == "inset(0px 0px 0px 50%)"


def test_an_animation_plays_unless_less_motion_is_wanted(opened, reports):
    """The system's setting for less motion must hold here, too."""
    sources = {}
    for motion in ("no-preference", "reduce"):
        page = opened((reports / "page.html").as_uri(), reduced_motion=motion)
        card = page.locator("article", has_text="moves.gif")
        card.scroll_into_view_if_needed()
        sources[motion] = card.locator("img").first.evaluate("image => image.currentSrc")[:16]
        assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == (
            "smooth" if motion == "no-preference" else "auto"
        )

    assert sources == {"no-preference": "data:image/gif;b", "reduce": "data:image/webp;"}


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1440, "dark")])
def test_axe_finds_nothing(opened, reports, width, scheme):
    """Contrast, names, roles and order hold on phones and on wide windows, in both colour schemes."""
    page = opened((reports / "page.html").as_uri(), width, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert findings(page) == []
    page.keyboard.press("2")
    assert findings(page) == []
    assert box(page, "dialog.viewer")[2] == width


def test_axe_finds_nothing_on_the_page_of_check(opened, reports):
    """The page of `check` has one version of each image, totals, and what the rules allow."""
    page = opened((reports / "check.html").as_uri())

    assert findings(page) == []
    assert "9 B together" in page.get_by_role("region", name="Rules and totals").inner_text()
    page.locator("article button").first.click()
    assert page.get_by_role("button", name="Slider").is_disabled()


def test_it_prints(opened, reports):
    """The printed page has every row, and no controls."""
    page = opened((reports / "page.html").as_uri())
    page.emulate_media(media="print")

    assert page.locator(".button:visible, input:visible").count() == 0
    assert page.evaluate("getComputedStyle(document.querySelector('.scrolls')).maxHeight") == "none"
    assert page.pdf().startswith(b"%PDF")


def test_three_thousand_images_are_shown_at_once(opened, tmp_path):
    """A page of the largest repositories stays below 10 MB, is painted, and can be searched."""
    images = tuple(
        PageImage(
            f"site/{number % 40}/{number}.jpg", "fixed", GOOD if number % 9 else BAD, 300_000 + number, 99_000, 100_000
        )
        for number in range(3000)
    )
    path = tmp_path / "page.html"
    path.write_text(one_file(Page("bytefit fix", "3000 images", GOOD, images=images)), encoding="utf-8")

    page = opened(path.as_uri())

    paints = page.evaluate("performance.getEntriesByType('paint').map(paint => paint.startTime)")
    assert path.stat().st_size < 10_000_000
    assert paints
    page.get_by_label("Name contains").fill("/2999.")
    assert page.locator("table.images tbody tr:visible").count() == 1

"""The page of a report: what it holds, how large it gets, and that no name gets out of its place."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from hashlib import sha256
from io import BytesIO
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from PIL import Image

from bytefit.cli.main import main
from bytefit.errors import ConfigError
from bytefit.pictures import scores
from bytefit.reporters import parse_destination
from bytefit.reporters.html.album import PAGE_SIZE, Album, Pair, Picture
from bytefit.reporters.html.page import BAD, GOOD, PLAIN, Leaf, Page, PageImage
from bytefit.reporters.html.treemap import Box, squarified, treemap
from bytefit.reporters.html.write import one_file, write_folder
from images import encoded, in_mode, noise, photograph
from repositories import Repository

NASTY = "<script>alert(1)</script>\"'>&\n\u202e\udcff\ue000\ue001.jpg"


def animation(count=3):
    """Return a GIF that moves."""
    frames = [noise((60, 40), seed=seed) for seed in range(1, count + 1)]
    buffer = BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=50, loop=0)
    return buffer.getvalue()


def pictures_in(text):
    """Return the bytes of every picture inside a page."""
    return [b64decode(data) for data in re.findall(r'src="data:image/\w+;base64,([^"]*)"', text)]


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Return a repository with a file that can be fixed, one that cannot, and one that fits; it is entered."""
    made = Repository(tmp_path / "repository")
    made.folder.joinpath("large.jpg").write_bytes(encoded(photograph(), quality=95))
    made.folder.joinpath("layers.psd.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 9000)
    made.folder.joinpath("fits.jpg").write_bytes(encoded(photograph((32, 24))))
    made.folder.joinpath(".bytefit.toml").write_text('max-size = "4KB"\n[[totals]]\nfiles = ["*"]\nmax-size = "5KB"\n')
    made.commit()
    made.enter(monkeypatch)
    return made


def test_fix_shows_the_file_as_it_was_and_as_it_is(repository, tmp_path):
    """The fix replaces the file, so its page has to keep the old picture."""
    before = repository.folder.joinpath("large.jpg").read_bytes()

    assert main(["fix", f"--report=html={tmp_path / 'page.html'}"]) == 1

    text = (tmp_path / "page.html").read_text("utf-8")
    after = repository.folder.joinpath("large.jpg").read_bytes()
    assert pictures_in(text) == [before, after]
    page = html.document_fromstring(text)
    assert page.xpath("//h1")[0].text == "1 of 2 images over budget is fixed, 1 is left over budget"
    states = {row.xpath("string(th)"): row.xpath("string(.//span[1])") for row in page.xpath("//table[1]/tbody/tr")}
    assert states["large.jpg"] == "fixed"
    assert states["layers.psd.png"] == "skipped"


@pytest.mark.usefixtures("repository")
def test_check_shows_what_the_rules_allow_and_the_whole_tree(tmp_path):
    """The map has the files that fit, too: they are most of the bytes."""
    assert main(["check", f"--report=html={tmp_path / 'page.html'}"]) == 1

    page = html.document_fromstring((tmp_path / "page.html").read_text("utf-8"))
    titles = " ".join(page.xpath("//*[local-name()='title']/text()"))
    assert "fits.jpg" in titles
    rules = page.xpath("//div[@aria-labelledby='limits']//tbody/tr")
    assert [rule.xpath("string(td[1])") for rule in rules] == ["4 kB an image", "5 kB together"]
    assert [rule.xpath("string(td[4])") for rule in rules] == ["2 over", "over"]


def test_a_folder_replaces_the_pictures_of_an_earlier_report(repository, tmp_path):
    """A folder that is written for every build must not grow with each of them."""
    folder = tmp_path / "pages"
    for _ in range(2):
        assert main(["fix", "--dry-run", f"--report=html-dir={folder}"]) == 1
    first = sorted(path.name for path in (folder / "pictures").iterdir())
    (folder / "pictures" / "mine.png").write_bytes(b"")
    repository.folder.joinpath("large.jpg").write_bytes(encoded(photograph(seed=2), "PNG"))

    main(["fix", "--dry-run", f"--report=html-dir={folder}"])

    names = {path.name for path in (folder / "pictures").iterdir()}
    assert len(first) == 2
    assert "mine.png" in names
    assert len(names - {"mine.png"}) <= 2
    for name in ("index.html", "interactive.html"):
        text = (folder / name).read_text("utf-8")
        page = html.document_fromstring(text)
        assert "data:" not in text
        assert page.xpath("//style | //@style | //script[not(@src)] | //@*[starts-with(name(), 'on')]") == []
    assert html.parse(folder / "index.html").xpath("//script") == []


def test_a_folder_needs_a_name():
    """A folder cannot go to standard output."""
    with pytest.raises(ConfigError, match="report 'html-dir' has no folder: write html-dir=DIR"):
        parse_destination("html-dir")


def test_scores_say_what_was_lost_visibly(repository, capsys):
    """A fix that ruins an image must say so."""
    pytest.importorskip("ssimulacra2")

    main(["fix", "--dry-run", "--scores", "--max-size=1500", "--no-baseline", "--report=text", "--report=json=r.json"])

    out = capsys.readouterr().out
    changes = json.loads(repository.folder.joinpath("r.json").read_text())["changes"]
    score = next(one["score"] for one in changes if one["name"] == "large.jpg")
    assert score < 70
    assert f"score {score:.1f}, visible loss" in out
    assert "1 lost visibly (SSIMULACRA2 below 70): large.jpg" in out


@pytest.mark.usefixtures("repository")
def test_scores_need_the_metric(monkeypatch, capsys):
    """The missing extra is named before any image is compressed."""
    monkeypatch.setattr(scores, "find_spec", lambda _: None)
    scores.can_score.cache_clear()
    try:
        assert main(["fix", "--dry-run", "--scores"]) == 2
    finally:
        scores.can_score.cache_clear()

    assert capsys.readouterr().err == "bytefit: error: --scores needs ssimulacra2: pip install 'bytefit[metrics]'\n"


def test_no_name_gets_out_of_its_place(tmp_path):
    """A name may hold markup, quotes, line breaks, bytes that are not UTF-8, and the characters of our own template."""
    image = PageImage(NASTY, NASTY, BAD, 9, 3, 4, NASTY, NASTY, NASTY, 50.0)
    page = Page(NASTY, NASTY, BAD, images=(image,), leaves=(Leaf(NASTY, 9, BAD),), notes=(NASTY,))
    page = page._replace(tables=((NASTY, (NASTY, "x"), ((NASTY, NASTY),)),))

    text = one_file(page)
    write_folder(page, str(tmp_path))

    found = html.document_fromstring(text)
    shown = "<script>alert(1)</script>\"'>&\\n\\u202e\\udcff\\ue000\\ue001.jpg"
    assert len(found.xpath("//script")) == 1
    assert found.xpath("//h3")[0].text_content() == shown
    assert found.xpath("//tbody/tr/th/a")[0].text_content() == shown
    assert text.encode()
    assert len(html.parse(tmp_path / "interactive.html").xpath("//script")) == 1


def test_the_policy_allows_the_page_and_nothing_else():
    """The hashes must be those of the style and the script, or the browser shows neither."""
    page = html.document_fromstring(one_file(Page("bytefit check", "All is well", GOOD)))

    (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")

    for kind in ("style", "script"):
        digest = sha256(page.xpath(f"//{kind}")[0].text.encode()).digest()
        assert f"{kind}-src 'sha256-{b64encode(digest).decode()}'" in policy
    assert policy.startswith("default-src 'none'; img-src data:;")


def test_a_page_that_would_be_too_large_leaves_out_the_pictures_of_the_best_images():
    """Ten megabytes is the most, whatever the pictures and names come to."""
    picture = Picture(Random(1).randbytes(30_000), "webp", 9, 9)
    images = tuple(
        PageImage(f"{number:04}{'n' * 200}", "fixed", GOOD, 9, 3, pair=Pair(picture, picture)) for number in range(500)
    )

    text = one_file(Page("bytefit fix", "", GOOD, images=images))

    assert 0.98 * PAGE_SIZE < len(text.encode()) <= PAGE_SIZE
    cards = html.document_fromstring(text).xpath("//article")
    assert len(cards) == 500
    shown = [len(card.xpath(".//img")) for card in cards]
    assert shown == sorted(shown, reverse=True)
    assert 0 < shown.count(2) < 500


def test_a_page_of_too_many_images_lists_the_worst():
    """A hundred thousand rows are no page; it says how many are missing."""
    images = tuple(PageImage(str(number), "fixed", GOOD, 9, 3) for number in range(5000))

    page = html.document_fromstring(one_file(Page("bytefit batch", "", GOOD, images=images)))

    assert len(page.xpath("//article")) == 4000
    assert "1000 more images are not listed" in page.xpath("string(//ul)")


@pytest.mark.parametrize("count", [1, 40, 300, 3000, 6000])
def test_the_shares_of_all_pictures_fit_the_page(count):
    """The pictures are made one by one, so their shares must fit together before the first is made."""
    album = Album(count)
    large = min(album._large, count)

    total = 2 * (large * album._share + (count - large) * album._rest) * 4 / 3

    assert total <= PAGE_SIZE
    assert album._rest >= 300


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I", "F", "I;16"])
def test_images_of_every_mode_are_shown_within_their_share(mode):
    """Browsers show eight bits of RGB; whatever Pillow reads must become that."""
    buffer = BytesIO()
    in_mode(mode, (60, 40)).save(buffer, "TIFF")

    pair = Album(3000).pair("a.tif", 2999, buffer.getvalue(), None)

    assert pair is not None
    assert pair.after is None
    assert len(pair.before.data) <= Album(3000)._rest
    assert (pair.before.kind, pair.before.width, pair.before.height) == ("webp", 60, 40)


def test_before_and_after_are_reduced_alike():
    """Otherwise the difference would show the page and not the file."""
    before, after = (encoded(noise((400, 300)), quality=quality) for quality in (95, 30))
    album = Album(400)

    pair = album.pair("a.jpg", 0, before, after)

    assert pair.before.reduced == pair.after.reduced != ""
    sizes = {Image.open(BytesIO(one.data)).size for one in pair}
    assert len(sizes) == 1
    assert {(one.width, one.height) for one in pair} == {(400, 300)}


def test_animations_move_and_have_a_still_picture():
    """Where the file itself is too large, it is encoded anew as an animation."""
    for count in (1, 900):
        picture = Album(count).pair("a.gif", 0, animation(), None).before
        with Image.open(BytesIO(picture.data)) as moving, Image.open(BytesIO(picture.still)) as still:
            assert moving.n_frames > 1
            assert getattr(still, "n_frames", 1) == 1
        assert len(picture.data) + len(picture.still) <= Album(count)._share * 1.25


def test_what_cannot_be_shown_is_said_to_be():
    """A file that is no image has no picture, and does not stop the report."""
    assert Album(1).pair("a.png", 0, b"\x89PNG\r\n\x1a\n nothing", None) is None
    assert Album(1).pair("a.png", 0, None, None) is None


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=30), st.integers(20, 900), st.integers(20, 900))
def test_the_map_gives_each_file_its_share_of_the_area(sizes, width, height):
    """The eye compares areas, so they have to be right."""
    sizes.sort(reverse=True)

    boxes = list(squarified([float(size) for size in sizes], Box(0, 0, width, height)))

    scale = width * height / sum(sizes)
    assert [box.width * box.height for box in boxes] == pytest.approx([size * scale for size in sizes], rel=1e-6)
    assert all(box.x >= 0 and box.x + box.width <= width * 1.000001 for box in boxes)
    assert all(box.y >= 0 and box.y + box.height <= height * 1.000001 for box in boxes)


def test_the_map_puts_small_files_together():
    """Thousands of rectangles of a pixel each would show nothing and fill the page."""
    leaves = [Leaf("large.jpg", 10**6, BAD), *(Leaf(f"icons/{number}.png", 10, PLAIN) for number in range(900))]

    svg = treemap(leaves, 400, 300, "a map")

    titles = [one.text for one in svg.iter("title")]
    assert titles == ["large.jpg, 1 MB", "900 more, 9 kB"]

"""The page of `compress`, `batch` and `bench`: what each shows, and what each refuses."""

from __future__ import annotations

import json

import pytest
from lxml import html

from bytefit.cli.pages import of_batch
from bytefit.cli.pages.of_benchmark import page_of_benchmark
from bytefit.reporters.html.write import one_file
from images import encoded, photograph, write_jpeg

pytestmark = pytest.mark.usefixtures("inside")


def read(path):
    """Return a page as a tree."""
    return html.document_fromstring(path.read_text("utf-8"))


def test_compress_shows_the_image_before_and_after(run, photo, tmp_path):
    """In place, the old file is gone when the page is written."""
    before = photo.stat().st_size

    code, out, _ = run("compress", photo, "--to", "9KB", "--report", "html=pages/one.html")

    page = read(tmp_path / "pages" / "one.html")
    assert code == 0
    assert len(out) == 1
    assert [image.get("alt").split(",")[0] for image in page.xpath("//figure//img")] == ["before", "after"]
    sizes = [int(cell.get("data-value")) for cell in page.xpath("//table[contains(@class, 'images')]//td[@data-value]")]
    assert sizes[:2] == [before, photo.stat().st_size]


def test_compress_shows_a_file_that_fits_as_it_is(run, photo, tmp_path):
    """A file that was left alone has no second version."""
    run("compress", photo, "--to", "9MB", "--report", "html-dir=pages")

    page = read(tmp_path / "pages" / "index.html")
    (image,) = page.xpath("//figure//img")
    assert (tmp_path / "pages" / image.get("src")).read_bytes() == photo.read_bytes()


def test_several_images_share_a_page(run, photo, tmp_path):
    """One that fails has no place on the page, and the next is not shown with its pictures."""
    write_jpeg(tmp_path / "b.jpg", photograph((60, 40)))
    write_jpeg(tmp_path / "c.jpg", photograph((30, 20)))

    code, _, _ = run(*f"compress {photo} c.jpg --to 1KB --max-pixels 9000 --out-dir out --report html=p.html".split())
    assert code == 2
    run(*f"compress {photo} b.jpg c.jpg --to 9KB --out-dir out --report html=p.html".split())

    page = read(tmp_path / "p.html")
    assert len(page.xpath("//article")) == 3
    assert page.xpath("//h1")[0].text == "3 images fit the budget"


def test_compress_scores_its_answer(run, photo):
    """The score stands in the summary line and in the JSON."""
    pytest.importorskip("ssimulacra2")

    _, (line,), _ = run("compress", photo, "--to", "4KB", "-o", "small.jpg", "--scores")
    _, out, _ = run("compress", photo, "--to", "4KB", "-o", "small.jpg", "--scores", "--json")

    score = json.loads("\n".join(out))["score"]
    assert f"score {score:.1f}, visible loss" in line


@pytest.mark.parametrize("report", ["json", "html", "json=a.json", "html-dir"])
def test_only_pages_are_written(run, photo, report):
    """Compress has `--json`; what is not a page is refused in one line."""
    code, _, errors = run("compress", photo, "--to", "9KB", "--report", report)

    assert code == 2
    assert len(errors) == 1
    assert "html-dir=DIR" in errors[0]


def test_a_batch_shows_failures_first_then_the_worst_and_a_sample(run, tmp_path, monkeypatch):
    """Of a million images nobody looks at all; those that lost most must be among the shown."""
    monkeypatch.setattr(of_batch, "_WORST", 2)
    monkeypatch.setattr(of_batch, "_SAMPLE", 2)
    (tmp_path / "in").mkdir()
    for number in range(6):
        write_jpeg(tmp_path / "in" / f"{number}.jpg", photograph((40 + 20 * number, 40)), quality=95)
    (tmp_path / "in" / "bad.jpg").write_bytes(b"\xff\xd8\xff" + b"nothing" * 900)

    code, out, _ = run(
        *["batch", "in", "out", "--to", "1500", "--jobs", "1", "--progress", "none", "--report", "html=page.html"]
    )

    page = read(tmp_path / "page.html")
    names = page.xpath("//tbody/tr/th/a/bdi/text()")
    assert code == 1
    assert out[0].startswith("7 of 7 images")
    assert names[:2] == ["bad.jpg", "5.jpg"]
    assert len(names) == 4
    assert "4 of 7 images are shown here" in page.xpath("string(//ul)")
    assert len(page.xpath("//article[2]//img")) == 2


def test_a_batch_is_scored_by_its_workers(run, tmp_path):
    """The scores stand in the manifest, and the last line says what was lost visibly."""
    pytest.importorskip("ssimulacra2")
    (tmp_path / "in").mkdir()
    write_jpeg(tmp_path / "in" / "a.jpg", photograph((64, 48)), quality=95)

    _, out, _ = run(
        *["batch", "in", "out", "--to", "900", "--jobs", "1", "--progress", "none", "--scores", "--job", "job"]
    )
    run("batch", "manifest", "job", "-o", "manifest.jsonl")

    row = json.loads((tmp_path / "manifest.jsonl").read_text())
    assert row["score"] < 70
    assert out[0].endswith("; 1 lost visibly")


def test_a_batch_that_writes_nothing_has_no_page(run, tmp_path):
    """A page shows answers, and a dry run keeps none."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jpg").write_bytes(encoded(photograph((32, 24))))

    code, _, errors = run(*["batch", "in", "out", "--to", "1500", "--dry-run", "--report", "html=page.html"])

    assert code == 2
    assert errors == ["bytefit: error: --report shows what a run has done: leave it out with --dry-run and --prepare"]


def test_a_benchmark_shows_its_tables(run, tmp_path):
    """Each table of the report becomes one of the page, under the line above it."""
    report = "3 images.\n\nScores:\n\n|   | 0.5 | 1 |\n|---|----:|--:|\n| a | 1.5 | - |\n| b | 2.0 | x |\n\nThe end."
    page = html.document_fromstring(one_file(page_of_benchmark("looks", "compare", report, (), ("html", "p.html"))))

    (table,) = page.xpath("//table")
    assert page.xpath("//h2/text()") == ["Notes", "Scores"]
    assert page.xpath("//li/text()") == ["3 images.", "The end."]
    assert [[cell.text or "" for cell in row] for row in table.iter("tr")] == [
        ["", "0.5", "1"],
        ["a", "1.5", "-"],
        ["b", "2.0", "x"],
    ]
    assert run("bench", "shrink", tmp_path, "--json", "--report", "html=p.html")[0] == 2

"""`bytefit explain`: the trials of one image, why the search ended, and the plot of it."""

from __future__ import annotations

import re

import pytest
from PIL import Image

from folders import snapshot
from images import noise, photograph, write_jpeg


@pytest.fixture
def photo(tmp_path):
    """Return a photograph whose name means something to shells, to markup and to matplotlib."""
    return write_jpeg(tmp_path / "a $x$ <b>.jpg", photograph((160, 120)), quality=95)


@pytest.fixture
def plots(tmp_path_factory):
    """Return a folder for plots, apart from the images; tests skip where nothing can be drawn."""
    pytest.importorskip("matplotlib")
    return tmp_path_factory.mktemp("plots")


def test_it_says_what_compress_would_do_and_writes_nothing(run, photo):
    """The first line must be that of `compress`, the others its trials and the reason for the last."""
    before = snapshot(photo.parent)

    code, explained, err = run("explain", photo, "--to", "4KB")
    unchanged = snapshot(photo.parent) == before
    compressed = run("compress", photo, "--to", "4KB", "--verbose")[1]

    def without_times(lines):
        return [re.sub(r"\d+\.\d\d s", "", line) for line in lines]

    assert (code, err) == (0, [])
    assert unchanged
    assert without_times(explained) == without_times(compressed)
    assert any(line.startswith("  trial 1: quality ") for line in explained)


def test_another_format_is_explained_as_if_it_were_written(run, photo):
    """Nobody has to make a file to learn how it would be made."""
    before = snapshot(photo.parent)

    code, (line, *_), _ = run("explain", photo, "--to", "4KB", "-o", photo.with_name("x.webp"))

    assert code == 0
    assert "WEBP quality" in line
    assert snapshot(photo.parent) == before


def test_the_plot_shows_curve_probes_trials_budget_and_answer(run, photo, plots):
    """Each is in the legend, the trials are numbered, and the title has the name as it is."""
    _, out, err = run("explain", photo, "--to", "4KB", "--slack", "0", "--plot", plots / "curve.svg")

    words = re.findall(r"<text[^>]*>([^<]*)</text>", (plots / "curve.svg").read_text(encoding="utf-8"))
    trials = sum(line.startswith("  trial ") for line in out)
    quality = re.search(r"quality ([\d.]+)", out[0])[1]
    assert err == []
    for word in ("budget and its slack", "predicted curve", "probes of a part, by their bytes", "trials, in order"):
        assert word in words
    assert any(word.startswith(f"answer: quality {quality}, ") for word in words)
    assert "a $x$ &lt;b&gt;.jpg, 160x120 pixels, to 4 kB as JPEG" in words
    assert {str(number) for number in range(1, trials + 1)} <= set(words)


def test_a_budget_that_cannot_be_reached_is_drawn_too(run, photo, plots):
    """Here a plot helps most: it shows how far away the budget is."""
    code, out, err = run("explain", photo, "--to", "300", "--plot", plots / "curve.png")

    assert (code, out, len(err)) == (1, [], 1)
    with Image.open(plots / "curve.png") as plot:
        assert plot.format == "PNG"
        assert plot.width > plot.height > 500


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--to", "4KB", "--plot", "curve.gif"], "cannot draw a plot as curve.gif: use one of .png, .svg, .pdf"),
        (["--to", "4MB", "--plot", "curve.png"], "there is no curve to draw: the answer was found without a search"),
    ],
)
@pytest.mark.usefixtures("plots", "inside")
def test_what_cannot_be_drawn_is_one_line(run, photo, arguments, message):
    """Wrong usage ends with 2 and says what to do."""
    code, _, err = run("explain", photo, *arguments)

    assert (code, len(err)) == (2, 1)
    assert message in err[0]
    assert not (photo.parent / arguments[-1]).exists()


@pytest.mark.usefixtures("plots")
def test_a_plot_never_takes_the_place_of_the_image(run, tmp_path):
    """The image stays as it is, whatever the plot is called."""
    image = tmp_path / "image.png"
    noise((64, 48)).save(image)
    before = snapshot(tmp_path)

    code, _, err = run("explain", image, "--to", "1KB", "--plot", image)

    assert (code, len(err)) == (2, 1)
    assert "the plot would replace the image" in err[0]
    assert snapshot(tmp_path) == before

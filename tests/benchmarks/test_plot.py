"""The benchmark's picture: drawn from rows and curves, the same bytes every time, and true to both."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from statistics import fmean, median, quantiles

import pytest
from PIL import Image

pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")
pytest.importorskip("ssimulacra2")

import bytefit
from bytefit.benchmarks.plot import DPI, HEIGHT, TRIAL_COLOUR, WIDTH, Curve, curve_of, draw, figure_of
from bytefit.benchmarks.rows import STRATEGIES, Row
from bytefit.benchmarks.strategies import Answer
from bytefit.codecs.avif.codec import AVIF
from bytefit.codecs.encoding import NO_METADATA
from bytefit.codecs.jpeg.codec import JPEG
from bytefit.codecs.png.codec import PNG
from bytefit.codecs.tiff.codec import TIFF
from bytefit.codecs.webp.codec import WEBP
from images import flat, photograph, screenshot

CURVE = Curve("WEBP", "somebody's picture", [0, 50, 100], [2000, 9000, 70000], [1500.0, 9500.0, 60000.0], 8000, [])


def row(codec, strategy, trials, cost):
    """Return one case's row; only what is drawn differs."""
    answer = Answer(size=980, quality=50, trials=trials, seconds=0.1)
    return Row(codec, "a.png", "art", "somebody", 0.5, 0.3, 1000, strategy, answer, cost, 1.0, 1.0)


def rows_of(codecs=("JPEG", "WEBP", "AVIF"), strategies=STRATEGIES):
    """Return three cases for each codec and strategy, whose mean is not their median."""
    return [
        row(codec, strategy, 2 * at + of + case**2, at + of / 4 + case**2)
        for at, strategy in enumerate(strategies, 1)
        for of, codec in enumerate(codecs)
        for case in range(3)
    ]


def written(path, rows, curves):
    """Return the picture that is drawn, decoded."""
    draw(rows, curves, path)
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return picture.convert("RGB")


def pixels_of(picture, colour):
    """Return how many pixels have exactly that colour."""
    wanted = tuple(bytes.fromhex(colour.removeprefix("#")))
    return {value: count for count, value in picture.getcolors(1 << 24)}.get(wanted, 0)


@pytest.mark.parametrize(("rows", "curves", "lines"), [(15, 3, 2), (0, 1, 1), (15, 0, 1)])
def test_the_picture_is_a_png_as_wide_as_promised(tmp_path, rows, curves, lines):
    """It has one row of panels for the strategies and one for the curves, and no row for what is missing."""
    picture = written(tmp_path / "out.png", rows_of()[:rows], [CURVE] * curves)

    assert picture.size == (round(WIDTH * DPI), round(HEIGHT * DPI * lines))
    assert picture.width == 1600


def test_the_same_figures_give_the_same_bytes(tmp_path):
    """Neither the date, nor the library's version, nor the user's style may change the file; other figures do."""
    from matplotlib import rc_context

    draw(rows_of(), [CURVE], tmp_path / "once.png")
    with rc_context({"font.size": 30.0, "savefig.bbox": "tight", "axes.facecolor": "black"}):
        draw(rows_of(), [CURVE], tmp_path / "again.png")
    draw(rows_of()[::2], [CURVE], tmp_path / "other.png")

    once, again, other = ((tmp_path / f"{name}.png").read_bytes() for name in ("once", "again", "other"))
    assert once == again != other
    with Image.open(tmp_path / "once.png") as picture:
        assert not {"Software", "Creation Time"} & set(picture.info)


@pytest.mark.parametrize("codecs", [("JPEG", "WEBP", "AVIF"), ("AVIF",)], ids=len)
@pytest.mark.parametrize("strategies", [STRATEGIES, ("bytefit",)], ids=len)
def test_bars_are_the_mean_of_the_trials_and_the_median_of_the_cost(codecs, strategies):
    """Bars are grouped by codec, one per strategy; the line ends at the 90th percentile."""
    rows = rows_of(codecs, strategies)

    trials, cost = figure_of(rows, []).axes

    counts, costs = (
        [[value(row) for row in rows[first : first + 3]] for first in range(0, len(rows), 3)]
        for value in (lambda row: row.answer.trials, lambda row: row.cost)
    )
    assert [bar.get_height() for bar in trials.patches] == [fmean(values) for values in counts]
    assert [bar.get_height() for bar in cost.patches] == [median(values) for values in costs]
    ends = [segment[1][1] for lines in cost.collections for segment in lines.get_segments()]
    assert ends == pytest.approx([quantiles(values, n=10)[-1] for values in costs])
    assert [tick.get_text() for tick in cost.get_xticklabels()] == [f"{codec}, n = 3" for codec in codecs]


def test_bars_stand_beside_each_other():
    """Bars must not overlap, even if a codec lacks a strategy or a strategy has one case."""
    rows = [row("JPEG", "bisection", 7, 7.5), row("WEBP", "bytefit", 1, 1.5), row("JPEG", "bytefit", 2, 2.5)]

    trials, _ = figure_of(rows, []).axes

    bars = sorted((bar.get_x(), bar.get_x() + bar.get_width(), bar.get_height()) for bar in trials.patches)
    assert [height for _, _, height in bars] == [7, 2, 1]
    assert all(left[1] < right[0] for left, right in pairwise(bars))


def test_no_legend_covers_a_panel():
    """Legends stand above their panels and name everything in them."""
    figure = figure_of(rows_of(), [CURVE] * 3)

    figure.draw_without_rendering()

    legends = [legend for part in figure.subfigs for legend in part.legends]
    panels = [axes.get_tightbbox() for axes in figure.axes]
    assert [[text.get_text() for text in legend.get_texts()] for legend in legends] == [
        list(STRATEGIES),
        ["budget", "95% of it", "true curve", "predicted curve", "trials"],
    ]
    assert not any(legend.get_window_extent().overlaps(panel) for legend in legends for panel in panels)


def test_a_curve_has_its_panel():
    """The panel shows true and predicted sizes, the budget and its slack, on a logarithmic scale."""
    (axes,) = figure_of([], [CURVE]).axes

    drawn = {line.get_label(): list(line.get_ydata()) for line in axes.lines}
    assert drawn["true curve"] == CURVE.true_bytes
    assert drawn["predicted curve"] == CURVE.predicted_bytes
    assert drawn["budget"] == [8000, 8000]
    assert drawn["95% of it"] == [7600, 7600]
    assert axes.get_yscale() == "log"
    assert axes.get_title() == "WEBP: somebody's picture"


def test_every_trial_is_a_point(tmp_path):
    """The file shows one point per trial, and one more in the legend."""
    spots = [
        pixels_of(written(tmp_path / "out.png", [], [replace(CURVE, trials=trials)]), TRIAL_COLOUR)
        for trials in ([], [(50, 9000)], [(50, 9000), (10, 3000)])
    ]

    assert spots[0] > 30
    assert spots[1] == pytest.approx(2 * spots[0], rel=0.1)
    assert spots[2] == pytest.approx(3 * spots[0], rel=0.1)


def test_one_codec_alone_is_drawn(tmp_path):
    """A single codec goes from its picture to the file."""
    curve = curve_of(WEBP, photograph((200, 150)), 3000)

    picture = written(tmp_path / "out.png", rows_of(["WEBP"]), [curve])

    assert pixels_of(picture, TRIAL_COLOUR) > 60


@pytest.mark.parametrize("codec", [JPEG, PNG, TIFF], ids=lambda codec: codec.format)
def test_true_bytes_are_the_encoders(codec):
    """The true curve has the sizes of plain encodes without metadata."""
    picture = photograph((40, 30))

    curve = curve_of(codec, picture, 1500)

    rungs = min(24, len(codec.ladder))
    assert (curve.codec, curve.budget, curve.title) == (codec.format, 1500, "40x30 pixels to 1.5 kB")
    assert (curve.qualities[0], curve.qualities[-1]) == (codec.ladder[0], codec.ladder[-1])
    assert len(set(curve.qualities)) == len(curve.true_bytes) == len(curve.predicted_bytes) == rungs
    for at in {0, rungs // 2, rungs - 1}:
        setting = codec.setting(curve.qualities[at], picture.mode)
        assert curve.true_bytes[at] == len(codec.encode(picture, {**setting, **NO_METADATA}))


def test_graphics_are_encoded_as_such():
    """The true curve uses the settings of the answer, so the trials lie on it."""
    picture = screenshot((320, 240))

    curve = curve_of(JPEG, picture, 9000)

    setting = JPEG.variants.for_graphics.setting(curve.qualities[11], picture.mode)
    assert curve.true_bytes[11] == len(JPEG.encode(picture, {**setting, **NO_METADATA}))
    assert curve.true_bytes[11] != len(
        JPEG.encode(picture, {**JPEG.setting(curve.qualities[11], "RGB"), **NO_METADATA})
    )


@pytest.mark.parametrize("budget", [2500, 100], ids=["within reach", "out of reach"])
def test_trials_are_those_of_a_users_call(budget):
    """Each trial stands at its quality, in order, whether or not the budget can be met."""
    picture = photograph((160, 120))

    curve = curve_of(AVIF, picture, budget)

    result = bytefit.compress(picture, budget, format="AVIF", slack=0.05, on_unreachable="smallest", metadata="strip")
    assert curve.trials == [(trial.setting["quality"], trial.size) for trial in result.trials]
    assert (result.quality, result.size) in curve.trials


def test_a_trial_without_loss_stands_at_the_end_of_the_scale():
    """A lossy ladder has no rung for lossless, and no quality is better."""
    curve = curve_of(WEBP, screenshot((160, 120)), 60_000)

    assert curve.trials[0][0] == 100
    assert curve.trials[0][1] == bytefit.compress(screenshot((160, 120)), 60_000, format="WEBP").size


def test_predictions_are_in_bytes():
    """Predicted sizes are near the true ones around the budget and never fall."""
    curve = curve_of(JPEG, photograph((400, 300)), 20_000)

    _, true, predicted = min(
        (abs(true - 20_000), true, predicted)
        for true, predicted in zip(curve.true_bytes, curve.predicted_bytes, strict=True)
    )
    assert 0.5 < predicted / true < 2
    assert curve.predicted_bytes == sorted(curve.predicted_bytes)


def test_a_curve_that_is_flat_is_drawn(tmp_path):
    """A picture of one colour has the same size at every rung, which must not fail."""
    curve = curve_of(WEBP, flat(), 200)

    assert written(tmp_path / "out.png", [], [curve]).size == (1600, round(HEIGHT * DPI))


def test_importing_the_module_does_not_load_the_graphic_library():
    """Matplotlib is an extra that the rest of the benchmark does not need."""
    code = "import sys, bytefit.benchmarks.plot; sys.exit('matplotlib' in sys.modules)"

    assert subprocess.run([sys.executable, "-W", "error", "-c", code], check=False, timeout=60).returncode == 0

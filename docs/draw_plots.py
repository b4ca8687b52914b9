"""Draw the plots of the explanation from a real search: docs/explanation/*.svg.

    python docs/draw_plots.py [FOLDER]

It needs `bytefit[plot,train]`. The image is examples/landscape.jpg; sizes differ a little between encoder versions.
"""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, ScalarFormatter
from PIL import Image

import bytefit
from bytefit.benchmarks.plot import Curve, curve_of
from bytefit.cli import explain
from bytefit.cli.explain import BLUE, GREEN, ORANGE, VERMILION
from bytefit.codecs import codec_for_format

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROOT = Path(__file__).resolve().parent.parent
PHOTO = ROOT / "examples" / "landscape.jpg"
FOLDER = Path(__file__).resolve().parent / "explanation"
BUDGET = 100_000
SLACK = 0.05

STYLE = {**explain.STYLE, "axes.titlesize": 10.0, "font.family": "sans-serif"}
STYLE["font.sans-serif"] = ["Helvetica", "Arial", "DejaVu Sans"]


def draw_curve(folder: Path) -> None:
    """Draw the predicted curve, the true one, the probes, the budget and the trials of one JPEG."""
    with Image.open(PHOTO) as opened:
        image = opened.convert("RGB")
    curve = curve_of(codec_for_format("JPEG"), image, BUDGET)
    result = bytefit.compress(image, BUDGET, format="JPEG", slack=SLACK, metadata="strip")
    figure = _figure(7.2, 3.8)
    axes = figure.subplots()
    _draw_search(axes, curve)
    for probe in result.probes:
        axes.plot([0.985], [probe.size / 1000], marker="<", color=GREEN, transform=axes.get_yaxis_transform())
    axes.plot([], [], marker="<", linestyle="", color=GREEN, label="probes, by their bytes")
    axes.set_title(f"landscape.jpg, {image.width}x{image.height} pixels, to {bytefit.format_size(BUDGET)} as JPEG")
    axes.legend(loc="upper left")
    _save(figure, folder / "curve.svg")


def draw_bisection(folder: Path) -> None:
    """Draw the encodes that bisection makes for a budget, and those that bytefit makes."""
    with Image.open(PHOTO) as opened:
        image = opened.convert("RGB")
    result = bytefit.compress(image, BUDGET, format="JPEG", slack=SLACK, metadata="strip")
    figure = _figure(7.2, 3.0)
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, title, sizes in (
        (left, "bisection of Pillow's quality", _bisection(image)),
        (right, "bytefit", [trial.size for trial in result.trials]),
    ):
        axes.set_title(f"{title}: {len(sizes)} full encode{'s' if len(sizes) > 1 else ''}")
        _draw_budget(axes)
        numbers = range(1, len(sizes) + 1)
        kilobytes = [size / 1000 for size in sizes]
        axes.plot(numbers, kilobytes, "o-", color=VERMILION, linewidth=1)
        best = max(size for size in sizes if size <= BUDGET)
        place = (sizes.index(best) + 1, best / 1000)
        offset = {"textcoords": "offset points", "xytext": (8, -16)}
        axes.annotate(f"answer: {bytefit.format_size(best)}", place, **offset)
        axes.set_xlim(0.5, 7.5)
        axes.set_xlabel("encode")
    left.set_ylabel("kB")
    _save(figure, folder / "bisection.svg")


def _bisection(image: Image.Image) -> list[int]:
    """Return the sizes of the encodes that bisecting the qualities 1 to 100 makes."""
    sizes = []
    low, high = 1, 100
    while low <= high:
        middle = (low + high) // 2
        buffer = BytesIO()
        image.save(buffer, "JPEG", quality=middle, optimize=True)
        sizes.append(buffer.tell())
        if sizes[-1] <= BUDGET:
            low = middle + 1
        else:
            high = middle - 1
    return sizes


def draw_formats(folder: Path) -> None:
    """Draw the same image and budget in the three formats that have a model."""
    with Image.open(PHOTO) as opened:
        image = opened.convert("RGB").resize((360, 240))
    figure = _figure(9.6, 3.0)
    for axes, name in zip(figure.subplots(1, 3, sharey=True), ("JPEG", "WEBP", "AVIF"), strict=True):
        _draw_search(axes, curve_of(codec_for_format(name), image, 10_000), budget=10_000)
        axes.set_title(name)
    figure.axes[0].legend(loc="upper left", fontsize=8)
    _save(figure, folder / "formats.svg")


def _draw_search(axes: Axes, curve: Curve, budget: int = BUDGET) -> None:
    _draw_budget(axes, budget)
    axes.plot(curve.qualities, [size / 1000 for size in curve.true_bytes], color="0.45", label="true curve")
    axes.plot(
        curve.qualities, [size / 1000 for size in curve.predicted_bytes], "--", color=BLUE, label="predicted curve"
    )
    axes.plot(
        [quality for quality, _ in curve.trials],
        [size / 1000 for _, size in curve.trials],
        "o",
        color=VERMILION,
        label="trial" if len(curve.trials) == 1 else "trials",
        zorder=3,
    )
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("quality")
    if axes.get_subplotspec().is_first_col():
        axes.set_ylabel("kB")


def _draw_budget(axes: Axes, budget: int = BUDGET) -> None:
    most = budget / 1000
    axes.axhspan(most * (1 - SLACK), most, color=ORANGE, alpha=0.3, linewidth=0, label="budget and its slack")
    axes.axhline(most, color=ORANGE, linewidth=1)


def _figure(width: float, height: float) -> Figure:
    return Figure(figsize=(width, height), layout="constrained")


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    # One line each, without spaces at their ends.
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(line.rstrip() for line in lines) + "\n", encoding="utf-8")


def main(arguments: list[str]) -> None:
    """Draw every plot into a folder."""
    folder = Path(arguments[0]) if arguments else FOLDER
    with style.context(["default", STYLE]):
        draw_curve(folder)
        draw_bisection(folder)
        draw_formats(folder)


if __name__ == "__main__":
    main(sys.argv[1:])

"""The model card: what the shipped models were trained on, how, and how wrong they are, in Markdown."""

from __future__ import annotations

import platform
from collections import Counter
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
from PIL import features as pillow_features

from bytefit.seeding.mosaic import TILE_HEIGHT, TILE_WIDTH
from bytefit.training.corpus import folder_name
from bytefit.training.markdown import table
from bytefit.training.measurement import VIEWS

if TYPE_CHECKING:
    from pathlib import Path

    from bytefit.training.fitting import Fitted
    from bytefit.training.measurement import Measured

# What stands below this line in a card was measured by other commands and outlives a training run.
KEPT_BELOW = "<!-- below: measured by other commands, kept by `bytefit train` -->"


def write_card(
    path: Path,
    fitted: dict[str, Fitted],
    measured: dict[str, list[Measured]],
    held_sources: set[str],
    folders: list[Path],
) -> None:
    """Write the card to `path`, keeping what an older card there says below `KEPT_BELOW`."""
    kept = path.read_text(encoding="utf-8").partition(KEPT_BELOW)[2] if path.is_file() else "\n"
    command = "bytefit train " + " ".join(map(folder_name, folders)) + " -o models/"
    sections = [
        "# Model card",
        _purpose(command),
        "## Data and split\n\n" + _data(measured, held_sources),
        "## Error on held-out sources\n\n" + _errors(fitted),
        "## Estimators compared\n\n" + _estimators(fitted),
        "## Best scale on held-out sources\n\n" + _looks(fitted),
        "## Features and their importance\n\n" + _importances(fitted),
        "## Mean curves\n\n" + _mean_curves(fitted),
        "## Versions\n\n" + _versions(),
    ]
    path.write_text("\n\n".join(sections) + "\n\n" + KEPT_BELOW + kept, encoding="utf-8")


def _purpose(command: str) -> str:
    return f"""\
These models predict the size of a picture at every rung of a codec's ladder, so that `bytefit` needs one or two full
encodes to fit a budget. They decide nothing: an answer is always bytes that were really encoded.

A sample of the picture is encoded as plain JPEG (the complexity probes): for JPEG one strip of every row of blocks, an
eighth of the picture, for the others a mosaic of {TILE_WIDTH}x{TILE_HEIGHT} tiles. A linear model turns that into a
first curve. The sample is then encoded by the codec where that curve meets the budget (the coarse reading), and the
picture at a lower effort of the codec, or a larger sample of it, where that reading says the budget is met (the fine
reading). Gradient-boosted trees (scikit-learn, Huber loss) correct what either comes to.

Made by `{command}`; the same images and versions give the same models."""


def _data(measured: dict[str, list[Measured]], held_sources: set[str]) -> str:
    rows = []
    for name, records in measured.items():
        for view in VIEWS:
            seen = [record for record in records if record.view == view]
            held = sum(record.source in held_sources for record in seen)
            rows.append([f"{name} {view}", str(len(seen) - held), str(held)])
    kinds = Counter(record.kind for record in next(iter(measured.values())) if record.view == "middle")
    sources = {record.source for records in measured.values() for record in records}
    return (
        table(["codec and view", "pictures trained on", "held out"], rows)
        + f"\n\n{len(sources)} sources, {len(sources & held_sources)} of them held out: no source is on both sides,"
        + " with all views of its pictures.\nViews: the middle, at most a megapixel; a larger middle, up to four; a"
        + " tiny piece, down to 24x24 pixels;\nthe whole scaled down to 0.1-0.3 megapixel and once compressed as JPEG."
        + "\n\nKinds: "
        + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
        + ".\n\nHeld out: "
        + ", ".join(sorted(sources & held_sources))
        + "."
    )


def _errors(fitted: dict[str, Fitted]) -> str:
    rows, worst = [], []
    for name, one in fitted.items():
        kinds = sorted(kind for kind, errors in one.errors["fine"].items() if errors)
        for kind in ("all", *kinds):
            read = [
                [e for of_kind, errors in by_kind.items() if kind in ("all", of_kind) for e in errors]
                for by_kind in one.errors.values()
            ]
            rows.append([f"{name} {kind}", str(len(read[-1])), *(cell for errors in read for cell in _spread(errors))])
        far = sorted(((abs(e), kind) for kind, errors in one.errors["fine"].items() for e in errors), reverse=True)
        worst.append(f"* {name}: " + ", ".join(f"{kind} {error:.2f}" for error, kind in far[:10]))
    return (
        "True minus predicted ln(bits per pixel) at every measured rung between 0.03 and 8 bits per pixel.\n\n"
        + table(
            ["", "rungs", "complexity: median", "p90", "coarse: median", "p90", "fine: median", "p90"],
            rows,
        )
        + "\n\nThe ten worst fine readings:\n\n"
        + "\n".join(worst)
    )


def _estimators(fitted: dict[str, Fitted]) -> str:
    rows = [
        [f"{name}: {one.name}", f"{one.median:.4f}", f"{one.p90:.3f}", f"{one.trials:.2f}", f"{one.microseconds:.0f}"]
        for name, model in fitted.items()
        for one in model.compared
    ]
    return """\
What corrects the fine reading, on the same rows: error on held-out sources, and the trials that follow if a first one
that misses the window of a slack of 5 % is followed by one more. All read the same, so that the expected cost differs
by the trials and the time of a prediction (libraries as they are, which a first answer would have to import; the
shipped trees in plain Python).

""" + table(["", "median", "p90", "trials", "microseconds"], rows)


def _looks(fitted: dict[str, Fitted]) -> str:
    rows = [
        [f"{name} {one.bits:g}", str(one.pictures), f"{one.full:.1f}", f"{one.predicted:.1f}", f"{one.best:.1f}"]
        for name, model in fitted.items()
        for one in model.looks
    ]
    return "Mean SSIMULACRA2, shown at full size, of pictures of at most 0.3 megapixel, by bits per pixel.\n\n" + table(
        ["", "pictures", "full size", "predicted scale", "best scale"], rows
    )


def _spread(errors: list[float]) -> list[str]:
    return [f"{np.quantile(np.abs(errors), share):.3f}" if errors else "-" for share in (0.5, 0.9)]


def _importances(fitted: dict[str, Fitted]) -> str:
    parts = []
    for index, read in enumerate(("coarse", "fine")):
        by_codec = {name: one.importances[index] for name, one in fitted.items()}
        names = dict.fromkeys(name for importances in by_codec.values() for name in importances)
        rows = [[name, *(f"{one[name]:.3f}" if name in one else "-" for one in by_codec.values())] for name in names]
        parts.append(table([f"{read} reading", *fitted], rows))
    return "\n\n".join(parts)


def _mean_curves(fitted: dict[str, Fitted]) -> str:
    lines = [
        f"* {name}, {content}: " + ", ".join(f"({quality:g}, {bits:g})" for quality, bits in knots)
        for name, one in fitted.items()
        for content, knots in one.mean_bits.items()
    ]
    return (
        "Geometric mean of bits per pixel by quality over training photographs or drawings; `mean_bits` of a codec.\n\n"
        + "\n".join(lines)
    )


def _versions() -> str:
    libraries = [f"{name} {version(name)}" for name in ("pillow", "numpy", "scipy", "scikit-learn", "joblib")]
    encoders = [
        f"{name} {pillow_features.version(feature)}"
        for name, feature in (("libjpeg-turbo", "libjpeg_turbo"), ("libwebp", "webp"), ("libavif", "avif"))
    ]
    return f"Python {platform.python_version()}, " + ", ".join(libraries + encoders) + "."

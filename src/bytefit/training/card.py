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
from bytefit.training.fitting import PROBES
from bytefit.training.markdown import table
from bytefit.training.measurement import VIEWS

if TYPE_CHECKING:
    from pathlib import Path

    from bytefit.training.fitting import TrainedModel
    from bytefit.training.measurement import Measured

# A training run keeps everything below this line of an older card: other commands measured it.
KEPT_BELOW = "<!-- below: measured by other commands, kept by `bytefit train` -->"


def write_card(
    path: Path,
    trained: dict[str, TrainedModel],
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
        "## Error on held-out sources\n\n" + _errors(trained),
        "## Estimators compared\n\n" + _estimators(trained),
        "## Best scale on held-out sources\n\n" + _scale_scores(trained),
        "## Features and their importance\n\n" + _importances(trained),
        "## Mean curves\n\n" + _mean_curves(trained),
        "## Versions\n\n" + _versions(),
    ]
    path.write_text("\n\n".join(sections) + "\n\n" + KEPT_BELOW + kept, encoding="utf-8")


def _purpose(command: str) -> str:
    return f"""\
These models predict the size of a picture at every rung of a codec's ladder, so that `bytefit` needs one or two full
encodes to fit a budget. They decide nothing: an answer is always a file that was encoded and measured.

First a sample of the picture is encoded as plain JPEG (the complexity probe). For JPEG the sample is a piece of every
row of blocks, an eighth of the picture; for the other codecs it is a mosaic of {TILE_WIDTH}x{TILE_HEIGHT} tiles. A
linear model turns the complexity into a first curve. Then the codec encodes the sample at the rung where that curve
meets the budget (the sample probe). Last it encodes the whole picture at a lower effort, or a larger sample, at the
rung where the sample probe meets the budget (the low-effort probe). Gradient-boosted trees (scikit-learn, Huber loss)
correct both.

Made by `{command}`. The same images and versions give the same models."""


def _data(measured: dict[str, list[Measured]], held_sources: set[str]) -> str:
    rows = []
    for name, records in measured.items():
        for view in VIEWS:
            seen = [record for record in records if record.view == view]
            held = sum(record.source in held_sources for record in seen)
            rows.append([f"{name} {view}", str(len(seen) - held), str(held)])
    middles = [record.source in held_sources for record in next(iter(measured.values())) if record.view == "middle"]
    share = 100 * sum(middles) / max(1, len(middles))
    kinds = Counter(record.kind for record in next(iter(measured.values())) if record.view == "middle")
    sources = {record.source for records in measured.values() for record in records}
    return (
        table(["codec and view", "pictures trained on", "held out"], rows)
        + f"\n\n{len(sources)} sources, {len(sources & held_sources)} of them held out: of the {next(iter(measured))}"
        + f" middles {100 - share:.0f} % are trained on and {share:.0f} % held out. All views of all pictures of a"
        + " source are on the same side.\nViews: the middle, at most a megapixel; a larger middle, up to four; a"
        + " tiny piece, down to 24x24 pixels;\nthe whole, scaled down to 0.1-0.3 megapixel and compressed once as JPEG."
        + "\n\nKinds: "
        + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
        + ".\n\nHeld out: "
        + ", ".join(sorted(sources & held_sources))
        + "."
    )


def _errors(trained: dict[str, TrainedModel]) -> str:
    rows, worst = [], []
    for name, one in trained.items():
        kinds = sorted(kind for kind, errors in one.errors[PROBES[-1]].items() if errors)
        for kind in ("all", *kinds):
            by_probe = [
                [e for of_kind, errors in by_kind.items() if kind in ("all", of_kind) for e in errors]
                for by_kind in one.errors.values()
            ]
            cells = [cell for errors in by_probe for cell in _quantile_cells(errors)]
            rows.append([f"{name} {kind}", str(len(by_probe[-1])), *cells])
        far = sorted(((abs(e), kind) for kind, errors in one.errors[PROBES[-1]].items() for e in errors), reverse=True)
        worst.append(f"* {name}: " + ", ".join(f"{kind} {error:.2f}" for error, kind in far[:10]))
    return (
        "True minus predicted ln(bits per pixel) at every measured rung between 0.03 and 8 bits per pixel.\n\n"
        + table(
            ["", "rungs", *(cell for probe in PROBES for cell in (f"{probe}: median", "p90"))],
            rows,
        )
        + "\n\nThe ten worst low-effort probes:\n\n"
        + "\n".join(worst)
    )


def _estimators(trained: dict[str, TrainedModel]) -> str:
    rows = [
        [f"{name}: {one.name}", f"{one.median:.4f}", f"{one.p90:.3f}", f"{one.trials:.2f}", f"{one.microseconds:.0f}"]
        for name, model in trained.items()
        for one in model.compared
    ]
    return """\
Estimators that could correct the low-effort probe, on the same rows: their error on held-out sources, and the expected
trials if one more trial follows every first one that misses the window of a slack of 5 %. All use the same probes, so
the expected cost differs by the trials and by the time of a prediction. The shipped trees run in plain Python; the
others run in their libraries, which a first answer would have to import.

""" + table(["", "median", "p90", "trials", "microseconds"], rows)


def _scale_scores(trained: dict[str, TrainedModel]) -> str:
    rows = [
        [f"{name} {one.bits:g}", str(one.pictures), f"{one.full:.1f}", f"{one.predicted:.1f}", f"{one.best:.1f}"]
        for name, model in trained.items()
        for one in model.looks
    ]
    few = "" if rows else "Too few pictures were given to test scales; with few, the trees come with bytefit.\n\n"
    return (
        few
        + "Mean SSIMULACRA2 at full size of pictures of at most 0.3 megapixel, by bits per pixel.\n\n"
        + table(["", "pictures", "full size", "predicted scale", "best scale"], rows)
    )


def _quantile_cells(errors: list[float]) -> list[str]:
    return [f"{np.quantile(np.abs(errors), share):.3f}" if errors else "-" for share in (0.5, 0.9)]


def _importances(trained: dict[str, TrainedModel]) -> str:
    parts = []
    for index, probe in enumerate(PROBES[1:]):
        by_codec = {name: one.importances[index] for name, one in trained.items()}
        names = dict.fromkeys(name for importances in by_codec.values() for name in importances)
        rows = [[name, *(f"{one[name]:.3f}" if name in one else "-" for one in by_codec.values())] for name in names]
        parts.append(table([probe, *trained], rows))
    return "\n\n".join(parts)


def _mean_curves(trained: dict[str, TrainedModel]) -> str:
    lines = [
        f"* {name}, {content}: " + ", ".join(f"({quality:g}, {bits:g})" for quality, bits in knots)
        for name, one in trained.items()
        for content, knots in one.mean_bits.items()
    ]
    return (
        "Geometric mean of bits per pixel by quality over training photographs or graphics: `mean_bits` of a codec.\n\n"
        + "\n".join(lines)
    )


def _versions() -> str:
    libraries = [f"{name} {version(name)}" for name in ("pillow", "numpy", "scipy", "scikit-learn", "joblib")]
    encoders = [
        f"{name} {pillow_features.version(feature)}"
        for name, feature in (("libjpeg-turbo", "libjpeg_turbo"), ("libwebp", "webp"), ("libavif", "avif"))
    ]
    return f"Python {platform.python_version()}, " + ", ".join(libraries + encoders) + "."

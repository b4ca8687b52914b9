"""The model card: what the shipped models were trained on, how, and how wrong they are, in Markdown."""

from __future__ import annotations

import platform
from collections import Counter
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
from PIL import features as pillow_features

from bytefit.seeding.mosaic import TILE_HEIGHT, TILE_WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
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
    command = "bytefit train " + " ".join(folder.name for folder in folders) + " -o models/"
    sections = [
        "# Model card",
        _purpose(command),
        "## Data and split\n\n" + _data(measured, held_sources),
        "## Error on held-out sources\n\n" + _errors(fitted),
        "## Best scale on held-out sources\n\n" + _looks(fitted),
        "## Features and their importance\n\n" + _importances(fitted),
        "## Mean curves\n\n" + _mean_curves(fitted),
        "## Versions\n\n" + _versions(),
    ]
    path.write_text("\n\n".join(sections) + "\n\n" + KEPT_BELOW + kept, encoding="utf-8")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table with its columns aligned, the first to the left, the others to the right."""
    lines = [list(header), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        first, *others = (
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "| " + " | ".join((first, *others)) + " |"

    rule = "|" + "|".join("-" * (width + 1) + (":" if column else "-") for column, width in enumerate(widths)) + "|"
    return "\n".join([line(lines[0]), rule, *map(line, lines[1:])])


def _purpose(command: str) -> str:
    return f"""\
These models predict the size of a picture at every rung of a codec's ladder, so that `bytefit` needs one or two full
encodes to fit a budget. They decide nothing: an answer is always bytes that were really encoded.

A mosaic of {TILE_WIDTH}x{TILE_HEIGHT} tiles is encoded as plain JPEG (the scouts); a linear model turns that
into a first curve; the whole picture is encoded once where that curve meets the budget, at a low effort of the codec
(the probe); gradient-boosted trees (scikit-learn, Huber loss) correct what it came to.

Made by `{command}`; the same images and versions give the same files."""


def _data(measured: dict[str, list[Measured]], held_sources: set[str]) -> str:
    rows = []
    for name, records in measured.items():
        held = sum(record.source in held_sources for record in records)
        rows.append([name, str(len(records) - held), str(held)])
    kinds = Counter(record.kind for record in next(iter(measured.values())))
    sources = {record.source for records in measured.values() for record in records}
    return (
        table(["codec", "pictures trained on", "held out"], rows)
        + f"\n\n{len(sources)} sources, {len(sources & held_sources)} of them held out: no source is on both sides."
        + " Pictures over a megapixel\nare measured on their middle. Kinds: "
        + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
        + ".\n\nHeld out: "
        + ", ".join(sorted(sources & held_sources))
        + "."
    )


def _errors(fitted: dict[str, Fitted]) -> str:
    rows = []
    for name, one in fitted.items():
        kinds = {"all": [e for errors in one.errors.values() for e in errors], **dict(sorted(one.errors.items()))}
        scouts = {"all": [e for errors in one.scout_errors.values() for e in errors], **one.scout_errors}
        rows += [
            [f"{name} {kind}", str(len(errors)), *_spread(scouts[kind]), *_spread(errors)]
            for kind, errors in kinds.items()
            if errors
        ]
    return "True minus predicted ln(bytes) at every measured rung between 0.03 and 8 bits per pixel.\n\n" + table(
        ["", "rungs", "scouts: median", "p90", "with the probe: median", "p90"], rows
    )


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
    return [f"{np.quantile(np.abs(errors), share):.3f}" for share in (0.5, 0.9)]


def _importances(fitted: dict[str, Fitted]) -> str:
    names = list(dict.fromkeys(name for one in fitted.values() for name in one.importances))
    rows = [
        [name, *(f"{one.importances[name]:.3f}" if name in one.importances else "-" for one in fitted.values())]
        for name in names
    ]
    return table(["feature", *fitted], rows)


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

"""`bytefit models`: which models are in use, where they are from, and how good they are on this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bytefit.cli.options import FINE, OVER, add_learned_codecs
from bytefit.errors import ConfigError
from bytefit.formats import FORMATS
from bytefit.seeding.model import file_name, folder_in_use, model_in_use, own_formats

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from PIL import Image

    from bytefit.seeding.model import Model

_LEARNED = [one.name for one in FORMATS if one.has_model]


def add_models(models: argparse.ArgumentParser) -> None:
    """Add the arguments of `bytefit models`."""
    models.add_argument(
        "--check",
        nargs="?",
        const="",
        metavar="DIR",
        help="fit the images of DIR, or a dozen generated ones, and compare the results with the model card",
    )
    add_learned_codecs(models)
    models.add_argument(
        "--models",
        metavar="DIR",
        help="the folder with your own models (default: BYTEFIT_MODELS, else the models that come with bytefit)",
    )
    models.add_argument("--json", action="store_true", help="print it as JSON")
    models.set_defaults(run=_models)


def _models(arguments: argparse.Namespace) -> int:
    folder = folder_in_use(arguments.models)
    own = [] if folder is None else own_formats(folder)
    rows = [_row(name, folder if name in own else None, arguments) for name in arguments.codec or _LEARNED]
    print(json.dumps(rows, indent=2) if arguments.json else "\n".join(map(_line, rows)))
    return OVER if any(row.get("retrain") for row in rows) else FINE


def _row(name: str, folder: str | None, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what is known of the model in use for a format, measured here if `--check` asks for it."""
    model = model_in_use(name, arguments.models)
    if model is None:
        return {"codec": name, "file": None}
    row = {
        "codec": name,
        "file": file_name(name),
        "folder": folder,
        "version": model.version,
        "rungs": model.rungs,
        "sources": len(model.sources),
        "training": {name: value for name, value in model.training.items() if name != "sources"},
    }
    return row if arguments.check is None else {**row, **_checked(model, arguments)}


def _checked(model: Model, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what the model does with the images of the check, and whether training again pays."""
    from bytefit.training.drift import has_drifted, machine, measured
    from bytefit.training.generated_pictures import generated_pictures

    given = bool(arguments.check)
    pictures = _pictures(Path(arguments.check)) if given else iter(generated_pictures().values())
    here = measured(model.codec, pictures, arguments.models)
    if here is None:
        raise ConfigError(
            f"nothing to check {model.codec} with in {arguments.check}: no image that it can be fitted to"
        )
    stored = model.training.get("held_out" if given else "generated")
    retrain = stored is not None and has_drifted(here, stored)
    return {"here": {**here._asdict(), **machine(model.codec)}, "compared_with": stored, "retrain": retrain}


def _pictures(folder: Path) -> Iterator[Image.Image]:
    """Yield the pictures of a folder; what cannot be read, or holds several, is left out."""
    from bytefit.errors import UnsupportedImage
    from bytefit.sources.reading import read_picture

    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder: name one with images, or none for the generated ones")
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            yield read_picture(path)
        except (UnsupportedImage, OSError):
            continue


def _line(row: dict[str, Any]) -> str:
    """Return the lines about one model."""
    if row["file"] is None:
        return f"{row['codec']}: no model; searches start from the mean curve"
    place = f"{row['folder']}/{row['file']}" if row["folder"] else f"{row['file']}, which comes with bytefit"
    figures = row["training"]
    trained = f", trained with {figures['encoder']} and Pillow {figures['pillow']}" if figures else ""
    lines = [f"{row['codec']}: {place}: {row['sources']} sources, a ladder of {row['rungs']} rungs{trained}"]
    if figures:
        lines.append(f"  held-out images   {_shown(figures['held_out'])}")
    if "here" not in row:
        return "\n".join(lines)
    here, stored = row["here"], row["compared_with"]
    lines.append(
        f"  here, {here['cases']:>4} fits    {_shown(here)}, with {here['encoder']} and Pillow {here['pillow']}"
    )
    if stored is None:
        return "\n".join([*lines, "  the model does not say how good it was: nothing to compare with"])
    if stored is figures.get("generated"):
        lines.append(f"  the same, trained {_shown(stored)}")
    verdict = (
        "training again pays: bytefit train DIR -o FOLDER, then --models FOLDER"
        if row["retrain"]
        else "no drift: training again does not pay"
    )
    return "\n".join([*lines, f"  {verdict}"])


def _shown(values: dict[str, Any]) -> str:
    return f"{values['trials']:.2f} trials, error {values['error']:.1%} (a tenth above {values['p90']:.1%})"

"""A training run: folders of images in, model files and their card out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bytefit.codecs import LEARNED
from bytefit.errors import ConfigError
from bytefit.training.card import write_card
from bytefit.training.corpus import find_files, split
from bytefit.training.fitting import fit
from bytefit.training.measurement import measure_all
from bytefit.training.scales import GRID, measure_scales

if TYPE_CHECKING:
    from pathlib import Path

    from bytefit.training.measurement import Measured
    from bytefit.training.scales import Grid

# A split by source needs some pictures on either side, and trees need rows.
LEAST_TRAINING_PICTURES = 20


def train(folders: list[Path], output: Path, *, cache: Path, jobs: int, grid: Grid = GRID) -> None:
    """Train a model for every codec on the images below `folders` and write them to `output`.

    Args:
        folders: see `bytefit.training.corpus`.
        output: gets one JSON file per codec, `published-attempt.json` for the benchmark, and the card, `README.md`.
        cache: where measurements are kept between runs.
        jobs: processes to measure with; -1 means one per core.
        grid: what is measured of scaled pictures.

    Raises:
        ConfigError: if there are too few pictures to learn from.
    """
    files, held_out = split(find_files(folders))
    held_sources = {file.source for file in held_out}
    measured = measure_all(files + held_out, LEARNED, cache, jobs)
    scaled = measure_scales(files + held_out, LEARNED, cache, jobs, grid)
    output.mkdir(parents=True, exist_ok=True)
    fitted, published = {}, {}
    for codec in LEARNED:
        records = measured[codec.format]
        learned = [record for record in records if record.source not in held_sources]
        if len(learned) < LEAST_TRAINING_PICTURES:
            raise ConfigError(
                f"{len(learned)} pictures for {codec.format} are too few to learn from: "
                f"give folders with at least {LEAST_TRAINING_PICTURES} of several sources"
            )
        others = [record for record in records if record.source in held_sources]
        if not others:
            raise ConfigError(
                f"no pictures for {codec.format} are held out: give folders with pictures of more sources"
            )
        scales = [record for record in scaled[codec.format] if record.source not in held_sources]
        other_scales = [record for record in scaled[codec.format] if record.source in held_sources]
        fitted[codec.format] = fit(codec, learned, others, scales, other_scales)
        published[codec.format] = [_published_row(record) for record in learned if record.view == "middle"]
        _write(output / f"{codec.format.lower()}.json", fitted[codec.format].model.as_record())
    _write(output / "published-attempt.json", published)
    write_card(output / "README.md", fitted, measured, held_sources, folders)


def _published_row(record: Measured) -> list[list[float]]:
    """Return the training data of the published attempt from one picture: its features and its true curve."""
    return [
        [float(f"{value:.4g}") for value in record.full_features],
        [round(bits, 3) for bits in record.truth],
    ]


def _write(path: Path, record: dict[str, Any]) -> None:
    """Write JSON that a person can read: a line for every value, and for every tree or row of a list."""
    lines = [f" {_compact(name)}: {_value(value)}" for name, value in record.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _value(value: Any) -> str:
    if isinstance(value, dict) and value.keys() == {"base", "trees"}:
        return f'{{"base":{_compact(value["base"])},"trees":{_value(value["trees"])}}}'
    if isinstance(value, list) and any(isinstance(item, list) for item in value):
        return "[\n  " + ",\n  ".join(map(_compact, value)) + "\n ]"
    return _compact(value)


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))

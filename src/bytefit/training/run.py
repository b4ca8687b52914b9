"""A training run: folders of images in, model files and their card out."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from hashlib import sha256
from math import ceil
from statistics import pstdev
from typing import TYPE_CHECKING, Any, TypeVar

from bytefit.codecs import LEARNED
from bytefit.errors import ConfigError, UnsupportedImage
from bytefit.resources import models_folder
from bytefit.seeding.model import file_name, shipped_model
from bytefit.seeding.probes import WHOLE_QUALITY
from bytefit.sources.reading import read_picture
from bytefit.training.card import write_card
from bytefit.training.corpus import find_files, split
from bytefit.training.drift import machine
from bytefit.training.drift import measured as measured_fits
from bytefit.training.fitting import LEAST_PIXELS, fit
from bytefit.training.generated_pictures import generated_pictures
from bytefit.training.measurement import MOST_PIXELS, Measured, measure_all, middle
from bytefit.training.scales import GRID, Scaled, measure_scales

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from PIL import Image

    from bytefit.codecs import Codec
    from bytefit.seeding.model import Model
    from bytefit.training.corpus import CorpusFile
    from bytefit.training.fitting import TrainedModel
    from bytefit.training.scales import Grid

# The most images that a new model is compared with the shipped one on; each is fitted to three budgets.
_MOST_COMPARED = 12

Record = TypeVar("Record", Measured, Scaled)

# A split by source needs some pictures on either side, and trees need rows.
LEAST_TRAINING_PICTURES = 20

# With fewer pictures of one format than this, a model corrects the one that comes with bytefit instead of starting
# from nothing.
FEW_PICTURES = 150

# Pictures whose ln(bits per pixel) at JPEG quality 50 spread by less than this are all much alike. In folders of one
# kind (photographs of the web, screenshots, pages) it spreads by 0.4 to 1.1.
_ALIKE = 0.15


def train(
    folders: list[Path],
    output: Path,
    *,
    cache: Path,
    jobs: int,
    codecs: tuple[Codec, ...] = LEARNED,
    grid: Grid = GRID,
    checked_with: Callable[[], Mapping[str, Image.Image]] = generated_pictures,
) -> None:
    """Train a model for every codec on the images below `folders` and write them to `output`.

    Args:
        folders: see `bytefit.training.corpus`.
        output: gets one JSON file per codec, `published-attempt.json` for the benchmark, and the card, `README.md`.
        cache: where measurements are kept between runs.
        jobs: processes to measure with; -1 means one per core.
        codecs: the codecs to train for.
        grid: what is measured of scaled pictures.
        checked_with: makes the pictures that `bytefit models --check` will fit again.

    Raises:
        ConfigError: if there are too few pictures to learn from.
    """
    found = _distinct(find_files(folders))
    files, held_out = split(found)
    _check_sources(found, held_out)
    held_sources = {file.source for file in held_out}
    _say(f"{len(found)} images: {len(files)} to learn from, {len(held_out)} of other sources to test the models on")
    measured = measure_all(files + held_out, codecs, cache, jobs)
    for codec in codecs:
        _check_pictures(codec, measured[codec.format], held_sources)
    scaled = measure_scales(files + held_out, codecs, cache, jobs, grid)
    output.mkdir(parents=True, exist_ok=True)
    fitted, published = {}, {}
    for codec in codecs:
        learned, others = _sides(measured[codec.format], held_sources)
        few = sum(record.view == "middle" for record in learned) < FEW_PICTURES
        start = shipped_model(codec.format) if few else None
        fitted[codec.format] = fit(codec, learned, others, *_sides(scaled[codec.format], held_sources), start=start)
        published[codec.format] = [_published_row(record) for record in learned if record.view == "middle"]
        path = output / file_name(codec.format)
        _write(path, fitted[codec.format].model.as_record())
        _write(path, _with_figures(fitted[codec.format], others, checked_with(), output).as_record())
    _write(output / "published-attempt.json", published)
    write_card(output / "README.md", fitted, measured, held_sources, folders)
    for codec in codecs:
        _compare_with_shipped(codec, held_out, output)
    _say(f"wrote {', '.join(file_name(codec.format) for codec in codecs)} and README.md to {output}")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _distinct(files: list[CorpusFile]) -> list[CorpusFile]:
    """Return the files without copies of others: a copy on the other side of the split would flatter the models."""
    by_content = {sha256(file.path.read_bytes()).digest(): file for file in reversed(files)}
    distinct = list(reversed(by_content.values()))
    if len(distinct) < len(files):
        _say(f"{len(files) - len(distinct)} of {len(files)} files are copies of others, and are left out")
    return distinct


def _check_sources(files: list[CorpusFile], held_out: list[CorpusFile]) -> None:
    """Refuse files that no model can be tested with.

    Raises:
        ConfigError: if they are too few, or all of one source.
    """
    if len(files) < LEAST_TRAINING_PICTURES:
        raise ConfigError(
            f"{len(files)} different images are too few to learn from: "
            f"give folders with at least {LEAST_TRAINING_PICTURES} of several sources"
        )
    if not held_out:
        sources = sorted({file.source for file in files})
        state = f"all of one source, {sources[0]}" if len(sources) == 1 else f"of only {len(sources)} sources"
        raise ConfigError(
            f"the {len(files)} images are {state}: a model is tested on sources that it does not know, so add images "
            "of others; without a table of sources (FOLDER.tsv) every image counts as its own source"
        )


def _check_pictures(codec: Codec, records: list[Measured], held_sources: set[str]) -> None:
    """Refuse pictures that are too few on either side, and warn of pictures that are all alike.

    Raises:
        ConfigError: naming the codec.
    """
    learned, others = _sides(
        [record for record in records if record.width * record.height >= LEAST_PIXELS], held_sources
    )
    if len(learned) < LEAST_TRAINING_PICTURES:
        raise ConfigError(
            f"{len(learned)} pictures for {codec.format} are too few to learn from: "
            f"give folders with at least {LEAST_TRAINING_PICTURES} of several sources"
        )
    if not others:
        raise ConfigError(f"no pictures for {codec.format} are held out: give folders with pictures of more sources")
    spread = pstdev(record.complexities[WHOLE_QUALITY] for record in learned if record.view == "middle")
    if spread < _ALIKE:
        _say(
            f"warning: the images are much alike for {codec.format} (their bits per pixel spread by {spread:.0%}): "
            "the model will be good for such images only; add images that differ in what they show"
        )


def _sides(records: list[Record], held_sources: set[str]) -> tuple[list[Record], list[Record]]:
    """Return the records to learn from, and those of sources that are held out."""
    learned = [record for record in records if record.source not in held_sources]
    return learned, [record for record in records if record.source in held_sources]


def _with_figures(
    trained: TrainedModel, held_out: list[Measured], pictures: Mapping[str, Image.Image], output: Path
) -> Model:
    """Return a model, written to `output` already, with how good it is, for `bytefit models --check`."""
    model = trained.model
    final = trained.compared[-1]
    generated = measured_fits(model.codec, pictures.values(), output)
    figures = {
        **machine(model.codec),
        "held_out": {
            "pictures": sum(record.view == "middle" for record in held_out),
            "trials": round(final.trials, 3),
            "error": round(final.median, 4),
            "p90": round(final.p90, 4),
        },
        "generated": None if generated is None else generated._asdict(),
    }
    return model._replace(training={**model.training, **figures})


def _compare_with_shipped(codec: Codec, held_out: list[CorpusFile], output: Path) -> None:
    """Say whether the models in `output` take fewer trials than the shipped ones, on images that are held out."""
    if output.resolve() == models_folder().resolve():
        return
    chosen = held_out[:: ceil(len(held_out) / _MOST_COMPARED)]
    own = measured_fits(codec.format, _middles(chosen), output)
    shipped = measured_fits(codec.format, _middles(chosen), models_folder())
    if own is None or shipped is None:
        return
    verdict = "use the new one"
    if own.trials >= shipped.trials:
        verdict = "keep that one, or train again with more images of more sources"
    _say(
        f"{codec.format}: {own.trials:.2f} trials in {own.cases} fits of held-out images, "
        f"{shipped.trials:.2f} with the model that comes with bytefit: {verdict}"
    )


def _middles(files: list[CorpusFile]) -> Iterator[Image.Image]:
    """Yield the middles of the images that can be read."""
    for file in files:
        with suppress(UnsupportedImage, OSError):
            yield middle(read_picture(file.path), MOST_PIXELS)


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

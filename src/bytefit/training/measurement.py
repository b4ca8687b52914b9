"""What is measured of a picture for training: its true curve, its probes and its scouts, by the run-time functions.

Measuring takes nearly all the time of a training run, so it is done in parallel and cached on disk by the content
of the file and all that decides the result, each part by itself.
"""

from __future__ import annotations

import warnings
from ast import literal_eval
from dataclasses import dataclass
from hashlib import sha256
from inspect import getsource
from io import BytesIO
from typing import TYPE_CHECKING, Any

import joblib
import PIL
from PIL.Image import Resampling
from PIL.Image import open as open_image

from bytefit.codecs import codec_for_format
from bytefit.codecs.codec import DRAWING
from bytefit.codecs.encoding import save_to_bytes
from bytefit.codecs.preparing import prepare
from bytefit.errors import UnsupportedImage
from bytefit.seeding import mosaic as mosaic_module
from bytefit.seeding import sampling as sampling_module
from bytefit.seeding import strips as strips_module
from bytefit.seeding.features import WHOLE_SCOUT, reading, scout
from bytefit.seeding.picture_kind import for_content
from bytefit.seeding.sampling import larger_sample, sample
from bytefit.sources.reading import read_picture
from bytefit.training.full_features import full_features
from bytefit.training.progress import tracked

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from PIL import Image

    from bytefit.codecs import Codec
    from bytefit.training.corpus import Sample

# Larger pictures are measured on their middle: the statistics of their pixels are the same, and AVIF takes seconds.
MOST_PIXELS = 1_000_000

# What of a picture is measured: its middle, and where that makes another picture a larger part of it (encoders go
# other ways with more pixels), a tiny piece, and all of it as pages and hooks meet it: scaled down and compressed once.
VIEWS = ("middle", "large", "tiny", "shrunk")
_LARGE_PIXELS, _SHRUNK_PIXELS = 4_000_000, 300_000
_TINY_SIDES = (24, 40, 64, 96, 160, 256)
_SHRUNK_QUALITIES = (60, 70, 75, 80, 85, 90, 95)

# How many rungs the true curve is measured at, evenly spaced, or their qualities; both ends included. The dear views
# are measured at every second of them.
KNOTS: dict[str, int | tuple[float, ...]] = {
    "JPEG": 17,
    "WEBP": (0, 5, 9.5, 19, 28, 38, 48, 57, 67, 76.5, 81, 86, 90.5, 92.75, 95.25, 97.5, 100),
    "AVIF": (2, 11, 19, 27, 38, 46, 54, 65, 73, 83, 91, 100),
}
_EVERY_SECOND = ("large", "shrunk")

# Qualities the scouts are measured at; which of them a model uses is decided when it is fitted.
SCOUT_QUALITIES = (10, 30, 50, 75, 90)


@dataclass(frozen=True, slots=True)
class Measured:
    """One view of a picture as one codec sees it; all readings as ln(bits per pixel) without the file's header.

    Attributes:
        kind, source: see `bytefit.training.corpus`.
        view: see `VIEWS`.
        mode, width, height: of what was encoded.
        content: what it holds, if the codec has settings of its own for that; else "photograph".
        rungs: where it was measured.
        truth: the full encodes.
        share: the pixels of its sample over its own; 1 for a picture too small for one.
        scouts: those of the sample, by JPEG quality.
        whole_scout: that of the whole.
        coarse: the coarse readings.
        fine: the fine ones, each with its gauge and the share of the pixels that was read; None where none pays.
        full_features: those of the published attempt.
    """

    kind: str
    source: str
    view: str
    mode: str
    width: int
    height: int
    content: str
    rungs: list[int]
    truth: list[float]
    share: float
    scouts: dict[int, float]
    whole_scout: float
    coarse: list[float]
    fine: list[tuple[float, float, float] | None]
    full_features: list[float]


def knots(codec: Codec) -> list[int]:
    """Return the rungs of a codec's ladder at which curves are measured."""
    count, last = KNOTS[codec.format], len(codec.ladder) - 1
    if isinstance(count, tuple):
        return [codec.ladder.index(quality) for quality in count]
    return [round(i * last / (count - 1)) for i in range(count)]


def measure_all(samples: list[Sample], codecs: tuple[Codec, ...], cache: Path, jobs: int) -> dict[str, list[Measured]]:
    """Measure every view of every sample with every codec; return by format what could be measured."""
    tasks = [(sample, view, codec) for sample in samples for view in VIEWS for codec in codecs]
    calls = [joblib.delayed(_measured)(sample, view, codec.format, cache) for sample, view, codec in tasks]
    records = joblib.Parallel(n_jobs=jobs, return_as="generator")(calls)
    measured: dict[str, list[Measured]] = {codec.format: [] for codec in codecs}
    for (_, _, codec), record in zip(tasks, tracked(records, "measuring", len(tasks)), strict=True):
        if record is not None:
            measured[codec.format].append(record)
    return measured


def _measured(sample: Sample, view: str, codec_format: str, cache: Path) -> Measured | None:
    """Measure one view, part by part from the cache: the truth is dear, the readings are what is worked on."""
    memory = joblib.Memory(cache, verbose=0)
    codec = codec_for_format(codec_format)
    digest = sha256(sample.path.read_bytes()).hexdigest()
    at = knots(codec)[:: 2 if view in _EVERY_SECOND else 1]
    decides = settings_key(codec, [codec.ladder[rung] for rung in at])
    key = repr((digest, codec_format, PIL.__version__, at, decides))
    shape = memory.cache(_shape, ignore=["path"])(sample.path, view, key)
    if shape is None:
        return None
    readings = memory.cache(_readings, ignore=["path"])(sample.path, view, key, _reading_key(codec))
    truth = memory.cache(_truth, ignore=["path"])(sample.path, view, key)
    return Measured(kind=sample.kind, source=sample.source, view=view, rungs=at, truth=truth, **shape, **readings)


def settings_key(codec: Codec, qualities: Iterable[float]) -> list[Any]:
    """Return what decides the files of some qualities, as a key for a cache: the qualities, if nothing else."""
    named: list[Any] = []
    for quality in qualities:
        settings = [one.setting(quality, "RGB") for one in (codec, codec.for_content(DRAWING))]
        plain = all(setting == {"quality": quality} for setting in settings)
        named.append(quality if plain else sha256(repr(settings).encode()).hexdigest())
    return named


def _reading_key(codec: Codec) -> str:
    """Return what decides the readings beside the picture and the settings, as a key for the cache."""
    parts: tuple[Any, ...] = (strips_module, sampling_module) if codec.hints.rows_apart else (mosaic_module, sample)
    sampling = [getsource(item) for item in (*parts, scout, reading)]
    return repr(
        (sha256(repr(sampling).encode()).hexdigest(), sorted(codec.hints.probe_options.items()), SCOUT_QUALITIES)
    )


def _prepared(path: Path, view: str, key: str) -> tuple[Codec, Image.Image] | None:
    """Return the codec as it suits a view of a picture, and the view, or None where there is no such view of it."""
    codec = codec_for_format(literal_eval(key)[1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        picture = viewed(prepare(codec, read_picture(path)), view, path.name)
    return None if picture is None else (for_content(codec, sample(codec, picture)), picture)


def viewed(picture: Image.Image, view: str, name: str) -> Image.Image | None:
    """Return a view of a picture, see `VIEWS`, or None where it is none of its own; `name` draws its dimensions."""
    pixels = picture.width * picture.height
    draw = sha256(name.encode()).digest()
    if view == "middle":
        return middle(picture, MOST_PIXELS)
    if view == "large":
        return middle(picture, _LARGE_PIXELS) if pixels > 2 * MOST_PIXELS else None
    if view == "tiny":
        width, height = (_TINY_SIDES[byte % len(_TINY_SIDES)] for byte in draw[:2])
        left, top = (picture.width - width) // 2, (picture.height - height) // 2
        return picture.crop((left, top, left + width, top + height)) if min(left, top) > 0 else None
    if pixels < _SHRUNK_PIXELS or picture.mode not in {"L", "RGB"}:
        return None
    share = (_SHRUNK_PIXELS / pixels) ** 0.5 * (0.6 + 0.4 * draw[0] / 255)
    small = picture.resize((round(picture.width * share), round(picture.height * share)), Resampling.LANCZOS)
    once = save_to_bytes(small, "JPEG", {"quality": _SHRUNK_QUALITIES[draw[1] % len(_SHRUNK_QUALITIES)]})
    with open_image(BytesIO(once)) as decoded:
        return decoded.convert(picture.mode)


def _shape(path: Path, view: str, key: str) -> dict[str, Any] | None:
    """Return mode, dimensions, content and the published attempt's features, or None where nothing can be measured."""
    try:
        found = _prepared(path, view, key)
    except UnsupportedImage:
        return None
    if found is None:
        return None
    codec, picture = found
    return {
        "mode": picture.mode,
        "width": picture.width,
        "height": picture.height,
        "content": codec.variants.content,
        "full_features": full_features(picture) if view == "middle" else [],
    }


def _view(path: Path, view: str, key: str) -> tuple[Codec, Image.Image, list[int]]:
    found = _prepared(path, view, key)
    assert found is not None
    return *found, literal_eval(key)[3]


def _truth(path: Path, view: str, key: str) -> list[float]:
    codec, picture, rungs = _view(path, view, key)
    return [reading(codec, picture, rung)[0] for rung in rungs]


def _readings(path: Path, view: str, key: str, reading_key: str) -> dict[str, Any]:  # noqa: ARG001  (for the cache)
    codec, picture, rungs = _view(path, view, key)
    part = sample(codec, picture)
    coarse = [reading(codec, part, rung)[0] for rung in rungs]
    return {
        "share": part.width * part.height / (picture.width * picture.height),
        "scouts": dict(zip(SCOUT_QUALITIES, scout(part, SCOUT_QUALITIES)[0], strict=True)),
        "whole_scout": scout(picture, [WHOLE_SCOUT])[0][0],
        "coarse": coarse,
        "fine": [_fine(codec, picture, part, rung, full) for rung, full in zip(rungs, coarse, strict=True)],
    }


def _fine(
    codec: Codec, picture: Image.Image, part: Image.Image, rung: int, full: float
) -> tuple[float, float, float] | None:
    """Return a fine reading as run time takes it, its gauge and the share of the pixels that was read."""
    if codec.hints.probe_pays(codec.setting(codec.ladder[rung], picture.mode)):
        gauge = 0.0 if part is picture else full - reading(codec, part, rung, low=True)[0]
        return reading(codec, picture, rung, low=True)[0], gauge, 1.0
    larger = larger_sample(picture) if codec.hints.rows_apart and part is not picture else part
    if larger is picture or larger.size == part.size:
        return None
    return reading(codec, larger, rung)[0], 0.0, larger.width * larger.height / (picture.width * picture.height)


def middle(picture: Image.Image, most: int) -> Image.Image:
    """Return the middle of a picture, at most `most` pixels of it, aligned to blocks of 16 pixels."""
    pixels = picture.width * picture.height
    if pixels <= most:
        return picture
    share = (most / pixels) ** 0.5
    width, height = (max(16, int(side * share) // 16 * 16) for side in picture.size)
    left, top = ((whole - part) // 2 // 16 * 16 for whole, part in zip(picture.size, (width, height), strict=True))
    return picture.crop((left, top, left + width, top + height))

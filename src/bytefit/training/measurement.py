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
from typing import TYPE_CHECKING, Any

import joblib
import PIL

from bytefit.codecs import codec_for_format
from bytefit.codecs.codec import DRAWING, NO_METADATA
from bytefit.errors import UnsupportedImage
from bytefit.opening import read_image
from bytefit.seeding import mosaic as mosaic_module
from bytefit.seeding.content import suited
from bytefit.seeding.features import gauge, log_bits, probe, scout
from bytefit.seeding.mosaic import mosaic
from bytefit.training.progress import tracked
from bytefit.training.published import full_features

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from PIL import Image

    from bytefit.codecs import Codec
    from bytefit.training.corpus import Sample

# Larger pictures are measured on their middle: the statistics of their pixels are the same, and AVIF takes seconds.
MOST_PIXELS = 1_000_000

# How many rungs the true curve is measured at, evenly spaced, or their qualities; both ends included.
KNOTS: dict[str, int | tuple[int, ...]] = {
    "JPEG": 17,
    "WEBP": 17,
    "AVIF": (2, 11, 19, 27, 38, 46, 54, 65, 73, 83, 91, 100),
}

# Qualities the scouts are measured at; which of them a model uses is decided when it is fitted.
SCOUT_QUALITIES = (10, 30, 50, 75, 90)


@dataclass(frozen=True, slots=True)
class Measured:
    """One picture as one codec sees it; all sizes as ln(bits per pixel).

    Attributes:
        kind, source: see `bytefit.training.corpus`.
        mode, width, height: of what was encoded.
        content: what it holds, if the codec has settings of its own for that; else "photograph".
        scouts: by JPEG quality.
        truth: the full encodes, at each knot.
        probes: the encodes at low effort, at each knot.
        gauges: what the mosaic says of the difference, at each knot; empty for a picture too small for one.
        full_features: those of the published attempt.
    """

    kind: str
    source: str
    mode: str
    width: int
    height: int
    content: str
    scouts: dict[int, float]
    truth: list[float]
    probes: list[float]
    gauges: list[float]
    full_features: list[float]


def knots(codec: Codec) -> list[int]:
    """Return the rungs of a codec's ladder at which curves are measured."""
    count, last = KNOTS[codec.format], len(codec.ladder) - 1
    if isinstance(count, tuple):
        return [codec.ladder.index(quality) for quality in count]
    return [round(i * last / (count - 1)) for i in range(count)]


def measure_all(samples: list[Sample], codecs: tuple[Codec, ...], cache: Path, jobs: int) -> dict[str, list[Measured]]:
    """Measure every sample with every codec; return by format what could be measured."""
    pairs = [(sample, codec) for sample in samples for codec in codecs]
    tasks = [joblib.delayed(_measured)(sample, codec.format, cache) for sample, codec in pairs]
    records = joblib.Parallel(n_jobs=jobs, return_as="generator")(tasks)
    measured: dict[str, list[Measured]] = {codec.format: [] for codec in codecs}
    for (_, codec), record in zip(pairs, tracked(records, "measuring", len(tasks)), strict=True):
        if record is not None:
            measured[codec.format].append(record)
    return measured


def _measured(sample: Sample, codec_format: str, cache: Path) -> Measured | None:
    """Measure one picture, part by part from the cache: the truth is dear, the probes are what is worked on."""
    memory = joblib.Memory(cache, verbose=0)
    codec = codec_for_format(codec_format)
    digest = sha256(sample.path.read_bytes()).hexdigest()
    at_knots = [codec.ladder[rung] for rung in knots(codec)]
    key = repr((digest, codec_format, PIL.__version__, knots(codec), settings_key(codec, at_knots)))
    effort = repr(sorted(codec.probe_options.items()))
    shape = memory.cache(_shape, ignore=["path"])(sample.path, key)
    if shape is None:
        return None
    return Measured(
        kind=sample.kind,
        source=sample.source,
        **shape,
        content=memory.cache(_content, ignore=["path"])(sample.path, key),
        scouts=memory.cache(_scouts, ignore=["path"])(sample.path, key, _tiling(), SCOUT_QUALITIES),
        truth=memory.cache(_truth, ignore=["path"])(sample.path, key),
        probes=memory.cache(_probes, ignore=["path"])(sample.path, key, effort),
        gauges=memory.cache(_gauges, ignore=["path"])(sample.path, key, _tiling(), effort),
    )


def settings_key(codec: Codec, qualities: Iterable[float]) -> list[Any]:
    """Return what decides the files of some qualities, as a key for a cache: the qualities, if nothing else."""
    named: list[Any] = []
    for quality in qualities:
        settings = [one.setting(quality, "RGB") for one in (codec, codec.suited(DRAWING))]
        plain = all(setting == {"quality": quality} for setting in settings)
        named.append(quality if plain else sha256(repr(settings).encode()).hexdigest())
    return named


def _tiling() -> str:
    """Return what decides a mosaic, as a key for the cache."""
    return getsource(mosaic_module)


def _prepared(path: Path, key: str) -> tuple[Codec, Image.Image]:
    codec = codec_for_format(literal_eval(key)[1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        picture = middle(codec.prepare(read_image(path)[0]))
    return suited(codec, mosaic(picture)), picture


def _content(path: Path, key: str) -> str:
    return _prepared(path, key)[0].content


def _shape(path: Path, key: str) -> dict[str, Any] | None:
    """Return mode, dimensions and the published attempt's features, or None for a picture the codec refuses."""
    try:
        _, picture = _prepared(path, key)
    except UnsupportedImage:
        return None
    features = full_features(picture)
    return {"mode": picture.mode, "width": picture.width, "height": picture.height, "full_features": features}


def _truth(path: Path, key: str) -> list[float]:
    codec, picture = _prepared(path, key)
    return [true_bits(codec, picture, rung) for rung in knots(codec)]


def _probes(path: Path, key: str, effort: str) -> list[float]:  # noqa: ARG001  (a key for the cache)
    codec, picture = _prepared(path, key)
    return [probe(codec, picture, rung)[0] for rung in knots(codec)]


def _gauges(path: Path, key: str, tiling: str, effort: str) -> list[float]:  # noqa: ARG001  (keys for the cache)
    codec, picture = _prepared(path, key)
    tiles = mosaic(picture)
    return [] if tiles is picture else [gauge(codec, tiles, rung).saving for rung in knots(codec)]


def _scouts(path: Path, key: str, tiling: str, qualities: tuple[int, ...]) -> dict[int, float]:  # noqa: ARG001
    _, picture = _prepared(path, key)
    return dict(zip(qualities, scout(mosaic(picture), qualities)[0], strict=True))


def true_bits(codec: Codec, picture: Image.Image, rung: int) -> float:
    """Return ln(bits per pixel) of a full encode of a rung."""
    setting = codec.setting(codec.ladder[rung], picture.mode)
    return log_bits(len(codec.encode(picture, {**setting, **NO_METADATA})), picture)


def middle(picture: Image.Image) -> Image.Image:
    """Return the middle of a picture, at most `MOST_PIXELS` of it, aligned to blocks of 16 pixels."""
    pixels = picture.width * picture.height
    if pixels <= MOST_PIXELS:
        return picture
    share = (MOST_PIXELS / pixels) ** 0.5
    width, height = (max(16, int(side * share) // 16 * 16) for side in picture.size)
    left, top = ((whole - part) // 2 // 16 * 16 for whole, part in zip(picture.size, (width, height), strict=True))
    return picture.crop((left, top, left + width, top + height))

"""What is measured of a picture for training: its true curve, its probes and its scouts, by the run-time functions.

Measuring takes nearly all the time of a training run, so it is done in parallel and cached on disk by the content
of the file and all that decides the result.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import joblib
import PIL
from rich.progress import track

from bytefit.codecs import codec_for_format
from bytefit.codecs.codec import NO_METADATA
from bytefit.errors import UnsupportedImage
from bytefit.opening import read_image
from bytefit.seeding.features import log_bits, probe, scout
from bytefit.training.published import full_features

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

    from bytefit.codecs import Codec
    from bytefit.training.corpus import Sample

# Larger pictures are measured on their middle: the statistics of their pixels are the same, and AVIF takes seconds.
MOST_PIXELS = 1_000_000

# Rungs at which the true curve is measured, both ends included. The curve is smooth in between.
KNOTS = {"JPEG": 17, "WEBP": 17, "AVIF": 12}

# Qualities the scouts are measured at; which of them a model uses is decided when it is fitted.
SCOUT_QUALITIES = (10, 30, 50, 75, 90)

# To be raised whenever what is measured changes.
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Measured:
    """One picture as one codec sees it; all sizes as ln(bits per pixel)."""

    kind: str
    source: str
    mode: str
    width: int
    height: int
    scouts: dict[int, float]
    truth: list[float]
    probes: list[float]
    full_features: list[float]


def knots(codec: Codec) -> list[int]:
    """Return the rungs of a codec's ladder at which curves are measured."""
    count, last = KNOTS[codec.format], len(codec.ladder) - 1
    return [round(i * last / (count - 1)) for i in range(count)]


def measure_all(samples: list[Sample], codecs: tuple[Codec, ...], cache: Path, jobs: int) -> dict[str, list[Measured]]:
    """Measure every sample with every codec; return by format what could be measured."""
    memory = joblib.Memory(cache, verbose=0)
    cached = memory.cache(_measure, ignore=["path"])
    tasks = [
        joblib.delayed(cached)(
            sample.path, sha256(sample.path.read_bytes()).hexdigest(), codec.format, _versions(codec)
        )
        for sample in samples
        for codec in codecs
    ]
    labels = [(sample, codec) for sample in samples for codec in codecs]
    records = joblib.Parallel(n_jobs=jobs, return_as="generator")(tasks)
    measured: dict[str, list[Measured]] = {codec.format: [] for codec in codecs}
    for (sample, codec), record in zip(labels, track(records, "measuring", total=len(tasks)), strict=True):
        if record is not None:
            measured[codec.format].append(Measured(kind=sample.kind, source=sample.source, **record))
    return measured


def _versions(codec: Codec) -> str:
    """Return all that decides a measurement besides the file: the cache's key."""
    return repr((_VERSION, PIL.__version__, codec.ladder, sorted(codec.probe_options.items()), SCOUT_QUALITIES))


def _measure(path: Path, digest: str, codec_format: str, versions: str) -> dict[str, object] | None:  # noqa: ARG001
    codec = codec_for_format(codec_format)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            picture = middle(codec.prepare(read_image(path)[1]))
            rungs = knots(codec)
            return {
                "mode": picture.mode,
                "width": picture.width,
                "height": picture.height,
                "scouts": dict(zip(SCOUT_QUALITIES, scout(picture, SCOUT_QUALITIES)[0], strict=True)),
                "truth": [true_bits(codec, picture, rung) for rung in rungs],
                "probes": [probe(codec, picture, rung)[0] for rung in rungs],
                "full_features": full_features(picture),
            }
        except UnsupportedImage:
            return None


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

"""Which encoder options give more at equal bytes, and what time they take: the table the efforts were chosen from.

Each choice of options is encoded at a few qualities; between them the score is interpolated by ln(bytes). Scores and
times are compared with those of Pillow's own choice on the same picture, side by side.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from itertools import product
from math import log
from statistics import fmean, median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
from PIL import Image

from bytefit.codecs import LEARNED, codec_for_format
from bytefit.codecs.encoding import NO_METADATA
from bytefit.codecs.preparing import prepare
from bytefit.errors import UnsupportedImage
from bytefit.seeding.mosaic import mosaic
from bytefit.seeding.picture_kind import for_content
from bytefit.sources.reading import read_picture
from bytefit.training.corpus import find_samples, limited
from bytefit.training.fast_scores import Original
from bytefit.training.markdown import table
from bytefit.training.progress import tracked
from bytefit.training.scales import QUALITIES, reduced

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bytefit.codecs import Codec
    from bytefit.training.corpus import Sample

# What is tried; the first of each is what everything is compared with.
CHOICES: dict[str, tuple[dict[str, Any], ...]] = {
    "JPEG": ({}, {"progressive": False}, {"progressive": False, "optimize": False, "scans": "mozjpeg"}),
    "WEBP": (
        {"method": 4},
        *({"method": method} for method in (0, 2, 3, 5, 6)),
    ),
    "AVIF": (
        {"speed": 6},
        *({"speed": speed} for speed in (10, 9, 8, 7, 5, 4)),
        {"speed": 6, "subsampling": "4:4:4"},
        *({"speed": 6, "advanced": {"tune": tune}} for tune in ("ssim", "ssimulacra2")),
    ),
}

BITS = (0.25, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Tried:
    """One picture encoded with one choice of options.

    Attributes:
        format, options: the codec and the choice.
        gains: score less that of the first choice, at each of `BITS` that both reach; NaN elsewhere.
        time: its time over that of the first choice.
    """

    format: str
    options: str
    gains: list[float]
    time: float


def bench_efforts(folder: Path, *, formats: list[str] | None, limit: int | None, jobs: int) -> str:
    """Try every choice of options on the images below `folder` and return the table.

    Args:
        folder: see `bytefit.training.corpus`.
        formats: the codecs; None means all.
        limit: at most so many images of every kind; None means all.
        jobs: processes to measure with; -1 means one a core.
    """
    codecs = [codec_for_format(name) for name in formats] if formats else list(LEARNED)
    samples = limited(find_samples([folder]), limit)
    tasks = [joblib.delayed(_tried)(sample, codec.format) for codec, sample in product(codecs, samples)]
    found = joblib.Parallel(n_jobs=jobs, return_as="generator")(tasks)
    rows = [one for tried in tracked(found, "efforts", len(tasks)) for one in tried]
    return "\n\n".join(_report([row for row in rows if row.format == codec.format]) for codec in codecs)


def _tried(sample: Sample, codec_format: str) -> list[Tried]:
    codec = codec_for_format(codec_format)
    try:
        picture = reduced(prepare(codec, read_picture(sample.path)))
    except UnsupportedImage:
        return []
    codec, original = for_content(codec, mosaic(picture)), Original(picture)
    measured = [_curve(codec, picture, original, options) for options in CHOICES[codec_format]]
    looks = [[_at(curve, bits) for bits in BITS] for curve, _ in measured]
    return [
        Tried(
            codec_format,
            _named(options),
            gains=[own - first for own, first in zip(look, looks[0], strict=True)],
            time=seconds / measured[0][1],
        )
        for options, look, (_, seconds) in zip(CHOICES[codec_format], looks, measured, strict=True)
    ]


def _curve(
    codec: Codec, picture: Image.Image, original: Original, options: Mapping[str, Any]
) -> tuple[list[tuple[float, float]], float]:
    """Return (ln(bits per pixel), score) at each quality, and the seconds of all the encodes."""
    curve, seconds = [], 0.0
    for quality in QUALITIES[codec.format]:
        setting = {**codec.setting(quality, picture.mode), **options, **NO_METADATA}
        started = perf_counter()
        data = codec.encode(picture, setting)
        seconds += perf_counter() - started
        version = Image.open(BytesIO(data)).convert("RGB")
        curve.append((log(len(data) * 8 / (picture.width * picture.height)), original.ssimulacra2(version)))
    return sorted(curve), seconds


def _at(curve: list[tuple[float, float]], bits: float) -> float:
    inside = curve[0][0] <= log(bits) <= curve[-1][0]
    return float(np.interp(log(bits), [x for x, _ in curve], [y for _, y in curve])) if inside else float("nan")


def _named(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in options.items()) or "as it is"


def _report(rows: list[Tried]) -> str:
    lines = []
    for options in dict.fromkeys(row.options for row in rows):
        own = [row for row in rows if row.options == options]
        gains = [[row.gains[i] for row in own if not np.isnan(row.gains[i])] for i in range(len(BITS))]
        cells = [f"{fmean(gain):+.2f} ({len(gain)})" if gain else "-" for gain in gains]
        lines.append([options, *cells, f"{median(row.time for row in own):.2f}x"])
    header = ["", *(f"{bits:g} bpp (pictures)" for bits in BITS), "time"]
    return f"{rows[0].format}, SSIMULACRA2 over the first line at equal bytes:\n\n" + table(header, lines)

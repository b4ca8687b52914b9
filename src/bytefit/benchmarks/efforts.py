"""Encoder options compared by quality at equal bytes and by time: the table the efforts were chosen from.

Each picture is encoded with each choice of options at a few qualities; between them the score is interpolated by
ln(bytes). Scores and times are compared with those of Pillow's own choice on the same picture.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
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
from bytefit.errors import ConfigError, UnsupportedImage
from bytefit.seeding.mosaic import mosaic
from bytefit.seeding.picture_kind import for_content
from bytefit.sources.reading import read_picture
from bytefit.training.corpus import find_files, limited
from bytefit.training.fast_scores import Original
from bytefit.training.markdown import table
from bytefit.training.progress import tracked
from bytefit.training.scales import GRID, reduced

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bytefit.codecs import Codec
    from bytefit.training.corpus import CorpusFile

# The choices to try; all are compared with the first one of their format.
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
        gains: the score minus that of the first choice, at each of `BITS` that both reach; None elsewhere.
        time: its time over that of the first choice.
    """

    format: str
    options: str
    gains: list[float | None]
    time: float


def bench_efforts(folder: Path, *, formats: list[str] | None, limit: int | None, as_json: bool, jobs: int) -> str:
    """Try every choice of options on the images below `folder` and return the tables.

    Args:
        folder: see `bytefit.training.corpus`.
        formats: the codecs; None means all.
        limit: at most this many images of every kind; None means all.
        as_json: every row as JSON instead of tables.
        jobs: processes to measure with; -1 means one per core.

    Raises:
        ConfigError: if there are no choices of options for a codec, or no image can be measured.
    """
    codecs = [codec_for_format(name) for name in formats] if formats else list(LEARNED)
    for codec in codecs:
        if codec.format not in CHOICES:
            raise ConfigError(f"cannot compare options of {codec.format}: choices are known for {', '.join(CHOICES)}")
    files = limited(find_files([folder]), limit)
    tasks = [joblib.delayed(_tried)(file, codec.format) for codec, file in product(codecs, files)]
    found = joblib.Parallel(n_jobs=jobs, return_as="generator")(tasks)
    rows = [one for tried in tracked(found, "efforts", len(tasks)) for one in tried]
    if not rows:
        raise ConfigError(f"nothing to measure below {folder}: no readable image with 64 pixels a side or more")
    if as_json:
        return json.dumps([asdict(row) for row in rows], indent=1)
    by_codec = [[row for row in rows if row.format == codec.format] for codec in codecs]
    return "\n\n".join(_efforts_report(of_codec) for of_codec in by_codec if of_codec)


def _tried(file: CorpusFile, codec_format: str) -> list[Tried]:
    codec = codec_for_format(codec_format)
    try:
        picture = reduced(prepare(codec, read_picture(file.path)))
    except UnsupportedImage:
        return []
    codec, original = for_content(codec, mosaic(picture)), Original(picture)
    measured = [_score_curve(codec, picture, original, options) for options in CHOICES[codec_format]]
    looks = [[_score_at(curve, bits) for bits in BITS] for curve, _ in measured]
    return [
        Tried(
            codec_format,
            _named(options),
            gains=[_gain(own, first) for own, first in zip(look, looks[0], strict=True)],
            time=seconds / measured[0][1],
        )
        for options, look, (_, seconds) in zip(CHOICES[codec_format], looks, measured, strict=True)
    ]


def _score_curve(
    codec: Codec, picture: Image.Image, original: Original, options: Mapping[str, Any]
) -> tuple[list[tuple[float, float]], float]:
    """Return (ln(bits per pixel), score) at each quality, and the seconds of all the encodes."""
    curve, seconds = [], 0.0
    for quality in GRID.qualities[codec.format]:
        setting = {**codec.setting(quality, picture.mode), **options, **NO_METADATA}
        started = perf_counter()
        data = codec.encode(picture, setting)
        seconds += perf_counter() - started
        version = Image.open(BytesIO(data)).convert("RGB")
        curve.append((log(len(data) * 8 / (picture.width * picture.height)), original.ssimulacra2(version)))
    return sorted(curve), seconds


def _score_at(curve: list[tuple[float, float]], bits: float) -> float | None:
    """Return the score at a bit rate, or None outside of the curve."""
    inside = curve[0][0] <= log(bits) <= curve[-1][0]
    return float(np.interp(log(bits), [x for x, _ in curve], [y for _, y in curve])) if inside else None


def _gain(score: float | None, first: float | None) -> float | None:
    return None if score is None or first is None else score - first


def _named(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in options.items()) or "as it is"


def _efforts_report(rows: list[Tried]) -> str:
    lines = []
    for options in dict.fromkeys(row.options for row in rows):
        own = [row for row in rows if row.options == options]
        gains = [[gain for row in own if (gain := row.gains[i]) is not None] for i in range(len(BITS))]
        cells = [f"{fmean(gain):+.2f} ({len(gain)})" if gain else "-" for gain in gains]
        lines.append([options, *cells, f"{median(row.time for row in own):.2f}x"])
    header = ["", *(f"{bits:g} bpp (pictures)" for bits in BITS), "time"]
    return f"{rows[0].format}, SSIMULACRA2 over the first line at equal bytes:\n\n" + table(header, lines)

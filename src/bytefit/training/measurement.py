"""What training measures of a picture: its true curve, and its probes, made by the functions of run time.

Measuring takes nearly all the time of a training run. So it runs in parallel, and the results are cached on disk by the
content of the file and everything else that decides them: shape, probes and truth each by itself.
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
from bytefit.codecs.codec import GRAPHIC
from bytefit.codecs.encoding import save_to_bytes
from bytefit.codecs.preparing import prepare
from bytefit.errors import UnsupportedImage
from bytefit.seeding import mosaic as mosaic_module
from bytefit.seeding import probes as probes_module
from bytefit.seeding import row_samples as row_samples_module
from bytefit.seeding import sampling as sampling_module
from bytefit.seeding.picture_kind import for_content
from bytefit.seeding.probes import WHOLE_QUALITY, LowEffortProbe, complexity_probe, low_effort_probe, probed_bits
from bytefit.seeding.sampling import sample_of, share_of
from bytefit.sources.reading import read_picture
from bytefit.training.full_features import full_features
from bytefit.training.progress import tracked

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from PIL import Image

    from bytefit.codecs import Codec
    from bytefit.training.corpus import CorpusFile

# Larger pictures are measured on their middle: its statistics are the same, and the whole takes AVIF seconds.
MOST_PIXELS = 1_000_000

# The views of a picture that are measured: its middle; a larger middle of a large picture (encoders behave differently
# with more pixels); a tiny piece; and the whole as pages and hooks see it, scaled down and compressed once.
VIEWS = ("middle", "large", "tiny", "shrunk")
_LARGE_PIXELS, _SHRUNK_PIXELS = 4_000_000, 300_000
_TINY_SIDES = (24, 40, 64, 96, 160, 256)
_SHRUNK_QUALITIES = (60, 70, 75, 80, 85, 90, 95)

# The number of rungs at which the true curve is measured, evenly spaced, or their qualities, both ends included. Views
# that take long to encode are measured at every second one.
KNOTS: dict[str, int | tuple[float, ...]] = {
    "JPEG": 17,
    "WEBP": (0, 5, 9.5, 19, 28, 38, 48, 57, 67, 76.5, 81, 86, 90.5, 92.75, 95.25, 97.5, 100),
    "AVIF": (2, 11, 19, 27, 38, 46, 54, 65, 73, 83, 91, 100),
}
_EVERY_SECOND = ("large", "shrunk")

# The qualities of complexity probes; `bytefit.training.fitting` chooses those that a model uses.
COMPLEXITY_QUALITIES = (10, 30, 50, 75, 90)


@dataclass(frozen=True, slots=True)
class Measured:
    """One view of a picture as one codec encodes it; all probes as ln(bits per pixel) without the file's header.

    Attributes:
        kind, source: see `bytefit.training.corpus`.
        view: see `VIEWS`.
        mode, width, height: of the picture that was encoded.
        content: what the codec's settings are for, "photograph" or "graphic".
        rungs: the rungs that were measured.
        truth: the full encodes.
        share: the pixels of the sample over those of the view; 1 where the view is too small for a sample.
        complexities: the complexity probes of the sample, by JPEG quality.
        whole_complexity: the complexity probe of the whole.
        sample_bits: the sample probes.
        low_effort: the low-effort probes; None where none is worth its cost.
        full_features: the features of the published attempt.
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
    complexities: dict[int, float]
    whole_complexity: float
    sample_bits: list[float]
    low_effort: list[LowEffortProbe | None]
    full_features: list[float]


def knots(codec: Codec) -> list[int]:
    """Return the rungs of a codec's ladder at which curves are measured."""
    count, last = KNOTS[codec.format], len(codec.ladder) - 1
    if isinstance(count, tuple):
        return [codec.ladder.index(quality) for quality in count]
    return [round(i * last / (count - 1)) for i in range(count)]


def measure_all(
    files: list[CorpusFile], codecs: tuple[Codec, ...], cache: Path, jobs: int
) -> dict[str, list[Measured]]:
    """Measure every view of every file with every codec; return by format what could be measured."""
    tasks = [(file, view, codec) for file in files for view in VIEWS for codec in codecs]
    calls = [joblib.delayed(_measured_view)(file, view, codec.format, cache) for file, view, codec in tasks]
    records = joblib.Parallel(n_jobs=jobs, return_as="generator")(calls)
    measured: dict[str, list[Measured]] = {codec.format: [] for codec in codecs}
    for (_, _, codec), record in zip(tasks, tracked(records, "measuring", len(tasks)), strict=True):
        if record is not None:
            measured[codec.format].append(record)
    return measured


def _measured_view(file: CorpusFile, view: str, codec_format: str, cache: Path) -> Measured | None:
    """Measure one view, each part from its own cache: the truth takes most time, the probes are what changes."""
    memory = joblib.Memory(cache, verbose=0)
    codec = codec_for_format(codec_format)
    digest = sha256(file.path.read_bytes()).hexdigest()
    at = knots(codec)[:: 2 if view in _EVERY_SECOND else 1]
    decides = settings_key(codec, [codec.ladder[rung] for rung in at])
    key = repr((digest, codec_format, PIL.__version__, at, decides))
    shape = memory.cache(_shape, ignore=["path"])(file.path, view, key)
    if shape is None:
        return None
    probes = memory.cache(_probes, ignore=["path"])(file.path, view, key, _probe_key(codec))
    truth = memory.cache(_truth, ignore=["path"])(file.path, view, key)
    return Measured(kind=file.kind, source=file.source, view=view, rungs=at, truth=truth, **shape, **probes)


def settings_key(codec: Codec, qualities: Iterable[float]) -> list[Any]:
    """Return everything that decides the files of some qualities, as a key for a cache."""
    named: list[Any] = []
    for quality in qualities:
        settings = [one.setting(quality, "RGB") for one in (codec, codec.for_content(GRAPHIC))]
        plain = all(setting == {"quality": quality} for setting in settings)
        named.append(quality if plain else sha256(repr(settings).encode()).hexdigest())
    return named


def _probe_key(codec: Codec) -> str:
    """Return everything else that decides the probes, as a key for the cache."""
    modules = (probes_module, sampling_module, row_samples_module if codec.hints.rows_apart else mosaic_module)
    sources = [getsource(module) for module in modules]
    return repr(
        (sha256(repr(sources).encode()).hexdigest(), sorted(codec.hints.probe_options.items()), COMPLEXITY_QUALITIES)
    )


def _prepared(path: Path, view: str, key: str) -> tuple[Codec, Image.Image] | None:
    """Return the codec with the settings for a view of a picture, and the view; None if there is no such view."""
    codec = codec_for_format(literal_eval(key)[1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        picture = viewed(prepare(codec, read_picture(path)), view, path.name)
    return None if picture is None else (for_content(codec, sample_of(codec, picture)), picture)


def viewed(picture: Image.Image, view: str, name: str) -> Image.Image | None:
    """Return a view of a picture, see `VIEWS`, or None where it has no such view; `name` seeds its dimensions."""
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
    """Return mode, dimensions, content and the published attempt's features; None if it cannot be measured."""
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
    return [probed_bits(codec, picture, rung)[0] for rung in rungs]


def _probes(path: Path, view: str, key: str, probe_key: str) -> dict[str, Any]:  # noqa: ARG001  (for the cache)
    codec, picture, rungs = _view(path, view, key)
    sample = sample_of(codec, picture)
    by_rung = {rung: probed_bits(codec, sample, rung)[0] for rung in rungs}
    return {
        "share": share_of(sample, picture),
        "complexities": dict(zip(COMPLEXITY_QUALITIES, complexity_probe(sample, COMPLEXITY_QUALITIES)[0], strict=True)),
        "whole_complexity": complexity_probe(picture, [WHOLE_QUALITY])[0][0],
        "sample_bits": list(by_rung.values()),
        "low_effort": [
            low_effort_probe(codec, picture, sample, rung, sample_bits=by_rung.__getitem__, made=[]) for rung in rungs
        ],
    }


def middle(picture: Image.Image, most: int) -> Image.Image:
    """Return the middle of a picture, at most `most` pixels of it, aligned to blocks of 16 pixels."""
    pixels = picture.width * picture.height
    if pixels <= most:
        return picture
    share = (most / pixels) ** 0.5
    width, height = (max(16, int(side * share) // 16 * 16) for side in picture.size)
    left, top = ((whole - part) // 2 // 16 * 16 for whole, part in zip(picture.size, (width, height), strict=True))
    return picture.crop((left, top, left + width, top + height))

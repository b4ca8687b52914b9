"""Images fitted to shares of their lossless bytes, where the rungs between 256 colours and lossless are used.

Each answer is compared with the version in 256 colours in the same format: an answer of more bytes should not look
worse. Images of at most 256 colours have no such rungs and are left out.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from io import BytesIO
from statistics import fmean, median
from typing import TYPE_CHECKING

import joblib
from PIL import Image

from bytefit.codecs.codec import LOSSLESS
from bytefit.codecs.palettes.quantise import MOST_COLOURS, Palettes
from bytefit.errors import BytefitError, ConfigError
from bytefit.fitting.compress import compress
from bytefit.pictures.frames import Frames
from bytefit.pictures.scores import ssimulacra2_score
from bytefit.sources.reading import read_picture
from bytefit.training.corpus import find_files, limited
from bytefit.training.markdown import table
from bytefit.training.progress import tracked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bytefit.training.corpus import CorpusFile

# The budgets, as shares of the bytes of the lossless file.
SHARES = (0.6, 0.7, 0.8, 0.9)

# Larger images are left out: the time of oxipng grows with the pixels, and more files tell more.
_MEGAPIXELS = 1.5

# The targets: a score that is hard to tell from the original, and the least share of the budget that is used.
_GOOD_SCORE, _GOOD_FILL = 90, 0.9

# Scores that differ by less look the same.
_SAME_LOOKS = 0.5


@dataclass(frozen=True, slots=True)
class NearAnswer:
    """One image fitted to one share of its lossless bytes.

    Attributes:
        path, kind, source: the file.
        format: the format.
        share: the budget over the lossless bytes.
        fill, quality, trials, score: the answer.
        near_lossless: whether it is one of the rungs between 256 colours and lossless; in WebP, palettes count too.
        palette_share, palette_score: bytes over the lossless ones and score of the version in 256 colours.
    """

    path: str
    kind: str
    source: str
    format: str
    share: float
    fill: float
    quality: float
    trials: int
    score: float
    near_lossless: bool
    palette_share: float
    palette_score: float


def bench_near_lossless(
    folder: Path, *, formats: Sequence[str], limit: int | None = None, as_json: bool = False, jobs: int = -1
) -> str:
    """Fit the PNG files below `folder` to each of `SHARES` and return the tables.

    Args:
        folder: see `bytefit.training.corpus`.
        formats: "PNG", "WEBP" or both.
        limit: at most this many files of every kind, chosen by the hashes of their names; None means all.
        as_json: every answer as JSON instead of tables.
        jobs: processes to measure with; -1 means one per core.

    Raises:
        ConfigError: if no file is left to be measured.
    """
    files = limited([file for file in find_files([folder]) if file.path.suffix.lower() == ".png"], limit)
    tasks = [joblib.delayed(_answers)(file, folder, name) for name in formats for file in files]
    found = joblib.Parallel(n_jobs=jobs, return_as="generator")(tasks)
    rows = [row for answers in tracked(found, "near lossless", len(tasks)) for row in answers]
    if not rows:
        raise ConfigError(
            f"nothing to measure below {folder}: no PNG of more than {MOST_COLOURS} colours and at most "
            f"{_MEGAPIXELS} megapixels"
        )
    if as_json:
        return json.dumps([asdict(row) for row in rows], indent=1)
    return "\n\n".join(_report([row for row in rows if row.format == name]) for name in formats)


def _answers(file: CorpusFile, folder: Path, codec_format: str) -> list[NearAnswer]:
    """Return the answers for one file; none where it is not measured."""
    try:
        with Image.open(file.path) as header:
            if header.width * header.height > _MEGAPIXELS * 1e6:
                return []
        picture = read_picture(file.path)
        if isinstance(picture, Frames) or picture.mode not in {"RGB", "RGBA", "LA"}:
            return []
        in_palette = Palettes().quantised(picture.convert("RGBA"), MOST_COLOURS)
        if not isinstance(in_palette, Image.Image) or in_palette.mode != "P":
            return []
        enough = max(1 << 16, 8 * picture.width * picture.height)
        lossless, palette = (
            compress(one, enough, format=codec_format, lossless=True, metadata="strip").size
            for one in (picture, in_palette)
        )
        palette_score = ssimulacra2_score(picture, in_palette)
        rows = []
        for share in SHARES:
            answer = compress(file.path, int(lossless * share), format=codec_format, metadata="strip")
            with Image.open(BytesIO(answer.data)) as version:
                score = ssimulacra2_score(picture, version)
            rows.append(
                NearAnswer(
                    path=file.path.relative_to(folder).as_posix(),
                    kind=file.kind,
                    source=file.source,
                    format=codec_format,
                    share=share,
                    fill=answer.fill,
                    quality=answer.quality,
                    trials=len(answer.trials),
                    score=score,
                    near_lossless="near_lossless" in answer.setting and answer.quality < LOSSLESS,
                    palette_share=palette / lossless,
                    palette_score=palette_score,
                )
            )
    except (BytefitError, OSError):
        return []
    return rows


def _report(rows: Sequence[NearAnswer]) -> str:
    """Return the table of one format."""
    if not rows:
        return "No answers."
    kinds = Counter(row.kind for row in rows)
    what = ", ".join(f"{count // len(SHARES)} {kind}" for kind, count in sorted(kinds.items()))
    images, sources = len({row.path for row in rows}), len({row.source for row in rows})
    header = [
        "budget over lossless",
        "near lossless",
        "fill: median",
        f"fill from {_GOOD_FILL:g}",
        "score: median",
        f"score above {_GOOD_SCORE}",
        "lowest score",
        "256 colours: score",
        "looks worse than these",
        "trials",
    ]
    lines = [_line(f"{share:g}", [row for row in rows if row.share == share]) for share in SHARES]
    return f"{rows[0].format}: {images} images of {sources} sources ({what}).\n\n" + table(
        header, [*lines, _line("all", rows)]
    )


def _line(name: str, rows: Sequence[NearAnswer]) -> list[str]:
    count = len(rows)
    worse = sum(row.palette_share <= row.share and row.score < row.palette_score - _SAME_LOOKS for row in rows)
    return [
        name,
        f"{sum(row.near_lossless for row in rows)} of {count}",
        f"{median(row.fill for row in rows):.3f}",
        f"{sum(row.fill >= _GOOD_FILL for row in rows)} of {count}",
        f"{median(row.score for row in rows):.1f}",
        f"{sum(row.score > _GOOD_SCORE for row in rows)} of {count}",
        f"{min(row.score for row in rows):.1f}",
        f"{fmean(row.palette_score for row in rows):.1f}",
        f"{worse} of {count}",
        f"{fmean(row.trials for row in rows):.2f}",
    ]

"""Measures tables on a picture: the crop to train on, and its scores and its bit rate with given tables."""

from __future__ import annotations

import warnings
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from bytefit.codecs.codec import GRAPHIC, PHOTOGRAPH
from bytefit.errors import UnsupportedImage
from bytefit.sources.reading import read_picture
from bytefit.training.fast_scores import Original
from bytefit.training.quantisation.smooth_tables import smooth_tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bytefit.training.quantisation.smooth_tables import Numbers

# The training material: the kinds of picture, their megapixels (None: as they are), and which of nine crops, ordered by
# activity: for photographs the middle one, for graphics the most active, since most of a screenshot is empty.
MATERIAL: dict[str, tuple[tuple[str, ...], float | None, int]] = {
    PHOTOGRAPH: (("photo-large", "photo-web"), 0.6, 4),
    GRAPHIC: (("screenshot", "document"), None, 8),
}
PICTURES, A_SOURCE, SIDE = 28, 4, 352

# The qualities at which libjpeg's tables, the ones to beat, are measured.
LIBJPEG_QUALITIES = (3, 5, 8, 12, 16, 20, 26, 32, 40, 50, 60, 70, 78, 85, 90, 94, 97)


@lru_cache(maxsize=2 * PICTURES)
def learned_crop(path: Path, content: str) -> tuple[Image.Image, Original]:
    """Return the crop of a picture to train on, as a picture and as the original to score against."""
    _, megapixels, rank = MATERIAL[content]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        picture = read_picture(path).convert("RGB")
    share = (megapixels * 1e6 / (picture.width * picture.height)) ** 0.5 if megapixels else 1.0
    if share < 1:
        size = (round(picture.width * share), round(picture.height * share))
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    width, height = min(SIDE, picture.width), min(SIDE, picture.height)
    across, down = picture.width - width, picture.height - height
    corners = [(across * i // 2, down * j // 2) for i in range(3) for j in range(3)]
    crops = [picture.crop((x, y, x + width, y + height)) for x, y in corners]
    crop = sorted(crops, key=_activity)[rank]
    return crop, Original(crop)


def _activity(picture: Image.Image) -> float:
    return float(np.abs(np.diff(np.asarray(picture.convert("L"), dtype=float))).mean())


def encoded(picture: Image.Image, **options: Any) -> bytes:
    """Return a picture as progressive JPEG with optimised Huffman tables."""
    buffer = BytesIO()
    picture.save(buffer, "JPEG", progressive=True, optimize=True, **options)
    return buffer.getvalue()


def log_bits_with(path: Path, content: str, numbers: Numbers, subsampling: str) -> float:
    """Return ln(bits per pixel) of a picture with the tables of `numbers`."""
    return scores_with(path, content, [numbers], subsampling, scored=False)[0][2]


def scores_with(
    path: Path, content: str, candidates: Sequence[Numbers], subsampling: str, *, scored: bool = True
) -> list[tuple[float, float, float]]:
    """Return SSIMULACRA2 and MS-SSIM (0 unless `scored`) and ln(bits per pixel) of a picture with each candidate."""
    picture, original = learned_crop(path, content)
    found = []
    for numbers in candidates:
        tables = [np.rint(part).astype(int).tolist() for part in smooth_tables(numbers)]
        data = encoded(picture, qtables=tables, subsampling=subsampling)
        found.append((*(scores_of(original, data) if scored else (0.0, 0.0)), _log_rate(picture, data)))
    return found


def scores_of(original: Original, data: bytes) -> tuple[float, float]:
    """Return SSIMULACRA2 and MS-SSIM of a file."""
    version = Image.open(BytesIO(data)).convert("RGB")
    return original.ssimulacra2(version), original.ms_ssim(version)


def _log_rate(picture: Image.Image, data: bytes) -> float:
    return float(np.log(len(data) * 8 / (picture.width * picture.height)))


def libjpeg_curve(path: Path, content: str) -> list[tuple[float, float, float]]:
    """Return SSIMULACRA2, MS-SSIM and ln(bits per pixel) of a picture with libjpeg's tables of each quality."""
    picture, original = learned_crop(path, content)
    files = [encoded(picture, quality=quality) for quality in LIBJPEG_QUALITIES]
    return [(*scores_of(original, data), _log_rate(picture, data)) for data in files]


def is_usable(path: Path, content: str) -> bool:
    """Return whether a file can be read, is large enough and is not all but flat."""
    try:
        picture, _ = learned_crop(path, content)
    except UnsupportedImage:
        return False
    return min(picture.size) >= SIDE // 2 and _activity(picture) > 1

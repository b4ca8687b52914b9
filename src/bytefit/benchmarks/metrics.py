"""How much a version of a picture differs from it, by several metrics: none that a tool was tuned to decides alone."""

from __future__ import annotations

import shutil
import subprocess
from io import BytesIO
from math import log10
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from bytefit.codecs.jpeg.best.blocks import coefficients, steps_of
from bytefit.codecs.jpeg.best.tiles import Reference
from bytefit.codecs.jpeg.source_quality import LUMINANCE
from bytefit.pictures.frames import Frames, frames_of
from bytefit.pictures.scores import ssimulacra2_score
from bytefit.training.fast_scores import MsSsim

# A smaller error than this counts as none, which caps the score at 98 decibel, so that a mean is finite.
_NO_ERROR = 1e-5

# What an error of a coefficient weighs: the sensitivity of the eye as libjpeg's table implies it, in zigzag order
# (Egiazarian, Astola, Ponomarenko, Lukin, Battisti and Carli, "New full-reference quality metrics based on HVS", 2006).
_SENSITIVITY = 25.735 / steps_of(LUMINANCE)

# An animation is scored at this many moments.
_MOMENTS = 10

# The programs that print Butteraugli's distance of two PNG files, of Debian's `butteraugli` and of libjxl.
_BUTTERAUGLI = ("butteraugli", "butteraugli_main")
_TIMEOUT_SECONDS = 300


class Metrics:
    """A picture that versions are compared with, mode "L" or "RGB", at least `fast_scores.LEAST_SIDE` pixels a side."""

    def __init__(self, picture: Image.Image) -> None:
        """Keep the picture and what the metrics derive from it."""
        self.picture = picture
        self._reference = Reference(picture)
        self._luma = MsSsim(picture)
        self._butteraugli = next(filter(None, map(shutil.which, _BUTTERAUGLI)), None)

    def of(self, version: Image.Image) -> dict[str, Any]:
        """Return the scores of a version of the same mode and size, by the names of `looks_report.METRICS`."""
        program = self._butteraugli
        return {
            "ssimulacra2": round(self._reference.score(version), 3),
            "ms_ssim": round(self._luma.of(version), 3),
            "psnr_hvs": round(psnr_hvs(self.picture, version), 3),
            "butteraugli": None if program is None else butteraugli(program, self.picture, version),
        }


def psnr_hvs(original: Image.Image, version: Image.Image) -> float:
    """Return the PSNR-HVS of the luma of two pictures of one size, in decibel; 98 is the same.

    That is the ratio of the peak to the errors of cosine coefficients in whole blocks of 8x8, each weighted by the
    eye's sensitivity, without masking.
    """
    height, width = original.height // 8 * 8, original.width // 8 * 8
    first, second = (np.asarray(picture.convert("L"), np.float32)[:height, :width] for picture in (original, version))
    error = float(np.square(coefficients(first - second) * _SENSITIVITY).mean())
    return 10 * log10(255**2 / max(error, _NO_ERROR))


def butteraugli(program: str, original: Image.Image, version: Image.Image) -> float | None:
    """Return the distance that a program prints for two pictures of one size, 0 is the same; None if it fails."""
    with TemporaryDirectory() as folder:
        paths = [Path(folder, name) for name in ("original.png", "version.png")]
        for picture, path in zip((original, version), paths, strict=True):
            picture.convert("RGB").save(path, compress_level=1)
        try:
            done = subprocess.run(  # noqa: S603  (a program named above, found on the user's own path)
                [program, *map(str, paths)], capture_output=True, check=False, text=True, timeout=_TIMEOUT_SECONDS
            )
            return round(float(done.stdout.split()[0]), 4)
        except (OSError, subprocess.TimeoutExpired, ValueError, IndexError):
            return None


def score_of_frames(source: Frames, data: bytes) -> float:
    """Return the mean SSIMULACRA2 score of the frames that are shown at evenly spread moments of the source."""
    with Image.open(BytesIO(data)) as image:
        version = frames_of(image).decoded()
    if not source.animated:
        return ssimulacra2_score(source.first, version.first)
    total = sum(source.durations) or 1
    moments = [total * (place + 0.5) / _MOMENTS for place in range(_MOMENTS)]
    return fmean(ssimulacra2_score(_frame_at(source, moment), _frame_at(version, moment)) for moment in moments)


def _frame_at(frames: Frames, moment: float) -> Image.Image:
    """Return the frame that is shown after `moment` milliseconds."""
    for picture, duration in zip(frames.pictures, frames.durations, strict=False):
        moment -= duration
        if moment < 0:
            return picture
    return frames.pictures[-1]

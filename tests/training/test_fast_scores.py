"""The fast scores that learning goes by are those of the packages, in a fraction of their time."""

from __future__ import annotations

from math import log10, prod

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("ssimulacra2")
pytest.importorskip("sewar")

import numpy as np
from sewar.full_ref import ssim
from sewar.utils import Filter

from bytefit.pictures.scores import ssimulacra2_score
from bytefit.training.fast_scores import Original
from images import encoded, flat, noise, opened, photograph, screenshot

EVEN, ODD = (192, 176), (201, 183)
PICTURES = {"photograph": photograph, "screenshot": screenshot, "noise": noise}

each_size = pytest.mark.parametrize("size", [EVEN, ODD, (176, 187)], ids=str)


@pytest.mark.parametrize("kind", PICTURES)
@each_size
def test_ssimulacra2_is_the_packages(kind, size):
    """The fast score is within a tenth of a point of the package's, at every quality and at odd edges."""
    picture = PICTURES[kind](size)
    original = Original(picture)

    for quality in (3, 30, 70, 95):
        version = opened(encoded(picture, quality=quality))

        assert original.ssimulacra2(version) == pytest.approx(ssimulacra2_score(picture, version), abs=0.1)


def ms_ssim(original, version):
    """Return MS-SSIM in decibel from the package's SSIM of each scale.

    The package's own MS-SSIM halves a picture from its second pixel on, so that its pixels straddle JPEG's blocks:
    half a decibel more or less. The authors' program begins at the first.
    """
    weights = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
    gaussian = {"fltr": Filter.GAUSSIAN, "sigma": 1.5, "ws": 11}
    pair = [np.asarray(picture.convert("L"), dtype=float) for picture in (original, version)]
    scales = []
    for _ in weights:
        scales.append(ssim(*pair, ws=11, MAX=255, fltr_specs=gaussian))
        pair = [halved(plane) for plane in pair]
    structure = [similar for _, similar in scales[:-1]] + [scales[-1][0]]
    return -10 * log10(max(1e-6, 1 - prod(value**weight for value, weight in zip(structure, weights, strict=True))))


def halved(plane):
    """Return the means over two by two pixels, an odd last row or column left out."""
    height, width = (side // 2 for side in plane.shape)
    return plane[: 2 * height, : 2 * width].reshape(height, 2, width, 2).mean(axis=(1, 3))


@pytest.mark.parametrize("kind", PICTURES)
@each_size
def test_ms_ssim_is_the_packages(kind, size):
    """The fast score is within a fifth of a decibel of the package's."""
    picture = PICTURES[kind](size)
    original = Original(picture)

    for quality in (3, 30, 70, 95):
        version = opened(encoded(picture, quality=quality))

        assert original.ms_ssim(version) == pytest.approx(ms_ssim(picture, version), abs=0.2)


def test_grey_is_scored_as_grey_colours():
    """A grey picture must score as the same picture in RGB, which is how it is shown."""
    picture = photograph(EVEN, "L")
    version = opened(encoded(picture, quality=40))

    assert Original(picture).ssimulacra2(version) == Original(picture.convert("RGB")).ssimulacra2(version)


@pytest.mark.parametrize("picture", [photograph(EVEN), flat(EVEN)], ids=["photograph", "flat"])
def test_the_same_picture_scores_highest(picture):
    """An identical version gets the highest scores: 100 points and 60 decibel."""
    original = Original(picture)

    assert original.ssimulacra2(picture) == pytest.approx(100, abs=0.1)
    assert original.ms_ssim(picture) == pytest.approx(60, abs=0.5)

"""Scores of many versions of one original: everything that depends on the original alone is kept.

SSIMULACRA2 is that of the effort best, MS-SSIM that of Wang, Simoncelli and Bovik, "Multi-scale structural similarity
for image quality assessment" (2003). Both use single precision and take a fraction of their packages' time.
"""

from __future__ import annotations

from math import log2, log10
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter1d

from bytefit.codecs.jpeg.best import metric

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

    Plane = NDArray[np.float32]

# The window of MS-SSIM, a Gaussian of sigma 1.5 in this many pixels.
LEAST_SIDE = 11

# The weights of its scales, the finest first, and the constants that keep its ratios finite, for 0 to 255.
_SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_MEANS, _SPREADS = np.float32((0.01 * 255) ** 2), np.float32((0.03 * 255) ** 2)

# A smaller difference than this counts as none, which caps the score at 60 decibel, so that a mean is finite.
_NOTHING = 1e-6


class Original:
    """An original picture, to score versions of it by SSIMULACRA2 and MS-SSIM."""

    def __init__(self, picture: Image.Image) -> None:
        """Keep what both scores derive from the original alone."""
        self._reference = metric.Original(_pixels(picture))
        self._luma = MsSsim(picture)

    def ssimulacra2(self, version: Image.Image) -> float:
        """Return the SSIMULACRA2 score of a version: 100 is the same, 90 hard to tell apart, below 30 bad."""
        return self._reference.score(_pixels(version))

    def ms_ssim(self, version: Image.Image) -> float:
        """Return the MS-SSIM of the luma of a version, see `MsSsim.of`."""
        return self._luma.of(version)


class MsSsim:
    """The luma of an original of at least `LEAST_SIDE` pixels a side, to score versions of it by MS-SSIM.

    A picture under 176 pixels a side has fewer scales, weighted in the same proportions.
    """

    def __init__(self, picture: Image.Image) -> None:
        """Keep, for each scale, the luma, its mean and its square's mean."""
        scales = min(len(_SCALE_WEIGHTS), int(log2(min(picture.size) / LEAST_SIDE)) + 1)
        self._weights = [weight / sum(_SCALE_WEIGHTS[:scales]) for weight in _SCALE_WEIGHTS[:scales]]
        self._scales = [(luma, _within(luma), _within(luma * luma)) for luma in _lumas(picture, scales)]

    def of(self, version: Image.Image) -> float:
        """Return the MS-SSIM of a version of the same size in decibel, -10 log10(1 - likeness); 60 is the same."""
        likeness = 1.0
        coarsest = len(self._scales) - 1
        versions = _lumas(version, len(self._scales))
        for scale, ((first, mean, square), second) in enumerate(zip(self._scales, versions, strict=True)):
            other = _within(second)
            both = _within(first * second) - mean * other
            spreads = (square - mean * mean) + (_within(second * second) - other * other)
            similar = (2 * both + _SPREADS) / (spreads + _SPREADS)
            if scale == coarsest:
                similar *= (2 * mean * other + _MEANS) / (mean * mean + other * other + _MEANS)
            likeness *= max(_NOTHING, float(similar.mean())) ** self._weights[scale]
        return -10 * log10(max(_NOTHING, 1 - likeness))


def _pixels(picture: Image.Image) -> NDArray[np.uint8]:
    """Return the RGB pixels as (3, height, width)."""
    return np.ascontiguousarray(np.asarray(picture.convert("RGB")).transpose(2, 0, 1))


def _lumas(picture: Image.Image, scales: int) -> list[Plane]:
    """Return the luma at full size and halved, an odd last row or column left out."""
    plane = np.asarray(picture.convert("L")).astype(np.float32)
    planes = [plane]
    for _ in range(scales - 1):
        height, width = (side // 2 * 2 for side in plane.shape)
        rows = plane[:height:2, :width] + plane[1:height:2, :width]
        plane = (rows[:, ::2] + rows[:, 1::2]) * np.float32(0.25)
        planes.append(plane)
    return planes


def _within(plane: Plane) -> Plane:
    """Return the plane under the window, where all of the window is inside."""
    radius = LEAST_SIDE // 2
    across = gaussian_filter1d(plane, 1.5, axis=1, radius=radius)
    blurred: Plane = gaussian_filter1d(across, 1.5, axis=0, radius=radius)
    return blurred[radius:-radius, radius:-radius]

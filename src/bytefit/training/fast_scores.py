"""Scores of many versions of one original, for training: everything that depends on the original alone is kept.

SSIMULACRA2 is that of the `ssimulacra2` package (J. Sneyers; the weights and constants are read from there), MS-SSIM
that of Wang, Simoncelli and Bovik (2003). Both use single precision and take a quarter of their packages' time. They
serve training only: the packages score answers and benchmarks.
"""

from __future__ import annotations

from itertools import product
from math import log10
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter1d
from ssimulacra2 import ssimulacra2 as published

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

    Planes = NDArray[np.float32]
    Norms = tuple[NDArray[np.float32], NDArray[np.float32]]

# Smaller scales are ignored (see compute_ssimulacra2).
_LEAST_SIDE = 8

_LINEAR = published.srgb_to_linear(np.arange(256)).astype(np.float32)
_MIX = published.kOpsinAbsorbanceMatrix.reshape(3, 3).astype(np.float32)
_BIAS = np.float32(published.kOpsinAbsorbanceBias[0])


# The weights of the scales of MS-SSIM, the finest first, and the constants that keep its ratios finite, for 0 to 255.
_SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_MEANS, _SPREADS = np.float32((0.01 * 255) ** 2), np.float32((0.03 * 255) ** 2)


class Original:
    """An original picture, to score versions of it against."""

    def __init__(self, picture: Image.Image) -> None:
        """Keep, for each scale, the colours or the luma, their mean and their squares' mean."""
        self.scales = [
            (colours, _blurred(colours), _blurred(colours * colours)) for colours in map(_xyb, _scales(picture))
        ]
        self.lumas = [(luma, _within(luma), _within(luma * luma)) for luma in _luma_scales(picture)]

    def ms_ssim(self, version: Image.Image) -> float:
        """Return the MS-SSIM of the luma of a version in decibel: -10 log10(1 - likeness)."""
        likeness = 1.0
        coarsest = len(self.lumas) - 1
        for scale, ((first, mean, square), second) in enumerate(zip(self.lumas, _luma_scales(version), strict=True)):
            other = _within(second)
            both = _within(first * second) - mean * other
            spreads = (square - mean * mean) + (_within(second * second) - other * other)
            similar = (2 * both + _SPREADS) / (spreads + _SPREADS)
            if scale == coarsest:
                similar *= (2 * mean * other + _MEANS) / (mean * mean + other * other + _MEANS)
            likeness *= max(1e-6, float(similar.mean())) ** _SCALE_WEIGHTS[scale]
        return -10 * log10(max(1e-6, 1 - likeness))

    def ssimulacra2(self, version: Image.Image) -> float:
        """Return the SSIMULACRA2 score of a version: 100 is the same, 90 hard to tell apart, below 30 bad."""
        columns = []
        for (first, mean, square), linear in zip(self.scales, _scales(version), strict=True):
            second = _xyb(linear)
            other_mean = _blurred(second)
            columns.append(
                _similarity(mean, other_mean, square, _blurred(second * second), _blurred(first * second))
                + _edges(first, mean, second, other_mean)
            )
        # By channel, scale and norm; each gives structure, artefacts and detail lost (see Msssim.score).
        norms = [
            columns[scale][part][norm][channel]
            for channel, scale, norm, part in product(range(3), range(len(columns)), range(2), range(3))
        ]
        total = float(np.dot(published.weights[: len(norms)], norms)) * 0.9562382616834844
        total = 2.326765642916932 * total - 0.020884521182843837 * total**2 + 6.248496625763138e-05 * total**3
        return 100 - 10 * float(max(0.0, total) ** 0.6276336467831387)


def _scales(picture: Image.Image) -> list[Planes]:
    """Return the linear colours, (3, height, width), at full size and halved up to five times."""
    planes = np.ascontiguousarray(_LINEAR[np.asarray(picture.convert("RGB"))].transpose(2, 0, 1))
    scales: list[Planes] = []
    while len(scales) < published.kNumScales and min(planes.shape[1:]) >= _LEAST_SIDE:
        scales.append(planes)
        planes = _downscaled(planes)
    return scales


def _luma_scales(picture: Image.Image) -> list[Planes]:
    """Return the luma, (1, height, width), at full size and halved four times."""
    planes = np.asarray(picture.convert("L")).astype(np.float32)[None]
    scales = [planes]
    for _ in _SCALE_WEIGHTS[1:]:
        planes = planes[:, : planes.shape[1] // 2 * 2, : planes.shape[2] // 2 * 2]
        planes = _downscaled(planes)
        scales.append(planes)
    return scales


def _within(planes: Planes) -> Planes:
    """Return the planes under the same Gaussian, without the edges where it leaves them."""
    return _blurred(planes)[:, 5:-5, 5:-5]


def _downscaled(planes: Planes) -> Planes:
    """Return the means over two by two pixels; at an odd edge, over the pixels there are."""
    height, width = planes.shape[1:]
    padded = np.pad(planes, ((0, 0), (0, height % 2), (0, width % 2)), mode="edge")
    sums: Planes = padded[:, ::2, ::2] + padded[:, 1::2, ::2] + padded[:, ::2, 1::2] + padded[:, 1::2, 1::2]
    return sums * np.float32(0.25)


def _xyb(linear: Planes) -> Planes:
    mixed = np.tensordot(_MIX, linear, axes=1)
    mixed += _BIAS
    mixed = np.cbrt(np.maximum(mixed, 0, out=mixed), out=mixed)
    mixed -= np.cbrt(_BIAS)
    first, second, third = mixed
    light = 0.5 * (first + second)
    # The offsets keep all of it positive (make_positive_xyb).
    return np.stack([7.0 * (first - second) + 0.42, light + 0.01, third - light + 0.55])


def _blurred(planes: Planes) -> Planes:
    """Return the planes under a Gaussian of sigma 1.5 with the published edges: none at the sides, mirrored ends."""
    across = gaussian_filter1d(planes, 1.5, axis=2, mode="constant", radius=5)
    blurred: Planes = gaussian_filter1d(across, 1.5, axis=1, mode="reflect", radius=5)
    return blurred


def _similarity(mean: Planes, other: Planes, square: Planes, other_square: Planes, both: Planes) -> list[Norms]:
    difference = mean - other
    structure = 2 * (both - mean * other) + np.float32(published.kC2)
    energy = (square - mean * mean) + (other_square - other * other) + np.float32(published.kC2)
    return [_norms(np.maximum(1 - (1 - difference * difference) * structure / energy, 0))]


def _edges(first: Planes, mean: Planes, second: Planes, other: Planes) -> list[Norms]:
    gain = (1 + np.abs(second - other)) / (1 + np.abs(first - mean)) - 1
    return [_norms(np.maximum(gain, 0)), _norms(np.maximum(-gain, 0))]


def _norms(planes: Planes) -> Norms:
    """Return the means and the fourth-power means of each plane."""
    fourth = np.square(np.square(planes))
    return planes.mean(axis=(1, 2)), fourth.mean(axis=(1, 2)) ** 0.25

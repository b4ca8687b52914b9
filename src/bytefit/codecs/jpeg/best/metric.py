"""SSIMULACRA2 (J. Sneyers, 2022) in numpy, with the gradient of its weighted sum with respect to the pixels.

The formulas are those of the `ssimulacra2` package: six scales, in each a map of structural differences and two of
edges (artefacts and lost detail), the mean and the fourth-power mean of each map, and one weight for each of these 108
numbers. Maps whose weights are all below 0.002 are left out: all of them together are worth less than 0.05 points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bytefit.codecs.jpeg.best.blur import blurred
from bytefit.codecs.jpeg.best.products import mixed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]
    Pixels = NDArray[np.uint8]

_LEAST_SIDE = 8
_SCALES = 6
_FLOOR = np.float32(0.0009)

# Opsin absorbance of libjxl (lib/jxl/opsin_params.h).
_MIX = np.array(
    [
        [0.30, 1 - 0.078 - 0.30, 0.078],
        [0.23, 1 - 0.078 - 0.23, 0.078],
        [0.24342268924547819, 0.20476744424496821, 1 - 0.24342268924547819 - 0.20476744424496821],
    ],
    np.float32,
)
_BIAS = np.float32(0.0037930732552754493)
_ROOT = np.float32(np.cbrt(0.0037930732552754493))

# (channel, scale, norm, map) -> weight of the published metric, where it is not negligible. Channels: X, Y, B - Y;
# norms: mean, fourth-power mean; maps: structure, artefacts, lost detail.
_WEIGHTS = {
    (0, 1, 1, 0): 1.1041726426657346,
    (0, 2, 1, 0): 1.8422455520539298,
    (0, 2, 1, 1): 11.441172603757666,
    (0, 3, 1, 0): 1.8787594979546387,
    (0, 3, 1, 1): 10.94906990605142,
    (0, 4, 0, 1): 0.9677937080626833,
    (0, 4, 1, 1): 0.9981766977854967,
    (1, 0, 1, 0): 7.466890328078848,
    (1, 0, 1, 2): 17.445833984131262,
    (1, 1, 1, 0): 6.683678146179332,
    (1, 1, 1, 2): 1.027889937768264,
    (1, 2, 0, 0): 225.20515300849274,
    (1, 2, 1, 0): 19.213238186143016,
    (1, 3, 0, 0): 176.39317598450694,
    (1, 3, 1, 0): 24.43300999870476,
    (1, 3, 1, 1): 0.28520802612117757,
    (1, 4, 1, 0): 34.77906344483772,
    (1, 4, 1, 1): 44.835625328877896,
    (2, 3, 0, 0): 0.0020827005846636437,
    (2, 3, 1, 0): 8.826982764996862,
    (2, 3, 1, 1): 23.19243343998926,
    (2, 4, 0, 0): 95.1080498811086,
    (2, 4, 0, 1): 0.9863978034400682,
    (2, 4, 0, 2): 0.9834382792465353,
    (2, 4, 1, 1): 171.2667255897307,
    (2, 4, 1, 2): 0.9807858872435379,
}

# sRGB value -> linear light, and the slope of that curve.
_VALUES = np.arange(256) / 255
_DARK = _VALUES <= 0.04045  # noqa: PLR2004  (IEC 61966-2-1)
_LINEAR = np.where(_DARK, _VALUES / 12.92, ((_VALUES + 0.055) / 1.055) ** 2.4).astype(np.float32)
_SLOPE = np.where(_DARK, 1 / 12.92, 2.4 / 1.055 * ((_VALUES + 0.055) / 1.055) ** 1.4).astype(np.float32) / 255


@dataclass(frozen=True, slots=True)
class _Side:
    """What depends on the original alone, for one channel of one scale.

    Attributes:
        plane: the channel.
        mean: its blur.
        energy: its local variance, with the constant that keeps the ratio finite.
        edges: one over one plus its distance from the blur.
    """

    plane: Plane
    mean: Plane
    energy: Plane
    edges: Plane


class Original:
    """An original to compare versions with: pixels of shape (3, height, width), at least 8 a side."""

    def __init__(self, pixels: Pixels) -> None:
        """Keep what depends on the original alone."""
        self.weights: dict[tuple[int, int], NDArray[np.float64]] = {}
        self._sides: dict[tuple[int, int], _Side] = {}
        scales = _scales(pixels)
        for scale, linear in enumerate(scales):
            channels = _xyb(_roots(linear))
            for channel in range(3):
                weights = _weights_of(channel, scale, len(scales))
                if weights.any():
                    self.weights[channel, scale] = weights
                    self._sides[channel, scale] = _side(channels[channel])

    def score(self, pixels: Pixels) -> float:
        """Return the SSIMULACRA2 score of a version: 100 is the same, 90 hard to tell apart, below 30 bad."""
        return score_of(self._compared(pixels)[0])

    def gradient(self, pixels: Pixels) -> tuple[float, Plane]:
        """Return the weighted sum (0 is the same) and its gradient with respect to the pixels, in their shape."""
        total, gradients = self._compared(pixels, slopes=True)
        gradients *= _SLOPE[pixels]
        return total, gradients

    def _compared(self, pixels: Pixels, *, slopes: bool = False) -> tuple[float, Plane]:
        """Return the weighted sum; with `slopes`, its gradient with respect to linear light too."""
        total = 0.0
        scales = _scales(pixels)
        per_scale = []
        for scale, linear in enumerate(scales):
            roots = _roots(linear)
            channels = _xyb(roots)
            gradients: list[Plane | None] = [None, None, None]
            for channel in range(3):
                if (channel, scale) in self._sides:
                    side, weights = self._sides[channel, scale], self.weights[channel, scale]
                    value, gradients[channel] = _channel(side, channels[channel], weights, slopes=slopes)
                    total += value
            if slopes:
                per_scale.append(_back_to_linear(roots, gradients))
        if not slopes:
            return total, scales[0]
        gradient = per_scale.pop()
        while per_scale:
            finer = per_scale.pop()
            finer += _spread(gradient, finer.shape)
            gradient = finer
        return total, gradient


def score_of(total: float) -> float:
    """Return the score that belongs to a weighted sum."""
    total *= 0.9562382616834844
    total = 2.326765642916932 * total - 0.020884521182843837 * total**2 + 6.248496625763138e-05 * total**3
    return 100 - 10 * float(max(0.0, total) ** 0.6276336467831387)


def _weights_of(channel: int, scale: int, scales: int) -> NDArray[np.float64]:
    """Return the weights (norm, map) of a channel at a scale; with fewer scales the published list is just shorter."""
    listed = np.zeros(3 * _SCALES * 6)
    for (c, s, norm, kind), weight in _WEIGHTS.items():
        listed[((c * _SCALES + s) * 2 + norm) * 3 + kind] = weight
    first = (channel * scales + scale) * 6
    return listed[first : first + 6].reshape(2, 3)


def _scales(pixels: Pixels) -> list[Plane]:
    """Return the linear light, (3, height, width), at full size and halved up to five times."""
    planes = _LINEAR[pixels]
    scales = [planes]
    while len(scales) < _SCALES:
        planes = _halved(planes)
        if min(planes.shape[1:]) < _LEAST_SIDE:
            break
        scales.append(planes)
    return scales


def _halved(planes: Plane) -> Plane:
    """Return the means over two by two pixels; at an odd edge, over the pixels there are."""
    height, width = planes.shape[1:]
    if height % 2 or width % 2:
        planes = np.pad(planes, ((0, 0), (0, height % 2), (0, width % 2)), mode="edge")
    rows = planes[:, ::2] + planes[:, 1::2]
    means: Plane = (rows[:, :, ::2] + rows[:, :, 1::2]) * np.float32(0.25)
    return means


def _spread(gradient: Plane, shape: tuple[int, ...]) -> Plane:
    """Return the gradient with respect to the planes that were halved: the adjoint of `_halved`."""
    height, width = shape[1:]
    finer = np.repeat(np.repeat(gradient * np.float32(0.25), 2, axis=1), 2, axis=2)
    if height % 2:
        finer[:, -2] += finer[:, -1]
    if width % 2:
        finer[:, :, -2] += finer[:, :, -1]
    return finer[:, :height, :width]


def _roots(linear: Plane) -> Plane:
    """Return the cube roots of the cone responses."""
    responses = mixed(_MIX, linear)
    responses += _BIAS
    roots: Plane = np.cbrt(responses, out=responses)
    return roots


def _xyb(roots: Plane) -> tuple[Plane, Plane, Plane]:
    """Return X, Y and B - Y with the offsets that keep them positive."""
    first, second, third = roots
    light = np.float32(0.5) * (first + second)
    return (
        np.float32(7) * (first - second) + np.float32(0.42),
        light + (np.float32(0.01) - _ROOT),
        third - light + np.float32(0.55),
    )


def _back_to_linear(roots: Plane, gradients: list[Plane | None]) -> Plane:
    """Return the gradient with respect to linear light of one with respect to X, Y and B - Y (None: zero)."""
    x, y, b = gradients
    half = np.zeros_like(roots[0])
    if y is not None:
        half += np.float32(0.5) * y
    if b is not None:
        half -= np.float32(0.5) * b
    back = np.zeros_like(roots)
    back[:2] = half
    if x is not None:
        back[0] += np.float32(7) * x
        back[1] -= np.float32(7) * x
    if b is not None:
        back[2] = b
    back /= np.float32(3) * np.square(roots)
    return mixed(_MIX.T, back)


def _side(plane: Plane) -> _Side:
    mean = blurred(plane)
    energy = blurred(plane * plane) - mean * mean + _FLOOR
    return _Side(plane, mean, energy, 1 / (1 + np.abs(plane - mean)))


@dataclass(frozen=True, slots=True)
class _Slopes:
    """The gradients of one channel at one scale, which each map adds to: with respect to the plane and to its blur."""

    plane: Plane
    mean: Plane


def _channel(side: _Side, plane: Plane, weights: NDArray[np.float64], *, slopes: bool) -> tuple[float, Plane | None]:
    """Return the weighted sum of one channel at one scale, and its gradient with respect to that plane."""
    mean = blurred(plane)
    found = _Slopes(np.zeros_like(plane), np.zeros_like(plane)) if slopes else None
    total = 0.0
    if weights[:, 0].any():
        total += _structure(side, plane, mean, weights[:, 0], found)
    if weights[:, 1:].any():
        total += _edges(side, plane - mean, weights[:, 1:], found)
    return total, None if found is None else found.plane + blurred(found.mean)


def _structure(side: _Side, plane: Plane, mean: Plane, weights: NDArray[np.float64], slopes: _Slopes | None) -> float:
    """Return the sum of the map of structural differences, and add its gradients."""
    two = np.float32(2)
    apart = side.mean - mean
    alike = 1 - apart * apart
    both = two * (blurred(side.plane * plane) - side.mean * mean) + _FLOOR
    inverse = 1 / (side.energy + blurred(plane * plane) - mean * mean)
    ratio = alike * both * inverse
    total, slope = _normed(np.maximum(1 - ratio, 0), weights, slopes=slopes is not None)
    if slopes is None or slope is None:
        return total
    slope *= inverse
    slopes.mean[...] -= two * slope * (apart * both - alike * side.mean + ratio * mean)
    slopes.plane[...] -= two * side.plane * blurred(slope * alike)
    slopes.plane[...] += two * plane * blurred(slope * ratio)
    return total


def _edges(side: _Side, edge: Plane, weights: NDArray[np.float64], slopes: _Slopes | None) -> float:
    """Return the sum of the maps of artefacts and of lost detail, and add their gradients.

    `edge` is the plane less its blur.
    """
    gain = (1 + np.abs(edge)) * side.edges - 1
    total, slope = 0.0, np.zeros_like(edge)
    for kind, sign in enumerate((np.float32(1), np.float32(-1))):
        if weights[:, kind].any():
            value, part = _normed(np.maximum(sign * gain, 0), weights[:, kind], slopes=slopes is not None)
            total += value
            if part is not None:
                slope += sign * part
    if slopes is not None:
        slope *= np.sign(edge) * side.edges
        slopes.plane[...] += slope
        slopes.mean[...] -= slope
    return total


def _normed(values: Plane, weights: NDArray[np.float64], *, slopes: bool) -> tuple[float, Plane | None]:
    """Return the weighted mean and fourth-power mean of values, none negative, and the gradient."""
    total, slope = 0.0, np.zeros_like(values) if slopes else None
    if weights[0]:
        total += weights[0] * float(values.mean())
        if slope is not None:
            slope += (values > 0) * np.float32(weights[0] / values.size)
    if weights[1]:
        cube = values * values * values
        fourth = float(np.einsum("ij,ij->i", cube, values).sum()) / values.size
        total += weights[1] * fourth**0.25
        if slope is not None and fourth > 0:
            cube *= np.float32(weights[1] * fourth**-0.75 / values.size)
            slope += cube
    return total, slope

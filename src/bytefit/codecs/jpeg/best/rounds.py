"""Analysis and synthesis: levels are chosen, decoded and compared with the original, and chosen again, in rounds.

Each round moves what a coefficient is quantised from by a part of a Newton step down the gradient of SSIMULACRA2, and
weights its error by the curvature. This module knows neither files nor Pillow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bytefit.codecs.codec import GRAPHIC
from bytefit.codecs.jpeg.best.blocks import coefficients, padded, plane_of, steps_of
from bytefit.codecs.jpeg.best.colours import back_to_planes, pixels_of, planes_of
from bytefit.codecs.jpeg.best.trellis import bits_of, quantised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bytefit.codecs.jpeg.best.metric import Original

    Floats = NDArray[np.float32]
    Levels = NDArray[np.int16]
    Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Pace:
    """How far and how often levels are moved; the values were found on training photographs at 0.25 to 2 bits a pixel.

    Attributes:
        rounds: how many gradients are taken.
        first_share, last_share: the part of the coefficients that takes its new level in the first and in the last
            round. With all of them they overshoot together.
        step: the part of a Newton step that a target moves.
        limit: the most that a target moves, in quantiser steps.
        mean_limit: the same of a block's mean.
        block_power, frequency_power: the powers of the curvature that weights errors, by block and by frequency.
        luma, chroma: the bits that a squared error of one quantiser step is worth.
    """

    rounds: int = 8
    first_share: float = 0.8
    last_share: float = 0.5
    step: float = 0.5
    limit: float = 0.27
    mean_limit: float = 0.3
    block_power: float = 0.7
    frequency_power: float = 0.4
    luma: float = 16
    chroma: float = 16

    def share(self, number: int) -> float:
        """Return the part of the coefficients that takes its new level in a round, counted from 0."""
        done = number / max(1, self.rounds - 1)
        return self.first_share + (self.last_share - self.first_share) * done


# Mean logarithms of luma's steps, from fine rungs to coarse ones, and what suits them. Further moves at fine rungs
# raise SSIMULACRA2 a little and cost PSNR-HVS: a limit of 0.18 there gives 0.14 points more at 2 bits a pixel than one
# of 0.12, and 0.14 dB less.
_LEVELS = (2.5, 3.3, 4.2, 5.0)
_LIMITS = (0.16, 0.2, 0.24, 0.27)
_BLOCK_POWERS = (0.45, 0.55, 0.65, 0.7)
_FREQUENCY_POWERS = (0.2, 0.3, 0.35, 0.4)
_CHROMA_WORTHS = (13.0, 14.0, 13.0, 12.0)
_ROUNDS = (8, 8, 10, 10)

# Screen content is made of edges between colours, and at coarse rungs of single levels that are not worth their bits.
# Its levels move less: at wide moves both other metrics fall (MS-SSIM by 0.2 dB at 1 bit a pixel).
_LUMA_OF_GRAPHICS = (12.75, 10.5, 8.25, 8.25)
_CHROMA_OF_GRAPHICS = 14.4
_LIMIT_OF_GRAPHICS = 0.7


def pace_of(table: Sequence[int], content: str) -> Pace:
    """Return how far levels are moved with a quantisation table of luma: the less, the finer it is.

    Args:
        table: the table.
        content: what the picture holds, as codecs name it.
    """
    level = float(np.log(np.asarray(table[1:])).mean())
    rounds, limit, block, frequency, chroma = (
        float(np.interp(level, _LEVELS, values))
        for values in (_ROUNDS, _LIMITS, _BLOCK_POWERS, _FREQUENCY_POWERS, _CHROMA_WORTHS)
    )
    pace = Pace(round(rounds), limit=limit, block_power=block, frequency_power=frequency, chroma=chroma)
    if content != GRAPHIC:
        return pace
    luma = float(np.interp(level, _LEVELS, _LUMA_OF_GRAPHICS))
    return replace(pace, luma=luma, chroma=_CHROMA_OF_GRAPHICS, limit=limit * _LIMIT_OF_GRAPHICS)


# The parts of a coefficient's step, and of the sums that its curvature is made of, that the rounds before keep. One
# gradient is noisy: many levels change at once (0.2 to 0.6 points over none kept, at no time).
_KEPT_STEP, _KEPT_SUMS = np.float32(0.85), np.float32(0.9)

# The curvature of a coefficient is kept within these multiples of the mean: it is an estimate of few values.
_FLATTEST, _STEEPEST = np.float32(0.1), np.float32(10)


@dataclass(slots=True)
class Component:
    """One plane on its way, as blocks of shape (rows, columns, 64) in zigzag order.

    Attributes:
        shape: the height and width of the plane in samples.
        steps: the quantisation table.
        exact: the coefficients of the original, in steps.
        targets: what is quantised, in steps.
        levels: what is written.
        steps_before: the mean Newton steps of the rounds so far, in quantiser steps; None before the first.
        sums_before: what the curvature was made of so far.
    """

    shape: tuple[int, int]
    steps: Floats
    exact: Floats
    targets: Floats
    levels: Levels
    steps_before: Floats | None = None
    sums_before: tuple[Floats, ...] | None = None

    def decoded(self) -> Floats:
        """Return the plane that a decoder makes of the levels."""
        return plane_of(self.levels * self.steps)[: self.shape[0], : self.shape[1]]


def components_of(pixels: Pixels, tables: Sequence[Sequence[int]], *, halved: bool) -> list[Component]:
    """Return the planes of pixels, (3, height, width) or (1, height, width) for grey, with rounded levels."""
    found = []
    for plane, table in zip(planes_of(pixels, halved=halved), tables, strict=False):
        steps = steps_of(table)
        exact = coefficients(padded(plane)) / steps
        found.append(Component(plane.shape, steps, exact, exact.copy(), np.rint(exact).astype(np.int16)))
    return found


def improve(components: list[Component], original: Original, *, halved: bool, pace: Pace, seed: int) -> None:
    """Choose the levels of all components, in place.

    Args:
        components: see `components_of`.
        original: what to compare with.
        halved: whether chroma has half the width and height.
        pace: see there.
        seed: of the draw of coefficients, so that the same order gives the same file.
    """
    random = np.random.default_rng(seed)
    worth = [pace.luma, pace.chroma, pace.chroma][: len(components)]
    weights = [np.full_like(each.exact, each_worth) for each, each_worth in zip(components, worth, strict=True)]
    _requantise(components, weights, 1.0, random)
    for number in range(pace.rounds):
        pixels, inside = pixels_of([each.decoded() for each in components], halved=halved)
        _, gradient = original.gradient(pixels)
        gradient *= inside
        back = back_to_planes(gradient, len(components), halved=halved)
        moved = [_moved(each, plane, pace) for each, plane in zip(components, back, strict=True)]
        weights = [np.float32(each) * relative for each, relative in zip(worth, moved, strict=True)]
        _requantise(components, weights, pace.share(number), random)


def _requantise(components: list[Component], weights: list[Floats], share: float, random: np.random.Generator) -> None:
    """Let a share of the coefficients take the level of the trellis; the chroma planes share their symbols."""
    chroma = [each.levels.reshape(-1, 64) for each in components[1:]]
    bits = [bits_of(components[0].levels.reshape(-1, 64))]
    bits += [bits_of(np.concatenate(chroma))] * 2 if chroma else []
    for each, weight, price in zip(components, weights, bits, strict=True):
        new = quantised(each.targets.reshape(-1, 64), weight.reshape(-1, 64), price).reshape(each.levels.shape)
        if share < 1:
            new = np.where(random.random(new.shape, np.float32) < share, new, each.levels)
        each.levels = new


def _moved(component: Component, gradient: Floats, pace: Pace) -> Floats:
    """Move the targets down the gradient of the plane; return the weights of errors for the next trellis, mean 1.

    Near what is decoded the sum is about quadratic, so that its minimum is a Newton step away from the decoded value.
    The error of the coefficient itself is a part of that step which the trellis already weighs; only the rest, what
    the errors of all others ask of this one, moves the target from its exact value.
    """
    height, width = gradient.shape
    whole = np.pad(gradient, ((0, -height % 8), (0, -width % 8)))
    slope = coefficients(whole) * component.steps
    error: Floats = component.levels - component.exact
    mean, block, frequency = _curvature(component, slope, error)
    rest: Floats = slope / (np.float32(mean) * block * frequency) - error
    if component.steps_before is not None:
        rest += _KEPT_STEP * (component.steps_before - rest)
    component.steps_before = rest
    limits = np.full(64, pace.limit, np.float32)
    limits[0] = pace.mean_limit
    component.targets = component.exact - limits * np.tanh(np.float32(pace.step) / limits * rest)
    scale = block ** np.float32(pace.block_power) * frequency ** np.float32(pace.frequency_power)
    relative: Floats = scale / scale.mean()
    return relative


def _curvature(component: Component, slope: Floats, error: Floats) -> tuple[float, Floats, Floats]:
    """Return the second derivative by each coefficient: the mean, a factor for each block and one for each frequency.

    Where the sum is about quadratic, slope times error is curvature times squared error. Both are summed over the
    blocks or frequencies that share a factor, blocks with their neighbours.
    """
    product, square = slope * error, error * error
    sums = tuple(
        total for values in (product, square) for total in (_around(values.sum(axis=2)), values.sum(axis=(0, 1)))
    )
    if component.sums_before is not None:
        sums = tuple(new + _KEPT_SUMS * old for new, old in zip(sums, component.sums_before, strict=True))
    component.sums_before = sums
    by_block = sums[0] / (sums[2] + np.float32(1e-6))
    by_frequency = sums[1] / (sums[3] + np.float32(1e-6))
    mean = max(float(sums[1].sum() / (sums[3].sum() + np.float32(1e-6))), 1e-20)
    block: Floats = np.clip(by_block / mean, _FLATTEST, _STEEPEST).astype(np.float32)
    frequency: Floats = np.clip(by_frequency / mean, _FLATTEST, _STEEPEST).astype(np.float32)
    return mean, block[:, :, None], frequency


def _around(values: Floats) -> Floats:
    """Return the sums over each block and its neighbours."""
    wide = np.pad(values, 1)
    rows = wide[:-2] + wide[1:-1] + wide[2:]
    total: Floats = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    return total

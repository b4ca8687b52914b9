"""The published attempt at this job, rebuilt as a strategy to be compared with, as good as we can make it.

Features of the full-resolution picture (edge density, entropy, variance, width, height) and the quality go into
gradient-boosted trees that predict the size. It was published with integer qualities; here it gets our ladders and
our search as well, so that what is compared is the prediction and its cost.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage
from sklearn.ensemble import GradientBoostingRegressor

from bytefit.curve import interpolated
from bytefit.seeding.curves import in_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from bytefit.codecs import Codec

# A pixel counts as an edge where the Sobel gradient of its luma is above this (of 255).
_EDGE = 50


def full_features(picture: Image.Image) -> list[float]:
    """Return edge density, entropy (bits a pixel), variance, width and height of a picture."""
    luma = np.asarray(picture.convert("L"), dtype=np.float32)
    gradient = np.hypot(ndimage.sobel(luma, axis=0), ndimage.sobel(luma, axis=1))
    shares = np.bincount(luma.astype(np.uint8).ravel(), minlength=256) / luma.size
    shares = shares[shares > 0]
    return [
        float((gradient > _EDGE).mean()),
        float(-(shares * np.log2(shares)).sum()),
        float(luma.var()),
        float(picture.width),
        float(picture.height),
    ]


class PublishedModel:
    """The regressor of the published attempt, fitted to measured pictures of one codec."""

    def __init__(
        self, codec: Codec, rungs: Sequence[int], rows: Sequence[tuple[Sequence[float], Sequence[float]]]
    ) -> None:
        """Fit to rows of (full features, ln bits per pixel at each of `rungs`)."""
        self.codec = codec
        self.rungs = rungs
        inputs = [[*features, codec.ladder[rung]] for features, _ in rows for rung in rungs]
        outputs = [bits for _, curve in rows for bits in curve]
        self.regressor: Any = GradientBoostingRegressor(
            n_estimators=300, max_depth=4, learning_rate=0.1, random_state=0
        )
        self.regressor.fit(np.array(inputs), np.array(outputs))

    def curve(self, picture: Image.Image) -> list[float]:
        """Return the predicted ln(bytes) for every rung; the features are computed here and count as its cost."""
        features = full_features(picture)
        inputs = np.array([[*features, self.codec.ladder[rung]] for rung in self.rungs])
        bits = self.regressor.predict(inputs)
        knots = [
            (float(rung), in_bytes(self.codec, picture.mode, picture.width * picture.height, value, rung))
            for rung, value in zip(self.rungs, map(float, bits), strict=True)
        ]
        return list(accumulate(interpolated(knots, range(len(self.codec.ladder))), max))

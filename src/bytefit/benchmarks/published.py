"""The published attempt at this task, rebuilt as a strategy to compare with, as good as we can make it.

Features of the full-resolution picture (edge density, entropy, variance, width, height) and the quality go into
gradient-boosted trees that predict the size. It was published with integer qualities. Here it gets our ladders and
our search as well, so that only the prediction and its cost differ.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor

from bytefit.search.curve import interpolated
from bytefit.seeding.seed import in_bytes
from bytefit.training.full_features import full_features

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from bytefit.codecs import Codec


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

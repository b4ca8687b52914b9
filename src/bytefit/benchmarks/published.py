"""The published attempt at this task, rebuilt as a strategy to compare with, as good as we can make it.

Features of the full-resolution picture (edge density, entropy, variance, width, height) and the quality go into
gradient-boosted trees that predict the size. It was published with integer qualities. Here it gets our ladders and
our search as well, so that only the prediction and its cost differ.

Its table has a line for each image: the iterations, the time and the error of binary search (BS) and of its model (ML),
and the speed-up; below them the averages. In ours ML is bytefit, and the model rebuilt here has a line of averages.
"""

from __future__ import annotations

from itertools import accumulate
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor

from bytefit.search.curve import interpolated
from bytefit.seeding.seed import in_bytes
from bytefit.training.full_features import full_features
from bytefit.training.markdown import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from bytefit.benchmarks.rows import Row
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


# One budget of each whole image, in bits per pixel: the usual one.
_BITS = 0.3
_SEARCH, _ML, _PUBLISHED = "bisection", "bytefit", "full-feature GBR"

_HEADER = ["image", "BS iterations", "ML iterations", "BS ms", "ML ms", "BS error", "ML error", "speed-up"]


def published_table(rows: Sequence[Row]) -> str:
    """Return the table of one codec; empty where no whole image was fitted to the usual budget.

    The error is the share of the budget that the answer leaves unused, or exceeds.
    """
    usual = [row for row in rows if row.bits == _BITS and row.kind != "tiny piece"]
    searched, fitted, published = (
        [row for row in usual if row.strategy == name] for name in (_SEARCH, _ML, _PUBLISHED)
    )
    if not searched:
        return ""
    lines = [_line(bs.path, [bs], [ml]) for bs, ml in zip(searched, fitted, strict=True)]
    lines.append(_line("average", searched, fitted))
    lines.append(_line("average, published model", searched, published))
    return table(_HEADER, lines)


def _line(name: str, searched: Sequence[Row], fitted: Sequence[Row]) -> list[str]:
    both = (searched, fitted)
    return [
        name,
        *(f"{fmean(row.answer.trials for row in rows):.3g}" for rows in both),
        *(f"{1000 * fmean(row.answer.seconds for row in rows):.1f}" for rows in both),
        *(f"{fmean(abs(1 - row.fill) for row in rows):.2%}" for rows in both),
        f"{fmean(row.speed_up for row in fitted):.2f}x",
    ]

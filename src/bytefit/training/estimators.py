"""Estimators that could correct the probes, compared on the same rows by the expected cost of a search."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from timeit import repeat
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

# Half the window that a first trial must hit at the usual slack of 5 %, in ln bytes, minus half a step of the ladder,
# which no estimator can avoid.
WINDOW = 0.0255 - 0.005

_SEED = 0


@dataclass(frozen=True, slots=True)
class Compared:
    """One estimator on held-out rows.

    Attributes:
        name: its name.
        median, p90: of its absolute error of ln(bits per pixel).
        trials: the expected full encodes, if one more follows every first one that misses the window.
        microseconds: the time to predict one row, in its library; for boosted trees in plain Python, as shipped.
    """

    name: str
    median: float
    p90: float
    trials: float
    microseconds: float


def compare(
    train: list[tuple[list[float], float]],
    held_out: list[tuple[list[float], float]],
    shipped: Callable[[list[float]], float],
) -> list[Compared]:
    """Fit every estimator to training rows of (features, what the probe leaves), and test it on held-out rows."""
    inputs, outputs = (np.array(column) for column in zip(*train, strict=True))
    tests, truth = (np.array(column) for column in zip(*held_out, strict=True))
    others: dict[str, Any] = {
        "median of all": DummyRegressor(strategy="median"),
        "linear (ridge)": make_pipeline(StandardScaler(), Ridge()),
        "random forest, 200 trees": RandomForestRegressor(200, min_samples_leaf=3, random_state=_SEED),
        "extra trees, 200 trees": ExtraTreesRegressor(200, min_samples_leaf=3, random_state=_SEED),
        "histogram boosting": HistGradientBoostingRegressor(loss="absolute_error", random_state=_SEED),
    }
    compared = []
    for name, estimator in others.items():
        estimator.fit(inputs, outputs)
        predicted = estimator.predict(tests)
        compared.append(_compared(name, predicted, truth, partial(estimator.predict, tests[:1])))
    predicted = np.array([shipped(row) for row, _ in held_out])
    first = held_out[0][0]
    return [*compared, _compared("gradient boosting, shipped", predicted, truth, partial(shipped, first))]


def _compared(
    name: str, predicted: NDArray[np.float64], truth: NDArray[np.float64], once: Callable[[], object]
) -> Compared:
    errors = np.abs(truth - predicted)
    return Compared(
        name,
        median=float(np.median(errors)),
        p90=float(np.quantile(errors, 0.9)),
        trials=1 + float((errors > WINDOW).mean()),
        microseconds=min(repeat(once, number=1, repeat=9)) * 1e6,
    )

"""The rows of the speed benchmark: one case answered by one strategy.

This module knows numbers only, not how they are measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bytefit.benchmarks.strategies import Answer

# Budgets of a picture, in bits per pixel: generous, usual and tight.
BUDGET_BITS = (1.0, 0.3, 0.1)

# Upper bounds of the size classes, in megapixels.
SIZE_CLASSES = (("tiny", 0.1), ("small", 1.0), ("medium", 4.0), ("large", float("inf")))

EARLY, PROVEN = "bisection, stopping early", "bytefit, best rung"
STRATEGIES = ("bisection", EARLY, "mean curve", "full-feature GBR", "bytefit", PROVEN)


@dataclass(frozen=True, slots=True)
class Row:
    """One case answered by one strategy.

    Attributes:
        codec, path, kind, source: the image; the kind of a tiny piece cut from an image is "tiny piece".
        megapixels, bits: its size in megapixels and its budget in bits per pixel.
        budget: the budget in bytes.
        strategy: the name of the strategy.
        answer: its answer.
        cost: the time of the whole answer over that of one encode at bytefit's answer.
        speed_up: the time of full bisection over its time.
        speed_up_early: the time of bisection that stops inside the slack over its time.
    """

    codec: str
    path: str
    kind: str
    source: str
    megapixels: float
    bits: float
    budget: int
    strategy: str
    answer: Answer
    cost: float
    speed_up: float
    speed_up_early: float

    @property
    def fill(self) -> float:
        """Bytes over budget."""
        return self.answer.size / self.budget

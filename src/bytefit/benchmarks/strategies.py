"""The strategies to compare: each fits the same picture to the same budget with the same encoder.

No strategy is handicapped. All encode the same prepared picture in memory with the same options; those with a predicted
curve use bytefit's own search; models are loaded before the clock runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log
from time import perf_counter
from typing import TYPE_CHECKING

from bytefit.codecs import encode_timed
from bytefit.codecs.encoding import NO_METADATA
from bytefit.fitting.compress import compress
from bytefit.search.search import search
from bytefit.seeding.picture_kind import for_content
from bytefit.seeding.sampling import sample_of
from bytefit.seeding.seed import mean_curve
from bytefit.seeding.with_model import seed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from bytefit.benchmarks.published import PublishedModel
    from bytefit.codecs import Codec, Trial

SLACK = 0.05


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a strategy and its cost.

    Attributes:
        size: bytes of the answer, or of the smallest encoding when nothing fits.
        quality: its quality on the codec's scale.
        trials: full encodes made.
        seconds: all its time: probes, features, model, encodes.
        error: ln(true / predicted bytes) at the answer, where a curve was predicted.
        proven: whether the answer is known to be the best one on the strategy's own ladder.
    """

    size: int
    quality: float
    trials: int
    seconds: float
    error: float | None = None
    proven: bool = False


class Case:
    """One picture, one codec, one budget, and the encodes made for it."""

    def __init__(self, codec: Codec, picture: Image.Image, budget: int) -> None:
        """Take a picture in the mode the codec encodes."""
        self.codec = for_content(codec, sample_of(codec, picture))
        self.picture = picture
        self.budget = budget
        self.min_accept = ceil(budget * (1 - SLACK))

    def encode(self, quality: float) -> Trial:
        """Encode once at a quality, in full."""
        setting = self.codec.setting(quality, self.picture.mode)
        return encode_timed(self.codec, self.picture, setting, NO_METADATA)[1]

    def bisection(self) -> tuple[Answer, Answer]:
        """Bisect the integer qualities to the end, the textbook way; also return where stopping in the slack ends."""
        started = perf_counter()
        low, high = ceil(self.codec.ladder[0]), int(self.codec.ladder[-1])
        best: tuple[int, float] | None = None
        smallest, trials = 0, 0
        early: Answer | None = None
        while low <= high:
            middle = (low + high) // 2
            size = self.encode(middle).size
            trials += 1
            if size <= self.budget:
                best, low = (size, middle), middle + 1
            else:
                smallest, high = size, middle - 1
            if early is None and self.min_accept <= size <= self.budget:
                early = Answer(size, middle, trials, perf_counter() - started)
        size, quality = best or (smallest, self.codec.ladder[0])
        full = Answer(size, quality, trials, perf_counter() - started, proven=True)
        return full, early or full

    def with_mean_curve(self) -> Answer:
        """Search from the mean curve: no features, no model."""
        started = perf_counter()
        return self._searched(mean_curve(self.codec, self.picture), started)

    def with_published(self, model: PublishedModel) -> Answer:
        """Search from the curve of the published attempt, its features computed at full resolution."""
        started = perf_counter()
        return self._searched(model.curve(self.picture), started)

    def with_bytefit(self, slack: float = SLACK) -> Answer | None:
        """Call `bytefit.compress`, as a user does; None for a file without loss or next to none: no model led to it."""
        started = perf_counter()
        result = compress(
            self.picture,
            self.budget,
            format=self.codec.format,
            slack=slack,
            on_unreachable="smallest",
            metadata="strip",
        )
        seconds = perf_counter() - started
        if "lossless" in result.setting:
            return None
        sample = sample_of(self.codec, self.picture)
        seeded = seed(self.codec, self.picture, sample, budget=self.budget, min_accept=self.min_accept, first=0)
        predicted = seeded.curve[self.codec.ladder.index(result.quality)]
        return Answer(
            result.size, result.quality, len(result.trials), seconds, log(result.size) - predicted, result.proven
        )

    def _searched(self, curve: Sequence[float], started: float) -> Answer:
        sizes: dict[int, int] = {}

        def measure(rung: int) -> int:
            sizes[rung] = self.encode(self.codec.ladder[rung]).size
            return sizes[rung]

        found = search(measure, curve, self.budget, min_accept=self.min_accept)
        seconds = perf_counter() - started
        rung = min(sizes) if found.rung is None else found.rung
        error = log(sizes[rung]) - curve[rung]
        return Answer(sizes[rung], self.codec.ladder[rung], len(sizes), seconds, error, found.proven)

"""What an unreachable budget is explained with: how small the image can be made, and what would help.

It explains from what was measured and encodes nothing itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bytefit.errors import Alternative, BudgetUnreachable
from bytefit.fitting.resizing import scale_of

if TYPE_CHECKING:
    from bytefit.fitting.result import Result
    from bytefit.fitting.trials import Trials
    from bytefit.options import Options

# Metadata that take more than this share of the budget are worth naming.
_HEAVY_METADATA = 1 / 4


class Miss(NamedTuple):
    """An image that was not fitted to its budget, or only below the score asked for.

    Attributes:
        trials: what was tried; its best encoding is the smallest, or the one that scores highest.
        score: the SSIMULACRA2 score of that encoding, where a `min_score` was asked for.
        floored: whether the floor on the score is what stands in the way.
    """

    trials: Trials
    score: float | None
    floored: bool

    @property
    def smallest(self) -> int:
        """The bytes of the best encoding."""
        return len(self.trials.data)

    @property
    def scaling_may_help(self) -> bool:
        """Whether smaller dimensions could bring the image within its budget."""
        return not self.floored


def explained(
    miss: Miss, name: str, options: Options, *, smaller: Trials | None, other_format: Result | None
) -> BudgetUnreachable:
    """Return the error that says how small the image can be made, and what would help.

    Args:
        miss: what was tried.
        name: what messages call the image.
        options: what was asked for.
        smaller: trials at dimensions that were seen to fit, where there are any.
        other_format: an answer in another format that fits, where there is one.
    """
    trials, target, floored = miss.trials, miss.trials.target, miss.floored
    ways = []
    heavy = target.encode_budget * _HEAVY_METADATA
    if trials.overhead - trials.trailing.weight > heavy:
        ways.append("strip metadata")
    if trials.trailing.weight > heavy:
        ways.append("allow drop_extras")
    if options.min_quality is not None and target.first > 0:
        ways.append("lower the quality floor")
    if floored:
        ways.append("lower the score floor")
    fits_unpadded = miss.smallest <= target.budget
    no_rung_reaches = miss.score is not None and options.min_score is not None and miss.score < options.min_score
    if fits_unpadded and not floored:
        ways.append("leave exact out: padding needs some room")
    return BudgetUnreachable(
        target.budget,
        miss.smallest,
        width=trials.picture.width,
        height=trials.picture.height,
        quality=trials.quality,
        metadata_bytes=trials.overhead,
        floor=options.min_quality,
        min_score=options.min_score if floored else None,
        score=miss.score,
        name=name,
        ways=tuple(ways),
        larger_budget_helps=not no_rung_reaches and not (floored and fits_unpadded),
        smaller_size=None if smaller is None else _alternative(smaller),
        other_format=None if other_format is None else other_format.alternative,
        encodes=len(trials.log.trials) + (0 if other_format is None else len(other_format.trials)),
    )


def _alternative(trials: Trials) -> Alternative:
    width, height = trials.picture.size
    return Alternative(trials.codec.format, trials.quality, width, height, scale_of(trials), len(trials.data))

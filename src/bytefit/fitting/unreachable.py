"""What an unreachable budget is explained with: how small the image can be made, and what would help.

It explains from what was measured and encodes nothing itself.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from bytefit.codecs import media_type
from bytefit.errors import Alternative, BudgetUnreachable
from bytefit.fitting.resizing import scale_of
from bytefit.options import BASE64, BINARY, DATA_URI, counted

if TYPE_CHECKING:
    from bytefit.fitting.result import Result
    from bytefit.fitting.trials import Trials
    from bytefit.options import Options

# What messages call the encodings of a file as text.
_TEXTS = {BASE64: "base64", DATA_URI: "a data URI"}

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
    miss: Miss, name: str, budget: int, options: Options, *, smaller: Trials | None, other_format: Result | None
) -> BudgetUnreachable:
    """Return the error that says how small the image can be made, and what would help.

    Args:
        miss: what was tried.
        name: what messages call the image.
        budget: the most bytes, counted as `encoding` says.
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
    counted_size = partial(counted, options=options, media_type=lambda: media_type(trials.codec.format))
    fits_unpadded = miss.smallest <= target.window.most
    no_rung_reaches = miss.score is not None and options.min_score is not None and miss.score < options.min_score
    if fits_unpadded and not floored:
        ways.append(f"{'leave exact out' if options.exact else 'lower min_size'}: padding needs some room")
    return BudgetUnreachable(
        budget,
        counted_size(miss.smallest),
        width=trials.picture.width,
        height=trials.picture.height,
        quality=trials.quality,
        metadata_bytes=trials.overhead,
        floor=options.min_quality,
        min_score=options.min_score if floored else None,
        score=miss.score,
        name=name if options.encoding == BINARY else f"{name} as {_TEXTS[options.encoding]}",
        ways=tuple(ways),
        larger_budget_helps=not no_rung_reaches and not (floored and fits_unpadded),
        smaller_size=None if smaller is None else _alternative(smaller, counted_size(len(smaller.data))),
        other_format=None if other_format is None else other_format.alternative,
        encodes=len(trials.log.trials) + (0 if other_format is None else len(other_format.trials)),
    )


def _alternative(trials: Trials, size: int) -> Alternative:
    width, height = trials.picture.size
    return Alternative(trials.codec.format, trials.quality, width, height, scale_of(trials), size)

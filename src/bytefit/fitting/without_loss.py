"""What is tried before a lossy ladder, if the source lost nothing: a lossless encode, or one that loses little."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

from bytefit.fitting.trials import search_ladder
from bytefit.pictures.frames import Frames
from bytefit.search.search import Found
from bytefit.seeding.seed import mean_curve

if TYPE_CHECKING:
    from PIL import Image

    from bytefit.codecs import Codec
    from bytefit.fitting.trials import Trials

# No nearly lossless encode is tried where the smallest needs more than the budget even at this share of its mean size.
_LEAST_SHARE = 0.6


def try_without_loss(trials: Trials, min_quality: float | None) -> tuple[Trials, Found] | None:
    """Return the lossless encoding where that fits, or else one that is nearly lossless and better than a lossy one.

    None where neither fits, or a probe says they are not worth a trial.

    Args:
        trials: of a picture whose source lost nothing, on a lossy ladder.
        min_quality: the least quality accepted.
    """
    if trials.payload < 1:
        return None
    from bytefit.seeding.lossless_probe import lossless_probe

    least, probe = lossless_probe(trials.codec, trials.picture, trials.sample)
    trials.log.probes.append(probe)
    if least <= trials.payload:
        lossless = trials.on(trials.codec.without_loss(hidden_colours=False), first=0, last=0)
        lossless.measure(0)
        if lossless.fits:
            return lossless, Found(0, proven=True, sizes={0: lossless.payload})
        least = len(lossless.data) - lossless.overhead
    codec = _nearly_lossless(trials, least)
    if codec is None:
        return None
    nearly = trials.on(codec, first=codec.floor_rung(min_quality), last=len(codec.ladder) - 2)
    if nearly.target.first > nearly.target.last:
        return None
    found = search_ladder(nearly)
    return (nearly, found) if nearly.fits else None


def _nearly_lossless(trials: Trials, least: float) -> Codec | None:
    """Return the codec with its nearly lossless ladder; None without one, or where a probe says that none of it fits.

    Searching palettes takes ten encodes and more, so each step that may refuse comes before one that costs more.

    Args:
        trials: on the lossy ladder.
        least: the fewest bytes that a lossless file may have.
    """
    picture, near, most = trials.picture, trials.codec.lossless.near, log(trials.payload)
    if near is None or isinstance(picture, Frames):
        return None
    lossless, lowest = log(least * _LEAST_SHARE), near.mean_bits[0][0]
    if lossless + log(near.mean_bits[0][1] / near.mean_bits[-1][1]) > most or not _may_fit(trials, picture, lowest):
        return None
    codec = trials.codec.nearly_lossless(trials.sample)
    if codec is None:
        return None
    curve = mean_curve(codec, picture)
    if lossless + curve[0] - curve[-1] > most:
        return None
    if codec.ladder[0] != lowest:
        return codec if _may_fit(trials, picture, codec.ladder[0]) else None
    from bytefit.seeding.lossless_probe import lowest_rung_probe

    least, probe = lowest_rung_probe(codec, picture)
    trials.log.probes.append(probe)
    return codec if least <= trials.payload else None


def _may_fit(trials: Trials, picture: Image.Image, quality: float) -> bool:
    """Return whether a probe says that the nearly lossless encode of a quality may fit."""
    from bytefit.seeding.lossless_probe import near_lossless_probe

    least, probe = near_lossless_probe(trials.codec, picture, quality)
    trials.log.probes.append(probe)
    return least <= trials.payload

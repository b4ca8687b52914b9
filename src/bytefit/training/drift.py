"""How good a model is on this machine: real fits of pictures, their trials and the error of what was predicted.

A model is trained with one version of an encoder and used with others. The figures of the machine it was trained on
are stored in its file; beside those of this machine they tell whether training again pays. Only Pillow is needed.
"""

from __future__ import annotations

from math import log
from statistics import fmean, median, quantiles
from typing import TYPE_CHECKING, Any, NamedTuple

import PIL
from PIL import features as pillow_features

from bytefit.codecs import codec_for_format
from bytefit.codecs.preparing import prepare
from bytefit.errors import UnsupportedImage
from bytefit.fitting.compress import compress
from bytefit.seeding.picture_kind import for_content
from bytefit.seeding.sampling import sample_of
from bytefit.seeding.with_model import seed

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from PIL import Image

# Budgets of a picture, in bits per pixel, and the share of them that may stay unused.
BUDGET_BITS = (1.0, 0.3, 0.1)
_SLACK = 0.05

# Training again pays where a fit takes this many more trials than where the model was trained, or where the usual error
# is this many times as large, and larger by this. With other images of the same kinds, trials differ by up to 0.2.
_MORE_TRIALS, _TIMES_THE_ERROR, _MORE_ERROR = 0.25, 1.5, 0.005

_ENCODERS = {"JPEG": ("libjpeg-turbo", "libjpeg_turbo"), "WEBP": ("libwebp", "webp"), "AVIF": ("libavif", "avif")}


class Figures(NamedTuple):
    """What was measured.

    Attributes:
        cases: the number of pictures with a budget that could be met.
        trials: the mean number of full encodes.
        error: the median error of the predicted ln(bytes).
        p90: the error that a tenth of the cases exceed.
    """

    cases: int
    trials: float
    error: float
    p90: float


def encoder_version(codec_format: str) -> str:
    """Return the name and the version of the library that encodes a format here."""
    name, feature = _ENCODERS[codec_format]
    return f"{name} {pillow_features.version(feature)}"


def machine(codec_format: str) -> dict[str, str]:
    """Return what decides the sizes of files on this machine."""
    return {"encoder": encoder_version(codec_format), "pillow": PIL.__version__}


def measured(
    codec_format: str, pictures: Iterable[Image.Image], models: str | os.PathLike[str] | None = None
) -> Figures | None:
    """Fit pictures to three budgets each; return None if none of these can be met.

    Args:
        codec_format: Pillow's name of the format.
        pictures: the pictures.
        models: see `bytefit.compress`.
    """
    codec = codec_for_format(codec_format)
    trials: list[int] = []
    errors: list[float] = []
    for picture in pictures:
        try:
            prepared = prepare(codec, picture)
        except UnsupportedImage:
            continue
        sample = sample_of(codec, prepared)
        own = for_content(codec, sample)
        for bits in BUDGET_BITS:
            budget = max(1, int(prepared.width * prepared.height * bits / 8))
            result = compress(
                prepared,
                budget,
                format=codec_format,
                slack=_SLACK,
                on_unreachable="smallest",
                metadata="strip",
                models=models,
            )
            # No model leads to a file without loss, or with next to none.
            if not result.fits or result.quality == codec.ladder[-1] or "lossless" in result.setting:
                continue
            predicted = seed(
                own, prepared, sample, budget=budget, min_accept=int(budget * (1 - _SLACK)), first=0, models=models
            )
            trials.append(len(result.trials))
            errors.append(abs(log(result.size) - predicted.curve[own.ladder.index(result.quality)]))
    if not trials:
        return None
    p90 = quantiles(errors, n=10)[-1] if len(errors) > 1 else errors[0]
    return Figures(len(trials), round(fmean(trials), 3), round(median(errors), 4), round(p90, 4))


def has_drifted(here: Figures, stored: dict[str, Any]) -> bool:
    """Return whether a model does so much worse here than where it was trained that training again pays."""
    worse = bool(here.error > max(_TIMES_THE_ERROR * stored["error"], stored["error"] + _MORE_ERROR))
    return worse or bool(here.trials > stored["trials"] + _MORE_TRIALS)

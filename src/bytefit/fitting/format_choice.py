"""The format in which an image looks best under a budget, among those allowed: each is fitted, the best one kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bytefit import formats
from bytefit.codecs import codec_for_format
from bytefit.errors import ConfigError, UnsupportedImage
from bytefit.fitting.unreachable import Miss
from bytefit.pictures.frames import Frames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from PIL import Image

    from bytefit.fitting.result import Result
    from bytefit.options import Options
    from bytefit.sources.source import Source

AUTO = "auto"

# Those that browsers show. In this order the one that looks better at the same bytes comes first, on the whole; where
# the `metrics` extra is installed, each answer is scored.
FORMATS = ("AVIF", "WEBP", "JPEG", "PNG")
ANIMATED_FORMATS = ("AVIF", "WEBP", "PNG", "GIF")

# A lossless answer is the best there is, and found out sooner than AVIF is encoded.
_LOSSLESS_FIRST = ("WEBP", "PNG")


def is_auto(wanted: str | None) -> bool:
    """Return whether the format is to be the one the image looks best in."""
    return wanted is not None and wanted.lower() == AUTO


def with_allowed_format(source: Source, options: Options) -> Options:
    """Return options whose format is one of those allowed: the image's own where it is, else "auto".

    Raises:
        ConfigError: if a format is asked for that is not allowed.
    """
    if options.formats is None or is_auto(options.format):
        return options
    allowed = [codec_for_format(name).format for name in options.formats]
    own = options.format or source.picture.format
    own = formats.named(own).name if own else None
    if own in allowed:
        return options._replace(format=own, formats=None)
    if options.format is not None and allowed:
        raise ConfigError(f"{options.format} is not among the formats allowed: use {', '.join(allowed)}")
    return options._replace(format=AUTO, formats=allowed)


def best_looking(
    picture: Image.Image | Frames,
    allowed: Iterable[str] | None,
    fit: Callable[[str], Result | Miss],
    score: Callable[[Result], float | None],
    *,
    lossless: bool = False,
) -> Result | Miss:
    """Return the answer that looks best, or the smallest miss where no format fits.

    Args:
        picture: the picture or the frames.
        allowed: names of formats; None for those that browsers show.
        fit: format -> the picture fitted in it.
        score: an answer -> its SSIMULACRA2 score, or None where it cannot be scored.
        lossless: whether only formats with a lossless coding count.

    Raises:
        ConfigError: if no format is left.
        UnsupportedImage: if no format holds the picture.
    """
    names = _candidates(picture, allowed, lossless=lossless)
    answers: dict[str, Result] = {}
    misses: list[Miss] = []
    errors: list[UnsupportedImage] = []
    for name in sorted(names, key=lambda name: name not in _LOSSLESS_FIRST):
        try:
            answer = fit(name)
        except UnsupportedImage as error:
            errors.append(error)
            continue
        if isinstance(answer, Miss):
            misses.append(answer)
            continue
        if answer.lossless:
            return answer
        answers[name] = answer
    if not answers:
        if misses:
            return min(misses, key=lambda miss: miss.smallest)
        raise errors[0]
    scores = {name: score(answer) for name, answer in answers.items()} if len(answers) > 1 else {}
    if scores and all(value is not None for value in scores.values()):
        return answers[max(scores, key=lambda name: scores[name] or 0.0)]
    return answers[min(answers, key=lambda name: names.index(name) if name in names else len(names))]


def _candidates(picture: Image.Image | Frames, allowed: Iterable[str] | None, *, lossless: bool) -> list[str]:
    """Return the formats to try.

    Raises:
        ConfigError: if there are none.
    """
    usual = ANIMATED_FORMATS if isinstance(picture, Frames) else FORMATS
    names = [codec_for_format(name).format for name in (usual if allowed is None else allowed)]
    if not names:
        raise ConfigError("no format is allowed: name some, or leave formats out")
    if lossless:
        lossy, names = names, [name for name in names if codec_for_format(name).lossless.options is not None]
        if not names:
            raise ConfigError(
                f"none of the formats allowed has a lossless coding ({', '.join(lossy)}): add PNG or WEBP to formats, "
                f"or leave lossless out"
            )
    return names

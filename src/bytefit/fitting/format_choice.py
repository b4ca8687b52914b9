"""The format in which a picture looks best under a budget, among those allowed: each is fitted, the best one kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from bytefit.codecs import codec_for_format
from bytefit.codecs.codec import LOSSLESS
from bytefit.errors import BudgetUnreachable, BytefitError, ConfigError, UnsupportedImage
from bytefit.pictures.frames import Frames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from PIL import Image

AUTO = "auto"

# Those that browsers show. In this order the one that looks better at the same bytes comes first, on the whole; where
# the `metrics` extra is installed, each answer is looked at.
FORMATS = ("AVIF", "WEBP", "JPEG", "PNG")
ANIMATED_FORMATS = ("AVIF", "WEBP", "PNG", "GIF")

# Where every pixel may be kept that is best, and found out sooner than AVIF is encoded.
_LOSSLESS_FIRST = ("WEBP", "PNG")


class _Fitted(Protocol):
    @property
    def format(self) -> str: ...
    @property
    def quality(self) -> float: ...
    @property
    def setting(self) -> Any: ...
    @property
    def scale(self) -> float: ...
    @property
    def data(self) -> bytes: ...


Answer = TypeVar("Answer", bound=_Fitted)


def best_looking(
    source: Image.Image | Frames,
    allowed: Iterable[str] | None,
    fit: Callable[[str], Answer],
    score: Callable[[Answer], float | None],
) -> Answer:
    """Return the answer that looks best.

    Args:
        source: the picture or the frames.
        allowed: names of formats; None for those that browsers show.
        fit: format -> the picture fitted in it.
        score: an answer -> its SSIMULACRA2 score, or None where nothing can score it.

    Raises:
        BudgetUnreachable: if it fits in none of them.
        UnsupportedImage: if none of them holds it.
    """
    usual = ANIMATED_FORMATS if isinstance(source, Frames) else FORMATS
    names = [codec_for_format(name).format for name in (usual if allowed is None else allowed)]
    if not names:
        raise ConfigError("no format is allowed: name some, or leave formats out")
    answers: dict[str, Answer] = {}
    errors: list[BytefitError] = []
    for name in sorted(names, key=lambda name: name not in _LOSSLESS_FIRST):
        try:
            answers[name] = fit(name)
        except (BudgetUnreachable, UnsupportedImage) as error:
            errors.append(error)
            continue
        if is_lossless(answers[name]):
            return answers[name]
    if not answers:
        over = [error for error in errors if isinstance(error, BudgetUnreachable)]
        raise min(over, key=lambda error: error.smallest) if over else errors[0]
    scores = {name: score(answer) for name, answer in answers.items()} if len(answers) > 1 else {}
    if scores and all(value is not None for value in scores.values()):
        return answers[max(scores, key=lambda name: scores[name] or 0.0)]
    return answers[min(answers, key=lambda name: names.index(name) if name in names else len(names))]


def is_lossless(answer: _Fitted) -> bool:
    """Return whether an answer keeps every pixel as it was."""
    codec = codec_for_format(answer.format)
    kept = bool(answer.setting.get("lossless")) or codec.ladder_keeps_pixels
    return answer.quality == LOSSLESS and answer.scale == 1 and kept and codec.format != "JPEG2000"

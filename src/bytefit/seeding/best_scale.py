"""The scale at which a picture looks best in a number of bytes, when shown at its original size.

With few bytes, fewer pixels coded well look better than all of them coded badly. The model was trained on many pictures
at many scales and predicts what each scale gains over full size. It is asked once, before the search.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

from bytefit.codecs.codec import GRAPHIC
from bytefit.seeding.model import Model, model_in_use
from bytefit.seeding.mosaic import mosaic
from bytefit.seeding.picture_kind import content
from bytefit.seeding.probes import complexity_probe

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from PIL import Image

    from bytefit.codecs import Codec

SCALES = (1.0, 0.84, 0.71, 0.59, 0.5, 0.42, 0.35, 0.3, 0.25)

# A smaller scale must be predicted to gain this many points of SSIMULACRA2: a smaller gain is uncertain, the loss of
# detail is certain.
_WORTH_IT = 2.0

# Scales whose predictions differ by less are both worth a trial, where the answers can be scored: about the error of a
# prediction.
_CLOSE = 2.0


def best_scales(
    codec: Codec, picture: Image.Image, budget: int, *, models: str | os.PathLike[str] | None = None
) -> tuple[float, ...]:
    """Return the scale, at most 1, that looks best in `budget` bytes, and a second one if it may look as good.

    Args:
        codec: with the settings for the picture's content.
        picture: in the mode it will be encoded in.
        budget: the bytes available for the pixels.
        models: see `bytefit.seeding.model.model_in_use`.
    """
    model = model_in_use(codec.format, models)
    pixels = picture.width * picture.height
    if model is None or pixels < model.least_pixels:
        return (1.0,)
    tiles = mosaic(picture)
    complexities = dict(
        zip(model.complexity_qualities, complexity_probe(tiles, model.complexity_qualities)[0], strict=True)
    )
    return predicted_scales(model, budget * 8 / pixels, graphic=content(tiles) == GRAPHIC, complexities=complexities)


def predicted_scales(
    model: Model, bits: float, *, graphic: bool, complexities: Mapping[int, float]
) -> tuple[float, ...]:
    """Return the scale with the largest predicted gain, 1 where none is worth it, and the next one if it is close.

    See `scale_features` for the arguments.
    """
    used = {quality: complexities[quality] for quality in model.complexity_qualities}
    gains = {
        scale: model.scale_trees.predict(scale_features(bits, scale, graphic=graphic, complexities=used))
        for scale in SCALES[1:]
    }
    gains[1.0] = _WORTH_IT
    first, second = sorted(gains, key=lambda scale: (-gains[scale], -scale))[:2]
    return (first, second) if gains[first] - gains[second] < _CLOSE else (first,)


def scale_features(bits: float, scale: float, *, graphic: bool, complexities: Mapping[int, float]) -> list[float]:
    """Return the features from which trees predict what a scale gains over full size, in points of SSIMULACRA2.

    Args:
        bits: the budget in bits per pixel of the picture at full size.
        scale: the factor of its width and height.
        graphic: whether the picture is a graphic.
        complexities: the complexity probes by JPEG quality, 50 among them.
    """
    spare = log(bits) - complexities[50]
    return [spare - 2 * log(scale), spare, log(scale), log(bits), float(graphic), *complexities.values()]

"""The scale at which a picture looks best in a number of bytes, once it is shown at its original size.

With few bytes, fewer pixels coded well look better than all of them coded badly. The model saw many pictures at many
scales and predicts what each gains over full size; it is asked once, before the search, which then runs at that scale.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

from bytefit.codecs.codec import DRAWING
from bytefit.seeding.model import Model, shipped_model
from bytefit.seeding.mosaic import mosaic
from bytefit.seeding.picture_kind import content
from bytefit.seeding.probes import complexity_probe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

    from bytefit.codecs import Codec

SCALES = (1.0, 0.84, 0.71, 0.59, 0.5, 0.42, 0.35, 0.3, 0.25)

# Points of SSIMULACRA2 that a smaller scale must be predicted to gain: less is in doubt, the loss of detail is not.
_WORTH_IT = 2.0


def best_scale(codec: Codec, picture: Image.Image, budget: int) -> float:
    """Return the scale, at most 1, that looks best in `budget` bytes.

    Args:
        codec: as it suits the picture.
        picture: in the mode it will be encoded in.
        budget: bytes there are for the pixels.
    """
    model = shipped_model(codec.format)
    pixels = picture.width * picture.height
    if model is None or pixels < model.least_pixels:
        return 1.0
    tiles = mosaic(picture)
    complexities = dict(
        zip(model.complexity_qualities, complexity_probe(tiles, model.complexity_qualities)[0], strict=True)
    )
    return predicted_scale(model, budget * 8 / pixels, drawing=content(tiles) == DRAWING, complexities=complexities)


def predicted_scale(model: Model, bits: float, *, drawing: bool, complexities: Mapping[int, float]) -> float:
    """Return the scale with the largest gain predicted, 1 where none is worth it; the arguments are the features'."""
    used = {quality: complexities[quality] for quality in model.complexity_qualities}
    gains = {
        scale: model.scale_trees.predict(scale_features(bits, scale, drawing=drawing, complexities=used))
        for scale in SCALES[1:]
    }
    best = max(gains, key=gains.__getitem__)
    return best if gains[best] > _WORTH_IT else 1.0


def scale_features(bits: float, scale: float, *, drawing: bool, complexities: Mapping[int, float]) -> list[float]:
    """Return the features from which the trees predict what a scale gains over full size, in points of SSIMULACRA2.

    Args:
        bits: the budget in bits per pixel of the picture at full size.
        scale: what its sides are multiplied by.
        drawing: whether it is a drawing.
        complexities: what `bytefit.seeding.probes.complexity_probe` returned, by quality; 50 is among them.
    """
    spare = log(bits) - complexities[50]
    return [spare - 2 * log(scale), spare, log(scale), log(bits), float(drawing), *complexities.values()]

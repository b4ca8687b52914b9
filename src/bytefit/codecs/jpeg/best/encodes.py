"""The encodes of one picture at effort "best", with levels chosen by looks."""

from __future__ import annotations

from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from bytefit.codecs.codec import Careful
from bytefit.codecs.jpeg.best.rounds import pace_of
from bytefit.codecs.jpeg.best.tiles import Reference
from bytefit.codecs.jpeg.quantisation import CHOOSABLE, evened

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bytefit.codecs.codec import Codec

# The modes whose planes are known.
_MODES = frozenset({"L", "RGB", "YCbCr"})

# Chroma subsampling by Pillow's names -> whether chroma has half the width and height.
_HALVED = {"4:2:0": True, 2: True, "4:4:4": False, 0: False}

# The metric compares windows of this many pixels a side.
_LEAST_SIDE = 8

# Qualities, and the bytes of chosen levels over those of rounded ones there, the mean of training photographs.
_QUALITIES, _SIZE_RATIOS = (40, 60, 80, 90, 96.5, 96.75), (0.745, 0.785, 0.84, 0.865, 0.865, 1)


def best_looking(codec: Codec, picture: Image.Image, options: Mapping[str, Any]) -> Careful | None:
    """Return trials of a picture with levels chosen by looks; None where they cannot be chosen.

    Args:
        codec: with the settings of effort "best".
        picture: what is encoded.
        options: the save options of any rung.
    """
    if picture.mode not in _MODES or min(picture.size) < _LEAST_SIDE:
        return None
    if options.get("smooth") or options.get("keep_rgb") or options.get("subsampling", 0) not in _HALVED:
        return None

    content = codec.variants.content

    def setting(quality: float, mode: str) -> dict[str, Any]:
        own = codec.setting(quality, mode)
        return {**own, "qtables": evened(own["qtables"], content)}

    encodes = _Encodes(picture, codec.encode, content)
    return Careful(codec._replace(setting=setting, encode=encodes.encode), encodes.score, _size_ratio)


def _size_ratio(quality: float) -> float:
    return float(np.interp(quality, _QUALITIES, _SIZE_RATIOS))


class _Encodes:
    """The encodes of one picture, and what was derived from it when it was first needed."""

    def __init__(self, picture: Image.Image, encode: Callable[[Any, Mapping[str, Any]], bytes], content: str) -> None:
        self._picture = picture
        self._content = content
        self._encode = encode

    @cached_property
    def _reference(self) -> Reference:
        return Reference(self._picture)

    def encode(self, picture: Image.Image, options: Mapping[str, Any]) -> bytes:
        """Return a file with chosen levels, or with rounded ones where the steps are too fine to choose."""
        tables = options["qtables"]
        if max(tables[0]) <= CHOOSABLE:
            return self._encode(picture, options)
        halved = _HALVED[options.get("subsampling", 0)]
        made, _ = self._reference.synthesised(tables, pace_of(tables[0], self._content), halved=halved)
        return self._encode(made, options)

    def score(self, data: bytes) -> float:
        """Return how good a file looks, as SSIMULACRA2."""
        with Image.open(BytesIO(data)) as version:
            return self._reference.score(version)

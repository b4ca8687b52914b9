"""Visible quality of a compressed image compared with its original, as an SSIMULACRA2 score (J. Sneyers, 2022).

The metric needs the `metrics` extra, which is loaded with the first score: only `min_score` and the benchmarks need
one. This module knows neither files nor codecs.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image

from bytefit.errors import ConfigError, UnsupportedImage

if TYPE_CHECKING:
    from collections.abc import Callable

# The metric compares windows of this many pixels a side; a smaller image has none.
_LEAST_SIDE = 8

# The backgrounds behind transparency, as shares of white. The reference tool reports the worse of the two scores.
_BACKGROUNDS = (0.1, 0.9)


@cache
def can_score() -> bool:
    """Return whether the `metrics` extra is installed."""
    return find_spec("ssimulacra2") is not None


def ssimulacra2_score(original: Image.Image, version: Image.Image) -> float:
    """Return the SSIMULACRA2 score of a version.

    100 is identical, 90 is hard to distinguish, less than 30 is bad; there is no lower end. A version of other
    dimensions is first scaled to those of the original. If either has transparency, the score is the lower of two:
    one on a dark and one on a light background.

    Raises:
        UnsupportedImage: if the image is too small for the metric and the version differs.
        ConfigError: if the `metrics` extra is not installed.
    """
    transparent = original.has_transparency_data or version.has_transparency_data
    mode = "RGBA" if transparent else "RGB"
    first, second = _converted(original, mode), _converted(version, mode)
    if second.size != first.size:
        second = second.resize(first.size, Image.Resampling.LANCZOS)
    if not transparent:
        return _score(first, second)
    return min(_score(_composited(first, share), _composited(second, share)) for share in _BACKGROUNDS)


def _converted(picture: Image.Image, mode: str) -> Image.Image:
    """Return `picture` in a mode. Pillow converts premultiplied grey to other modes by way of plain grey only."""
    return (picture.convert("LA") if picture.mode == "La" else picture).convert(mode)


def _composited(picture: Image.Image, share: float) -> Image.Image:
    """Return `picture` on a grey background with this share of white."""
    background = Image.new("RGBA", picture.size, (round(share * 255),) * 3 + (255,))
    return Image.alpha_composite(background, picture).convert("RGB")


def _score(original: Image.Image, version: Image.Image) -> float:
    if original.tobytes() == version.tobytes():
        return 100.0
    if min(original.size) < _LEAST_SIDE:
        raise UnsupportedImage(
            f"cannot score an image of {original.width}x{original.height} pixels: "
            f"SSIMULACRA2 is undefined below {_LEAST_SIDE} pixels a side; leave min_score out"
        )
    return float(_metric()(_as_ppm(original), _as_ppm(version)))


def _as_ppm(picture: Image.Image) -> BytesIO:
    """Return `picture` as a lossless file for the metric."""
    buffer = BytesIO()
    picture.save(buffer, "PPM")
    return buffer


def _metric() -> Callable[[BytesIO, BytesIO], float]:
    """Import the metric of the `ssimulacra2` package, which loads numpy and scipy."""
    try:
        from ssimulacra2 import compute_ssimulacra2
    except ModuleNotFoundError as error:
        raise ConfigError("scoring quality needs ssimulacra2: pip install 'bytefit[metrics]'") from error
    metric: Callable[[BytesIO, BytesIO], float] = compute_ssimulacra2
    return metric

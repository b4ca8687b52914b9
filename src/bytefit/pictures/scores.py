"""Visible quality: how much of a picture's looks a version of it keeps, as SSIMULACRA2 sees it (J. Sneyers, 2022).

It needs the `metrics` extra, and loads it with the first score: only a `min_score` or a benchmark asks for one. It
knows nothing of files and codecs.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image

from bytefit.errors import ConfigError, UnsupportedImage

if TYPE_CHECKING:
    from collections.abc import Callable

# The metric looks at windows of this many pixels a side; a smaller picture has none.
_LEAST_SIDE = 8

# What shows through transparency, in shares of white: the reference tool takes the worse of the two.
_BACKGROUNDS = (0.1, 0.9)


def ssimulacra2_score(original: Image.Image, version: Image.Image) -> float:
    """Return the SSIMULACRA2 score of a version: 100 is the same, 90 hard to tell apart, below 30 bad, no lower end.

    A version of other dimensions is scaled to the original's first. With transparency in either the score is the
    lower one of those on a dark and on a light background.

    Raises:
        UnsupportedImage: if the picture is too small to be scored and the version differs.
        ConfigError: if the `metrics` extra is not installed.
    """
    transparent = original.has_transparency_data or version.has_transparency_data
    mode = "RGBA" if transparent else "RGB"
    first, second = original.convert(mode), version.convert(mode)
    if second.size != first.size:
        second = second.resize(first.size, Image.Resampling.LANCZOS)
    if not transparent:
        return _score(first, second)
    return min(_score(_on(first, share), _on(second, share)) for share in _BACKGROUNDS)


def _on(picture: Image.Image, share: float) -> Image.Image:
    """Return `picture` composited onto a grey of that share of white."""
    background = Image.new("RGBA", picture.size, (round(share * 255),) * 3 + (255,))
    return Image.alpha_composite(background, picture).convert("RGB")


def _score(original: Image.Image, version: Image.Image) -> float:
    if original.tobytes() == version.tobytes():
        return 100.0
    if min(original.size) < _LEAST_SIDE:
        raise UnsupportedImage(
            f"cannot score a picture of {original.width}x{original.height} pixels: "
            f"SSIMULACRA2 is undefined below {_LEAST_SIDE} pixels a side"
        )
    return float(_metric()(_as_file(original), _as_file(version)))


def _as_file(picture: Image.Image) -> BytesIO:
    """Return `picture` as the file the metric reads, without loss."""
    buffer = BytesIO()
    picture.save(buffer, "PPM")
    return buffer


def _metric() -> Callable[[BytesIO, BytesIO], float]:
    """Return the metric of the `ssimulacra2` package, which loads numpy and scipy."""
    try:
        from ssimulacra2 import compute_ssimulacra2
    except ModuleNotFoundError as error:
        raise ConfigError("scoring quality needs ssimulacra2: pip install 'bytefit[metrics]'") from error
    metric: Callable[[BytesIO, BytesIO], float] = compute_ssimulacra2
    return metric

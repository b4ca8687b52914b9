"""Estimates the quality a JPEG file was encoded with from its quantisation tables."""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING

from bytefit.codecs.codec import GRAPHIC, PHOTOGRAPH
from bytefit.codecs.jpeg.quantisation import EVENED, evened, first_divisor, quantisation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PIL import Image

    from bytefit.pictures.frames import Frames

# The luminance table that libjpeg scales by its quality (ITU-T T.81, table K.1).
LUMINANCE = (
    *(16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56),
    *(14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99),
)


def source_quality(picture: Image.Image | Frames, ladder: Iterable[float]) -> float | None:
    """Return the quality that an opened JPEG file was encoded with, 1 to 100; None if the image is not a JPEG file.

    A file with learned tables has the quality of their rung on `ladder`. For any other file the estimate is the highest
    quality of libjpeg whose table is as coarse, by the sum of its divisors, so that it never exceeds the true quality.
    """
    tables = getattr(picture, "quantization", None)
    if not tables:
        return None
    found = tuple(tuple(tables[number]) for number in sorted(tables))
    # A grey image has only the luminance table, which several fine rungs share: the lowest of them counts.
    rungs = [
        quality
        for content in (PHOTOGRAPH, GRAPHIC)
        for quality in ladder
        if _may_be(first_divisor(quality, content), found[0][0], content)
        and found in _tables(quantisation(quality, content)[0], found, content)
    ]
    if rungs:
        return min(rungs)
    coarseness = sum(found[0])
    return max((quality for quality in range(1, 101) if _libjpeg_sum(quality) >= coarseness), default=1)


def _tables(
    tables: tuple[tuple[int, ...], ...], like: tuple[tuple[int, ...], ...], content: str
) -> list[tuple[tuple[int, ...], ...]]:
    """Return the tables that a rung may have in a file with as many as `like`: its own, and those of chosen levels."""
    own = tables[: len(like)]
    return [own] if own == like or not _is_mean_step(own[0][0], like[0][0], content) else [own, evened(own, content)]


def _may_be(own: int, like: int, content: str) -> bool:
    """Return whether a rung with the first divisor `own` may have a table that begins with `like`."""
    return own == like or _is_mean_step(own, like, content)


def _is_mean_step(own: int, like: int, content: str) -> bool:
    """Return whether a table for chosen levels may begin with `like`: these have a coarser mean (see `evened`)."""
    return abs(like - min(255, exp(EVENED[content][1]) * own)) <= 1


def _libjpeg_sum(quality: int) -> int:
    """Return the sum of libjpeg's luminance divisors at a quality (jcparam.c, jpeg_quality_scaling)."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality  # noqa: PLR2004  (libjpeg's own formula)
    return sum(min(255, max(1, (entry * scale + 50) // 100)) for entry in LUMINANCE)

"""JPEG: a continuous quantiser scale over libjpeg's quantisation tables, progressive, with optimised Huffman tables."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from PIL import ImageFile

from bytefit.codecs.codec import REFUSED_EVERYWHERE, TO_RGB, Codec, save_to_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

# Annex K of ITU-T T.81, tables K.1 and K.2, in natural (row) order.
LUMA = (
    16, 11, 10, 16, 24, 40, 51, 61,
    12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77,
    24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
CHROMA = (
    17, 18, 24, 47, 99, 99, 99, 99,
    18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99,
    *(99,) * 32,
)  # fmt: skip

# One step changes the bytes by about 2 %: finer ladders cost trials to prove, coarser ones waste budget.
_STEPS = ((1, 2, 1), (2, 20, 0.25), (20, 75, 0.5), (75, 90, 0.25), (90, 98, 0.125), (98, 99, 0.25))


# With no quantiser above this a file may have more than two bytes a pixel.
_FINE = 6


@lru_cache(maxsize=16)
def quantisation_tables(quality: float, mode: str) -> tuple[tuple[int, ...], ...]:
    """Return the quantisation tables of a rung, in natural order, for a picture of `mode`.

    The scale is libjpeg's (jpeg_quality_scaling in jcparam.c) without its rounding to whole per cents, so that
    from 50 up the tables of an integer quality are libjpeg's own. Entries are kept to 1..255, as
    every decoder reads them.
    """
    percent = 5000 / quality if quality < 50 else 200 - 2 * quality  # noqa: PLR2004  (libjpeg's formula)
    bases = (LUMA,) if mode in {"L", "CMYK"} else (LUMA, CHROMA)
    return tuple(tuple([min(255, max(1, int((base * percent + 50) / 100))) for base in table]) for table in bases)


def _setting(quality: float, mode: str) -> dict[str, Any]:
    return {"qtables": quantisation_tables(quality, mode), "progressive": True, "optimize": True}


def _encode(picture: Image.Image, options: Mapping[str, Any]) -> bytes:
    """Encode, with room for the largest files there are.

    Pillow guesses the buffer of progressive and optimised files at two bytes a pixel, which noise at the top of the
    ladder exceeds (it then fails with "broken data stream"). Its own limit, `MAXBLOCK`, is lifted meanwhile.
    """
    tables = options.get("qtables")
    if tables is None or max(tables[0]) > _FINE:
        return save_to_bytes(picture, "JPEG", options)
    before = ImageFile.MAXBLOCK
    ImageFile.MAXBLOCK = max(before, 8 * picture.width * picture.height)
    try:
        return save_to_bytes(picture, "JPEG", options)
    finally:
        ImageFile.MAXBLOCK = before


JPEG = Codec(
    format="JPEG",
    suffixes=(".jpg", ".jpeg", ".jpe", ".jfif"),
    ladder=(*(first + i * step for first, last, step in _STEPS for i in range(round((last - first) / step))), 99, 100),
    setting=_setting,
    encode=_encode,
    opaque_modes={**TO_RGB, "L": "L", "1": "L", "YCbCr": "YCbCr", "CMYK": "CMYK"},
    alpha_mode=None,
    refused=REFUSED_EVERYWHERE,
    max_side=65_500,
    steered=frozenset({"quality", "qtables", "streamtype"}),
    options=frozenset(
        {"progressive", "progression", "optimize", "subsampling", "smooth", "keep_rgb", "restart_marker_blocks"}
        | {"restart_marker_rows", "dpi", "exif", "icc_profile", "xmp", "comment", "extra"}
    ),
    mean_bits=(
        (1, 0.0871),
        (6.75, 0.155),
        (11.5, 0.223),
        (16.25, 0.282),
        (22.5, 0.357),
        (32.5, 0.459),
        (42, 0.546),
        (51.5, 0.632),
        (61.5, 0.742),
        (71.5, 0.904),
        (78, 1.06),
        (82.75, 1.21),
        (87.75, 1.41),
        (91.375, 1.62),
        (93.75, 1.79),
        (96.125, 2.16),
        (100, 3.45),
    ),
    probe_options={"progressive": False, "optimize": False},
    header_bytes=623,
    smooth_within=0.0,
)

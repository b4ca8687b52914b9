"""AVIF: libaom's 64 quantisers through Pillow's quality, each under one of its several names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bytefit.codecs.codec import INK_COLOURS, REFUSED_EVERYWHERE, Codec, save_to_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image


def _quantiser(quality: int) -> int:
    """Return the quantiser that libavif makes of a quality (avifQualityToQuantizer in its write.c), 63 the coarsest."""
    return ((100 - quality) * 63 + 50) // 100


def _setting(quality: float, _mode: str) -> dict[str, Any]:
    return {"quality": int(quality)}


def _encode(picture: Image.Image, options: Mapping[str, Any]) -> bytes:
    return save_to_bytes(picture, "AVIF", options)


AVIF = Codec(
    format="AVIF",
    suffixes=(".avif",),
    # The highest of the qualities that share a quantiser, so that a floor admits every name of its own quantiser.
    ladder=tuple(sorted({_quantiser(quality): quality for quality in range(101)}.values())),
    setting=_setting,
    encode=_encode,
    opaque_modes={
        "RGB": "RGB",
        "L": "L",
        "1": "L",
        "P": "RGB",
        "RGBX": "RGB",
        "YCbCr": "RGB",
        "HSV": "RGB",
    },
    alpha_mode="RGBA",
    refused={**REFUSED_EVERYWHERE, "CMYK": INK_COLOURS},
    max_side=32_768,
    steered=frozenset({"quality"}),
    options=frozenset(
        {"subsampling", "speed", "max_threads", "codec", "range", "tile_rows", "tile_cols", "autotiling"}
        | {"alpha_premultiplied", "advanced", "exif", "icc_profile", "xmp"}
    ),
    mean_bits=(
        (0, 0.0581),
        (10, 0.081),
        (18, 0.109),
        (27, 0.143),
        (37, 0.224),
        (46, 0.331),
        (54, 0.458),
        (64, 0.676),
        (73, 0.879),
        (83, 1.19),
        (91, 1.53),
        (100, 4.35),
    ),
    probe_options={"speed": 10},
)

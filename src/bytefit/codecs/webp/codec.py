"""WebP, lossy: libwebp's quality, which is a real number, at the effort Pillow uses; lossless, or nearly so."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from bytefit.codecs.codec import Codec, Variants
from bytefit.codecs.encoding import save_frames, save_to_bytes
from bytefit.codecs.parts import Holds, Lossless, Modes, NearLossless, SaveOptions, SeedingHints
from bytefit.codecs.refusals import INK_COLOURS, REFUSED_EVERYWHERE, TO_RGB
from bytefit.codecs.webp.animation import with_alpha_flag, with_every_frame
from bytefit.codecs.webp.chunks import is_lossless
from bytefit.codecs.webp.container import CONTAINER
from bytefit.codecs.webp.near_lossless import (
    LEAST_SHARE,
    MEAN_BITS,
    PROBE_OPTIONS,
    NearVersions,
    log_size_from_probe,
    near_ladder,
    quick_version,
)
from bytefit.errors import UnsupportedImage
from bytefit.formats import named
from bytefit.pictures.frames import Frames

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

# One step changes the bytes by 1-4 %, less than libwebp's own ups and downs between neighbouring qualities.
_STEPS = ((1, 4, 0.25), (4, 10, 0.5), (10, 76, 1), (76, 90, 0.5), (90, 100, 0.25))

# Up to quality 75 libwebp's quantiser index is 127 (1 - (quality / 150)^(1/3)) (`QualityToCompression` in its
# src/enc/quant_enc.c), so that a sixth of all quantisers are below quality 1: every second of those.
_LOWEST = tuple(round(150 * (index / 127) ** 3, 4) for index in range(0, 24, 2))


# libwebp's default method; 3 takes as long.
_USUAL_METHOD = 4


_CHANNELS = 4

# The loop count has 16 bits. A GIF counts repetitions in as many and so plays once more.
_MOST_LOOPS = 65_535


def _setting(quality: float, _mode: str) -> dict[str, Any]:
    return {"quality": quality}


def _encode(versions: NearVersions, picture: Image.Image | Frames, options: Mapping[str, Any]) -> bytes:
    """Encode with Pillow; `webp_exact` is its option `exact`, which keeps the colours of fully transparent pixels."""
    options = dict(options)
    if (quality := options.pop("near_lossless", None)) is not None:
        picture = versions.version(picture, quality)
    if (exact := options.pop("webp_exact", None)) is not None:
        options["exact"] = exact
    if isinstance(picture, Frames):
        if (picture.loop or 0) > _MOST_LOOPS:
            raise UnsupportedImage(
                f"WEBP plays an animation at most {_MOST_LOOPS} times, and this one plays {picture.loop} times; "
                f"use GIF or PNG"
            )
        # Pillow's default method for animations is the fastest one.
        background = picture.info.get("background")
        kept = {"background": background} if isinstance(background, tuple) and len(background) == _CHANNELS else {}
        data = save_frames(picture, "WEBP", {"method": _USUAL_METHOD, "minimize_size": True, **kept, **options})
        durations = [round(duration) for duration in picture.durations]
        data = with_every_frame(data, durations, picture.size, picture.loop or 0)
        return with_alpha_flag(data) if picture.mode == "RGBA" else data
    return save_to_bytes(picture, "WEBP", options)


WEBP = Codec(
    format="WEBP",
    suffixes=named("WEBP").suffixes,
    ladder=(
        *_LOWEST,
        *(first + i * step for first, last, step in _STEPS for i in range(round((last - first) / step))),
        100,
    ),
    setting=_setting,
    encode=partial(_encode, NearVersions()),
    mean_bits=(
        (0, 0.089),
        (5, 0.16),
        (9.5, 0.189),
        (19, 0.244),
        (28, 0.296),
        (38, 0.355),
        (48, 0.416),
        (57, 0.468),
        (67, 0.535),
        (76.5, 0.634),
        (81, 0.773),
        (86, 0.988),
        (90.5, 1.3),
        (92.75, 1.53),
        (95.25, 1.88),
        (97.5, 2.19),
        (100, 2.47),
    ),
    modes=Modes(
        opaque={**TO_RGB, "L": "RGB", "1": "RGB"},
        alpha="RGBA",
        refused={**REFUSED_EVERYWHERE, "CMYK": INK_COLOURS},
    ),
    save_options=SaveOptions(
        steered=frozenset({"quality"}),
        allowed=frozenset({"method", "alpha_quality", "webp_exact", "exif", "icc_profile", "xmp"}),
        renamed={"exact": "webp_exact"},
        efforts={"fast": {"method": 2}, "normal": {}, "best": {"method": 6}},
    ),
    lossless=Lossless(
        options={"lossless": True, "quality": 80},
        hidden_options={"exact": True},
        probe_options={"quality": 0, "method": 0},
        near=NearLossless(near_ladder, MEAN_BITS, PROBE_OPTIONS, log_size_from_probe, quick_version, LEAST_SHARE),
        is_lossless=is_lossless,
    ),
    hints=SeedingHints(
        probe_options={"method": 2},
        probe_pays=lambda options: options.get("method", _USUAL_METHOD) >= _USUAL_METHOD,
        header=lambda _quality, mode: 80 if mode == "RGBA" else 44,
        key_frames=5,  # Pillow's `kmax`
    ),
    holds=Holds(max_side=16_383, frames=True),
    container=CONTAINER,
    variants=Variants(per_picture=lambda codec: codec._replace(encode=partial(_encode, NearVersions()))),
)

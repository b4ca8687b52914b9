"""JPEG XL, through the plugin pillow-jxl-plugin: libjxl's quality, a real number, and lossless at 100.

The plugin is an extra, and is imported with the first encode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bytefit.codecs.codec import LOSSLESS, Codec
from bytefit.codecs.encoding import refusals, save_to_bytes
from bytefit.codecs.jxl.container import CONTAINER, register_plugin
from bytefit.codecs.parts import Holds, Lossless, Modes, SaveOptions, SeedingHints
from bytefit.codecs.refusals import INK_COLOURS, REFUSED_EVERYWHERE, TO_RGB
from bytefit.errors import ConfigError, UnsupportedImage
from bytefit.formats import named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

# One step changes the bytes by 1-3 %. The distance, libjxl's own measure, is 0.1 + 0.09 (100 - quality) from 30 on.
_STEPS = ((0, 60, 2), (60, 85, 1), (85, 95, 0.5), (95, 98, 0.25), (98, 99.9, 0.1))

# A profile that names sRGB can be left out: a file without a profile means sRGB.
_SRGB = (b"sRGB", "sRGB".encode("utf-16-be"), "_SRG".encode("utf-16-be"))

_USUAL_EFFORT = 7

# Lossless, libjxl's effort 10 takes nine times as long as 9, for more bytes: 20 kilopixels of noise 2.7 s instead of
# 0.3 and 1.7 % more, a photograph 1.0 s instead of 0.1 and 4.6 % more. Lossy there is no difference.
_MOST_LOSSLESS_EFFORT = 9


def _setting(quality: float, _mode: str) -> dict[str, Any]:
    return {"lossless": True} if quality == LOSSLESS else {"quality": quality}


def _encode(picture: Image.Image, options: Mapping[str, Any]) -> bytes:
    try:
        register_plugin()
    except ImportError as error:
        raise ConfigError("JXL needs the plugin pillow-jxl-plugin: pip install 'bytefit[jxl]'") from error
    with refusals("JXL"):
        profile = options.get("icc_profile") or b""
        if profile and not any(name in profile for name in _SRGB):
            raise UnsupportedImage(
                "pillow-jxl-plugin cannot write colour profiles, and this one is not sRGB: "
                "convert it with colours='srgb'"
            )
    coding = {"exif": b"", **{name: value for name, value in options.items() if name != "icc_profile"}}
    if coding.get("lossless") and coding.get("effort") == _MOST_LOSSLESS_EFFORT + 1:
        coding["effort"] = _MOST_LOSSLESS_EFFORT
    # From a JPEG source the plugin would copy the encoded image as it is, whatever the quality.
    return save_to_bytes(picture, "JXL", {**coding, "lossless_jpeg": False})


JXL = Codec(
    format="JXL",
    suffixes=named("JXL").suffixes,
    ladder=(
        *(round(first + i * step, 2) for first, last, step in _STEPS for i in range(round((last - first) / step))),
        99.9,
        LOSSLESS,
    ),
    setting=_setting,
    encode=_encode,
    mean_bits=(
        (0, 0.119),
        (5, 0.146),
        (10, 0.18),
        (22, 0.258),
        (30, 0.313),
        (40, 0.35),
        (50, 0.403),
        (60, 0.487),
        (70, 0.62),
        (80, 0.823),
        (85, 0.975),
        (90, 1.2),
        (93, 1.41),
        (95, 1.61),
        (97, 1.96),
        (98, 2.2),
        (99, 2.62),
        (99.5, 3.0),
        (99.9, 3.48),
        (100, 5.81),
    ),
    modes=Modes(
        opaque={**TO_RGB, "L": "L", "1": "L"},
        alpha="RGBA",
        refused={**REFUSED_EVERYWHERE, "CMYK": INK_COLOURS},
    ),
    save_options=SaveOptions(
        steered=frozenset({"quality", "lossless", "lossless_jpeg"}),
        allowed=frozenset({"effort", "decoding_speed", "use_container", "num_threads", "compress_metadata"})
        | frozenset({"exif", "xmp", "icc_profile"}),
        # One third of a megapixel: effort 5 takes 0.09 s, the usual 7 0.3 s, 8 1.1 s, and 9 1.7 s for no byte less
        # than 8.
        efforts={"fast": {"effort": 5}, "normal": {}, "best": {"effort": 8}},
    ),
    lossless=Lossless(options={"lossless": True}),
    hints=SeedingHints(
        probe_options={"effort": 3},
        probe_pays=lambda options: options.get("effort", _USUAL_EFFORT) > 4,  # noqa: PLR2004  (5 takes three times as long)
        header=lambda _quality, mode: 160 if mode == "RGBA" else 58,
    ),
    holds=Holds(max_side=262_144, orientation=False),
    container=CONTAINER,
)

"""HEIF with HEVC pictures, through the plugin pillow-heif: x265's quantisers, and steps between them.

The plugin is an extra, and is imported with the first encode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bytefit.codecs.codec import Codec
from bytefit.codecs.encoding import save_to_bytes
from bytefit.codecs.heif.container import CONTAINER, register_plugin
from bytefit.codecs.parts import Holds, Lossless, Modes, SaveOptions, SeedingHints, SourceKnowledge
from bytefit.codecs.refusals import INK_COLOURS, REFUSED_EVERYWHERE, TO_RGB
from bytefit.errors import ConfigError
from bytefit.formats import named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

# libheif has one quantiser for every two qualities, 7-12 % of the bytes apart, and from 95 on no finer one. Between two
# of them x265 sets intra pictures finer than its quantiser by this ratio, its default; 2 ** (1 / 6) more is the next
# quantiser to the byte (pillow-heif 1.8, x265 4.3), and a quarter of that 1.5-2.5 % of the bytes.
_INTRA_RATIO = 1.4
_QUANTISER_STEP = 2 ** (1 / 6)
_FINEST = 94
_STEPS_PER_QUALITY = 2

# What describes colours and pixels apart from a profile; pillow-heif writes it where it finds it in `info`.
_COLOURS = ("nclx_profile", "pixel_aspect_ratio")

_METADATA = ("exif", "icc_profile", "xmp")


def _setting(quality: float, _mode: str) -> dict[str, Any]:
    if quality > _FINEST:
        return {"quality": 100}
    whole = int(quality) // 2 * 2
    if whole == quality:
        return {"quality": whole}
    ratio = _INTRA_RATIO * _QUANTISER_STEP ** ((quality - whole) / 2)
    return {"quality": whole, "enc_params": {"x265:ipratio": f"{ratio:.4f}"}}


def _encode(picture: Image.Image, options: Mapping[str, Any]) -> bytes:
    try:
        register_plugin()
    except ImportError as error:
        raise ConfigError("HEIF needs the plugin pillow-heif: pip install 'bytefit[heif]'") from error
    # pillow-heif takes metadata from `info` where it is not in the options, and refuses what is empty.
    bare = picture.copy()
    bare.info = {name: value for name, value in picture.info.items() if name in _COLOURS}
    coding = {name: options[name] for name in options if name != "preset" and (options[name] or name not in _METADATA)}
    parameters = dict(options.get("enc_params") or {})
    if preset := options.get("preset"):
        parameters["preset"] = preset
    return save_to_bytes(bare, "HEIF", {**coding, "enc_params": parameters})


HEIF = Codec(
    format="HEIF",
    suffixes=named("HEIF").suffixes,
    ladder=(*(step / _STEPS_PER_QUALITY for step in range(_FINEST * _STEPS_PER_QUALITY)), 100),
    setting=_setting,
    encode=_encode,
    mean_bits=(
        (0, 0.0291),
        (10, 0.0621),
        (20, 0.129),
        (30, 0.251),
        (40, 0.467),
        (50, 0.79),
        (60, 1.21),
        (70, 1.71),
        (80, 2.39),
        (86, 2.99),
        (90, 3.43),
        (93.5, 3.79),
        (100, 3.81),
    ),
    modes=Modes(
        opaque={**TO_RGB, "L": "L", "1": "L"},
        alpha="RGBA",
        refused={**REFUSED_EVERYWHERE, "CMYK": INK_COLOURS},
    ),
    save_options=SaveOptions(
        steered=frozenset({"quality", "enc_params"}),
        allowed=frozenset({"chroma", "subsampling", "preset", "exif", "icc_profile", "xmp"}),
        # A megapixel in 0.8 s instead of 1.7 s for 2 % more bytes; slower presets than the usual "slow" save none.
        efforts={"fast": {"preset": "veryfast"}, "normal": {}, "best": {}},
    ),
    lossless=Lossless(
        # Without the conversion to luma and chroma, whose rounding loses the lowest bits.
        options={"quality": -1, "chroma": 444, "matrix_coefficients": 0},
    ),
    hints=SeedingHints(
        probe_options={"preset": "ultrafast"},
        probe_pays=lambda options: "preset" not in options,
        header=lambda _quality, mode: 740 if mode == "RGBA" else 458,
    ),
    source=SourceKnowledge(decoder_rotates=True),
    holds=Holds(max_side=16_384),
    container=CONTAINER,
)

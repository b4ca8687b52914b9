"""AVIF: libaom's 64 quantisers through Pillow's quality, each under one of its several names."""

from __future__ import annotations

from contextlib import suppress
from functools import cache, partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

from PIL import Image

from bytefit.codecs.avif.boxes import without_times
from bytefit.codecs.avif.container import CONTAINER
from bytefit.codecs.codec import GRAPHIC, PHOTOGRAPH, Codec, Variants
from bytefit.codecs.encoding import refusals, save_frames, save_to_bytes
from bytefit.codecs.exif import ORIENTATION
from bytefit.codecs.parts import Holds, Modes, SaveOptions, SeedingHints
from bytefit.codecs.refusals import INK_COLOURS, REFUSED_EVERYWHERE, TO_RGB
from bytefit.errors import UnsupportedImage
from bytefit.formats import named
from bytefit.pictures.frames import DECODING_ERRORS, Frames

if TYPE_CHECKING:
    from collections.abc import Mapping


# Several qualities from 0 to 100 share one of libaom's 64 quantisers. These are the highest of each, so that a quality
# floor admits every quality of its quantiser. Measured with libavif 1.4; with 1.3, which maps them differently, some
# neighbours on this ladder are the same setting, which costs one trial at most.
_QUALITIES = (
    2, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33,
    34, 36, 38, 39, 41, 43, 44, 46, 48, 49, 51, 53, 54, 55, 57, 58,
    59, 61, 62, 63, 65, 66, 67, 69, 70, 71, 73, 74, 75, 77, 78, 79,
    81, 82, 83, 85, 86, 87, 89, 90, 91, 93, 94, 95, 97, 98, 99, 100,
)  # fmt: skip


# libavif's default speed.
_USUAL_SPEED = 6


# What libaom is tuned for by content, the best first, where it knows that. "iq" is libavif's default from 1.4 on. Over
# it "ssimulacra2" gains 1.8, 1.2 and 0.4 SSIMULACRA2 at 0.25, 0.5 and 1 bit per pixel, in 1.05 of the time (10
# photographs), and loses 0.8, 0.3 and 0 with 8 screenshots and paintings.
_TUNINGS = {PHOTOGRAPH: ("ssimulacra2", "iq"), GRAPHIC: ("iq",)}

# libaom refuses any tuning at its finest quantiser, which changes nothing but colours.
_UNTUNED = 100

# Pillow's names for libaom, and for whichever encoder it has, which is libaom where that is one of them.
_LIBAOM = frozenset({"auto", "aom"})


def _setting(content: str, quality: float, _mode: str) -> dict[str, Any]:
    tuned = _tuned(content) if quality < _UNTUNED else None
    return {"quality": int(quality), **({"advanced": tuned} if tuned else {})}


@cache
def _tuned(content: str) -> _Tuned | None:
    """Return the option that tunes libaom for visible quality; None where the library knows no such tuning."""
    for tune in _TUNINGS[content]:
        tuned = _Tuned(tune=tune)
        with suppress(OSError, ValueError, KeyError):
            Image.new("L", (1, 1)).save(BytesIO(), "AVIF", speed=10, advanced=tuned)
            return tuned
    return None


class _Tuned(dict[str, str]):
    """Pillow's option `advanced`, set by bytefit and not by the user."""


class _StoredExif(Image.Exif):
    """An EXIF block whose orientation Pillow can take out for a box of its own, and which it writes byte for byte."""

    def __init__(self, block: bytes) -> None:
        super().__init__()
        self._block = block
        with suppress(*DECODING_ERRORS):
            self.load(block)
        self._unread = not len(self)

    def __bool__(self) -> bool:
        """Return whether the block is to be written: not if an orientation was all it held."""
        return self._unread or len(self) > 0

    def tobytes(self, offset: int = 8) -> bytes:
        """Return the block as it is; with the orientation, which the standard leaves to the box (MIAF, 7.3.6.7)."""
        del offset
        return self._block


def _encode(picture: Image.Image | Frames, options: Mapping[str, Any]) -> bytes:
    other_encoder = options.get("codec", "auto") not in _LIBAOM
    if isinstance(options.get("advanced"), _Tuned) and (isinstance(picture, Frames) or other_encoder):
        # libaom's tunings are made for still pictures, and the other encoders refuse them.
        options = {name: value for name, value in options.items() if name != "advanced"}
    stored = options.get("exif")
    if isinstance(stored, bytes) and stored:
        with refusals("AVIF"):
            stored = _StoredExif(stored)
        options = {**options, "exif": stored}
    if isinstance(picture, Frames):
        if picture.loop:
            raise UnsupportedImage(
                f"Pillow cannot write a loop count to AVIF (this animation plays {picture.loop} times); "
                f"use WEBP, PNG or GIF"
            )
        if isinstance(stored, Image.Exif) and stored.get(ORIENTATION) in range(2, 9):
            # The process ends with a segmentation fault, in Pillow 13.0 at the second frame.
            raise UnsupportedImage(
                "Pillow crashes when it writes an animation with an EXIF orientation to AVIF; "
                "metadata='strip' turns its frames upright, or use WEBP or PNG"
            )
        return without_times(save_frames(picture, "AVIF", options))
    return save_to_bytes(picture, "AVIF", options)


AVIF = Codec(
    format="AVIF",
    suffixes=named("AVIF").suffixes,
    ladder=_QUALITIES,
    setting=partial(_setting, PHOTOGRAPH),
    encode=_encode,
    mean_bits=(
        (2, 0.0662),
        (11, 0.107),
        (19, 0.151),
        (27, 0.218),
        (38, 0.36),
        (46, 0.511),
        (54, 0.733),
        (65, 0.996),
        (73, 1.19),
        (83, 1.48),
        (91, 1.84),
        (100, 4.81),
    ),
    modes=Modes(
        opaque={**TO_RGB, "L": "L", "1": "L"},
        alpha="RGBA",
        refused={**REFUSED_EVERYWHERE, "CMYK": INK_COLOURS},
    ),
    save_options=SaveOptions(
        steered=frozenset({"quality"}),
        allowed=frozenset(
            {"subsampling", "speed", "max_threads", "codec", "range", "tile_rows", "tile_cols", "autotiling"}
            | {"alpha_premultiplied", "advanced", "exif", "icc_profile", "xmp"}
        ),
        efforts={"fast": {"speed": 8}, "normal": {}, "best": {"speed": 4}},
    ),
    hints=SeedingHints(
        probe_options={"speed": 7},
        probe_pays=lambda options: options.get("speed", _USUAL_SPEED) <= _USUAL_SPEED,
        header=lambda _quality, mode: 485 if mode == "RGBA" else 300,
        by_machine=frozenset({"advanced"}),
    ),
    holds=Holds(max_side=32_768, frames=True),
    container=CONTAINER,
)
AVIF = AVIF._replace(
    variants=Variants(
        for_graphics=AVIF._replace(setting=partial(_setting, GRAPHIC), variants=Variants(content=GRAPHIC))
    ),
)

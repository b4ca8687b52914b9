"""JPEG 2000: OpenJPEG's own rate control, one rung for every 2 % of file size.

The size of a rung is not predicted but set: rate control drops coded bits until the file is that small. So the mean
curve is exact for every image, and the first trial is the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bytefit.codecs.codec import LOSSLESS, Codec
from bytefit.codecs.encoding import refusals, save_to_bytes
from bytefit.codecs.jpeg2000.boxes import with_metadata
from bytefit.codecs.jpeg2000.container import CONTAINER
from bytefit.codecs.parts import Holds, Lossless, Modes, SaveOptions, SeedingHints, SourceKnowledge
from bytefit.codecs.refusals import INK_COLOURS, REFUSED_EVERYWHERE, TO_RGB
from bytefit.errors import UnsupportedImage
from bytefit.formats import named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

    from bytefit.pictures.frames import Frames

# Bits per pixel of quality 0, and of 100 if that were not lossless. At 0.02 hardly more than the mean colours are left.
# Lossless photographs take 4 to 11; the rungs that promise more than the lossless file has are the lossless file.
_LEAST_BITS, _MOST_BITS = 0.02, 16.0

# Neighbouring rungs differ by 2 %: ln(16 / 0.02) x 0.3 / 100.
_STEP = 0.3

# Luma and chroma instead of red, green and blue: 2 to 5 dB more at the same bytes, in half the time. It does nothing to
# modes without them.
_TRANSFORM = {"mct": 1}
_REVERSIBLE = {"irreversible": False, **_TRANSFORM}

# The bits of a pixel before coding, from which OpenJPEG counts a rate.
_RAW_BITS = {"L": 8, "LA": 16, "RGB": 24, "RGBA": 32, "I;16": 16}

# The finest quantiser of the irreversible wavelet keeps 49 to 56 dB, at 2 to 8 bits per pixel of a photograph; whatever
# more is asked for makes no difference. A file that stays this far below its promise has come to that point, as a share
# and in bytes: rate control itself misses it by 0.1 % of large files, and by 540 bytes of small ones, at most.
_SATURATED, _SATURATED_BYTES = 0.995, 600

# Suffixes of codestreams without the boxes of the JP2 format around them.
CODESTREAM_SUFFIXES = frozenset({".j2k", ".j2c", ".jpc"})

_IN_BOXES = ("icc_profile", "exif", "xmp")


def bits_per_pixel(quality: float) -> float:
    """Return what a file of that quality, below 100, takes for each pixel: quality is its logarithm."""
    return float(_LEAST_BITS * (_MOST_BITS / _LEAST_BITS) ** (quality / 100))


def is_codestream(image: Image.Image | Frames) -> bool:
    """Return whether an image, as it was opened, came from a bare codestream; a copy no longer shows that."""
    return image.format == "JPEG2000" and getattr(image, "codec", None) == "j2k"


def _setting(quality: float, mode: str) -> dict[str, Any]:
    rate = _RAW_BITS[mode] / bits_per_pixel(quality)
    if quality == LOSSLESS or rate <= 1:
        return dict(_REVERSIBLE)
    return {"quality_mode": "rates", "quality_layers": [rate], "irreversible": True, **_TRANSFORM}


@refusals("JPEG2000")
def _encode(picture: Image.Image, options: Mapping[str, Any]) -> bytes:
    boxed = {name: options[name] for name in _IN_BOXES if options.get(name)}
    coding = {name: value for name, value in options.items() if name not in _IN_BOXES}
    if boxed and coding.get("no_jp2"):
        raise UnsupportedImage(
            f"a bare JPEG 2000 codestream has no place for {', '.join(boxed)}: write a .jp2 file, or leave it out"
        )
    data = save_to_bytes(picture, "JPEG2000", coding)
    if coding.get("irreversible") and len(data) + _SATURATED_BYTES < _SATURATED * _promised(picture, coding):
        # The reversible wavelet goes on from here to the lossless file, at once where that is small enough.
        data = save_to_bytes(picture, "JPEG2000", {**coding, "irreversible": False})
    return with_metadata(data, **boxed) if boxed else data


def _promised(picture: Image.Image, options: Mapping[str, Any]) -> float:
    layers = options.get("quality_layers") or [float("inf")]
    return picture.width * picture.height * _RAW_BITS[picture.mode] / 8 / float(layers[-1])


JPEG2000 = Codec(
    format="JPEG2000",
    suffixes=named("JPEG2000").suffixes,
    ladder=(*(round(rung * _STEP, 1) for rung in range(round(100 / _STEP) + 1)), LOSSLESS),
    setting=_setting,
    encode=_encode,
    mean_bits=((0, _LEAST_BITS), (100, _MOST_BITS)),
    modes=Modes(
        # Of big-endian samples Pillow (13.0) writes the bytes in the wrong order.
        opaque={**TO_RGB, "L": "L", "1": "L", "I;16": "I;16", "I;16B": "I;16"},
        alpha="RGBA",
        refused={mode: why for mode, why in REFUSED_EVERYWHERE.items() if mode not in {"I;16", "I;16B"}}
        | {"CMYK": INK_COLOURS},
        blurs_alpha=True,
    ),
    save_options=SaveOptions(
        steered=frozenset({"quality_mode", "quality_layers", "irreversible", "mct", "cinema_mode"}),
        allowed=frozenset({"icc_profile", "exif", "xmp", "comment", "no_jp2", "num_resolutions", "codeblock_size"})
        | frozenset({"precinct_size", "progression", "tile_size", "plt"}),
    ),
    lossless=Lossless(options=_REVERSIBLE),
    hints=SeedingHints(
        # Start and end of the one tile-part, which rate control does not count.
        header=lambda _quality, _mode: 16,
        smooth_within=0.0,
    ),
    source=SourceKnowledge(options_from_source=lambda source: {"no_jp2": True} if is_codestream(source) else {}),
    holds=Holds(max_side=65_535, orientation=False),
    container=CONTAINER,
)

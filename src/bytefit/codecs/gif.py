"""GIF: first without loss, drawn anew with as little as shows the same; below that in ever fewer colours.

Qualities are those of PNG: 100 is lossless; a palette of n colours has 10 + 10 log2 n, so 90 for 256 and 20 for 2.
"""

from __future__ import annotations

from io import BytesIO
from math import log2
from typing import TYPE_CHECKING, Any

from PIL import Image
from PIL.Image import open as open_image

from bytefit.codecs.codec import INK_COLOURS, LOSSLESS, REFUSED_EVERYWHERE, TO_RGB, Codec, refusals
from bytefit.codecs.gif_blocks import comment_block, other_blocks, written
from bytefit.codecs.gif_frames import SEEN_FROM, drawn, exact_inks, shared_inks
from bytefit.codecs.palettes import COLOURS, colours_of, quality_of, quantised
from bytefit.frames import Frames, frames_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# A palette for all frames is found from so many of their pixels.
_SEEN_PIXELS = 1 << 19

# Below two colours there is only to be drawn less: these qualities leave larger differences as they are.
_COARSEST: dict[float, int] = {0: 128, 5: 96, 10: 64, 15: 48}

# Hundredths of a second.
_TICK = 10


def _setting(quality: float, _mode: str) -> dict[str, Any]:
    if quality == LOSSLESS:
        return {}
    if quality in _COARSEST:
        return {"colors": COLOURS[0], "tolerance": _COARSEST[quality]}
    colours = colours_of(quality)
    return {"colors": colours, "tolerance": _tolerance(colours)}


def _tolerance(colours: int) -> int:
    """Return by how much a pixel may differ from what is seen already and be left as it is.

    What flickers costs more than anything else. At 60 % of the bytes of four animations 2 at 256 colours, rising by 4
    with each halving, comes within 2 SSIMULACRA2 of the best pair of colours and tolerance for each; without it 8 to 40
    are lost.
    """
    return round(2 + 4 * (8 - log2(colours)))


@refusals("GIF")
def _encode(picture: Image.Image | Frames, options: Mapping[str, Any]) -> bytes:
    """Encode a picture, or frames, with `colors` for all of them, or each as it is."""
    frames = picture if isinstance(picture, Frames) else Frames((picture,), (0,), loop=1)
    if (colours := options.get("colors")) is None:
        inks = exact_inks(frames.pictures)
    else:
        # One entry is for pixels that stay as they are, beside two colours at the least.
        spare = colours - 1 if len(frames.pictures) > 1 or frames.has_transparency_data else colours
        spare = max(2, spare)
        inks = shared_inks(_palette(frames.pictures, spare), spare, options.get("tolerance", 0))
    blocks = bytes(options.get("extra") or b"")
    if comment := options.get("comment"):
        blocks += comment_block(comment.encode() if isinstance(comment, str) else bytes(comment))
    loop = 1 if frames.loop is None else frames.loop
    repeats = None if loop == 1 or len(frames.pictures) == 1 else loop and loop - 1
    return written(
        frames.size,
        inks.palette,
        drawn(frames.pictures, _delays(frames.durations), inks),
        repeats=repeats,
        blocks=blocks,
    )


def _delays(durations: Sequence[float]) -> list[int]:
    """Return times in hundredths of a second that keep pace: what is rounded off one frame goes to the next."""
    delays, exact, told = [], 0.0, 0
    for duration in durations:
        exact += duration / _TICK
        delays.append(max(0, min(65_535, round(exact) - told)))
        told += delays[-1]
    return delays


def _palette(pictures: Sequence[Image.Image], colours: int) -> Image.Image:
    """Return a palette for all pictures, as a picture in it."""
    pixels = sum(picture.width * picture.height for picture in pictures)
    step = max(1, round((pixels / _SEEN_PIXELS) ** 0.5))
    seen = [_opaque_pixels(picture, step) for picture in pictures]
    row = b"".join(seen)
    strip = Image.frombytes("RGB", (len(row) // 3, 1), row) if row else Image.new("RGB", (1, 1))
    found = quantised(strip, colours, "maxcoverage")
    return found if found.mode == "P" else strip.quantize(colours, method=Image.Quantize.MEDIANCUT)


def _opaque_pixels(picture: Image.Image, step: int) -> bytes:
    """Return the colours of every so-manieth pixel each way that is seen."""
    size = max(1, picture.width // step), max(1, picture.height // step)
    part = picture.resize(size, Image.Resampling.NEAREST).convert("RGBA")
    return b"".join(
        bytes(colour[:3]) * count
        for count, colour in part.getcolors(size[0] * size[1]) or ()
        if isinstance(colour, tuple) and colour[3] >= SEEN_FROM
    )


def _lossless_versions(data: bytes, policy: str, orientation: bytes, *, most: int | None = None) -> Iterator[bytes]:
    """Yield a version of a GIF file that shows exactly its frames; see `Codec.lossless_versions`."""
    del orientation, most
    with open_image(BytesIO(data)) as image:
        frames = frames_of(image)
    yield _encode(frames, {"extra": other_blocks(data) if policy == "keep" else b""})


GIF = Codec(
    format="GIF",
    suffixes=(".gif",),
    ladder=(*_COARSEST, *map(quality_of, COLOURS), LOSSLESS),
    setting=_setting,
    encode=_encode,
    opaque_modes={**TO_RGB, "L": "RGB", "1": "RGB"},
    alpha_mode="RGBA",
    refused={**REFUSED_EVERYWHERE, "CMYK": INK_COLOURS},
    max_side=65_535,
    steered=frozenset({"colors", "tolerance", "optimize", "interlace", "disposal", "transparency"}),
    options=frozenset({"comment", "extra"}),
    # Of animations, for each frame.
    mean_bits=(
        (0, 0.02),
        (20, 0.036),
        (40, 0.0838),
        (50, 0.109),
        (60, 0.133),
        (70, 0.156),
        (80, 0.185),
        (90, 0.236),
        (100, 0.25),
    ),
    probe_options={},
    probe_pays=lambda _options: False,
    header=lambda quality, _mode: 40 + (768 if quality in {None, LOSSLESS} else 3 * max(2, colours_of(quality or 0))),
    rows_apart=False,
    smooth_within=0.1,
    efforts={"fast": {}, "normal": {}, "best": {}},
    lossless_versions=_lossless_versions,
    lossless={},
    frames=True,
)

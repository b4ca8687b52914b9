"""What a PNG file says about its image: texts, pixel density, gamma and primaries (W3C PNG, third edition, 11.3)."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from bytefit.codecs.colour_profiles import SRGB, Primaries, gamma_curve, is_srgb, profile
from bytefit.codecs.container import Descriptions
from bytefit.codecs.descriptions import METRE, NO_UNIT, Density, Text, density_in_info, density_of
from bytefit.codecs.png.chunks import CHUNKS, COLOUR_CHUNKS, SIGNATURE, chunks, chunks_of, text_chunk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from bytefit.pictures.frames import Frames

# The keys in `info` under which the pixel density and the background of a file are stored.
DENSITY, BACKGROUND = "png_density", "png_background"

TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_LONGEST = 1 << 20  # bytes of a text that was compressed
_LONGEST_KEYWORD = 79

# ImageMagick's way to store blocks of other formats as text; this one is read as EXIF.
_EXIF_AS_TEXT, _BLOCK_AS_TEXT = "Raw profile type exif", "Raw profile type "

# 1 / 2.2, which is as good as sRGB's curve; encoders round it. 1 / 1.8 is 55,556.
_USUAL_GAMMA, _GAMMA_ROUNDING = 45_455, 1_000
_GAMMA_UNIT = 100_000
_CHROMATICITIES = 32


def unread_descriptions(data: bytes) -> dict[str, Any]:
    """Return what Pillow does not read, or rounds, for its `info`."""
    found: dict[str, Any] = {}
    for name, content, *_ in chunks(data):
        if name == b"pHYs" and len(content) == len(b"xxxxyyyyu"):
            x, y = (int.from_bytes(content[at : at + 4], "big") for at in (0, 4))
            found[DENSITY] = density_of(x, y, METRE if content[8] == 1 else NO_UNIT)
        elif name == b"bKGD":
            found[BACKGROUND] = content
    return found


def _texts(image: Image.Image | Frames) -> tuple[Text, ...]:
    stored = (_read_text(name, content) for name, content, *_ in chunks(SIGNATURE + chunks_of(image)) if name in TEXTS)
    return tuple(
        Text(keyword, value, f"PNG text {keyword!r}")
        for keyword, value in stored
        if value and not keyword.startswith(_BLOCK_AS_TEXT)
    )


def _read_text(name: bytes, content: bytes) -> tuple[str, str]:
    """Return keyword and text of a chunk; an empty text where it is broken or too long."""
    keyword, _, rest = content.partition(b"\x00")
    compressed = name == b"zTXt"
    if compressed:
        rest = rest[1:]
    elif name == b"iTXt":
        compressed = rest[:1] == b"\x01"
        rest = b"".join(rest[2:].split(b"\x00", 2)[2:])
    if compressed:
        try:
            reader = zlib.decompressobj()
            rest = reader.decompress(rest, _LONGEST)
        except zlib.error:
            return keyword.decode("latin-1"), ""
        rest = b"" if reader.unconsumed_tail else rest
    return keyword.decode("latin-1"), rest.decode("utf-8" if name == b"iTXt" else "latin-1", "replace")


def _with_texts(texts: Sequence[Text]) -> tuple[bytes, Sequence[Text]]:
    """Return a text chunk for each text; a text without a keyword gets "Comment"."""
    made = [text_chunk((text.keyword or "Comment")[:_LONGEST_KEYWORD], text.value) for text in texts]
    return b"".join(made), ()


def _density(image: Image.Image | Frames) -> Density | None:
    if DENSITY in image.info:
        stated: Density | None = image.info[DENSITY]
        return stated
    aspect = image.info.get("aspect")
    return density_of(aspect[0], aspect[1], NO_UNIT) if isinstance(aspect, tuple) else density_in_info(image)


def _colour_profile(image: Image.Image | Frames, grey: bool) -> bytes:  # noqa: FBT001  (one of two kinds)
    """Return a profile for gamma and primaries other than sRGB's, unless a chunk overrides them (11.3.2)."""
    found = {name: content for name, content, *_ in chunks(SIGNATURE + chunks_of(image)) if name in COLOUR_CHUNKS}
    if b"sRGB" in found:
        return b""
    gamma = int.from_bytes(found.get(b"gAMA", b""), "big") or _USUAL_GAMMA
    primaries = SRGB
    if len(stated := found.get(b"cHRM", b"")) == _CHROMATICITIES:
        numbers = [int.from_bytes(stated[at : at + 4], "big") / _GAMMA_UNIT for at in range(0, _CHROMATICITIES, 4)]
        primaries = Primaries(*zip(numbers[::2], numbers[1::2], strict=True))
    usual = abs(gamma - _USUAL_GAMMA) <= _GAMMA_ROUNDING
    if usual and (grey or is_srgb(primaries)):
        return b""
    try:
        return profile(gamma_curve(_GAMMA_UNIT / gamma), primaries, grey=grey)
    except ValueError:  # primaries that no image can have
        return b"" if usual else profile(gamma_curve(_GAMMA_UNIT / gamma), grey=grey)


def _own_data(image: Image.Image | Frames) -> tuple[str, ...]:
    names = []
    for name, content, *_ in chunks(SIGNATURE + bytes(image.info.get(CHUNKS, b""))):
        keyword, text = _read_text(name, content) if name in TEXTS else ("", "")
        if name in TEXTS and keyword != _EXIF_AS_TEXT and (keyword.startswith(_BLOCK_AS_TEXT) or not text):
            names.append(f"PNG text {keyword!r}")
        elif name not in TEXTS | COLOUR_CHUNKS:
            names.append(f"PNG chunk {name.decode('latin-1')}")
    return tuple(dict.fromkeys(names))


DESCRIPTIONS = Descriptions(
    texts=_texts,
    with_texts=_with_texts,
    density=_density,
    states_density=lambda _density, _mode: True,
    colour_profile=_colour_profile,
    own_data=_own_data,
    not_kept=lambda image: ("PNG background colour",) if BACKGROUND in image.info else (),
    keeps_cover=True,
)

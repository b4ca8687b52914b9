"""The table of modes and formats: every cell of it is true, and the reference has it as it is."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from random import Random

import pytest
from PIL import Image

from bytefit.codecs import BY_PLUGIN, CODECS
from bytefit.codecs.mode_table import MODES, fate, table
from bytefit.codecs.preparing import prepare
from bytefit.errors import ConfigError, PixelsNotKept, UnsupportedImage

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "formats.md"
SIZE = (20, 12)

# Modes that come back under another name: as the decoder stores them.
NAMES = {"I;16B": "I;16", "I;16L": "I;16", "La": "LA", "RGBa": "RGBA"}


def picture(mode, *, transparent):
    """Return a picture of a mode in which every pixel is another; in a palette, one entry may be transparent."""
    if mode.startswith("I;16"):
        raw = Image.frombytes("I;16", SIZE, Random(1).randbytes(2 * SIZE[0] * SIZE[1]))
        return Image.frombytes(mode, SIZE, raw.tobytes())
    noise = Image.frombytes("RGBA", SIZE, Random(1).randbytes(4 * SIZE[0] * SIZE[1]))
    opaque = noise.convert("RGB")
    if mode in {"P", "PA"}:
        indexed = opaque.quantize(16).convert(mode)
        if mode == "PA":
            indexed.putalpha(noise.getchannel("A"))
        elif transparent:
            indexed.info["transparency"] = 3
        return indexed
    made = {
        "LAB": lambda: Image.frombytes("LAB", SIZE, opaque.tobytes()),
        "La": lambda: noise.convert("LA").convert("La"),
        "1": lambda: noise.convert("L").convert("1"),
        "I": lambda: noise.convert("L").convert("I"),
        "F": lambda: noise.convert("L").convert("F"),
    }
    source = opaque if mode in {"HSV", "YCbCr", "CMYK", "RGBX"} else noise
    return made.get(mode, lambda: source.convert(mode))()


@pytest.mark.parametrize("codec", CODECS + BY_PLUGIN, ids=lambda codec: codec.format)
@pytest.mark.parametrize(("mode", "transparent"), MODES, ids=str)
def test_every_cell_is_true(codec, mode, transparent):
    """What is said to be kept comes back in that mode, what is converted in the other, what is refused is refused."""
    found = fate(codec, mode, transparent=transparent)
    source = picture(mode, transparent=transparent)

    if found.mode is None:
        with pytest.raises(UnsupportedImage, match=found.reason.split("(", maxsplit=1)[0].replace("+", ".")):
            prepare(codec, source)
        return
    prepared = prepare(codec, source)
    try:
        data = encoded_best(codec, prepared)
    except ConfigError as error:
        pytest.skip(str(error))
    with Image.open(BytesIO(data)) as image:
        image.load()

        assert prepared.mode == found.mode
        assert image.size == source.size
        assert image.has_transparency_data == source.has_transparency_data or codec.format == "TIFF"
        # A coded grey or palette may be stored in fewer channels, or in more.
        if codec.ladder_keeps_pixels and codec.format not in {"GIF", "JPEG2000"}:
            assert exactly(image) == exactly(prepared)


def encoded_best(codec, prepared):
    """Encode a picture at the highest rung that holds it: GIF has no lossless one for partial transparency."""
    try:
        return codec.encode(prepared, codec.setting(codec.ladder[-1], prepared.mode))
    except PixelsNotKept:
        return codec.encode(prepared, codec.setting(codec.ladder[-2], prepared.mode))


def exactly(image):
    """Return the pixels, whatever a decoder calls their mode."""
    if image.mode in {"I", "F", "LAB", "CMYK", "YCbCr"} or image.mode.startswith("I;16"):
        order = "I;16" if image.mode in NAMES else image.mode
        return order, list(image.get_flattened_data() if hasattr(image, "get_flattened_data") else image.getdata())
    return image.convert("RGBA").tobytes()


def test_the_reference_has_the_table_as_it_is():
    """The page is written by a script, never by hand."""
    assert table() in PAGE.read_text(encoding="utf-8"), "python docs/generate.py writes the page again"

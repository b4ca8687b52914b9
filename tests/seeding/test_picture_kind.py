"""What a picture holds: photographs have grain, graphics have runs of equal pixels."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image, ImageDraw

from bytefit.codecs import CODECS
from bytefit.codecs.codec import GRAPHIC, PHOTOGRAPH
from bytefit.codecs.jpeg.codec import JPEG
from bytefit.seeding.picture_kind import content, equal_neighbours, for_content
from bytefit.seeding.sampling import sample_of
from images import encoded, flat, in_mode, noise, photograph, screenshot

SIZES = [(144, 96), (640, 480), (1024, 640)]

each_codec = pytest.mark.parametrize("codec", CODECS[:2], ids=["row samples", "tiles"])


def interface(size, mode="RGB"):
    """Return panels, buttons and text: what screenshots are made of."""
    picture = Image.new("RGB", size, (246, 247, 249))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, size[0], size[1] // 8), fill=(36, 41, 47))
    draw.rectangle((0, size[1] // 8, size[0] // 4, size[1]), fill=(225, 228, 232))
    for top in range(size[1] // 8 + 6, size[1] - 14, 18):
        draw.text((6, top), f"entry {top}", fill=(60, 60, 60))
        draw.rounded_rectangle((size[0] // 4 + 6, top, size[0] - 6, top + 14), 4, outline=(120, 130, 160))
        draw.text((size[0] // 4 + 12, top + 1), "Make it fit its budget", fill=(20, 90, 200))
    return picture.convert(mode)


@each_codec
@pytest.mark.parametrize("draw", [noise, photograph])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_what_has_grain_is_a_photograph(codec, draw, size, mode):
    """Grain leaves hardly any equal neighbours, neither in the picture nor in its sample."""
    picture = draw(size, "RGB").convert(mode)

    assert content(picture) == content(sample_of(codec, picture)) == PHOTOGRAPH


@each_codec
@pytest.mark.parametrize("draw", [interface, screenshot, flat])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_what_was_drawn_is_a_graphic(codec, draw, size, mode):
    """Panels, text and flat fields have equal neighbours, in the picture and in its sample."""
    picture = draw(size).convert(mode)

    assert content(picture) == content(sample_of(codec, picture)) == GRAPHIC


@pytest.mark.parametrize("quality", [40, 70, 90])
def test_a_photograph_out_of_a_jpeg_is_one_still(quality):
    """Coarse quantisation removes only a part of the grain, so the picture stays a photograph."""
    assert content(Image.open(BytesIO(encoded(photograph((320, 240)), quality=quality)))) == PHOTOGRAPH


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "CMYK", "YCbCr"])
@pytest.mark.parametrize("size", [(1, 1), (1, 30), (30, 1), (2, 2)])
def test_every_mode_and_size_has_a_content(mode, size):
    """The content is asked of every picture that is encoded, so no mode or size may fail."""
    assert content(in_mode(mode, size)) in {PHOTOGRAPH, GRAPHIC}


def test_equal_neighbours_are_counted():
    """The result is the share of all pixels that equal their left neighbour."""
    stripes = Image.frombytes("L", (4, 2), bytes([0, 0, 9, 9, 0, 1, 2, 3]))

    assert equal_neighbours(stripes) == 2 / 8
    assert equal_neighbours(flat()) == 1


def test_jpeg_has_settings_for_graphics():
    """Graphics use the same rungs with other quantisation tables."""
    assert for_content(JPEG, interface((320, 240))) is JPEG.variants.for_graphics
    assert for_content(JPEG, photograph((320, 240))) is JPEG
    assert JPEG.variants.for_graphics.variants.content == GRAPHIC


@pytest.mark.parametrize(
    "codec", [one for one in CODECS if one.variants.for_graphics is None], ids=lambda codec: codec.format
)
def test_codecs_without_settings_for_graphics_are_left_alone(codec):
    """A codec without such settings must come back unchanged."""
    assert for_content(codec, interface((320, 240))) is codec
    assert codec.variants.content == PHOTOGRAPH

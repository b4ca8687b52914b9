"""Clusters: many colours are reduced to few, whether opaque, translucent or fully transparent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bytefit.codecs.palettes import clusters
from bytefit.codecs.palettes.clusters import Clusters, sample_of
from images import graphic, noise, photograph, screenshot

SIZE = (64, 44)

each_image = pytest.mark.parametrize("draw", [photograph, screenshot, graphic, noise], ids=lambda draw: draw.__name__)


def squared_error(picture, version):
    """Return the mean squared difference of the channels, premultiplied."""
    pixels, others = (image.convert("RGBA").convert("RGBa").tobytes() for image in (picture, version))
    return sum((one - other) ** 2 for one, other in zip(pixels, others, strict=True)) / len(pixels)


@st.composite
def small_pictures(draw):
    """Return a few pixels of few colours, of any alpha."""
    channel = st.sampled_from([0, 1, 40, 128, 200, 254, 255])
    colours = draw(st.lists(st.tuples(channel, channel, channel, channel), min_size=1, max_size=40))
    pixels = draw(st.lists(st.sampled_from(colours), min_size=48, max_size=48))
    return Image.frombytes("RGBA", (8, 6), b"".join(map(bytes, pixels)))


@given(small_pictures(), st.integers(2, 48), st.booleans())
def test_clear_is_clear_and_nothing_else_is(picture, colours, dither):
    """The fully transparent pixels must stay so, and no others become so, within the number of colours."""
    version = Clusters(picture).version(colours, dither=dither)

    assert (version.mode, version.size) == ("P", picture.size)
    assert max(version.tobytes()) < colours
    for before, after in zip(picture.get_flattened_data(), version.convert("RGBA").get_flattened_data(), strict=True):
        assert (before[3] == 0) == (after[3] == 0)


@given(small_pictures())
def test_as_many_colours_as_there_are_lose_nothing(picture):
    """With as many colours as the image has, every visible pixel must stay the same."""
    version = Clusters(picture).version(48)

    assert version.convert("RGBA").convert("RGBa").tobytes() == picture.convert("RGBa").tobytes()


@each_image
def test_palettes_are_cuts_of_one_tree(draw):
    """Pixels that share a colour must also share one in every smaller palette, in whatever order palettes are cut."""
    picture = draw((20, 14))
    of_picture = Clusters(picture)
    few, many = of_picture.version(9), of_picture.version(40)

    together = dict(zip(many.tobytes(), few.tobytes(), strict=True))
    assert all(together[one] == other for one, other in zip(many.tobytes(), few.tobytes(), strict=True))
    assert Clusters(picture).version(9).tobytes() == few.tobytes()


@pytest.mark.parametrize("draw", [photograph, graphic], ids=lambda draw: draw.__name__)
def test_it_errs_less_than_pillow(draw):
    """The error must be below that of Pillow's median cut, or of its octree for images with alpha."""
    picture = draw((96, 72))
    method = Image.Quantize.FASTOCTREE if picture.mode == "RGBA" else Image.Quantize.MEDIANCUT

    clustered = Clusters(picture)

    for colours in (16, 64, 256):
        errors = [
            squared_error(picture, version)
            for version in (clustered.version(colours), picture.quantize(colours, method=method))
        ]
        assert errors[0] < errors[1], colours


def test_what_matters_keeps_its_entry_opaque_or_not():
    """A few opaque colours among many translucent ones must keep an entry, and the other way round."""
    ramp = Image.linear_gradient("L").resize(SIZE)
    soft = Image.merge("RGBA", (ramp, ramp, ramp, ramp.point(lambda level: max(1, min(254, level)))))
    soft.paste((250, 10, 20, 255), (0, 0, 12, 12))
    solid = Image.merge("RGB", (ramp, ramp, ramp)).convert("RGBA")
    solid.paste((250, 10, 20, 120), (0, 0, 12, 12))

    for picture, alpha in ((soft, 255), (solid, 120)):
        red, green, blue, found = Clusters(picture).version(8).convert("RGBA").getpixel((5, 5))
        assert abs(red - 250) + abs(green - 10) + abs(blue - 20) + abs(found - alpha) < 12


@pytest.mark.parametrize(("draw", "colours", "dither"), [(photograph, 256, False), (graphic, 32, True)])
def test_a_palette_of_a_sample_serves_the_whole_image(draw, colours, dither):
    """The palette of a large photograph is found on some of its pixels: it must serve all of them, and keep holes."""
    picture = draw((320, 240)).convert("RGBA")
    assert picture.getcolors(clusters.SAMPLED_PIXELS) is None

    version = Clusters(picture).version(colours, dither=dither)

    assert version.size == picture.size
    assert max(version.tobytes()) < colours
    before, after = (image.convert("RGBA").getchannel("A").tobytes() for image in (picture, version))
    assert all((one == 0) == (other == 0) for one, other in zip(before, after, strict=True))
    assert colours < 256 or squared_error(picture, version) < 200


@pytest.mark.parametrize("size", [(120_000, 1), (1, 120_000), (70_000, 3), (3, 70_000), (130_000, 2)])
def test_a_sample_of_a_thin_image_is_small_too(size):
    """A row of pixels must be sampled as well: its colours were too many to count, and the encode failed."""
    picture = noise(size)

    sample = sample_of(picture)

    assert clusters.SAMPLED_PIXELS // 2 < sample.width * sample.height <= clusters.SAMPLED_PIXELS
    assert sample.getcolors(clusters.SAMPLED_PIXELS) is not None


def test_an_image_of_one_row_has_a_palette():
    """An image of one row with more than 65,536 colours must be reduced like any other."""
    version = Clusters(noise((80_000, 1))).version(40)

    assert version.size == (80_000, 1)
    assert len(version.getcolors()) == 40


def test_a_sample_is_small_and_from_the_image():
    """A sample must be small and hold only colours of the image."""
    picture = photograph((600, 500))

    sample = sample_of(picture)

    assert sample.width * sample.height <= clusters.SAMPLED_PIXELS < 600 * 500
    assert {colour for _, colour in sample.getcolors(1 << 20)} <= {colour for _, colour in picture.getcolors(1 << 20)}
    assert sample_of(sample) is sample

"""Nearly lossless versions: never further from the image than 256 colours, and nearer with each rung."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from bytefit.codecs.palettes.bands import crops_of
from bytefit.codecs.palettes.near_lossless import NEAR_LOSSLESS, NearLossless, mean_error, rounded_levels
from bytefit.codecs.palettes.quantise import Palettes
from bytefit.pictures.frames import Frames
from images import flat, graphic, noise, photograph, screenshot

SIZE = (48, 32)


def interface(size=SIZE):
    """Return a screenshot with a shaded bar of many colours: 256 come close to it."""
    picture = screenshot(size)
    picture.paste(photograph((size[0], 12)), (0, 0))
    return picture


PICTURES = {"photograph": photograph(SIZE), "transparent": graphic(SIZE), "interface": interface()}


@given(anchor=st.integers(0, 255), step=st.integers(1, 40))
def test_levels_are_rounded_to_the_nearest_multiple(anchor, step):
    """No level may move by more than half a step, and the commonest one, the background, may not move at all."""
    levels = rounded_levels(anchor, step)

    assert levels[anchor] == anchor
    assert all(abs(level - rounded) <= step / 2 for level, rounded in enumerate(levels))
    assert all(0 <= low <= high + step / 2 for low, high in pairwise(levels))
    assert max(levels) <= 255


@pytest.mark.parametrize("kind", PICTURES)
def test_each_rung_is_nearer_to_the_image(kind):
    """A larger file that is further from the image would be a rung in the wrong place."""
    picture = PICTURES[kind]
    palettes = Palettes()
    in_palette = palettes.quantised(picture, 256)

    errors = [mean_error(picture, crops_of(palettes.nearly_lossless(picture, quality))) for quality in NEAR_LOSSLESS]

    assert max(errors) <= mean_error(picture, crops_of(in_palette))
    assert all(above <= below for below, above in pairwise(errors))
    assert 0 < errors[-1] < errors[0]


def test_an_image_that_256_colours_show_well_takes_their_colours():
    """In a screenshot most pixels must have a colour of the palette, and the others their own."""
    picture = interface()
    in_palette = Palettes().quantised(picture, 256)
    near = NearLossless(picture, in_palette)

    version = near.version(95.0)

    versions = (image.convert("RGB").tobytes() for image in (picture, in_palette, version))
    triples = (zip(*[iter(pixels)] * 3, strict=True) for pixels in versions)
    assert near.prefers_palette
    assert all(shown in {own, coloured} for own, coloured, shown in zip(*triples, strict=True))


def test_smooth_areas_are_rounded_more_finely_than_busy_ones():
    """A coarse step shows as bands in a gradient, and nowhere else."""
    picture = Image.linear_gradient("L").rotate(90).resize((512, 64)).convert("RGB")
    picture.paste(noise((64, 64)), (0, 0))
    near = NearLossless(picture, Image.new("P", picture.size))

    difference = ImageChops.difference(picture, near.version(93.0)).convert("L")

    assert difference.crop((70, 0, 512, 64)).getextrema()[1] <= 2
    assert difference.crop((0, 0, 60, 60)).getextrema()[1] > 2


def test_transparency_stays_where_it_is():
    """What is fully transparent must stay so: it would show in other colours than those below it."""
    picture, palettes = graphic(SIZE), Palettes()

    versions = [palettes.nearly_lossless(picture, quality).convert("RGBA") for quality in NEAR_LOSSLESS]

    clear = picture.getchannel("A").point([255] + [0] * 255)
    for version in versions:
        assert Image.composite(version.getchannel("A"), Image.new("L", SIZE), clear).getbbox() is None


@pytest.mark.parametrize("picture", [flat(SIZE), screenshot(SIZE), photograph(SIZE, "L")], ids=["flat", "text", "grey"])
def test_an_image_of_few_colours_is_itself(picture):
    """Its palette keeps every pixel, so nothing may be lost above it."""
    assert all(Palettes().nearly_lossless(picture, quality) is picture for quality in NEAR_LOSSLESS)


def test_frames_are_changed_together():
    """Pixels that two frames share must be equal afterwards, or their difference would be coded."""
    pictures = (photograph(SIZE), photograph(SIZE))
    frames = Frames(pictures, (40.0, 40.0), 0)

    first, second = Palettes().nearly_lossless(frames, 95.0).pictures

    assert first.tobytes() == second.tobytes() != pictures[0].tobytes()


def test_bands_do_not_show():
    """A large image is worked on band by band; a pixel away from their edges must not depend on where they are."""
    tall = Image.new("RGB", (1024, 520))
    tile = photograph((1024, 130))
    for top in range(0, 520, 130):
        tall.paste(tile, (0, top))
    near = NearLossless(tall, Image.new("P", tall.size))

    version = near.version(95.0)

    parts = [version.crop((0, top + 1, 1024, top + 100)) for top in (0, 260)]
    assert parts[0].tobytes() == parts[1].tobytes()

"""The sample: a row sample for codecs that code rows of blocks independently, a mosaic for the others."""

from __future__ import annotations

import pytest

from bytefit.codecs import CODECS
from bytefit.codecs.avif.codec import AVIF
from bytefit.codecs.codec import GRAPHIC
from bytefit.codecs.encoding import NO_METADATA
from bytefit.codecs.jpeg.codec import JPEG
from bytefit.codecs.webp.codec import WEBP
from bytefit.pictures.frames import Frames
from bytefit.seeding.mosaic import TILE_HEIGHT, TILE_WIDTH, mosaic
from bytefit.seeding.row_samples import BLOCK
from bytefit.seeding.sampling import larger_sample, sample_of
from images import noise, photograph

each_codec = pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.format)


def pixels(picture):
    """Return how many pixels a picture has."""
    return picture.width * picture.height


def misses(codec, picture, sample, quality):
    """Return by what share a sample says the whole is larger or smaller than it is."""
    weight, whole = (
        len(codec.encode(one, {**codec.setting(quality, one.mode), **NO_METADATA}))
        - codec.hints.header(quality, one.mode)
        for one in (sample, picture)
    )
    return abs(weight * pixels(picture) / pixels(sample) / whole - 1)


@pytest.mark.parametrize("size", [(640, 480), (1000, 701)])
def test_the_sample_for_jpeg_is_a_row_sample(size):
    """JPEG's sample is one piece of each row of blocks, an eighth of its width, for graphics too."""
    picture = photograph(size)

    sample = sample_of(JPEG, picture)

    assert sample.size == (round(size[0] / 8 / BLOCK) * BLOCK, size[1] // BLOCK * BLOCK)
    assert sample_of(JPEG.for_content(GRAPHIC), picture).tobytes() == sample.tobytes()


@pytest.mark.parametrize("codec", [WEBP, AVIF], ids=lambda codec: codec.format)
@pytest.mark.parametrize("size", [(640, 480), (1000, 701)])
def test_the_sample_for_the_others_is_a_mosaic(codec, size):
    """The other codecs predict a block from the one above, so their tiles must be high as well."""
    picture = photograph(size)

    sample = sample_of(codec, picture)

    assert (sample.width % TILE_WIDTH, sample.height % TILE_HEIGHT) == (0, 0)
    assert sample.tobytes() == mosaic(picture).tobytes()


@each_codec
@pytest.mark.parametrize("size", [(1, 1), (96, 64), (200, 150), (5, 4000)])
def test_small_pictures_are_their_own_sample(codec, size):
    """Cutting a small picture would save nothing."""
    picture = noise(size)

    assert sample_of(codec, picture) is picture


@each_codec
@pytest.mark.parametrize("size", [(640, 480), (1280, 960), (2400, 1600)])
def test_a_sample_is_a_small_share_of_its_picture(codec, size):
    """A sample is cheap only if it has a small share of the pixels."""
    picture = noise(size, "L")

    assert pixels(sample_of(codec, picture)) <= pixels(picture) / 5


@each_codec
def test_the_sample_of_frames_is_that_of_the_first(codec):
    """The first frame stands for all frames."""
    first, other = photograph((640, 480)), noise((640, 480))

    sample = sample_of(codec, Frames((first, other), (40, 40)))

    assert sample.tobytes() == sample_of(codec, first).tobytes()


@pytest.mark.parametrize("size", [(256, 256), (320, 240), (640, 480), (1200, 900)])
def test_a_larger_sample_is_larger_where_pictures_are_small(size):
    """A sample's error falls with the rows it is spread over, so a picture with few rows needs wide pieces."""
    picture = photograph(size)

    assert pixels(sample_of(JPEG, picture)) < pixels(larger_sample(picture)) <= pixels(picture) / 2


def test_a_larger_sample_of_a_large_picture_is_no_larger():
    """A large picture has so many rows that its usual sample predicts well."""
    picture = noise((256, 4000), "L")

    assert larger_sample(picture).tobytes() == sample_of(JPEG, picture).tobytes()


def test_the_share_of_a_larger_sample_falls_with_the_height():
    """The share never rises with the height, so that no picture costs much more than a similar one."""
    shares = [pixels(larger_sample(noise((512, height), "L"))) / 512 / height for height in range(128, 1920, 128)]

    assert shares == pytest.approx(sorted(shares, reverse=True), rel=0.1)
    assert shares[0] > 3 * shares[-1]


@pytest.mark.parametrize("quality", [20, 50, 85])
def test_a_larger_sample_misses_less(quality):
    """Over several pictures a larger sample predicts better, or its cost is wasted."""
    pictures = [photograph((480, 320), seed=seed) for seed in range(6)]

    small = sum(misses(JPEG, picture, sample_of(JPEG, picture), quality) for picture in pictures)
    large = sum(misses(JPEG, picture, larger_sample(picture), quality) for picture in pictures)

    assert large < small


def test_larger_samples_of_small_and_thin_pictures_are_the_pictures():
    """A picture too small for a sample is its own larger sample too."""
    for size in ((1, 1), (96, 64), (5, 4000)):
        picture = noise(size)

        assert larger_sample(picture) is picture

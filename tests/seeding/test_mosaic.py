"""The mosaic: a small picture that encodes like the large one."""

from __future__ import annotations

import pytest
from PIL import Image

from bytefit.seeding.mosaic import TILE_HEIGHT, TILE_WIDTH, mosaic
from images import encoded, noise, photograph


def position_picture(across, down):
    """Return a picture whose tiles each have a colour that tells where they are."""
    cells = Image.frombytes(
        "RGB", (across, down), bytes(v for y in range(down) for x in range(across) for v in (x, y, 7))
    )
    return cells.resize((across * TILE_WIDTH, down * TILE_HEIGHT), Image.Resampling.NEAREST)


def tiles_of(picture):
    """Return the tiles of a mosaic, in order."""
    return [
        picture.crop((x, y, x + TILE_WIDTH, y + TILE_HEIGHT))
        for y in range(0, picture.height, TILE_HEIGHT)
        for x in range(0, picture.width, TILE_WIDTH)
    ]


@pytest.mark.parametrize("size", [(1, 1), (63, 15), (64, 16), (192, 144), (5, 4000), (4000, 5), (16, 100_000)])
def test_small_and_thin_pictures_are_their_own_mosaic(size):
    """Where a mosaic would be half of the picture or more, nothing is cut."""
    picture = Image.new("RGB", size)

    assert mosaic(picture) is picture


@pytest.mark.parametrize(
    ("size", "most"), [((1280, 960), 0.25), ((2000, 1500), 0.25), ((1024, 768), 0.3), ((4000, 3000), 0.05)]
)
def test_a_mosaic_is_a_small_share_of_its_picture(size, most):
    """A mosaic is cheap because it has about a sixteenth of the pixels, and less of large pictures."""
    tiles = mosaic(Image.new("L", size))

    share = tiles.width * tiles.height / (size[0] * size[1])
    assert 0 < share <= most


@pytest.mark.parametrize("size", [(20_000, 64), (64, 20_000), (12_000, 33), (100, 16_000)])
def test_mosaics_of_panoramas_are_smaller_than_their_pictures(size):
    """Extreme shapes must neither fail nor give a mosaic larger than the picture."""
    tiles = mosaic(Image.new("L", size))

    assert tiles.width * tiles.height < size[0] * size[1]


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "CMYK", "YCbCr"])
def test_a_mosaic_has_the_mode_of_its_picture(mode):
    """The same codec encodes both, so the mosaic must have the mode of the picture."""
    assert mosaic(Image.new(mode, (1280, 640))).mode == mode


def test_a_mosaic_consists_of_whole_aligned_tiles():
    """Each tile is a piece of the picture, cut on the encoder's blocks."""
    tiles = mosaic(position_picture(40, 60))

    assert (tiles.width % TILE_WIDTH, tiles.height % TILE_HEIGHT) == (0, 0)
    assert all(len(tile.getcolors()) == 1 for tile in tiles_of(tiles))


def test_tiles_are_spread_over_the_whole_picture():
    """No tile is taken twice, and all four quarters of the picture are represented equally."""
    places = [tile.getpixel((0, 0))[:2] for tile in tiles_of(mosaic(position_picture(40, 60)))]

    quarters = [(x // 20, y // 30) for x, y in places]
    assert len(set(places)) == len(places)
    assert min(quarters.count((x, y)) for x in (0, 1) for y in (0, 1)) >= 0.8 * len(places) / 4


def test_the_same_picture_gives_the_same_mosaic():
    """The answer of a search must not change from run to run."""
    first, second = (mosaic(photograph((1280, 640), seed=3)) for _ in range(2))

    assert first.tobytes() == second.tobytes()


def test_a_mosaic_of_noise_encodes_like_the_noise():
    """The mosaic has the bits per pixel of the picture, up to the joins."""
    picture = noise((1280, 640), "L")

    whole, part = (
        len(encoded(image, "JPEG")) * 8 / (image.width * image.height) for image in (picture, mosaic(picture))
    )

    assert part == pytest.approx(whole, rel=0.02)

"""Row samples: a sample of a picture from every row of blocks, which encodes like the whole."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from PIL import Image

from bytefit.codecs.encoding import NO_METADATA
from bytefit.codecs.jpeg.codec import JPEG
from bytefit.seeding.row_samples import BLOCK, row_samples
from images import noise, photograph

SIZES = [(640, 480), (1000, 700), (333, 1021), (4000, 80 * 3), (2049, 515)]
each_size = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
each_share = pytest.mark.parametrize("one_in", [2, 3, 5, 8])


def position_picture(size):
    """Return a picture whose blocks each have a colour that tells where they are, those cut at its edges included."""
    across, down = (-(-side // BLOCK) for side in size)
    cells = Image.frombytes(
        "RGB", (across, down), bytes(v for y in range(down) for x in range(across) for v in (x, y, 7))
    )
    return cells.resize((across * BLOCK, down * BLOCK), Image.Resampling.NEAREST).crop((0, 0, *size))


def columns_of(size, one_in):
    """Return for every row of blocks the columns of blocks that its piece has."""
    sample = row_samples(position_picture(size), one_in)
    return [[sample.getpixel((x, y))[0] for x in range(0, sample.width, BLOCK)] for y in range(0, sample.height, BLOCK)]


@each_size
@each_share
def test_a_row_sample_is_one_in_so_many_pixels(size, one_in):
    """The share is exact up to whole blocks; incomplete blocks at the edges are left out."""
    sample = row_samples(Image.new("L", size), one_in)

    assert abs(sample.width - size[0] / one_in) <= BLOCK / 2
    assert size[1] - BLOCK < sample.height <= size[1]
    assert (sample.width % BLOCK, sample.height % BLOCK) == (0, 0)


@each_size
@each_share
def test_every_row_of_blocks_gives_one_piece(size, one_in):
    """The pieces keep the order of the rows, and each consists of neighbouring blocks."""
    sample = row_samples(position_picture(size), one_in)

    rows = [sample.getpixel((0, y))[1] for y in range(0, sample.height, BLOCK)]
    assert rows == list(range(size[1] // BLOCK))
    for columns in columns_of(size, one_in):
        assert columns == list(range(columns[0], columns[0] + len(columns)))


@each_size
@each_share
def test_pieces_are_cut_on_the_encoders_blocks(size, one_in):
    """Every block of the sample is a block of the picture."""
    sample = row_samples(position_picture(size), one_in)

    blocks = [
        sample.crop((x, y, x + BLOCK, y + BLOCK)).getcolors()
        for y in range(0, sample.height, BLOCK)
        for x in range(0, sample.width, BLOCK)
    ]
    assert {len(colours) for colours in blocks} == {1}


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK", "YCbCr", "RGBA"])
def test_pieces_are_the_pixels_of_the_picture(mode):
    """A sample in another mode, or of other pixels, would be encoded to another size."""
    size = (800, 400)
    picture = noise(size, mode)

    sample = row_samples(picture, 8)

    assert sample.mode == mode
    for row, columns in enumerate(columns_of(size, 8)):
        left, top = columns[0] * BLOCK, row * BLOCK
        own = sample.crop((0, top, sample.width, top + BLOCK))
        assert own.tobytes() == picture.crop((left, top, left + sample.width, top + BLOCK)).tobytes()


@each_share
def test_every_column_is_met_equally_often(one_in):
    """Where the width divides evenly, no column may weigh more than another in the predicted size."""
    found = columns_of((one_in * 16 * BLOCK, one_in * 8 * BLOCK), one_in)

    assert Counter(column for columns in found for column in columns) == dict.fromkeys(range(one_in * 16), 8)


@each_size
@each_share
def test_no_wide_column_is_missed(size, one_in):
    """Where the width does not divide evenly, no gap is wider than a piece, and the gaps are few."""
    found = columns_of(size, one_in)

    met = sorted({column for columns in found for column in columns})
    gaps = [after - before - 1 for before, after in pairwise([-1, *met, size[0] // BLOCK])]
    assert max(gaps) <= len(found[0])
    assert len(met) >= 0.8 * (size[0] // BLOCK)


def test_neighbouring_rows_are_met_far_from_each_other():
    """An object a few rows high must be sampled once, not by all rows or by none."""
    found = columns_of((1280, 960), 8)

    assert min(abs(before[0] - after[0]) for before, after in pairwise(found)) >= 2 * len(found[0])


@each_size
def test_the_same_picture_gives_the_same_sample(size):
    """The answer of a search must not change from run to run."""
    first, second = (row_samples(noise(size, seed=3), 8) for _ in range(2))

    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize(
    ("size", "one_in"),
    [
        ((1, 1), 8),
        ((96, 64), 2),
        ((255, 256), 8),
        ((60, 4000), 8),
        ((4000, 127), 8),
        ((15, 8000), 2),
        ((5, 65_000), 8),
    ],
)
def test_small_and_thin_pictures_are_their_own_sample(size, one_in):
    """Cutting them costs as much as encoding them, or there are too few blocks."""
    picture = Image.new("RGB", size)

    assert row_samples(picture, one_in) is picture


@pytest.mark.parametrize("size", [(256, 256), (128, 512), (512, 128)])
def test_what_is_large_enough_is_cut(size):
    """One pixel or one row less and the picture would be its own sample."""
    assert row_samples(Image.new("RGB", size), 8).width == size[0] // 8


@pytest.mark.parametrize("draw", [photograph, noise])
@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("quality", [30, 75, 95])
def test_a_jpeg_of_a_row_sample_predicts_the_bytes_of_the_whole(draw, mode, quality):
    """Without its header, the sample weighs its share of the whole to within 10 %."""
    picture = draw((960, 720)).convert(mode)
    sample = row_samples(picture, 8)

    weight, whole = (
        len(JPEG.encode(one, {**JPEG.setting(quality, mode), **NO_METADATA})) - JPEG.hints.header(quality, mode)
        for one in (sample, picture)
    )

    share = sample.width * sample.height / (picture.width * picture.height)
    assert weight / share == pytest.approx(whole, rel=0.1)

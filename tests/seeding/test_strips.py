"""Strips: a part of a picture from every row of blocks, which encodes like the whole."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from PIL import Image

from bytefit.codecs.encoding import NO_METADATA
from bytefit.codecs.jpeg.codec import JPEG
from bytefit.seeding.strips import BLOCK, strips
from images import noise, photograph

SIZES = [(640, 480), (1000, 700), (333, 1021), (4000, 80 * 3), (2049, 515)]
each_size = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
each_parts = pytest.mark.parametrize("parts", [2, 3, 5, 8])


def position_picture(size):
    """Return a picture whose blocks each have a colour that tells where they are, those cut at its edges included."""
    across, down = (-(-side // BLOCK) for side in size)
    cells = Image.frombytes(
        "RGB", (across, down), bytes(v for y in range(down) for x in range(across) for v in (x, y, 7))
    )
    return cells.resize((across * BLOCK, down * BLOCK), Image.Resampling.NEAREST).crop((0, 0, *size))


def columns_of(size, parts):
    """Return for every row of blocks the columns of blocks that its strip has."""
    part = strips(position_picture(size), parts)
    return [[part.getpixel((x, y))[0] for x in range(0, part.width, BLOCK)] for y in range(0, part.height, BLOCK)]


@each_size
@each_parts
def test_strips_are_one_of_so_many_parts(size, parts):
    """About: to whole blocks, and what is left over at the edges is left out."""
    part = strips(Image.new("L", size), parts)

    assert abs(part.width - size[0] / parts) <= BLOCK / 2
    assert size[1] - BLOCK < part.height <= size[1]
    assert (part.width % BLOCK, part.height % BLOCK) == (0, 0)


@each_size
@each_parts
def test_every_row_of_blocks_gives_one_strip(size, parts):
    """In their order, each of neighbouring blocks."""
    part = strips(position_picture(size), parts)

    rows = [part.getpixel((0, y))[1] for y in range(0, part.height, BLOCK)]
    assert rows == list(range(size[1] // BLOCK))
    for columns in columns_of(size, parts):
        assert columns == list(range(columns[0], columns[0] + len(columns)))


@each_size
@each_parts
def test_strips_are_cut_on_the_encoders_blocks(size, parts):
    """Every block of the part is a block of the picture."""
    part = strips(position_picture(size), parts)

    blocks = [
        part.crop((x, y, x + BLOCK, y + BLOCK)).getcolors()
        for y in range(0, part.height, BLOCK)
        for x in range(0, part.width, BLOCK)
    ]
    assert {len(colours) for colours in blocks} == {1}


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK", "YCbCr", "RGBA"])
def test_strips_are_what_the_picture_has_there(mode):
    """To the pixel, in its mode."""
    size = (800, 400)
    picture = noise(size, mode)

    part = strips(picture, 8)

    assert part.mode == mode
    for row, columns in enumerate(columns_of(size, 8)):
        left, top = columns[0] * BLOCK, row * BLOCK
        own = part.crop((0, top, part.width, top + BLOCK))
        assert own.tobytes() == picture.crop((left, top, left + part.width, top + BLOCK)).tobytes()


@each_parts
def test_every_column_is_met_equally_often(parts):
    """Where the picture can be divided so."""
    found = columns_of((parts * 16 * BLOCK, parts * 8 * BLOCK), parts)

    assert Counter(column for columns in found for column in columns) == dict.fromkeys(range(parts * 16), 8)


@each_size
@each_parts
def test_no_wide_column_is_missed(size, parts):
    """Where it cannot be divided so, what is met by no strip is no wider than a strip, and little in all."""
    found = columns_of(size, parts)

    met = sorted({column for columns in found for column in columns})
    gaps = [after - before - 1 for before, after in pairwise([-1, *met, size[0] // BLOCK])]
    assert max(gaps) <= len(found[0])
    assert len(met) >= 0.8 * (size[0] // BLOCK)


def test_neighbouring_rows_are_met_far_from_each_other():
    """A thing in the picture that is some rows high is met by one of them, not by all or none."""
    found = columns_of((1280, 960), 8)

    assert min(abs(before[0] - after[0]) for before, after in pairwise(found)) >= 2 * len(found[0])


@each_size
def test_the_same_picture_gives_the_same_strips(size):
    """The answer of a search must not change from run to run."""
    first, second = (strips(noise(size, seed=3), 8) for _ in range(2))

    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize(
    ("size", "parts"),
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
def test_small_and_thin_pictures_are_their_own_strips(size, parts):
    """Cutting them costs as much as encoding them, or there are not as many blocks as parts."""
    picture = Image.new("RGB", size)

    assert strips(picture, parts) is picture


@pytest.mark.parametrize("size", [(256, 256), (128, 512), (512, 128)])
def test_what_is_large_enough_is_cut(size):
    """The smallest pictures that are."""
    assert strips(Image.new("RGB", size), 8).width == size[0] // 8


@pytest.mark.parametrize("draw", [photograph, noise])
@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("quality", [30, 75, 95])
def test_a_jpeg_of_strips_tells_the_bytes_of_the_whole(draw, mode, quality):
    """Their share of it, without the header."""
    picture = draw((960, 720)).convert(mode)
    part = strips(picture, 8)

    weight, whole = (
        len(JPEG.encode(one, {**JPEG.setting(quality, mode), **NO_METADATA})) - JPEG.hints.header(quality, mode)
        for one in (part, picture)
    )

    share = part.width * part.height / (picture.width * picture.height)
    assert weight / share == pytest.approx(whole, rel=0.1)

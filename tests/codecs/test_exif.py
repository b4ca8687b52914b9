"""EXIF: a value changes in place, and every other byte of the block stays where it was."""

from __future__ import annotations

import pytest
from PIL import Image

from bytefit.codecs.exif import has_thumbnail, tags_in, with_dimensions, with_orientation, with_resolution
from exif_blocks import EXIF_IFD, HEIGHT, NOTE, PREVIEW, TEXT, WIDTH, camera_exif

SHORT, LONG = 3, 4
each_order = pytest.mark.parametrize("order", ["<", ">"])

BROKEN = [
    b"Exif\x00\x00",
    b"Exif\x00\x00nonsense",
    b"Exif\x00\x00II*\x00\xff\xff\xff\xff",
    b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\xff\xff",
    b"II*\x00\x08\x00\x00\x00\x01\x00" + b"\x69\x87\x04\x00\x01\x00\x00\x00\xff\xff\xff\x7f" + bytes(4),
    b"II+\x00\x08\x00\x00\x00" + bytes(8),
]


def read(block):
    """Return the first directory and EXIF's own, as Pillow reads them."""
    exif = Image.Exif()
    exif.load(block)
    return dict(exif), exif.get_ifd(EXIF_IFD)


def differences(one, other):
    """Return the offsets of the bytes that differ; the lengths must be the same."""
    assert len(one) == len(other)
    return [place for place, (before, after) in enumerate(zip(one, other, strict=True)) if before != after]


@each_order
@pytest.mark.parametrize("kind", [SHORT, LONG])
def test_dimensions_change_in_place(order, kind):
    """Only the two values may change: text, maker note and thumbnail must keep every byte and their places."""
    block = camera_exif(order, kind=kind)

    changed = with_dimensions(block, (400, 300))

    assert [read(changed)[1][tag] for tag in (WIDTH, HEIGHT)] == [400, 300]
    assert len(differences(block, changed)) <= 4
    assert all(changed.find(part) == block.find(part) > 0 for part in (TEXT, NOTE, PREVIEW))


@each_order
def test_dimensions_too_large_for_16_bits_become_32_bits(order):
    """A 16-bit entry cannot hold 70,000: the value must not be cut off, and must not move."""
    changed = with_dimensions(camera_exif(order, kind=SHORT), (70_000, 5))

    assert [read(changed)[1][tag] for tag in (WIDTH, HEIGHT)] == [70_000, 5]


@pytest.mark.parametrize("block", [b"", *BROKEN])
def test_broken_blocks_stay_as_they_are(block):
    """A block that cannot be read must be returned byte for byte, and must not raise."""
    assert with_dimensions(block, (4, 3)) == block
    assert not tags_in(block) or block.startswith(b"II*")
    assert not has_thumbnail(block)


@each_order
def test_an_orientation_changes_in_place(order):
    """JPEG XL sets the orientation to upright: nothing else of the block may change."""
    block = camera_exif(order, orientation=6)

    changed = with_orientation(block, 1)

    assert read(changed)[0][0x0112] == 1
    assert len(differences(block, changed)) == 1


@each_order
def test_an_added_value_leaves_the_others_where_they_are(order):
    """A new directory goes to the end of the block, so that the offsets inside a maker note stay true."""
    block = camera_exif(order)

    changed = with_resolution(block, (3_000_001, 10_000), (150, 1), 3)

    first, detail = read(changed)
    assert [float(first[tag]) for tag in (0x011A, 0x011B, 0x0128)] == [300.0001, 150.0, 3.0]
    assert detail[WIDTH] == 800
    assert has_thumbnail(changed)
    assert all(changed.find(part) == block.find(part) for part in (TEXT, NOTE, PREVIEW))


def test_a_stated_resolution_is_not_replaced():
    """A resolution that EXIF states itself must win over the container's."""
    block = with_resolution(b"", (300, 1), (300, 1), 2)

    assert with_resolution(block, (72, 1), (72, 1), 2) == block


def test_an_orientation_is_added_where_there_is_none():
    """AVIF states the orientation in a box of its own: the EXIF block of another format must get it."""
    block = with_resolution(b"", (300, 1), (300, 1), 2)

    assert read(with_orientation(block, 6))[0][0x0112] == 6
    assert with_orientation(block, 1) == block

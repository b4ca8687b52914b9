"""The boxes of AVIF files that would be lost are reported."""

from __future__ import annotations

import pytest

from bytefit.codecs.avif.boxes import lost_in_avif
from bytefit.codecs.avif.codec import AVIF
from bytefit.codecs.padding import pad
from images import XMP, animation, encoded, exif, graphic, icc_profile, photograph

PLAIN = encoded(photograph((32, 32)), "AVIF")


def box(name, content):
    """Return a top-level box."""
    return (8 + len(content)).to_bytes(4, "big") + name + content


def recoloured(primaries, transfer):
    """Return the plain file with another colour space in its `nclx` box."""
    place = PLAIN.index(b"colrnclx") + 8
    return PLAIN[:place] + primaries.to_bytes(2, "big") + transfer.to_bytes(2, "big") + PLAIN[place + 4 :]


@pytest.mark.parametrize(
    "data",
    [
        PLAIN,
        encoded(photograph((32, 32), "L"), "AVIF"),
        encoded(graphic((32, 32)), "AVIF", exif=exif(orientation=6), icc_profile=icc_profile(), xmp=XMP),
        animation("AVIF"),
        pad(PLAIN, AVIF, 5000),
    ],
    ids=["colours", "grey", "with everything", "animated", "padded"],
)
def test_of_what_pillow_writes_nothing_is_lost(data):
    """Files written by Pillow or padded by bytefit must report no loss."""
    assert lost_in_avif(data) is None


def test_a_strangers_box_is_named():
    """An unknown box must be reported with its size."""
    assert lost_in_avif(box(b"ftyp", b"avif") + box(b"film", b"film" * 9) + PLAIN) == "a box 'film' of 36 bytes"


def test_a_strangers_box_at_the_end_is_named():
    """An unknown box at the end of the file, the usual place, must be reported."""
    assert lost_in_avif(PLAIN + box(b"film", b"film" * 9)) == "a box 'film' of 36 bytes"


@pytest.mark.parametrize(("primaries", "transfer"), [(9, 16), (9, 18), (12, 13), (1, 16)])
def test_wide_gamut_and_high_dynamic_range_are_reported(primaries, transfer):
    """Wide gamuts and high dynamic range (ITU-T H.273) must be reported."""
    assert lost_in_avif(recoloured(primaries, transfer)) == (
        f"colours of its own (primaries {primaries}, transfer {transfer})"
    )


@pytest.mark.parametrize(("primaries", "transfer"), [(1, 13), (2, 2), (1, 1), (1, 6)])
def test_plain_colours_are_nothing(primaries, transfer):
    """Colours that Pillow decodes correctly must not be reported."""
    assert lost_in_avif(recoloured(primaries, transfer)) is None


def test_high_bit_depths_are_reported():
    """More than 8 bits a channel must be reported: Pillow would cut them off."""
    place = PLAIN.index(b"av1C") + 6

    deep = PLAIN[:place] + bytes((PLAIN[place] | 0x40,)) + PLAIN[place + 1 :]

    assert lost_in_avif(deep) == "more than 8 bits a channel"


@pytest.mark.parametrize("cut", [0, 4, 8, 20, 40, 100, 200, -1])
def test_files_cut_short_do_not_fail(cut):
    """Truncated files must raise nothing: the decoder refuses them."""
    assert lost_in_avif(PLAIN[:cut]) is None


@pytest.mark.parametrize("size", [0, 1, 7, 2**31, 2**32 - 1])
def test_boxes_that_lie_about_their_size_do_not_fail(size):
    """Boxes with a wrong size must neither raise an error nor cause an endless loop."""
    assert lost_in_avif(PLAIN[:20] + size.to_bytes(4, "big") + PLAIN[24:]) in {None, "a gain map"}

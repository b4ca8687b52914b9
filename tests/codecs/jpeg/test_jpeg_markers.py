"""The markers of JPEG files: walked by their lengths, never found inside something else."""

from __future__ import annotations

import pytest

from bytefit.codecs.jpeg.markers import DQT, EOI, behind_picture, markers
from images import XMP, encoded, icc_profile, noise, photograph

SOI, SOS, APP1, COM = 0xD8, 0xDA, 0xE1, 0xFE

FILM = b"\x00\x00\x00\x18ftypmp42" + b"film" * 40


def segment(marker, content):
    """Return a segment with its length."""
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content


def kinds(data):
    """Return the markers in `data`, in order."""
    return [marker for marker, _, _ in markers(data)]


def test_a_file_is_walked_from_its_start_to_its_end():
    """Baseline: one scan, two tables."""
    found = kinds(encoded(photograph((32, 32)), quality=80))

    assert (found[0], found[-1]) == (SOI, EOI)
    assert found.count(SOS) == found.count(EOI) == 1
    assert found.count(DQT) == 2


def test_every_scan_of_a_progressive_file_is_met():
    """Coded data between scans is skipped, whatever bytes are in it."""
    found = kinds(encoded(noise((96, 96)), quality=95, progressive=True))

    assert found.count(SOS) == 10
    assert found[-1] == EOI


@pytest.mark.parametrize("rows", [0, 1])
def test_restart_markers_belong_to_the_coded_data(rows):
    """They neither have a length nor start anything."""
    options = {"restart_marker_rows": rows} if rows else {}

    found = kinds(encoded(noise((64, 64)), quality=90, **options))

    assert not any(0xD0 <= marker <= 0xD7 for marker in found)
    assert found[-1] == EOI


def test_offsets_are_those_of_the_marker():
    """The first is where the marker begins, the second where its content does."""
    data = encoded(photograph((32, 32)))

    assert all(data[start] == 0xFF and data[behind - 1] == marker for marker, start, behind in markers(data))


def test_a_thumbnail_inside_a_segment_is_not_the_picture():
    """EXIF carries whole JPEG files, with their own end-of-image markers."""
    thumbnail = encoded(photograph((16, 16)))
    data = encoded(photograph((32, 32)))
    data = data[:2] + segment(APP1, b"Exif\x00\x00" + thumbnail) + data[2:]

    assert kinds(data).count(SOI) == 1
    assert behind_picture(data + FILM) == FILM


def test_metadata_of_every_kind_is_skipped():
    """Profiles in several segments, XMP and comments."""
    data = encoded(photograph((32, 32)), icc_profile=icc_profile(size=140_000), xmp=XMP, comment=b"\xff\xd9")

    assert kinds(data).count(COM) == 1
    assert kinds(data)[-1] == EOI


@pytest.mark.parametrize("count", [1, 2, 7])
def test_fill_bytes_before_a_marker_are_allowed(count):
    """Any number of them (ITU-T T.81, B.1.1.2); the marker starts with the first."""
    data = encoded(photograph((32, 32)))
    _, place, behind = next(found for found in markers(data) if found[0] == DQT)
    filled = data[:place] + b"\xff" * count + data[place:]

    _, start, end = next(found for found in markers(filled) if found[0] == DQT)

    assert (start, end) == (place, behind + count)
    assert kinds(filled) == kinds(data)


@pytest.mark.parametrize("behind", [FILM, b"\x00" * 20 + FILM + b"\x00" * 20, FILM + b"\xff\xd9"])
def test_what_stands_behind_the_picture_is_found(behind):
    """To the byte, blanks around it included: it is found from the end of the file."""
    assert behind_picture(encoded(photograph((32, 32))) + behind) == behind


@pytest.mark.parametrize("behind", [b"", b"\x00" * 512, b"\xff\xff", b"\r\n", b"a few stray bytes"])
def test_blanks_and_strays_behind_the_picture_are_nothing(behind):
    """Cameras and old tools fill their files up."""
    assert behind_picture(encoded(photograph((32, 32))) + behind) == b""


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 20, 200, -2, -1])
def test_nothing_stands_behind_a_picture_that_is_cut_short(cut):
    """There is no end-of-image marker; nothing fails."""
    assert behind_picture(encoded(photograph((32, 32)))[:cut]) == b""

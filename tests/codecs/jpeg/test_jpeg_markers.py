"""JPEG markers are found by the lengths of their segments, never inside other data."""

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
    """The walk must meet every marker of a baseline file in order."""
    found = kinds(encoded(photograph((32, 32)), quality=80))

    assert (found[0], found[-1]) == (SOI, EOI)
    assert found.count(SOS) == found.count(EOI) == 1
    assert found.count(DQT) == 2


def test_every_scan_of_a_progressive_file_is_met():
    """The walk must skip the coded data between scans, whatever bytes it holds."""
    found = kinds(encoded(noise((96, 96)), quality=95, progressive=True))

    assert found.count(SOS) == 10
    assert found[-1] == EOI


@pytest.mark.parametrize("rows", [0, 1])
def test_restart_markers_belong_to_the_coded_data(rows):
    """Restart markers must be skipped as coded data: they have no length."""
    options = {"restart_marker_rows": rows} if rows else {}

    found = kinds(encoded(noise((64, 64)), quality=90, **options))

    assert not any(0xD0 <= marker <= 0xD7 for marker in found)
    assert found[-1] == EOI


def test_offsets_are_those_of_the_marker():
    """The offsets must be those of the marker's first byte and of its content."""
    data = encoded(photograph((32, 32)))

    assert all(data[start] == 0xFF and data[behind - 1] == marker for marker, start, behind in markers(data))


def test_a_thumbnail_inside_a_segment_is_not_the_picture():
    """The end-of-image marker of an EXIF thumbnail must not end the walk."""
    thumbnail = encoded(photograph((16, 16)))
    data = encoded(photograph((32, 32)))
    data = data[:2] + segment(APP1, b"Exif\x00\x00" + thumbnail) + data[2:]

    assert kinds(data).count(SOI) == 1
    assert behind_picture(data + FILM) == FILM


def test_metadata_of_every_kind_is_skipped():
    """Segments of profiles, XMP and comments must be skipped by their lengths."""
    data = encoded(photograph((32, 32)), icc_profile=icc_profile(size=140_000), xmp=XMP, comment=b"\xff\xd9")

    assert kinds(data).count(COM) == 1
    assert kinds(data)[-1] == EOI


@pytest.mark.parametrize("count", [1, 2, 7])
def test_fill_bytes_before_a_marker_are_allowed(count):
    """A marker may follow any number of fill bytes (ITU-T T.81, B.1.1.2), and starts with the first."""
    data = encoded(photograph((32, 32)))
    _, place, behind = next(found for found in markers(data) if found[0] == DQT)
    filled = data[:place] + b"\xff" * count + data[place:]

    _, start, end = next(found for found in markers(filled) if found[0] == DQT)

    assert (start, end) == (place, behind + count)
    assert kinds(filled) == kinds(data)


@pytest.mark.parametrize("behind", [FILM, b"\x00" * 20 + FILM + b"\x00" * 20, FILM + b"\xff\xd9"])
def test_what_stands_behind_the_picture_is_found(behind):
    """Trailing data must be returned to the byte, including padding around it."""
    assert behind_picture(encoded(photograph((32, 32))) + behind) == behind


@pytest.mark.parametrize("behind", [b"", b"\x00" * 512, b"\xff\xff", b"\r\n", b"a few stray bytes"])
def test_blanks_and_strays_behind_the_picture_are_nothing(behind):
    """Padding and a few stray bytes after the image must not count as trailing data."""
    assert behind_picture(encoded(photograph((32, 32))) + behind) == b""


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 20, 200, -2, -1])
def test_nothing_stands_behind_a_picture_that_is_cut_short(cut):
    """A truncated image must have no trailing data, and raise nothing."""
    assert behind_picture(encoded(photograph((32, 32)))[:cut]) == b""

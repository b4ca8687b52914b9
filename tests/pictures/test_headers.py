"""The dimensions that a header states are those that Pillow reads; of other files nothing is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bytefit.pictures.headers import stated_size
from images import encoded, exif, photograph


def stated(data):
    """Return the dimensions that the bytes of a file state."""
    return stated_size(lambda offset, count: data[offset : offset + count])


FILES = {
    "JPEG": encoded(photograph((90, 61))),
    "JPEG with EXIF": encoded(photograph((90, 61)), exif=exif(orientation=6, padding=5000)),
    "progressive JPEG": encoded(photograph((90, 61)), progressive=True),
    "JPEG with fill bytes": b"\xff\xd8" + b"\xff" * 7 + encoded(photograph((90, 61)))[2:],
    "PNG": encoded(photograph((90, 61)), "PNG"),
    "GIF": encoded(photograph((90, 61)), "GIF"),
    "WebP": encoded(photograph((90, 61)), "WEBP"),
    "lossless WebP": encoded(photograph((90, 61)), "WEBP", lossless=True),
    "WebP with EXIF": encoded(photograph((90, 61)), "WEBP", exif=exif(orientation=1)),
    "TIFF": encoded(photograph((90, 61)), "TIFF"),
    "TIFF with libtiff": encoded(photograph((90, 61)), "TIFF", compression="tiff_lzw"),
    "TIFF in the other byte order": b"MM\x00*\x00\x00\x00\x08\x00\x02"
    b"\x01\x00\x00\x03\x00\x00\x00\x01\x00\x5a\x00\x00"
    b"\x01\x01\x00\x04\x00\x00\x00\x01\x00\x00\x00\x3d",
}


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_a_header_states_the_dimensions(data):
    """`check` foresees by them what `fix` would refuse."""
    assert stated(data) == (90, 61)


@pytest.mark.parametrize("data", [b"", b"text", encoded(photograph(), "BMP"), encoded(photograph(), "AVIF")])
def test_of_other_files_nothing_is_said(data):
    """None must stand for "unknown": a guess would be reported as a fact."""
    assert stated(data) is None


@given(st.sampled_from(sorted(FILES)), st.integers(0, 200), st.binary(max_size=12))
def test_a_damaged_header_is_no_error(name, place, damage):
    """One damaged file must not end the check of all others."""
    data = FILES[name]
    found = stated(data[:place] + damage)

    assert found is None or len(found) == 2


def test_the_largest_dimensions_are_read():
    """The numbers of a header take all of their bytes."""
    assert stated(encoded(Image.new("1", (65_000, 1)), "PNG")) == (65_000, 1)
    assert stated(encoded(Image.new("L", (1, 65_000)), "JPEG")) == (1, 65_000)

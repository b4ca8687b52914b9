"""Metadata: kept or stripped by policy, and counted in the budget."""

from __future__ import annotations

import pytest
from PIL import Image

import bytefit
from bytefit import BudgetUnreachable
from images import XMP, encoded, exif, icc_profile, noise, opened, photograph
from outcomes import OF_EVERY_TIFF, ORIENTATION, comment_of, each_format, each_holder, fresh, size_at, stored


@each_holder
def test_metadata_is_counted(wanted):
    """Half of the budget is the profile's: the answer still fits, and is the best that does."""
    body = size_at(photograph(), wanted, 0.4)
    data = encoded(photograph(), "PNG", icc_profile=icc_profile(size=body))
    budget = 2 * body + 300

    result = bytefit.compress(fresh(data), budget, format=wanted, slack=0)

    assert result.size <= budget
    assert result.fill > 0.8
    assert stored(result.data).info["icc_profile"] == icc_profile(size=body)


@each_format
@pytest.mark.parametrize("turn", range(1, 9))
def test_stripped_pictures_are_upright(wanted, turn):
    """What a viewer shows stays the same without the EXIF block."""
    source = encoded(photograph((96, 64)), "JPEG", quality=98, exif=exif(orientation=turn), icc_profile=icc_profile())

    result = bytefit.compress(
        fresh(source), size_at(photograph((96, 64)), wanted, 0.8), format=wanted, metadata="strip"
    )

    again = stored(result.data)
    assert again.size == ((64, 96) if turn >= 5 else (96, 64)) == (result.width, result.height)
    assert ORIENTATION not in again.getexif()
    assert 0x0110 not in again.getexif()
    assert "icc_profile" not in again.info
    assert result.scale == 1.0


@each_holder
def test_orientation_and_profile_may_be_all_that_is_kept(wanted):
    """The camera's name, and where it was, are gone."""
    data = encoded(
        photograph(), "JPEG", exif=exif(orientation=8), icc_profile=icc_profile(), xmp=XMP, comment=b"at home"
    )

    result = bytefit.compress(
        fresh(data), size_at(photograph(), wanted) + 900, format=wanted, metadata="orientation+icc"
    )

    again = stored(result.data)
    tags = dict(again.getexif())
    assert tags.pop(ORIENTATION) == 8
    assert tags.keys() <= OF_EVERY_TIFF[wanted == "TIFF"]
    assert again.info["icc_profile"] == icc_profile()
    assert "xmp" not in again.info
    assert comment_of(again) != b"at home"
    assert b"at home" not in result.data


def test_other_segments_comment_and_resolution_are_kept_in_jpeg():
    """IPTC and the rest go from JPEG to JPEG as they are."""
    content = b"Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00\x05\x1c\x02\x78\x00\x00\x00"
    segment = b"\xff\xed" + (len(content) + 2).to_bytes(2, "big") + content
    data = encoded(photograph(), "JPEG", comment=b"a view", dpi=(240, 240))

    result = bytefit.compress(fresh(data[:20] + segment + data[20:]), 6000)

    again = opened(result.data)
    assert ("APP13", content) in again.applist
    assert (again.info["comment"], again.info["dpi"]) == (b"a view", (240, 240))


def test_metadata_given_as_an_option_replaces_the_pictures():
    """And is counted like it."""
    data = encoded(photograph(), "JPEG", exif=exif(orientation=6))

    result = bytefit.compress(fresh(data), 6000, exif=exif(orientation=3), comment=b"x" * 1000)

    again = opened(result.data)
    assert again.getexif()[ORIENTATION] == 3
    assert again.info["comment"] == b"x" * 1000
    assert result.size <= 6000


@each_holder
def test_an_empty_exif_object_is_no_exif(wanted):
    """Pillow takes one wherever it takes bytes."""
    result = bytefit.compress(photograph((64, 48)), 12_000, format=wanted, exif=Image.Exif())

    assert result.fits
    assert stored(result.data).getexif().keys() <= OF_EVERY_TIFF[wanted == "TIFF"]


@each_holder
def test_metadata_larger_than_the_budget_is_named(wanted):
    """The error says what weighs, and the way out."""
    data = encoded(photograph(), "JPEG", icc_profile=icc_profile(size=30_000))

    with pytest.raises(BudgetUnreachable, match=r"30(\.\d)? kB of it metadata\); strip metadata") as caught:
        bytefit.compress(fresh(data), 20_000, format=wanted)

    assert caught.value.metadata_bytes >= 29_990  # in JPEG 2000 it takes the place of a few bytes
    assert caught.value.smallest > 30_000


@pytest.mark.parametrize("resize", [False, True])
@pytest.mark.parametrize("policy", ["keep", "strip", "orientation+icc"])
@pytest.mark.parametrize("source", ["JPEG", "WEBP"])
def test_broken_exif_neither_fails_nor_warns(tmp_path, source, resize, policy):
    """Many a file in the wild has some; this suite turns warnings into errors."""
    path = tmp_path / "broken.img"
    path.write_bytes(encoded(noise((96, 64)), source, quality=95, exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\xff"))

    result = bytefit.compress(path, 1500, resize=resize, metadata=policy)

    assert result.fits

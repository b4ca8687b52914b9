"""`exact`: files padded to the byte."""

from __future__ import annotations

import pytest

import bytefit
from bytefit import BudgetUnreachable, ConfigError
from bytefit.codecs import codec_for_format
from images import XMP, encoded, exif, flat, icc_profile, photograph
from outcomes import ORIENTATION, comment_of, each_format, each_holder, fresh, size_at, smallest, stored


@pytest.mark.parametrize("wanted", ["JPEG", "AVIF"])
def test_exact_may_be_odd_where_the_container_allows_it(wanted):
    """RIFF files alone are even."""
    budget = size_at(photograph(), wanted) | 1

    assert bytefit.compress(photograph(), budget, format=wanted, exact=True).size == budget


def test_exact_odd_sizes_are_refused_for_webp():
    """Before anything is encoded."""
    with pytest.raises(ConfigError, match="even"):
        bytefit.compress(photograph(), 5001, format="WEBP", exact=True)


@each_format
@pytest.mark.parametrize("more", [0, 2, 10, 40])
def test_exact_budgets_just_above_the_smallest_encoding(wanted, more):
    """Padded, or refused because nothing fits: never refused for a size that an encoding has."""
    picture = flat((64, 64))
    budget = smallest(picture, wanted).smallest + more

    try:
        told = bytefit.compress(picture, budget, format=wanted, exact=True).size
    except BudgetUnreachable as error:
        told = str(error)

    assert told == budget or (more > 0 and ("exact" in told or "pad" in told))


@each_holder
def test_exact_keeps_metadata(wanted):
    """Padding goes beside it, not over it."""
    options = {"exif": exif(orientation=6), "icc_profile": icc_profile(), "xmp": XMP}
    data = encoded(photograph(), "JPEG", comment=b"a view", **options)

    result = bytefit.compress(fresh(data), 40_000, format=wanted, exact=True)

    again = stored(result.data)
    assert result.size == 40_000
    assert again.getexif()[ORIENTATION] == 6
    assert (again.info["icc_profile"], again.info["xmp"]) == (icc_profile(), XMP)
    assert comment_of(again) == (b"a view" if "comment" in codec_for_format(wanted).save_options.allowed else b"")


@each_format
def test_an_exact_file_can_be_fitted_again(wanted):
    """Its padding is not the picture's metadata, which would be kept."""
    padded = bytefit.compress(flat(), 60_000, format=wanted, exact=True)

    result = bytefit.compress(fresh(padded.data), 20_000)

    assert result.fits

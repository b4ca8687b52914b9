"""`exact`: files padded to the byte."""

from __future__ import annotations

import pytest

import bytefit
from bytefit import BudgetUnreachable, ConfigError
from bytefit.sources.reading import decode
from images import encoded, flat, photograph
from outcomes import each_format, size_at, smallest


@pytest.mark.parametrize("wanted", ["JPEG", "AVIF"])
def test_exact_may_be_odd_where_the_container_allows_it(wanted):
    """Only RIFF files (WebP) are always even: other containers must reach an odd size, too."""
    budget = size_at(photograph(), wanted) | 1

    assert bytefit.compress(photograph(), budget, format=wanted, exact=True).size == budget


def test_exact_odd_sizes_are_refused_for_webp():
    """WebP cannot reach an odd size, which must be said before anything is encoded."""
    with pytest.raises(ConfigError, match="even"):
        bytefit.compress(photograph(), 5001, format="WEBP", exact=True)


@each_format
@pytest.mark.parametrize("more", [0, 2, 40])
def test_exact_budgets_just_above_the_smallest_encoding(wanted, more):
    """A budget that an encoding has must be reached; only a gap too small for padding may be refused, and be named."""
    picture = flat((32, 32))
    budget = smallest(picture, wanted).smallest + more

    try:
        told = bytefit.compress(picture, budget, format=wanted, exact=True).size
    except BudgetUnreachable as error:
        told = str(error)

    assert told == budget or (more > 0 and ("exact" in told or "pad" in told))


def test_padding_must_not_change_what_a_damaged_file_shows(tmp_path):
    """A TIFF whose next directory lies beyond its end is readable until padding puts something there."""
    data = bytearray(encoded(photograph((16, 12)), "TIFF"))
    directory = int.from_bytes(data[4:8], "little")
    entries = int.from_bytes(data[directory : directory + 2], "little")
    following = directory + 2 + 12 * entries
    data[following : following + 4] = (len(data) + 100).to_bytes(4, "little")
    path = tmp_path / "damaged.tif"
    path.write_bytes(data)

    for exact in (False, True):
        try:
            answer = bytefit.compress(path, 2000, exact=exact, lossless=True).data
        except bytefit.UnsupportedImage:
            continue
        opened_again = decode(answer, "the answer")
        assert opened_again.tobytes() == decode(bytes(data), "the file").tobytes()

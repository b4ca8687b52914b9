"""`exact`: files padded to the byte."""

from __future__ import annotations

import pytest

import bytefit
from bytefit import BudgetUnreachable, BytefitError, ConfigError, UnsupportedImage
from bytefit.codecs import codec_for_format
from bytefit.codecs.padding import pad
from bytefit.pictures.comparison import shows_the_same
from bytefit.sources.reading import decode
from images import encoded, flat, opened, photograph
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


@pytest.mark.parametrize("cut", [1, 4, 12, 16])
@pytest.mark.parametrize("wanted", ["JPEG", "PNG", "GIF", "TIFF", "JPEG2000"])
@pytest.mark.parametrize("lossless", [False, True])
def test_exact_of_a_file_without_its_end(tmp_path, wanted, cut, lossless):
    """Decoders forgive a missing end, but padding was looked for there: "subsection not found", or pixels changed."""
    path = tmp_path / "cut.img"
    whole = encoded(flat((48, 32)) if wanted == "GIF" else photograph((48, 32)), wanted)
    path.write_bytes(whole[:-cut])
    budget = 2 * (len(whole) + 300)

    try:
        outcome = bytefit.compress_file(path, budget, output=tmp_path / "whole.img", format=wanted, exact=True)
        result = bytefit.compress(path, budget, exact=True, lossless=lossless)
    except BytefitError:
        return  # no picture can be read, or none kept
    assert outcome.after == result.size == budget
    assert opened((tmp_path / "whole.img").read_bytes()).size == (48, 32)
    assert shows_the_same(decode(result.data, "the answer"), decode(path.read_bytes(), "cut")) or not lossless


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("wanted", ["PNG", "JPEG2000", "JXL", "TIFF"])
def test_a_smallest_file_without_room_for_the_padding_does_not_fit(wanted):
    """Just below the budget a file cannot be padded: with on_unreachable it came out not exact, and said it fitted."""
    least = bytefit.compress(photograph((48, 32)), "100KB", format=wanted, lossless=True).size
    asked = {"format": wanted, "lossless": True, "exact": True, "on_unreachable": "smallest"}

    for more in range(1, 50, 7):
        result = bytefit.compress(photograph((48, 32)), least + more, **asked)

        assert result.fits == (result.size == least + more)


def test_a_codestream_without_a_tile_is_not_padded():
    """The search for the end of the header of a JPEG 2000 codestream never ended on a damaged one."""
    with pytest.raises(UnsupportedImage, match="cannot pad this JPEG2000 file"):
        pad(b"\xff\x4f\xff\x51\x00\x04ab", codec_for_format("JPEG2000"), 1000)

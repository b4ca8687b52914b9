"""Sizes as text and as bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytefit.errors import SizeSyntaxError
from bytefit.messages import format_size
from bytefit.sizes import parse_size
from strategies import size_texts


@pytest.mark.parametrize(
    ("size", "count"),
    [
        ("200KB", 200_000),
        ("200 kB", 200_000),
        ("1.5MB", 1_500_000),
        ("1.5 MiB", 1_572_864),
        ("1KiB", 1024),
        ("2gb", 2_000_000_000),
        ("1GiB", 1024**3),
        ("4096", 4096),
        ("4096 B", 4096),
        ("+7b", 7),
        ("1_000_000", 1_000_000),
        (" 12 kb\n", 12_000),
        ("0.0015KB", 1),
        ("1.9999", 1),
        ("0.1MB", 100_000),
        ("1.1GB", 1_100_000_000),
        (1, 1),
        (1_500_000, 1_500_000),
    ],
)
def test_sizes_are_read_exactly(size, count):
    """KB is 1000, KiB is 1024, a bare number is bytes, and no float rounds anything."""
    assert parse_size(size) == count


@given(size_texts())
def test_every_spelling_of_a_size_is_read(written):
    """Case, spaces, fractions and units combine freely."""
    text, count = written

    if count < 1:
        with pytest.raises(SizeSyntaxError, match="not positive"):
            parse_size(text)
    else:
        assert parse_size(text) == count


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ("200KO", "unknown unit 'KO' in size '200KO': use B, kB, KB, MB, KiB or MiB"),
        ("5 bananas", "unknown unit 'bananas'"),
        ("0", "size '0' is not positive: it must be at least 1 byte"),
        ("0KB", "not positive"),
        ("-5KB", "not positive"),
        ("0.0001KB", "not positive"),
        (0, "not positive"),
        (-1, "not positive"),
        ("", "cannot read size ''"),
        ("KB", "cannot read size 'KB'"),
        ("1,5MB", "cannot read size '1,5MB': write a number and a unit, as in '200KB' or '1.5MiB'"),
        ("1.MB", "cannot read size"),
        (".5MB", "cannot read size"),
        ("1e6", "cannot read size"),
        ("1__0", "cannot read size"),
        ("0x10", "cannot read size"),
        ("10%", "cannot read size"),
        ("\u0661\u0662KB", "cannot read size"),
        ("200 \u041aB", "cannot read size"),
        ("nan", "cannot read size"),
        (1.5, "not a whole number of bytes"),
        (float("nan"), "not a whole number of bytes"),
        (None, "not a whole number of bytes"),
        (True, "not a whole number of bytes"),
        (b"200KB", "not a whole number of bytes"),
    ],
)
def test_what_cannot_be_a_size_is_refused_with_the_reason(size, message):
    """The message says what was found and what is accepted."""
    with pytest.raises(SizeSyntaxError) as caught:
        parse_size(size)

    assert message in str(caught.value)


@pytest.mark.parametrize("size", ["9" * 5000, "9" * 5000 + "KB", 10**5000], ids=["digits", "digits and unit", "int"])
def test_absurdly_long_numbers_are_refused_as_sizes(size):
    """Python refuses to convert more than 4300 digits with a ValueError of its own, which must not come through."""
    with pytest.raises(SizeSyntaxError):
        parse_size(size)


@given(st.text(max_size=12))
def test_any_text_is_a_size_or_a_syntax_error(text):
    """Nothing but SizeSyntaxError is raised for text, and nothing but a positive int is returned."""
    try:
        count = parse_size(text)
    except SizeSyntaxError:
        return

    assert count >= 1


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (1, "1 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (61_000, "61 kB"),
        (61_234, "61.2 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1 MB"),
        (1_500_000, "1.5 MB"),
        (3_932_160, "3.9 MB"),
        (2_000_000_000, "2 GB"),
    ],
)
def test_sizes_are_written_for_people(count, text):
    """Short, in the decimal units that the parser reads, never as '1000 kB'."""
    assert format_size(count) == text


@given(st.integers(1, 10**12))
def test_a_written_size_is_read_back_within_five_per_cent(count):
    """What a message says can be typed again and means nearly the same."""
    assert parse_size(format_size(count)) == pytest.approx(count, rel=0.05)

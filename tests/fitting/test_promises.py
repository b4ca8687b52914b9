"""The six promises, kept in every format: fits, decodes, metadata, resize, exact, errors."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import bytefit
from bytefit import BudgetUnreachable
from bytefit.codecs import codec_for_format
from bytefit.codecs.codec import LOSSLESS
from bytefit.codecs.encoding import NO_METADATA
from bytefit.codecs.preparing import prepare
from images import XMP, encoded, exif, icc_profile, noise, opened, photograph
from outcomes import ORIENTATION, PICTURES, each_format, each_holder, fresh, scaled_budget, size_at, smallest, stored


@each_format
@pytest.mark.parametrize("kind", PICTURES)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_answer_fits_and_decodes(wanted, kind, share):
    """At most the budget, in the format asked for, with the same dimensions."""
    picture = PICTURES[kind]()
    budget = size_at(picture, wanted, share) + 5

    result = bytefit.compress(picture, budget, format=wanted)

    again = opened(result.data)
    assert result.size == len(result.data) <= result.budget == budget
    assert result.fits
    assert (again.format, again.size) == (wanted, picture.size)
    assert (result.width, result.height, result.scale) == (*picture.size, 1.0)


def is_hopeless_above(result, picture):
    """Return whether nothing but the lossless rung is left above an answer, and that is over the budget, really."""
    codec = codec_for_format(result.format)
    if codec.lossless.options is None or result.quality != codec.ladder[-2]:
        return False
    prepared = prepare(codec, picture)
    return len(codec.encode(prepared, {**codec.setting(LOSSLESS, prepared.mode), **NO_METADATA})) > result.budget


@each_format
@given(budget=st.integers(1, 30_000), slack=st.floats(0, 0.99), seed=st.integers(0, 3))
@settings(max_examples=25)
def test_nothing_over_the_budget_is_ever_returned(wanted, budget, slack, seed):
    """A fit or an error: the promise."""
    picture = photograph((64, 48), seed=seed)

    result = bytefit.compress(picture, budget, format=wanted, slack=slack, on_unreachable="smallest")

    if result.fits:
        assert result.size <= budget
        assert result.proven or result.size >= (1 - slack) * budget or is_hopeless_above(result, picture)
    else:
        with pytest.raises(BudgetUnreachable) as caught:
            bytefit.compress(picture, budget, format=wanted, slack=slack)
        assert caught.value.smallest == result.size > budget


@each_holder
@pytest.mark.parametrize("source", ["JPEG", "WEBP", "AVIF", "PNG"])
def test_metadata_is_kept_from_every_format_to_every_other(wanted, source):
    """Orientation, profile and XMP survive, and are counted in the budget."""
    data = encoded(
        photograph(),
        source,
        exif=exif(orientation=6),
        icc_profile=icc_profile(),
        **({} if source == "PNG" else {"xmp": XMP}),
    )
    budget = size_at(photograph(), wanted, 0.4) + 1500

    result = bytefit.compress(fresh(data), budget, format=wanted)

    again = stored(result.data)
    assert result.size <= budget
    assert again.getexif()[ORIENTATION] == 6
    assert again.getexif()[0x0110] == "bytefit test camera"
    assert again.info["icc_profile"] == icc_profile()
    assert source == "PNG" or again.info["xmp"] == XMP
    assert (result.width, result.height) == photograph().size


@each_format
def test_an_unreachable_budget_is_an_error_that_says_how_small_it_gets(wanted):
    """And the smallest is a file that was really made."""
    picture = photograph()
    codec = codec_for_format(wanted)

    error = smallest(picture, wanted)

    assert (error.budget, error.width, error.height) == (1, *picture.size)
    assert error.quality == codec.ladder[0]
    assert error.smallest == size_at(picture, wanted, 0)
    assert error.min_score is None
    assert re.search(r"; raise the budget \(\d+ kB would do\)$", str(error))  # not one pixel fits one byte


# What is told of a picture that its own lossless format is too large for.
ELSEWHERE = r"(?:; as WEBP at quality [\d.]+ it has [\d.]+ k?B)?"


@each_format
@pytest.mark.parametrize("min_quality", [None, 40])
@pytest.mark.parametrize("divisor", [2, 5])
def test_the_error_names_a_size_that_fits(wanted, min_quality, divisor):
    """Who follows the advice gets an answer: resized to it, or by `resize`."""
    picture = noise((160, 120))
    budget = scaled_budget(picture, wanted, divisor, min_quality=min_quality)

    with pytest.raises(BudgetUnreachable) as caught:
        bytefit.compress(picture, budget, format=wanted, min_quality=min_quality)

    told = re.search(
        rf"allow resize \((\d+)x(\d+), scale ([\d.]+), fits\), or raise the budget \(\d+ kB would do\){ELSEWHERE}$",
        str(caught.value),
    )
    size = int(told[1]), int(told[2])
    smaller = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    assert (caught.value.width, caught.value.height) == picture.size
    assert float(told[3]) == pytest.approx(size[0] / 160, rel=0.05)
    assert size[1] == pytest.approx(size[0] * 120 / 160, abs=1)  # each side is rounded
    assert bytefit.compress(smaller, budget, format=wanted, min_quality=min_quality).fits
    assert bytefit.compress(picture, budget, format=wanted, min_quality=min_quality, resize=True).fits


@each_format
def test_the_smallest_encoding_can_be_had_instead(wanted):
    """It says of itself that it does not fit."""
    picture = photograph()

    result = bytefit.compress(picture, 50, format=wanted, on_unreachable="smallest")

    assert not result.fits
    assert result.fill > 1
    assert result.size == smallest(picture, wanted).smallest
    assert opened(result.data).size == picture.size


@each_format
@pytest.mark.parametrize("more", [0, 100, 5000, 100_000])
def test_exact_is_exact(wanted, more):
    """To the byte, decoding to the same picture as without the padding."""
    picture = photograph()
    budget = (size_at(picture, wanted) + more) // 2 * 2

    result = bytefit.compress(picture, budget, format=wanted, exact=True)

    assert result.size == budget
    assert result.fill == 1.0
    plain = codec_for_format(wanted).encode(picture, {**result.setting, **NO_METADATA})
    assert opened(result.data).convert("RGB").tobytes() == opened(plain).convert("RGB").tobytes()


@each_format
@pytest.mark.parametrize("divisor", [2, 5])
def test_resize_reaches_what_full_size_cannot(wanted, divisor):
    """The dimensions go down, in proportion, and the answer fits."""
    picture = noise((128, 96))
    budget = scaled_budget(picture, wanted, divisor)

    result = bytefit.compress(picture, budget, format=wanted, resize=True)

    again = opened(result.data)
    assert result.size <= budget
    assert result.scale < 1
    assert again.size == (result.width, result.height)
    assert result.scale == result.width / 128
    assert result.width / result.height == pytest.approx(128 / 96, rel=0.05)


@each_format
def test_not_even_one_pixel_fits_a_few_bytes(wanted):
    """The ladder of sizes ends."""
    with pytest.raises(BudgetUnreachable) as caught:
        bytefit.compress(photograph((64, 48)), 10, format=wanted, resize=True)

    assert "allow resize" not in str(caught.value)
    assert max(caught.value.width, caught.value.height) < 48

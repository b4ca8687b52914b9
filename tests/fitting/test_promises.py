"""The six promises, kept in every format: fits, decodes, metadata, resize, exact, errors.

Whatever else `compress` does is tested with one codec each, elsewhere in this folder; here the pictures are small.
"""

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
from images import XMP, encoded, exif, flat, icc_profile, noise, opened, photograph, screenshot
from outcomes import (
    OF_EVERY_TIFF,
    OF_PALETTES,
    ORIENTATION,
    codec_of,
    comment_of,
    each_format,
    each_holder,
    fresh,
    is_lossless,
    scaled_budget,
    size_at,
    size_for,
    smallest,
    stored,
)


def noise_for(wanted, size):
    """Return noise; for palettes it is grey."""
    return noise(size, "L" if wanted in OF_PALETTES else "RGB")


# A picture of each kind half-way up the ladder, and a photograph near both of its ends.
CASES = {
    "photograph, low": (photograph, 0.1),
    "photograph": (photograph, 0.5),
    "photograph, high": (photograph, 0.9),
    "screenshot": (lambda _: screenshot((96, 64)), 0.5),
    "grey": (lambda size: photograph(size, "L"), 0.5),
    "tiny": (lambda _: noise((1, 1)), 0.5),
    "thin": (lambda _: noise((3, 90)), 0.5),
}

# What an error adds for a picture whose own lossless format is too large.
OTHER_FORMAT = r"(?:; as WEBP at quality [\d.]+ it has [\d.]+ k?B)?"


@each_format
@pytest.mark.parametrize("case", CASES)
def test_the_answer_fits_and_decodes(wanted, case):
    """An answer must be within its budget, decode in the format that was asked for, and keep the dimensions."""
    draw, share = CASES[case]
    picture = draw(size_for(wanted))
    budget = size_at(picture, wanted, share) + 5

    result = bytefit.compress(picture, budget, format=wanted)

    again = opened(result.data)
    assert result.size == len(result.data) <= result.budget == budget
    assert result.fits
    assert (again.format, again.size) == (wanted, picture.size)
    assert (result.width, result.height, result.scale) == (*picture.size, 1.0)


@each_format
@given(budget=st.integers(1, 4000), slack=st.floats(0, 0.99), seed=st.integers(0, 3))
@settings(max_examples=12)
def test_nothing_over_the_budget_is_ever_returned(wanted, budget, slack, seed):
    """For any budget there must be an answer within it, filled as far as slack demands, or an error."""
    picture = photograph((21, 14) if wanted in OF_PALETTES else (36, 24), seed=seed)

    result = bytefit.compress(picture, budget, format=wanted, slack=slack, on_unreachable="smallest")

    if result.fits:
        assert result.size <= budget
        assert result.proven or result.size >= (1 - slack) * budget or _is_hopeless_above(result, picture)
    else:
        with pytest.raises(BudgetUnreachable) as caught:
            bytefit.compress(picture, budget, format=wanted, slack=slack)
        assert caught.value.smallest == result.size > budget


def _is_hopeless_above(result, picture):
    """Return whether only the lossless rung is left above an answer, and is over the budget when encoded."""
    codec = codec_for_format(result.format)
    if codec.lossless.options is None or result.quality != codec.ladder[-2]:
        return False
    prepared = prepare(codec, picture)
    return len(codec.encode(prepared, {**codec.setting(LOSSLESS, prepared.mode), **NO_METADATA})) > result.budget


@each_format
@pytest.mark.parametrize("draw", [photograph, flat])
def test_without_slack_the_next_rung_is_over_the_budget(wanted, draw):
    """A proven answer must be the best there is: the next rung, encoded here, is over the budget or does not exist."""
    picture = draw(size_for(wanted))
    codec = codec_of(picture, wanted)
    budget = size_at(picture, wanted) + 3

    result = bytefit.compress(picture, budget, format=wanted, slack=0)

    above = () if is_lossless(result) else codec.ladder[codec.ladder.index(result.quality) + 1 :][:1]
    assert result.proven
    assert all(len(codec.encode(picture, {**codec.setting(rung, "RGB"), **NO_METADATA})) > budget for rung in above)
    assert not is_lossless(result) or opened(result.data).convert("RGB").tobytes() == picture.tobytes()


def lies_as_it_says(picture, wanted):
    """Return whether a picture that lay on its side still does and says so, or is upright where viewers ignore that."""
    stated = picture.getexif().get(ORIENTATION, 1)
    if codec_for_format(wanted).holds.orientation:
        return stated == 6
    return (stated, picture.size) == (1, size_for(wanted)[::-1])


@each_holder
@pytest.mark.parametrize("policy", ["keep", "orientation+icc"])
def test_metadata_is_kept(wanted, policy):
    """Orientation and profile must survive under both policies, everything else under "keep" alone, within the budget.

    The camera's name and the comment are private: under "orientation+icc" they may be nowhere in the file.
    """
    block = {"exif": exif(orientation=6), "icc_profile": icc_profile(), "xmp": XMP, "comment": b"at home"}
    picture = photograph(size_for(wanted))
    data = encoded(picture, "JPEG", **block)
    budget = size_at(picture, wanted, 0.4) + 1500

    result = bytefit.compress(fresh(data), budget, format=wanted, metadata=policy)

    again = stored(result.data)
    everything = policy == "keep"
    assert result.size <= budget
    assert lies_as_it_says(again, wanted)
    assert again.info["icc_profile"] == icc_profile()
    assert again.getexif().get(0x0110) == ("bytefit test camera" if everything else None)
    assert everything or again.getexif().keys() - {ORIENTATION} <= OF_EVERY_TIFF[wanted == "TIFF"]
    assert again.info.get("xmp") == (XMP if everything else None)
    assert (comment_of(again) == b"at home") == (
        everything and "comment" in codec_for_format(wanted).save_options.allowed
    )
    assert everything or b"at home" not in result.data
    assert again.size == (result.width, result.height) or wanted == "TIFF"  # Pillow turns a TIFF itself


@each_format
def test_stripped_pictures_are_upright(wanted):
    """Without the EXIF block a viewer cannot turn the picture: it must be turned in its pixels."""
    picture = photograph(size_for(wanted))
    data = encoded(picture, "JPEG", quality=98, exif=exif(orientation=6), icc_profile=icc_profile())

    result = bytefit.compress(fresh(data), size_at(picture, wanted, 0.8), format=wanted, metadata="strip")

    again = stored(result.data)
    assert again.size == size_for(wanted)[::-1] == (result.width, result.height)
    assert ORIENTATION not in again.getexif()
    assert 0x0110 not in again.getexif()
    assert "icc_profile" not in again.info
    assert result.scale == 1.0


@each_format
def test_resize_reaches_what_full_size_cannot(wanted):
    """With `resize` the dimensions must go down, in proportion, until the budget is reached."""
    picture = noise_for(wanted, (80, 60))
    budget = scaled_budget(picture, wanted, 3)

    result = bytefit.compress(picture, budget, format=wanted, resize=True)

    again = opened(result.data)
    assert result.size <= budget
    assert again.size == (result.width, result.height)
    assert result.scale == result.width / 80 < 1
    assert result.width / result.height == pytest.approx(80 / 60, rel=0.05)


@each_format
def test_resize_is_not_done_without_need(wanted):
    """Where the picture fits well at its full dimensions it must keep them."""
    picture = photograph(size_for(wanted))

    result = bytefit.compress(picture, size_at(picture, wanted, 0.97), format=wanted, resize=True)

    assert (result.width, result.height, result.scale) == (*size_for(wanted), 1.0)


@each_format
def test_the_answer_is_as_wide_as_it_may_be(wanted):
    """With room in the budget, `max_width` must be reached to the pixel, in the picture's proportions."""
    result = bytefit.compress(photograph((72, 48)), "1MB", format=wanted, resize=True, max_width=37)

    assert (result.width, result.height) == opened(result.data).size == (37, 25)
    assert result.scale == 37 / 72


@each_format
@pytest.mark.parametrize("more", [0, 100_000])
def test_exact_is_exact(wanted, more):
    """A file must have the very size, and show the same pixels as without its padding."""
    picture = photograph(size_for(wanted))
    budget = (size_at(picture, wanted) + more) // 2 * 2  # WebP's sizes are even

    result = bytefit.compress(picture, budget, format=wanted, exact=True)

    plain = codec_for_format(wanted).encode(picture, {**result.setting, **NO_METADATA})
    assert result.size == budget
    assert result.fill == 1.0
    assert opened(result.data).convert("RGB").tobytes() == opened(plain).convert("RGB").tobytes()


@each_holder
def test_exact_keeps_metadata(wanted):
    """Padding must take no metadata's place."""
    block = {"exif": exif(orientation=6), "icc_profile": icc_profile(), "xmp": XMP}
    data = encoded(photograph(size_for(wanted)), "JPEG", comment=b"a view", **block)

    result = bytefit.compress(fresh(data), 40_000, format=wanted, exact=True)

    again = stored(result.data)
    assert result.size == 40_000
    assert lies_as_it_says(again, wanted)
    assert (again.info["icc_profile"], again.info["xmp"]) == (icc_profile(), XMP)
    assert comment_of(again) == (b"a view" if "comment" in codec_for_format(wanted).save_options.allowed else b"")


@each_format
def test_an_exact_file_can_be_fitted_again(wanted):
    """Padding must not be taken for metadata, which would be kept and fill the next budget."""
    padded = bytefit.compress(flat(size_for(wanted)), 60_000, format=wanted, exact=True)

    assert bytefit.compress(fresh(padded.data), 20_000).fits


@each_format
def test_an_unreachable_budget_is_an_error_that_says_how_small_it_gets(wanted):
    """The size that the error names must be that of the lowest rung, really encoded."""
    picture = photograph(size_for(wanted))

    error = smallest(picture, wanted)

    assert (error.budget, error.width, error.height) == (1, *size_for(wanted))
    assert error.quality == codec_for_format(wanted).ladder[0]
    assert error.smallest == size_at(picture, wanted, 0)
    assert error.min_score is None
    assert re.search(r"\); raise the budget \(\d+ kB would do\)$", str(error))  # no dimensions fit into one byte


@each_format
def test_the_smallest_encoding_can_be_had_instead(wanted):
    """With `on_unreachable="smallest"` the file of that size must be returned, and say that it does not fit."""
    picture = photograph(size_for(wanted))

    result = bytefit.compress(picture, 50, format=wanted, on_unreachable="smallest")

    assert not result.fits
    assert result.fill > 1
    assert result.size == smallest(picture, wanted).smallest
    assert opened(result.data).size == size_for(wanted)


@pytest.mark.parametrize(
    ("wanted", "divisor", "min_quality"),
    [
        *((wanted, 3, None) for wanted in ("JPEG", "WEBP", "AVIF", "PNG", "GIF", "TIFF", "JPEG2000")),
        *(("JPEG", 2, 40), ("WEBP", 5, 40), ("PNG", 2, 40)),
    ],
)
def test_the_error_names_a_size_that_fits(wanted, divisor, min_quality):
    """Whoever follows the error must get an answer: resized to what it names, by `resize`, or in the larger budget."""
    picture = noise_for(wanted, (96, 72))
    budget = scaled_budget(picture, wanted, divisor, min_quality=min_quality)

    with pytest.raises(BudgetUnreachable) as caught:
        bytefit.compress(picture, budget, format=wanted, min_quality=min_quality)

    advice = re.search(
        r"allow resize \((\d+)x(\d+), scale ([\d.]+), fits\), or raise the budget "
        rf"\((\d+ kB) would do\){OTHER_FORMAT}$",
        str(caught.value),
    )
    size = int(advice[1]), int(advice[2])
    smaller = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    assert (caught.value.width, caught.value.height) == picture.size
    assert float(advice[3]) == pytest.approx(size[0] / 96, rel=0.05)
    assert size[1] == pytest.approx(size[0] * 72 / 96, abs=1)  # each side is rounded
    assert bytefit.compress(smaller, budget, format=wanted, min_quality=min_quality).fits
    assert bytefit.compress(picture, budget, format=wanted, min_quality=min_quality, resize=True).fits
    assert bytefit.compress(picture, advice[4], format=wanted, min_quality=min_quality).fits


@each_format
def test_not_even_one_pixel_fits_a_few_bytes(wanted):
    """Resizing must come to an end where not one pixel fits, with an error that does not advise to resize."""
    with pytest.raises(BudgetUnreachable) as caught:
        bytefit.compress(photograph((64, 48)), 10, format=wanted, resize=True)

    assert "allow resize" not in str(caught.value)
    assert max(caught.value.width, caught.value.height) < 48

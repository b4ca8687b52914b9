"""`resize`: when the dimensions go down, how far, and what goes with them."""

from __future__ import annotations

import pytest
from PIL import Image

import bytefit
from bytefit import BudgetUnreachable
from images import noise, opened, photograph
from outcomes import EXIF_IFD, HEIGHT, ORIENTATION, WIDTH, each_format, scaled_budget, size_at


@each_format
def test_resize_is_not_done_without_need(wanted):
    """Where full size fits, and well, full size it is."""
    result = bytefit.compress(photograph(), size_at(photograph(), wanted, 0.97), format=wanted, resize=True)

    assert (result.width, result.height, result.scale) == (*photograph().size, 1.0)


@each_format
@pytest.mark.parametrize("size", [(144, 96), (96, 144)], ids=["landscape", "portrait"])
@pytest.mark.parametrize("most", [1, 37, 77, 95])
def test_the_answer_is_as_wide_as_it_may_be(wanted, size, most):
    """To the pixel, in the picture's proportions."""
    picture = photograph(size)

    result = bytefit.compress(picture, "1MB", format=wanted, resize=True, max_width=most)

    assert result.width == most
    assert result.height == max(1, round(size[1] * most / size[0]))
    assert opened(result.data).size == (result.width, result.height)
    assert result.scale == max(result.width, result.height) / max(size)


@pytest.mark.parametrize("bounds", [{"max_width": 144}, {"max_width": 5000}, {"min_width": 5000}, {"min_width": 144}])
def test_a_picture_is_never_made_larger(bounds):
    """Bounds above its own width ask for nothing."""
    result = bytefit.compress(photograph(), "1MB", format="JPEG", resize=True, **bounds)

    assert (result.width, result.height, result.scale) == (144, 96, 1.0)


@each_format
def test_the_answer_is_as_wide_as_it_must_be(wanted):
    """Under that width nothing is tried, whether the budget is reached or not."""
    # JPEG 2000 has no size between a small picture's and its header's.
    picture = noise((256, 192) if wanted == "JPEG2000" else (128, 96))
    least = picture.width * 15 // 16
    budget = scaled_budget(picture, wanted, 4)
    free = bytefit.compress(picture, budget, format=wanted, resize=True)

    bound = bytefit.compress(picture, budget, format=wanted, resize=True, min_width=free.width)
    with pytest.raises(BudgetUnreachable) as caught:
        bytefit.compress(picture, budget, format=wanted, resize=True, min_width=least)
    over = bytefit.compress(picture, budget, format=wanted, resize=True, min_width=least, on_unreachable="smallest")

    assert bound.fits
    assert bound.width >= free.width
    assert (caught.value.width, caught.value.height) == (over.width, over.height) == (least, least * 3 // 4)
    assert caught.value.smallest == over.size > budget
    assert "allow resize" not in str(caught.value)


def test_bounds_of_the_width_may_leave_one_width():
    """Neither more nor less."""
    result = bytefit.compress(noise(), 3000, format="WEBP", resize=True, min_width=60, max_width=60)

    assert (result.width, result.height) == (60, 40)


@pytest.mark.parametrize(
    ("wanted", "mode"),
    [("JPEG", "L"), ("JPEG", "CMYK"), ("WEBP", "RGBA"), ("WEBP", "L"), ("AVIF", "RGBA"), ("AVIF", "L")],
)
def test_resize_keeps_transparency_and_metadata(wanted, mode):
    """And the dimensions that EXIF states follow."""
    block = Image.Exif()
    block[ORIENTATION] = 6
    block.get_ifd(EXIF_IFD).update({WIDTH: 256, HEIGHT: 192})
    picture = noise((256, 192), mode)
    budget = scaled_budget(picture, wanted, 2, exif=block.tobytes())

    result = bytefit.compress(picture, budget, format=wanted, resize=True, exif=block.tobytes())

    again = opened(result.data)
    stated = again.getexif().get_ifd(EXIF_IFD)
    assert result.fits
    assert result.scale < 1
    assert again.getexif()[ORIENTATION] == 6
    assert (stated[WIDTH], stated[HEIGHT]) == again.size == (result.width, result.height)
    assert again.has_transparency_data == (mode == "RGBA")


def test_resize_takes_an_exif_object():
    """Pillow takes one wherever it takes bytes."""
    block = Image.Exif()
    block[ORIENTATION] = 6

    result = bytefit.compress(noise((128, 96)), 1500, format="JPEG", resize=True, exif=block)

    assert opened(result.data).getexif()[ORIENTATION] == 6


@pytest.mark.parametrize("size", [(17_000, 16), (16, 17_000)])
def test_pictures_too_large_for_the_format_are_scaled_where_that_is_allowed(size):
    """`resize` may lower the dimensions when it is needed, and here it is."""
    result = bytefit.compress(Image.new("RGB", size, "teal"), "1MB", format="WEBP", resize=True)

    assert max(opened(result.data).size) <= 16_383

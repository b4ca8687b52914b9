"""Opening with a limit on pixels for one call: it is kept, it can be raised, and Pillow's own stays as it was."""

from __future__ import annotations

import pytest
from PIL import Image, UnidentifiedImageError

from bytefit.pictures.opening import UNLIMITED, TooManyPixels, most_pixels, open_image
from images import encoded, photograph

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "JPEG2000", "TIFF", "BMP", "MPO")


@pytest.fixture
def small_limit(monkeypatch):
    """Let Pillow refuse images of more than 2000 pixels."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)


@pytest.mark.usefixtures("small_limit")
@pytest.mark.parametrize("codec_format", FORMATS)
def test_a_limit_above_that_of_pillow_opens_the_image(codec_format):
    """`max_pixels` must let an image pass that Pillow refuses, in every format, and show what Pillow would."""
    data = encoded(photograph((90, 60)), codec_format)

    image = open_image(data, 90 * 60)

    assert image.size == (90, 60)
    assert Image.MAX_IMAGE_PIXELS == 1000


@pytest.mark.usefixtures("small_limit")
@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00"}])
def test_every_header_of_webp_is_opened_above_the_limit(options):
    """WebP has three headers; Pillow's plugin checks its limit in each of them itself."""
    image = open_image(encoded(photograph((90, 60)), "WEBP", **options), UNLIMITED)

    image.load()
    assert image.size == (90, 60)


@pytest.mark.parametrize("codec_format", FORMATS)
@pytest.mark.parametrize("most", [None, 5399], ids=["Pillow's limit", "a limit of its own"])
def test_an_image_above_the_limit_is_refused_with_the_option_that_allows_it(monkeypatch, codec_format, most):
    """The message must name the limit and an option with a value that works."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000 if most is None else 10_000)
    data = encoded(photograph((90, 60)), codec_format)

    with pytest.raises(TooManyPixels, match="max_pixels") as caught:
        open_image(data, most)

    assert str(most or 2000) in str(caught.value)
    if codec_format in {"JPEG", "PNG", "GIF", "WEBP", "TIFF"}:
        assert "has 90x60 pixels" in str(caught.value)
        assert str(caught.value).endswith("max_pixels=5400")


def test_the_limit_is_that_of_pillow_unless_one_is_given(monkeypatch):
    """A program that lifts the limit of Pillow must not meet another one here."""
    usual = most_pixels(None)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)

    assert usual == 178_956_970
    assert most_pixels(None) == UNLIMITED
    assert most_pixels(5) == 5


@pytest.mark.usefixtures("small_limit")
def test_what_is_no_image_is_no_image_with_a_limit_either():
    """The error for unknown bytes must not change with the option."""
    with pytest.raises(UnidentifiedImageError):
        open_image(b"no image", UNLIMITED)

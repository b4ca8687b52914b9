"""Changes asked for before a fit: flattened transparency, wherever an image comes from and goes to."""

from __future__ import annotations

import pytest
from PIL import Image

import bytefit
from images import encoded, graphic, noise, opened, photograph


@pytest.fixture
def sticker(tmp_path):
    """Return the path of a PNG with transparency."""
    path = tmp_path / "sticker.png"
    graphic((120, 90)).save(path)
    return path


@pytest.mark.parametrize("wanted", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "JPEG2000"])
def test_a_background_leaves_no_alpha_in_any_format(wanted, sticker):
    """A form that refuses transparency refuses an alpha channel, too."""
    result = bytefit.compress(sticker, "40KB", format=wanted, background="white")

    picture = opened(result.data)
    assert result.fits
    assert not picture.has_transparency_data
    assert min(picture.convert("RGB").getpixel((2, 2))) > 247


def test_a_refusal_names_the_way_out_that_works(sticker):
    """What a message says must do when it is typed."""
    with pytest.raises(bytefit.UnsupportedImage, match="give a background, such as background='white'"):
        bytefit.compress(sticker, "40KB", format="JPEG")
    assert bytefit.compress(sticker, "40KB", format="JPEG", background="white").fits


def test_auto_chooses_among_formats_without_transparency_too(sticker):
    """With a background, JPEG is no worse than the others, and nothing may show through any answer."""
    assert bytefit.compress(sticker, "9KB", format="auto", formats=["JPEG"], background="#ffffff").format == "JPEG"


def test_lossless_means_the_flattened_pixels(sticker):
    """The comparison of a lossless answer must be with the picture on its background."""
    result = bytefit.compress(sticker, "60KB", format="PNG", lossless=True, background="black")

    assert result.lossless
    flat = Image.new("RGBA", (120, 90), "black")
    flat.alpha_composite(graphic((120, 90)))
    assert list(opened(result.data).convert("RGB").tobytes()) == list(flat.convert("RGB").tobytes())


def test_an_animation_is_flattened():
    """Every frame counts, not the first alone."""
    first, *rest = (graphic((48, 32)) for _ in range(3))
    rest[0].paste((9, 9, 9, 255), (0, 0, 20, 20))
    data = encoded(first, "PNG", save_all=True, append_images=rest, duration=50)

    result = bytefit.compress(opened(data), "60KB", format="GIF", background="white")

    picture = opened(result.data)
    assert result.frames == picture.n_frames == 3
    for frame in range(3):
        picture.seek(frame)
        assert picture.convert("RGBA").getchannel("A").getextrema() == (255, 255)


def test_a_file_that_fits_is_flattened_in_place(sticker):
    """A background is asked for whatever the size, and the second run must find nothing to do."""
    first = bytefit.compress_file(sticker, "1MB", background="white")
    after = sticker.read_bytes()
    second = bytefit.compress_file(sticker, "1MB", background="white")

    assert first.changed
    assert not second.changed
    assert sticker.read_bytes() == after
    assert not opened(after).has_transparency_data


def test_an_opaque_file_that_fits_is_not_encoded_again(tmp_path):
    """A second lossy encode for nothing would only cost quality."""
    path = tmp_path / "a.jpg"
    photograph().save(path)

    outcome = bytefit.compress_file(path, "1MB", output=tmp_path / "b.jpg", background="white")

    assert outcome.result is None
    assert (tmp_path / "b.jpg").read_bytes() == path.read_bytes()


def test_save_takes_a_background(tmp_path):
    """Without a target it stays the option that the writers of GIF and WebP know."""
    bytefit.register()
    try:
        graphic().save(tmp_path / "a.jpg", target_size="30KB", background="white")
        graphic().save(tmp_path / "a.webp", background=(1, 2, 3, 255))
    finally:
        bytefit.unregister()

    assert opened((tmp_path / "a.jpg").read_bytes()).mode == "RGB"


def test_what_the_file_says_goes_along(tmp_path):
    """Flattening is about pixels: texts, profile and resolution stay."""
    path = tmp_path / "a.png"
    noise((40, 30), "RGBA").save(path, dpi=(300, 300))

    result = bytefit.compress(path, "40KB", format="JPEG", background="white")

    assert opened(result.data).info["dpi"] == pytest.approx((300, 300), abs=1)

"""Changes asked for before a fit: transparency, colours and depth, wherever an image comes from and goes to."""

from __future__ import annotations

import subprocess
import sys

import pytest
from PIL import Image, ImageChops, ImageCms

import bytefit
from bytefit.codecs.colour_profiles import gamma_curve, profile
from bytefit.codecs.png.chunks import chunk, with_chunks
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


LINEAR = profile(gamma_curve(1.0))


@pytest.mark.parametrize("wanted", ["JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF"])
def test_converted_colours_are_not_converted_again_by_viewers(wanted, tmp_path):
    """A profile, gamma or colour space that stayed would make viewers convert the colours a second time."""
    path = tmp_path / "linear.png"
    path.write_bytes(
        with_chunks(
            encoded(photograph(), "PNG", exif=coloured_exif()), chunk(b"gAMA", (100_000).to_bytes(4, "big")), b""
        )
    )

    result = bytefit.compress(path, "90KB", format=wanted, colours="srgb")

    picture = opened(result.data)
    assert "icc_profile" not in picture.info
    assert "gamma" not in picture.info
    assert picture.getexif().get_ifd(0x8769).get(0xA001) in {1, None}
    assert picture.convert("RGB").getpixel((70, 40))[1] > photograph().getpixel((70, 40))[1] + 20
    assert bytefit.compress_file(path, "90KB", colours="srgb").changed
    assert not bytefit.compress_file(path, "90KB", colours="srgb").changed


def coloured_exif():
    """Return an EXIF block that states a colour space of its own."""
    block = Image.Exif()
    block.get_ifd(0x8769)[0xA001] = 0xFFFF
    return block.tobytes()


def test_inks_fit_into_every_format(tmp_path):
    """WebP and AVIF refuse inks, and name the way out."""
    path = tmp_path / "inks.jpg"
    photograph(mode="CMYK").save(path, quality=95)

    with pytest.raises(bytefit.UnsupportedImage, match="colours='srgb' converts them"):
        bytefit.compress(path, "20KB", format="WEBP")
    assert opened(bytefit.compress(path, "20KB", format="WEBP", colours="srgb").data).mode == "RGB"
    assert bytefit.compress(path, "9KB", format="auto", formats=["WEBP", "AVIF"], colours="srgb").fits


def test_a_camera_may_say_adobe_rgb_in_exif_alone(tmp_path):
    """Cameras store no profile for Adobe RGB, but an interoperability index (DCF 2.0, 3.2.5)."""
    path, block = tmp_path / "camera.jpg", Image.Exif()
    block.get_ifd(0x8769)[0xA001] = 0xFFFF
    block.get_ifd(0x8769)[0xA005] = {1: "R03"}
    photograph().save(path, exif=block, quality=95, subsampling=0)

    before = opened(path.read_bytes())
    result = bytefit.compress(path, "30KB", format="PNG", lossless=True, colours="srgb")
    bytefit.compress_file(path, "30KB", colours="srgb")

    assert max(most for _, most in ImageChops.difference(opened(result.data), before).getextrema()) > 20
    stated = opened(path.read_bytes()).getexif().get_ifd(0x8769)
    assert stated[0xA001] == 1
    assert not bytefit.compress_file(path, "30KB", colours="srgb").changed


def test_frames_are_converted_one_by_one():
    """An animation has one profile for all its frames."""
    pictures = [photograph((48, 32), seed=seed) for seed in (1, 2)]
    data = encoded(pictures[0], "WEBP", save_all=True, append_images=pictures[1:], lossless=True, icc_profile=LINEAR)

    result = bytefit.compress(opened(data), "60KB", format="PNG", colours="srgb")

    answer = opened(result.data)
    assert (result.frames, "icc_profile" in answer.info) == (2, False)
    for place, picture in enumerate(pictures):
        answer.seek(place)
        assert answer.convert("RGB").getpixel((20, 20))[1] > picture.getpixel((20, 20))[1] + 10


def test_an_image_with_the_profile_of_srgb_is_left_alone(tmp_path):
    """It fits and its colours are as they were asked for: nothing may be encoded again."""
    path = tmp_path / "a.jpg"
    photograph().save(path, icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    before = path.read_bytes()

    outcome = bytefit.compress_file(path, "1MB", colours="srgb")

    assert not outcome.changed
    assert path.read_bytes() == before


def test_little_cms_is_loaded_for_colours_only():
    """It takes 10 ms to load, which every other call would pay."""
    program = (
        "import sys, bytefit; from PIL import Image; "
        "bytefit.compress(Image.new('RGBA', (9, 9)), 900, format='JPEG', background='white'); "
        "print('PIL.ImageCms' in sys.modules)"
    )

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert run.stdout == "False\n"

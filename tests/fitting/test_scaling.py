"""`resize`: when the dimensions go down, how far, and what goes with them."""

from __future__ import annotations

import pytest
from PIL import Image

import bytefit
from bytefit import BudgetUnreachable
from bytefit.codecs.parts import Modes
from bytefit.codecs.tiff.codec import TIFF
from images import encoded, in_mode, noise, opened, photograph
from outcomes import EXIF_IFD, HEIGHT, ORIENTATION, WIDTH, scaled_budget


@pytest.mark.parametrize("size", [(144, 96), (96, 144)], ids=["landscape", "portrait"])
@pytest.mark.parametrize("most", [1, 37, 77, 95])
def test_any_width_that_is_allowed_is_reached(size, most):
    """`max_width` must be reached to the pixel for both orientations of a picture, in its proportions."""
    picture = photograph(size)

    result = bytefit.compress(picture, "1MB", format="JPEG", resize=True, max_width=most)

    assert result.width == most
    assert result.height == max(1, round(size[1] * most / size[0]))
    assert opened(result.data).size == (result.width, result.height)
    assert result.scale == max(result.width, result.height) / max(size)


@pytest.mark.parametrize(
    "bounds",
    [{"max_width": 144}, {"max_width": 5000}, {"min_width": 5000}, {"min_width": 144}]
    + [{name: 10**400} for name in ("min_width", "max_width", "max_height")],
    ids=lambda bounds: str(bounds)[:30],
)
def test_a_picture_is_never_made_larger(bounds):
    """Bounds above the picture's own width must not enlarge it."""
    result = bytefit.compress(photograph(), "1MB", format="JPEG", resize=True, **bounds)

    assert (result.width, result.height, result.scale) == (144, 96, 1.0)


@pytest.mark.parametrize(("wanted", "size"), [("JPEG", (128, 96)), ("AVIF", (128, 96)), ("GIF", (64, 48))])
def test_the_answer_is_as_wide_as_it_must_be(wanted, size):
    """No answer may be narrower than `min_width`, and an error must name the size at that width."""
    picture = noise(size, "L" if wanted == "GIF" else "RGB")  # palettes are found fast of few colours
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
    """Equal bounds must give that very width."""
    result = bytefit.compress(noise(), 3000, format="WEBP", resize=True, min_width=60, max_width=60)

    assert (result.width, result.height) == (60, 40)


@pytest.mark.parametrize(
    ("wanted", "mode"),
    [("JPEG", "L"), ("JPEG", "CMYK"), ("WEBP", "RGBA"), ("WEBP", "L"), ("AVIF", "RGBA"), ("AVIF", "L")],
)
def test_resize_keeps_transparency_and_metadata(wanted, mode):
    """A smaller picture must keep its alpha and its EXIF block, whose stated dimensions must be those of the answer."""
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
    """Pillow takes an `Exif` object wherever it takes bytes: resizing must read one, too."""
    block = Image.Exif()
    block[ORIENTATION] = 6

    result = bytefit.compress(noise((128, 96)), 1500, format="JPEG", resize=True, exif=block)

    assert opened(result.data).getexif()[ORIENTATION] == 6


@pytest.mark.parametrize("size", [(17_000, 16), (16, 17_000)])
def test_pictures_too_large_for_the_format_are_scaled_where_that_is_allowed(size):
    """With `resize`, dimensions beyond the format's limit must be lowered instead of refused."""
    result = bytefit.compress(Image.new("RGB", size, "teal"), "1MB", format="WEBP", resize=True)

    assert max(opened(result.data).size) <= 16_383


@pytest.mark.parametrize(
    ("wanted", "mode", "becomes"),
    [
        *(("TIFF", *modes) for modes in (("1", "L"), ("P", "RGB"), ("PA", "RGBA"), ("I;16", "I;16"))),
        *(("PNG", *modes) for modes in (("1", "L"), ("P", "RGB"), ("I;16", "I;16"))),
        *(("WEBP", *modes) for modes in (("1", "RGB"), ("P", "RGB"), ("PA", "RGBA"))),
        ("GIF", "P", "RGB"),
    ],
)
def test_few_bits_become_colours_when_scaled(tmp_path, wanted, mode, becomes):
    """One-bit and palette pictures must be smoothed, also if they come from a file of that format."""
    picture = Image.linear_gradient("L").resize((96, 64)).convert("I").point(lambda level: level * 200)
    picture = picture.convert(mode) if mode == "I;16" else in_mode(mode, (96, 64))
    path = tmp_path / "source.tif"
    path.write_bytes(encoded(picture, "TIFF", **({"compression": "group4"} if mode == "1" else {})))

    result = bytefit.compress(path, "100KB", format=wanted, resize=True, max_width=30)

    again = opened(result.data)
    smooth = picture if mode == "I;16" else picture.convert("L" if mode == "1" else becomes)
    smooth = smooth.resize((30, 20), Image.Resampling.LANCZOS)
    assert again.size == (30, 20)
    if wanted in {"TIFF", "PNG"}:
        assert again.mode == becomes
        assert mode == "I;16" or again.tobytes() == pytest.approx(smooth.tobytes(), abs=2)


def test_a_format_of_palettes_gets_one_back(monkeypatch):
    """A codec that holds nothing but palettes must get a palette again after scaling."""
    only_palettes = TIFF._replace(modes=Modes(opaque={"P": "P"}))
    monkeypatch.setattr("bytefit.fitting.one_format.codec_for_format", lambda _name: only_palettes)

    result = bytefit.compress(photograph().quantize(64), "100KB", format="TIFF", resize=True, max_width=40)

    assert (opened(result.data).mode, result.width) == ("P", 40)


def test_grainy_frames_fit_a_gif_at_a_smaller_size():
    """Frames of more than 65,536 colours failed with "'NoneType' object is not iterable"."""
    result = bytefit.compress(noise((320, 210)), "10KB", format="GIF", resize=True)

    assert result.fits
    assert result.scale < 1

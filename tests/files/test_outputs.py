"""`compress_file` to another file: its format, its permissions, and what is refused."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from bytefit import BudgetUnreachable, UnsupportedImage, compress_file
from folders import TARGET, needs_permissions, snapshot
from images import encoded, opened, photograph, screenshot, write_jpeg


@pytest.mark.parametrize("name", ["small.jpg", "small.webp"])
@pytest.mark.parametrize("target", [TARGET, "1MB"])
def test_an_output_is_as_wide_as_it_may_be(photo, name, target):
    """Whether its bytes need it or not: the width was asked for."""
    outcome = compress_file(photo, target, output=photo.with_name(name), resize=True, max_width=50)

    assert opened(photo.with_name(name).read_bytes()).width <= 50
    assert outcome.fits


@pytest.mark.parametrize("options", [{"effort": "best"}, {"resize": True, "min_width": 50}], ids=str)
def test_a_copy_of_what_fits_is_a_copy_whatever_it_would_have_taken(photo, options):
    """Options that ask nothing of a file that fits."""
    compress_file(photo, "1MB", output=photo.with_name("copy.jpg"), **options)

    assert photo.with_name("copy.jpg").read_bytes() == photo.read_bytes()


def test_a_dry_run_writes_no_output_either(photo):
    """The output is not even created."""
    outcome = compress_file(photo, TARGET, output=photo.with_name("other.webp"), dry_run=True)

    assert list(photo.parent.iterdir()) == [photo]
    assert outcome.output == photo.with_name("other.webp")


@pytest.mark.parametrize(
    ("name", "options", "codec_format"),
    [
        ("small.jpg", {}, "JPEG"),
        ("small.webp", {}, "WEBP"),
        ("small.AVIF", {}, "AVIF"),
        ("small", {"format": "WEBP"}, "WEBP"),
        ("small.dat", {"format": "jpeg"}, "JPEG"),
    ],
)
def test_an_output_has_the_format_of_its_suffix(photo, name, options, codec_format):
    """Or the one that is named; the original stays as it is."""
    original = photo.read_bytes()
    output = photo.with_name(name)

    outcome = compress_file(photo, TARGET, output=output, **options)

    assert output.stat().st_size == outcome.after <= TARGET
    assert opened(output.read_bytes()).format == codec_format
    assert photo.read_bytes() == original
    assert (outcome.path, outcome.output, outcome.changed) == (photo, output, True)


@pytest.mark.parametrize("name", ["picture.jpg", "picture.webp", "picture.png", "picture.jp2"])
def test_any_picture_can_be_converted(tmp_path, name):
    """A BMP cannot be fitted in place, but to another format."""
    path = tmp_path / "picture.bmp"
    path.write_bytes(data := encoded(photograph((40, 30)), "BMP"))
    wanted = {".jpg": "JPEG", ".jp2": "JPEG2000"}.get(Path(name).suffix, Path(name).suffix[1:].upper())

    outcome = compress_file(path, TARGET, output=tmp_path / name)

    assert (tmp_path / name).stat().st_size == outcome.after <= TARGET
    assert opened((tmp_path / name).read_bytes()).format == wanted
    assert path.read_bytes() == data


@pytest.mark.parametrize("turned", [1, 6])
def test_a_picture_is_converted_to_tiff_whichever_way_it_is_turned(tmp_path, turned):
    """Pillow turns a TIFF as it decodes it: width and height are then the other way round, and that is no defect."""
    path = write_jpeg(tmp_path / "photo.jpg", photograph(), orientation=turned)

    outcome = compress_file(path, "100KB", output=tmp_path / "photo.tif")

    with Image.open(tmp_path / "photo.tif") as picture:
        assert picture.getexif().get(0x0112, 1) == turned
    shown = opened((tmp_path / "photo.tif").read_bytes())
    assert shown.size == ((96, 144) if turned == 6 else (144, 96))
    assert shown.tobytes() == ImageOps.exif_transpose(opened(path.read_bytes())).tobytes()
    assert outcome.result.setting == {}


def test_a_copy_of_what_fits_is_a_copy(photo):
    """In the same format nothing has to be lost twice."""
    outcome = compress_file(photo, "1MB", output=photo.with_name("copy.jpg"))

    assert photo.with_name("copy.jpg").read_bytes() == photo.read_bytes()
    assert outcome.changed
    assert outcome.fits


@pytest.mark.parametrize("options", [{"metadata": "strip"}, {"subsampling": 0}], ids=str)
def test_a_copy_that_is_to_be_different_is_encoded(photo, options):
    """What was asked for is done, also where the original fits."""
    compress_file(photo, "1MB", output=photo.with_name("copy.jpg"), **options)

    assert photo.with_name("copy.jpg").read_bytes() != photo.read_bytes()


@pytest.mark.parametrize("name", ["copy.png", "copy.webp", "copy.tif", "copy.jp2"])
def test_lossless_is_kept_to_the_pixel_or_fails(tmp_path, name):
    """It is a constraint, not a wish."""
    path = tmp_path / "graphic.png"
    path.write_bytes(encoded(screenshot(), "PNG", compress_level=0))
    output = tmp_path / name

    compress_file(path, "20KB", output=output, lossless=True)
    with pytest.raises(BudgetUnreachable):
        compress_file(path, 300, output=tmp_path / f"other{output.suffix}", lossless=True)

    assert opened(output.read_bytes()).convert("RGB").tobytes() == screenshot().tobytes()
    assert sorted(tmp_path.iterdir()) == sorted([path, output])


def test_an_output_is_written_also_where_the_original_fits(photo):
    """It was asked for."""
    outcome = compress_file(photo, "1MB", output=photo.with_name("small.webp"))

    assert outcome.changed
    assert photo.with_name("small.webp").is_file()


@needs_permissions
def test_a_new_output_has_the_permissions_of_any_new_file(photo):
    """The umask's, not those of a temporary file."""
    beside = photo.with_name("beside")
    beside.touch()

    compress_file(photo, TARGET, output=photo.with_name("small.jpg"))

    assert stat.S_IMODE(photo.with_name("small.jpg").stat().st_mode) == stat.S_IMODE(beside.stat().st_mode)


@pytest.mark.parametrize(
    ("output", "error"),
    [
        ("missing/small.jpg", FileNotFoundError),
        (".", IsADirectoryError),
        ("small.txt", UnsupportedImage),
        ("small", UnsupportedImage),
        ("small.bmp", UnsupportedImage),
    ],
)
def test_impossible_outputs_are_refused(photo, output, error):
    """With nothing written."""
    before = snapshot(photo.parent)

    with pytest.raises(error):
        compress_file(photo, TARGET, output=photo.parent / output)

    assert snapshot(photo.parent) == before

"""Files: replaced in one step or not at all."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

import bytefit
from bytefit import BudgetUnreachable, BytefitError, ConfigError, SizeSyntaxError, UnsupportedImage, compress_file
from bytefit.files import verify
from images import XMP, animation, encoded, flat, icc_profile, noise, opened, photograph, write_jpeg

needs_permissions = pytest.mark.skipif(os.name == "nt", reason="Windows has no POSIX permissions")
needs_plain_user = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)

TARGET = 4000


@pytest.fixture
def photo(tmp_path):
    """Return a JPEG file well over the target."""
    path = write_jpeg(tmp_path / "photo.jpg", noise(), orientation=6, icc=icc_profile(), xmp=XMP)
    assert path.stat().st_size > 3 * TARGET
    return path


def link(path, target):
    """Make a symbolic link, or skip where that is not allowed."""
    try:
        path.symlink_to(target)
    except OSError:
        pytest.skip("symbolic links are not allowed here")
    return path


def snapshot(folder):
    """Return everything in a folder: names, bytes, modes and times."""
    return {
        path.relative_to(folder): (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_file_is_fitted_in_place(photo):
    """The same name, the same format, at most the target, and nothing else in the folder."""
    before = photo.stat().st_size

    outcome = compress_file(photo, TARGET)

    assert photo.stat().st_size <= TARGET
    assert opened(photo.read_bytes()).format == "JPEG"
    assert opened(photo.read_bytes()).getexif()[0x0112] == 6
    assert (outcome.path, outcome.output, outcome.budget) == (photo, photo, TARGET)
    assert (outcome.before, outcome.after) == (before, photo.stat().st_size)
    assert outcome.changed
    assert outcome.fits
    assert outcome.result.data == photo.read_bytes()
    assert list(photo.parent.iterdir()) == [photo]


@pytest.mark.parametrize("as_path", [str, Path], ids=["str", "Path"])
def test_paths_and_targets_are_taken_as_people_write_them(photo, as_path):
    """Text or Path, "4KB" or 4000."""
    outcome = compress_file(as_path(photo), "4KB")

    assert outcome.budget == TARGET
    assert outcome.path == photo


@pytest.mark.parametrize("codec_format", ["WEBP", "AVIF"])
def test_every_format_is_fitted_in_place(tmp_path, codec_format):
    """By what its bytes say, whatever its name."""
    path = tmp_path / "picture.bin"
    path.write_bytes(encoded(noise(), codec_format, quality=98))

    compress_file(path, TARGET)

    assert path.stat().st_size <= TARGET
    assert opened(path.read_bytes()).format == codec_format


@pytest.mark.parametrize(
    "data",
    [encoded(photograph((48, 32))), b"no picture at all", encoded(photograph((48, 32)), "PNG"), b""],
    ids=["JPEG", "text", "PNG", "empty"],
)
def test_what_fits_is_left_alone(tmp_path, data):
    """Byte for byte, with its time, and not even decoded."""
    path = tmp_path / "small.jpg"
    path.write_bytes(data)
    os.utime(path, ns=(10**18, 10**18))
    before = snapshot(tmp_path)

    outcome = compress_file(path, max(1, len(data)))

    assert snapshot(tmp_path) == before
    assert (outcome.changed, outcome.fits, outcome.result) == (False, True, None)
    assert outcome.before == outcome.after == len(data)


def test_the_second_run_is_a_no_op(photo):
    """What was fitted fits."""
    compress_file(photo, TARGET)
    before = snapshot(photo.parent)

    outcome = compress_file(photo, TARGET)

    assert not outcome.changed
    assert snapshot(photo.parent) == before


@needs_permissions
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_permissions_are_kept(photo, mode):
    """A private picture stays private."""
    photo.chmod(mode)

    compress_file(photo, TARGET)

    assert stat.S_IMODE(photo.stat().st_mode) == mode


def test_a_link_stays_a_link(photo, tmp_path):
    """What it points to is fitted, in its own folder."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    shortcut = link(folder / "shortcut.jpg", photo)

    outcome = compress_file(shortcut, TARGET)

    assert outcome.changed
    assert shortcut.is_symlink()
    assert photo.stat().st_size <= TARGET
    assert list(folder.iterdir()) == [shortcut]


@pytest.mark.parametrize(
    ("data", "options", "error"),
    [
        (encoded(noise()), {"target": 100}, BudgetUnreachable),
        (encoded(noise()), {"min_quality": 95}, BudgetUnreachable),
        (encoded(noise()), {"slack": 3}, ConfigError),
        (encoded(noise()), {"quality": 3}, ConfigError),
        (encoded(noise()), {"metadata": "some"}, ConfigError),
        (encoded(noise()), {"effort": "slow"}, ConfigError),
        (encoded(noise()), {"min_score": 100}, ConfigError),
        (encoded(noise()), {"min_width": 100}, ConfigError),
        (encoded(noise()), {"format": "WEBP"}, ConfigError),
        (encoded(noise()), {"target": "much"}, SizeSyntaxError),
        (encoded(noise())[:-3000], {}, UnsupportedImage),
        (animation("WEBP", (96, 64)), {}, UnsupportedImage),
        (encoded(noise(), "PNG"), {}, UnsupportedImage),
        (b"no picture at all " * 1000, {}, UnsupportedImage),
    ],
    ids=[
        *("unreachable", "floor", "slack", "conflict", "policy", "effort", "score", "width", "conversion", "size"),
        "truncated",
        *("animation", "PNG", "text"),
    ],
)
def test_a_failure_leaves_everything_as_it_was(tmp_path, data, options, error):
    """The original byte for byte, and no temporary file."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(data)
    before = snapshot(tmp_path)

    with pytest.raises(error):
        compress_file(path, **{"target": TARGET, **options})

    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    "options",
    [
        {"slack": 3},
        {"effort": "slow"},
        {"min_score": 100},
        {"min_width": 0, "resize": True},
        {"max_width": 100},
        {"min_width": 9, "max_width": 8, "resize": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("output", [None, "small.jpg"])
def test_options_that_make_no_sense_are_told_also_where_the_file_fits(photo, options, output):
    """A wrong option must not wait for the first large picture."""
    before = snapshot(photo.parent)

    with pytest.raises(ConfigError):
        compress_file(photo, "1MB", output=output and photo.with_name(output), **options)

    assert snapshot(photo.parent) == before


@pytest.mark.parametrize("options", [{"effort": "best"}, {"effort": "fast", "resize": True, "min_width": 50}], ids=str)
def test_every_option_of_compress_is_passed_on(photo, options):
    """In place and to another file."""
    compress_file(photo, TARGET, output=photo.with_name("other.webp"), **options)
    compress_file(photo, TARGET, **options)

    assert photo.stat().st_size <= TARGET
    assert photo.with_name("other.webp").stat().st_size <= TARGET


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


def test_a_dry_run_writes_nothing(photo):
    """It only tells what would be."""
    before = snapshot(photo.parent)

    outcome = compress_file(photo, TARGET, dry_run=True)

    assert snapshot(photo.parent) == before
    assert not outcome.changed
    assert outcome.result.size == outcome.after <= TARGET


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


def test_any_picture_can_be_converted(tmp_path):
    """A PNG cannot be fitted in place, but to another format."""
    path = tmp_path / "picture.png"
    path.write_bytes(encoded(noise(), "PNG"))

    compress_file(path, TARGET, output=tmp_path / "picture.jpg")

    assert opened((tmp_path / "picture.jpg").read_bytes()).format == "JPEG"


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


@pytest.mark.parametrize("name", ["photo.jpg", "photo.bin", "photo.webp"])
def test_a_file_that_fits_is_padded_where_it_is_to_be_exact(tmp_path, name):
    """Without another lossy encode, whatever its name, and only once."""
    path = write_jpeg(tmp_path / name, photograph())
    before = opened(path.read_bytes())

    outcome = compress_file(path, 30_000, exact=True)
    again = compress_file(path, 30_000, exact=True)

    assert path.stat().st_size == outcome.after == 30_000
    assert opened(path.read_bytes()).tobytes() == before.tobytes()
    assert (outcome.changed, again.changed) == (True, False)


def test_what_stands_behind_a_picture_stays_there(tmp_path):
    """A motion photo's film, found from the end of the file, is kept and counted."""
    film = b"\x00\x00\x00\x18ftypmp42" + b"film" * 100
    path = tmp_path / "motion.jpg"
    path.write_bytes(encoded(noise()) + film)

    compress_file(path, TARGET)

    assert path.read_bytes().endswith(b"\xff\xd9" + film)
    assert path.stat().st_size <= TARGET


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
        ("small.png", UnsupportedImage),
    ],
)
def test_impossible_outputs_are_refused(photo, output, error):
    """With nothing written."""
    before = snapshot(photo.parent)

    with pytest.raises(error):
        compress_file(photo, TARGET, output=photo.parent / output)

    assert snapshot(photo.parent) == before


def test_missing_files_are_an_os_error(tmp_path):
    """As everywhere in Python."""
    with pytest.raises(FileNotFoundError):
        compress_file(tmp_path / "nothing.jpg", TARGET)


def test_folders_are_an_os_error(tmp_path):
    """A folder is no picture, whatever its size."""
    with pytest.raises(IsADirectoryError):
        compress_file(tmp_path, TARGET)


@needs_permissions
@needs_plain_user
def test_a_folder_that_cannot_be_written_to_is_told_before_encoding(photo):
    """And everything stays."""
    photo.parent.chmod(0o500)

    try:
        with pytest.raises(PermissionError):
            compress_file(photo, TARGET)
    finally:
        photo.parent.chmod(0o700)

    assert photo.stat().st_size > TARGET


def test_the_smallest_may_be_written_instead(photo):
    """Over the budget and said to be, but smaller than before."""
    outcome = compress_file(photo, 100, on_unreachable="smallest")

    assert outcome.changed
    assert not outcome.fits
    assert 100 < photo.stat().st_size == outcome.after < outcome.before


@pytest.mark.parametrize(
    "data",
    [encoded(flat((64, 64)), "WEBP", lossless=True), encoded(photograph(), "JPEG", quality=1, progressive=True)],
    ids=["lossless WebP", "JPEG at quality 1"],
)
def test_the_smallest_never_grows_a_file(tmp_path, data):
    """A file that is smaller already is left alone."""
    path = tmp_path / "small.img"
    path.write_bytes(data)
    compress_file(path, 20, on_unreachable="smallest")
    before = snapshot(tmp_path)

    outcome = compress_file(path, 20, on_unreachable="smallest")

    assert path.stat().st_size <= len(data)
    assert snapshot(tmp_path) == before
    assert (outcome.changed, outcome.fits) == (False, False)


@pytest.mark.parametrize("changes", [{"width": 5}, {"height": 5}, {"format": "WEBP"}])
def test_a_result_that_is_not_what_was_encoded_is_not_written(changes):
    """The last check before an original is given up."""
    result = bytefit.compress(photograph(), TARGET, format="JPEG")

    verify(result)
    with pytest.raises(UnsupportedImage, match="nothing was written"):
        verify(replace(result, **changes))


def test_a_result_that_cannot_be_decoded_is_not_written():
    """Nor is half a picture."""
    result = bytefit.compress(photograph(), TARGET, format="JPEG")

    with pytest.raises(BytefitError):
        verify(replace(result, data=result.data[:-500]))


def test_a_picture_of_another_format_than_its_name_keeps_its_format(tmp_path):
    """In place the bytes decide: a WebP named .jpg stays a WebP."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(noise(), "WEBP", quality=95))

    compress_file(path, TARGET)

    with Image.open(path) as picture:
        assert picture.format == "WEBP"

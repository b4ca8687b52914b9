"""`compress_file` in place: the file is replaced in one step or left as it was."""

from __future__ import annotations

import os
import stat
import zlib
from pathlib import Path

import pytest
from PIL import Image

from bytefit import BudgetUnreachable, ConfigError, SizeSyntaxError, UnsupportedImage, compress_file
from bytefit.codecs.png.chunks import SIGNATURE, chunk, chunks
from folders import TARGET, link, needs_permissions, needs_plain_user, snapshot
from images import animation, encoded, flat, noise, opened, photograph, screenshot, write_jpeg


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


@pytest.mark.parametrize(
    ("codec_format", "options"),
    [("WEBP", {"quality": 98}), ("AVIF", {"quality": 98}), ("PNG", {}), ("JPEG2000", {})],
    ids=["WEBP", "AVIF", "PNG", "JPEG2000"],
)
def test_every_format_is_fitted_in_place(tmp_path, codec_format, options):
    """By what its bytes say, whatever its name."""
    path = tmp_path / "picture.bin"
    path.write_bytes(encoded(noise(), codec_format, **options))

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
        (animation("WEBP", (96, 64)), {"target": 300}, BudgetUnreachable),
        (encoded(noise(), "PNG"), {"lossless": True}, BudgetUnreachable),
        (encoded(noise(), "PNG"), {"target": 100}, BudgetUnreachable),
        (encoded(noise(), "BMP"), {}, UnsupportedImage),
        (encoded(noise(), "MPO", save_all=True, append_images=[noise()]), {"metadata": "strip"}, UnsupportedImage),
        (encoded(noise(), "MPO", save_all=True, append_images=[noise()]), {}, BudgetUnreachable),
        (b"no picture at all " * 1000, {}, UnsupportedImage),
    ],
    ids=[
        *("unreachable", "floor", "slack", "conflict", "policy", "effort", "score", "width", "conversion", "size"),
        "truncated",
        *("animation", "lossless PNG", "PNG", "BMP", "pictures dropped", "pictures kept", "text"),
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


def test_a_dry_run_writes_nothing(photo):
    """It only tells what would be."""
    before = snapshot(photo.parent)

    outcome = compress_file(photo, TARGET, dry_run=True)

    assert snapshot(photo.parent) == before
    assert not outcome.changed
    assert outcome.result.size == outcome.after <= TARGET


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


def test_pages_are_fitted_in_place(tmp_path):
    """Of a TIFF, each page stays what it was, pixel by pixel."""
    pages = [photograph((96, 64)), screenshot((64, 96), "L"), screenshot((40, 30)).convert("1")]
    path = tmp_path / "pages.tif"
    path.write_bytes(encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    before = path.stat().st_size

    outcome = compress_file(path, before - 500)

    again = Image.open(path)
    assert outcome.after < before - 500
    assert again.n_frames == 3
    for place, page in enumerate(pages):
        again.seek(place)
        assert (again.mode, again.size, again.tobytes()) == (page.mode, page.size, page.tobytes())
    again.close()


@pytest.mark.parametrize("codec_format", ["PNG", "TIFF"])
def test_what_is_lossless_is_tried_first_in_place(tmp_path, codec_format):
    """A badly coded file gets a better coding before it loses a colour."""
    path = tmp_path / "graphic.img"
    options = {"compress_level": 0} if codec_format == "PNG" else {"compression": "raw"}
    path.write_bytes(encoded(screenshot(), codec_format, **options))

    outcome = compress_file(path, 5000)

    assert outcome.after == path.stat().st_size <= 5000
    assert opened(path.read_bytes()).convert("RGB").tobytes() == screenshot().tobytes()


def test_lossless_in_place_is_a_better_coding_of_a_jpeg(tmp_path):
    """JPEG has no lossless coding, but a file of it may be coded better; beyond that it is refused."""
    path = write_jpeg(tmp_path / "photo.jpg", photograph((320, 240)), quality=85, progressive=True)
    before = opened(path.read_bytes())
    size = path.stat().st_size

    outcome = compress_file(path, size - 5, lossless=True)
    with pytest.raises(ConfigError, match="JPEG has no lossless coding: take PNG or WEBP, or leave lossless out"):
        compress_file(path, size // 2, lossless=True)

    assert outcome.after <= size - 5
    assert opened(path.read_bytes()).tobytes() == before.tobytes()


def test_sixteen_bits_a_channel_are_packed_better_or_refused(tmp_path):
    """Pillow reads eight of them: the samples are never touched."""
    path = tmp_path / "deep.png"
    rows = b"".join(b"\x00" + bytes(range(192)) for _ in range(64))  # 32 pixels of six bytes a row
    header = (32).to_bytes(4, "big") + (64).to_bytes(4, "big") + bytes((16, 2, 0, 0, 0))
    data = SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")
    path.write_bytes(data)

    outcome = compress_file(path, len(data) // 2)
    packed = path.read_bytes()
    with pytest.raises(UnsupportedImage, match="16 bits a channel, which would be lost"):
        compress_file(path, 100)

    header = next(content for name, content, *_ in chunks(packed) if name == b"IHDR")
    assert outcome.after == len(packed) <= len(data) // 2
    assert header[8:10] == bytes((16, 2))
    assert path.read_bytes() == packed
    assert opened(packed).tobytes() == opened(data).tobytes()


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


def test_a_picture_of_another_format_than_its_name_keeps_its_format(tmp_path):
    """In place the bytes decide: a WebP named .jpg stays a WebP."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(noise(), "WEBP", quality=95))

    compress_file(path, TARGET)

    with Image.open(path) as picture:
        assert picture.format == "WEBP"

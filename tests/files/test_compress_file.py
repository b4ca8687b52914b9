"""Files: replaced in one step or not at all."""

from __future__ import annotations

import os
import stat
import zlib
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageOps

import bytefit
from bytefit import BudgetUnreachable, BytefitError, ConfigError, SizeSyntaxError, UnsupportedImage, compress_file
from bytefit.codecs.jpeg.multi_picture import check_extras
from bytefit.codecs.png.chunks import SIGNATURE, chunk, chunks
from bytefit.files.compress_file import verify
from images import XMP, animation, encoded, flat, icc_profile, noise, opened, photograph, screenshot, write_jpeg

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


@pytest.mark.parametrize("name", ["picture.jpg", "picture.webp", "picture.png", "picture.jp2"])
def test_any_picture_can_be_converted(tmp_path, name):
    """A BMP cannot be fitted in place, but to another format."""
    path = tmp_path / "picture.bmp"
    path.write_bytes(encoded(photograph(), "BMP"))
    wanted = {".jpg": "JPEG", ".jp2": "JPEG2000"}.get(Path(name).suffix, Path(name).suffix[1:].upper())

    outcome = compress_file(path, TARGET, output=tmp_path / name)

    assert (tmp_path / name).stat().st_size == outcome.after <= TARGET
    assert opened((tmp_path / name).read_bytes()).format == wanted
    assert path.read_bytes() == encoded(photograph(), "BMP")


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


FILM = b"\x00\x00\x00\x18ftypmp42" + b"film" * 100
GAIN_MAP = encoded(noise((24, 16)), "JPEG", quality=50)


def test_what_stands_behind_a_picture_stays_there(tmp_path):
    """A motion photo's film, found from the end of the file, is kept and counted."""
    path = tmp_path / "motion.jpg"
    path.write_bytes(encoded(noise()) + FILM)

    compress_file(path, TARGET)

    assert path.read_bytes().endswith(b"\xff\xd9" + FILM)
    assert path.stat().st_size <= TARGET


def with_gain_map(picture, **options):
    """Return a JPEG file with a gain map behind its picture, and an index that says where."""
    xmp = b'<rdf:Description hdrgm:Version="1.0"/>'
    return encoded(picture, "MPO", save_all=True, append_images=[opened(GAIN_MAP)], xmp=xmp, **options)


@pytest.mark.parametrize(
    "options", [{}, {"exact": True}, {"slack": 0}, {"resize": True, "max_width": 90}, {"effort": "best"}], ids=str
)
def test_a_gain_map_stays_what_and_where_the_index_says(tmp_path, options):
    """In place, the second picture is byte for byte as it was, found by the offset that the new file states."""
    path = tmp_path / "hdr.jpg"
    before = with_gain_map(noise(), quality=95)
    path.write_bytes(before)

    outcome = compress_file(path, 5001, **options)

    after = path.read_bytes()
    assert outcome.after == len(after) <= 5001
    assert outcome.result.frames == 1
    assert check_extras(before, after) is None
    assert further_pictures(after) == further_pictures(before)
    assert len(further_pictures(after)) == 1
    assert opened(after).tobytes() != opened(before).tobytes()


def further_pictures(data):
    """Return the bytes of every picture but the first, cut out where Pillow reads that the index places them."""
    picture = Image.open(BytesIO(data))
    origin = data.index(b"MPF\x00") + 4
    places = [(origin + entry["DataOffset"], entry["Size"]) for entry in picture._getmp()[0xB002][1:]]
    return [data[place : place + size] for place, size in places]


def test_a_gain_map_stays_where_nothing_is_lost(tmp_path):
    """A better coding of the same pixels moves it, and says so in the index."""
    path = tmp_path / "hdr.jpg"
    before = with_gain_map(photograph((320, 240)), quality=90)
    path.write_bytes(before)

    outcome = compress_file(path, len(before) - 300)

    after = path.read_bytes()
    assert (outcome.changed, outcome.result) == (True, None)
    assert opened(after).tobytes() == opened(before).tobytes()
    assert check_extras(before, after) is None
    assert further_pictures(after) == further_pictures(before)


@pytest.mark.parametrize(
    ("name", "options"),
    [("hdr.jpg", {"metadata": "strip"}), ("hdr.webp", {}), ("hdr.png", {})],
    ids=["strip", "WebP", "PNG"],
)
@pytest.mark.parametrize("extras", ["a motion photo's film", "an Ultra HDR gain map"])
def test_extras_are_left_out_only_where_that_is_said(tmp_path, name, options, extras):
    """Until then nothing is written, in place or beside."""
    path = tmp_path / "hdr.jpg"
    path.write_bytes(encoded(noise()) + FILM if "film" in extras else with_gain_map(noise()))
    output = None if name == path.name else tmp_path / name
    before = snapshot(tmp_path)

    with pytest.raises(UnsupportedImage, match=f"carries {extras}.*drop_extras=True leaves it out"):
        compress_file(path, 6000, output=output, **options)
    unchanged = snapshot(tmp_path) == before
    outcome = compress_file(path, 6000, output=output, drop_extras=True, **options)

    written = (output or path).read_bytes()
    assert unchanged
    assert outcome.after == len(written) <= 6000
    assert FILM not in written
    assert b"MPF\x00" not in written


# Animations.

TIMES = [40, 120, 500]


def moving(codec_format, *, size=(96, 64), loop=3, **options):
    """Return an animation of three frames, each shown for its own time."""
    frames = [photograph(size, seed=seed) for seed in range(3)]
    return encoded(
        frames[0], codec_format, save_all=True, append_images=frames[1:], duration=TIMES, loop=loop, **options
    )


def timing(data):
    """Return how often an animation is shown, and how long each of its frames, as Pillow reads it."""
    picture, times = Image.open(BytesIO(data)), []
    for place in range(picture.n_frames):
        picture.seek(place)
        picture.load()
        times.append(round(picture.info["duration"]))
    return picture.info.get("loop"), times


@pytest.mark.parametrize(
    ("codec_format", "options", "budget"),
    [("WEBP", {"quality": 95}, 6000), ("AVIF", {"quality": 95}, 6000), ("PNG", {}, 12_000)],
    ids=["WEBP", "AVIF", "PNG"],
)
@pytest.mark.parametrize("given", [{}, {"exact": True}, {"resize": True, "max_width": 48}], ids=str)
def test_an_animation_is_fitted_in_place(tmp_path, codec_format, options, budget, given):
    """With all its frames, their times and how often they are shown."""
    path = tmp_path / "moving.img"
    data = moving(codec_format, **options)
    path.write_bytes(data)

    outcome = compress_file(path, budget, **given)

    after = path.read_bytes()
    assert outcome.after == len(after) <= budget < len(data)
    assert (outcome.result.format, outcome.result.frames) == (codec_format, 3)
    assert timing(after) == timing(data)
    assert opened(after).size == ((48, 32) if "resize" in given else (96, 64))
    assert given != {"exact": True} or len(after) == budget


@pytest.mark.parametrize("name", ["moving.webp", "moving.avif", "moving.png"])
@pytest.mark.parametrize("source", ["GIF", "WEBP", "PNG"])
def test_an_animation_is_converted_with_its_times(tmp_path, source, name):
    """GIF counts how often it is repeated, the others how often it is shown; AVIF is shown for ever."""
    path = tmp_path / "source.img"
    path.write_bytes(moving(source, size=(48, 32), loop=0 if name == "moving.avif" else 3))

    outcome = compress_file(path, 20_000, output=tmp_path / name)

    loop, times = timing((tmp_path / name).read_bytes())
    assert outcome.result is None or outcome.result.frames == 3  # in the same format it is copied
    assert times == TIMES
    assert name == "moving.avif" or loop == (4 if source == "GIF" else 3)


@pytest.mark.parametrize("source", ["GIF", "WEBP", "PNG"])
def test_an_animation_that_ends_is_not_made_one_that_does_not(tmp_path, source):
    """An AVIF of Pillow's is shown for ever."""
    path = tmp_path / "source.img"
    path.write_bytes(moving(source, size=(48, 32)))
    before = snapshot(tmp_path)

    with pytest.raises(UnsupportedImage, match=r"shown for ever, and this animation is to be shown [34] times"):
        compress_file(path, 20_000, output=tmp_path / "moving.avif")

    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("name", ["still.jpg", "still.jp2", "still.tif"])
def test_an_animation_is_not_made_a_still(tmp_path, name):
    """All frames but one would be lost."""
    path = tmp_path / "moving.webp"
    path.write_bytes(moving("WEBP"))
    before = snapshot(tmp_path)

    with pytest.raises(UnsupportedImage, match=r"it holds 3 frames.*all but one would be lost"):
        compress_file(path, 20_000, output=tmp_path / name)

    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("changes", [{"frames": 2}, {"frames": 1}])
def test_an_animation_that_is_not_what_was_encoded_is_not_written(tmp_path, changes):
    """A frame more or less is as bad as a pixel."""
    path = tmp_path / "moving.webp"
    path.write_bytes(moving("WEBP"))
    result = bytefit.compress(path, 20_000)

    verify(result)
    with pytest.raises(UnsupportedImage, match="returned 3 of WEBP 96x64 instead of"):
        verify(replace(result, **changes))


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


# Without loss.


@pytest.mark.parametrize("codec_format", ["PNG", "TIFF"])
def test_what_is_lossless_is_tried_first_in_place(tmp_path, codec_format):
    """A badly coded file gets a better coding before it loses a colour."""
    path = tmp_path / "drawing.img"
    options = {"compress_level": 0} if codec_format == "PNG" else {"compression": "raw"}
    path.write_bytes(encoded(screenshot(), codec_format, **options))

    outcome = compress_file(path, 5000)

    assert outcome.after == path.stat().st_size <= 5000
    assert opened(path.read_bytes()).convert("RGB").tobytes() == screenshot().tobytes()


@pytest.mark.parametrize("name", ["copy.png", "copy.webp", "copy.tif", "copy.jp2"])
def test_lossless_is_kept_to_the_pixel_or_fails(tmp_path, name):
    """It is a constraint, not a wish."""
    path = tmp_path / "drawing.png"
    path.write_bytes(encoded(screenshot(), "PNG", compress_level=0))
    output = tmp_path / name

    compress_file(path, "20KB", output=output, lossless=True)
    with pytest.raises(BudgetUnreachable):
        compress_file(path, 300, output=tmp_path / f"other{output.suffix}", lossless=True)

    assert opened(output.read_bytes()).convert("RGB").tobytes() == screenshot().tobytes()
    assert sorted(tmp_path.iterdir()) == sorted([path, output])


def test_lossless_in_place_is_a_better_coding_of_a_jpeg(tmp_path):
    """JPEG has no lossless coding, but a file of it may be coded better; beyond that it is refused."""
    path = write_jpeg(tmp_path / "photo.jpg", photograph((320, 240)), quality=85)
    before = opened(path.read_bytes())
    size = path.stat().st_size

    outcome = compress_file(path, size - 50, lossless=True)
    with pytest.raises(ConfigError, match="JPEG has no lossless coding: take PNG or WEBP, or leave lossless out"):
        compress_file(path, size // 2, lossless=True)

    assert outcome.after <= size - 50
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

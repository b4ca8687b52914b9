"""The Pillow plugin: `Image.save` with a target, and untouched without one."""

from __future__ import annotations

import os
import re
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

import bytefit
from bytefit import BudgetUnreachable, BytefitError, ConfigError, OptionError, SizeSyntaxError, UnsupportedImage
from bytefit.options import OPTIONS
from folders import needs_permissions, needs_plain_user
from images import animation, encoded, graphic, noise, opened, photograph, screenshot

PILLOWS_OWN = Image.Image.save
TARGET = 4000
Image.init()
WRITERS = sorted({name for name in Image.SAVE if Image.SAVE[name].__module__.startswith("PIL.")})


@pytest.fixture(autouse=True)
def plugin():
    """Register for each test, and give Pillow back whatever happens."""
    bytefit.register()
    yield
    bytefit.unregister()
    assert Image.Image.save is PILLOWS_OWN


def saved(picture, codec_format, **options):
    """Return the bytes of a save to memory."""
    buffer = BytesIO()
    picture.save(buffer, codec_format, **options)
    return buffer.getvalue()


def test_unregistering_gives_pillow_its_own_function_back():
    """The very object."""
    bytefit.unregister()

    assert Image.Image.save is PILLOWS_OWN


def test_registering_twice_is_registering_once():
    """No wrapper round a wrapper."""
    once = Image.Image.save

    bytefit.register()

    assert Image.Image.save is once
    bytefit.unregister()
    assert Image.Image.save is PILLOWS_OWN


def test_unregistering_twice_is_unregistering_once():
    """Nothing to give back is no error."""
    bytefit.unregister()
    bytefit.unregister()

    assert Image.Image.save is PILLOWS_OWN


def test_the_wrapper_looks_like_what_it_wraps():
    """Name, documentation and signature are Pillow's."""
    assert Image.Image.save.__name__ == "save"
    assert Image.Image.save.__doc__ == PILLOWS_OWN.__doc__
    assert Image.Image.save.__wrapped__ is PILLOWS_OWN


@pytest.mark.parametrize(
    ("codec_format", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"quality": 60, "progressive": True, "subsampling": 0}),
        ("PNG", {}),
        ("PNG", {"optimize": True}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True, "exact": True}),
        ("GIF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("BMP", {}),
    ],
)
def test_without_a_target_a_save_is_pillows(codec_format, options):
    """Byte for byte."""
    picture = photograph()

    with_plugin = saved(picture, codec_format, **options)
    bytefit.unregister()

    assert with_plugin == saved(picture, codec_format, **options)


def test_animations_without_a_target_are_pillows():
    """save_all and its company go through."""
    with_plugin = animation("GIF")
    bytefit.unregister()

    assert with_plugin == animation("GIF")


def test_sizes_of_other_formats_are_pillows():
    """Options with 'size' in their names that mean something to Pillow must not be taken for a misspelt target."""
    data = saved(photograph((64, 64)), "ICO", sizes=[(32, 32), (16, 16)])

    assert Image.open(BytesIO(data)).info["sizes"] == {(32, 32), (16, 16)}


def test_a_tile_size_of_jpeg_2000_is_pillows():
    """The name is like `target_size`, but Pillow's JPEG 2000 writer knows it: it was refused."""
    with_plugin = saved(photograph(), "JPEG2000", tile_size=(64, 64))
    bytefit.unregister()

    assert with_plugin == saved(photograph(), "JPEG2000", tile_size=(64, 64))


def words_of_writers():
    """Return every word that is text in the sources of Pillow and of the installed plugins: options are among them."""
    folder = Path(Image.__file__).parent
    sources = [*folder.glob("*.py"), *folder.parent.glob("pillow_*/*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    return set(re.findall(r"[\"'](\w+)[\"']", text))


def test_no_option_that_a_writer_knows_is_refused_without_a_target():
    """Without a target, a save may fail because of bytefit only if the option can mean nothing to Pillow."""
    words = words_of_writers()

    assert set(EVERY_OPTION) <= words
    for word in words | set(EVERY_OPTION):
        bytefit.pillow_plugin._check_forgotten_target({word: None})


# Every save option of the writers of Pillow 11.3 and 13, which know the same, with a value that one of them takes.
# fmt: off
EVERY_OPTION = {
    "quality": 60, "optimize": True, "progressive": True, "progression": "RLCP", "subsampling": 0, "smooth": 10,
    "qtables": "web_low", "streamtype": 1, "restart_marker_blocks": 2, "restart_marker_rows": 1, "keep_rgb": True,
    "dpi": (72, 72), "exif": b"Exif\x00\x00", "icc_profile": b"", "xmp": b"<x/>", "comment": b"words", "extra": b"",
    "transparency": 0, "compress_level": 9, "compress_type": 1, "bits": 4, "dictionary": b"abc", "pnginfo": None,
    "default_image": True, "blend": 0, "disposal": 2, "duration": 50, "loop": 2, "save_all": True, "interlace": 0,
    "append_images": [], "palette": bytes(768), "include_color_table": True, "background": (0, 0, 0, 0),
    "lossless": True, "exact": True, "method": 1, "alpha_quality": 50, "minimize_size": True, "allow_mixed": True,
    "kmin": 1, "kmax": 3, "speed": 9, "max_threads": 1, "codec": "auto", "range": "full", "tile_rows": 0,
    "tile_cols": 0, "autotiling": False, "alpha_premultiplied": True, "advanced": {},
    "compression": "tiff_lzw", "strip_size": 1024, "tiffinfo": {270: "words"}, "big_tiff": True, "description": "a",
    "software": "b", "date_time": "2026:01:01 00:00:00", "artist": "c", "copyright": "d", "resolution": 72.0,
    "resolution_unit": "inch", "x_resolution": 72.0, "y_resolution": 72.0,
    "offset": (0, 0), "tile_offset": (0, 0), "tile_size": (16, 16), "quality_mode": "rates", "quality_layers": [20],
    "num_resolutions": 2, "codeblock_size": (32, 32), "precinct_size": (64, 64), "irreversible": True, "mct": 1,
    "signed": False, "cinema_mode": "no", "no_jp2": True, "plt": True,
    "sizes": [(16, 16)], "bitmap_format": "bmp", "hotspot": (1, 1), "bpc": 1, "rle": True, "id_section": b"id",
    "orientation": 1, "pixel_format": "DXT1", "blp_version": "BLP2",
    "title": "e", "author": "f", "subject": "g", "keywords": "h", "creator": "i", "producer": "j",
    "creationDate": (2026, 1, 1, 0, 0, 0), "modDate": (2026, 1, 1, 0, 0, 0),
}
# fmt: on

# What writes pictures of up to 1024 pixels a side takes a second for each option.
OF_ICNS = ("append_images", "sizes", "quality")

ICON = photograph((16, 16))
ICON_OF_FEW_COLOURS = ICON.quantize(16)


def outcome_of(codec_format, options):
    """Return the bytes of a save without the dates that a PDF holds, or the error."""
    picture = ICON_OF_FEW_COLOURS if codec_format == "PALM" else ICON
    try:
        return re.sub(rb"D:\d+", b"", saved(picture.copy(), codec_format, **options))
    except Exception as error:  # noqa: BLE001  (whatever Pillow raises, it has to be the same)
        return type(error), str(error)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("codec_format", WRITERS)
def test_every_option_of_every_writer_is_pillows_without_a_target(codec_format):
    """Each option alone must give the same bytes, or the same error, with and without the plugin."""
    names = OF_ICNS if codec_format == "ICNS" else EVERY_OPTION
    with_plugin = {name: outcome_of(codec_format, {name: EVERY_OPTION[name]}) for name in names}
    bytefit.unregister()

    assert with_plugin == {name: outcome_of(codec_format, {name: EVERY_OPTION[name]}) for name in names}


def test_options_set_on_the_image_count_with_a_target():
    """Pillow 13 takes save options from `encoderinfo` too: with a target they were ignored, or replaced each rung's."""
    picture = photograph()
    picture.encoderinfo = {"method": 6}
    expected = bytefit.compress(photograph(), TARGET, format="WEBP", method=6).data

    assert saved(picture, "WEBP", target_size=TARGET) == expected
    picture.encoderinfo = {"quality": 100}
    with pytest.raises(OptionError, match="'quality'"):
        saved(picture, "WEBP", target_size=TARGET)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_an_option_passes_without_a_target_only_if_a_writer_may_know_it(option):
    """An option that only bytefit knows would be ignored silently, and the file come out of any size."""
    if not option.needs_target:
        bytefit.pillow_plugin._check_forgotten_target({option.name: option.default})
        return
    with pytest.raises(OptionError, match=f"^'{option.name}' needs a target_size, such as target_size='200KB'$"):
        saved(photograph((8, 8)), "JPEG", **{option.name: option.default})


def test_a_largest_width_without_a_target_is_refused(tmp_path):
    """`resize` and `max_width` look like options of Pillow, which ignores both: the image was saved at full size."""
    with pytest.raises(OptionError, match="'max_width' needs a target_size"):
        photograph().save(tmp_path / "x.jpg", max_width=100, resize=True)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["hero.jpg", "hero.JPEG", "hero.webp", "hero.avif", "hero.PNG", "hero.jp2"])
@pytest.mark.parametrize("as_path", [str, lambda path: path, os.fsencode], ids=["str", "Path", "bytes"])
def test_a_path_is_saved_within_its_target(tmp_path, name, as_path):
    """The suffix sets the format; save returns nothing, as ever."""
    path = tmp_path / name
    # Palettes are found fast of few colours.
    picture, target = (photograph((21, 14)), 500) if name == "hero.PNG" else (photograph(), TARGET)

    returned = picture.save(as_path(path), target_size=target)

    assert returned is None
    assert path.stat().st_size <= target
    assert opened(path.read_bytes()).size == picture.size
    assert list(tmp_path.iterdir()) == [path]


def test_the_bytes_are_those_of_compress(tmp_path):
    """One road for all."""
    path = tmp_path / "hero.jpg"

    photograph().save(path, target_size="4KB", slack=0, subsampling=0)

    assert path.read_bytes() == bytefit.compress(photograph(), TARGET, format="JPEG", slack=0, subsampling=0).data


@pytest.mark.parametrize("name", ["hero.jpg", "hero.webp", "hero.avif"])
@pytest.mark.parametrize("options", [{"effort": "best"}, {"effort": "fast", "resize": True, "max_width": 25}], ids=str)
def test_the_options_of_compress_are_those_of_save(tmp_path, name, options):
    """Every one."""
    path, picture = tmp_path / name, photograph((72, 48))

    picture.save(path, target_size=1500, **options)

    wanted = {"jpg": "JPEG"}.get(path.suffix[1:], path.suffix[1:])
    assert path.read_bytes() == bytefit.compress(picture, 1500, format=wanted, **options).data


def test_the_format_may_be_named(tmp_path):
    """Over the suffix, as in Pillow; by position too."""
    path = tmp_path / "hero.dat"

    photograph().save(path, "webp", target_size=TARGET)

    assert opened(path.read_bytes()).format == "WEBP"


def test_a_file_object_is_written_to():
    """From where it stands, as Pillow does."""
    buffer = BytesIO(b"before")
    buffer.seek(6)

    photograph().save(buffer, "JPEG", target_size=TARGET)

    assert buffer.getvalue()[:6] == b"before"
    assert opened(buffer.getvalue()[6:]).format == "JPEG"
    assert len(buffer.getvalue()) <= TARGET + 6


def test_an_open_file_tells_the_format_by_its_name(tmp_path):
    """It has one, memory has none."""
    path = tmp_path / "hero.webp"

    with path.open("wb") as file:
        photograph().save(file, target_size=TARGET)

    assert opened(path.read_bytes()).format == "WEBP"


def test_memory_without_a_format_is_refused():
    """The message says how."""
    with pytest.raises(ConfigError, match="name the format, as in format='JPEG'"):
        photograph().save(BytesIO(), target_size=TARGET)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"target_size": 100}, BudgetUnreachable),
        ({"target_size": TARGET, "min_quality": 99}, BudgetUnreachable),
        ({"target_size": "4KO"}, SizeSyntaxError),
        ({"target_size": 0}, SizeSyntaxError),
        ({"target_size": TARGET, "slack": 2}, ConfigError),
        ({"target_size": TARGET, "effort": "slow"}, ConfigError),
        ({"target_size": TARGET, "min_score": 100}, ConfigError),
        ({"target_size": TARGET, "max_width": 100}, ConfigError),
        ({"target_size": 400, "resize": True, "min_width": 140}, BudgetUnreachable),
        ({"target_size": TARGET, "quality": 80}, OptionError),
        ({"target_size": TARGET, "qtables": "web_low"}, OptionError),
        ({"target_size": TARGET, "min_qualty": 80}, OptionError),
        ({"target_size": TARGET, "append_images": [noise()]}, UnsupportedImage),
        ({"target_size": TARGET, "duration": [40, 40]}, ConfigError),
        ({"target_size": TARGET, "append_images": [noise((8, 8))], "format": "WEBP"}, UnsupportedImage),
        ({"target_size": TARGET, "format": "BMP"}, UnsupportedImage),
        ({"target_size": TARGET, "format": "WEBP", "lossless": True}, BudgetUnreachable),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else value.__name__,
)
def test_a_failed_save_leaves_the_old_file(tmp_path, options, error):
    """Pillow opens the file before it encodes, and leaves nothing of it; here it is written last."""
    path = tmp_path / "hero.jpg"
    path.write_bytes(b"the old file")

    with pytest.raises(error):
        noise().save(path, **options)

    assert path.read_bytes() == b"the old file"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_save_makes_no_file(tmp_path):
    """Not an empty one either."""
    with pytest.raises(BudgetUnreachable):
        noise().save(tmp_path / "hero.jpg", target_size=100)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [
        *("targetsize", "target_sizes", "target_siz", "taget_size", "traget_size", "target_szie", "targetSize"),
        *("target_size_", "tagret_size", "target"),
    ],
)
@pytest.mark.parametrize("codec_format", ["JPEG", "PNG"])
def test_a_misspelt_target_is_refused(name, codec_format):
    """Pillow would ignore it in silence, and the file come out of any size."""
    with pytest.raises(OptionError, match=f"{name}.*target_size"):
        saved(photograph(), codec_format, **{name: "4KB"})


@pytest.mark.parametrize("name", ["target", "targetsize"])
def test_a_second_target_beside_the_first_is_refused(name):
    """By an error of our own, that names the option."""
    with pytest.raises(BytefitError, match=name):
        saved(photograph(), "JPEG", target_size=TARGET, **{name: "4KB"})


def test_no_target_is_none():
    """A variable may say that there is none."""
    assert saved(photograph(), "JPEG", target_size=None) == saved(photograph(), "JPEG")


def test_the_smallest_may_be_saved_instead(tmp_path):
    """By the same option as everywhere."""
    noise().save(tmp_path / "hero.jpg", target_size=100, on_unreachable="smallest")

    assert (tmp_path / "hero.jpg").stat().st_size > 100


def frames_in(data):
    """Return how often an animation is shown, and the duration and the pixels of each frame, as Pillow reads them."""
    picture, found = Image.open(BytesIO(data)), []
    for place in range(getattr(picture, "n_frames", 1)):
        picture.seek(place)
        picture.load()
        found.append((round(picture.info.get("duration", 0)), picture.convert("RGB").tobytes()))
    return picture.info.get("loop"), found


def moving(codec_format="WEBP", size=(48, 32), **options):
    """Return an opened animation of three frames."""
    frames = [photograph(size, seed=seed) for seed in range(3)]
    options = {"duration": [40, 120, 500], "loop": 2, **options}
    return Image.open(BytesIO(encoded(frames[0], codec_format, save_all=True, append_images=frames[1:], **options)))


def times_in(data):
    """Return how often an animation is shown, and the duration of each frame."""
    loop, frames = frames_in(data)
    return loop, [duration for duration, _ in frames]


@pytest.mark.parametrize("name", ["moving.webp", "moving.avif", "moving.png"])
@pytest.mark.parametrize("options", [{}, {"save_all": True}], ids=str)
def test_animations_are_saved_whole(tmp_path, name, options):
    """Also where save_all was forgotten: no frame is lost without having been asked for."""
    path = tmp_path / name
    repeated = 0 if name == "moving.avif" else 2  # as Pillow writes it, an AVIF is shown for ever

    moving(loop=repeated).save(path, target_size=TARGET, **options)

    loop, times = times_in(path.read_bytes())
    assert path.stat().st_size <= TARGET
    assert times == [40, 120, 500]
    assert loop == (repeated or (None if name == "moving.avif" else 0))


@pytest.mark.parametrize("stood", [0, 1, 2])
@pytest.mark.parametrize("name", ["still.jpg", "still.webp", "still.png"])
def test_one_frame_is_saved_where_that_is_said(tmp_path, name, stood):
    """The one the image stands at, in formats of one picture too; and there it still stands."""
    picture = moving("PNG")
    picture.seek(stood)

    picture.save(tmp_path / name, target_size=5000, save_all=False, slack=0)

    again = opened((tmp_path / name).read_bytes())
    assert getattr(again, "n_frames", 1) == 1
    assert picture.tell() == stood
    difference = ImageChops.difference(again.convert("RGB"), photograph((48, 32), seed=stood))
    assert max(ImageStat.Stat(difference).mean) < 6


def test_an_animation_in_a_format_of_one_picture_is_refused(tmp_path):
    """The message says how one frame is saved."""
    with pytest.raises(UnsupportedImage, match=r"3 frames.*all but one would be lost.*image\.copy\(\)"):
        moving().save(tmp_path / "moving.jpg", target_size=TARGET)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("codec_format", ["WEBP", "AVIF", "PNG"])
def test_images_are_appended_as_pillow_does(codec_format):
    """Those of one picture, and all frames of those that have several; the appended generator is read once."""
    first, second = (photograph((48, 32), seed=seed) for seed in (5, 6))

    data = saved(
        first, codec_format, target_size=8000, save_all=True, append_images=iter([second, moving("PNG")]), duration=90
    )

    _, frames = frames_in(data)
    expected = [first, second, *(photograph((48, 32), seed=seed) for seed in range(3))]
    assert len(data) <= 8000
    assert [duration for duration, _ in frames] == [90] * 5
    for (_, pixels), picture in zip(frames, expected, strict=True):
        shown = Image.frombytes("RGB", (48, 32), pixels)
        assert max(ImageStat.Stat(ImageChops.difference(shown, picture)).mean) < 25


@pytest.mark.parametrize(
    ("options", "loop", "times"),
    [
        ({}, 2, [40, 120, 500]),
        ({"duration": 70}, 2, [70, 70, 70]),
        ({"duration": [10, 20, 30]}, 2, [10, 20, 30]),
        ({"duration": (10, 20, 30), "loop": 7}, 7, [10, 20, 30]),
        ({"loop": 0}, 0, [40, 120, 500]),
        ({"loop": 1, "save_all": True}, 1, [40, 120, 500]),
    ],
    ids=str,
)
@pytest.mark.parametrize("codec_format", ["WEBP", "PNG"])
def test_times_are_set_as_pillow_does(codec_format, options, loop, times):
    """One for all, or one for each; what is not given stays as it was."""
    data = saved(moving(size=(16, 10)), codec_format, target_size=1200, **options)

    assert times_in(data) == (loop, times)
    assert len(data) <= 1200


@pytest.mark.parametrize("times", [[40], [40] * 4, []], ids=str)
def test_times_of_more_or_fewer_frames_are_refused(times):
    """The message counts both."""
    with pytest.raises(ConfigError, match=f"{len(times)} durations do not fit 3 frames: give one for each"):
        saved(moving(), "WEBP", target_size=TARGET, duration=times)


def test_a_picture_that_stands_alone_is_saved_as_ever():
    """Save_all of one picture is that picture, to the byte."""
    plain = saved(photograph(), "WEBP", target_size=TARGET)

    assert saved(photograph(), "WEBP", target_size=TARGET, save_all=True) == plain
    assert saved(photograph(), "WEBP", target_size=TARGET, save_all=False, append_images=[]) == plain


def test_lossless_is_ours_beside_a_target():
    """Pillow has an option of the same name for WebP: it means the same."""
    data = saved(screenshot(), "WEBP", target_size=TARGET, lossless=True)

    assert len(data) <= TARGET
    assert opened(data).tobytes() == screenshot().tobytes()


def test_the_format_may_be_chosen_by_looks(tmp_path):
    """The name says nothing of it then; one of those allowed it is."""
    path = tmp_path / "hero"

    photograph((64, 48)).save(path, "auto", target_size=TARGET, formats=["JPEG", "WEBP"])

    assert path.stat().st_size <= TARGET
    assert opened(path.read_bytes()).format in {"JPEG", "WEBP"}


def test_transparency_is_not_flattened(tmp_path):
    """Pillow refuses it too, but only after emptying the file."""
    with pytest.raises(UnsupportedImage, match="transparency"):
        graphic().save(tmp_path / "hero.jpg", target_size=TARGET)


def test_an_existing_file_is_replaced_and_keeps_its_mode(tmp_path):
    """As by the hook."""
    path = tmp_path / "hero.jpg"
    path.write_bytes(encoded(noise()))
    path.chmod(0o600)

    photograph().save(path, target_size=TARGET)

    assert path.stat().st_size <= TARGET
    assert os.name == "nt" or path.stat().st_mode & 0o777 == 0o600


class _NeverEncoded(Image.Image):
    """An image that fails when it is looked at."""

    @property
    def mode(self):
        """Fail: an error of the path has to come before any work on the image."""
        raise AssertionError


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("missing/hero.jpg", FileNotFoundError, "no such folder: 'missing'"),
        ("missing/too/hero.jpg", FileNotFoundError, "no such folder: 'missing/too'"),
        ("folder.jpg", IsADirectoryError, "Is a directory: 'folder.jpg'"),
        ("file/hero.jpg", FileNotFoundError, "no such folder: 'file'"),
    ],
)
def test_a_path_that_cannot_be_written_is_refused_before_any_encode(tmp_path, monkeypatch, name, error, message):
    """The error must name what was asked for, not a temporary file, and cost no time."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "file").touch()

    with pytest.raises(error, match=re.escape(message)):
        _NeverEncoded().save(name, target_size=TARGET)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.jpg"]


@needs_permissions
@needs_plain_user
def test_a_folder_without_write_permission_is_refused_before_any_encode(tmp_path):
    """The error must name the file that was asked for, and the folder as the reason."""
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PermissionError, match=r"that folder is not writable: .*hero\.jpg"):
            _NeverEncoded().save(tmp_path / "hero.jpg", target_size=TARGET)
    finally:
        tmp_path.chmod(0o700)


def test_a_file_called_minus_is_saved(tmp_path, monkeypatch):
    """A path of `Image.save` is always a file, as in Pillow."""
    monkeypatch.chdir(tmp_path)

    photograph().save("-", "JPEG", target_size=TARGET)

    assert (tmp_path / "-").stat().st_size <= TARGET


def test_an_opaque_screenshot_is_saved_as_jpeg(tmp_path):
    """An alpha channel that is opaque everywhere is no transparency: most screenshots have one."""
    screenshot(mode="RGBA").save(tmp_path / "shot.jpg", target_size=TARGET)

    assert opened((tmp_path / "shot.jpg").read_bytes()).mode == "RGB"


def test_formats_loaded_later_are_covered(tmp_path):
    """One wrapper round `save`, not one a format: plugins register when they are first used."""
    Image.init()

    photograph().save(tmp_path / "hero.avif", target_size=TARGET)

    assert (tmp_path / "hero.avif").stat().st_size <= TARGET


def test_exact_of_a_lossless_webp_is_pillows_own(tmp_path):
    """`lossless=True, exact=True` keeps hidden colours in Pillow: with a target it once padded the file instead."""
    picture = noise((32, 32), "RGBA")
    picture.putalpha(0)

    picture.save(tmp_path / "it.webp", lossless=True, exact=True, target_size="100KB")

    assert (tmp_path / "it.webp").stat().st_size < 10_000
    assert opened((tmp_path / "it.webp").read_bytes()).convert("RGBA").tobytes() == picture.tobytes()


def test_exact_pads_where_pillow_has_no_such_option(tmp_path):
    """For other calls `exact` must go on padding the file to its target."""
    picture = photograph((32, 32))

    picture.save(tmp_path / "it.png", lossless=True, exact=True, target_size=9000)
    picture.save(tmp_path / "it.webp", exact=True, target_size=9000)

    assert {path.stat().st_size for path in tmp_path.iterdir()} == {9000}

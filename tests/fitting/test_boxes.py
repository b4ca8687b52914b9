"""`box` and `dpi`: exact dimensions and a stated resolution, wherever an image comes from and goes to."""

from __future__ import annotations

import re
from importlib.util import find_spec

import pytest
from PIL import Image, ImageOps

import bytefit
from animations import moving
from bytefit import BudgetUnreachable, ConfigError, UnsupportedImage
from bytefit.codecs import exif as exif_blocks
from images import animation, encoded, opened, photograph, screenshot

ORIENTATION = 0x0112


def turned_jpeg(path, *, orientation=6, thumbnail=b""):
    """Write a JPEG whose EXIF and XMP say that it is to be turned; with a thumbnail, if one is given."""
    block = Image.Exif()
    block[ORIENTATION], block[0x0110], block[0x011A], block[0x011B], block[0x0128] = orientation, "Camera", 72, 72, 2
    block.get_ifd(0x8769).update({0xA002: 120, 0xA003: 90})
    data = block.tobytes()
    if thumbnail:
        data = with_thumbnail(data, thumbnail)
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
    )
    path.write_bytes(encoded(photograph((120, 90)), "JPEG", quality=95, exif=data, xmp=packet))
    return path


def with_thumbnail(block, thumbnail):
    """Return an EXIF block with a second directory that holds a thumbnail, behind all the rest."""
    tiff = bytearray(block[6:])
    order = "little" if tiff[:2] == b"II" else "big"
    first = int.from_bytes(tiff[4:8], order)
    count = int.from_bytes(tiff[first : first + 2], order)
    place, behind = len(tiff), len(tiff) + 2 + 2 * 12 + 4
    tiff[first + 2 + 12 * count : first + 6 + 12 * count] = place.to_bytes(4, order)
    entries = b"".join(
        tag.to_bytes(2, order) + (4).to_bytes(2, order) + (1).to_bytes(4, order) + value.to_bytes(4, order)
        for tag, value in ((0x0201, behind), (0x0202, len(thumbnail)))
    )
    return block[:6] + bytes(tiff) + (2).to_bytes(2, order) + entries + bytes(4) + thumbnail


@pytest.mark.parametrize("wanted", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "JPEG2000", "GIF"])
def test_an_image_is_upright_before_it_comes_into_the_box(wanted, tmp_path):
    """A form reads the dimensions of the file, not its orientation; and no viewer may turn the picture again."""
    path = turned_jpeg(tmp_path / "photo.jpg")

    result = bytefit.compress(path, "60KB", format=wanted, box="40x60")

    picture = opened(result.data)
    with Image.open(path) as source:
        upright = ImageOps.exif_transpose(source)
    assert (result.width, result.height) == picture.size == (40, 60)
    assert picture.getexif().get(ORIENTATION, 1) == 1
    assert b'Orientation="6"' not in result.data
    expected = ImageOps.fit(upright, (40, 60)).resize((4, 6)).convert("RGB").tobytes()
    found = picture.convert("RGB").resize((4, 6)).tobytes()
    assert max(abs(one - other) for one, other in zip(found, expected, strict=True)) < 40


def test_metadata_say_what_the_pixels_are_now(tmp_path):
    """Dimensions in EXIF follow, the camera stays, and a thumbnail that shows what was cut off is gone."""
    path = turned_jpeg(tmp_path / "photo.jpg", thumbnail=b"\xff\xd8 what was cut off \xff\xd9")
    assert b"what was cut off" in path.read_bytes()

    data = bytefit.compress(path, "60KB", box="1:1").data

    found = opened(data).getexif()
    assert found[0x0110] == "Camera"
    assert [found.get_ifd(0x8769)[tag] for tag in (0xA002, 0xA003)] == [90, 90]
    assert b"what was cut off" not in data
    assert not exif_blocks.has_thumbnail(opened(data).info["exif"])


@pytest.mark.parametrize("wanted", ["GIF", "WEBP", "PNG", "AVIF"])
@pytest.mark.parametrize("fit", ["cover", "contain"])
def test_all_frames_of_an_animation_come_into_the_box(wanted, fit):
    """An emoji moves, too."""
    result = bytefit.compress(opened(moving(wanted)), "40KB", format=wanted, box="24x24", fit=fit)

    picture = opened(result.data)
    assert (picture.size, picture.n_frames, result.frames) == ((24, 24), 3, 3)
    for place in range(3):
        picture.seek(place)
        assert (picture.convert("RGBA").getpixel((12, 0))[3] == 0) == (fit == "contain")


def test_pages_come_into_the_box():
    """Each of them, of whatever dimensions."""
    pages = [photograph((60, 40)), photograph((40, 60))]
    data = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])

    picture = opened(bytefit.compress(opened(data), "60KB", format="TIFF", box="20x30").data)

    assert picture.n_frames == 2
    for place in range(2):
        picture.seek(place)
        assert picture.size == (20, 30)


def test_in_place_the_second_run_changes_nothing(tmp_path):
    """What has the dimensions and the resolution and fits is as it should be."""
    path = turned_jpeg(tmp_path / "photo.jpg")
    wanted = {"box": "30x40", "fit": "contain", "background": "white", "dpi": 300}

    first = bytefit.compress_file(path, "2KB..9KB", **wanted)
    before = path.read_bytes()
    second = bytefit.compress_file(path, "2KB..9KB", **wanted)

    assert first.changed
    assert not second.changed
    assert path.read_bytes() == before
    assert opened(before).size == (30, 40)
    assert opened(before).info["dpi"] == (300, 300)


def test_a_file_that_fits_is_brought_into_the_box_all_the_same(tmp_path):
    """In place, and to another file: its bytes were never the only thing asked for."""
    path = tmp_path / "photo.png"
    path.write_bytes(encoded(screenshot((80, 60)), "PNG"))

    for output in (tmp_path / "other.png", None):
        bytefit.compress_file(path, "1MB", output=output, box="40x40")
        assert opened((output or path).read_bytes()).size == (40, 40)


def test_lossless_means_the_pixels_in_the_box():
    """The comparison that proves it must be with the picture that was asked for."""
    picture = screenshot((80, 60))

    result = bytefit.compress(picture, "60KB", format="PNG", box="1:1", lossless=True)

    assert result.lossless
    assert opened(result.data).convert("RGB").tobytes() == picture.crop((10, 0, 70, 60)).tobytes()


@pytest.mark.skipif(not find_spec("ssimulacra2"), reason="needs the metrics extra")
def test_a_score_is_that_of_the_picture_in_the_box():
    """Compared with the whole picture, no answer would reach any floor."""
    result = bytefit.compress(photograph((96, 72)), "20KB", format="JPEG", box="64x64", min_score=60)

    assert result.score > 60


def test_resize_goes_on_below_a_box_that_allows_it():
    """Inside a box and of a shape, smaller is still right."""
    picture = photograph((200, 160))

    inside = bytefit.compress(picture, 900, format="WEBP", box="150x150", fit="inside", resize=True)
    shaped = bytefit.compress(picture, 900, format="WEBP", box="1:1", resize=True, max_width=100)

    assert inside.width <= 150
    assert abs(inside.width / inside.height - 200 / 160) < 0.05
    assert shaped.width == shaped.height <= 100


def test_auto_compares_the_formats_in_the_box():
    """Each is scored against the picture in the box."""
    result = bytefit.compress(photograph((96, 72)), 1500, format="auto", formats=["JPEG", "WEBP"], box="64x64")

    assert (result.width, result.height) == (64, 64)


def test_a_gain_map_is_not_carried_along_with_a_part_of_its_picture(tmp_path):
    """It is as large as the whole picture, and would light up the wrong places."""
    path = tmp_path / "two.jpg"
    first, second = (photograph((60, 40), seed=seed) for seed in (1, 2))
    path.write_bytes(encoded(first, "MPO", save_all=True, append_images=[second]))

    with pytest.raises(UnsupportedImage, match="drop_extras=True"):
        bytefit.compress(path, "60KB", box="30x30")
    assert bytefit.compress(path, "60KB", box="30x30", drop_extras=True).width == 30


def dpi_of(data):
    """Return the resolution that a file states in EXIF, else what Pillow reads."""
    picture = opened(data)
    found = picture.getexif()
    pair = (found[0x011A], found[0x011B]) if 0x011A in found else picture.info["dpi"]
    return tuple(round(float(side), 1) for side in pair)


@pytest.mark.parametrize("wanted", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_a_file_states_the_resolution_in_every_place(wanted, tmp_path):
    """One that EXIF states takes the place of the old one, or programs that read it would print another size."""
    path = turned_jpeg(tmp_path / "photo.jpg", orientation=1)

    for picture in (path, photograph((48, 32))):
        data = bytefit.compress(picture, "60KB", format=wanted, dpi=300).data
        assert dpi_of(data) == (300, 300)
        if "dpi" in opened(data).info:
            assert [round(side) for side in opened(data).info["dpi"]] == [300, 300]
    assert dpi_of(bytefit.compress(path, "60KB", format=wanted, dpi=(300, 150)).data) == (300, 150)


def test_a_format_without_a_place_for_it_is_refused():
    """A print form that gets no resolution prints some other size."""
    with pytest.raises(UnsupportedImage, match="GIF cannot state a resolution of 300 dpi: leave dpi out"):
        bytefit.compress(photograph(), "60KB", format="GIF", dpi=300)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"box": "0x50"}, "box '0x50' is not a box: give pixels as in '413x531'"),
        ({"box": (30, 2.5)}, "box (30, 2.5) is not a box"),
        ({"box": "30"}, "box '30' is not a box"),
        ({"box": "1:"}, "box '1:' is not a box"),
        ({"fit": "contain"}, "fit needs box"),
        ({"enlarge": True}, "enlarge needs box"),
        ({"focus": (0, 0)}, "focus needs box"),
        ({"box": "9x9", "focus": (0.5, 1.2)}, "focus (0.5, 1.2) is not a point in the image"),
        ({"box": "9x9", "focus": 0.5}, "focus 0.5 is not a point in the image"),
        ({"box": "9x9", "fit": "contain", "focus": (0, 0)}, "focus needs fit='cover': 'contain' cuts nothing off"),
        ({"box": "9x9", "fit": "fill"}, "unknown fit 'fill': use one of 'cover', 'contain', 'inside', 'stretch'"),
        ({"box": "9x9", "resize": True}, "resize conflicts with box '9x9', which is exact"),
        ({"box": "1:1", "fit": "inside"}, "fit='inside' needs a box in pixels"),
        ({"box": "1:1", "enlarge": True}, "enlarge does nothing for box '1:1', which is a shape"),
        ({"box": "99999x99999", "enlarge": True}, "box '99999x99999' has 9,999,800,001 pixels"),
        ({"dpi": 0}, "dpi 0 is not a resolution: give pixels an inch from 1 to 65535"),
        ({"dpi": (300,)}, "dpi (300,) is not a resolution"),
    ],
    ids=str,
)
def test_options_that_make_no_sense_are_refused(options, message):
    """One line each, with what is expected."""
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}"):
        bytefit.compress(photograph(), "9KB", format="JPEG", **options)


def test_a_box_that_the_format_cannot_hold_is_refused():
    """Resizing, which is what helps otherwise, is no way out of an exact box."""
    with pytest.raises(UnsupportedImage, match="WEBP cannot hold a box of 17000x2 pixels: its limit is 16383 a side"):
        bytefit.compress(photograph((96, 64)), "9KB", format="WEBP", box="17000x2", enlarge=True)


def test_an_unreachable_budget_names_the_dimensions_of_the_box():
    """That is the picture which does not fit."""
    with pytest.raises(BudgetUnreachable, match=r"at 64x64 is .* raise the budget"):
        bytefit.compress(photograph((96, 72)), 300, format="JPEG", box="64x64")


def test_an_animation_that_becomes_a_still_picture_is_refused_as_ever():
    """A box changes nothing about what a format can hold."""
    with pytest.raises(UnsupportedImage, match="frames"):
        bytefit.compress(opened(animation("GIF")), "9KB", format="JPEG", box="9x9")

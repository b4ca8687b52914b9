"""`compress_file` with films, gain maps and animations: nothing is dropped in silence."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from animations import TIMES, moving, timing
from bytefit import UnsupportedImage, compress_file
from bytefit.codecs.jpeg.multi_picture import check_auxiliary_images
from folders import TARGET, snapshot
from images import encoded, noise, opened, photograph

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
    assert check_auxiliary_images(before, after) is None
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
    before = with_gain_map(photograph((320, 240)), quality=90, progressive=True)
    path.write_bytes(before)

    outcome = compress_file(path, len(before) - 300)

    after = path.read_bytes()
    assert (outcome.changed, outcome.result) == (True, None)
    assert opened(after).tobytes() == opened(before).tobytes()
    assert check_auxiliary_images(before, after) is None
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


@pytest.mark.parametrize(
    ("codec_format", "options"),
    [("WEBP", {"quality": 95}), ("AVIF", {"quality": 95}), ("PNG", {})],
    ids=["WEBP", "AVIF", "PNG"],
)
@pytest.mark.parametrize("given", [{}, {"exact": True}, {"resize": True, "max_width": 8}], ids=str)
def test_an_animation_is_fitted_in_place(tmp_path, codec_format, options, given):
    """With all its frames, their times and how often they are shown."""
    path = tmp_path / "moving.img"
    data = moving(codec_format, size=(16, 10), **options)
    path.write_bytes(data)
    budget = len(data) * 9 // 20 * 2

    outcome = compress_file(path, budget, **given)

    after = path.read_bytes()
    assert outcome.after == len(after) <= budget < len(data)
    assert (outcome.result.format, outcome.result.frames) == (codec_format, 3)
    assert timing(after) == timing(data)
    assert opened(after).size == ((8, 5) if "resize" in given else (16, 10))
    assert given != {"exact": True} or len(after) == budget


@pytest.mark.parametrize("name", ["moving.webp", "moving.avif", "moving.png"])
@pytest.mark.parametrize("source", ["GIF", "WEBP", "PNG"])
def test_an_animation_is_converted_with_its_times(tmp_path, source, name):
    """GIF counts how often it is repeated, the others how often it is shown; AVIF is shown for ever."""
    path = tmp_path / "source.img"
    path.write_bytes(moving(source, loop=0 if name == "moving.avif" else 2))

    outcome = compress_file(path, 20_000, output=tmp_path / name)

    loop, times = timing((tmp_path / name).read_bytes())
    assert outcome.result is None or outcome.result.frames == 3  # in the same format it is copied
    assert times == TIMES
    assert name == "moving.avif" or loop == (3 if source == "GIF" else 2)


@pytest.mark.parametrize("source", ["GIF", "WEBP", "PNG"])
def test_an_animation_that_ends_is_not_made_one_that_does_not(tmp_path, source):
    """An AVIF of Pillow's is shown for ever."""
    path = tmp_path / "source.img"
    path.write_bytes(moving(source))
    before = snapshot(tmp_path)

    with pytest.raises(
        UnsupportedImage, match=r"cannot write a loop count to AVIF \(this animation plays [23] times\); use WEBP"
    ):
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

"""Animated PNG: every frame, its duration and the loop count are stored as given."""

from __future__ import annotations

import subprocess
from functools import partial
from shutil import which
from struct import unpack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import bytefit
from bytefit.codecs.png import codec as png
from bytefit.codecs.png.animation import assemble_animation
from bytefit.codecs.png.chunks import CHUNKS, chunk, chunks, with_chunks
from bytefit.codecs.png.codec import PNG
from bytefit.pictures.comparison import check_frames
from bytefit.pictures.frames import Frames
from bytefit.sources.reading import decode
from images import XMP, encoded, exif, graphic, icc_profile, noise, opened, photograph

SIZE = (40, 24)

in_png = partial(encoded, codec_format="PNG", bits=8)


@pytest.fixture(params=[True, False], ids=["oxipng", "Pillow alone"])
def with_oxipng(request, monkeypatch):
    """Run the test with oxipng and without it."""
    if request.param:
        pytest.importorskip("oxipng")
    else:
        monkeypatch.setattr(png, "_oxipng", lambda: None)
    return request.param


def moving(count=4, mode="RGB"):
    """Return frames of a square that moves over an image."""
    pictures = [photograph(SIZE, mode) for _ in range(count)]
    for place, picture in enumerate(pictures):
        picture.paste(noise((8, 8), mode, seed=place), (6 * place, 2 * place))
    return Frames(tuple(pictures), tuple(40 + 10 * place for place in range(count)), loop=3)


def lossless(frames):
    """Return the file of the highest rung."""
    return PNG.encode(frames, PNG.setting(100, frames.mode))


def controls(data):
    """Return (width, height, left, top) that the file states for every frame of the animation."""
    return [unpack(">IIII", content[4:20]) for name, content, *_ in chunks(data) if name == b"fcTL"]


def seen(picture):
    """Return the pixels of an image, with all fully transparent pixels alike."""
    return picture.convert("RGBA").convert("RGBa").tobytes()


@pytest.mark.usefixtures("with_oxipng")
@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA"])
def test_every_frame_is_read_as_it_was(mode):
    """Pillow must read the same pixels, durations and loop count back."""
    frames = moving(mode=mode)

    again = decode(lossless(frames), "moving.png")

    check_frames(frames, again)
    assert (again.durations, again.loop) == (frames.durations, 3)
    assert [seen(picture) for picture in again.pictures] == [seen(picture) for picture in frames.pictures]


@pytest.mark.usefixtures("with_oxipng")
@pytest.mark.parametrize("equal", [2, 5])
def test_frames_that_are_equal_stay_frames(equal):
    """Equal frames must stay separate: Pillow's writer would merge them."""
    frames = Frames((photograph(SIZE),) * equal, tuple(range(20, 20 + 10 * equal, 10)), loop=0)

    again = decode(lossless(frames), "still.png")

    assert (len(again.pictures), again.durations, again.loop) == (equal, frames.durations, 0)
    assert {picture.tobytes() for picture in again.pictures} == {photograph(SIZE).tobytes()}


@settings(max_examples=15)
@given(st.lists(st.sampled_from(range(3)), min_size=2, max_size=7), st.data())
def test_any_animation_comes_back(places, data):
    """Any animation must be read back, with repeated frames and durations of a millisecond or more."""
    graphics = [noise((9, 7)), noise((9, 7), seed=2), Image.new("RGB", (9, 7))]
    times = data.draw(st.lists(st.integers(0, 65_000), min_size=len(places), max_size=len(places)))
    loop = data.draw(st.integers(0, 1000))
    frames = Frames(tuple(graphics[place] for place in places), tuple(times), loop=loop)

    again = decode(assemble_animation(frames, in_png), "any.png")

    assert [picture.convert("RGB").tobytes() for picture in again.pictures] == [
        graphics[place].tobytes() for place in places
    ]
    assert again.durations == pytest.approx(times)
    assert again.loop == loop


@pytest.mark.parametrize("duration", [0, 1, 33.3, 1000 / 30, 65_535, 3_600_000])
def test_times_are_kept_closely(duration):
    """Durations must stay accurate, whether a thirtieth of a second or an hour."""
    frames = Frames(tuple(moving(2).pictures), (duration, 50), loop=1)

    assert decode(assemble_animation(frames, in_png), "a.png").durations == pytest.approx((duration, 50), rel=1e-4)


def test_frames_hold_what_has_changed():
    """A frame must store only the changed rectangle, or one pixel if nothing changed."""
    first = photograph(SIZE)
    second = first.copy()
    second.paste((255, 0, 0), (4, 5, 10, 8))

    data = assemble_animation(Frames((first, second, second), (10, 10, 10)), in_png)

    assert controls(data) == [(*SIZE, 0, 0), (6, 3, 4, 5), (1, 1, 0, 0)]


def test_frames_in_few_colours_share_an_exact_palette():
    """Frames of few colours must share one exact palette: a PNG file has only one."""
    frames = moving(3)
    few = frames.each(lambda picture: picture.quantize(16).convert("RGB"))

    data = assemble_animation(few, in_png)

    names = [name for name, *_ in chunks(data)]
    assert names.count(b"PLTE") == 1
    assert [seen(one) for one in decode(data, "a.png").pictures] == [seen(one) for one in few.pictures]
    assert b"PLTE" not in {name for name, *_ in chunks(assemble_animation(frames, in_png))}


def test_a_change_of_alpha_alone_is_a_change():
    """A frame that differs only in alpha must be stored as changed."""
    first = graphic(SIZE)
    second = first.copy()
    second.putalpha(first.getchannel("A").point([value // 2 for value in range(256)]))

    again = decode(assemble_animation(Frames((first, second), (10, 10)), in_png), "fading.png")

    assert [picture.tobytes() for picture in again.pictures] == [first.tobytes(), second.tobytes()]


@pytest.mark.usefixtures("with_oxipng")
def test_a_first_picture_that_is_not_shown_stays_so():
    """A fallback image must stay outside of the animation."""
    pictures = moving(3).pictures
    still = photograph(SIZE, seed=9)
    data = encoded(still, "PNG", save_all=True, append_images=pictures, default_image=True, duration=[70, 80, 90])
    frames = decode(data, "apart.png")

    again = lossless(frames)

    assert [name for name, *_ in chunks(again) if name in {b"fcTL", b"IDAT"}][0] == b"IDAT"  # noqa: RUF015
    assert len(controls(again)) == 3
    assert opened(again).info["default_image"]
    check_frames(frames, decode(again, "again.png"))


@pytest.mark.usefixtures("with_oxipng")
def test_fewer_colours_are_those_of_all_frames():
    """Fewer colours must keep the number of frames, the durations and the transparency."""
    frames = moving(mode="RGBA")
    for picture in frames.pictures:
        picture.paste((0, 0, 0, 0), (30, 12, 40, 24))

    for quality in (20, 40, 90):
        again = decode(PNG.encode(frames, PNG.setting(quality, "RGBA")), "few.png")

        check_frames(frames, again)
        seen_colours = {colour for one in again.pictures for _, colour in one.convert("RGBA").getcolors(1 << 16)}
        assert len(seen_colours) <= PNG.setting(quality, "RGBA")["colors"]
        if quality > 20:
            assert {picture.convert("RGBA").getpixel((36, 18))[3] for picture in again.pictures} == {0}


@pytest.mark.parametrize("share", [1.2, 0.6, 0.35])
def test_an_animation_is_fitted_with_all_it_carries(tmp_path, share):
    """A fitted animation must keep its texts and unknown chunks, and stay lossless if that fits."""
    frames = moving(5)
    first, *rest = frames.pictures
    options = {"duration": list(frames.durations), "loop": 3, "exif": exif(), "icc_profile": icc_profile()}
    data = encoded(first, "PNG", save_all=True, append_images=rest, **options)
    carried = chunk(b"tEXt", b"Title\x00moving") + chunk(b"mINe", b"own")
    path = tmp_path / "moving.png"
    path.write_bytes(with_chunks(data, b"", carried))

    result = bytefit.compress(path, int(len(data) * share))

    again = decode(result.data, "again.png")
    assert (result.fits, result.format) == (True, "PNG")
    check_frames(frames, again)
    assert (again.durations, again.loop) == (frames.durations, 3)
    assert again.info[CHUNKS] == carried
    assert again.info["icc_profile"] == icc_profile()
    assert again.getexif()[0x0110] == "bytefit test camera"
    assert (result.quality == 100) == (share > 1)


def test_frames_that_were_given_have_the_metadata_that_was_given():
    """Frames must accept the same metadata options as a still image."""
    data = bytefit.compress(moving(), 20_000, format="PNG", xmp=XMP, icc_profile=icc_profile()).data

    assert (opened(data).info["xmp"], opened(data).info["icc_profile"]) == (XMP, icc_profile())


@pytest.mark.parametrize("seconds", [0, 0.001, 0.0333, 1 / 3, 1, 59.999, 65.535, 65.537, 70, 3599.9, 65_535, 10**6])
def test_every_time_has_a_fraction_of_two_bytes_each(seconds):
    """A duration must be within 0.5 ms up to a minute and within 1 in 50,000 beyond, up to 18 hours."""
    frames = Frames((noise(SIZE), noise(SIZE, seed=2)), (1000 * seconds, 50), loop=0)

    again = decode(lossless(frames), "slow.png")

    assert again.durations[0] / 1000 == pytest.approx(min(seconds, 65_535), rel=2e-5, abs=0.0005)


def test_sequence_numbers_count_every_chunk_of_the_animation():
    """Sequence numbers must count all fcTL and fdAT chunks without a gap (third edition, 11.3.6.1)."""
    data = lossless(moving(5))

    numbers = [int.from_bytes(content[:4], "big") for name, content, *_ in chunks(data) if name in {b"fcTL", b"fdAT"}]
    assert numbers == list(range(9))


@pytest.mark.skipif(which("pngcheck") is None, reason="pngcheck is not installed")
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_another_reader_finds_nothing_wrong(tmp_path, mode):
    """Order, lengths, checksums and sequence numbers must be valid, with metadata and with equal frames."""
    frames = moving(3, mode)
    frames = Frames((*frames.pictures, frames.pictures[-1]), (40, 50, 60, 70), loop=2)
    options = {"icc_profile": icc_profile(b"GRAY" if mode == "L" else b"RGB "), "exif": exif(), "comment": b"a view"}

    paths = [tmp_path / f"{quality}.png" for quality in (40, 90, 100)]
    for path in paths:
        path.write_bytes(PNG.encode(frames, {**PNG.setting(int(path.stem), mode), **options}))

    done = subprocess.run(["pngcheck", "-q", *paths], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")

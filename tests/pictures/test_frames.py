"""Frames: files are read in order with their durations, and encoded animations are compared with their source."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bytefit.errors import ConfigError, UnsupportedImage
from bytefit.pictures.comparison import check_frames
from bytefit.pictures.frames import Frames, frames_of, join_images
from images import animation, encoded, graphic, noise, opened, photograph

SIZE = (24, 16)

# Formats that hold an animation, with the options that keep its pixels.
ANIMATED = {"GIF": {}, "PNG": {}, "WEBP": {"lossless": True}}
each_animated = pytest.mark.parametrize("codec_format", ANIMATED)


def flats(count, mode="RGB"):
    """Return pictures of one colour each, all different, that every format keeps exactly."""
    pictures = [Image.new("RGB", SIZE, (40 * place, 255 - 40 * place, 8)) for place in range(count)]
    return [picture.convert(mode) for picture in pictures]


def greys(count):
    """Return pictures of one grey each, all different."""
    return [Image.new("L", SIZE, place) for place in range(count)]


def written(pictures, codec_format="PNG", **options):
    """Return the file that plain Pillow makes of several pictures."""
    first, *rest = pictures
    return encoded(first, codec_format, save_all=True, append_images=rest, **options)


def read(data):
    """Return the frames of a file."""
    return frames_of(Image.open(BytesIO(data)))


@each_animated
@settings(max_examples=8)
@given(times=st.lists(st.integers(2, 300), min_size=2, max_size=6))
def test_frames_are_read_in_order_with_their_times(codec_format, times):
    """Every frame must be read in order, with its pixels and its duration."""
    pictures = flats(len(times))
    data = written(pictures, codec_format, duration=[10 * time for time in times], loop=0, **ANIMATED[codec_format])

    frames = read(data)

    assert [picture.convert("RGB").tobytes() for picture in frames.pictures] == [one.tobytes() for one in pictures]
    assert list(frames.durations) == pytest.approx([10 * time for time in times])
    assert (frames.animated, frames.format, frames.size) == (True, codec_format, SIZE)


@pytest.mark.parametrize(
    ("codec_format", "stated", "shown"),
    [
        ("GIF", None, 1),  # without the block it plays once
        ("GIF", 0, 0),
        ("GIF", 1, 2),  # GIF counts repetitions
        ("GIF", 7, 8),
        ("PNG", 0, 0),
        ("PNG", 1, 1),
        ("PNG", 7, 7),
        ("WEBP", 0, 0),
        ("WEBP", 7, 7),
        ("AVIF", None, None),  # stores no loop count
    ],
)
def test_loops_are_how_often_an_animation_is_shown(codec_format, stated, shown):
    """The loop count must be the number of plays, whatever the format counts."""
    options = {} if stated is None else {"loop": stated}

    assert read(written(flats(3), codec_format, duration=50, **options)).loop == shown


@each_animated
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_file_is_left_at_the_picture_it_stood_at(codec_format, place):
    """Reading all frames must not change which frame of the caller's file is current."""
    with Image.open(BytesIO(written(flats(3), codec_format, duration=50, **ANIMATED[codec_format]))) as image:
        image.seek(place)
        before = image.convert("RGB").tobytes()

        frames = frames_of(image)

        assert image.tell() == place
        assert image.convert("RGB").tobytes() == before
        assert [one.convert("RGB").tobytes() for one in frames.pictures] == [one.tobytes() for one in flats(3)]


def test_a_file_is_left_where_it_stood_though_it_is_broken():
    """After a frame fails to decode, the caller's file must return to the frame it was at."""
    data = written([noise(SIZE, seed=seed) for seed in range(4)], duration=50)
    with Image.open(BytesIO(data[: len(data) * 2 // 3])) as image:
        with pytest.raises((OSError, SyntaxError, EOFError, ValueError)):
            frames_of(image)

        assert image.tell() == 0


def test_every_frame_is_a_whole_picture():
    """Each frame must be a complete picture, although the file stores only the changed rectangle."""
    first = photograph(SIZE)
    second = first.copy()
    second.paste((255, 0, 0), (4, 4, 8, 8))

    frames = read(written([first, second], duration=50))

    assert [picture.size for picture in frames.pictures] == [SIZE, SIZE]
    assert frames.pictures[1].tobytes() == second.tobytes()


@pytest.mark.parametrize(("see_through", "mode"), [(False, "RGB"), (True, "RGBA")])
def test_the_frames_of_a_gif_are_of_one_mode(see_through, mode):
    """Pillow gives the first frame of a GIF another mode than the rest; `Frames` must have one mode for all."""
    pictures = flats(3, "RGBA")
    if see_through:
        pictures[0].paste((0, 0, 0, 0), (0, 0, 5, 5))
    data = written(pictures, "GIF", duration=50)

    frames = read(data)

    assert {picture.mode for picture in frames.pictures} == {frames.mode} == {mode}
    assert frames.has_transparency_data == see_through
    if see_through:
        assert [picture.getpixel((2, 2))[3] for picture in frames.pictures] == [0, 255, 255]


def test_grey_frames_stay_grey():
    """Frames must be converted only if their modes differ or are palettes."""
    assert read(written(flats(3, "L"), duration=50)).mode == "L"


def test_pages_are_no_animation_and_keep_their_modes():
    """Pages must have no durations and must keep their own sizes and modes."""
    pages = [photograph((20, 10)), photograph((9, 30), "L"), Image.new("1", (4, 4))]

    frames = read(written(pages, "TIFF"))

    assert not frames.animated
    assert (frames.durations, frames.loop) == ((), None)
    assert [(page.mode, page.size) for page in frames.pictures] == [("RGB", (20, 10)), ("L", (9, 30)), ("1", (4, 4))]
    assert frames.tobytes() == b"".join(page.tobytes() for page in pages)


def test_a_single_picture_is_one_frame():
    """A still image must be read as one frame with a duration of 0."""
    frames = frames_of(opened(encoded(photograph(SIZE), "PNG")))

    assert (len(frames.pictures), frames.durations) == (1, (0,))


def test_frames_answer_as_their_first_picture_does():
    """The attributes of `Frames` must equal those of its first picture."""
    first = graphic(SIZE)
    first.getexif()[0x0110] = "camera"
    frames = Frames((first, noise(SIZE, "RGBA")), (10, 20), info={"dpi": (72, 72)})

    assert (frames.first, frames.mode, frames.size) == (first, "RGBA", SIZE)
    assert (frames.width, frames.height) == SIZE
    assert frames.getexif()[0x0110] == "camera"


@pytest.mark.parametrize("clear", [0, 1, None])
def test_transparency_of_any_frame_is_transparency(clear):
    """Transparency in any frame must count, unless the reader has already determined it."""
    pictures = tuple(graphic(SIZE) if place == clear else photograph(SIZE) for place in range(3))

    assert Frames(pictures, (10,) * 3).has_transparency_data == (clear is not None)
    assert Frames(pictures, (10,) * 3, transparent=True).has_transparency_data
    assert not Frames(pictures, (10,) * 3, transparent=False).has_transparency_data


def test_changes_are_made_to_every_picture():
    """A rotation, a resize or any other change must apply to every frame and keep the durations."""
    frames = Frames(tuple(flats(3)), (10, 20, 30), loop=4, format="GIF", info={"comment": b"a"})

    turned = frames.transpose(Image.Transpose.ROTATE_90)
    small = frames.resize((6, 4), Image.Resampling.BOX)

    assert {picture.size for picture in turned.pictures} == {SIZE[::-1]}
    assert [picture.tobytes() for picture in small.pictures] == [one.resize((6, 4)).tobytes() for one in flats(3)]
    assert {(one.durations, one.loop, one.format) for one in (turned, small)} == {((10, 20, 30), 4, "GIF")}
    assert small.info == frames.info


def test_an_excerpt_has_the_frames_and_times_at_its_places():
    """An excerpt must hold the frames at its places with their durations; pages have none."""
    frames = Frames(tuple(flats(5)), (10, 20, 30, 40, 50))

    part, pages = frames.excerpt(range(1, 4)), frames._replace(durations=()).excerpt(range(1, 4))

    assert part.durations == (20, 30, 40)
    assert pages.durations == ()
    assert part.tobytes() == pages.tobytes() == b"".join(one.tobytes() for one in flats(5)[1:4])


@pytest.mark.parametrize(
    ("duration", "loop", "expected"),
    [
        (None, None, ((10, 20), 3)),
        (70, None, ((70, 70), 3)),
        (12.5, 0, ((12.5, 12.5), 0)),
        ([5, 6], 1, ((5, 6), 1)),
        (None, 0, ((10, 20), 0)),
    ],
)
def test_other_times_may_be_given(duration, loop, expected):
    """A duration may be one value or one for each frame; None must keep the present value."""
    frames = Frames(tuple(flats(2)), (10, 20), loop=3).with_times(duration, loop)

    assert (frames.durations, frames.loop) == expected


@pytest.mark.parametrize("duration", [[], [10], [10, 20, 30], None])
def test_times_that_do_not_fit_are_refused(duration):
    """A wrong number of durations must be refused: it would shift all frames that follow."""
    frames = Frames(tuple(flats(2)), () if duration is None else (10, 20))

    with pytest.raises(ConfigError, match=f"{len(duration or [])} durations do not fit 2 frames: give one for each"):
        frames.with_times(duration, None)


def test_several_images_are_joined_with_all_their_frames():
    """Joining must keep the order and the durations of all frames."""
    moving = Image.open(BytesIO(written(flats(3), "GIF", duration=[50, 60, 70], loop=2)))
    still = photograph(SIZE)

    frames = join_images([moving, still])

    assert len(frames.pictures) == 4
    assert frames.durations == (50, 60, 70, 0)
    assert (frames.loop, frames.format, frames.mode) == (3, "GIF", "RGB")
    assert frames.pictures[3].tobytes() == still.tobytes()


@pytest.mark.parametrize(
    ("modes", "expected"),
    [(["RGB", "RGB"], "RGB"), (["L", "RGB"], "RGB"), (["L", "RGBA"], "RGBA"), (["L", "L"], "L"), (["P", "P"], "RGB")],
)
def test_joined_images_are_of_a_mode_that_holds_them_all(modes, expected):
    """The common mode of joined images must hold all of them losslessly."""
    images = [graphic(SIZE) if mode == "RGBA" else photograph(SIZE).convert(mode) for mode in modes]

    frames = join_images(images)

    assert {picture.mode for picture in frames.pictures} == {expected}
    for picture, image in zip(frames.pictures, images, strict=True):
        assert picture.convert("RGBA").tobytes() == image.convert("RGBA").tobytes()


def test_images_of_different_sizes_are_not_joined():
    """Images of different sizes must be refused: bytefit cannot guess which to scale."""
    with pytest.raises(UnsupportedImage, match=r"a frame of \(9, 9\) pixels with one of \(24, 16\) pixels: scale"):
        join_images([photograph(SIZE), photograph((9, 9))])


# The bytes of two frames: more are decoded on demand, and more than forty are refused.
TWO_FRAMES = 2 * SIZE[0] * SIZE[1] * 4


def test_many_frames_are_decoded_as_they_are_asked_for():
    """Frames decoded on demand must equal those decoded at once, in any order and after any change."""
    image = Image.open(BytesIO(written(flats(4), duration=[10, 20, 30, 40], loop=2)))

    frames = frames_of(image, TWO_FRAMES)

    assert not isinstance(frames.pictures, tuple)
    assert (len(frames.pictures), frames.durations, frames.loop, frames.mode) == (4, (10, 20, 30, 40), 2, "RGB")
    assert not frames.has_transparency_data
    for place in (3, 0, -1, 2, 2, 1, 0, 1, 2):
        assert frames.pictures[place].tobytes() == flats(4)[place].tobytes()
    small = frames.resize((6, 4)).transpose(Image.Transpose.ROTATE_90)
    assert [picture.size for picture in small.pictures] == [(4, 6)] * 4
    assert [picture.tobytes() for picture in frames.pictures[1:3]] == [one.tobytes() for one in flats(4)[1:3]]
    assert frames.excerpt(range(2)).decoded().tobytes() == b"".join(one.tobytes() for one in flats(2))
    with pytest.raises(IndexError):
        frames.pictures[4]


def test_many_frames_are_not_decoded_at_once():
    """Decoding all frames must be refused before it exhausts the memory."""
    frames = frames_of(Image.open(BytesIO(written(flats(4), duration=10))), TWO_FRAMES)

    with pytest.raises(
        UnsupportedImage, match=r"4 frames of 24x16 pixels need more than .*cut the animation, or scale"
    ):
        frames.decoded()
    assert (few := frames_of(Image.open(BytesIO(written(flats(2), duration=10))), TWO_FRAMES)).decoded() is few


def test_far_too_many_frames_are_refused():
    """A small file with hours of decoding work must be refused from its header alone."""
    with pytest.raises(UnsupportedImage, match=r"41 frames of 24x16 pixels are .* is the limit; cut the animation"):
        frames_of(Image.open(BytesIO(written(greys(41), duration=10))), TWO_FRAMES)


FRAMES = Frames(tuple(flats(3)), (50, 60, 70), loop=2)


@pytest.mark.parametrize(
    "written_frames",
    [
        FRAMES,
        FRAMES._replace(durations=(50, 60, 75)),  # GIF counts in units of 10 ms
        FRAMES._replace(loop=None),  # AVIF stores no loop count
        FRAMES._replace(pictures=tuple(one.convert("P") for one in FRAMES.pictures)),
    ],
)
def test_what_was_written_as_it_should_be_passes(written_frames):
    """Differences of mode, and of a duration within the coarsest clock, must pass the check."""
    check_frames(FRAMES, written_frames)


@pytest.mark.parametrize(
    ("written_frames", "message"),
    [
        (FRAMES.first, "the encoder wrote 1 of 3 frames"),
        (FRAMES.excerpt(range(2)), "the encoder wrote 2 of 3 frames"),
        (FRAMES.resize((9, 9)), r"the encoder wrote \(9, 9\) pixels instead of \(24, 16\)"),
        (FRAMES._replace(durations=(50, 60, 90)), "changed the duration of a frame by 20 ms"),
        (FRAMES._replace(loop=3), "the encoder wrote 3 loops instead of 2"),
        (FRAMES._replace(loop=0), "the encoder wrote 0 loops instead of 2"),
    ],
)
def test_what_was_written_otherwise_is_refused(written_frames, message):
    """A wrong frame count, size, duration or loop count must be refused before a file is replaced."""
    with pytest.raises(UnsupportedImage, match=f"{message}; nothing was kept"):
        check_frames(FRAMES, written_frames)


def test_pages_are_checked_without_times():
    """The check of pages must not need durations."""
    pages = Frames(tuple(flats(2)))

    check_frames(pages, pages)
    with pytest.raises(UnsupportedImage, match="wrote 1 of 2"):
        check_frames(pages, pages.excerpt(range(1)))


@pytest.mark.parametrize("codec_format", ["GIF", "PNG", "WEBP", "AVIF"])
def test_what_pillow_writes_of_an_animation_is_what_is_read(codec_format):
    """The reader and the check must agree with Pillow's own writer."""
    frames = read(animation(codec_format))

    check_frames(Frames(tuple(noise((48, 32), seed=seed) for seed in range(3)), frames.durations), frames)

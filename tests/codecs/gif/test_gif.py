"""GIF: frames, durations, loop counts and transparency stay exact; their storage and their colours may change."""

from __future__ import annotations

import shutil
import subprocess
import warnings
from io import BytesIO
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from bytefit.codecs.codec import LOSSLESS
from bytefit.codecs.gif.codec import GIF
from bytefit.codecs.preparing import prepare
from bytefit.errors import PixelsNotKept, UnsupportedImage
from bytefit.pictures.comparison import check_frames
from bytefit.pictures.frames import Frames, frames_of
from images import encoded, flat, graphic, noise, photograph, screenshot

CLEAR = (0, 0, 0, 0)


def moving(count=6, size=(64, 48)):
    """Return an animation of few colours: a square moves across a background, and every frame has another duration."""
    backdrop = screenshot(size).quantize(16).convert("RGB")
    pictures = []
    for place in range(count):
        picture = backdrop.copy()
        ImageDraw.Draw(picture).rectangle((place * 7, 9, place * 7 + 10, 25), fill=(200, 30 + 9 * place, 40))
        pictures.append(picture)
    return Frames(tuple(pictures), tuple(10.0 * (place + 2) for place in range(count)), loop=0)


def at(quality, frames):
    """Return the file of a rung."""
    prepared = prepare(GIF, frames)
    return GIF.encode(prepared, GIF.setting(quality, prepared.mode))


def read(data):
    """Return the frames of a file."""
    with Image.open(BytesIO(data)) as image:
        return frames_of(image)


def visible(frames):
    """Return the pixels of every frame, with all transparent pixels alike."""
    pictures = []
    for picture in frames.pictures:
        whole = picture.convert("RGBA")
        shown = Image.new("RGBA", whole.size)
        shown.paste(whole.convert("RGB"), mask=whole.getchannel("A").point([0] * 128 + [255] * 128))
        pictures.append(shown.tobytes())
    return pictures


def shows_exactly(data, frames):
    """Return whether a file shows these frames, with their durations and loop count."""
    written = read(data)
    return (visible(written), written.durations, written.loop) == (visible(frames), frames.durations, frames.loop)


@st.composite
def animations(draw):
    """Small animations of few colours with changing transparency, repeated frames, and any durations and loop count."""
    size = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    colours = draw(st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=6, unique=True))
    entries = [CLEAR, *((*colour, 255) for colour in colours)]
    indices = st.binary(min_size=size[0] * size[1], max_size=size[0] * size[1])
    contents = draw(st.lists(st.one_of(indices, st.none()), min_size=2, max_size=6))
    pictures = []
    for pixels in contents:
        picture = pictures[-1] if pixels is None and pictures else Image.new("RGBA", size)
        if pixels is not None:
            picture = Image.new("RGBA", size)
            picture.putdata([entries[pixel % len(entries)] for pixel in pixels])
        pictures.append(picture)
    times = [10.0 * draw(st.integers(0, 65_535)) for _ in pictures]
    return Frames(tuple(pictures), tuple(times), loop=draw(st.integers(0, 65_535)))


@given(animations())
def test_every_pixel_time_and_loop_comes_back(frames):
    """The lossless rung must keep every pixel, duration and loop count, also if pixels become transparent again."""
    data = at(LOSSLESS, frames)

    assert shows_exactly(data, frames)


@settings(max_examples=20)
@given(animations(), st.sampled_from(GIF.ladder))
def test_every_rung_keeps_frames_times_and_transparency(frames, quality):
    """With any number of colours, no frame may be merged with another and no transparent pixel become opaque."""
    written = read(at(quality, frames))

    check_frames(frames, written)
    assert written.durations == frames.durations
    assert written.loop == frames.loop
    for one, other in zip(visible(written), visible(frames), strict=True):
        assert one[3::4] == other[3::4]


@given(animations(), st.sampled_from(["keep", "orientation+icc", "strip"]))
def test_versions_show_the_same(frames, policy):
    """Every lossless version must show the frames of its source and be smaller than the version before."""
    source = encoded(
        frames.first, "GIF", save_all=True, append_images=list(frames.pictures[1:]), duration=70, loop=3, disposal=2
    )

    versions = list(GIF.lossless.versions(source, policy, b""))

    sizes = [len(source), *map(len, versions)]
    assert sizes == sorted(set(sizes), reverse=True)
    for version in versions:
        assert shows_exactly(version, read(source))


@settings(max_examples=20)
@given(st.integers(2, 5), st.integers(1, 400), st.booleans())
def test_frames_of_up_to_256_colours_each_stay_exact(count, colours, has_transparency):
    """Frames of up to 256 colours must stay exact, even if together they have more or leave no transparent entry."""
    colours = min(colours, 255 if has_transparency else 256)
    pictures = []
    for seed in range(count):
        picture = Image.new("RGBA", (32, 16))
        shades = [(place % 256, seed * 17 % 256, place // 256, 255) for place in range(colours)]
        picture.putdata([shades[(place * (seed + 3)) % colours] for place in range(512)])
        if has_transparency:
            picture.paste(CLEAR, (seed, seed, seed + 5, seed + 4))
        pictures.append(picture)
    frames = Frames(tuple(pictures), (50.0,) * count, loop=0)

    data = at(LOSSLESS, frames)

    assert shows_exactly(data, frames)


def test_transparency_in_a_later_frame_is_visible():
    """The first frame must have a transparent index if a later frame needs one: Pillow and gifsicle require it."""
    pictures = [Image.new("RGBA", (8, 8), colour) for colour in ((0, 0, 0, 255), (255, 0, 0, 255), CLEAR)]
    frames = Frames(tuple(pictures), (10.0,) * 3, loop=0)

    for quality in (20, 60, LOSSLESS):
        assert [pixels[3] for pixels in visible(read(at(quality, frames)))] == [255, 255, 0]


def test_frames_decoded_on_demand_can_be_rendered_again():
    """Animations too large to decode at once must be rendered while their file is still open."""
    source = other_program(moving(12))

    with Image.open(BytesIO(source)) as image:
        version = at(LOSSLESS, frames_of(image, most_bytes=image.width * image.height * 4))

    assert shows_exactly(version, read(source))


def test_frames_that_stand_outside_are_refused():
    """Frames larger than the canvas must be refused: only Pillow enlarges the canvas for them."""
    frames = Frames((flat((8, 8)), flat((16, 8))), (10.0, 10.0), loop=0)

    with pytest.raises(UnsupportedImage, match="outside of the canvas"):
        at(LOSSLESS, frames)


def test_colours_that_are_near_each_other_are_not_confused():
    """Neighbouring greys must stay distinct, although Pillow looks colours up in cells of four levels."""
    ramp = Image.new("RGB", (255, 4))
    ramp.putdata([(level, level, level) for level in range(255)] * 4)
    frames = Frames((ramp, ramp.transpose(Image.Transpose.FLIP_LEFT_RIGHT)), (10.0, 10.0), loop=0)

    data = at(LOSSLESS, frames)

    assert shows_exactly(data, frames)


def test_a_repeated_frame_costs_few_bytes():
    """A repeated frame must be stored as a single transparent pixel and remain a frame of its own."""
    pictures = [screenshot()] * 2
    two, ten = (Frames(tuple(pictures * half), (40.0,) * 2 * half, loop=0) for half in (1, 5))

    grown = len(at(LOSSLESS, ten)) - len(at(LOSSLESS, two))

    assert len(read(at(LOSSLESS, ten)).pictures) == 10
    assert grown <= 8 * 25


def test_frames_store_only_what_has_changed():
    """A small object that moves over a large image must add few bytes to the size of the image."""
    frames = moving()

    alone, moved = len(at(LOSSLESS, frames.first)), len(at(LOSSLESS, frames))

    assert moved < 1.8 * alone


@pytest.mark.parametrize("durations", [(33.3,) * 30, (16.67,) * 60, (5.0,) * 20, (0.0,) * 5, (655_350.0,) * 2])
def test_times_of_other_formats_keep_pace(durations):
    """Durations in hundredths of a second must stay within 10 ms, for each frame and for the whole animation."""
    frames = Frames((flat((8, 8)),) * len(durations), durations, loop=0)

    written = read(at(LOSSLESS, frames)).durations

    assert all(abs(one - other) <= 10 for one, other in zip(written, durations, strict=True))
    assert abs(sum(written) - sum(durations)) <= 10


@pytest.mark.parametrize("repeats", [None, 0, 1, 2, 65_534])
def test_the_loop_block_is_the_same_byte_for_byte(repeats):
    """The loop block must equal Pillow's; an animation that plays once has none."""
    options = {} if repeats is None else {"loop": repeats}
    pictures = moving().pictures
    source = encoded(pictures[0], "GIF", save_all=True, append_images=list(pictures[1:]), duration=50, **options)
    block = b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + (repeats or 0).to_bytes(2, "little") + b"\x00"

    written = at(LOSSLESS, read(source))

    assert (block in source, block in written) == (repeats is not None,) * 2
    assert written.count(b"NETSCAPE") == source.count(b"NETSCAPE")


@pytest.mark.parametrize(
    ("make", "why"), [(photograph, "more than 256"), (noise, "more than 256"), (graphic, "partial")]
)
@pytest.mark.parametrize("count", [1, 3])
def test_what_a_palette_cannot_hold_has_no_lossless_rung(make, why, count):
    """The lossless rung must refuse what GIF cannot hold; it once returned 252 of 54,504 colours as quality 100."""
    picture = make((24, 18))
    moving = Frames((flat((24, 18), picture.mode), *[picture] * (count - 1)), (50.0,) * count, loop=0)

    with pytest.raises(PixelsNotKept, match=why):
        at(LOSSLESS, picture if count == 1 else moving)


@pytest.mark.parametrize(
    ("make", "quality"),
    [
        *((make, quality) for make in (photograph, screenshot, flat, noise, graphic) for quality in (20, 60, 90)),
        (screenshot, LOSSLESS),
        (flat, LOSSLESS),
    ],
)
def test_single_pictures_can_be_written_too(make, quality):
    """A still image must become one frame of its size, with its transparent pixels."""
    picture = make((20, 15))

    written = read(at(quality, picture))

    assert (len(written.pictures), written.size) == (1, (20, 15))
    assert visible(written)[0][3::4] == visible(Frames((picture,)))[0][3::4]


@pytest.mark.parametrize("count", [1, 3])
def test_fewer_colours_are_fewer_bytes(count):
    """Sizes must rise along the ladder, apart from small inversions."""
    frames = Frames(tuple(photograph((24, 16), seed=seed) for seed in range(count)), (50.0,) * count, loop=0)
    prepared = prepare(GIF, frames)

    sizes = [len(GIF.encode(prepared, GIF.setting(quality, prepared.mode))) for quality in GIF.ladder[::12]]

    assert sizes[-1] > 2 * sizes[0]
    assert all(smaller < 1.05 * larger for smaller, larger in pairwise(sizes))


def test_slight_flicker_is_not_stored():
    """Pixels that flicker within the tolerance must not be stored: grain would use up most of the bytes."""
    still = photograph((64, 48))
    grain = [Image.blend(still, noise((64, 48), seed=seed), 0.02) for seed in range(6)]
    frames = Frames(tuple(grain), (50.0,) * 6, loop=0)
    setting = GIF.setting(70, "RGB")

    tolerant, plain = (len(GIF.encode(frames, {**setting, "tolerance": many})) for many in (setting["tolerance"], 0))

    assert tolerant < 0.6 * plain


@pytest.mark.parametrize("comment", [b"mine", b"x" * 255, b"x" * 256, b"long " * 500, "text"])
def test_a_comment_can_be_written(comment):
    """Pillow must read a comment of any length back."""
    data = GIF.encode(moving(), {"comment": comment})

    with Image.open(BytesIO(data)) as image:
        assert image.info["comment"] == (comment.encode() if isinstance(comment, str) else comment)


@pytest.mark.parametrize("mode", ["CMYK", "I;16", "F", "LAB"])
def test_modes_that_would_lose_more_than_colours_are_refused(mode):
    """Modes that GIF cannot hold must be refused with the mode in the message."""
    with pytest.raises(UnsupportedImage, match=mode):
        prepare(GIF, Image.new(mode, (4, 4)))


# Lossless versions of the stored frames.

XMP = b"\x21\xff\x0bXMP DataXMP\x03abc\x00"
COMMENT = b"\x21\xfe\x05hello\x00"


def with_blocks(data):
    """Return a file with an XMP block and a comment after its global palette."""
    start = 13 + (3 << ((data[10] & 7) + 1) if data[10] & 0x80 else 0)
    return data[:start] + XMP + COMMENT + data[start:]


def other_program(frames, **options):
    """Return the file that plain Pillow writes."""
    rest = list(frames.pictures[1:])
    times = list(map(int, frames.durations))
    return encoded(frames.first, "GIF", save_all=True, append_images=rest, duration=times, loop=0, **options)


@pytest.mark.parametrize(("policy", "kept"), [("keep", True), ("orientation+icc", False), ("strip", False)])
def test_metadata_blocks_are_kept_or_dropped_by_policy(policy, kept):
    """Comments and application blocks must stay with "keep" and go otherwise; the loop count always stays."""
    source = with_blocks(other_program(moving(12)))

    versions = list(GIF.lossless.versions(source, policy, b""))

    assert versions
    for version in versions:
        assert (XMP in version, COMMENT in version) == (kept, kept)
        assert b"NETSCAPE2.0\x03\x01\x00\x00" in version
        assert shows_exactly(version, read(source))


@pytest.mark.skipif(shutil.which("gifsicle") is None, reason="gifsicle is not on this machine")
def test_another_decoder_sees_the_same():
    """Gifsicle, which shares no code with Pillow, must decode the same frames."""
    frames = moving(8)
    data = at(LOSSLESS, frames)

    done = subprocess.run(["gifsicle", "--unoptimize"], input=data, capture_output=True, check=True)

    assert done.stderr == b""
    assert visible(read(done.stdout)) == visible(frames)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 1500), st.binary(min_size=1, max_size=3)), max_size=4), st.integers(0, 1500))
def test_damaged_files_raise_nothing_but_refusals(damages, cut):
    """A damaged file must be refused with UnsupportedImage, or its versions must show what Pillow shows of it."""
    data = bytearray(with_blocks(other_program(moving(3, (24, 16)))))
    for place, damage in damages:
        data[place : place + len(damage)] = damage
    broken = bytes(data[: max(20, len(data) - max(0, cut - 1200))])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            versions = list(GIF.lossless.versions(broken, "strip", b""))
        except UnsupportedImage:
            return
        source = read(broken) if versions else None
        assert all(visible(read(version)) == visible(source) for version in versions)


def test_hostile_files_are_refused_with_a_reason_or_kept_exact(corpus):
    """Hostile files must be refused or kept exact: no other exception, no wrong file."""
    refused, exact = [], 0

    for path in sorted((corpus / "hostile").rglob("*.gif")):
        if path.stat().st_size > 200_000:
            continue
        data = path.read_bytes()
        try:
            versions = list(GIF.lossless.versions(data, "keep", b""))
        except UnsupportedImage:
            refused.append(path.name)
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert all(shows_exactly(version, read(data)) for version in versions), path.name
        exact += bool(versions)

    assert exact >= 8
    assert {"zero_width.gif", "decompression_bomb.gif"} <= set(refused)


def test_real_animations_keep_every_frame(corpus):
    """Real animations must keep every frame and become smaller by at least 4 % in total."""
    before = after = 0

    for path in sorted((corpus / "train" / "animated").glob("opencv*.gif")):
        data = path.read_bytes()
        versions = list(GIF.lossless.versions(data, "strip", b""))
        assert versions
        assert shows_exactly(versions[-1], read(data)), path.name
        before, after = before + len(data), after + len(versions[-1])

    assert after < 0.96 * before

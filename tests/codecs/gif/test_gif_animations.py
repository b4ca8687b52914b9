"""GIF and animated WebP: every frame keeps its duration, and the animation its loop count, at every quality."""

from __future__ import annotations

import shutil
import subprocess
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import bytefit
from bytefit.codecs.gif.blocks import comment_block, other_blocks
from bytefit.codecs.gif.codec import GIF
from bytefit.codecs.padding import pad
from bytefit.codecs.preparing import prepare
from bytefit.codecs.webp.codec import WEBP
from bytefit.pictures.frames import Frames, frames_of
from images import noise

SIZE = (12, 9)
COLOURS = ((255, 0, 0, 255), (0, 0, 255, 255), (250, 250, 250, 255), (0, 0, 0, 0))


def frame(cells):
    """Return an image of coloured cells, some of which may be transparent."""
    picture = Image.new("RGBA", SIZE)
    for place, colour in enumerate(cells):
        left, top = place % 4 * 3, place // 4 * 3
        picture.paste(COLOURS[colour], (left, top, left + 3, top + 3))
    return picture


pictures = st.lists(st.integers(0, 3), min_size=12, max_size=12).map(frame)
animations = st.lists(st.tuples(pictures, st.integers(0, 40)), min_size=2, max_size=6)


def read_back(data):
    """Return the frames of a file."""
    with Image.open(BytesIO(data)) as image:
        return frames_of(image)


def visible(frames):
    """Return the pixels of every frame, with all transparent pixels alike."""
    whole = (picture.convert("RGBA") for picture in frames.pictures)
    return [
        Image.composite(picture, Image.new("RGBA", picture.size), picture.getchannel("A")).tobytes()
        for picture in whole
    ]


@given(animations, st.sampled_from([0, 1, 2, 7]))
@settings(deadline=None)
def test_gif_without_loss_shows_the_same(shown, loop):
    """Lossless GIF must keep pixels, transparency, durations and loop count, with repeated frames too."""
    frames = Frames(tuple(picture for picture, _ in shown), tuple(10 * time for _, time in shown), loop=loop)

    again = read_back(GIF.encode(frames, {}))

    assert visible(again) == visible(frames)
    assert again.durations == frames.durations
    assert again.loop == loop


# Cells that change, and their new colours: one picture after the other.
changes = st.lists(st.dictionaries(st.integers(0, 11), st.integers(0, 3), max_size=3), min_size=1, max_size=8)


@given(st.lists(st.integers(0, 3), min_size=12, max_size=12), changes, st.booleans())
@settings(deadline=None)
def test_what_does_not_change_from_frame_to_frame_is_shown_as_well(cells, changed, quick):
    """Only the part of a picture that differs from the one before is looked at; the rest must be there already."""
    all_cells = [cells]
    for change in changed:
        all_cells.append([change.get(place, colour) for place, colour in enumerate(all_cells[-1])])
    frames = Frames(tuple(map(frame, all_cells)), (50,) * len(all_cells), loop=0)

    again = read_back(GIF.encode(frames, {"quick": quick}))

    assert visible(again) == visible(frames)


@pytest.mark.parametrize("quality", [25, 50, 90])
def test_a_quick_encode_shows_the_same_in_hardly_more_bytes(quality):
    """It predicts the size of the encode that tries every way to store a frame."""
    frames = Frames(tuple(noise((40, 30), "L").rotate(turn) for turn in range(0, 40, 10)), (50,) * 4, loop=0)
    frames = prepare(GIF, frames)
    setting = GIF.setting(quality, "RGB")

    whole, quick = GIF.encode(frames, setting), GIF.encode(frames, {**setting, "quick": True})

    assert len(whole) <= len(quick) < 1.15 * len(whole)
    assert visible(read_back(quick)) == visible(read_back(whole))


@given(animations, st.sampled_from(GIF.ladder))
@settings(deadline=None)
def test_every_rung_of_gif_keeps_frames_and_times(shown, quality):
    """A lower quality must cost colours only, never frames or durations."""
    frames = Frames(tuple(picture for picture, _ in shown), tuple(10 * time for _, time in shown), loop=0)

    again = read_back(GIF.encode(frames, GIF.setting(quality, "RGBA")))

    assert again.durations == frames.durations
    assert again.size == frames.size


@given(animations, st.sampled_from([0, 1, 3]))
@settings(deadline=None)
def test_webp_keeps_frames_that_look_alike(shown, loop):
    """Repeated frames, which libwebp merges, must be inserted again with their durations."""
    frames = Frames(tuple(picture for picture, _ in shown), tuple(10 + time for _, time in shown), loop=loop)

    again = read_back(WEBP.encode(frames, {"quality": 50}))

    assert again.durations == frames.durations
    assert again.loop == loop


def test_rounded_durations_keep_pace():
    """The rounding error of a duration must be carried over to the next frame."""
    still = frame([0] * 12)
    frames = Frames((still,) * 30, (33.3,) * 30, loop=0)

    again = read_back(GIF.encode(frames, {}))

    assert sum(again.durations) == pytest.approx(999, abs=10)
    assert set(again.durations) == {30, 40}


def test_comments_and_application_blocks_stay():
    """Metadata blocks must stay byte for byte, unless the policy drops them; padding must go."""
    frames = Frames((frame([0] * 12), frame([1] * 12)), (100, 100), loop=0)
    blocks = comment_block(b"by hand") + b"\x21\xff\x0bXMP DataXMP\x03abc\x00"
    data = GIF.encode(frames, {"extra": blocks})
    data = pad(data, GIF, len(data) + 500)  # the lossless versions drop the padding

    assert other_blocks(data) == blocks
    assert other_blocks(next(GIF.lossless.versions(data, "keep", b""))) == blocks
    assert other_blocks(next(GIF.lossless.versions(data, "strip", b""))) == b""


@pytest.mark.skipif(shutil.which("gifsicle") is None, reason="gifsicle is not installed")
@pytest.mark.parametrize("quality", [20, 63.2, 90, 100])
def test_another_decoder_reads_every_rung(quality, tmp_path):
    """Gifsicle must read every frame and the loop count without a warning."""
    frames = Frames(tuple(frame([index % 3, *[2] * 11]) for index in range(8)), (50,) * 8, loop=3)
    path = tmp_path / "moving.gif"
    path.write_bytes(GIF.encode(frames, GIF.setting(quality, "RGB")))

    done = subprocess.run(["gifsicle", "--info", str(path)], capture_output=True, text=True, check=True)

    assert done.stderr == ""
    assert "8 images" in done.stdout
    assert "loop count 2" in done.stdout


def test_a_gif_is_fitted_in_place(tmp_path):
    """A GIF must be fitted in place like any other file, and keep its durations and its loop count."""
    noise = Image.effect_noise((80, 60), 60).convert("RGB")
    frames = Frames(tuple(noise.rotate(7 * turn) for turn in range(8)), (70,) * 8, loop=0)
    path = tmp_path / "moving.gif"
    path.write_bytes(GIF.encode(frames, {}))

    outcome = bytefit.compress_file(path, path.stat().st_size // 2)

    again = read_back(path.read_bytes())
    assert outcome.fits
    assert again.durations == frames.durations
    assert again.loop == 0


def test_frames_are_dropped_where_that_is_allowed():
    """Frames may be dropped only with `allow_frame_drop`, and the total duration must stay."""
    noise = Image.effect_noise((60, 40), 90).convert("RGB")
    frames = Frames(tuple(noise.rotate(40 * turn) for turn in range(9)), (70,) * 9, loop=0)
    smallest = len(GIF.encode(frames, GIF.setting(GIF.ladder[0], "RGB")))
    budget = smallest * 2 // 3

    with pytest.raises(bytefit.BudgetUnreachable):
        bytefit.compress(frames, budget, format="GIF")
    result = bytefit.compress(frames, budget, format="GIF", allow_frame_drop=True)

    again = read_back(result.data)
    assert result.fits
    assert result.frames == len(again.pictures) < 9
    assert sum(again.durations) == 9 * 70

"""Animations and pages: no frame is dropped, and no time changed."""

from __future__ import annotations

import pytest

import bytefit
from animations import TIMES, moving, timing
from bytefit import BudgetUnreachable, ConfigError, UnsupportedImage
from bytefit.codecs.codec import LOSSLESS
from images import encoded, exif, flat, in_mode, opened, photograph, screenshot
from outcomes import fresh

each_animated = pytest.mark.parametrize("wanted", ["WEBP", "AVIF", "PNG"])


@each_animated
@pytest.mark.parametrize("codec_format", ["GIF", "WEBP", "PNG", "AVIF"])
def test_animations_keep_their_frames_and_times(tmp_path, codec_format, wanted):
    """Frames, times and repetitions must survive from every format to every other, from a file and an opened image."""
    size, budget = ((16, 10), 1000) if wanted == "PNG" else ((48, 32), 6000)  # palettes are found fast of few colours
    data = moving(codec_format, size=size, loop=0 if wanted == "AVIF" else 2)
    path = tmp_path / "moving.img"
    path.write_bytes(data)

    from_path = bytefit.compress(path, budget, format=wanted)
    from_image = bytefit.compress(fresh(data), budget, format=wanted)

    loop, times = timing(from_path.data)
    # libavif writes the time of day, in seconds, into the header of a sequence.
    assert from_path.size == from_image.size if wanted == "AVIF" else from_path.data == from_image.data
    assert from_path.size <= budget
    assert (from_path.frames, from_path.width, from_path.height) == (3, *size)
    assert times == TIMES
    # GIF counts how often it is repeated; of an AVIF nobody can tell.
    assert "AVIF" in {wanted, codec_format} or loop == (3 if codec_format == "GIF" else 2)


@each_animated
def test_frames_made_by_hand_are_an_animation(wanted):
    """`Frames` of pictures and times must be enough to make an animation of them."""
    size, budget = ((16, 10), 1200) if wanted == "PNG" else ((48, 32), 6000)
    frames = bytefit.Frames(tuple(photograph(size, seed=seed) for seed in range(4)), (50, 50, 50, 1000))

    result = bytefit.compress(frames, budget, format=wanted, slack=0)

    assert result.fits
    assert result.proven
    assert result.frames == 4
    assert timing(result.data)[1] == [50, 50, 50, 1000]
    with pytest.raises(ConfigError, match="no format to write"):
        bytefit.compress(frames, 6000)


@pytest.mark.parametrize(
    ("wanted", "options"),
    [
        *((wanted, {"exact": True}) for wanted in ("WEBP", "AVIF", "PNG")),
        *(("WEBP", {"effort": "fast"}), ("AVIF", {"effort": "fast"}), ("WEBP", {"slack": 0})),
    ],
    ids=str,
)
def test_animations_take_the_options_of_pictures(wanted, options):
    """Padding, efforts and a proven answer must work for animations as for pictures, with every frame's time."""
    result = bytefit.compress(fresh(moving("WEBP", quality=95, loop=0)), 5000, format=wanted, **options)

    assert result.size <= 5000
    assert result.size == 5000 or "exact" not in options
    assert result.proven or "slack" not in options
    assert timing(result.data)[1] == TIMES


@each_animated
def test_animations_are_resized_as_one(wanted):
    """All frames must be resized, and none dropped."""
    result = bytefit.compress(fresh(moving("WEBP", loop=0)), 5000, format=wanted, resize=True, max_width=24)

    assert (result.width, result.height, result.frames) == (24, 16, 3)
    assert opened(result.data).size == (24, 16)
    assert timing(result.data)[1] == TIMES


@each_animated
def test_animations_that_cannot_fit_say_so(wanted):
    """Where an animation does not fit, no frame may be dropped: also the smallest file must have all of them."""
    data = moving("WEBP", size=(16, 10), loop=0)

    with pytest.raises(BudgetUnreachable) as caught:
        bytefit.compress(fresh(data), 100, format=wanted)

    result = bytefit.compress(fresh(data), 100, format=wanted, on_unreachable="smallest")
    assert (result.size, result.frames) == (caught.value.smallest, 3)
    assert timing(result.data)[1] == TIMES


@pytest.mark.parametrize("wanted", ["JPEG", "JPEG2000", "TIFF"])
def test_animations_are_not_made_stills(tmp_path, wanted):
    """A format of single pictures must refuse an animation, and take one frame copied out of it."""
    path = tmp_path / "moving.img"
    path.write_bytes(moving("WEBP"))

    with pytest.raises(UnsupportedImage, match=r"3 frames.*one picture: all but one would be lost.*WEBP.*image\.copy"):
        bytefit.compress(path, 9000, format=wanted)
    with pytest.raises(UnsupportedImage, match="3 frames"):
        bytefit.compress(fresh(path.read_bytes()), 9000, format=wanted)
    assert bytefit.compress(fresh(path.read_bytes()).copy(), 9000, format=wanted).frames == 1


def test_pages_are_not_made_an_animation(tmp_path):
    """Pages have no times and may differ in size: only TIFF may hold them."""
    path = tmp_path / "pages.tif"
    path.write_bytes(encoded(photograph(), "TIFF", save_all=True, append_images=[screenshot((64, 96), "L")]))

    for wanted in ("WEBP", "PNG", "JPEG"):
        with pytest.raises(UnsupportedImage, match=r"2 pages.*take TIFF, or a single picture"):
            bytefit.compress(path, "1MB", format=wanted)
    result = bytefit.compress(path, "1MB")
    assert (result.format, result.frames, result.quality) == ("TIFF", 2, LOSSLESS)


@pytest.mark.parametrize("turned", range(10))
def test_an_avif_animation_with_an_orientation_is_refused(turned):
    """Pillow crashes when it writes one, and takes the whole process with it."""
    data = encoded(
        photograph((32, 24)), "WEBP", save_all=True, append_images=[flat((32, 24))], exif=exif(orientation=turned)
    )

    if turned in range(2, 9):
        with pytest.raises(UnsupportedImage, match=r"Pillow crashes .* metadata='strip' turns its frames upright"):
            bytefit.compress(fresh(data), 6000, format="AVIF")
    else:
        assert bytefit.compress(fresh(data), 6000, format="AVIF").frames == 2
    assert bytefit.compress(fresh(data), 6000, format="AVIF", metadata="strip").frames == 2


def test_more_loops_than_webp_counts_are_refused():
    """A GIF that repeats 65,535 times plays once more than WebP can count: another count would be a lie."""
    data = moving("GIF", loop=65_535)

    with pytest.raises(UnsupportedImage, match="at most 65535 times, and this one plays 65536 times; use GIF or PNG"):
        bytefit.compress(fresh(data), 6000, format="WEBP")
    assert bytefit.compress(fresh(moving("GIF", loop=65_534)), 6000, format="WEBP").frames == 3


@pytest.mark.parametrize("mode", ["1", "L", "I", "F", "I;16", "I;16B", "RGB", "CMYK", "LAB"])
def test_pages_of_any_mode_are_fitted_or_refused(mode):
    """Pillow reads the channels of some modes only: no other error than our own may come of that."""
    pages = [in_mode(mode, (24, 16)), in_mode(mode, (16, 24))]
    data = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])

    for options in ({}, {"resize": True}):
        try:
            assert bytefit.compress(fresh(data), 300, **options).frames == 2
        except BudgetUnreachable as error:
            assert error.smallest > 300  # noqa: PT017  (with pages of little in them there is an answer)

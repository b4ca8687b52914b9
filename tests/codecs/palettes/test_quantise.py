"""Palettes: with either quantiser the colours become few, and fully transparent pixels stay so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bytefit.codecs.palettes import quantise as palettes
from bytefit.codecs.palettes.clusters import Clusters
from bytefit.codecs.palettes.quantise import (
    COLOURS,
    Palettes,
    by_imagequant,
    colours_of,
    in_exact_palette,
    quality_of,
    stack_frames,
    unstack_frames,
)
from bytefit.pictures.frames import Frames
from images import flat, graphic, noise, photograph, screenshot

# Little more than 256 colours: finding palettes takes time by their number.
SIZE = (23, 15)


@pytest.fixture(params=[True, False], ids=["imagequant", "Pillow alone"])
def with_imagequant(request, monkeypatch):
    """Run the test with libimagequant (the `png` extra) and without it."""
    if request.param:
        pytest.importorskip("imagequant")
    monkeypatch.setattr(palettes, "_has_imagequant", lambda: request.param)
    return request.param


def colours_in(picture):
    """Return the colours of an image, alpha included; all fully transparent pixels count as one colour."""
    seen = {colour for _, colour in picture.convert("RGBA").getcolors(picture.width * picture.height)}
    return {colour if colour[3] else (0, 0, 0, 0) for colour in seen}


def clear_in(picture):
    """Return a mask of the fully transparent pixels."""
    return picture.convert("RGBA").getchannel("A").point([255] + [0] * 255).tobytes()


def error(picture, version):
    """Return the mean difference of the channels, premultiplied."""
    pixels, others = (image.convert("RGBA").convert("RGBa").tobytes() for image in (picture, version))
    return sum(abs(one - other) for one, other in zip(pixels, others, strict=True)) / len(pixels)


def test_qualities_and_colours_are_each_others_inverse():
    """Each number of colours must have its own quality, from 20 for two colours to 90 for 256."""
    assert [colours_of(quality_of(colours)) for colours in COLOURS] == list(COLOURS)
    assert (quality_of(2), quality_of(256)) == (20, 90)
    assert len({quality_of(colours) for colours in COLOURS}) == len(COLOURS)


@given(st.lists(st.binary(min_size=4, max_size=4), min_size=1, max_size=256), st.data())
def test_an_exact_palette_is_exact(colours, data):
    """An exact palette must keep every pixel, including the colours of fully transparent ones."""
    places = data.draw(st.lists(st.sampled_from(colours), min_size=12, max_size=12))
    picture = Image.frombytes("RGBA", (4, 3), b"".join(places))

    version = in_exact_palette(picture)

    assert (version.mode, version.size) == ("P", (4, 3))
    assert version.convert("RGBA").tobytes() == picture.tobytes()
    assert len(version.getpalette("RGBA")) == 4 * len(set(places))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_any_mode_has_an_exact_palette(mode):
    """An exact palette must show the same image in every mode."""
    picture = screenshot(SIZE).quantize(40).convert(mode)

    assert in_exact_palette(picture).convert("RGBA").tobytes() == picture.convert("RGBA").tobytes()


@pytest.mark.parametrize(("colours", "exact"), [(255, True), (256, True), (257, False)])
def test_more_than_256_colours_have_no_exact_palette(colours, exact):
    """An image of more than 256 colours cannot have an exact palette: an index is one byte."""
    picture = Image.new("RGB", (colours, 1))
    picture.putdata([(place % 256, place // 256, 7) for place in range(colours)])

    assert (in_exact_palette(picture) is not None) == exact


@pytest.mark.usefixtures("with_imagequant")
@pytest.mark.parametrize("colours", [2, 256])
@pytest.mark.parametrize("draw", [photograph, graphic, noise, screenshot], ids=lambda draw: draw.__name__)
def test_there_are_never_more_colours_than_asked_for(draw, colours):
    """The palette must not exceed the number of colours, the transparent entry included."""
    picture = draw(SIZE)

    version = Palettes().quantised(picture, colours)

    assert version.size == picture.size
    assert len(colours_in(version)) <= colours
    assert version.mode == "P" or version is picture
    if version.mode == "P":
        assert max(version.tobytes()) < colours


@pytest.mark.usefixtures("with_imagequant")
@pytest.mark.parametrize(("colours", "dither"), [(2, 1.0), (8, 0.5), (64, 1.0)])
def test_dithering_brings_no_new_colours(colours, dither):
    """Dithering must not add colours to the palette."""
    picture = photograph(SIZE, "RGBA")
    picture.paste((200, 40, 40, 128), (11, 4, 12, 5))

    version = Palettes().quantised(picture, colours, dither=dither)

    assert len(colours_in(version)) <= colours
    assert version.tobytes() != Palettes().quantised(picture, colours).tobytes()


@pytest.mark.usefixtures("with_imagequant")
@pytest.mark.parametrize(("colours", "dither"), [(4, 0.0), (5, 1.0), (8, 0.0), (32, 1.0), (256, 0.0)])
def test_what_is_clear_stays_clear(colours, dither):
    """A transparent background must stay fully transparent: any trace of it is visible on a page."""
    picture = photograph(SIZE, "RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, 7, 7))
    picture.paste((200, 40, 40, 128), (11, 4, 13, 11))

    version = Palettes().quantised(picture, colours, dither=dither)

    pairs = zip(clear_in(picture), clear_in(version), strict=True)
    assert all(after for before, after in pairs if before)
    assert version.convert("RGBA").getpixel((21, 13))[3] == 255


@pytest.mark.usefixtures("with_imagequant")
@pytest.mark.parametrize("colours", [4, 16, 128])
def test_soft_rims_stay_soft(colours):
    """Translucent edges must become neither opaque nor fully transparent."""
    picture = graphic(SIZE)
    column = [(14, row) for row in range(0, SIZE[1], 2)]

    version = Palettes().quantised(picture, colours).convert("RGBA")

    assert len({version.getpixel(place)[3] for place in column}) > 1
    assert error(picture, version) < error(picture, Palettes().quantised(picture, 2))


@pytest.mark.usefixtures("with_imagequant")
def test_what_has_few_colours_is_left_as_it_is():
    """An image that has few colours must be returned unchanged."""
    picture = flat(SIZE)

    assert Palettes().quantised(picture, 2) is picture


@pytest.mark.usefixtures("with_imagequant")
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_more_colours_err_less(mode):
    """More colours must mean less error: the ladder relies on it."""
    picture = photograph(SIZE, mode)
    found = Palettes()
    errors = [error(picture, found.quantised(picture, colours)) for colours in (2, 8, 32, 128)]

    assert errors == sorted(errors, reverse=True)


@pytest.mark.usefixtures("with_imagequant")
def test_the_same_picture_has_the_same_palette():
    """The same image must always get the same palette."""
    first, second = (Palettes().quantised(graphic(SIZE), 20) for _ in range(2))

    assert first.tobytes() == second.tobytes()
    assert first.getpalette("RGBA") == second.getpalette("RGBA")


@pytest.mark.parametrize(("colours", "factor"), [(16, 2.0), (256, 0.8)])
def test_imagequant_is_taken_where_it_does_clearly_better(colours, factor, monkeypatch):
    """The result of libimagequant must be used only if it is clearly better."""
    pytest.importorskip("imagequant")
    picture = photograph(SIZE)
    own = Clusters(picture).version(colours)
    other = by_imagequant(picture, colours, dither=0.5 if colours == 256 else 0)
    costs = {own.tobytes(): 1.0, other.tobytes(): factor * 0.99}

    monkeypatch.setattr(palettes, "_has_imagequant", lambda: True)
    monkeypatch.setattr(
        palettes, "_rate_distortion_cost", lambda _, version: {True: 1.0, False: 2.0}[version.tobytes() == preferred]
    )
    monkeypatch.setattr(palettes, "mean_error", lambda _, bands: costs[b"".join(band.tobytes() for _, band in bands)])
    preferred = by_imagequant(picture, 64).tobytes()

    assert Palettes().quantised(picture, colours).tobytes() == other.tobytes()

    preferred = Clusters(picture).version(64).tobytes()
    costs[other.tobytes()] = factor * 1.01
    assert Palettes().quantised(picture, colours).tobytes() == own.tobytes()


@pytest.mark.usefixtures("with_imagequant")
def test_what_was_found_is_found_once(monkeypatch):
    """A trial must reuse what the probe found; another image must start afresh."""
    first, second = photograph(SIZE), photograph(SIZE, seed=2)
    found = Palettes()

    version = found.quantised(first, 16)
    with monkeypatch.context() as patched:
        patched.setattr(palettes, "Clusters", None)  # nothing may be clustered again
        patched.setattr(palettes, "by_imagequant", None)
        assert found.quantised(first, 16) is version

    assert found.quantised(first, 8) is not version
    assert found.quantised(second, 16).tobytes() != version.tobytes()


@pytest.mark.usefixtures("with_imagequant")
def test_frames_share_one_palette():
    """All frames together must have at most the given number of colours."""
    pictures = tuple(photograph((12, 8), seed=seed) for seed in range(3))
    frames = Frames(pictures, (10, 20, 30), loop=2)

    version = Palettes().quantised(frames, 12)

    assert (version.durations, version.loop, len(version.pictures)) == ((10, 20, 30), 2, 3)
    assert len(set.union(*(colours_in(picture) for picture in version.pictures))) <= 12
    assert len({bytes(picture.getpalette()) for picture in version.pictures}) == 1
    for place, picture in enumerate(version.pictures):
        assert error(pictures[place], picture) < min(
            error(other, picture) for other in pictures if other is not pictures[place]
        )


def test_stacked_frames_are_unstacked():
    """Stacking and unstacking must return the same frames in the same order."""
    frames = Frames(tuple(noise((5, 3), "RGBA", seed=seed) for seed in range(4)), (10,) * 4)

    again = unstack_frames(stack_frames(frames), frames)

    assert stack_frames(frames).size == (5, 12)
    assert [picture.tobytes() for picture in again.pictures] == [picture.tobytes() for picture in frames.pictures]


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize(("colours", "dither"), [(256, 0.5), (40, 0), (3, 1)])
def test_rows_make_what_all_bytes_at_once_make(mode, colours, dither):
    """Giving libimagequant single rows saves memory, and must change no pixel."""
    imagequant = pytest.importorskip("imagequant")
    picture = graphic(SIZE).convert(mode)

    version = by_imagequant(picture, colours, dither=dither)

    data = picture.convert("RGBA").tobytes()
    indices, entries = imagequant.quantize_raw_rgba_bytes(data, *SIZE, dithering_level=dither, max_colors=colours)
    assert version.mode == "P"
    assert version.tobytes() == bytes(indices)
    opaque = mode in {"L", "RGB"}
    assert not opaque or bytes(entries).startswith(bytes(version.getpalette("RGBA"))[: 4 * len(set(indices))])

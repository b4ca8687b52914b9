"""Transparency on a background of one colour: every mode, animations, and what stays as it is."""

from __future__ import annotations

import pytest
from PIL import Image

from bytefit.pictures.flattening import flattened
from bytefit.pictures.frames import Frames
from images import ALPHA_MODES, graphic, in_mode, photograph

HALF = 128


def clear(mode):
    """Return a picture of a mode that is transparent on its left half, opaque and black on its right one."""
    picture = Image.new("RGBA", (8, 4), (0, 0, 0, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 4, 4))
    if mode in {"La", "RGBa"}:
        return picture.convert(mode.upper()).convert(mode)
    if mode == "PA":
        made = Image.new("PA", (8, 4))
        made.putalpha(picture.getchannel("A"))
        return made
    return picture.convert(mode)


@pytest.mark.parametrize("mode", ALPHA_MODES)
@pytest.mark.parametrize(("background", "colour"), [("white", (255,) * 3), ("#f00", (255, 0, 0))])
def test_every_kind_of_alpha_shows_the_background(mode, background, colour):
    """Whatever shows through must be the colour that was asked for, and opaque pixels must not move."""
    flat = flattened(clear(mode), background)

    assert not flat.has_transparency_data
    assert flat.convert("RGB").getpixel((1, 1)) == colour
    assert flat.convert("RGB").getpixel((6, 1)) == (0, 0, 0)
    assert flat.mode == ("L" if mode in {"LA", "La"} and background == "white" else "RGB")


@pytest.mark.parametrize(("mode", "key"), [("P", 0), ("L", 0), ("1", 0), ("RGB", (0, 0, 0))])
def test_a_transparent_colour_becomes_the_background(mode, key):
    """GIF and PNG may mark one colour as transparent instead of having an alpha channel."""
    picture = Image.new(mode, (8, 4))
    picture.info["transparency"] = key

    flat = flattened(picture, "rgb(10, 200, 30)")

    assert flat.convert("RGB").getpixel((3, 3)) == (10, 200, 30)
    assert not flat.has_transparency_data


def test_half_of_each_is_their_mean():
    """Samples are mixed as browsers mix them."""
    picture = Image.new("RGBA", (4, 4), (0, 100, 200, HALF))

    flat = flattened(picture, "white")

    assert flat.getpixel((0, 0)) == tuple(round((c * HALF + 255 * (255 - HALF)) / 255) for c in (0, 100, 200))


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK", "I;16", "P"])
def test_an_opaque_image_is_the_same_object(mode):
    """Nothing may be copied or converted where nothing shows through."""
    picture = in_mode(mode)

    assert flattened(picture, "white") is picture


def test_frames_are_flattened_one_by_one():
    """All frames need one mode, and none may be taken for transparent afterwards."""
    frames = Frames([graphic((32, 24)), photograph((32, 24), "RGBA")], (40, 40), 0, "PNG", {"transparency": 3})

    flat = flattened(frames, "white")

    assert [picture.mode for picture in flat.pictures] == ["RGB", "RGB"]
    assert not flat.has_transparency_data
    assert "transparency" not in flat.info
    assert flat.durations == frames.durations

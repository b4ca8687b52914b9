"""Scaling works on colours, whatever the mode of a picture."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw, ImageStat

from bytefit.pictures.frames import Frames
from bytefit.pictures.scaling import scaled
from images import flat, in_mode, photograph, screenshot


def hairlines():
    """Return black lines of one pixel on white, every eighth row."""
    picture = Image.new("1", (160, 120), 1)
    for row in range(1, 120, 8):
        ImageDraw.Draw(picture).line((0, row, 160, row), fill=0)
    return picture


def test_hairlines_become_grey_and_stay():
    """Nearest neighbour dropped every line of a scan; each must darken the row it falls into."""
    small = scaled(hairlines(), (40, 30))

    assert small.mode == "L"
    assert ImageStat.Stat(small).mean[0] == pytest.approx(255 * 7 / 8, abs=3)


@pytest.mark.parametrize(
    ("mode", "transparent", "grey", "becomes"),
    [
        ("RGB", False, True, "RGB"),
        ("RGB", True, True, "RGBA"),
        ("L", False, True, "L"),
        ("L", False, False, "RGB"),
        ("L", True, True, "LA"),
    ],
)
def test_palettes_become_colours(mode, transparent, grey, becomes):
    """A palette picture must be scaled like the colours it shows, and be grey only if they are and may be."""
    source = photograph((60, 40)).convert(mode).quantize(32)
    shown = source.convert("RGB")
    if transparent:
        source.info["transparency"] = 0
        shown = source.convert("RGBA")

    small = scaled(source, (30, 20), grey=grey)

    assert small.mode == becomes
    assert small.convert(shown.mode).tobytes() == pytest.approx(
        shown.resize((30, 20), Image.Resampling.LANCZOS, reducing_gap=3.0).tobytes(), abs=1
    )


def test_hidden_colours_do_not_bleed():
    """Colours of fully transparent pixels must not show at the rim of what is visible."""
    picture = Image.new("RGBA", (40, 40), (255, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (10, 10, 31, 31))

    small = scaled(picture, (13, 13))

    assert {colour[:3] for _, colour in small.getcolors() if colour[3]} == {(0, 0, 255)}


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I;16L", "I", "F", "CMYK", "YCbCr", "LAB", "RGBX", "1", "P", "PA"])
def test_every_mode_is_scaled(mode):
    """Pillow cannot reduce samples of 16 bits in two steps: the error it raises must not reach anybody."""
    assert scaled(in_mode(mode, (64, 48)), (8, 6)).size == (8, 6)


def test_pages_keep_their_proportions():
    """Pages of other dimensions were squeezed into those of the first one."""
    pages = Frames((photograph((80, 40)), screenshot((40, 80), "1")))

    assert [page.size for page in scaled(pages, (40, 20)).pictures] == [(40, 20), (20, 40)]


def test_an_empty_first_frame_does_not_stand_for_an_animation():
    """Many animations begin with one colour: what is predicted from it would be wrong for all other frames."""
    frames = Frames((flat((8, 8)), flat((8, 8)), photograph((8, 8)), flat((8, 8))), (50,) * 4)

    assert frames.typical is frames.pictures[2]
    assert frames.excerpt(range(2, 4)).typical is frames.pictures[2]

"""Boxes: what dimensions pictures come to, which part of them is kept, and what is put around them."""

from __future__ import annotations

import pytest
from PIL import Image

from bytefit.errors import UnsupportedImage
from bytefit.options.box import parse_box
from bytefit.options.table import FITS
from bytefit.pictures.boxing import Framing, boxed
from bytefit.pictures.frames import Frames
from images import MODES, in_mode, photograph

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def stripes(colours=(RED, GREEN, BLUE), width=40, height=60):
    """Return stripes of one colour each, from left to right."""
    picture = Image.new("RGB", (width * len(colours), height))
    for place, colour in enumerate(colours):
        picture.paste(colour, (place * width, 0, (place + 1) * width, height))
    return picture


def framing(box, fit="cover", **options):
    """Return how pictures are brought into a box."""
    return Framing(parse_box(box), fit, **options)


@pytest.mark.parametrize(
    ("box", "fit", "size"),
    [
        ("50x40", "cover", (50, 40)),
        ("50x40", "contain", (50, 40)),
        ("50x40", "inside", (50, 25)),
        ("50x40", "stretch", (50, 40)),
        ((50, 40), "cover", (50, 40)),
        ("30x", "cover", (30, 15)),
        ("x30", "stretch", (60, 30)),
        ("x30", "inside", (60, 30)),
        ("200x", "inside", (120, 60)),
        ("1:1", "cover", (60, 60)),
        ("4:1", "cover", (120, 30)),
        ("1:1", "contain", (120, 120)),
        ("4:1", "contain", (240, 60)),
        ("300x300", "contain", (300, 300)),
    ],
)
def test_a_box_decides_the_dimensions(box, fit, size):
    """A form that asks for 413x531 refuses 413x532; a shape leaves the picture as large as it can be."""
    assert boxed(stripes(), framing(box, fit, background="white")).size == size


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("mode", MODES)
def test_every_mode_comes_into_a_box(mode, fit):
    """A palette, one bit or sixteen must be scaled by colours; what cannot be padded is refused and not drawn wrong."""
    picture = in_mode(mode)
    if fit == "contain" and mode in {"LAB", "I", "F"}:
        with pytest.raises(UnsupportedImage, match=f"cannot pad mode {mode}: convert the picture to RGB first"):
            boxed(picture, framing("20x20", fit, background="white"))
        return

    made = boxed(picture, framing("20x20", fit, background="white"))

    assert made.size == ((20, 15) if fit == "inside" else (20, 20))
    if fit == "contain" and mode not in {"HSV", "YCbCr", "I;16L", "I;16N"}:
        made = made.convert("LA") if mode == "La" else made
        corner = made.convert("RGB" if not mode.startswith("I") else "I").getpixel((0, 0))
        assert corner == (65_535 if mode.startswith("I") else (255, 255, 255))


def test_a_picture_of_the_right_dimensions_stays_the_same_object():
    """Otherwise every run would encode a file again that is as it should be."""
    picture = stripes()
    frames = Frames((picture, picture), (40.0, 40.0))

    for box, fit in (("120x60", "cover"), ("120x60", "contain"), ("500x500", "inside"), ("2:1", "cover")):
        assert boxed(picture, framing(box, fit)) is picture
        assert boxed(frames, framing(box, fit)) is frames


@pytest.mark.parametrize(
    ("focus", "colour"), [((0.5, 0.5), GREEN), ((0, 0.5), RED), ((1, 1), BLUE), ((0.2, 0.1), RED), ((0.8, 0), BLUE)]
)
@pytest.mark.parametrize("box", ["40x60", "20x30"])
def test_the_focus_decides_what_is_kept(box, focus, colour):
    """The point is in the middle of what is kept, as far as the edges allow; scaled or not."""
    made = boxed(stripes(), framing(box, focus=focus))

    assert made.size == parse_box(box)[:2]
    assert made.getpixel((made.width // 2, made.height // 2)) == colour


def test_what_is_only_cut_off_is_not_resampled():
    """Pixels that stay have to be the very pixels: half a pixel of shift would blur all of them."""
    picture = photograph((121, 60))

    for box in ("60x60", "1:1"):
        made = boxed(picture, framing(box))
        assert made.tobytes() == picture.crop((30, 0, 90, 60)).tobytes()


def test_padding_is_around_the_whole_picture_and_has_the_background():
    """All of the picture is there, in the middle, in its shape."""
    made = boxed(stripes(), framing("60x60", "contain", background="#ffcc00"))

    yellow = (255, 204, 0)
    assert [made.getpixel((30, row)) for row in (0, 14, 30, 45, 59)] == [yellow, yellow, GREEN, yellow, yellow]
    assert made.getpixel((0, 30)) == RED


def test_padding_without_a_background_is_transparent():
    """A sticker has nothing around it."""
    made = boxed(stripes(), framing("60x60", "contain"))

    assert made.mode == "RGBA"
    assert made.getpixel((30, 0))[3] == 0
    assert made.getpixel((30, 30)) == (*GREEN, 255)


def test_a_transparent_colour_does_not_blur():
    """It stands for nothing: mixed with its neighbours it would show as a halo."""
    picture = stripes()
    picture.info["transparency"] = GREEN

    made = boxed(picture, framing("30x20"))

    assert made.mode == "RGBA"
    assert "transparency" not in made.info
    assert made.getpixel((15, 10))[3] == 0


@pytest.mark.parametrize(("fit", "box"), [("cover", "121x60"), ("stretch", "10x61"), ("cover", "500x")])
def test_nothing_is_enlarged_unless_that_is_allowed(fit, box):
    """Enlarged pictures look worse and are refused by some forms; who wants it has to say so."""
    with pytest.raises(UnsupportedImage, match=r"120x60 pixels, fewer than the box .*: allow enlarge, or give a"):
        boxed(stripes(), framing(box, fit))

    made = boxed(stripes(), framing(box, fit, enlarge=True))
    assert made.width >= 10
    assert made.height >= 60


def test_inside_and_contain_enlarge_only_where_that_is_allowed():
    """A small picture is left as it is, or put into the middle as it is."""
    picture = stripes()

    assert boxed(picture, framing("240x240", "inside")).size == (120, 60)
    assert boxed(picture, framing("240x240", "inside", enlarge=True)).size == (240, 120)
    for enlarge, height in ((False, 60), (True, 120)):
        made = boxed(picture, framing("240x240", "contain", background="white", enlarge=enlarge))
        column = [made.getpixel((120, row)) for row in range(240)]
        assert column.count(GREEN) == height


def test_every_frame_and_every_page_comes_into_the_box():
    """Frames keep their times; pages of other dimensions come to the same ones."""
    frames = Frames((stripes(), stripes((BLUE, RED, GREEN))), (40.0, 80.0), 3)
    pages = Frames((stripes(), stripes((RED,))))

    made, paged = (boxed(image, framing("30x30")) for image in (frames, pages))

    assert [picture.size for picture in (*made.pictures, *paged.pictures)] == [(30, 30)] * 4
    assert (made.durations, made.loop) == ((40.0, 80.0), 3)
    assert [picture.getpixel((15, 15)) for picture in made.pictures] == [GREEN, RED]

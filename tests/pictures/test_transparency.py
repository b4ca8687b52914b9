"""Whether anything shows through an image, in every mode that can hold transparency."""

from __future__ import annotations

import pytest
from PIL import Image

from bytefit.pictures.transparency import is_opaque, without_alpha
from images import photograph

COLOUR = photograph((24, 16))
GREY = COLOUR.convert("L").point(lambda value: max(1, value))


def with_info(image, transparency):
    """Return an image with a transparent colour in its `info`."""
    image = image.copy()
    image.info["transparency"] = transparency
    return image


def with_a_hole(image):
    """Return an image with one pixel that is a little transparent."""
    holed = image.copy()
    alpha = image.getchannel(len(image.getbands()) - 1)
    alpha.putpixel((5, 5), 254)
    holed.putalpha(alpha)
    return holed


OPAQUE = {
    "RGBA": COLOUR.convert("RGBA"),
    "LA": GREY.convert("LA"),
    "La": GREY.convert("LA").convert("La"),
    "RGBa": COLOUR.convert("RGBA").convert("RGBa"),
    "PA": COLOUR.quantize(16).convert("PA"),
    "P with an unused index": with_info(COLOUR.quantize(16), 200),
    "P with opaque bytes": with_info(COLOUR.quantize(16), b"\xff" * 16),
    "P with a palette of RGBA": COLOUR.convert("RGBA").quantize(16),
    "L with an unused grey": with_info(GREY, 0),
    "RGB with an unused colour": with_info(COLOUR.point(lambda value: max(1, value)), (0, 0, 0)),
    "1 with an unused colour": with_info(Image.new("1", (24, 16), 1), 0),
}
TRANSPARENT = {
    "RGBA": with_a_hole(OPAQUE["RGBA"]),
    "LA": with_a_hole(OPAQUE["LA"]),
    "La": with_a_hole(OPAQUE["LA"]).convert("La"),
    "RGBa": with_a_hole(OPAQUE["RGBA"]).convert("RGBa"),
    "P with a used index": with_info(COLOUR.quantize(16), COLOUR.quantize(16).getpixel((0, 0))),
    "P with bytes": with_info(COLOUR.quantize(16), b"\xfe" * 16),
    "L with a used grey": with_info(GREY, GREY.getpixel((0, 0))),
    "RGB with a used colour": with_info(COLOUR, COLOUR.getpixel((0, 0))),
    "I;16": with_info(Image.new("I;16", (4, 4)), 7),
}


@pytest.mark.parametrize("image", OPAQUE.values(), ids=OPAQUE)
def test_an_image_without_a_transparent_pixel_is_opaque(image):
    """A mode that could hold transparency is none."""
    assert image.has_transparency_data
    assert is_opaque(image)


@pytest.mark.parametrize("image", TRANSPARENT.values(), ids=TRANSPARENT)
def test_one_transparent_pixel_is_transparency(image):
    """One pixel that is hardly transparent would be lost, so it counts. What cannot be told counts, too."""
    assert not is_opaque(image)


@pytest.mark.parametrize("image", OPAQUE.values(), ids=OPAQUE)
def test_an_opaque_image_loses_nothing_without_its_alpha(image):
    """The colours of every pixel must stay, and grey must stay grey."""
    plain = without_alpha(image)

    assert not plain.has_transparency_data
    assert plain.mode == ("L" if image.mode in {"1", "L", "LA", "La"} else "RGB")
    straight = image if image.mode in {"LA", "RGBA"} else image.convert("LA" if image.mode == "La" else "RGBA")
    assert plain.convert("RGB").tobytes() == straight.convert("RGBA").convert("RGB").tobytes()

"""Colour profiles made of gamma and primaries: Pillow's colour management (Little CMS) reads them as they are meant."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image, ImageCms

from bytefit.codecs.colour_profiles import SRGB, Primaries, for_colours, gamma_curve, is_srgb, profile
from images import icc_profile

# From Adobe RGB (1998) to XYZ, and from there to sRGB, both for D65 (Lindbloom, "RGB/XYZ Matrices").
OF_ADOBE_RGB = ((0.5767309, 0.1855540, 0.1881852), (0.2973769, 0.6273491, 0.0752741), (0.0270343, 0.0706872, 0.9911085))
TO_SRGB = ((3.2404542, -1.5371385, -0.4985314), (-0.9692660, 1.8760108, 0.0415560), (0.0556434, -0.2040259, 1.0572252))
ADOBE_RGB = Primaries((0.3127, 0.329), (0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
DISPLAY_P3 = Primaries((0.3127, 0.329), (0.68, 0.32), (0.265, 0.69), (0.15, 0.06))


def in_srgb(samples, made, mode="RGB"):
    """Return a colour converted to sRGB by a profile."""
    image = Image.new(mode, (1, 1), samples)
    source = ImageCms.ImageCmsProfile(BytesIO(made))
    return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB").getpixel((0, 0))


def times(matrix, vector):
    """Return a matrix times a vector."""
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def encoded_srgb(light):
    """Return the sample of sRGB for a share of light (IEC 61966-2-1)."""
    return round(255 * (12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055))


@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.2, 2.6])
@pytest.mark.parametrize("sample", [0, 16, 64, 128, 200, 255])
@pytest.mark.parametrize("grey", [False, True])
def test_a_gamma_means_what_its_formula_says(gamma, sample, grey):
    """Light is the sample to the power of gamma: a viewer must show that within a level or two."""
    expected = encoded_srgb((sample / 255) ** gamma)
    made = profile(gamma_curve(gamma), grey=grey)

    found = in_srgb(sample, made, "L") if grey else in_srgb((sample,) * 3, made)

    assert found == pytest.approx((expected,) * 3, abs=2)


@pytest.mark.parametrize("primaries", [SRGB, ADOBE_RGB, DISPLAY_P3])
def test_white_stays_white(primaries):
    """White adapted to the profile's white point must come out without a cast."""
    assert in_srgb((255, 255, 255), profile(gamma_curve(2.2), primaries)) == pytest.approx((255,) * 3, abs=1)


@pytest.mark.parametrize("samples", [(200, 120, 60), (100, 150, 100), (90, 90, 200)])
def test_primaries_move_colours(samples):
    """Adobe RGB's samples are stronger colours in sRGB: by the published matrices, within two levels."""
    light = [(sample / 255) ** 2.2 for sample in samples]
    linear = times(TO_SRGB, times(OF_ADOBE_RGB, light))
    expected = [encoded_srgb(min(1, max(0, share))) for share in linear]

    assert in_srgb(samples, profile(gamma_curve(2.2), ADOBE_RGB)) == pytest.approx(expected, abs=2)


def test_primaries_of_srgb_are_recognised():
    """Encoders write them with three to five digits, and sRGB needs no profile."""
    assert is_srgb(Primaries((0.31270, 0.32900), (0.64, 0.33), (0.30, 0.60), (0.15, 0.06)))
    assert not is_srgb(ADOBE_RGB)


@pytest.mark.parametrize(
    "primaries",
    [
        Primaries((0.3127, 0.329), (0.2, 0.2), (0.2, 0.2), (0.2, 0.2)),
        Primaries((0.3127, 0.0), (0.64, 0.33), (0.3, 0.6), (0.15, 0.06)),
        Primaries((0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (0.0, 0.0)),
    ],
)
def test_primaries_of_no_image_are_refused(primaries):
    """Files in the wild hold zeros: that is an error of its own kind, not a division by zero."""
    with pytest.raises(ValueError, match=r"light|line"):
        profile(gamma_curve(2.2), primaries)


def test_a_grey_curve_goes_on_in_colours():
    """An image in RGB needs a profile for RGB with the same curve."""
    grey = profile(gamma_curve(1.0), grey=True)

    assert in_srgb((128, 128, 128), for_colours(grey)) == in_srgb(128, grey, "L")


@pytest.mark.parametrize("broken", [b"", b"short", icc_profile(b"GRAY"), bytes(200)])
def test_what_has_no_curve_makes_no_profile(broken):
    """A broken profile must not stop an encode."""
    assert for_colours(broken) == b""

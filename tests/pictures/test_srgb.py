"""Colours in sRGB: as Little CMS' own program converts them, and left alone where they are sRGB already."""

from __future__ import annotations

import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops

import bytefit
from bytefit.codecs.colour_profiles import ADOBE_RGB, SRGB, Primaries, gamma_curve, profile
from bytefit.errors import UnsupportedImage
from bytefit.pictures.srgb import SrgbConversion
from images import graphic, icc_profile, in_mode, photograph

P3 = SRGB._replace(red=(0.68, 0.32), green=(0.265, 0.69))
PROPHOTO = Primaries((0.3457, 0.3585), (0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001))
REC2020 = SRGB._replace(red=(0.708, 0.292), green=(0.17, 0.797), blue=(0.131, 0.046))
APPLE = SRGB._replace(red=(0.625, 0.34), green=(0.28, 0.595), blue=(0.155, 0.07))
NTSC = Primaries((0.3101, 0.3162), (0.67, 0.33), (0.21, 0.71), (0.14, 0.08))
PROFILES = {
    "Display P3": (P3, 2.2),
    "Adobe RGB": (ADOBE_RGB, 2.2),
    "ProPhoto": (PROPHOTO, 1.8),
    "Rec. 2020": (REC2020, 2.4),
    "Apple RGB": (APPLE, 1.8),
    "NTSC": (NTSC, 2.2),
    "linear sRGB": (SRGB, 1.0),
    "dark sRGB": (SRGB, 2.8),
}
GREYS = {"linear grey": 1.0, "grey": 1.8}

# Profiles that come with Ghostscript, for inks above all.
INSTALLED = sorted(Path("/usr/share/color/icc/ghostscript").glob("*cmyk.icc"))


def profiled(name):
    """Return a picture and its profile by one of the names above, or by the path of an installed profile."""
    if name in GREYS:
        return photograph(mode="L"), profile(gamma_curve(GREYS[name]), grey=True)
    if name in PROFILES:
        primaries, gamma = PROFILES[name]
        return photograph(), profile(gamma_curve(gamma), primaries)
    return Image.merge("CMYK", [photograph(mode="L", seed=seed) for seed in range(1, 5)]), Path(name).read_bytes()


@pytest.mark.skipif(shutil.which("tificc") is None, reason="needs tificc of Little CMS")
@pytest.mark.parametrize("name", [*PROFILES, *GREYS, *map(str, INSTALLED)])
def test_colours_are_those_of_little_cms_itself(name, tmp_path):
    """Another intent, a forgotten compensation or exchanged channels would move colours by more than two levels."""
    picture, own = profiled(name)
    source, expected = tmp_path / "in.tif", tmp_path / "out.tif"
    picture.save(source, icc_profile=own)

    subprocess.run(["tificc", "-t1", "-b", "-w8", source, expected], check=True, capture_output=True)
    result = bytefit.compress(source, "1MB", format="PNG", colours="srgb")

    with Image.open(BytesIO(result.data)) as answer, Image.open(expected) as judged:
        difference = ImageChops.difference(answer.convert("RGB"), judged.convert("RGB"))
        moved = ImageChops.difference(answer.convert("RGB"), picture.convert("RGB"))
        assert max(most for _, most in difference.getextrema()) <= 2
        assert max(most for _, most in moved.getextrema()) > 2
        assert "icc_profile" not in answer.info
        assert answer.mode == ("L" if name in GREYS else "RGB")


def test_colours_that_are_srgb_already_are_the_same_object():
    """An image must not lose quality for a profile that says what is true without it."""
    from PIL.ImageCms import ImageCmsProfile, createProfile

    own, picture = ImageCmsProfile(createProfile("sRGB")).tobytes(), photograph()

    assert SrgbConversion().convert(picture, own) is picture
    assert SrgbConversion().convert(picture, b"") is picture


def test_transparency_stays():
    """Only colours are converted: an alpha channel must come through level by level, a transparent colour as one."""
    own, picture = profile(gamma_curve(1.0)), graphic((48, 32))
    keyed = Image.new("RGB", (8, 8), (10, 20, 30))
    keyed.paste((90, 90, 90), (0, 0, 4, 8))
    keyed.info["transparency"] = (10, 20, 30)

    with_alpha = SrgbConversion().convert(picture, own)
    with_key = SrgbConversion().convert(keyed, own)

    assert with_alpha.getchannel("A").tobytes() == picture.getchannel("A").tobytes()
    assert (with_key.getpixel((6, 2))[3], with_key.getpixel((1, 1))[3]) == (0, 255)
    assert "transparency" not in with_key.info


def test_inks_and_lab_need_no_profile():
    """Inks become what browsers show for them, and Lab has one meaning only."""
    inks, lab = Image.new("CMYK", (4, 4), (255, 0, 0, 0)), Image.new("LAB", (4, 4), (255, 128, 128))

    assert SrgbConversion().convert(inks, b"").getpixel((0, 0)) == (0, 255, 255)
    assert SrgbConversion().convert(lab, b"").getpixel((0, 0)) == (254, 255, 254)


@pytest.mark.parametrize(
    ("picture", "own", "message"),
    [
        (photograph(), icc_profile(), "its profile is damaged"),
        (photograph(mode="CMYK"), profile(gamma_curve(1.0)), "its pixels are CMYK, its profile is for RGB"),
        (in_mode("I;16"), profile(gamma_curve(1.0), grey=True), "add depth=8"),
    ],
    ids=["damaged", "other colours", "16 bits"],
)
def test_what_cannot_be_converted_is_refused(picture, own, message):
    """A wrong profile must not be taken for none: the colours would be wrong without a word."""
    with pytest.raises(UnsupportedImage, match=message):
        SrgbConversion().convert(picture, own)


def test_a_grey_image_may_have_the_profile_of_colours():
    """Programs that turn a photograph grey leave its profile as it was."""
    picture = photograph(mode="L")

    converted = SrgbConversion().convert(picture, profile(gamma_curve(1.0), ADOBE_RGB))

    assert converted.getpixel((70, 40))[0] > picture.getpixel((70, 40))

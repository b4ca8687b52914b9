"""`effort`: the same promises, in other time."""

from __future__ import annotations

import re
import sys

import pytest

import bytefit
from bytefit import ConfigError
from bytefit.codecs import codec_for_format, with_options
from bytefit.codecs.encoding import NO_METADATA
from bytefit.codecs.jpeg.quantisation import evened
from bytefit.options import EFFORTS
from images import XMP, encoded, exif, icc_profile, opened, photograph, screenshot
from outcomes import (
    ORIENTATION,
    codec_of,
    comment_of,
    fresh,
    is_lossless,
    size_at,
    size_for,
    stored,
)


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize(
    ("wanted", "draw"),
    [
        *((wanted, photograph) for wanted in ("JPEG", "WEBP", "AVIF", "PNG", "GIF", "TIFF", "JPEG2000")),
        *(("JPEG", screenshot), ("PNG", screenshot)),
    ],
)
def test_every_effort_fits_and_is_in_the_setting(wanted, effort, draw):
    """The options of an effort must be in every trial, and the stated setting must make the same file again."""
    picture = draw(size_for(wanted))
    codec = codec_of(picture, wanted)
    budget = size_at(picture, wanted)

    result = bytefit.compress(picture, budget, format=wanted, effort=effort)

    assert result.size <= budget
    assert opened(result.data).size == picture.size
    own = with_options(codec, effort, {})
    careful = own.variants.careful(own, picture)
    if careful is not None and result.setting == careful.codec.setting(result.quality, picture.mode):
        codec = careful.codec
    rung = codec.lossless.options if is_lossless(result) else codec.setting(result.quality, picture.mode)
    assert result.setting == {**rung, **codec.save_options.efforts[effort]}
    assert all(codec.save_options.efforts[effort].items() <= trial.setting.items() for trial in result.trials)
    assert codec.encode(picture, {**result.setting, **NO_METADATA}) == result.data


@pytest.mark.parametrize("wanted", ["JPEG", "PNG"])
@pytest.mark.parametrize("effort", ["fast", "best"])
@pytest.mark.parametrize("policy", ["keep", "orientation+icc"])
def test_every_effort_keeps_metadata(wanted, effort, policy):
    """Other ways to code pixels (mozjpeg, oxipng) must carry the same metadata, and count it."""
    picture = photograph(size_for(wanted))
    data = encoded(picture, "JPEG", exif=exif(orientation=6), icc_profile=icc_profile(), xmp=XMP, comment=b"home")

    budget = size_at(picture, wanted, 0.3) + 1500
    result = bytefit.compress(fresh(data), budget, format=wanted, effort=effort, metadata=policy)

    again = stored(result.data)
    assert result.size <= budget
    assert again.getexif()[ORIENTATION] == 6
    assert again.info["icc_profile"] == icc_profile()
    assert again.info.get("xmp") == (XMP if policy == "keep" else None)
    has_place = "comment" in codec_for_format(wanted).save_options.allowed
    assert (comment_of(again) == b"home") == (has_place and policy == "keep")


@pytest.mark.parametrize("effort", EFFORTS)
def test_every_effort_can_be_exact(effort):
    """Padding must reach the very size with the files of every effort."""
    assert bytefit.compress(photograph(), 9001, format="JPEG", effort=effort, exact=True).size == 9001


def test_best_is_no_worse_than_normal():
    """The scans that mozjpeg finds are smaller than libjpeg's: the rung that fits is the same or a higher one."""
    picture = photograph((160, 120))

    normal, best = (
        bytefit.compress(picture, 4000, format="JPEG", slack=0, effort=effort) for effort in ("normal", "best")
    )

    assert best.quality >= normal.quality


def test_a_save_option_is_above_the_effort():
    """A save option of the user must win over the same option of an effort."""
    result = bytefit.compress(photograph(), 4000, format="WEBP", effort="best", method=0)

    assert result.setting["method"] == 0


def test_best_without_its_package_says_what_to_install(monkeypatch):
    """Only JPEG at "best" needs mozjpeg: it must name the package, and nothing else may miss it."""
    monkeypatch.setitem(sys.modules, "mozjpeg_lossless_optimization", None)

    with pytest.raises(ConfigError, match=re.escape("pip install mozjpeg-lossless-optimization")):
        bytefit.compress(photograph(), 4000, format="JPEG", effort="best")
    assert bytefit.compress(photograph(), 4000, format="WEBP", effort="best").fits
    assert bytefit.compress(photograph(), 4000, format="JPEG", effort="fast").fits


@pytest.mark.parametrize("effort", EFFORTS)
def test_graphics_have_tables_of_their_own(effort):
    """Quantisation tables must suit the content (photograph or graphic) at every effort."""
    codec = codec_for_format("JPEG")

    for picture, content in ((photograph((72, 48)), "photograph"), (screenshot((72, 48)), "graphic")):
        result = bytefit.compress(picture, 2000, format="JPEG", effort=effort)

        own = codec.for_content(content).setting(result.quality, "RGB")["qtables"]
        assert result.setting["qtables"] in ((own, evened(own, content)) if effort == "best" else (own,))

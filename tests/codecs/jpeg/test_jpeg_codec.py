"""JPEG's tables along the ladder, and its efforts."""

from __future__ import annotations

import re
import sys
from itertools import pairwise
from math import log
from statistics import fmean

import pytest
from PIL import JpegImagePlugin

from bytefit.codecs import with_options
from bytefit.codecs.codec import GRAPHIC
from bytefit.codecs.jpeg.codec import JPEG
from bytefit.errors import ConfigError
from bytefit.options import EFFORTS
from codec_marks import each_content
from images import XMP, exif, icc_profile, noise, opened, photograph, screenshot


def divisors(setting):
    """Return the divisors of all tables of a JPEG setting, one after the other."""
    return [value for table in setting["qtables"] for value in table]


@each_content
@pytest.mark.parametrize(("mode", "finest"), [("RGB", 100), ("YCbCr", 100), ("L", 99), ("CMYK", 99)])
def test_the_tables_of_no_two_jpeg_rungs_are_equal(content, mode, finest):
    """Every rung must have tables or a subsampling of its own: equal ones would waste a trial."""
    codec = JPEG.for_content(content)
    qualities = [quality for quality in codec.ladder if quality <= finest]

    settings = {repr(codec.setting(quality, mode)) for quality in qualities}

    assert len(settings) == len(qualities)


@each_content
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_jpeg_tables_get_finer_with_every_rung(content, mode):
    """No divisor may grow with the quality, except where finer chroma costs coarser luma."""
    codec = JPEG.for_content(content)
    rungs = [
        (codec.setting(quality, "RGB")["subsampling"], divisors(codec.setting(quality, mode)))
        for quality in codec.ladder
    ]

    grown = [
        quality
        for quality, ((before, low), (after, high)) in zip(codec.ladder[1:], pairwise(rungs), strict=True)
        if before == after and any(a < b for a, b in zip(low, high, strict=True))
    ]

    assert grown == []


@each_content
@pytest.mark.parametrize("mode", ["RGB", "L", "YCbCr", "CMYK"])
def test_jpeg_tables_end_where_the_format_does(content, mode):
    """Divisors must span 1 to 255, which every decoder reads."""
    ladder = [divisors(JPEG.for_content(content).setting(quality, mode)) for quality in JPEG.ladder]

    assert (set(ladder[0]), set(ladder[-1])) == ({255}, {1})
    assert all(isinstance(value, int) and 1 <= value <= 255 for values in ladder for value in values)


@each_content
@pytest.mark.parametrize(("mode", "tables"), [("RGB", 3), ("YCbCr", 3), ("L", 1), ("CMYK", 1)])
def test_jpeg_has_a_table_for_every_kind_of_plane(content, mode, tables):
    """YCbCr needs tables for luma, Cb and Cr, grey for luma only; CMYK must not be subsampled."""
    for quality in (1, 20, 50, 80, 95, 100):
        setting = JPEG.for_content(content).setting(quality, mode)

        assert [len(table) for table in setting["qtables"]] == [64] * tables
        assert ("subsampling" in setting) == (tables == 3)
        assert setting["progressive"] == (quality >= (40 if content == GRAPHIC else 60))
        assert setting["optimize"]


@each_content
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_jpeg_sizes_rise_along_the_ladder(content, mode):
    """The mean size must rise every ten rungs, even where tables or subsampling change."""
    pictures = [photograph((96, 64)), photograph((96, 64), seed=2), screenshot((96, 64)), noise((48, 40))]
    pictures = [picture.convert(mode) for picture in pictures]
    codec = JPEG.for_content(content)

    means = [
        fmean(log(len(codec.encode(picture, codec.setting(quality, mode)))) for picture in pictures)
        for quality in sorted({*codec.ladder[::10], codec.ladder[-1]})
    ]

    assert [(low, high) for low, high in pairwise(means) if low >= high] == []


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0", 0, 2])
@pytest.mark.parametrize("quality", [10, 95])
def test_the_users_subsampling_wins(subsampling, quality):
    """A subsampling that the user sets must replace that of the rung."""
    setting = {**JPEG.setting(quality, "RGB"), "subsampling": subsampling}

    data = JPEG.encode(photograph((64, 48)), setting)

    assert JpegImagePlugin.get_sampling(opened(data)) == {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2}.get(
        subsampling, subsampling
    )


@pytest.mark.parametrize("quality", [1, 30, 75, 100])
def test_components_may_stay_rgb(quality):
    """`keep_rgb` must be accepted, and must disable chroma subsampling."""
    picture = photograph((64, 48))

    data = JPEG.encode(picture, {**JPEG.setting(quality, "RGB"), "keep_rgb": True})

    assert opened(data).size == picture.size


@each_content
@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("quality", [5, 50, 95])
def test_a_jpeg_probe_pays_where_there_are_scans_to_save(content, effort, quality):
    """A probe must be used for progressive files only: baseline is as cheap without one."""
    setting = with_options(JPEG.for_content(content), effort, {}).setting(quality, "RGB")

    assert JPEG.hints.probe_pays(setting) == (setting["progressive"] or effort == "best")


@pytest.mark.parametrize("draw", [photograph, screenshot, noise])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("quality", [5, 50, 90, 100])
def test_jpeg_at_best_keeps_the_pixels(draw, mode, quality):
    """The effort "best" must change the scans only, not the coefficients."""
    picture = draw(mode="RGB").convert(mode)
    plain = {**JPEG.setting(quality, mode), **JPEG.save_options.efforts["best"], "scans": None}

    before, after = JPEG.encode(picture, plain), JPEG.encode(picture, {**plain, "scans": "mozjpeg"})

    assert opened(after).tobytes() == opened(before).tobytes()
    assert opened(after).mode == mode
    assert mode == "CMYK" or len(after) <= len(before)  # mozjpeg looks for no scans of four inks


def test_jpeg_at_best_is_smaller_than_at_normal():
    """At the same quality the effort "best" must give a smaller photograph than "normal"."""
    picture = photograph((320, 240))
    fast, normal, best = (JPEG.encode(picture, with_options(JPEG, name, {}).setting(60, "RGB")) for name in EFFORTS)

    assert len(best) < len(normal)
    assert opened(fast).tobytes() == opened(normal).tobytes() == opened(best).tobytes()


def test_jpeg_at_best_keeps_metadata():
    """The effort "best" must keep metadata byte for byte, although it rewrites the file."""
    segment = b"\xff\xed\x00\x0bPhotoshop"
    carried = {
        "exif": exif(orientation=6),
        "icc_profile": icc_profile(size=70_000),
        "xmp": XMP,
        "comment": b"a view",
        "dpi": (240, 240),
        "extra": segment,
    }
    setting = JPEG.setting(50, "RGB")

    normal = opened(JPEG.encode(photograph(), {**setting, **carried}))
    best = opened(JPEG.encode(photograph(), {**setting, **JPEG.save_options.efforts["best"], **carried}))

    assert best.applist == normal.applist
    assert best.getexif()[0x0112] == 6
    assert (best.info["icc_profile"], best.info["xmp"]) == (carried["icc_profile"], XMP)
    assert (best.info["comment"], best.info["dpi"]) == (b"a view", (240, 240))


def test_jpeg_at_best_names_the_package_it_needs(monkeypatch):
    """Only the effort "best" may require the optimiser, and its error must name the package."""
    monkeypatch.setitem(sys.modules, "mozjpeg_lossless_optimization", None)
    codec = with_options(JPEG, "best", {})

    with pytest.raises(ConfigError, match=re.escape("pip install mozjpeg-lossless-optimization")):
        codec.encode(photograph((16, 16)), codec.setting(50, "RGB"))


@each_content
@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize(
    ("mode", "options"),
    [("RGB", {}), ("RGB", {"subsampling": 0}), ("CMYK", {}), ("YCbCr", {"subsampling": 0}), ("L", {})],
)
def test_noise_can_be_written_at_the_top_of_the_jpeg_ladder(content, effort, mode, options):
    """Noise must be encoded at quality 100, although the file exceeds the buffer that Pillow guesses."""
    picture = noise((256, 192), mode)
    codec = with_options(JPEG.for_content(content), effort, options)

    data = codec.encode(picture, codec.setting(100, mode))

    assert opened(data).size == picture.size

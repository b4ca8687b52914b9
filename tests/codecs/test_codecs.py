"""The codecs: invariants of their data, and what they refuse."""

from __future__ import annotations

import re
import sys
from dataclasses import fields, replace
from itertools import pairwise
from math import log
from statistics import fmean

import pytest
from PIL import Image, JpegImagePlugin, features
from PIL.PngImagePlugin import PngInfo

from bytefit import codecs
from bytefit.codecs import (
    BY_PLUGIN,
    CODECS,
    LEARNED,
    LOSSLESS_FORMATS,
    REFUSED_FORMATS,
    Codec,
    codec_for_format,
    encode_timed,
    format_for_suffix,
    known_codecs,
    register_codec,
    with_options,
)
from bytefit.codecs.avif.codec import AVIF
from bytefit.codecs.codec import DRAWING, LOSSLESS, PHOTOGRAPH
from bytefit.codecs.encoding import NO_METADATA
from bytefit.codecs.gif.codec import GIF
from bytefit.codecs.jpeg.codec import JPEG
from bytefit.codecs.jpeg2000.codec import JPEG2000
from bytefit.codecs.png.chunks import chunk
from bytefit.codecs.png.codec import PNG
from bytefit.codecs.tiff.codec import TIFF, TIFF_JPEG
from bytefit.codecs.webp.codec import WEBP
from bytefit.errors import ConfigError, OptionError, UnsupportedImage
from bytefit.options import EFFORTS
from bytefit.pictures.frames import Frames
from images import (
    ALPHA_MODES,
    MODES,
    XMP,
    exif,
    flat,
    graphic,
    icc_profile,
    in_mode,
    noise,
    opened,
    photograph,
    screenshot,
)

each_codec = pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.format)
each_learned = pytest.mark.parametrize("codec", LEARNED, ids=lambda codec: codec.format)
each_with_alpha = pytest.mark.parametrize(
    "codec", [codec for codec in CODECS if codec.alpha_mode is not None], ids=lambda codec: codec.format
)
each_without_loss = pytest.mark.parametrize(
    "codec", [codec for codec in CODECS if codec.lossless is not None], ids=lambda codec: codec.format
)
each_content = pytest.mark.parametrize("content", [PHOTOGRAPH, DRAWING])

# Which qualities share a quantiser changed with libavif 1.4; with older ones some rungs coincide, which costs a trial.
LIBAVIF = tuple(map(int, (features.version("avif") or "0.0").split(".")[:2]))
newest_libavif = pytest.mark.skipif(LIBAVIF < (1, 4), reason="the ladder is that of libavif 1.4")


def prepared_or_reason(codec, picture):
    """Return the prepared picture and no reason, or no picture and the reason why it is refused."""
    try:
        return codec.prepare(picture), ""
    except UnsupportedImage as error:
        return None, str(error)


def divisors(setting):
    """Return the divisors of all tables of a JPEG setting, one after the other."""
    return [value for table in setting["qtables"] for value in table]


def as_pixels(picture):
    """Return what makes two pictures look the same."""
    return picture.size, picture.convert("RGBA").tobytes()


@each_codec
def test_ladders_rise_strictly(codec):
    """Every rung is a quality of its own, from the smallest file to the largest."""
    assert all(left < right for left, right in pairwise(codec.ladder))


@each_content
@pytest.mark.parametrize(("mode", "finest"), [("RGB", 100), ("YCbCr", 100), ("L", 99), ("CMYK", 99)])
def test_the_tables_of_no_two_jpeg_rungs_are_equal(content, mode, finest):
    """Equal tables and subsampling are equal files: a trial wasted. Luma alone is at its finest from 99 on."""
    codec = JPEG.suited(content)
    qualities = [quality for quality in codec.ladder if quality <= finest]

    settings = {repr(codec.setting(quality, mode)) for quality in qualities}

    assert len(settings) == len(qualities)


@each_content
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_jpeg_tables_get_finer_with_every_rung(content, mode):
    """No divisor grows, but where finer chroma is bought with coarser luma."""
    codec = JPEG.suited(content)
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
    """From the coarsest to the finest that every decoder reads, all of them in 1 to 255."""
    ladder = [divisors(JPEG.suited(content).setting(quality, mode)) for quality in JPEG.ladder]

    assert (set(ladder[0]), set(ladder[-1])) == ({255}, {1})
    assert all(isinstance(value, int) and 1 <= value <= 255 for values in ladder for value in values)


@each_content
@pytest.mark.parametrize(("mode", "tables"), [("RGB", 3), ("YCbCr", 3), ("L", 1), ("CMYK", 1)])
def test_jpeg_has_a_table_for_every_kind_of_plane(content, mode, tables):
    """Luma, Cb and Cr; grey has luma only, and inks are no chroma that one could subsample."""
    for quality in (1, 20, 50, 80, 95, 100):
        setting = JPEG.suited(content).setting(quality, mode)

        assert [len(table) for table in setting["qtables"]] == [64] * tables
        assert ("subsampling" in setting) == (tables == 3)
        assert setting["progressive"] == (quality >= (40 if content == DRAWING else 60))
        assert setting["optimize"]


@each_content
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_jpeg_sizes_rise_along_the_ladder(content, mode):
    """On the mean over pictures, in steps of ten rungs: where tables or subsampling change too."""
    pictures = [photograph((96, 64)), photograph((96, 64), seed=2), screenshot((96, 64)), noise((48, 40))]
    pictures = [picture.convert(mode) for picture in pictures]
    codec = JPEG.suited(content)

    means = [
        fmean(log(len(codec.encode(picture, codec.setting(quality, mode)))) for picture in pictures)
        for quality in sorted({*codec.ladder[::10], codec.ladder[-1]})
    ]

    assert [(low, high) for low, high in pairwise(means) if low >= high] == []


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0", 0, 2])
@pytest.mark.parametrize("quality", [10, 95])
def test_the_users_subsampling_wins(subsampling, quality):
    """The rung's is only what suits most pictures."""
    setting = {**JPEG.setting(quality, "RGB"), "subsampling": subsampling}

    data = JPEG.encode(photograph((64, 48)), setting)

    assert JpegImagePlugin.get_sampling(opened(data)) == {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2}.get(
        subsampling, subsampling
    )


@pytest.mark.parametrize("quality", [1, 30, 75, 100])
def test_components_may_stay_rgb(quality):
    """`keep_rgb` is among the options that JPEG takes, and there is no chroma to subsample then."""
    picture = photograph((64, 48))

    data = JPEG.encode(picture, {**JPEG.setting(quality, "RGB"), "keep_rgb": True})

    assert opened(data).size == picture.size


@pytest.fixture(scope="module")
def avif_by_quality():
    """Return the AVIF file of every quality Pillow has a name for."""
    picture = photograph((64, 48))
    return [AVIF.encode(picture, {"quality": quality}) for quality in range(101)]


@newest_libavif
def test_every_avif_rung_is_a_file_of_its_own(avif_by_quality):
    """Pillow's 101 qualities share libaom's 64 quantisers: each is one rung, in the libavif that is installed."""
    files = {avif_by_quality[int(quality)] for quality in AVIF.ladder}

    assert len(files) == len(AVIF.ladder)
    assert files == set(avif_by_quality)


@newest_libavif
def test_an_avif_floor_admits_every_name_of_its_own_quantiser(avif_by_quality):
    """A floor of any quality admits the rung that encodes exactly like it, by whichever of its names it is asked."""
    refused = [
        quality
        for quality in range(101)
        if avif_by_quality[quality] != avif_by_quality[int(AVIF.ladder[AVIF.floor_rung(quality)])]
    ]

    assert refused == []


def test_the_lowest_webp_rungs_are_files_of_their_own():
    """Libwebp's quantisers are dense there: a ladder of whole qualities would jump over most of the smallest files."""
    picture = photograph((320, 240))

    sizes = [len(WEBP.encode(picture, WEBP.setting(quality, "RGB"))) for quality in WEBP.ladder if quality <= 4]

    assert all(1 < high / low < 1.06 for low, high in pairwise(sizes))
    assert sizes[-1] > 1.5 * sizes[0]


# The lowest quality there is where that is not the bottom of an encoder's scale: two colours; every pixel as it is.
LOWEST = {"PNG": {20}, "TIFF": {LOSSLESS}}


@each_codec
def test_the_ends_of_a_ladder_are_the_ends_of_the_codecs_scale(codec):
    """Nothing below or above could have been reached: AVIF's 0, 1 and 2 are one setting."""
    assert codec.ladder[0] in LOWEST.get(codec.format, {0, 1, 2})
    assert codec.ladder[-1] == 100


@each_codec
def test_no_two_rungs_share_their_settings(codec):
    """Equal settings are equal files: a trial wasted. What an effort adds tells no rungs apart."""
    added = {name for options in codec.efforts.values() for name in options}

    settings = {
        repr({name: value for name, value in codec.setting(quality, "RGB").items() if name not in added})
        for quality in codec.ladder
    }

    assert len(settings) == len(codec.ladder)


@each_codec
def test_the_mean_curve_covers_the_ladder_and_rises(codec):
    """It is interpolated over the whole ladder, and read backwards."""
    qualities, bits = zip(*codec.mean_bits, strict=True)

    assert qualities[-1] == codec.ladder[-1]
    assert qualities[0] == codec.ladder[0] or len(codec.ladder) == 1
    assert all(left < right for left, right in pairwise(qualities))
    assert all(0 < left < right or len(codec.ladder) == 1 for left, right in pairwise(bits))


@each_codec
def test_higher_rungs_make_larger_files_on_the_whole(codec):
    """Neighbours may be inverted; the ends and the middle may not."""
    picture = photograph((96, 64))
    rungs = sorted({0, len(codec.ladder) // 2, len(codec.ladder) - 1})

    sizes = [len(codec.encode(picture, codec.setting(codec.ladder[rung], "RGB"))) for rung in rungs]

    assert all(low < high for low, high in pairwise(sizes))
    assert len(sizes) == min(3, len(codec.ladder))


@each_codec
def test_probes_are_the_same_rung_at_another_effort(codec):
    """The probe's options are an effort's, no part of the setting's quality, and an encode with them works."""
    picture = photograph((64, 48))
    setting = codec.setting(codec.ladder[len(codec.ladder) // 2], "RGB")
    efforts = {name for options in codec.efforts.values() for name in options}

    data = codec.encode(picture, {**setting, **codec.probe_options, **NO_METADATA})

    assert codec.probe_options or not codec.probe_pays(setting)
    assert not (codec.steered - efforts) & set(codec.probe_options)
    assert opened(data).size == picture.size


@each_codec
def test_probes_are_read_by_a_model_or_by_the_codec(codec):
    """Whoever offers cheap encodes says what they tell of the dear ones."""
    assert bool(codec.probe_options) == (codec in LEARNED or codec.probe_gain is not None)


@pytest.mark.parametrize(
    ("codec", "effort", "options", "pays"),
    [
        (JPEG, "normal", {}, True),
        (JPEG, "best", {}, True),
        (JPEG, "fast", {}, False),
        (JPEG, "normal", {"progressive": False}, False),
        (WEBP, "normal", {}, True),
        (WEBP, "best", {}, True),
        (WEBP, "fast", {}, False),
        (WEBP, "normal", {"method": 0}, False),
        (AVIF, "normal", {}, True),
        (AVIF, "best", {}, True),
        (AVIF, "fast", {}, False),
        (AVIF, "normal", {"speed": 10}, False),
        (PNG, "fast", {}, True),
        (PNG, "normal", {}, True),
        (PNG, "best", {}, True),
        (GIF, "normal", {}, False),
        (TIFF, "normal", {}, False),
        (JPEG2000, "normal", {}, False),
    ],
    ids=lambda value: getattr(value, "format", str(value)),
)
def test_a_probe_pays_where_the_encode_is_dearer(codec, effort, options, pays):
    """What is as cheap as its probe is better encoded itself."""
    assert codec.probe_pays(with_options(codec, effort, options).setting(80, "RGB")) is pays


@each_content
@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("quality", [5, 50, 95])
def test_a_jpeg_probe_pays_where_there_are_scans_to_save(content, effort, quality):
    """Baseline with its Huffman tables optimised is as cheap as without."""
    setting = with_options(JPEG.suited(content), effort, {}).setting(quality, "RGB")

    assert JPEG.probe_pays(setting) == (setting["progressive"] or effort == "best")


@pytest.mark.parametrize(
    ("codec", "mode"),
    [(JPEG, "RGB"), (JPEG, "L"), (WEBP, "RGB"), (WEBP, "RGBA"), (AVIF, "RGB"), (AVIF, "RGBA")],
    ids=lambda value: getattr(value, "format", value),
)
@each_content
@pytest.mark.parametrize("share", [0, 0.3, 0.6, 1])
def test_a_header_is_about_what_a_file_with_nothing_in_it_weighs(codec, content, mode, share):
    """At full effort and at a probe's: the rest of a file is what its pixels weigh."""
    codec = codec.suited(content)
    picture = flat((16, 16), mode)
    if mode == "RGBA":
        picture.putalpha(99)
    quality = codec.ladder[round(share * (len(codec.ladder) - 1))]
    setting = {**codec.setting(quality, mode), **NO_METADATA}

    full, low = len(codec.encode(picture, setting)), len(codec.encode(picture, {**setting, **codec.probe_options}))

    assert codec.header(quality, mode) == pytest.approx(full, rel=0.3, abs=40)
    assert codec.header(None, mode) == pytest.approx(low, rel=0.3, abs=40)


@each_learned
def test_rows_of_blocks_are_apart_where_what_is_above_does_not_help(codec):
    """Upright stripes cost as much in every row, or next to nothing below the first."""
    stripes = codec.prepare(noise((128, 1), "L"))
    quality = next(quality for quality in codec.ladder if quality >= 90)

    low, high = (
        len(codec.encode(stripes.resize((128, 16 * rows)), {**codec.setting(quality, stripes.mode), **NO_METADATA}))
        for rows in (1, 16)
    )

    first, others = low - codec.header(quality, stripes.mode), (high - low) / 15
    assert codec.rows_apart == (others > first / 2)


@each_codec
def test_every_codec_has_the_three_efforts(codec):
    """In the order of their time; the usual one is the setting as it is. Some formats have but that."""
    assert tuple(codec.efforts) == EFFORTS
    assert codec.efforts["normal"] == {}
    assert with_options(codec, "normal", {}) is codec
    assert bool(codec.efforts["fast"]) == bool(codec.efforts["best"]) == bool(codec.probe_options)


@each_learned
def test_the_efforts_of_encoders_are_the_users_to_set(codec):
    """A method, a speed: where they are save options of Pillow's they are no business of the search."""
    assert not codec.steered & {name for added in codec.efforts.values() for name in added}


@each_codec
@pytest.mark.parametrize("effort", EFFORTS)
def test_options_leave_all_else_of_a_codec_as_it_is(codec, effort):
    """What it is for, and what is known of it, is the same; only its settings are others."""
    for suited in (codec, codec.suited(DRAWING)):
        steered = with_options(suited, effort, {"exif": b""})

        assert {f.name for f in fields(Codec) if getattr(steered, f.name) != getattr(suited, f.name)} == {"setting"}


@each_codec
def test_the_users_options_are_above_the_effort(codec):
    """Both are in every setting; where they disagree, what was said in so many words is meant."""
    for name in codec.efforts["best"]:
        setting = with_options(codec, "best", {name: "mine", "exif": b"own"}).setting(50, "RGB")

        assert setting == {**codec.setting(50, "RGB"), **codec.efforts["best"], name: "mine", "exif": b"own"}
    assert with_options(codec, "normal", {"exif": b"own"}).setting(50, "RGB")["exif"] == b"own"


@each_codec
@pytest.mark.parametrize("effort", EFFORTS)
def test_an_effort_adds_to_every_setting(codec, effort):
    """The same ladder and the same rungs, with options more; the result decodes."""
    steered = with_options(codec, effort, {})
    picture = photograph((64, 48))

    setting = steered.setting(50, "RGB")

    assert steered.ladder is codec.ladder
    assert setting == {**codec.setting(50, "RGB"), **codec.efforts[effort]}
    assert opened(steered.encode(picture, setting)).size == picture.size


@each_codec
def test_a_probe_is_the_same_at_every_effort(codec):
    """A probe stands for the rung, whatever is added to it."""
    probes = [
        codec.encode(
            photograph((64, 48)), {**with_options(codec, effort, {}).setting(50, "RGB"), **codec.probe_options}
        )
        for effort in EFFORTS
    ]

    assert probes[0] == probes[1] == probes[2]


@pytest.mark.parametrize("draw", [photograph, screenshot, noise])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("quality", [5, 50, 90, 100])
def test_jpeg_at_best_keeps_the_pixels(draw, mode, quality):
    """The scans are arranged anew, the coefficients stay."""
    picture = draw(mode="RGB").convert(mode)
    plain = {**JPEG.setting(quality, mode), **JPEG.efforts["best"], "scans": None}

    before, after = JPEG.encode(picture, plain), JPEG.encode(picture, {**plain, "scans": "mozjpeg"})

    assert opened(after).tobytes() == opened(before).tobytes()
    assert opened(after).mode == mode
    assert mode == "CMYK" or len(after) <= len(before)  # mozjpeg looks for no scans of four inks


def test_jpeg_at_best_is_smaller_than_at_normal():
    """On a photograph of some size, at the same quality, hence of the same pixels."""
    picture = photograph((320, 240))
    fast, normal, best = (JPEG.encode(picture, with_options(JPEG, name, {}).setting(60, "RGB")) for name in EFFORTS)

    assert len(best) < len(normal)
    assert opened(fast).tobytes() == opened(normal).tobytes() == opened(best).tobytes()


def test_jpeg_at_best_keeps_metadata():
    """It is arranged anew together with the picture, and must come out of it byte for byte."""
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
    best = opened(JPEG.encode(photograph(), {**setting, **JPEG.efforts["best"], **carried}))

    assert best.applist == normal.applist
    assert best.getexif()[0x0112] == 6
    assert (best.info["icc_profile"], best.info["xmp"]) == (carried["icc_profile"], XMP)
    assert (best.info["comment"], best.info["dpi"]) == (b"a view", (240, 240))


def test_jpeg_at_best_names_the_package_it_needs(monkeypatch):
    """Only who asks for it has to have it."""
    monkeypatch.setitem(sys.modules, "mozjpeg_lossless_optimization", None)
    codec = with_options(JPEG, "best", {})

    with pytest.raises(ConfigError, match=re.escape("pip install mozjpeg-lossless-optimization")):
        codec.encode(photograph((16, 16)), codec.setting(50, "RGB"))


@each_codec
def test_a_codec_for_drawings_differs_in_its_settings_only(codec):
    """Rungs, modes, options and efforts are those of the format."""
    suited = codec.suited(DRAWING)

    differing = {field.name for field in fields(Codec) if getattr(suited, field.name) != getattr(codec, field.name)}

    assert codec.suited(PHOTOGRAPH) is codec
    assert suited is codec or suited.content == DRAWING
    assert differing <= {"content", "setting", "mean_bits", "header", "for_drawings"}


@each_codec
def test_what_is_steered_may_not_be_given(codec):
    """An option is the search's or the user's, never both."""
    assert not codec.steered & codec.options
    assert set(codec.setting(50, "RGB")) & codec.steered or len(codec.ladder) == 1


@each_codec
@pytest.mark.parametrize("mode", MODES)
def test_every_mode_is_handled_or_refused_with_a_reason(codec, mode):
    """Pillow's own errors, and silent losses, stay behind one sentence that names the mode and the way out."""
    picture = in_mode(mode)

    prepared, reason = prepared_or_reason(codec, picture)

    if prepared is None:
        assert {mode, codec.format} <= set(re.findall(r"[\w;]+", reason))
        assert len(reason) > 40
    else:
        data = codec.encode(prepared, codec.setting(codec.ladder[-1], prepared.mode))
        assert opened(data).size == picture.size


@each_codec
@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBX", "HSV", "YCbCr"])
def test_a_prepared_picture_shows_the_same_colours(codec, mode):
    """Preparing converts without loss wherever a mode is handled."""
    picture = in_mode(mode)

    assert as_pixels(codec.prepare(picture)) == as_pixels(picture)


@each_codec
def test_a_picture_in_the_right_mode_is_not_copied(codec):
    """Preparing costs nothing where nothing has to change."""
    picture = photograph((16, 16))

    assert codec.prepare(picture) is picture


def transparent_pictures():
    """Return pictures that carry transparency each in another way."""
    pictures = {mode: in_mode(mode) for mode in ALPHA_MODES}
    pictures["PA"].putalpha(0)
    for mode, colour in (("P", 0), ("L", 0), ("1", 0), ("RGB", (0, 0, 0))):
        picture = Image.new(mode, (16, 16))
        picture.info["transparency"] = colour
        pictures[f"{mode} with a transparent colour"] = picture
    return pictures


@pytest.mark.parametrize("kind", transparent_pictures())
def test_jpeg_never_flattens_transparency(kind):
    """Onto which background is the user's to say."""
    with pytest.raises(UnsupportedImage, match=r"JPEG cannot hold transparency.*flatten"):
        JPEG.prepare(transparent_pictures()[kind])


@each_with_alpha
@pytest.mark.parametrize("kind", transparent_pictures())
def test_formats_with_alpha_keep_it(codec, kind):
    """However the transparency is carried, the prepared picture has it in a channel."""
    picture = transparent_pictures()[kind]

    prepared = codec.prepare(picture)

    assert prepared.mode == codec.alpha_modes.get(picture.mode, "RGBA")
    assert prepared.getchannel("A").getextrema()[0] == 0


@each_with_alpha
def test_alpha_survives_the_encode(codec):
    """Transparent stays so, as far as a lossy format goes."""
    picture = graphic((192, 144))

    again = opened(codec.encode(picture, codec.setting(codec.ladder[len(codec.ladder) // 2], "RGBA")))

    assert again.has_transparency_data
    alpha = again.convert("RGBA").getchannel("A")
    assert alpha.getpixel((2, 2)) < 8
    assert alpha.getpixel((96, 72)) > 200


@each_without_loss
@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_without_loss_every_pixel_is_as_it_was(codec, mode):
    """The one rung that is left is what it says: of 200 colours, which GIF holds too, and a clear one."""
    picture = photograph((40, 24)).quantize(200).convert("RGBA" if mode == "RGBA" else "RGB").convert(mode)
    if mode == "RGBA":
        picture.paste((0, 0, 0, 0), (3, 4, 20, 11))
    one = codec.without_loss()
    prepared = one.prepare(picture)

    again = opened(one.encode(prepared, one.setting(one.ladder[0], prepared.mode)))

    assert one.ladder == (LOSSLESS,)
    assert as_pixels(again) == as_pixels(picture)


@pytest.mark.parametrize("codec", [WEBP, PNG, TIFF, JPEG2000], ids=lambda codec: codec.format)
@pytest.mark.parametrize("draw", [noise, graphic])
def test_without_loss_many_colours_and_soft_alpha_are_as_they_were(codec, draw):
    """Where no palette is in the way; and what colour is under a clear pixel is nobody's to change."""
    picture = draw((40, 24)).convert("RGBA")
    one = codec.without_loss()

    again = opened(one.encode(picture, one.setting(one.ladder[0], "RGBA")))

    assert as_pixels(again) == as_pixels(picture)


@pytest.mark.parametrize("codec", [codec for codec in CODECS if codec.lossless is None], ids=lambda codec: codec.format)
def test_formats_that_cannot_keep_every_pixel_say_so(codec):
    """With formats that can."""
    with pytest.raises(ConfigError, match=f"{codec.format} has no lossless coding: take PNG or WEBP"):
        codec.without_loss()


@pytest.mark.parametrize("codec", [PNG, GIF, TIFF, JPEG2000], ids=lambda codec: codec.format)
def test_ladders_may_end_without_loss(codec):
    """Then the last rung is the lossless one, and no other is."""
    picture = photograph((48, 32)).quantize(200).convert("RGB")
    last = len(codec.ladder) - 1

    kept = [
        rung
        for rung in sorted({0, len(codec.ladder) // 2, last})
        if as_pixels(opened(codec.encode(picture, codec.setting(codec.ladder[rung], "RGB")))) == as_pixels(picture)
    ]

    assert codec.ladder_keeps_pixels
    assert kept == [last]


@each_learned
def test_lossy_ladders_do_not_claim_to_keep_pixels(codec):
    """Their quality of 100 is the finest quantiser."""
    assert not codec.ladder_keeps_pixels


def test_tiff_takes_jpeg_on_request():
    """The one option that asks for another ladder; it holds pages as well, and no transparency."""
    assert TIFF.on_request({"compression": "jpeg"}) is TIFF_JPEG
    assert TIFF.on_request({"compression": "tiff_lzw"}) is None
    assert TIFF.on_request({}) is None
    low, high = (len(TIFF_JPEG.encode(photograph(mode="YCbCr"), TIFF_JPEG.setting(q, "YCbCr"))) for q in (10, 90))
    assert low < high
    with pytest.raises(UnsupportedImage, match="TIFF cannot hold transparency"):
        TIFF_JPEG.prepare(graphic((16, 16)))


MOVING = Frames((photograph((32, 24)), photograph((32, 24), seed=2)), (80, 120), loop=0)
PAGES = Frames((photograph((32, 24)), screenshot((64, 48), "L")))


@each_codec
@pytest.mark.parametrize(("frames", "kind"), [(MOVING, "frames"), (PAGES, "pages")], ids=["frames", "pages"])
def test_several_pictures_are_held_or_refused(codec, frames, kind):
    """Never one of them in silence: the message counts them, and names formats that hold them."""
    if getattr(codec, kind):
        prepared = codec.prepare(frames)
        setting = codec.setting(codec.ladder[-1], prepared.mode)
        assert opened(codec.encode(prepared, setting)).n_frames == 2
    else:
        way_out = "WEBP, AVIF, PNG or GIF" if kind == "frames" else "TIFF"
        with pytest.raises(UnsupportedImage, match=f"holds 2 {kind}.*all but one would be lost; take {way_out}"):
            codec.prepare(frames)


def test_frames_share_their_transparency_and_pages_need_not():
    """An animation has one mode; each page has its own."""
    clear, opaque = graphic((32, 24)), photograph((32, 24))

    frames = WEBP.prepare(Frames((opaque, clear), (50, 50)))
    pages = TIFF.prepare(Frames((opaque, clear)))

    assert [picture.mode for picture in frames.pictures] == ["RGBA", "RGBA"]
    assert [picture.mode for picture in pages.pictures] == ["RGB", "RGBA"]


@each_codec
def test_pictures_larger_than_the_format_are_refused(codec):
    """Before Pillow fails on them, and with the limit. Pillow itself has none that is too large for a PNG."""
    if codec.max_side == 2**31 - 1:
        with pytest.raises(OverflowError):
            Image.new("L", (codec.max_side + 1, 1))
        codec = replace(codec, max_side=1000)
    picture = Image.new("L", (codec.max_side + 1, 1))

    with pytest.raises(UnsupportedImage, match=f"{codec.format} cannot hold {codec.max_side + 1}x1 pixels"):
        codec.prepare(picture)


@each_codec
def test_empty_pictures_are_refused(codec):
    """Pillow can hold a picture without pixels; no format can."""
    with pytest.raises(UnsupportedImage, match="0x5"):
        codec.prepare(Image.new("RGB", (0, 5)))


@each_codec
def test_known_options_pass(codec):
    """Every option in the codec's own list, together."""
    codec.check_options(codec.options)


@each_learned
def test_the_options_a_codec_admits_are_read_by_pillow(codec):
    """An option that Pillow's writer does not know would be ignored in silence."""
    import inspect

    from PIL import AvifImagePlugin, WebPImagePlugin

    plugin = {"JPEG": JpegImagePlugin, "WEBP": WebPImagePlugin, "AVIF": AvifImagePlugin}[codec.format]
    source = inspect.getsource(plugin)

    assert [name for name in sorted(codec.options | codec.steered) if f'"{name}"' not in source] == []


def made_text():
    """Return a text as Pillow's users hand it to a PNG."""
    text = PngInfo()
    text.add_text("Title", "A view")
    return text


CARRIED = {"exif": exif(padding=9), "icc_profile": icc_profile(), "xmp": XMP, "comment": b"a view"}
VALUES = {
    "PNG": {
        **CARRIED,
        "dpi": (300, 300),
        "dither": 1.0,
        "pnginfo": made_text(),
        "extra": chunk(b"tEXt", b"Title\x00A view"),
    },
    "GIF": {"comment": b"a view", "extra": b"\x21\xff\x0bSOMEBODY1.0\x01x\x00"},
    "TIFF": {**CARRIED, "dpi": (300, 300), "compression": "packbits", "strip_size": 999, "tiffinfo": {270: "a view"}},
    "JPEG2000": {
        **CARRIED,
        "no_jp2": True,
        "num_resolutions": 2,
        "codeblock_size": (16, 16),
        "precinct_size": (64, 64),
        "progression": "CPRL",
        "tile_size": (16, 16),
        "plt": True,
    },
}


@pytest.mark.parametrize(
    ("codec", "name"),
    [(codec, name) for codec in CODECS if codec not in LEARNED for name in sorted(codec.options)],
    ids=lambda value: getattr(value, "format", value),
)
def test_the_options_a_codec_admits_make_a_difference(codec, name):
    """An option that is read by nobody would be ignored in silence."""
    picture = photograph((64, 48))
    setting = codec.setting(codec.ladder[len(codec.ladder) // 2], "RGB")

    with_it = codec.encode(picture, {**setting, name: VALUES[codec.format][name]})

    assert opened(with_it).size == picture.size
    assert with_it != codec.encode(picture, setting)


@pytest.mark.parametrize(
    ("codec", "name", "message"),
    [
        (JPEG, "quality", "'quality' conflicts with a target size, which sets it: leave one of the two out"),
        (JPEG, "qtables", "'qtables' conflicts with a target size"),
        (PNG, "colors", "'colors' conflicts with a target size"),
        (PNG, "optimize", "'optimize' conflicts with a target size"),
        (GIF, "optimize", "'optimize' conflicts with a target size"),
        (TIFF, "quality", "'quality' conflicts with a target size"),
        (JPEG2000, "quality_layers", "'quality_layers' conflicts with a target size"),
        (PNG, "ditherr", "unknown option 'ditherr' for PNG: did you mean 'dither'?"),
        (TIFF, "compresion", "unknown option 'compresion' for TIFF: did you mean 'compression'?"),
        (WEBP, "losless", "unknown option 'losless' for WEBP: did you mean 'lossless'?"),
        (WEBP, "quality", "'quality' conflicts"),
        (AVIF, "quality", "'quality' conflicts"),
        (JPEG, "subsamplign", "unknown option 'subsamplign' for JPEG: did you mean 'subsampling'?"),
        (JPEG, "slak", "unknown option 'slak' for JPEG: did you mean 'slack'?"),
        (WEBP, "min_qualiti", "unknown option 'min_qualiti' for WEBP: did you mean 'min_quality'?"),
        (AVIF, "spede", "unknown option 'spede' for AVIF: did you mean 'speed'?"),
        (WEBP, "subsampling", "unknown option 'subsampling' for WEBP"),
        (JPEG, "zzz", "unknown option 'zzz' for JPEG"),
    ],
)
def test_options_nobody_knows_are_refused_with_the_nearest_known(codec, name, message):
    """Pillow ignores what it does not know: here a typing mistake is an error."""
    with pytest.raises(OptionError) as caught:
        codec.check_options({name: 1})

    assert str(caught.value).startswith(message)


@each_codec
@pytest.mark.parametrize("most", [-1, 0, 19.9, 50, 99.99, 100, 1000])
def test_the_ceiling_is_the_highest_rung_of_at_most_that_quality(codec, most):
    """Nothing above it was in the source; below the ladder there is nothing but its lowest rung."""
    rung = codec.highest_rung(most)

    assert rung == 0 or codec.ladder[rung] <= most
    assert rung == len(codec.ladder) - 1 or codec.ladder[rung + 1] > most


@each_codec
@pytest.mark.parametrize("min_quality", [None, 0, 0.5, 1, 33, 50.25, 75, 99.9, 100])
def test_the_floor_is_the_lowest_rung_with_at_least_that_quality(codec, min_quality):
    """No rung below it is good enough, and no rung that is good enough is left out."""
    rung = codec.floor_rung(min_quality)

    assert codec.ladder[rung] >= (min_quality or 0)
    assert rung == 0 or codec.ladder[rung - 1] < min_quality


@each_codec
@pytest.mark.parametrize("min_quality", [-1, 100.5, 1e9, float("nan"), "75", True, [50]])
def test_floors_off_the_scale_are_refused(codec, min_quality):
    """The message has the codec's scale."""
    with pytest.raises(ConfigError, match=f"not on the scale of {codec.format}: give a number from 0 to 100"):
        codec.floor_rung(min_quality)


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        *(("JPEG", JPEG), ("jpeg", JPEG), ("jpg", JPEG), ("MPO", JPEG), ("webp", WEBP), ("WebP", WEBP), ("avif", AVIF)),
        ("png", PNG),
        ("gif", GIF),
        ("TIFF", TIFF),
        ("jpeg2000", JPEG2000),
        ("HEIC", BY_PLUGIN[0]),
        ("jxl", BY_PLUGIN[1]),
    ],
)
def test_codecs_are_found_by_pillows_names(name, codec):
    """In any case, by alias too."""
    assert codec_for_format(name) is codec


@pytest.mark.parametrize("name", [*REFUSED_FORMATS, "bmp", "PCX", ""])
def test_other_formats_are_refused_with_the_reason_and_what_is_handled(name):
    """The way out is in the message."""
    reason = REFUSED_FORMATS.get(name.upper(), "bytefit has no ladder for it")

    with pytest.raises(UnsupportedImage) as caught:
        codec_for_format(name)

    handled = ", ".join(codec.format for codec in CODECS + BY_PLUGIN)
    assert str(caught.value).startswith(f"{name.upper()} cannot be fitted to a size: {reason}")
    assert str(caught.value).endswith(f"; convert it to one of {handled}")


def test_what_is_refused_and_what_is_handled_are_apart():
    """A format with a ladder needs no reason to be refused; those that keep every pixel are known by Pillow's names."""
    Image.init()
    handled = {codec.format for codec in CODECS + BY_PLUGIN}

    assert not set(REFUSED_FORMATS) & handled
    assert set(LEARNED) < set(CODECS)
    assert set(REFUSED_FORMATS) | {codec.format for codec in CODECS} <= set(Image.OPEN)
    assert set(Image.OPEN) >= LOSSLESS_FORMATS


@pytest.fixture
def own_codecs(monkeypatch):
    """Forget afterwards what was registered."""
    monkeypatch.setattr(codecs, "_registered", {})


@pytest.mark.usefixtures("own_codecs")
def test_a_registered_codec_is_known_by_its_name_and_suffixes():
    """Beside those that bytefit brings, which stay as they are."""
    mine = replace(PNG, format="PCX", suffixes=(".pcx",))

    register_codec(mine)

    assert codec_for_format("pcx") is mine
    assert format_for_suffix(".pcx") == "PCX"
    assert known_codecs() == (mine, *CODECS, *BY_PLUGIN)


@pytest.mark.usefixtures("own_codecs")
def test_a_registered_codec_takes_the_place_of_one_that_is_there():
    """Another way to steer a format, registered anew as often as is wanted."""
    first, second = (replace(JPEG, ladder=(quality,)) for quality in (10, 20))

    register_codec(first)
    register_codec(second)

    assert codec_for_format("JPEG") is codec_for_format("MPO") is second
    assert [codec for codec in known_codecs() if codec.format == "JPEG"] == [second]
    assert len(known_codecs()) == len(CODECS + BY_PLUGIN)


@pytest.mark.parametrize(
    ("suffix", "name"),
    [
        *(
            (".jpg", "JPEG"),
            (".JPEG", "JPEG"),
            (".jfif", "JPEG"),
            (".webp", "WEBP"),
            (".Avif", "AVIF"),
            (".png", "PNG"),
        ),
        *(
            (".apng", "PNG"),
            (".GIF", "GIF"),
            (".tif", "TIFF"),
            (".jp2", "JPEG2000"),
            (".heic", "HEIF"),
            (".jxl", "JXL"),
        ),
        (".bmp", "BMP"),
    ],
)
def test_formats_are_found_by_suffix(suffix, name):
    """Also those that are then refused by name."""
    assert format_for_suffix(suffix) == name


@pytest.mark.parametrize("suffix", ["", ".txt", ".jpgg"])
def test_unknown_suffixes_are_refused(suffix):
    """A format is never guessed."""
    with pytest.raises(UnsupportedImage, match="no image format has the suffix"):
        format_for_suffix(suffix)


def test_suffixes_are_of_one_codec_and_in_lower_case():
    """They are looked up by a file's suffix in lower case."""
    suffixes = [suffix for codec in CODECS + BY_PLUGIN for suffix in codec.suffixes]

    assert len(suffixes) == len(set(suffixes))
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in suffixes)


@each_codec
def test_a_trial_records_what_was_encoded(codec):
    """The setting, the bytes of the whole file and the time."""
    picture = photograph((32, 24))
    setting = codec.setting(50, "RGB")

    data, trial = encode_timed(codec, picture, setting, NO_METADATA)

    assert (trial.setting, trial.size) == (setting, len(data))
    assert trial.seconds > 0


@each_content
@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize(
    ("mode", "options"),
    [("RGB", {}), ("RGB", {"subsampling": 0}), ("CMYK", {}), ("YCbCr", {"subsampling": 0}), ("L", {})],
)
def test_noise_can_be_written_at_the_top_of_the_jpeg_ladder(content, effort, mode, options):
    """Such a file is larger than the buffer Pillow guesses for a progressive or optimised one, and fails there."""
    picture = noise((256, 192), mode)
    codec = with_options(JPEG.suited(content), effort, options)

    data = codec.encode(picture, codec.setting(100, mode))

    assert opened(data).size == picture.size


@each_codec
@pytest.mark.parametrize("option", ["quality", "exif", "icc_profile", "xmp", "comment", "dpi", "extra"])
@pytest.mark.parametrize("value", ["best", None, {}, 7])
def test_values_pillow_chokes_on_are_an_unsupported_image(codec, option, value):
    """One kind of error, whatever the writer raises; or the value is taken, and a picture written."""
    picture = photograph((16, 16))

    try:
        data = codec.encode(picture, {**codec.setting(50, "RGB"), option: value})
    except UnsupportedImage:
        data = None

    assert data is None or opened(data).size == picture.size

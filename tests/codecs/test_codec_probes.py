"""Probes and headers: what a cheap encode tells, and what a file weighs without its pixels."""

from __future__ import annotations

import pytest

from bytefit.codecs import LEARNED, encode_timed, with_options
from bytefit.codecs.avif.codec import AVIF
from bytefit.codecs.encoding import NO_METADATA
from bytefit.codecs.gif.codec import GIF
from bytefit.codecs.jpeg.codec import JPEG
from bytefit.codecs.jpeg2000.codec import JPEG2000
from bytefit.codecs.png.codec import PNG
from bytefit.codecs.preparing import prepare
from bytefit.codecs.tiff.codec import TIFF
from bytefit.codecs.webp.codec import WEBP
from bytefit.options import EFFORTS
from codec_marks import each_codec, each_content, each_learned
from images import flat, noise, opened, photograph


@each_codec
def test_probes_are_the_same_rung_at_another_effort(codec):
    """The probe's options are an effort's, no part of the setting's quality, and an encode with them works."""
    picture = photograph((64, 48))
    setting = codec.setting(codec.ladder[len(codec.ladder) // 2], "RGB")
    efforts = {name for options in codec.save_options.efforts.values() for name in options}

    data = codec.encode(picture, {**setting, **codec.hints.probe_options, **NO_METADATA})

    assert codec.hints.probe_options or not codec.hints.probe_pays(setting)
    assert not (codec.save_options.steered - efforts) & set(codec.hints.probe_options)
    assert opened(data).size == picture.size


@each_codec
def test_probes_are_read_by_a_model_or_by_the_codec(codec):
    """Whoever offers cheap encodes says what they tell of the dear ones."""
    by_codec = codec.hints.probe_gain is not None or codec.hints.frames_gain is not None
    assert bool(codec.hints.probe_options) == (codec in LEARNED or by_codec)


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
    assert codec.hints.probe_pays(with_options(codec, effort, options).setting(80, "RGB")) is pays


@pytest.mark.parametrize(
    ("codec", "mode"),
    [(JPEG, "RGB"), (JPEG, "L"), (WEBP, "RGB"), (WEBP, "RGBA"), (AVIF, "RGB"), (AVIF, "RGBA")],
    ids=lambda value: getattr(value, "format", value),
)
@each_content
@pytest.mark.parametrize("share", [0, 0.3, 0.6, 1])
def test_a_header_is_about_what_a_file_with_nothing_in_it_weighs(codec, content, mode, share):
    """At full effort and at a probe's: the rest of a file is what its pixels weigh."""
    codec = codec.for_content(content)
    picture = flat((16, 16), mode)
    if mode == "RGBA":
        picture.putalpha(99)
    quality = codec.ladder[round(share * (len(codec.ladder) - 1))]
    setting = {**codec.setting(quality, mode), **NO_METADATA}

    full, low = (
        len(codec.encode(picture, setting)),
        len(codec.encode(picture, {**setting, **codec.hints.probe_options})),
    )

    assert codec.hints.header(quality, mode) == pytest.approx(full, rel=0.3, abs=40)
    assert codec.hints.header(None, mode) == pytest.approx(low, rel=0.3, abs=40)


@each_learned
def test_rows_of_blocks_are_apart_where_what_is_above_does_not_help(codec):
    """Upright stripes cost as much in every row, or next to nothing below the first."""
    stripes = prepare(codec, noise((128, 1), "L"))
    quality = next(quality for quality in codec.ladder if quality >= 90)

    low, high = (
        len(codec.encode(stripes.resize((128, 16 * rows)), {**codec.setting(quality, stripes.mode), **NO_METADATA}))
        for rows in (1, 16)
    )

    first, others = low - codec.hints.header(quality, stripes.mode), (high - low) / 15
    assert codec.hints.rows_apart == (others > first / 2)


@each_codec
def test_a_probe_is_the_same_at_every_effort(codec):
    """A probe stands for the rung, whatever is added to it."""
    picture = photograph((20, 15))
    probes = [
        codec.encode(picture, {**with_options(codec, effort, {}).setting(50, "RGB"), **codec.hints.probe_options})
        for effort in EFFORTS
    ]

    assert probes[0] == probes[1] == probes[2]


@each_codec
def test_a_trial_records_what_was_encoded(codec):
    """The setting, the bytes of the whole file and the time."""
    picture = photograph((32, 24))
    setting = codec.setting(50, "RGB")

    data, trial = encode_timed(codec, picture, setting, NO_METADATA)

    assert (trial.setting, trial.size) == (setting, len(data))
    assert trial.seconds > 0

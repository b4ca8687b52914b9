"""The predicted curve: cheap, the same every time, never falling, and never more than a hint."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bytefit.codecs import CODECS
from bytefit.codecs.jpeg import JPEG
from bytefit.seeding import seed
from bytefit.seeding.features import feature_names, log_bits, probe, probe_features, scout
from bytefit.seeding.model import VERSION, Model, shipped_model
from bytefit.seeding.mosaic import mosaic
from bytefit.seeding.prediction import mean_curve, scout_curve, seed_with
from images import flat, graphic, noise, photograph, screenshot

each_codec = pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.format)

SCOUTS = [40, 80]


def model(**changes):
    """Return a small model for JPEG, with some entries changed."""
    rungs = len(JPEG.ladder)
    entries = {
        "version": VERSION,
        "codec": "JPEG",
        "rungs": rungs,
        "probe_options": dict(JPEG.probe_options),
        "scout_qualities": SCOUTS,
        "knots": [0, rungs // 2, rungs - 1],
        "scout_curve": [[-2.0, 0.5, 0.5], [0.0, 0.5, 0.5], [1.5, 0.5, 0.5]],
        "features": feature_names(SCOUTS),
        "base": -0.05,
        "trees": [],
        "scale_base": 0.0,
        "scale_trees": [],
        "modes": ["RGB", "L"],
        "least_pixels": 1024,
        "sources": [],
    }
    return Model(**{**entries, **changes})


def never_falls(curve):
    """Return whether no rung is predicted smaller than the one before."""
    return all(left <= right for left, right in pairwise(curve))


def seeded(codec, picture, *, budget=3000, coding=(), first=0):
    """Return what is predicted for `picture` with a slack of five per cent."""
    tiles = mosaic(picture)
    return seed(codec, picture, tiles, coding=dict(coding), budget=budget, enough=int(budget * 0.95), first=first)


def seeded_with(a_model, picture, *, budget, enough):
    """Return what a model predicts for `picture` as a JPEG."""
    return seed_with(a_model, JPEG, picture, mosaic(picture), budget=budget, enough=enough, first=0)


@each_codec
def test_the_mean_curve_has_a_value_for_every_rung_and_rises(codec):
    """It is a whole curve, in ln(bytes)."""
    curve = mean_curve(codec, photograph())

    assert len(curve) == len(codec.ladder)
    assert all(left < right for left, right in pairwise(curve))


@each_codec
def test_the_mean_curve_grows_with_the_pixels(codec):
    """Four times the pixels are four times the bytes."""
    small, large = mean_curve(codec, flat((100, 50))), mean_curve(codec, flat((200, 100)))

    assert [b - a for a, b in zip(small, large, strict=True)] == pytest.approx([log(4)] * len(small))


@each_codec
def test_the_mean_curve_is_of_the_right_magnitude(codec):
    """Of a photograph, in the middle of the ladder, within a factor of five."""
    picture = photograph((400, 300))
    rung = len(codec.ladder) // 2
    size = len(codec.encode(picture, codec.setting(codec.ladder[rung], "RGB")))

    assert abs(mean_curve(codec, picture)[rung] - log(size)) < log(5)


@each_codec
def test_with_save_options_the_mean_curve_serves(codec):
    """No model was trained with any: nothing is measured either."""
    picture = photograph()
    option = {"JPEG": "subsampling", "WEBP": "method", "AVIF": "speed"}[codec.format]

    prediction = seeded(codec, picture, coding={option: 0})

    assert list(prediction.curve) == mean_curve(codec, picture)
    assert prediction.probes == ()


@each_codec
@pytest.mark.parametrize("size", [(1, 1), (3, 40)])
def test_pictures_too_small_for_the_model_have_the_mean_curve(codec, size):
    """A probe of a few pixels costs more than the trials it saves, and tells nothing."""
    picture = noise(size)

    assert list(seeded(codec, picture).curve) == mean_curve(codec, picture)


def test_modes_no_model_was_trained_on_have_the_mean_curve():
    """Inks, for one."""
    picture = photograph(mode="CMYK")

    assert list(seeded(JPEG, picture).curve) == mean_curve(JPEG, picture)


@each_codec
@pytest.mark.parametrize("picture", [photograph(), screenshot(), noise((64, 48)), flat(), photograph(mode="L")])
@pytest.mark.parametrize("budget", [1, 700, 3000, 10**9])
def test_a_predicted_curve_never_falls(codec, picture, budget):
    """It is read backwards by halving; budgets far off the ladder included."""
    curve = seeded(codec, codec.prepare(picture), budget=budget).curve

    assert len(curve) == len(codec.ladder)
    assert never_falls(curve)


@each_codec
def test_the_same_picture_has_the_same_curve(codec):
    """Nothing is drawn at random: the same input gives the same bytes, today and tomorrow."""
    first, second = (seeded(codec, photograph((256, 192), seed=5)) for _ in range(2))

    assert list(first.curve) == list(second.curve)
    assert [(probe.setting, probe.size) for probe in first.probes] == [(p.setting, p.size) for p in second.probes]


def test_a_drawing_is_predicted_as_one():
    """The tables are others, and the trees are told."""
    told = model(base=0.0, trees=[[feature_names(SCOUTS).index("drawing"), 0.5, 0.0, 0.25]])
    picture, budget = photograph(LARGE), 20_000
    drawing = replace(JPEG.for_drawings, setting=JPEG.setting)

    prediction = seed_with(told, drawing, picture, mosaic(picture), budget=budget, enough=budget, first=0)

    assert prediction.curve == seeded_with(model(base=0.25), picture, budget=budget, enough=budget).curve
    assert prediction.curve != seeded_with(told, picture, budget=budget, enough=budget).curve


@each_codec
def test_the_shipped_models_beat_the_mean_curve(codec):
    """On pictures made by no camera it need not be good, but better than knowing nothing."""
    if shipped_model(codec) is None:
        pytest.skip(f"no model for {codec.format} yet")
    errors = {"model": 0.0, "mean": 0.0}

    for picture in (photograph((400, 300)), screenshot((400, 300)), noise((256, 192))):
        rung = len(codec.ladder) // 2
        size = len(codec.encode(picture, codec.setting(codec.ladder[rung], "RGB")))
        errors["model"] += abs(seeded(codec, picture, budget=size).curve[rung] - log(size))
        errors["mean"] += abs(mean_curve(codec, picture)[rung] - log(size))

    assert errors["model"] < errors["mean"]


def test_alpha_is_probed_with_alpha():
    """A probe is an encode of the same picture in the same mode."""
    codec = next(codec for codec in CODECS if codec.format == "WEBP")
    picture = graphic((96, 64))

    bits, trial = probe(codec, picture, 40)

    assert bits == pytest.approx(log_bits(trial.size, picture))
    assert trial.setting == {**codec.setting(codec.ladder[40], "RGBA"), **codec.probe_options}


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "CMYK", "YCbCr"])
def test_scouts_read_every_mode_that_is_encoded(mode):
    """Busier at higher qualities, finite always, and cheap encodes are on record."""
    readings, trials = scout(photograph((192, 112), "RGB").convert(mode), [30, 60, 90])

    assert readings == sorted(readings)
    assert [trial.setting for trial in trials] == [{"quality": 30}, {"quality": 60}, {"quality": 90}]


def test_features_are_as_many_as_their_names():
    """Training and run time read the same list, in the same order."""
    features = probe_features(
        0.5, mode="L", drawing=True, pixels=1000, bits=0.5, gauged=-0.1, expected=0.4, scouts=[0.25, 0.75]
    )

    assert len(features) == len(feature_names(SCOUTS))
    named = dict(zip(feature_names(SCOUTS), features, strict=True))
    assert (named["position"], named["probe_bits"], named["gauge"], named["grey"]) == (0.5, 0.5, -0.1, 1.0)
    assert (named["scout_40"], named["scout_80"], named["alpha"]) == (0.25, 0.75, 0.0)
    assert named["drawing"] == 1.0
    assert named["surprise"] == pytest.approx(0.0)


def test_the_scout_curve_is_linear_in_the_scouts():
    """At a knot it is the intercept and the weighted scouts, exactly."""
    curve = scout_curve(model(), [0.2, 0.4])

    assert curve[0] == pytest.approx(-2.0 + 0.3)
    assert curve[-1] == pytest.approx(1.5 + 0.3)
    assert never_falls(curve)


LARGE = (640, 320)  # more than twice the tiles of the smallest mosaic: smaller pictures are not probed


def test_a_probe_puts_the_curve_where_it_was_measured():
    """At the probed rung the prediction is probe, gauge and correction, whatever the scouts said."""
    picture = photograph(LARGE)
    shifted = model(scout_curve=[[-1.0, 0.5, 0.5], [1.0, 0.5, 0.5], [2.5, 0.5, 0.5]])
    rung = len(JPEG.ladder) // 2
    budget = len(JPEG.encode(picture, JPEG.setting(JPEG.ladder[rung], "RGB")))

    prediction = seeded_with(shifted, picture, budget=budget, enough=int(budget * 0.95))

    tables = [JPEG.setting(quality, "RGB")["qtables"] for quality in JPEG.ladder]
    _, probed, full, low = prediction.probes[1:5]
    at = tables.index(probed.setting["qtables"])
    assert probed.setting == {**JPEG.setting(JPEG.ladder[at], "RGB"), **JPEG.probe_options}
    assert len(prediction.probes) > 5 or prediction.curve[at] == pytest.approx(
        log(probed.size) + log(full.size / low.size) - 0.05
    )
    assert abs(prediction.curve[rung] - log(budget)) < 0.2


@pytest.mark.parametrize("budget", [1, 10**9])
def test_budgets_far_off_the_ladder_are_not_probed(budget):
    """The first trial settles them."""
    prediction = seeded_with(model(), photograph(LARGE), budget=budget, enough=budget)

    assert len(prediction.probes) == len(SCOUTS)


PICTURE = photograph(LARGE)


@given(
    st.lists(st.lists(st.floats(-50, 50), min_size=3, max_size=3), min_size=3, max_size=3),
    st.floats(-50, 50),
    st.integers(1, 10**6),
)
@settings(max_examples=15)
def test_an_absurd_model_still_predicts_a_curve_that_never_falls(rows, base, budget):
    """A bad model costs trials, never correctness."""
    prediction = seeded_with(model(scout_curve=rows, base=base), PICTURE, budget=budget, enough=budget)

    assert len(prediction.curve) == len(JPEG.ladder)
    assert never_falls(prediction.curve)

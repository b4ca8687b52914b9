"""The best scale: asked of a model once, and kept to by the search; without a model, or in doubt, it is full size."""

from __future__ import annotations

from math import log

import pytest
from PIL import Image

import bytefit
from bytefit.codecs import CODECS, LEARNED, codec_for_format
from bytefit.codecs.jpeg.codec import JPEG
from bytefit.fitting import resizing
from bytefit.seeding import best_scale as scaling
from bytefit.seeding.best_scale import SCALES, best_scales, scale_features
from bytefit.seeding.model import VERSION, Model, feature_names
from bytefit.seeding.trees import Ensemble
from images import flat, noise, opened, photograph

QUALITIES = [50, 80]
SIZE = (240, 160)
EXIF_IFD, WIDTH, HEIGHT = 0x8769, 0xA002, 0xA003

each_codec = pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.format)


def gains_at(scale, points):
    """Return a tree that predicts `points` for one scale and nothing for the others."""
    log_scale = 2
    return [log_scale, log(scale * 1.01), [log_scale, log(scale * 0.99), 0.0, points], 0.0]


def model(codec=JPEG, **changes):
    """Return a model of a codec that finds half the size the best for everything, with some entries changed."""
    rungs = len(codec.ladder)
    entries = {
        "version": VERSION,
        "codec": codec.format,
        "probe_options": dict(codec.hints.probe_options),
        "complexity_qualities": QUALITIES,
        "whole_complexity": False,
        "knots": [0, rungs - 1],
        "complexity_curve": [[-2.0, 0.5, 0.5], [1.5, 0.5, 0.5]],
        "features": feature_names(QUALITIES),
        "sample_probe_trees": Ensemble(),
        "low_effort_trees": Ensemble(),
        "scale_trees": Ensemble(0.0, [gains_at(0.5, 20.0)]),
        "modes": ["RGB", "L"],
        "least_pixels": 1024,
        "ladder": 0,
        "training": {"sources": []},
    }
    return Model(**{**entries, **changes})


@pytest.fixture
def shipped(monkeypatch):
    """Return a function that ships a model instead of the codec's own, as far as scales go."""
    return lambda instead: monkeypatch.setattr(scaling, "model_in_use", lambda _codec, _models: instead)


def scale_of(picture, budget=3000, codec=JPEG):
    """Return the best scale of a picture."""
    return best_scales(codec, picture, budget)[0]


@pytest.mark.parametrize("scale", SCALES[1:])
def test_the_scale_is_the_one_predicted_to_gain_most(shipped, scale):
    """The scale with the largest predicted gain is used, whichever scale that is."""
    shipped(model(scale_trees=Ensemble(1.0, [gains_at(scale, 20.0)])))

    assert scale_of(photograph(SIZE)) == scale


@pytest.mark.parametrize("points", [-30.0, 0.0, 1.9])
def test_a_gain_in_doubt_leaves_full_size(shipped, points):
    """A small predicted gain may be an error, while the loss of detail is certain."""
    shipped(model(scale_trees=Ensemble(0.0, [gains_at(0.5, points)])))

    assert scale_of(photograph(SIZE)) == 1.0


def test_the_scale_depends_on_the_budget(shipped):
    """The budget counts in bits per pixel of the full size: in this model, less than one bit means half size."""
    log_budget = 3
    shipped(model(scale_trees=Ensemble(0.0, [[log_budget, 0.0, gains_at(0.5, 20.0), 0.0]])))
    one_bit = SIZE[0] * SIZE[1] // 8

    assert [scale_of(photograph(SIZE), budget) for budget in (one_bit - 9, one_bit + 9)] == [0.5, 1.0]


def test_without_a_model_or_outside_it_the_scale_is_full_size(shipped):
    """Without a model, and for pictures outside its training, nothing is known of smaller scales."""
    shipped(None)
    assert scale_of(photograph(SIZE)) == 1.0

    shipped(model(least_pixels=SIZE[0] * SIZE[1] + 1))
    assert scale_of(photograph(SIZE)) == 1.0


@each_codec
@pytest.mark.parametrize("draw", [photograph, noise, flat])
@pytest.mark.parametrize("budget", [1, 2000, 10**9])
def test_shipped_scales_are_shares(codec, draw, budget):
    """For any budget a scale is above 0 and at most 1: no picture may be enlarged or vanish."""
    assert 0 < scale_of(draw(SIZE), budget, codec) <= 1


@each_codec
def test_generous_budgets_leave_full_size(codec):
    """With eight bits per pixel a smaller scale can only lose detail."""
    assert scale_of(photograph(SIZE), SIZE[0] * SIZE[1], codec) == 1.0


def test_features_are_of_the_budget_at_the_scale():
    """They are the spare bits at the scale and at full size, scale, budget, content and complexities."""
    features = scale_features(2.0, 0.5, graphic=True, complexities={50: 0.25, 80: 0.75})

    assert features == pytest.approx([log(8.0) - 0.25, log(2.0) - 0.25, log(0.5), log(2.0), 1.0, 0.25, 0.75])


@pytest.mark.parametrize("wanted", [codec.format for codec in LEARNED])
def test_the_search_runs_at_the_predicted_scale(shipped, wanted):
    """Every trial is made at the predicted scale, even though full size would fit too."""
    shipped(model(codec_for_format(wanted)))
    picture = photograph(SIZE)

    full = bytefit.compress(picture, 6000, format=wanted)
    half = bytefit.compress(picture, 6000, format=wanted, resize=True)

    assert (full.width, full.height, full.scale) == (*SIZE, 1.0)
    assert (half.width, half.height, half.scale) == (120, 80, 0.5)
    assert opened(half.data).size == (120, 80)
    assert half.size <= 6000
    assert half.quality > full.quality


@pytest.mark.parametrize(
    ("bounds", "width"),
    [
        ({}, 120),
        ({"min_width": 150}, 150),
        ({"min_width": 120}, 120),
        ({"min_width": 1000}, 240),
        ({"max_width": 90}, 90),
        ({"max_width": 200}, 120),
        ({"max_width": 1000}, 120),
        ({"min_width": 130, "max_width": 160}, 130),
        ({"min_width": 101, "max_width": 101}, 101),
    ],
    ids=str,
)
def test_the_predicted_scale_keeps_to_the_bounds(shipped, bounds, width):
    """Bounds on the dimensions hold to the pixel, and the width never exceeds the picture's own."""
    shipped(model())

    result = bytefit.compress(photograph(SIZE), 6000, format="JPEG", resize=True, **bounds)

    assert (result.width, result.height) == (width, round(160 * width / 240))


def close_call():
    """Return trees that predict nearly as much for 0.71 as for 0.5."""
    return Ensemble(0.0, [gains_at(0.5, 20.0), gains_at(0.71, 19.0)])


def test_a_close_second_scale_is_named(shipped):
    """Predictions that differ by less than their error cannot decide between two scales."""
    shipped(model(scale_trees=close_call()))
    assert best_scales(JPEG, photograph(SIZE), 3000) == (0.5, 0.71)

    shipped(model())
    assert best_scales(JPEG, photograph(SIZE), 3000) == (0.5,)


@pytest.mark.parametrize("scores", [(80.0, 70.0), (70.0, 80.0)], ids=["second better", "first better"])
def test_of_two_close_scales_the_one_that_scores_higher_is_used(shipped, scores, monkeypatch):
    """Where answers can be scored, both are made, and the score of the real files decides."""
    shipped(model(scale_trees=close_call()))
    found = iter(scores)
    monkeypatch.setattr(resizing, "can_score", lambda: True)
    monkeypatch.setattr(resizing, "score_of_trials", lambda _trials: next(found))

    result = bytefit.compress(photograph(SIZE), 6000, format="JPEG", resize=True)

    assert result.scale == pytest.approx(0.71 if scores[0] > scores[1] else 0.5, abs=0.01)
    assert result.size <= 6000
    assert {trial.size for trial in result.trials} >= {result.size}


def test_without_the_metric_the_prediction_decides(shipped, monkeypatch):
    """Without `bytefit[metrics]` there is nothing to choose by, and a score takes longer than a fast answer may."""
    shipped(model(scale_trees=close_call()))
    monkeypatch.setattr(resizing, "score_of_trials", None)

    monkeypatch.setattr(resizing, "can_score", lambda: False)
    assert bytefit.compress(photograph(SIZE), 6000, format="JPEG", resize=True).scale == 0.5

    monkeypatch.setattr(resizing, "can_score", lambda: True)
    assert bytefit.compress(photograph(SIZE), 6000, format="JPEG", resize=True, effort="fast").scale == 0.5


def test_dimensions_in_exif_follow_the_predicted_scale(shipped):
    """The dimensions in the EXIF data must be those of the pixels in the file."""
    shipped(model())
    block = Image.Exif()
    block.get_ifd(EXIF_IFD).update({WIDTH: SIZE[0], HEIGHT: SIZE[1]})

    result = bytefit.compress(photograph(SIZE), 6000, format="JPEG", resize=True, exif=block.tobytes())

    stated = opened(result.data).getexif().get_ifd(EXIF_IFD)
    assert (stated[WIDTH], stated[HEIGHT]) == (result.width, result.height) == (120, 80)


def test_a_predicted_scale_that_does_not_fit_is_lowered_further(shipped):
    """The best looking scale is useless over the budget, so a smaller one is used."""
    shipped(model(scale_trees=Ensemble(log(0.8))))

    result = bytefit.compress(noise(SIZE), 5000, format="JPEG", resize=True, min_quality=60)

    assert result.fits
    assert result.quality >= 60
    assert result.scale < 0.8

"""How far the search goes: proven without slack, earlier done with it, in few trials."""

from __future__ import annotations

import pytest

import bytefit
from bytefit.codecs import codec_for_format, with_options
from bytefit.codecs.encoding import NO_METADATA
from images import flat, opened, photograph, screenshot
from outcomes import PICTURES, codec_of, each_format, each_ladder, each_learned, each_lossy, is_lossless, size_at


@each_ladder
@pytest.mark.parametrize("kind", ["photograph", "screenshot", "noise"])
def test_without_slack_the_answer_is_proven(wanted, kind):
    """It fits, and the next rung, really encoded, does not; or it keeps every pixel, and there is none."""
    picture = PICTURES[kind]()
    codec = codec_of(picture, wanted)
    budget = size_at(picture, wanted) + 3

    result = bytefit.compress(picture, budget, format=wanted, slack=0)

    assert result.proven
    if is_lossless(result):
        assert opened(result.data).convert("RGB").tobytes() == picture.tobytes()
    else:
        rung = codec.ladder.index(result.quality)
        following = codec.setting(codec.ladder[rung + 1], "RGB")
        assert len(codec.encode(picture, {**following, **NO_METADATA})) > budget


@each_format
def test_without_slack_the_best_rung_is_proven_where_it_fills_the_budget(wanted):
    """On a plateau the rung above has the same bytes, and is the better picture."""
    picture = flat((64, 64))
    budget = size_at(picture, wanted, 0)

    result = bytefit.compress(picture, budget, format=wanted, slack=0)

    codec = codec_of(picture, wanted)
    above = codec.ladder[codec.ladder.index(result.quality) + 1 :][:1]
    assert result.proven
    assert all(len(codec.encode(picture, {**codec.setting(rung, "RGB"), **NO_METADATA})) > budget for rung in above)


@each_format
def test_more_than_the_largest_encoding_is_the_highest_rung(wanted):
    """A budget nobody can fill is answered with the best there is."""
    result = bytefit.compress(photograph((64, 48)), "50MB", format=wanted)

    assert (result.quality, result.proven) == (codec_for_format(wanted).ladder[-1], True)


@each_format
def test_wide_slack_stops_earlier_than_none(wanted):
    """A tolerance saves encodes, never costs any."""
    picture = photograph()
    budget = size_at(picture, wanted, 0.6) + 1

    loose = bytefit.compress(picture, budget, format=wanted, slack=0.5)
    tight = bytefit.compress(picture, budget, format=wanted, slack=0)

    assert len(loose.trials) <= len(tight.trials)
    assert loose.size <= tight.size


@each_learned
@pytest.mark.parametrize("bits", [0.3, 1.0])
def test_what_was_encoded_to_predict_is_told(wanted, bits):
    """A picture of half a megapixel is worth some probes, each a small encode that was made."""
    picture = photograph((832, 608))
    budget = int(832 * 608 * bits / 8)

    result = bytefit.compress(picture, budget, format=wanted)

    assert result.probes
    assert all(probe.size > 0 and probe.seconds > 0 for probe in result.probes)


@pytest.mark.parametrize(
    ("wanted", "options"), [("JPEG", {"subsampling": 0}), ("WEBP", {"method": 6}), ("AVIF", {"speed": 8})], ids=str
)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.85])
def test_save_options_cost_no_more_trials(wanted, options, share):
    """They are in what is read of the picture: an answer is found as soon as without them."""
    picture = photograph((640, 480))
    codec = with_options(codec_of(picture, wanted), "normal", options)
    setting = codec.setting(codec.ladder[round(share * (len(codec.ladder) - 1))], "RGB")
    budget = len(codec.encode(picture, {**setting, **NO_METADATA})) + 7

    result = bytefit.compress(picture, budget, format=wanted, **options)

    assert result.size <= budget
    assert len(result.trials) <= 4
    assert all(options.items() <= trial.setting.items() for trial in result.trials)
    assert codec.encode(picture, {**result.setting, **NO_METADATA}) == result.data


@each_lossy
def test_trials_are_few(wanted):
    """Deterministic, so it can be asserted: below the seven of bisection, on pictures made by no camera."""
    trials = []

    for picture in (photograph(), photograph(seed=2), screenshot()):
        for share in (0.3, 0.6, 0.85):
            budget = size_at(picture, wanted, share) + 7
            trials.append(len(bytefit.compress(picture, budget, format=wanted).trials))

    assert sum(trials) / len(trials) < 6

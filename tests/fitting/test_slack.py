"""How far the search goes: proven without slack, earlier done with it, in few trials."""

from __future__ import annotations

import pytest

import bytefit
from bytefit.codecs import codec_for_format, with_options
from bytefit.codecs.encoding import NO_METADATA
from images import photograph, screenshot
from outcomes import codec_of, each_format, each_learned, each_lossy, size_at, size_for


@each_format
def test_more_than_the_largest_encoding_is_the_highest_rung(wanted):
    """A budget larger than every encoding must be answered with the highest rung: in GIF that of 256 colours here."""
    result = bytefit.compress(photograph(size_for(wanted)), "50MB", format=wanted)

    assert (result.quality, result.proven) == (codec_for_format(wanted).ladder[-2 if wanted == "GIF" else -1], True)


@pytest.mark.parametrize("wanted", ["JPEG", "GIF"])
def test_wide_slack_stops_earlier_than_none(wanted):
    """A wider slack must never cost more trials, nor give a larger file."""
    picture = photograph(size_for(wanted))
    budget = size_at(picture, wanted, 0.6) + 1

    loose = bytefit.compress(picture, budget, format=wanted, slack=0.5)
    tight = bytefit.compress(picture, budget, format=wanted, slack=0)

    assert len(loose.trials) <= len(tight.trials)
    assert loose.size <= tight.size


@each_learned
def test_a_result_lists_the_probes_that_were_encoded(wanted):
    """A large picture is worth some probes: the result must list each with its size and time."""
    picture = photograph((640, 416))
    budget = 640 * 416 // 8

    result = bytefit.compress(picture, budget, format=wanted)

    assert result.probes
    assert all(probe.size > 0 and probe.seconds > 0 for probe in result.probes)


@pytest.mark.parametrize(
    ("wanted", "options"), [("JPEG", {"subsampling": 0}), ("WEBP", {"method": 6}), ("AVIF", {"speed": 8})], ids=str
)
def test_save_options_cost_no_more_trials(wanted, options):
    """Probes must be encoded with the user's options: otherwise they mislead the search, which takes more trials."""
    picture = photograph((400, 300))
    codec = with_options(codec_of(picture, wanted), "normal", options)
    setting = codec.setting(codec.ladder[round(0.6 * (len(codec.ladder) - 1))], "RGB")
    budget = len(codec.encode(picture, {**setting, **NO_METADATA})) + 7

    result = bytefit.compress(picture, budget, format=wanted, **options)

    assert result.size <= budget
    assert len(result.trials) <= 4
    assert all(options.items() <= trial.setting.items() for trial in result.trials)
    assert codec.encode(picture, {**result.setting, **NO_METADATA}) == result.data


@each_lossy
def test_trials_are_few(wanted):
    """An answer must take fewer trials than bisection, which needs seven, also on pictures that no model has seen."""
    trials = []

    for picture in (photograph(), photograph(seed=2), screenshot()):
        for share in (0.3, 0.85):
            budget = size_at(picture, wanted, share) + 7
            trials.append(len(bytefit.compress(picture, budget, format=wanted).trials))

    assert sum(trials) / len(trials) < 6

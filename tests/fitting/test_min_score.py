"""A floor on the visible quality: it is reached within the budget, or the error says what it would take."""

from __future__ import annotations

import pickle
import re
import sys

import pytest

pytest.importorskip("ssimulacra2")

import bytefit
from bytefit import BudgetUnreachable, BytefitError, ConfigError, UnsupportedImage
from bytefit.codecs import CODECS, codec_for_format
from bytefit.codecs.encoding import NO_METADATA
from bytefit.pictures.scores import ssimulacra2_score
from bytefit.seeding.picture_kind import for_content
from bytefit.seeding.sampling import sample_of
from images import encoded, graphic, noise, opened, photograph, screenshot, write_jpeg

# Those of which a higher rung looks better. A palette of more colours need not, see below.
each_format = pytest.mark.parametrize("wanted", ["JPEG", "WEBP", "AVIF", "JPEG2000"])
# Those of which no rung does.
each_lossy = pytest.mark.parametrize("wanted", [codec.format for codec in CODECS if not codec.ladder_keeps_pixels])

# In grey: what 4:2:0 loses of colours at any quality makes scores go up and down.
PICTURES = {"photograph": lambda: photograph((96, 72), "L"), "screenshot": lambda: screenshot((96, 64), "L")}
each_kind = pytest.mark.parametrize("kind", PICTURES)


def at_share(picture, wanted, share):
    """Return the bytes and the score of `picture` at the rung that is `share` up the ladder."""
    codec = codec_for_format(wanted)
    codec = for_content(codec, sample_of(codec, picture))
    rung = round(share * (len(codec.ladder) - 1))
    data = codec.encode(picture, {**codec.setting(codec.ladder[rung], picture.mode), **NO_METADATA})
    return len(data), ssimulacra2_score(picture, opened(data))


@each_format
@each_kind
def test_a_floor_below_the_answer_changes_nothing(wanted, kind):
    """The same bytes as without it, and their score."""
    picture = PICTURES[kind]()
    budget, _ = at_share(picture, wanted, 0.8)
    _, least = at_share(picture, wanted, 0.4)

    result = bytefit.compress(picture, budget, format=wanted, min_score=least)

    assert result.data == bytefit.compress(picture, budget, format=wanted).data
    assert result.score == ssimulacra2_score(picture, opened(result.data)) >= least


@each_format
@each_kind
def test_slack_gives_way_to_the_floor(wanted, kind):
    """A search that stopped early goes on while there is room."""
    picture = PICTURES[kind]()
    budget, _ = at_share(picture, wanted, 0.9)
    _, least = at_share(picture, wanted, 0.8)

    result = bytefit.compress(picture, budget, format=wanted, min_score=least, slack=0.99)

    assert result.fits
    assert result.score == ssimulacra2_score(picture, opened(result.data)) >= least
    assert (result.setting, result.size) in [(trial.setting, trial.size) for trial in result.trials]


@pytest.mark.parametrize(
    ("wanted", "least"), [("JPEG", 60), ("JPEG", 85), ("WEBP", 85), ("AVIF", 60), ("JPEG2000", 85)]
)
def test_a_floor_too_high_is_an_error_that_says_what_it_takes(wanted, least):
    """With that many bytes, the floor is reached."""
    picture = photograph((160, 120), "L")
    budget, score = at_share(picture, wanted, 0.05)

    with pytest.raises(BudgetUnreachable) as caught:
        bytefit.compress(picture, budget, format=wanted, min_score=least, slack=0)
    error = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
    answer = bytefit.compress(picture, error.smallest, format=wanted, min_score=least, slack=0)

    assert score < least <= answer.score
    assert answer.fits
    assert (error.budget, error.min_score, error.width, error.height) == (budget, least, *picture.size)
    assert f"for a SSIMULACRA2 score of {least}" in str(error)
    assert re.search(
        r"; lower the score floor, or raise the budget \(\d+ kB would do\)(; as WEBP at quality [^;]*)?$", str(error)
    )


@each_format
def test_the_smallest_that_reaches_the_floor_can_be_had_instead(wanted):
    """It says of itself that it does not fit."""
    picture = PICTURES["photograph"]()
    budget, _ = at_share(picture, wanted, 0.3)
    _, least = at_share(picture, wanted, 0.8)

    result = bytefit.compress(picture, budget, format=wanted, min_score=least, on_unreachable="smallest")

    with pytest.raises(BudgetUnreachable) as caught:
        bytefit.compress(picture, budget, format=wanted, min_score=least)
    assert not result.fits
    assert result.size == caught.value.smallest
    assert result.quality == caught.value.quality
    assert result.score == ssimulacra2_score(picture, opened(result.data)) >= least


def test_a_floor_that_is_not_in_the_way_is_not_named():
    """Where nothing fits at any score, the score is not what to lower."""
    with pytest.raises(BudgetUnreachable) as caught:
        bytefit.compress(PICTURES["photograph"](), 20, format="JPEG", min_score=-1000)

    assert caught.value.min_score is None
    assert "score" not in str(caught.value)


@pytest.mark.parametrize(
    ("wanted", "least", "budget"),
    [("PNG", 30, 300), ("PNG", 70, 300), ("PNG", 70, 600), ("PNG", 95, 600), ("GIF", 30, 500), ("GIF", 95, 700)],
)
def test_palettes_keep_to_a_floor(wanted, least, budget):
    """Scores do not rise with every colour of a palette: the answer's own must be measured, or the error be right."""
    picture = photograph((21, 14))

    try:
        result = bytefit.compress(picture, budget, format=wanted, min_score=least)
    except BudgetUnreachable as error:
        assert error.smallest > budget or (error.score is not None and error.score < least)  # noqa: PT017
    else:
        assert result.size <= budget
        assert result.score == ssimulacra2_score(picture, opened(result.data)) >= least


@pytest.mark.parametrize("wanted", ["PNG", "JPEG2000", "TIFF"])
def test_a_floor_that_only_the_very_pixels_reach_is_reached(wanted):
    """Where there is room for them; else they are what it takes."""
    picture = noise((20, 15))

    result = bytefit.compress(picture, "1MB", format=wanted, min_score=99.99)
    with pytest.raises(BudgetUnreachable) as caught:
        bytefit.compress(picture, 500, format=wanted, min_score=99.99)

    assert (result.score, result.quality, result.fits) == (100, 100, True)
    assert opened(result.data).tobytes() == picture.tobytes()
    assert caught.value.quality == 100


@each_lossy
@pytest.mark.parametrize("budget", [900, "1MB"])
@pytest.mark.parametrize("on_unreachable", ["error", "smallest"])
def test_a_floor_no_rung_reaches_is_never_an_answer_that_fits(wanted, budget, on_unreachable):
    """However much room there is: noise in colour is beyond 4:2:0."""
    picture = noise((64, 48))

    try:
        result = bytefit.compress(picture, budget, format=wanted, min_score=99.99, on_unreachable=on_unreachable)
    except BytefitError as error:
        assert "score" in str(error)  # noqa: PT017  (an answer that does not fit is right, too)
    else:
        assert on_unreachable == "smallest"
        assert not result.fits


def test_a_floor_no_width_allowed_reaches_is_never_an_answer_that_fits():
    """A thumbnail shown at full size is no likeness, at any quality."""
    with pytest.raises(BytefitError, match="score"):
        bytefit.compress(screenshot(), "1MB", format="JPEG", min_score=90, resize=True, max_width=40)


def test_scores_are_at_full_size():
    """A smaller answer is scored as a page shows it."""
    picture = PICTURES["photograph"]()

    result = bytefit.compress(picture, 3000, format="WEBP", resize=True, max_width=60, min_score=-1000)

    assert result.width == 60
    assert result.score == ssimulacra2_score(picture, opened(result.data))


@pytest.mark.parametrize("wanted", ["WEBP", "AVIF"])
def test_transparency_is_scored(wanted):
    """Against the picture as it was given."""
    picture = graphic((96, 64))

    result = bytefit.compress(picture, 8000, format=wanted, min_score=-1000)

    assert result.score == ssimulacra2_score(picture, opened(result.data))


@pytest.mark.parametrize("effort", ["fast", "best"])
def test_floors_go_with_efforts(effort):
    """The score is that of the file that comes out."""
    picture = PICTURES["photograph"]()

    result = bytefit.compress(picture, 4000, format="JPEG", min_score=0, effort=effort)

    assert result.score == ssimulacra2_score(picture, opened(result.data)) >= 0


def test_floors_go_with_a_floor_on_quality():
    """Both are kept; the error names both."""
    picture = PICTURES["photograph"]()
    budget, _ = at_share(picture, "JPEG", 0.5)
    _, least = at_share(picture, "JPEG", 0.9)

    with pytest.raises(BudgetUnreachable) as caught:
        bytefit.compress(picture, budget, format="JPEG", min_quality=10, min_score=least)

    assert (caught.value.floor, caught.value.min_score) == (10, least)
    assert "the floor is 10, for a SSIMULACRA2 score of" in str(caught.value)
    assert "lower the quality floor, lower the score floor, or raise the budget" in str(caught.value)


def test_floors_go_with_exact_sizes():
    """The padding shows nothing."""
    result = bytefit.compress(PICTURES["photograph"](), 9001, format="JPEG", min_score=50, exact=True)

    assert result.size == 9001
    assert result.score >= 50


def test_a_file_is_scored_as_it_is_stored(tmp_path):
    """Its orientation and its profile are the same before and after."""
    path = write_jpeg(tmp_path / "photo.jpg", photograph((96, 72), "L"), orientation=6)

    result = bytefit.compress(path, 4000, min_score=0)

    assert result.score == ssimulacra2_score(opened(path.read_bytes()), opened(result.data))


def test_the_same_picture_has_the_highest_score():
    """Where nothing is lost there is nothing to find."""
    picture = opened(encoded(photograph((16, 16), "L").resize((64, 64), 0), quality=100))

    assert bytefit.compress(picture, "1MB", min_score=0).score > 80


def test_pictures_too_small_for_the_metric_are_refused():
    """With the reason."""
    with pytest.raises(UnsupportedImage, match="SSIMULACRA2 is undefined below 8 pixels a side"):
        bytefit.compress(noise((5, 40)), 1000, format="JPEG", min_score=50)


def test_without_the_metric_the_error_says_what_to_install(monkeypatch):
    """Only who asks for a score has to have it."""
    monkeypatch.setitem(sys.modules, "ssimulacra2", None)

    with pytest.raises(ConfigError, match=re.escape("pip install 'bytefit[metrics]'")):
        bytefit.compress(photograph(), 4000, format="JPEG", min_score=50)
    assert bytefit.compress(photograph(), 4000, format="JPEG").score is None

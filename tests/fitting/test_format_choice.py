"""The format a picture looks best in: each allowed one is fitted, and the best kept."""

from __future__ import annotations

import sys
from io import BytesIO
from types import SimpleNamespace

import pytest
from PIL import Image

import bytefit
from bytefit import BudgetUnreachable, ConfigError, UnsupportedImage
from bytefit.codecs import codec_for_format
from bytefit.fitting.format_choice import ANIMATED_FORMATS, FORMATS, best_looking
from bytefit.fitting.result import Result
from bytefit.fitting.unreachable import Miss
from images import animation, encoded, exif, graphic, noise, opened, photograph, screenshot, write_jpeg


def answer_in(name, *, lossless=False):
    """Return a result as far as a format is chosen by it."""
    return Result(
        data=b"",
        budget=100,
        format=name,
        quality=50.0,
        setting={},
        width=9,
        height=9,
        frames=1,
        scale=1.0,
        score=None,
        lossless=lossless,
        proven=True,
        trials=(),
        probes=(),
        seconds=0.0,
    )


def unreachable(smallest):
    """Return what is left of a picture that came to `smallest` bytes."""
    return Miss(SimpleNamespace(data=bytes(smallest)), None, floored=False)


def chosen(answers, allowed=None, scores=None, source=None):
    """Return the format chosen among answers, or errors, by format; and in which order they were fitted."""
    fitted = []

    def fit(name):
        fitted.append(name)
        answer = answers[name]
        if isinstance(answer, Exception):
            raise answer
        return answer

    best = best_looking(
        source or photograph((8, 8)), allowed, fit, lambda answer: None if scores is None else scores[answer.format]
    )
    return best if isinstance(best, Miss) else best.format, fitted


ALL = {name: answer_in(name) for name in (*FORMATS, "GIF")}


@pytest.mark.parametrize("best", FORMATS)
def test_the_highest_score_is_chosen(best):
    """Whatever the order; scores may be below zero."""
    scores = {**dict.fromkeys(FORMATS, -60.0), best: -20.0}

    assert chosen(ALL, scores=scores)[0] == best


@pytest.mark.parametrize(
    ("allowed", "first"),
    [(None, "AVIF"), (["JPEG", "WEBP", "AVIF"], "JPEG"), (["PNG", "JPEG"], "PNG"), (("webp", "jpg"), "WEBP")],
    ids=str,
)
def test_without_scores_the_order_decides(allowed, first):
    """Ours, or that of the names given."""
    assert chosen(ALL, allowed)[0] == first


def test_one_answer_needs_no_score():
    """Nothing is decoded and compared where there is nothing to choose from."""
    answers = {**ALL, "AVIF": unreachable(500), "WEBP": unreachable(300), "PNG": unreachable(900)}

    assert chosen(answers, scores={})[0] == "JPEG"


def test_an_answer_that_cannot_be_scored_leaves_it_to_the_order():
    """Scores of some say nothing of the others."""
    assert chosen(ALL, scores={**dict.fromkeys(FORMATS, 10.0), "JPEG": 99.0, "WEBP": None})[0] == "AVIF"


@pytest.mark.parametrize("name", ["WEBP", "PNG"])
def test_what_keeps_every_pixel_ends_the_search(name):
    """It is the best there is, and AVIF is not encoded for nothing."""
    format_, fitted = chosen({**ALL, name: answer_in(name, lossless=True)}, scores=dict.fromkeys(FORMATS, 0.0))

    assert format_ == name
    assert "AVIF" not in fitted
    assert "JPEG" not in fitted


def test_what_fits_in_none_is_told_of_the_smallest():
    """It is the one that comes nearest."""
    answers = {"AVIF": unreachable(500), "WEBP": unreachable(300), "JPEG": unreachable(400), "PNG": unreachable(900)}

    assert chosen(answers)[0].smallest == 300


def test_what_is_too_large_is_told_before_what_is_refused():
    """A larger budget would help there."""
    answers = {**ALL, "WEBP": UnsupportedImage("no"), "PNG": unreachable(900), "JPEG": UnsupportedImage("no")}

    assert chosen(answers, ["WEBP", "PNG", "JPEG"])[0].smallest == 900


def test_what_no_format_holds_is_refused_with_a_reason():
    """That of the first one tried."""
    with pytest.raises(UnsupportedImage, match="deep colours"):
        chosen(dict.fromkeys(FORMATS, UnsupportedImage("deep colours")))


@pytest.mark.parametrize("allowed", [[], ()], ids=str)
def test_no_format_is_none_to_choose(allowed):
    """An empty list is a mistake, not all of them."""
    with pytest.raises(ConfigError, match="no format is allowed: name some, or leave formats out"):
        chosen(ALL, allowed)


@pytest.mark.parametrize("name", ["BMP", "nonsense"])
def test_unknown_formats_are_refused_before_anything_is_fitted(name):
    """A wrong name is not skipped in silence."""
    with pytest.raises(UnsupportedImage, match=f"{name.upper()} cannot be fitted to a size"):
        chosen({}, ["JPEG", name])


@pytest.mark.parametrize("wrong", [ConfigError("an option"), OSError("a disk"), ZeroDivisionError()], ids=repr)
def test_other_errors_are_no_reason_to_try_the_next(wrong):
    """They would be hidden by it."""
    with pytest.raises(type(wrong)):
        chosen({**ALL, "WEBP": wrong})


# Through `compress`.


@pytest.mark.parametrize("metric", [True, False])
def test_the_answer_is_that_of_its_format(monkeypatch, metric):
    """With the metric or without it, by which another one may be chosen."""
    if metric:
        pytest.importorskip("ssimulacra2")
    else:
        monkeypatch.setitem(sys.modules, "ssimulacra2", None)
    picture = photograph((24, 16))

    result = bytefit.compress(picture, 600, format="auto")

    assert result.format in FORMATS
    assert metric or result.format == "AVIF"
    assert result.data == bytefit.compress(picture, 600, format=result.format).data
    assert result.score is None


def test_the_answer_looks_best_of_all():
    """Each format's, scored beside it, is no better."""
    metric = pytest.importorskip("bytefit.pictures.scores")
    pytest.importorskip("ssimulacra2")
    picture = photograph((96, 64), seed=4)

    result = bytefit.compress(picture, 1800, format="AUTO", formats=["JPEG", "WEBP", "PNG"])

    scores = {}
    for name in ("JPEG", "WEBP", "PNG"):
        data = bytefit.compress(picture, 1800, format=name).data
        scores[name] = metric.ssimulacra2_score(picture, opened(data))
    assert scores[result.format] == max(scores.values())


@pytest.mark.parametrize("budget", ["20KB", 3000])
def test_a_graphic_keeps_every_pixel_where_that_fits(budget):
    """WebP or PNG, found without an encode of AVIF."""
    result = bytefit.compress(screenshot(), budget, format="auto")

    assert result.format in {"WEBP", "PNG"}
    assert opened(result.data).convert("RGB").tobytes() == screenshot().tobytes()


@pytest.mark.parametrize("metric", [True, False])
def test_a_gif_of_fewer_colours_does_not_count_as_lossless(monkeypatch, metric):
    """GIF cannot keep a photograph: `auto` once chose its 252 colours over an AVIF that looks far better."""
    if metric:
        pytest.importorskip("ssimulacra2")
    else:
        monkeypatch.setattr("bytefit.fitting.compress.score_of_answer", lambda *_: None)

    result = bytefit.compress(photograph((120, 80)), "8KB", format="auto", formats=["AVIF", "WEBP", "JPEG", "GIF"])

    assert result.format != "GIF"
    assert not result.lossless


def test_transparency_rules_a_format_out():
    """JPEG cannot hold it, so the others are left; alone it is refused."""
    picture = graphic((96, 64))

    result = bytefit.compress(picture, 4000, format="auto", formats=["JPEG", "WEBP"])
    with pytest.raises(UnsupportedImage, match="JPEG cannot hold transparency"):
        bytefit.compress(picture, 4000, format="auto", formats=["JPEG"])

    assert result.format == "WEBP"


@pytest.mark.parametrize("source", ["GIF", "WEBP"])
def test_an_animation_stays_one(source):
    """Of those that hold one."""
    result = bytefit.compress(Image.open(BytesIO(animation(source))), 9000, format="auto")

    assert result.format in ANIMATED_FORMATS
    assert result.frames == 3
    assert opened(result.data).n_frames == 3


def test_every_usual_format_is_one_there_is():
    """The names are those of codecs."""
    assert {codec_for_format(name).format for name in FORMATS + ANIMATED_FORMATS} == {*FORMATS, *ANIMATED_FORMATS}
    assert all(codec_for_format(name).holds.frames for name in ANIMATED_FORMATS)


@pytest.mark.parametrize(
    "options",
    [
        {"metadata": "keep"},
        {"resize": True, "max_width": 50},
        {"exact": True},
        {"effort": "fast", "slack": 0.2},
        {"on_unreachable": "smallest"},
    ],
    ids=str,
)
def test_options_hold_for_every_format(tmp_path, options):
    """Those of `compress`, whichever is chosen; metadata travel as ever."""
    path = write_jpeg(tmp_path / "photo.jpg", photograph(), orientation=6)

    result = bytefit.compress(path, 3000, format="auto", formats=["JPEG", "WEBP"], **options)

    assert result.size <= 3000
    assert opened(result.data).getexif()[0x0112] == 6
    assert result.width <= options.get("max_width", 144)
    assert result.size == 3000 or "exact" not in options


def test_a_budget_out_of_reach_is_told():
    """Of the format that came nearest."""
    picture = noise((64, 48), "L")
    nearest = min(_smallest(picture, name) for name in ("JPEG", "PNG"))

    with pytest.raises(BudgetUnreachable) as caught:
        bytefit.compress(picture, 60, format="auto", formats=["JPEG", "PNG"])

    assert caught.value.smallest == nearest


def _smallest(picture, name):
    with pytest.raises(BudgetUnreachable) as caught:
        bytefit.compress(picture, 60, format=name)
    return caught.value.smallest


def test_a_file_that_fits_may_still_be_chosen_another_format(tmp_path):
    """To an output the format is free, whether the original fits or not; in place it stays."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(photograph((64, 48)), quality=95, exif=exif(orientation=3)))
    before = path.read_bytes()

    outcome = bytefit.compress_file(path, "20KB", output=tmp_path / "photo", format="auto")
    with pytest.raises(ConfigError, match="stays so in place: give an output"):
        bytefit.compress_file(path, 1500, format="auto")

    assert outcome.result.format in FORMATS
    assert opened((tmp_path / "photo").read_bytes()).format == outcome.result.format
    assert path.read_bytes() == before


def test_a_lossless_picture_that_does_not_fit_is_told_by_formats_that_can():
    """An error about AVIF, which was not asked for and has no lossless coding, helps nobody."""
    with pytest.raises(BudgetUnreachable, match="its smallest encoding at 144x96 is"):
        bytefit.compress(photograph(), 3000, format="auto", lossless=True)
    with pytest.raises(ConfigError, match=r"none of the formats allowed has a lossless coding \(AVIF, JPEG\): add PNG"):
        bytefit.compress(photograph(), 3000, format="auto", formats=["AVIF", "JPEG"], lossless=True)

    assert bytefit.compress(photograph(), 90_000, format="auto", formats=["AVIF", "PNG"], lossless=True).format == "PNG"

"""Training and benchmark, end to end on a small corpus drawn here: models come out, and the comparison is fair."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from math import log

import pytest
from PIL import Image

pytest.importorskip("sklearn")
pytest.importorskip("ssimulacra2")

from bytefit.cli import main
from bytefit.codecs import CODECS
from bytefit.codecs.jpeg import JPEG
from bytefit.codecs.webp import WEBP
from bytefit.errors import ConfigError
from bytefit.seeding.model import load_model
from bytefit.seeding.scaling import SCALES, scale_features
from bytefit.training import scaling
from bytefit.training.card import KEPT_BELOW, table
from bytefit.training.corpus import HELD_OUT, find_samples, split
from bytefit.training.measurement import SCOUT_QUALITIES, knots, measure_all, settings_key, true_bits
from bytefit.training.run import train
from bytefit.training.strategies import Case
from images import photograph, screenshot

SOURCES = 8


@pytest.fixture(scope="module", autouse=True)
def few_scales():
    """Measure the scales of a few pictures only: each is encoded some fifty times."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scaling, "A_KIND", 4)
        yield


@pytest.fixture(scope="module")
def drawn_corpus(tmp_path_factory):
    """A folder of pictures of two kinds and eight sources, with the table that says which."""
    folder = tmp_path_factory.mktemp("drawn") / "pictures"
    lines = ["path\tsource"]
    for kind, draw in (("photo-web", photograph), ("gray-medical-science", partial(photograph, mode="L"))):
        (folder / kind).mkdir(parents=True)
        for number in range(16):
            size = (384, 288) if number < 4 else (96, 64)
            draw(size, seed=number).save(folder / kind / f"p{number}.png")
            lines.append(f"{kind}/p{number}.png\tperson/project{number % SOURCES}:images/{number}.png")
    folder.with_suffix(".tsv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def trained(drawn_corpus, tmp_path_factory):
    """The folder of models trained on the drawn corpus, and the cache of its measurements."""
    output, cache = tmp_path_factory.mktemp("trained"), tmp_path_factory.mktemp("cache")
    train([drawn_corpus], output, cache=cache, jobs=2)
    return output, cache


def test_sources_are_read_from_the_table_beside_the_folder(drawn_corpus):
    """Up to the path inside the project; the kind is the folder's name."""
    samples = find_samples([drawn_corpus])

    assert {sample.source for sample in samples} == {f"person/project{number}" for number in range(SOURCES)}
    assert {sample.kind for sample in samples} == {"photo-web", "gray-medical-science"}


def test_without_a_table_every_picture_is_its_own_source(drawn_corpus):
    """Nothing else is known of them."""
    samples = find_samples([drawn_corpus / "photo-web"])

    assert len({sample.source for sample in samples}) == len(samples) == 16


def test_no_source_is_on_both_sides_of_the_split(drawn_corpus):
    """And no kind is held out beyond its share."""
    learned, held_out = split(find_samples([drawn_corpus]))

    assert held_out
    assert not {sample.source for sample in learned} & {sample.source for sample in held_out}
    for kind in ("photo-web", "gray-medical-science"):
        assert sum(sample.kind == kind for sample in held_out) <= HELD_OUT * 16


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.format)
def test_trained_models_load(trained, drawn_corpus, codec):
    """What training writes is what the run time reads; held-out sources are not among those trained on."""
    model = load_model(trained[0] / f"{codec.format.lower()}.json", codec)

    _, held_out = split(find_samples([drawn_corpus]))
    assert model.trees
    assert model.scale_trees
    assert not set(model.sources) & {sample.source for sample in held_out}


def test_the_same_images_give_the_same_models(trained, drawn_corpus, tmp_path):
    """From the cache or anew, in any order of processes."""
    output, cache = trained

    train([drawn_corpus], tmp_path, cache=cache, jobs=1)

    for codec in CODECS:
        name = f"{codec.format.lower()}.json"
        assert (tmp_path / name).read_bytes() == (output / name).read_bytes()


def test_the_card_keeps_what_other_commands_measured(trained, drawn_corpus):
    """A training run rewrites its own part only."""
    output, cache = trained
    card = output / "README.md"
    card.write_text(card.read_text() + "\nmeasured elsewhere\n")

    train([drawn_corpus], output, cache=cache, jobs=1)

    assert card.read_text().partition(KEPT_BELOW)[2].strip() == "measured elsewhere"
    assert "| JPEG all" in card.read_text()


def test_the_card_tells_what_scaling_gives(trained):
    """On held-out pictures, by bit rate."""
    card = (trained[0] / "README.md").read_text(encoding="utf-8")

    assert "predicted scale" in card
    assert "JPEG, drawing: " in card
    assert "WEBP, drawing: " not in card


def test_what_a_picture_holds_is_measured(tmp_path):
    """For codecs that have settings for it: the true curve is that of the settings it gets."""
    for name, draw in (("photograph", photograph), ("drawing", screenshot)):
        draw((320, 240)).save(tmp_path / f"{name}.png")

    measured = measure_all(find_samples([tmp_path]), (JPEG, WEBP), tmp_path / ".cache", 1)

    assert [record.content for record in measured["JPEG"]] == ["drawing", "photograph"]
    assert [record.content for record in measured["WEBP"]] == ["photograph", "photograph"]
    for record, codec in zip(measured["JPEG"], (JPEG.for_drawings, JPEG), strict=True):
        picture = Image.open(tmp_path / f"{record.content}.png")
        assert record.truth == [true_bits(codec, picture, rung) for rung in knots(codec)]


def test_the_settings_are_a_part_of_what_is_cached():
    """A measurement with other tables is another measurement; a quality alone is its own name."""
    assert settings_key(WEBP, [10, 20]) == [10, 20]
    assert len(set(settings_key(JPEG, [5, 20, 50, 80, 95]))) == 5
    assert settings_key(replace(JPEG, for_drawings=None), [50]) != settings_key(JPEG, [50])


@pytest.fixture
def two_scales(monkeypatch):
    """Measure full and half size, at two qualities."""
    monkeypatch.setattr(scaling, "SCALES", (1.0, 0.5))
    monkeypatch.setattr(scaling, "QUALITIES", {"JPEG": (10, 80), "WEBP": (10, 80)})


@pytest.mark.usefixtures("two_scales")
def test_scales_are_measured_at_full_size(tmp_path):
    """Bits and scores are those of the picture as it is shown, for each scale and quality."""
    for kind, name, picture in (
        ("photo-web", "a", photograph((144, 96), "L")),
        ("screenshot", "b", screenshot((144, 96))),
        ("photo-web", "small", photograph((144, 63))),
        ("graphic", "c", photograph((144, 96))),
    ):
        (tmp_path / kind).mkdir(exist_ok=True)
        picture.save(tmp_path / kind / f"{name}.png")

    measured = scaling.measure_scales(find_samples([tmp_path]), (JPEG, WEBP), tmp_path / ".cache", 1)

    assert {name: [record.kind for record in records] for name, records in measured.items()} == {
        "JPEG": ["photo-web", "screenshot"],
        "WEBP": ["photo-web", "screenshot"],
    }
    assert [record.drawing for record in measured["JPEG"]] == [False, True]
    assert [record.drawing for record in measured["WEBP"]] == [False, True]
    for record in [*measured["JPEG"], *measured["WEBP"]]:
        (low, high), (small_low, small_high) = record.bits
        (poor, good), (_, small_good) = record.scores
        assert set(record.scouts) == set(SCOUT_QUALITIES)
        assert small_low < low < high
        assert small_high < high
        assert poor < good > small_good


@pytest.mark.usefixtures("two_scales")
def test_few_of_each_kind_are_scaled(tmp_path, monkeypatch):
    """Chosen by their names' hashes: the same ones in any order."""
    monkeypatch.setattr(scaling, "A_KIND", 2)
    for number in range(4):
        (tmp_path / "art").mkdir(exist_ok=True)
        photograph((80, 64), seed=number).save(tmp_path / "art" / f"{number}.png")
    samples = find_samples([tmp_path])

    once, again = (
        [record.source for record in scaling.measure_scales(some, (JPEG,), tmp_path / ".cache", 1)["JPEG"]]
        for some in (samples, samples[::-1])
    )

    assert len(once) == 2
    assert sorted(once) == sorted(again)


def scaled(bits, scores, **changes):
    """Return the measurement of one picture at as many scales as there are rows."""
    scouts = dict.fromkeys(SCOUT_QUALITIES, 0.5)
    return scaling.Scaled(
        **{
            "kind": "art",
            "source": "somebody",
            "drawing": False,
            "scouts": scouts,
            "bits": bits,
            "scores": scores,
            **changes,
        }
    )


def test_looks_are_read_between_measurements():
    """By ln(bits); what cannot be reached is nothing, what is beyond the best stays the best."""
    record = scaled([[log(0.5), log(2)], [log(0.125), log(0.5)]], [[20.0, 80.0], [30.0, 60.0]])

    assert record.looks(1) == pytest.approx([50, 60])
    assert record.looks(0.25) == pytest.approx([float("nan"), 45], nan_ok=True)
    assert record.looks(100) == pytest.approx([80, 60])


def test_the_gain_of_a_scale_is_learned():
    """Where half size looks far better for few bits and worse for many, that is what is predicted."""
    crossing = scaled([[log(0.02), log(2)]] * len(SCALES), [[-10.0, 90.0], *([[0.0, 50.0]] * (len(SCALES) - 1))])

    regressor = scaling.fit_scale([crossing] * 8, [50])

    few, many = (
        regressor.predict([scale_features(bits, 0.5, drawing=False, scouts={50: 0.5})])[0] for bits in (0.02, 1.8)
    )
    assert few > 5
    assert many < -20


def test_too_few_pictures_are_refused(drawn_corpus, trained, tmp_path):
    """With the number that there are and the number that is needed."""
    with pytest.raises(ConfigError, match="too few to learn from: give folders with at least 20"):
        train([drawn_corpus / "photo-web"], tmp_path, cache=trained[1], jobs=1)


def test_tables_are_aligned_markdown():
    """A person reads them as they are, a page shows them as tables."""
    assert table(["name", "n"], [["a", "10"]]) == "| name |  n |\n|------|---:|\n| a    | 10 |"


def test_bisection_proves_the_best_integer_quality():
    """The rival is the textbook's: it ends at a quality that fits, below one that does not."""
    case = Case(JPEG, photograph((200, 150)), 4000)

    full, early = case.bisection()

    assert full.size <= 4000 < case.encode(full.quality + 1).size
    assert 5 <= full.trials <= 7
    assert early.trials <= full.trials
    assert 3800 <= early.size <= 4000 or early == full


def test_bench_compares_the_strategies_on_the_same_cases(drawn_corpus, capsys):
    """Every strategy answers every case; no answer is over its budget."""
    assert main(["bench", str(drawn_corpus), "--format", "JPEG", "--limit", "2", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]

    cases = {(row["kind"], row["path"], row["bits"]) for row in rows}
    strategies = {row["strategy"] for row in rows}
    assert len(strategies) == 5
    assert len(rows) == len(cases) * len(strategies) > 0
    assert all(row["answer"]["size"] <= row["budget"] for row in rows)


def test_bench_prints_tables(drawn_corpus, capsys):
    """For people: by codec, size class and kind, with the number of cases."""
    assert main(["bench", str(drawn_corpus), "--format", "WEBP", "--limit", "1"]) == 0
    printed = capsys.readouterr().out

    assert "WEBP, all:" in printed
    assert "cases" in printed
    assert "| bytefit " in printed
    assert "Left out:" in printed


def test_bench_compares_efforts(drawn_corpus, capsys):
    """Every choice of options has its line, and all but the first are told by what they gain."""
    assert main(["bench", str(drawn_corpus), "--efforts", "--format", "WEBP", "--limit", "1", "--jobs", "1"]) == 0
    printed = capsys.readouterr().out

    assert printed.count("| method 4 ") == 1
    assert printed.count("| method 6 ") == 1
    assert "JPEG" not in printed


def test_bench_of_nothing_is_refused(tmp_path, capsys):
    """One line, exit 2."""
    assert main(["bench", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1

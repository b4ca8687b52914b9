"""Training and benchmark, end to end on a small corpus drawn here: models come out, and the comparison is fair."""

from __future__ import annotations

import json
import re
import sys
from functools import partial
from math import log

import pytest
from PIL import Image

pytest.importorskip("sklearn")
pytest.importorskip("ssimulacra2")

from bytefit.benchmarks.rows import EARLY, PROVEN, STRATEGIES
from bytefit.benchmarks.speed import bench_search
from bytefit.benchmarks.strategies import Case
from bytefit.cli.main import main
from bytefit.codecs import LEARNED
from bytefit.codecs.jpeg.codec import JPEG
from bytefit.codecs.webp.codec import WEBP
from bytefit.errors import ConfigError
from bytefit.seeding.best_scale import SCALES, scale_features
from bytefit.seeding.model import load_model
from bytefit.training import scales as scaling
from bytefit.training.card import KEPT_BELOW
from bytefit.training.corpus import HELD_OUT, find_files, split
from bytefit.training.fitting import PROBES
from bytefit.training.markdown import table
from bytefit.training.measurement import COMPLEXITY_QUALITIES, VIEWS
from bytefit.training.run import train
from images import graphic, photograph, screenshot
from once import once

SOURCES = 8

# The scales of a few pictures only: each is encoded some fifty times.
FEW_SCALES = scaling.GRID._replace(
    qualities={name: qualities[::2] for name, qualities in scaling.GRID.qualities.items()}, a_kind=2, least=1
)
TWO_SCALES = scaling.Grid((1.0, 0.5), {"JPEG": (10, 80), "WEBP": (10, 80)}, a_kind=2)


def one_picture():
    """Return the only picture that models are checked with here: a dozen of them take AVIF seconds."""
    return {"photograph": photograph((96, 64))}


@pytest.fixture(scope="module")
def drawn_corpus(tmp_path_factory):
    """A folder of pictures of two kinds and eight sources, with the table that says which."""
    return once(tmp_path_factory, "training-corpus", _draw) / "pictures"


def _draw(parent):
    folder = parent / "pictures"
    lines = ["path\tsource"]
    for kind, draw in (("photo-web", photograph), ("gray-medical-science", partial(photograph, mode="L"))):
        (folder / kind).mkdir(parents=True)
        for number in range(16):
            size = (288, 240) if number < 1 else (72, 64)
            draw(size, seed=number).save(folder / kind / f"p{number}.png")
            lines.append(f"{kind}/p{number}.png\tperson/project{number % SOURCES}:images/{number}.png")
    folder.with_suffix(".tsv").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def trained(drawn_corpus, tmp_path_factory):
    """The folder of models trained on the drawn corpus, and the cache of its measurements."""
    folder = once(tmp_path_factory, "trained", lambda folder: _train(drawn_corpus, folder))
    return folder / "models", folder / "cache"


def _train(corpus, folder):
    (folder / "models").mkdir()
    train([corpus], folder / "models", cache=folder / "cache", jobs=2, grid=FEW_SCALES, checked_with=one_picture)


def test_sources_are_read_from_the_table_beside_the_folder(drawn_corpus):
    """The source is the address up to the path inside the project; the kind is the name of the folder."""
    files = find_files([drawn_corpus])

    assert {file.source for file in files} == {f"person/project{number}" for number in range(SOURCES)}
    assert {file.kind for file in files} == {"photo-web", "gray-medical-science"}


def test_without_a_table_every_picture_is_its_own_source(drawn_corpus):
    """Without a table nothing is known of the sources."""
    files = find_files([drawn_corpus / "photo-web"])

    assert len({file.source for file in files}) == len(files) == 16


def test_no_source_is_on_both_sides_of_the_split(drawn_corpus):
    """A source on both sides would flatter the model, and no kind may be held out beyond its share."""
    learned, held_out = split(find_files([drawn_corpus]))

    assert held_out
    assert not {file.source for file in learned} & {file.source for file in held_out}
    for kind in ("photo-web", "gray-medical-science"):
        assert sum(file.kind == kind for file in held_out) <= HELD_OUT * 16


@pytest.mark.parametrize("codec", LEARNED, ids=lambda codec: codec.format)
def test_trained_models_load(trained, drawn_corpus, codec):
    """Run time must be able to read what training writes; held-out sources are not among the training sources."""
    model = load_model(trained[0] / f"{codec.format.lower()}.json", codec)

    _, held_out = split(find_files([drawn_corpus]))
    assert model.sample_probe_trees.trees
    assert model.low_effort_trees.trees
    assert model.scale_trees.trees
    assert not set(model.sources) & {file.source for file in held_out}


@pytest.fixture(scope="module")
def trained_again(trained, drawn_corpus, tmp_path_factory):
    """The folder of models of a second run from the same cache, where there was a card already."""
    output = tmp_path_factory.mktemp("again")
    card = (trained[0] / "README.md").read_text(encoding="utf-8")
    (output / "README.md").write_text("old\n" + card + "\nmeasured elsewhere\n", encoding="utf-8")
    train([drawn_corpus], output, cache=trained[1], jobs=1, grid=FEW_SCALES, checked_with=one_picture)
    return output


def test_the_same_images_give_the_same_models(trained, trained_again):
    """The cache and the order of processes must not change a model."""
    for codec in LEARNED:
        name = f"{codec.format.lower()}.json"
        assert (trained_again / name).read_bytes() == (trained[0] / name).read_bytes()


def test_the_card_keeps_what_other_commands_measured(trained_again):
    """A training run rewrites only its own part of the card."""
    card = (trained_again / "README.md").read_text(encoding="utf-8")

    assert card.partition(KEPT_BELOW)[2].strip() == "measured elsewhere"
    assert card.startswith("# Model card")
    assert "| JPEG all" in card


def test_the_card_tells_what_scaling_gives(trained):
    """The card gives the gain of scaling on held-out pictures, by bit rate."""
    card = (trained[0] / "README.md").read_text(encoding="utf-8")

    assert "predicted scale" in card
    assert "JPEG, graphic: " in card
    assert "WEBP, graphic: " not in card


def section_of(card, title):
    """Return what stands in a card below a heading."""
    return card.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_the_card_tells_what_was_seen_of_the_pictures(trained, drawn_corpus):
    """The card counts the training and the held-out pictures of each view and codec."""
    data = section_of((trained[0] / "README.md").read_text(encoding="utf-8"), "Data and split")
    _, held_out = split(find_files([drawn_corpus]))

    seen = {
        cells[0]: (int(cells[1]), int(cells[2]))
        for cells in ([cell.strip() for cell in line.strip("|").split("|")] for line in data.splitlines()[3:])
        if len(cells) == 3
    }
    assert set(seen) == {f"{codec.format} {view}" for codec in LEARNED for view in VIEWS}
    assert all(seen[f"{codec.format} middle"] == (32 - len(held_out), len(held_out)) for codec in LEARNED)
    assert all(seen[f"{codec.format} large"] == (0, 0) for codec in LEARNED)
    assert all(0 < sum(seen[f"{codec.format} tiny"]) < 32 for codec in LEARNED)


def test_the_card_tells_how_wrong_every_probe_is(trained):
    """The card gives the errors of every probe by codec and kind, and the worst of the low-effort probes."""
    errors = section_of((trained[0] / "README.md").read_text(encoding="utf-8"), "Error on held-out sources")

    assert all(f"{probe}: median" in errors for probe in PROBES)
    assert all(f"| {codec.format} all" in errors for codec in LEARNED)
    worst = errors.partition("The ten worst low-effort probes:")[2].strip().splitlines()
    assert [line.partition(":")[0] for line in worst] == [f"* {codec.format}" for codec in LEARNED]
    for line in worst:
        told = [entry.rsplit(" ", 1) for entry in line.partition(": ")[2].split(", ")]
        figures = [float(error) for _, error in told]
        assert len(told) == 10
        assert {kind for kind, _ in told} <= {"photo-web", "gray-medical-science"}
        assert figures == sorted(figures, reverse=True)


def test_the_card_tells_what_the_trees_look_at(trained):
    """The card gives the importance of every feature to the trees of either probe, in shares of one."""
    importances = section_of((trained[0] / "README.md").read_text(encoding="utf-8"), "Features and their importance")

    tables = [part for part in importances.strip().split("\n\n") if part.startswith("|")]
    assert [part.partition("|")[2].partition("|")[0].strip() for part in tables] == ["sample probe", "low-effort probe"]
    assert all("log_share" in part and "complexity_log_ratio" in part for part in tables)


def test_scales_are_measured_at_full_size(tmp_path):
    """Bits and scores of every scale and quality refer to the full size, at which pictures are shown."""
    for kind, name, picture in (
        ("photo-web", "a", photograph((144, 96), "L")),
        ("screenshot", "b", screenshot((144, 96))),
        ("photo-web", "small", photograph((144, 63))),
        ("graphic", "c", photograph((144, 96))),
    ):
        (tmp_path / kind).mkdir(exist_ok=True)
        picture.save(tmp_path / kind / f"{name}.png")

    measured = scaling.measure_scales(find_files([tmp_path]), (JPEG, WEBP), tmp_path / ".cache", 1, TWO_SCALES)

    assert {name: [record.kind for record in records] for name, records in measured.items()} == {
        "JPEG": ["photo-web", "screenshot"],
        "WEBP": ["photo-web", "screenshot"],
    }
    assert [record.graphic for record in measured["JPEG"]] == [False, True]
    assert [record.graphic for record in measured["WEBP"]] == [False, True]
    for record in [*measured["JPEG"], *measured["WEBP"]]:
        (low, high), (small_low, small_high) = record.bits
        (poor, good), (_, small_good) = record.scores
        assert set(record.complexities) == set(COMPLEXITY_QUALITIES)
        assert small_low < low < high
        assert small_high < high
        assert poor < good > small_good


def test_few_of_each_kind_are_scaled(tmp_path):
    """The hashes of their names choose the pictures, so that any order gives the same choice."""
    for number in range(4):
        (tmp_path / "art").mkdir(exist_ok=True)
        photograph((80, 64), seed=number).save(tmp_path / "art" / f"{number}.png")
    files = find_files([tmp_path])

    once, again = (
        [record.source for record in scaling.measure_scales(some, (JPEG,), tmp_path / ".cache", 1, TWO_SCALES)["JPEG"]]
        for some in (files, files[::-1])
    )

    assert len(once) == 2
    assert sorted(once) == sorted(again)


def scaled(bits, scores, **changes):
    """Return the measurement of one picture at as many scales as there are rows."""
    complexities = dict.fromkeys(COMPLEXITY_QUALITIES, 0.5)
    return scaling.Scaled(
        **{
            "kind": "art",
            "source": "somebody",
            "graphic": False,
            "complexities": complexities,
            "bits": bits,
            "scores": scores,
            **changes,
        }
    )


def test_looks_are_read_between_measurements():
    """Scores are interpolated by ln(bits); an unreachable budget has none, and beyond the best the score stays."""
    record = scaled([[log(0.5), log(2)], [log(0.125), log(0.5)]], [[20.0, 80.0], [30.0, 60.0]])

    assert record.looks(1) == pytest.approx([50, 60])
    assert record.looks(0.25) == pytest.approx([float("nan"), 45], nan_ok=True)
    assert record.looks(100) == pytest.approx([80, 60])


def test_the_gain_of_a_scale_is_learned():
    """If half size looks far better for few bits and worse for many, the trees must predict that."""
    crossing = scaled([[log(0.02), log(2)]] * len(SCALES), [[-10.0, 90.0], *([[0.0, 50.0]] * (len(SCALES) - 1))])

    regressor = scaling.fit_scale([crossing] * 8, [50])

    few, many = (
        regressor.predict([scale_features(bits, 0.5, graphic=False, complexities={50: 0.5})])[0] for bits in (0.02, 1.8)
    )
    assert few > 5
    assert many < -20


def test_too_few_pictures_are_refused(drawn_corpus, trained, tmp_path):
    """The message gives the number of pictures found and the number needed."""
    with pytest.raises(ConfigError, match="too few to learn from: give folders with at least 20"):
        train(
            [drawn_corpus / "photo-web"], tmp_path, cache=trained[1], jobs=1, grid=FEW_SCALES, checked_with=one_picture
        )


def test_tables_are_aligned_markdown():
    """People read the tables as text, and pages render them."""
    assert table(["name", "n"], [["a", "10"]]) == "| name |  n |\n|------|---:|\n| a    | 10 |"


def test_bisection_proves_the_best_integer_quality():
    """The rival must be a correct bisection: its quality fits and the next one does not."""
    case = Case(JPEG, photograph((200, 150)), 4000)

    full, early = case.bisection()

    assert full.size <= 4000 < case.encode(full.quality + 1).size
    assert 5 <= full.trials <= 7
    assert early.trials <= full.trials
    assert 3800 <= early.size <= 4000 or early == full


@pytest.fixture(scope="module")
def large_pictures(tmp_path_factory):
    """A folder of two pictures that a tiny piece can be cut from."""
    folder = tmp_path_factory.mktemp("large") / "pictures" / "photo-web"
    folder.mkdir(parents=True)
    for number in range(2):
        photograph((400, 300), seed=number).save(folder / f"p{number}.png")
    return folder.parent


@pytest.fixture(scope="module")
def rows(large_pictures):
    """The rows of a benchmark of JPEG on the large pictures."""
    return json.loads(bench_search(large_pictures, formats=["JPEG"], limit=None, as_json=True))["rows"]


def test_bench_compares_the_strategies_on_the_same_cases(rows):
    """Every strategy answers every case, and no answer is over its budget."""
    cases = {(row["kind"], row["path"], row["bits"]) for row in rows}

    assert {row["strategy"] for row in rows} == set(STRATEGIES)
    assert len(STRATEGIES) == 6
    assert len(rows) == len(cases) * len(STRATEGIES) > 0
    assert all(row["answer"]["size"] <= row["budget"] for row in rows)


def test_bench_has_the_best_rung_as_a_strategy(rows):
    """The search without slack is proven and never smaller, and takes no fewer trials."""
    by_strategy = {
        name: {(row["kind"], row["path"], row["bits"]): row["answer"] for row in rows if row["strategy"] == name}
        for name in ("bytefit", PROVEN)
    }

    for case, best in by_strategy[PROVEN].items():
        within = by_strategy["bytefit"][case]
        assert best["proven"]
        assert best["quality"] >= within["quality"]
        assert best["trials"] >= within["trials"]


def test_bench_tells_two_speed_ups(rows):
    """One speed-up is over full bisection, the other over bisection that stops inside the slack."""
    for row in rows:
        case = [other for other in rows if all(other[key] == row[key] for key in ("kind", "path", "bits"))]
        seconds = {other["strategy"]: other["answer"]["seconds"] for other in case}
        assert row["speed_up"] == pytest.approx(seconds["bisection"] / row["answer"]["seconds"])
        assert row["speed_up_early"] == pytest.approx(seconds[EARLY] / row["answer"]["seconds"])
        assert row["speed_up_early"] <= row["speed_up"]


def test_bench_fits_tiny_pieces_too(rows):
    """Large enough pictures get a tiny piece of at most 256 pixels a side, with a kind of its own."""
    by_kind = {kind: [row for row in rows if row["kind"] == kind] for kind in ("photo-web", "tiny piece")}

    assert sum(map(len, by_kind.values())) == len(rows)
    assert {row["megapixels"] for row in by_kind["photo-web"]} == {0.12}
    assert by_kind["tiny piece"]
    assert all(row["megapixels"] <= 256 * 256 / 1e6 < 0.12 for row in by_kind["tiny piece"])


def test_bench_cuts_no_piece_of_a_tiny_picture(tmp_path, capsys):
    """The piece would be the picture itself, which would count twice."""
    photograph((24, 24)).save(tmp_path / "icon.png")

    main(["bench", "search", str(tmp_path), "--codec", "WEBP", "--json"])

    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {row["kind"] for row in rows} == {tmp_path.name}


def test_bench_draws_the_comparison(large_pictures, tmp_path, capsys):
    """The figure is written in addition to the tables."""
    pytest.importorskip("matplotlib")
    path = tmp_path / "comparison.png"

    assert main(["bench", "search", str(large_pictures), "--codec", "JPEG", "--limit", "1", "--plot", str(path)]) == 0

    with Image.open(path) as picture:
        assert picture.format == "PNG"
        assert picture.width == 1600
    assert "| bytefit, best rung " in capsys.readouterr().out


def test_bench_draws_the_picture_that_was_measured(tmp_path):
    """Another picture of the same name must not be drawn; the codec may not even take it."""
    pytest.importorskip("matplotlib")
    for kind, draw in (("graphic", graphic), ("photo-web", photograph)):
        (tmp_path / "pictures" / kind).mkdir(parents=True)
        draw((400, 300)).save(tmp_path / "pictures" / kind / "same.png")

    bench_search(tmp_path / "pictures", formats=["JPEG"], limit=None, as_json=True, plot=tmp_path / "comparison.png")

    assert (tmp_path / "comparison.png").stat().st_size > 1000


def test_bench_without_the_graphic_library_names_its_extra(large_pictures, tmp_path, monkeypatch, capsys):
    """The error is one line with exit code 2, and no file is written."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    path = tmp_path / "comparison.png"

    assert main(["bench", "search", str(large_pictures), "--codec", "JPEG", "--limit", "1", "--plot", str(path)]) == 2

    told = capsys.readouterr().err.splitlines()[-1]
    assert told == "bytefit: error: this command needs matplotlib: pip install 'bytefit[plot]'"
    assert not path.exists()


def test_bench_prints_tables(drawn_corpus, capsys):
    """The tables show every strategy, and bytefit by size class, kind and budget, with the number of cases."""
    assert main(["bench", "search", str(drawn_corpus), "--codec", "WEBP", "--limit", "1"]) == 0
    printed = capsys.readouterr().out

    assert re.search(r"^WEBP: [1-9]\d* cases$", printed, flags=re.MULTILINE)
    assert all(printed.count(f"| {strategy} ") == 1 for strategy in STRATEGIES)
    assert all(re.search(rf"^\| {group}: [1-9]", printed, flags=re.MULTILINE) for group in ("photo-web", "0.3 bpp"))
    assert "JPEG" not in printed
    assert "Left out:" in printed


def test_bench_compares_efforts(drawn_corpus, capsys):
    """Every choice of options has one line with its gain over the first choice."""
    assert main(["bench", "efforts", str(drawn_corpus), "--codec", "WEBP", "--limit", "1", "--jobs", "1"]) == 0
    printed = capsys.readouterr().out

    assert printed.count("| method 4 ") == 1
    assert printed.count("| method 6 ") == 1
    assert "JPEG" not in printed


def test_bench_of_nothing_is_refused(tmp_path, capsys):
    """The error is one line with exit code 2."""
    assert main(["bench", "search", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1

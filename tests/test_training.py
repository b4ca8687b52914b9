"""Training and benchmark, end to end on a small corpus drawn here: models come out, and the comparison is fair."""

from __future__ import annotations

import json
from functools import partial

import pytest

pytest.importorskip("sklearn")

from bytefit.cli import main
from bytefit.codecs import CODECS
from bytefit.codecs.jpeg import JPEG
from bytefit.errors import ConfigError
from bytefit.seeding.model import load_model
from bytefit.training.card import KEPT_BELOW, table
from bytefit.training.corpus import HELD_OUT, find_samples, split
from bytefit.training.run import train
from bytefit.training.strategies import Case
from images import photograph

SOURCES = 8


@pytest.fixture(scope="module")
def drawn_corpus(tmp_path_factory):
    """A folder of pictures of two kinds and eight sources, with the table that says which."""
    folder = tmp_path_factory.mktemp("drawn") / "pictures"
    lines = ["path\tsource"]
    for kind, draw in (("photo", photograph), ("grey", partial(photograph, mode="L"))):
        (folder / kind).mkdir(parents=True)
        for number in range(16):
            size = (384, 288) if number < 4 else (96, 64)
            draw(size, seed=number).save(folder / kind / f"{number}.png")
            lines.append(f"{kind}/{number}.png\tperson/project{number % SOURCES}:images/{number}.png")
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
    assert {sample.kind for sample in samples} == {"photo", "grey"}


def test_without_a_table_every_picture_is_its_own_source(drawn_corpus):
    """Nothing else is known of them."""
    samples = find_samples([drawn_corpus / "photo"])

    assert len({sample.source for sample in samples}) == len(samples) == 16


def test_no_source_is_on_both_sides_of_the_split(drawn_corpus):
    """And no kind is held out beyond its share."""
    learned, held_out = split(find_samples([drawn_corpus]))

    assert held_out
    assert not {sample.source for sample in learned} & {sample.source for sample in held_out}
    for kind in ("photo", "grey"):
        assert sum(sample.kind == kind for sample in held_out) <= HELD_OUT * 16


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.format)
def test_trained_models_load(trained, drawn_corpus, codec):
    """What training writes is what the run time reads; held-out sources are not among those trained on."""
    model = load_model(trained[0] / f"{codec.format.lower()}.json", codec)

    _, held_out = split(find_samples([drawn_corpus]))
    assert model.trees
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


def test_too_few_pictures_are_refused(drawn_corpus, tmp_path):
    """With the number that there are and the number that is needed."""
    with pytest.raises(ConfigError, match="too few to learn from: give folders with at least 20"):
        train([drawn_corpus / "photo"], tmp_path, cache=tmp_path, jobs=1)


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


def test_bench_of_nothing_is_refused(tmp_path, capsys):
    """One line, exit 2."""
    assert main(["bench", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1

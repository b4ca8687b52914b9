"""Learning quantisation tables, for real but tiny: what comes out is a ladder that the run time reads."""

from __future__ import annotations

from functools import partial

import pytest

pytest.importorskip("joblib")
pytest.importorskip("ssimulacra2")

from bytefit.cli.main import main
from bytefit.codecs.codec import GRAPHIC, PHOTOGRAPH
from bytefit.codecs.jpeg.quantisation import load_knots, tables_at
from bytefit.errors import ConfigError
from bytefit.training.quantisation import learning
from bytefit.training.quantisation.learning import Band, Plan, learn_tables
from bytefit.training.quantisation.smooth_tables import first_guess, smooth_tables
from images import flat, photograph, screenshot

SIDE = 176  # the least at which MS-SSIM has all of its scales


# As few and as small steps as there can be.
TINY = Plan(
    {PHOTOGRAPH: (Band(1.5, "4:2:0", None), Band(1.5, "4:4:4", 0)), GRAPHIC: (Band(1.5, "4:2:0", None),)},
    steps=2,
    pairs=1,
    reported_bits=(1.5,),
)


@pytest.fixture(scope="module")
def drawn_corpus(tmp_path_factory):
    """Photographs and screenshots that can be learned from, three of each and one to hold out; and two that cannot."""
    folder = tmp_path_factory.mktemp("drawn") / "pictures"
    lines = ["path\tsource"]
    for kind in ("photo-web", "screenshot"):
        (folder / kind).mkdir(parents=True)
        flat((SIDE, SIDE)).save(folder / kind / "flat.png")
        (folder / kind / "broken.png").write_bytes(b"no picture at all")
        lines += [f"{kind}/{name}.png\tperson/project0:{name}.png" for name in ("flat", "broken")]
        lines += [f"{kind}/{number}.png\tperson/project{number}:{number}.png" for number in range(4)]
    for number in range(4):
        photograph((200, 180), seed=number).save(folder / "photo-web" / f"{number}.png")
        screenshot((200 + 8 * number, 180)).save(folder / "screenshot" / f"{number}.png")
    folder.with_suffix(".tsv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def learned(drawn_corpus, tmp_path_factory):
    """The folder of the tables learned on it, the cache, and the report."""
    output, cache = tmp_path_factory.mktemp("tables") / "new", tmp_path_factory.mktemp("cache")
    return output, cache, learn_tables([drawn_corpus], output, cache=cache, jobs=1, plan=TINY)


def test_learned_tables_are_a_ladder(learned):
    """The file loads, holds both contents, and its knots are the ends and the bands."""
    knots = load_knots(learned[0] / "jpeg-tables.json")

    assert [one.subsampling for one in knots[PHOTOGRAPH]] == ["4:2:0", "4:2:0", "4:4:4", "4:4:4"]
    assert [one.subsampling for one in knots[GRAPHIC]] == ["4:2:0", "4:2:0", "4:2:0"]
    for rows in knots.values():
        assert set(tables_at(rows, 1)[0][0]) == {255}
        assert set(tables_at(rows, 100)[0][0]) == {1}
        assert 1 < rows[1].quality < 100


def test_learned_tables_are_coarser_at_high_frequencies(learned):
    """High frequencies are less visible, so tables that are finer there were learned wrong."""
    for rows in load_knots(learned[0] / "jpeg-tables.json").values():
        luma = rows[1].tables[0]

        assert luma[0] < luma[63]
        assert len(set(luma)) > 32


def test_the_report_compares_with_libjpegs_tables(learned):
    """The report compares at equal bytes, on the training pictures and on those held out."""
    printed = learned[2]

    for content in (PHOTOGRAPH, GRAPHIC):
        assert f"{content}, at equal bytes" in printed
    assert printed.count("| 1.5, learned from") == printed.count("| 1.5, held out") == 2
    assert "SSIMULACRA2: libjpeg" in printed
    assert "MS-SSIM (dB): libjpeg" in printed
    assert "nan" not in printed


def test_the_command_learns_tables_too(learned, drawn_corpus, tmp_path, capsys, monkeypatch):
    """The same pictures give the same tables, and cached results are not measured again."""
    output, cache, printed = learned
    monkeypatch.setattr(learning, "learn_tables", partial(learn_tables, plan=TINY))
    arguments = ["train", str(drawn_corpus), "-o", str(tmp_path), "--tables", "--jobs", "1", "--cache", str(cache)]

    assert main(arguments) == 0

    assert capsys.readouterr().out.strip() == printed
    assert (tmp_path / "jpeg-tables.json").read_bytes() == (output / "jpeg-tables.json").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["jpeg-tables.json"]


def test_pictures_of_both_contents_are_needed(drawn_corpus, tmp_path):
    """The message names the missing content, and nothing is written."""
    with pytest.raises(ConfigError, match="no pictures to learn the tables of a graphic from"):
        learn_tables([drawn_corpus / "photo-web"], tmp_path / "new", cache=tmp_path / "cache", jobs=1, plan=TINY)

    assert not (tmp_path / "new").exists()


def test_learning_starts_from_tables_that_rise_with_frequency():
    """The first guess is valid in JPEG, and its chroma is coarser than its luma at low frequencies."""
    luma, blue, red = smooth_tables(first_guess())

    assert luma.shape == blue.shape == red.shape == (64,)
    assert all(part.min() >= 1 and part.max() <= 255 for part in (luma, blue, red))
    assert luma[0] < luma[7] < luma[63]
    assert (blue == red).all()
    assert luma[0] < blue[0]

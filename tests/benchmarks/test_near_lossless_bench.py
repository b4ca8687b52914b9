"""Budgets between 256 colours and lossless: what is measured, and what is left out."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("joblib")
pytest.importorskip("ssimulacra2")

from bytefit.benchmarks.near_lossless import SHARES, bench_near_lossless
from bytefit.cli.main import main
from bytefit.errors import ConfigError
from images import graphic, photograph, screenshot


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Images of many and of few colours, and what is neither."""
    folder = tmp_path_factory.mktemp("near") / "pictures"
    (folder / "graphic").mkdir(parents=True)
    mixed = screenshot((112, 84))
    mixed.paste(photograph((72, 40)), (20, 30))
    mixed.save(folder / "graphic" / "mixed.png")
    graphic((48, 36)).save(folder / "graphic" / "soft.png")
    screenshot((96, 64)).save(folder / "graphic" / "few.png")
    photograph((48, 32)).save(folder / "graphic" / "photograph.jpg")
    (folder / "graphic" / "notes.png").write_text("no picture")
    return folder


def test_images_of_many_colours_are_fitted_to_every_share(folder):
    """Images of few colours have no rungs there: counted, they would make every figure look better."""
    rows = json.loads(bench_near_lossless(folder, formats=["WEBP"], as_json=True, jobs=1))

    assert {row["path"] for row in rows} == {"graphic/mixed.png", "graphic/soft.png"}
    assert [row["share"] for row in rows] == [*SHARES, *SHARES]
    for row in rows:
        assert 0 < row["fill"] <= 1
        assert row["score"] > 60
        assert row["near_lossless"] == (91 <= row["quality"] <= 99 and row["near_lossless"])
        assert 0 < row["palette_share"] < 1.2
    assert any(row["near_lossless"] for row in rows)


def test_the_command_prints_a_table_of_each_format(folder, capsys):
    """Every share has a line, and one sums them up."""
    assert main(["bench", "near-lossless", str(folder), "--codec", "png", "--jobs", "1"]) == 0

    printed = capsys.readouterr().out
    assert printed.startswith("PNG: 2 images of 2 sources (2 graphic).")
    assert all(f"\n| {share:g} " in printed for share in SHARES)
    assert "\n| all " in printed


def test_a_folder_without_such_images_is_refused(tmp_path):
    """The error must say which images would be measured."""
    screenshot((64, 48)).save(tmp_path / "few.png")

    with pytest.raises(ConfigError, match=r"no PNG of more than 256 colours and at most 1\.5 megapixels"):
        bench_near_lossless(tmp_path, formats=["PNG"], jobs=1)

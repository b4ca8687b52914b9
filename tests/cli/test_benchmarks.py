"""The arguments of `bytefit bench` and `bytefit train`, and both in the folder they are started in."""

from __future__ import annotations

import argparse
import json

import pytest

from bytefit.cli.benchmarks import add_bench
from bytefit.cli.main import main
from bytefit.cli.training import add_train
from images import photograph

BENCHMARKS = ("search", "looks", "efforts", "peers", "shrink", "near-lossless")


def commands():
    """Return the parsers of `train` and of every benchmark, by name."""
    train, bench = argparse.ArgumentParser(), argparse.ArgumentParser()
    add_train(train)
    add_bench(bench)
    return {"train": train, **next(action for action in bench._actions if action.choices).choices}


def test_there_is_a_subcommand_for_every_benchmark():
    """The contract in the documentation names six; another one belongs into it."""
    assert tuple(commands()) == ("train", *BENCHMARKS)


@pytest.mark.parametrize("name", commands())
def test_every_argument_has_a_help_text(name):
    """Help that lists an argument without a word on it sends its reader to the source."""
    assert [action.dest for action in commands()[name]._actions if not action.help] == []


@pytest.mark.parametrize(
    "arguments",
    [
        *(["search", ".", flag] for flag in ("--sheet=a.png", "--megapixels=1", "--jobs=1", "--format=JPEG")),
        *(["looks", ".", flag] for flag in ("--plot=a.png", "--format=JPEG")),
        *(["efforts", ".", flag] for flag in ("--plot=a.png", "--sheet=a.png", "--megapixels=1")),
        *(["peers", ".", flag] for flag in ("--plot=a.png", "--sheet=a.png", "--codec=JPEG", "--jobs=1")),
        *(["shrink", ".", flag] for flag in ("--plot=a.png", "--sheet=a.png", "--codec=JPEG")),
        *(["search", ".", "--peers"], ["."], ["nonsense", "."], []),
        *(["efforts", ".", "--jobs=0"], ["looks", ".", "--jobs=many"], ["shrink", ".", "--jobs=-2"]),
    ],
    ids=" ".join,
)
def test_flags_that_a_benchmark_does_not_have_are_refused(arguments, capsys):
    """A flag that is ignored in silence lets its user believe in what was not measured."""
    with pytest.raises(SystemExit) as ended:
        main(["bench", *arguments])

    assert ended.value.code == 2
    assert "error: " in capsys.readouterr().err


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The working directory: a folder of images that stand in it directly."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(2):
        photograph((72, 64), seed=number).save(folder / f"{number}.png")
    (folder / "notes.txt").write_text("no picture")
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("folder", [".", ""], ids=["relative", "absolute"])
def test_images_directly_in_the_folder_are_of_its_kind(here, folder, capsys):
    """However the folder is given, its name is the kind of the images that are in no subfolder."""
    pytest.importorskip("sklearn")

    assert main(["bench", "search", folder or str(here), "--codec", "JPEG", "--limit", "1", "--json"]) == 0

    kinds = {row["kind"] for row in json.loads(capsys.readouterr().out)["rows"]}
    assert "pictures" in kinds <= {"pictures", "tiny piece"}


def test_training_on_too_few_images_here_is_one_line(here, tmp_path, capsys):
    """A folder given as "." must end in the number of images that are missing, not in a traceback."""
    pytest.importorskip("sklearn")
    pytest.importorskip("ssimulacra2")

    assert main(["train", ".", "-o", str(tmp_path / "models"), "--cache", str(tmp_path / "cache"), "--jobs", "1"]) == 2

    assert "too few to learn from" in capsys.readouterr().err
    assert here.is_dir()


@pytest.mark.usefixtures("here")
def test_efforts_are_printed_as_json_too(capsys):
    """Every benchmark can be read by a program; a gain that was not measured is null, which JSON has, not NaN."""
    pytest.importorskip("sklearn")
    pytest.importorskip("ssimulacra2")

    assert main(["bench", "efforts", ".", "--codec", "WEBP", "--limit", "1", "--jobs", "1", "--json"]) == 0

    printed = capsys.readouterr().out
    assert "NaN" not in printed
    assert {row["format"] for row in json.loads(printed)} == {"WEBP"}

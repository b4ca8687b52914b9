"""The check of models on this machine, and `bytefit models`, which needs nothing but Pillow."""

from __future__ import annotations

import json
from shutil import copyfile

import pytest

from bytefit.cli.main import main
from bytefit.resources import models_folder
from bytefit.training.drift import Figures, has_drifted, machine, measured
from bytefit.training.generated_pictures import SIZE, generated_pictures
from images import photograph

GOOD = {"cases": 30, "trials": 1.4, "error": 0.01, "p90": 0.05}


def test_the_generated_pictures_are_a_dozen_and_the_same_every_time():
    """Stored figures can only be compared with those of the same pictures."""
    first, second = generated_pictures(), generated_pictures()

    assert len(first) == 12
    assert {picture.size for picture in first.values()} == {SIZE}
    assert {name: picture.tobytes() for name, picture in first.items()} == {
        name: picture.tobytes() for name, picture in second.items()
    }


def test_the_generated_pictures_differ_as_images_do():
    """From a clean page to grain: a check with pictures that are all alike would see one kind of drift only."""
    sizes = [len(_encoded(picture)) for picture in generated_pictures().values()]

    assert max(sizes) > 5 * min(sizes)


def _encoded(picture):
    from images import encoded

    return encoded(picture.convert("RGB"), "JPEG", quality=75)


def test_the_shipped_model_of_jpeg_does_as_well_here_as_its_file_says():
    """With the lowest and with the newest Pillow that is tested; if this fails, `bytefit models --check` says more."""
    here = measured("JPEG", generated_pictures().values())
    stored = json.loads((models_folder() / "jpeg.json").read_bytes())["training"]["generated"]

    assert abs(here.cases - stored["cases"]) <= 2
    assert not has_drifted(here, stored)


@pytest.mark.parametrize(
    ("changes", "drifted"),
    [
        ({}, False),
        ({"trials": 1.6}, False),
        ({"error": 0.0149}, False),
        ({"trials": 1.7}, True),
        ({"error": 0.02}, True),
    ],
)
def test_training_again_pays_where_trials_or_errors_are_clearly_more(changes, drifted):
    """A few trials more are chance: with other pictures of the same kinds they differ by 0.2."""
    assert has_drifted(Figures(**GOOD)._replace(**changes), GOOD) is drifted


def test_pictures_that_cannot_be_fitted_give_no_figures():
    """A single pixel is met by every rung, which says nothing about a model."""
    assert measured("JPEG", [photograph((1, 1))]) is None


def test_the_models_in_use_are_listed(capsys):
    """Each with its file, and what it was trained with."""
    assert main(["models"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines[::2]] == ["JPEG", "WEBP", "AVIF"]
    assert all("which comes with bytefit" in line for line in lines[::2])
    assert all("trials, error" in line for line in lines[1::2])


def test_ones_own_are_listed_with_their_place(tmp_path, capsys):
    """Only the formats that have a model there."""
    copyfile(models_folder() / "jpeg.json", tmp_path / "jpeg.json")

    assert main(["models", "--models", str(tmp_path), "--json"]) == 0

    rows = json.loads(capsys.readouterr().out)
    assert [row["folder"] for row in rows] == [str(tmp_path), None, None]


def test_a_model_that_has_drifted_is_reported_and_fails(tmp_path, capsys):
    """So that a job in CI sees it: here the file says that a tenth of the error was usual."""
    record = json.loads((models_folder() / "jpeg.json").read_bytes())
    record["training"]["held_out"] = {"pictures": 9, "trials": 1.0, "error": 0.0, "p90": 0.001}
    (tmp_path / "jpeg.json").write_text(json.dumps(record))
    images = tmp_path / "images"
    images.mkdir()
    for seed in range(2):
        photograph((160, 120), seed=seed).save(images / f"{seed}.png")
    (images / "notes.txt").write_text("no image")

    code = main(["models", "--models", str(tmp_path), "--codec", "jpeg", "--check", str(images)])

    printed = capsys.readouterr().out
    assert code == 1
    assert "training again pays: bytefit train DIR -o FOLDER" in printed
    assert machine("JPEG")["encoder"] in printed


@pytest.mark.parametrize("state", ["missing", "empty"])
def test_a_folder_without_images_cannot_be_checked(tmp_path, capsys, state):
    """One line, and no traceback."""
    folder = tmp_path / state
    if state == "empty":
        folder.mkdir()

    assert main(["models", "--codec", "JPEG", "--check", str(folder)]) == 2

    assert "bytefit: error:" in capsys.readouterr().err

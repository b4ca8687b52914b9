"""Models of one's own: named by an option, by `use_models`, by the environment or by the configuration."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from shutil import copyfile

import pytest

import bytefit
from bytefit import ModelError
from bytefit.budgets.configuration import load_configuration
from bytefit.cli.main import main
from bytefit.resources import models_folder
from bytefit.seeding import model as models
from bytefit.seeding.model import VARIABLE, folder_in_use, model_in_use, own_formats, shipped_model, use_models
from images import encoded, photograph

# So far off that the search needs more trials: the only trace that a model leaves.
OFF = 1.5


@pytest.fixture(autouse=True)
def none_in_use(monkeypatch):
    """Start and end every test with the models that come with bytefit."""
    monkeypatch.delenv(VARIABLE, raising=False)
    use_models(None)
    yield
    use_models(None)


@pytest.fixture
def folder(tmp_path):
    """Return a folder with a model for JPEG whose predictions are far off."""
    return with_model(tmp_path / "own", low_effort_trees={"base": OFF, "trees": []})


def with_model(folder, **changes):
    """Write the shipped model for JPEG, with some entries changed, to a folder and return the folder."""
    record = json.loads((models_folder() / "jpeg.json").read_bytes())
    folder.mkdir()
    (folder / "jpeg.json").write_text(json.dumps({**record, **changes}))
    return folder


def trials(**options):
    """Return the trials that a photograph takes, and the bytes of the answer."""
    result = bytefit.compress(photograph((320, 240)), 9000, format="JPEG", slack=0, **options)
    return len(result.trials), len(result.data)


@pytest.mark.parametrize("way", ["option", "call", "variable", "path object"])
def test_a_model_of_ones_own_is_used_and_changes_no_answer(folder, monkeypatch, way):
    """A model decides how many trials a search takes; a wrong one must never decide the answer."""
    usual = trials()
    options = {"option": {"models": str(folder)}, "path object": {"models": folder}}.get(way, {})
    if way == "call":
        use_models(folder)
    if way == "variable":
        monkeypatch.setenv(VARIABLE, str(folder))

    own = trials(**options)

    assert own[0] > usual[0]
    assert own[1] == usual[1]


def test_the_option_comes_before_the_call_and_the_call_before_the_variable(tmp_path, monkeypatch):
    """What is said nearest to the image counts."""
    names = [with_model(tmp_path / name) for name in ("option", "call", "variable")]
    monkeypatch.setenv(VARIABLE, str(names[2]))

    assert folder_in_use() == str(names[2])
    use_models(names[1])
    assert folder_in_use() == str(names[1])
    assert folder_in_use(names[0]) == str(names[0])


def test_a_format_without_a_model_there_uses_the_shipped_one(folder):
    """`bytefit train --codec JPEG` writes one model; WebP must not become slower by that."""
    assert own_formats(str(folder)) == ["JPEG"]
    assert model_in_use("WEBP", folder) is shipped_model("WEBP")
    assert model_in_use("JPEG", folder) is not shipped_model("JPEG")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": 1}, "version 1"),
        ({"ladder": 1}, "other settings of JPEG's rungs"),
        ({"complexity_curve": [[0.0, 1.0]] * 17}, "falls, where files grow"),
        ({"low_effort_trees": {"base": 0.0, "trees": [[99, 0.0, 1.0, 1.0]]}}, "ask for feature 99 of"),
        ({"low_effort_trees": {"base": 0.0, "trees": [[0, 0.0, 1.0]]}}, "neither a number nor a node of four"),
        ({"scale_trees": {"base": float("nan"), "trees": []}}, "hold nan, a number that is not between"),
        ({"scale_trees": {"base": 0.0, "trees": "none"}}, "scale_trees are no list"),
    ],
    ids=str,
)
def test_a_model_that_cannot_be_right_is_refused_with_what_to_do(tmp_path, changes, words):
    """A wrong file is an error that says how to get a right one, never a wrong answer."""
    folder = with_model(tmp_path / "own", **changes)

    with pytest.raises(ModelError, match=words) as raised:
        trials(models=folder)
    assert "bytefit train DIR -o FOLDER" in str(raised.value)
    with pytest.raises(ModelError, match=words):
        use_models(folder)


def test_a_folder_without_models_is_an_error(tmp_path):
    """A misspelt name must not be ignored in silence."""
    with pytest.raises(ModelError, match=r"holds no model \(jpeg\.json, webp\.json, avif\.json\): write one with"):
        trials(models=tmp_path)
    with pytest.raises(ModelError, match="is no folder"):
        use_models(tmp_path / "missing")
    assert folder_in_use() is None


def test_a_folder_in_the_configuration_is_relative_to_its_file(folder, tmp_path, monkeypatch):
    """The hook runs at the top of the repository, wherever the configuration lies."""
    (tmp_path / ".bytefit.toml").write_text('models = "own"\n[[rules]]\nfiles = ["a.jpg"]\nmodels = "other"\n')
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")

    configuration = load_configuration(str(Path.cwd()), file="../.bytefit.toml")

    assert configuration.default.options["models"] == str(folder)
    assert configuration.rules[0].options["models"] == str(tmp_path / "other")


def test_the_command_line_takes_a_folder(folder, tmp_path, capsys):
    """`--models` of compress and fix, and one clear line where the folder is wrong."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(photograph((320, 240)), "JPEG", quality=95))

    assert main(["compress", str(path), "--to", "9KB", "-o", str(tmp_path / "o.jpg"), "--models", str(folder)]) == 0
    assert main(["compress", str(path), "--to", "9KB", "-o", str(tmp_path / "o.jpg"), "--models", str(tmp_path)]) == 2

    assert f"bytefit: error: {tmp_path} holds no model" in capsys.readouterr().err


def test_the_workers_of_a_batch_use_the_models_in_use(folder, tmp_path):
    """Workers are other processes: they are told the folder, and the job remembers it."""
    pytest.importorskip("joblib")
    source = tmp_path / "in"
    source.mkdir()
    for seed in range(2):
        (source / f"{seed}.jpg").write_bytes(encoded(photograph((320, 240), seed=seed), "JPEG", quality=95))
    use_models(folder)

    list(bytefit.batch(source, tmp_path / "out", "9KB", job=tmp_path / "job", jobs=2))

    assert len(list((tmp_path / "out").glob("*.jpg"))) == 2
    assert json.loads((tmp_path / "job" / "job.json").read_bytes())["plan"]["options"]["models"] == str(folder)


def test_a_batch_with_a_wrong_folder_writes_nothing(tmp_path):
    """It must end before the first image, not fail with each of a million."""
    pytest.importorskip("joblib")
    (tmp_path / "in").mkdir()

    with pytest.raises(ModelError, match="is no folder"):
        list(bytefit.batch(tmp_path / "in", tmp_path / "out", "9KB", models=tmp_path / "missing"))
    assert not (tmp_path / "out").exists()


def test_a_model_is_read_once(folder, monkeypatch):
    """A folder of ten thousand images must not read the model ten thousand times."""
    read = []
    monkeypatch.setattr(models, "load_model", lambda path, codec: read.append(path) or shipped_model(codec.format))

    for _ in range(3):
        model_in_use("JPEG", folder)

    assert len(read) == 1


@pytest.mark.parametrize("name", ["jpeg", "webp", "avif"])
def test_the_shipped_models_are_accepted_as_ones_own(tmp_path, name):
    """Their trees are checked too when they lie in another folder."""
    copyfile(models_folder() / f"{name}.json", tmp_path / f"{name}.json")

    assert model_in_use(name.upper(), tmp_path) == shipped_model(name.upper())


def test_the_variable_reaches_another_process(folder):
    """It is read when it is needed, not when the package is imported."""
    code = "from bytefit.seeding.model import folder_in_use; print(folder_in_use())"
    environment = {**os.environ, VARIABLE: str(folder)}

    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == str(folder)

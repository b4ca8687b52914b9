"""Training on images of one's own: what is refused before it takes time, and what a few images can teach."""

from __future__ import annotations

import json
import re
import shutil
from types import SimpleNamespace

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("ssimulacra2")

from bytefit.cli.main import main
from bytefit.codecs.jpeg.codec import JPEG
from bytefit.errors import ConfigError
from bytefit.resources import models_folder
from bytefit.seeding.model import load_model, shipped_model
from bytefit.training.corpus import CorpusFile
from bytefit.training.fitting import _between_curves
from bytefit.training.run import _check_pictures, _compare_with_shipped, train
from images import photograph


def drawn(folder, count, *, size=(96, 64), large=None, sources=None, seeds=None):
    """Write photographs to a folder, with a table of their sources if there are any given."""
    folder.mkdir()
    for number in range(count):
        shape = large if large is not None and number % 3 == 0 else size
        photograph(shape, seed=number if seeds is None else seeds[number]).save(folder / f"{number}.png")
    if sources is not None:
        lines = [f"{number}.png\t{sources[number % len(sources)]}:{number}" for number in range(count)]
        folder.with_suffix(".tsv").write_text("\n".join(["path\tsource", *lines]) + "\n")
    return folder


def trained(folder, tmp_path):
    """Train for JPEG alone."""
    train([folder], tmp_path / "models", cache=tmp_path / "cache", jobs=1, codecs=(JPEG,))


def test_too_few_images_are_refused_at_once(tmp_path):
    """Before anything is measured; and copies do not count."""
    folder = drawn(tmp_path / "few", 30, seeds=[number % 15 for number in range(30)])

    with pytest.raises(ConfigError, match="15 different images are too few to learn from: give folders with at least"):
        trained(folder, tmp_path)


def test_copies_are_left_out_and_counted(tmp_path, capsys):
    """A copy on the other side of the split would flatter the model."""
    folder = drawn(tmp_path / "few", 4, seeds=[1, 1, 1, 2])

    with pytest.raises(ConfigError):
        trained(folder, tmp_path)

    assert "2 of 4 files are copies of others, and are left out" in capsys.readouterr().err


def test_images_of_one_source_are_refused(tmp_path):
    """Nothing would tell whether the model is good for any other source."""
    folder = drawn(tmp_path / "same", 24, sources=["me/album"])

    with pytest.raises(ConfigError, match=r"the 24 images are all of one source, me/album: .* add images of others"):
        trained(folder, tmp_path)


def test_icons_do_not_count(tmp_path):
    """An icon is encoded in less time than it takes to predict its size."""
    folder = drawn(tmp_path / "icons", 30, size=(24, 24))

    with pytest.raises(ConfigError, match="0 pictures for JPEG are too few to learn from"):
        trained(folder, tmp_path)


@pytest.mark.parametrize(("spread", "warned"), [(0.05, True), (0.3, False)])
def test_images_that_are_all_alike_are_warned_of(capsys, spread, warned):
    """A model for one page, photographed forty times, is good for that page only."""
    records = [
        SimpleNamespace(
            source=str(number), view="middle", width=99, height=99, complexities={50: spread * (-1) ** number}
        )
        for number in range(30)
    ]

    _check_pictures(JPEG, records, {"0"})

    assert ("warning: the images are much alike for JPEG" in capsys.readouterr().err) is warned


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Return the folder of a model for JPEG that was trained on the command line, and what that printed."""
    parent = tmp_path_factory.mktemp("own")
    folder = drawn(parent / "photos", 24, large=(288, 240))
    code = main(
        [
            "train",
            str(folder),
            "-o",
            str(parent / "models"),
            "--codec",
            "jpeg",
            "--cache",
            str(parent / "c"),
            "--jobs",
            "1",
        ]
    )
    assert code == 0
    return parent / "models"


def test_one_codec_alone_is_trained(own):
    """AVIF takes many times as long as JPEG, and most people need one format."""
    assert sorted(path.name for path in own.iterdir()) == ["README.md", "jpeg.json", "published-attempt.json"]


def test_a_few_images_correct_the_shipped_model(own):
    """Its trees are kept, so that what the images do not show is still known."""
    model, shipped = load_model(own / "jpeg.json", JPEG), shipped_model("JPEG")

    count = len(shipped.low_effort_trees.trees)
    assert model.low_effort_trees.trees[:count] == shipped.low_effort_trees.trees
    assert 0 < len(model.low_effort_trees.trees) - count <= 30
    assert model.scale_trees == shipped.scale_trees
    assert set(model.modes) >= set(shipped.modes)


@pytest.mark.parametrize(("pictures", "expected"), [(0, [[0.0, 1.0]]), (30, [[1.0, 2.0]]), (270, [[1.8, 2.8]])])
def test_the_curve_is_the_nearer_to_that_of_the_images_the_more_they_are(pictures, expected):
    """A curve of few sources bends where theirs do: 26 crops of one source took 1.62 trials instead of 1.39."""
    shipped, own = (SimpleNamespace(complexity_curve=curve) for curve in ([[0.0, 1.0]], [[2.0, 3.0]]))

    assert _between_curves(shipped, own, pictures) == expected


def test_the_model_says_how_good_it_is_and_where_it_was_trained(own):
    """`bytefit models --check` compares with these figures."""
    figures = json.loads((own / "jpeg.json").read_bytes())["training"]

    assert figures["encoder"].startswith("libjpeg-turbo ")
    assert figures["held_out"]["pictures"] > 0
    assert 1 <= figures["generated"]["trials"] < 3
    assert "come with bytefit" in (own / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def held_out(tmp_path):
    """Return images that no model was trained on, one of them no image at all."""
    (tmp_path / "broken.png").write_bytes(b"no image")
    for number in range(2):
        photograph((160, 120), seed=90 + number).save(tmp_path / f"{number}.png")
    return [CorpusFile(path, "photo", path.name) for path in sorted(tmp_path.glob("*.png"))]


def test_a_new_model_is_compared_with_the_shipped_one(own, held_out, capsys):
    """A few images can make a model worse, and whoever trains it must hear of that."""
    _compare_with_shipped(JPEG, held_out, own)

    said = capsys.readouterr().err
    assert re.match(
        r"JPEG: [1-4]\.\d\d trials in [1-6] fits of held-out images, [1-4]\.\d\d with the model that ", said
    )


def test_a_model_that_is_no_better_is_not_recommended(tmp_path, held_out, capsys):
    """Here it is the same one."""
    shutil.copy(models_folder() / "jpeg.json", tmp_path)

    _compare_with_shipped(JPEG, held_out, tmp_path)

    assert capsys.readouterr().err.endswith("keep that one, or train again with more images of more sources\n")


def test_the_shipped_models_are_not_compared_with_themselves(held_out, capsys):
    """That is what `models --check` does."""
    _compare_with_shipped(JPEG, held_out, models_folder())

    assert capsys.readouterr().err == ""

"""The model files: the shipped ones load, and one that does not fit its codec is refused before it does harm."""

from __future__ import annotations

import json

import pytest

from bytefit.codecs import CODECS, LEARNED, with_options
from bytefit.codecs.codec import GRAPHIC
from bytefit.codecs.jpeg.codec import JPEG
from bytefit.codecs.webp.codec import WEBP
from bytefit.errors import ModelError
from bytefit.resources import models_folder
from bytefit.seeding.best_scale import scale_features
from bytefit.seeding.model import VERSION, feature_names, ladder_key, load_model, shipped_model
from bytefit.seeding.probes import WHOLE_QUALITY

each_codec = pytest.mark.parametrize("codec", LEARNED, ids=lambda codec: codec.format)


def record(**changes):
    """Return the contents of a small model for JPEG, with some entries changed; None leaves an entry out."""
    qualities = [50, 80]
    whole = {
        "version": VERSION,
        "codec": "JPEG",
        "ladder": ladder_key(JPEG),
        "probe_options": dict(JPEG.hints.probe_options),
        "complexity_qualities": qualities,
        "whole_complexity": False,
        "knots": [0, len(JPEG.ladder) - 1],
        "complexity_curve": [[-2.0, 0.5, 0.5], [1.0, 0.5, 0.5]],
        "features": feature_names(qualities),
        "sample_probe_trees": {"base": 0.0, "trees": [[0, 0.5, -0.01, 0.01]]},
        "low_effort_trees": {"base": 0.01, "trees": [[0, 0.5, -0.02, 0.02]]},
        "scale_trees": {"base": -0.2, "trees": [[0, -1.0, -0.1, 0.1]]},
        "modes": ["RGB", "L"],
        "least_pixels": 4096,
        "training": {"sources": ["test"]},
    }
    return {name: value for name, value in {**whole, **changes}.items() if value is not None}


def written(tmp_path, contents):
    """Write a model file and return its path."""
    path = tmp_path / "jpeg.json"
    path.write_text(contents if isinstance(contents, str) else json.dumps(contents), encoding="utf-8")
    return path


def shipped(codec):
    """Return the shipped model of a codec, or skip where the checkout has none yet."""
    model = shipped_model(codec.format)
    if model is None:
        pytest.skip(f"no model for {codec.format} is in {models_folder().name}/")
    return model


def test_a_model_holds_what_its_file_says(tmp_path):
    """Loading must neither rename nor lose an entry of the file."""
    contents = record()

    model = load_model(written(tmp_path, contents), JPEG)

    assert model.as_record() == contents


@pytest.mark.parametrize("contents", ["", "{", "null", "[]", "3", '"text"', "{}", '{"version": 1}'])
def test_broken_files_are_refused(tmp_path, contents):
    """A truncated file, or a file of another kind, must not be used as a model."""
    with pytest.raises(ModelError, match=r"jpeg\.json"):
        load_model(written(tmp_path, contents), JPEG)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    """A binary file such as a pickle is refused and never executed."""
    path = tmp_path / "jpeg.json"
    path.write_bytes(b"\x80\x04\x95\xff\xfe")

    with pytest.raises(ModelError, match="cannot read model"):
        load_model(path, JPEG)


def test_a_file_too_large_is_refused(tmp_path):
    """A file of gigabytes under the name of a model must not take all the memory."""
    path = tmp_path / "jpeg.json"
    with path.open("wb") as file:
        file.truncate(5_000_001)

    with pytest.raises(ModelError, match="has 5,000,001 bytes, at most 5,000,000 are read"):
        load_model(path, JPEG)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    """A missing file is a ModelError too, as `load_model` promises."""
    with pytest.raises(ModelError, match=r"jpeg\.json"):
        load_model(tmp_path / "jpeg.json", JPEG)


@pytest.mark.parametrize("name", sorted(record()))
def test_an_incomplete_model_is_refused(tmp_path, name):
    """Every entry is needed, so a missing one must be reported when the model is loaded."""
    with pytest.raises(ModelError, match="train it again"):
        load_model(written(tmp_path, record(**{name: None})), JPEG)


def test_a_model_with_an_unknown_entry_is_refused(tmp_path):
    """An unknown entry means that another version wrote the file."""
    with pytest.raises(ModelError, match="train it again"):
        load_model(written(tmp_path, record(extra=1)), JPEG)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": VERSION + 1},
        {"version": VERSION - 1},
        {"codec": "WEBP"},
        {"knots": [0, len(JPEG.ladder) - 2]},
        {"ladder": ladder_key(JPEG) + 1},
        {"ladder": ladder_key(WEBP)},
        {"probe_options": {"speed": 8}},
        {"probe_options": {}},
    ],
    ids=str,
)
def test_a_model_for_another_ladder_or_probe_is_refused(tmp_path, changes):
    """Such a model would predict other rungs, or from another measurement."""
    with pytest.raises(ModelError, match="train it again"):
        load_model(written(tmp_path, record(**changes)), JPEG)


def test_a_model_of_one_codec_is_refused_by_another(tmp_path):
    """A model file under a wrong name must be noticed."""
    with pytest.raises(ModelError, match=r"JPEG.*WEBP"):
        load_model(written(tmp_path, record()), WEBP)


@pytest.mark.parametrize(
    "changes",
    [
        {"complexity_curve": [[-2.0, 0.5, 0.5]]},
        {"complexity_curve": [[-2.0, 0.5], [1.0, 0.5]]},
        {"complexity_qualities": [40, 80], "features": feature_names([40, 80])},
        {"features": ["position"]},
        {"features": feature_names([50, 80])[:1]},
        {"features": feature_names([50, 80])[::-1]},
        {"features": feature_names([50, 90])},
        {"knots": [0, 5, 10]},
        {"complexity_curve": [[1.0, 0.5, 0.5], [-2.0, 0.5, 0.5]]},
        {"complexity_curve": [[-2.0, 0.5, 0.5], ["1", None, 0.5]]},
        {"sample_probe_trees": {"base": 0.0}},
        {"low_effort_trees": {"base": 0.0, "trees": [], "more": 1}},
        {"scale_trees": []},
        {"training": {}},
        {"training": []},
        {"knots": []},
    ],
    ids=str,
)
def test_a_model_whose_parts_do_not_fit_together_is_refused(tmp_path, changes):
    """A model is checked when it is loaded, so that it cannot fail in the middle of a picture."""
    with pytest.raises(ModelError):
        load_model(written(tmp_path, record(**changes)), JPEG)


@each_codec
def test_the_shipped_model_fits_its_codec(codec):
    """The shipped model loads, and its parts have the shapes that the prediction expects."""
    model = shipped(codec)

    assert model.features == feature_names(model.complexity_qualities)
    assert len(model.complexity_curve) == len(model.knots) >= 2
    assert {len(row) for row in model.complexity_curve} == {1 + len(model.complexity_qualities)}
    assert sorted(set(model.knots)) == model.knots
    assert (model.knots[0], model.knots[-1]) == (0, len(codec.ladder) - 1)


@each_codec
def test_the_shipped_models_trees_ask_for_features_there_are(codec):
    """Every node is a leaf, or the number of an existing feature, a threshold and two nodes."""
    model = shipped(codec)
    named = zip((model.sample_probe_trees, model.low_effort_trees), model.features, strict=True)
    nodes = [(tree, len(names)) for ensemble, names in named for tree in ensemble.trees]
    of_scales = scale_features(1.0, 0.5, graphic=False, complexities=dict.fromkeys(model.complexity_qualities, 0.0))
    nodes += [(tree, len(of_scales)) for tree in model.scale_trees.trees]

    while nodes:
        node, among = nodes.pop()
        if isinstance(node, list):
            feature, threshold, left, right = node
            assert 0 <= feature < among
            assert isinstance(threshold, int | float)
            nodes += [(left, among), (right, among)]
        else:
            assert isinstance(node, int | float)


@each_codec
def test_the_shipped_model_is_for_the_modes_its_codec_encodes(codec):
    """A mode that the codec never encodes would be a mistake in training."""
    model = shipped(codec)

    assert set(model.modes) <= {*codec.modes.opaque.values(), codec.modes.alpha}
    assert model.sources


@pytest.mark.parametrize("codec", [one for one in CODECS if one not in LEARNED], ids=lambda codec: codec.format)
def test_codecs_that_are_seeded_otherwise_have_no_model(codec):
    """A model file for such a codec would never be read."""
    assert shipped_model(codec.format) is None


@each_codec
def test_a_format_has_one_model(codec):
    """Content and options select no other model, and the one model is read once."""
    for_content = with_options(codec.for_content(GRAPHIC), "best", {})

    assert shipped_model(for_content.format) is shipped(codec)


@each_codec
def test_the_shipped_model_has_the_complexities_it_is_asked_for(codec):
    """One quality is probed on the whole picture too, and one is a feature of every scale."""
    assert WHOLE_QUALITY in shipped(codec).complexity_qualities


def test_the_complexity_curve_is_straight_between_its_knots(tmp_path):
    """Every rung has an intercept and a weight per complexity; at a knot they are those of the file."""
    last = len(JPEG.ladder) - 1
    rows = [[-2.0, 0.5, 0.5], [0.0, 0.25, 1.0], [1.0, 0.5, 0.5]]
    knots = [0, last // 4, last]

    lines = load_model(written(tmp_path, record(knots=knots, complexity_curve=rows)), JPEG).complexity_lines()

    by_rung = list(zip(*lines, strict=True))
    assert len(by_rung) == len(JPEG.ladder)
    assert [list(by_rung[knot]) for knot in knots] == rows
    assert by_rung[1] == pytest.approx([low + (high - low) / (last // 4) for low, high in zip(*rows[:2], strict=True)])


@each_codec
def test_the_shipped_model_is_small(codec):
    """The model is read with the first answer, so a large file would cost more than it saves."""
    shipped(codec)
    path = models_folder() / f"{codec.format.lower()}.json"

    assert path.stat().st_size < 200_000

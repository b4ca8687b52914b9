"""What is measured for training: views of a picture, and of each what run time will see, by the same functions."""

from __future__ import annotations

from math import log

import pytest
from PIL import Image

pytest.importorskip("sklearn")

from bytefit.codecs import LEARNED, Variants
from bytefit.codecs.codec import GRAPHIC
from bytefit.codecs.jpeg.codec import JPEG
from bytefit.codecs.preparing import prepare
from bytefit.codecs.webp.codec import WEBP
from bytefit.seeding.model import shipped_model
from bytefit.seeding.picture_kind import for_content
from bytefit.seeding.probes import WHOLE_QUALITY, LowEffortProbe, complexity_probe, probed_bits
from bytefit.seeding.sampling import larger_sample, sample_of
from bytefit.seeding.with_model import PictureProbes
from bytefit.sources.reading import read_image
from bytefit.training.corpus import find_files
from bytefit.training.fitting import LEAST_BITS, MOST_BITS, low_effort_rows, sample_probe_rows, static_features_of
from bytefit.training.measurement import (
    COMPLEXITY_QUALITIES,
    MOST_PIXELS,
    VIEWS,
    knots,
    measure_all,
    middle,
    settings_key,
    viewed,
)
from images import in_mode, noise, photograph, screenshot

NAMES = [f"picture{number}.jpg" for number in range(12)]

each_codec = pytest.mark.parametrize("codec", LEARNED, ids=lambda codec: codec.format)


def pixels(picture):
    """Return how many pixels a picture has."""
    return picture.width * picture.height


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Every view of a photograph and of a graphic, as two codecs see them."""
    folder = tmp_path_factory.mktemp("measured")
    for name, draw in (("photograph", photograph), ("graphic", screenshot)):
        (folder / "pictures" / name).mkdir(parents=True)
        draw((640, 480)).save(folder / "pictures" / name / f"{name}.png")
    files = find_files([folder / "pictures"])
    return files, measure_all(files, (JPEG, WEBP), folder / "cache", 1)


def of_view(measured, codec, view):
    """Return of each picture what was measured of a view of it, and the view itself."""
    files, records = measured
    found = [record for record in records[codec.format] if record.view == view]
    return [
        (record, viewed(prepare(codec, read_image(one.path)[0]), view, one.path.name))
        for record in found
        for one in files
        if one.kind == record.kind
    ]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((640, 480), (640, 480)),
        ((1000, 1000), (1000, 1000)),
        ((1600, 1200), (1152, 864)),
        ((60_000, 20), (54_768, 16)),
    ],
)
def test_the_middle_is_at_most_a_megapixel(size, expected):
    """The middle keeps the shape of the picture, to whole blocks."""
    view = viewed(Image.new("L", size), "middle", "any.png")

    assert view.size == expected
    assert pixels(view) <= MOST_PIXELS


def test_the_middle_is_in_the_middle():
    """The middle is cut on the encoder's blocks, and not scaled."""
    picture = noise((1600, 1200), "L")

    view = viewed(picture, "middle", "any.png")

    left, top = (1600 - 1152) // 2, (1200 - 864) // 2 // 16 * 16
    assert view.tobytes() == picture.crop((left, top, left + 1152, top + 864)).tobytes()


def test_a_picture_that_is_small_enough_is_its_own_middle():
    """A small picture must not be copied."""
    picture = noise((100, 50))

    assert viewed(picture, "middle", "any.png") is picture
    assert middle(picture, 5000) is picture


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1000, 1000), None), ((2000, 1000), None), ((1600, 1300), (1600, 1300)), ((3200, 2400), (2304, 1728))],
)
def test_the_large_view_is_a_larger_middle(size, expected):
    """It has at most four megapixels, and exists only if the middle leaves out more than half of the picture."""
    view = viewed(Image.new("L", size), "large", "any.png")

    assert (view if view is None else view.size) == expected


@pytest.mark.parametrize("name", NAMES)
def test_the_tiny_view_is_a_piece_from_the_middle(name):
    """It is not scaled, and its dimensions depend on the name alone."""
    picture = noise((700, 500), "L")

    view, other = (viewed(one, "tiny", name) for one in (picture, noise((400, 400), "RGB")))

    left, top = (700 - view.width) // 2, (500 - view.height) // 2
    assert all(24 <= side <= 256 for side in view.size)
    assert view.tobytes() == picture.crop((left, top, left + view.width, top + view.height)).tobytes()
    assert (other.size, other.mode) == (view.size, "RGB")


def test_tiny_views_differ_in_their_dimensions():
    """Icons and thumbnails differ in their dimensions too."""
    views = [viewed(Image.new("L", (700, 500)), "tiny", name) for name in NAMES]

    assert len({view.size for view in views}) > len(NAMES) / 2
    assert min(map(pixels, views)) < 5000 < max(map(pixels, views))


@pytest.mark.parametrize("size", [(24, 24), (25, 700), (700, 25), (1, 1)])
def test_a_picture_that_is_tiny_itself_has_no_tiny_view(size):
    """Its tiny view would be the picture again, or would not fit into it."""
    assert [viewed(Image.new("L", size), "tiny", name) for name in NAMES] == [None] * len(NAMES)


@pytest.mark.parametrize("size", [(640, 480), (1600, 1200), (3000, 400)])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_the_shrunk_view_is_all_of_the_picture(size, mode):
    """It is scaled down to 0.1 to 0.3 megapixel and keeps the shape and the mode."""
    picture = Image.linear_gradient("L").resize(size).convert(mode)

    views = [viewed(picture, "shrunk", name) for name in NAMES]

    assert {view.mode for view in views} == {mode}
    assert all(0.1e6 < pixels(view) < 0.301e6 for view in views)
    assert all(view.width / view.height == pytest.approx(size[0] / size[1], rel=0.02) for view in views)
    assert len({view.size for view in views}) > len(NAMES) / 2
    assert views[0].convert("L").resize((1, 2)).getextrema()[1] > 150  # the gradient, not a piece of it


def test_the_shrunk_view_was_compressed_once():
    """Pages and hooks meet pictures that were compressed before, which changes their pixels."""
    picture = photograph((800, 600))

    views = [viewed(picture, "shrunk", name) for name in NAMES]

    for view in views:
        plain = picture.resize(view.size, Image.Resampling.LANCZOS)
        assert plain.tobytes() != view.tobytes()
        pairs = zip(plain.resize((4, 3)).tobytes(), view.resize((4, 3)).tobytes(), strict=True)
        assert all(abs(own - its) <= 3 for own, its in pairs)


@pytest.mark.parametrize(
    "picture",
    [in_mode("RGBA", (800, 600)), in_mode("CMYK", (800, 600)), photograph((540, 550)), photograph((144, 96))],
    ids=lambda picture: f"{picture.mode} {picture.width}x{picture.height}",
)
def test_some_pictures_have_no_shrunk_view(picture):
    """Small pictures, and those that no usual JPEG can hold, have no shrunk view."""
    assert [viewed(picture, "shrunk", name) for name in NAMES] == [None] * len(NAMES)


@pytest.fixture(scope="module")
def large_picture():
    """A picture that has every view."""
    return photograph((1560, 1300), seed=4)


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_always_the_same(large_picture, view):
    """Only the name seeds the dimensions of a view, so the measurement can be repeated."""
    first, second = (viewed(large_picture.copy(), view, "photo.jpg") for _ in range(2))

    assert (first.size, first.mode) == (second.size, second.mode)
    assert first.tobytes() == second.tobytes()


@each_codec
def test_curves_are_measured_from_end_to_end(codec):
    """The rungs to measure rise and include both ends of the ladder."""
    rungs = knots(codec)

    assert (rungs[0], rungs[-1]) == (0, len(codec.ladder) - 1)
    assert rungs == sorted(set(rungs))
    assert len(rungs) >= 12


@pytest.mark.parametrize("codec", [JPEG, WEBP], ids=lambda codec: codec.format)
def test_every_view_there_is_is_measured(measured, codec):
    """Each view is measured once per codec; slow views at every second rung, the ends included."""
    records = measured[1][codec.format]

    assert sorted((record.kind, record.view) for record in records) == sorted(
        (kind, view) for kind in ("photograph", "graphic") for view in ("middle", "tiny", "shrunk")
    )
    for record in records:
        assert record.rungs == knots(codec)[:: 2 if record.view == "shrunk" else 1]
        assert record.rungs[-1] == len(codec.ladder) - 1
        assert len(record.truth) == len(record.sample_bits) == len(record.low_effort) == len(record.rungs)
        assert record.source == f"{record.kind}/{record.kind}.png"


def test_what_a_picture_holds_is_measured(measured):
    """For codecs with settings for drawings, the true curve is that of the settings the picture gets."""
    for codec in (JPEG, WEBP):
        for record, picture in of_view(measured, codec, "middle"):
            graphic = record.kind == "graphic" and codec is JPEG
            assert record.content == (GRAPHIC if graphic else "photograph")
            own = codec.for_content(record.content)
            assert record.truth == [probed_bits(own, picture, rung)[0] for rung in record.rungs]


@pytest.mark.parametrize("codec", [JPEG, WEBP], ids=lambda codec: codec.format)
@pytest.mark.parametrize("view", ["middle", "tiny", "shrunk"])
def test_complexities_and_sample_probes_are_those_of_the_sample(measured, codec, view):
    """Training must measure exactly what run time measures, or the trees correct something else."""
    for record, picture in of_view(measured, codec, view):
        own, sample = codec.for_content(record.content), sample_of(codec, picture)
        assert (record.mode, record.width, record.height) == (picture.mode, *picture.size)
        assert record.share == pixels(sample) / pixels(picture)
        assert list(record.complexities.values()) == complexity_probe(sample, COMPLEXITY_QUALITIES)[0]
        assert record.whole_complexity == complexity_probe(picture, [WHOLE_QUALITY])[0][0]
        assert record.sample_bits == [probed_bits(own, sample, rung)[0] for rung in record.rungs]
        if record.share == 1:
            assert record.sample_bits == record.truth


@pytest.mark.parametrize("codec", [JPEG, WEBP], ids=lambda codec: codec.format)
@pytest.mark.parametrize("view", ["middle", "tiny"])
def test_low_effort_probes_are_made_where_they_pay(measured, codec, view):
    """They encode the whole at low effort, or a larger sample; where neither saves time there is none."""
    for record, picture in of_view(measured, codec, view):
        own, sample = codec.for_content(record.content), sample_of(codec, picture)
        for rung, full, probe in zip(record.rungs, record.sample_bits, record.low_effort, strict=True):
            if own.hints.probe_pays(own.setting(own.ladder[rung], record.mode)):
                bits = probed_bits(own, picture, rung, low_effort=True)[0]
                low = probed_bits(own, sample, rung, low_effort=True)[0]
                expected = LowEffortProbe(bits) if record.share == 1 else LowEffortProbe(bits, full - low, low)
                assert probe == expected
            elif record.share == 1 or not codec.hints.rows_apart:
                assert probe is None
            else:
                larger = larger_sample(picture)
                share = pixels(larger) / pixels(picture)
                assert probe == LowEffortProbe(probed_bits(own, larger, rung)[0], share=share)
                assert record.share < share < 1


@pytest.mark.parametrize("codec", [JPEG, WEBP], ids=lambda codec: codec.format)
@pytest.mark.parametrize("view", ["middle", "tiny", "shrunk"])
def test_the_features_of_a_record_are_those_of_run_time(measured, codec, view):
    """A model is trained on features of records and asked with features of pictures: for one picture they are equal."""
    model = shipped_model(codec.format)
    compared = 0
    for record, picture in of_view(measured, codec, view):
        sample = sample_of(codec, picture)
        probes = PictureProbes(model, for_content(codec, sample), picture, sample)
        trained_on = {"sample probe": sample_probe_rows(model, record), "low effort": low_effort_rows(model, record)}

        in_range = [
            (rung, probes.low_effort(rung))
            for rung, true in zip(record.rungs, record.truth, strict=True)
            if log(LEAST_BITS) < true < log(MOST_BITS)
        ]
        by_sample = [probes.sample_features(rung) for rung, _ in in_range] if record.share < 1 else []
        by_low_effort = [probes.low_effort_features(rung, probe) for rung, probe in in_range if probe is not None]

        assert probes.static == static_features_of(model, record)
        assert [features for features, _ in trained_on["sample probe"]] == by_sample
        assert [features for features, _ in trained_on["low effort"]] == by_low_effort
        compared += len(by_sample) + len(by_low_effort)
    assert compared > 0


@pytest.mark.parametrize("codec", [JPEG, WEBP], ids=lambda codec: codec.format)
def test_probes_are_near_the_truth(measured, codec):
    """Low-effort probes are nearer than sample probes, on the mean over all rungs that budgets are about."""
    by_sample, by_low_effort = [], []
    for record in measured[1][codec.format]:
        ratio = 0.0 if codec.hints.rows_apart else record.whole_complexity - record.complexities[WHOLE_QUALITY]
        for true, bits, probe in zip(record.truth, record.sample_bits, record.low_effort, strict=True):
            if record.view != "tiny" and probe is not None and log(LEAST_BITS) < true < log(MOST_BITS):
                by_sample.append(abs(bits + ratio - true))
                by_low_effort.append(abs(probe.bits + probe.effort_log_ratio - true))

    assert sum(by_low_effort) < sum(by_sample)
    assert sum(by_low_effort) / len(by_low_effort) < 0.1


def test_what_is_measured_comes_from_the_cache_as_it_was(measured, tmp_path):
    """Records from the cache equal new ones, in any order."""
    files, records = measured

    once = measure_all(files[:1], (JPEG,), tmp_path, 1)["JPEG"]
    again = measure_all(files[:1], (JPEG,), tmp_path, 1)["JPEG"]

    assert once == again == [record for record in records["JPEG"] if record.kind == files[0].kind]


def test_pictures_that_are_refused_are_left_out(tmp_path):
    """A picture that a codec cannot hold must not be used to train it."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    in_mode("RGBA", (64, 48)).save(folder / "graphic.png")
    (folder / "notes.jpg").write_bytes(b"text")

    measured = measure_all(find_files([folder]), (JPEG, WEBP), tmp_path / "cache", 1)

    assert measured["JPEG"] == []
    assert {(record.source, record.mode) for record in measured["WEBP"]} == {("graphic.png", "RGBA")}


def test_the_settings_are_a_part_of_what_is_cached():
    """A measurement with other tables is another one; a setting with a quality alone is named by the quality."""
    assert settings_key(WEBP, [10, 20]) == [10, 20]
    assert len(set(settings_key(JPEG, [5, 20, 50, 80, 95]))) == 5
    assert settings_key(JPEG._replace(variants=Variants()), [50]) != settings_key(JPEG, [50])

"""Levels chosen by how a JPEG looks: the effort "best" where numpy is installed."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from ssimulacra2 import compute_ssimulacra2

import bytefit
from bytefit.codecs.codec import PHOTOGRAPH
from bytefit.codecs.jpeg.best import encodes, tiles
from bytefit.codecs.jpeg.best.blocks import coefficients, padded, plane_of
from bytefit.codecs.jpeg.best.colours import back_to_planes, pixels_of, planes_of
from bytefit.codecs.jpeg.best.metric import Original
from bytefit.codecs.jpeg.best.rounds import Pace, components_of, improve
from bytefit.codecs.jpeg.best.samples import samples_of
from bytefit.codecs.jpeg.best.trellis import bits_of, quantised
from bytefit.codecs.jpeg.codec import JPEG
from bytefit.codecs.jpeg.quantisation import CHOOSABLE, evened, quantisation
from images import encoded, exif, flat, noise, opened, photograph, screenshot


def planar(picture):
    """Return the pixels of a picture as (3, height, width)."""
    return np.ascontiguousarray(np.asarray(picture.convert("RGB")).transpose(2, 0, 1))


def ppm(picture):
    """Return a picture as a lossless file for the published metric."""
    buffer = BytesIO()
    picture.convert("RGB").save(buffer, "PPM")
    buffer.seek(0)
    return buffer


def score(original, data):
    """Return the published score of a file."""
    return compute_ssimulacra2(ppm(original), ppm(opened(data)))


@pytest.mark.parametrize("size", [(144, 96), (33, 41), (16, 9), (201, 130)])
@pytest.mark.parametrize("quality", [10, 60, 92])
def test_the_score_is_the_published_one(size, quality):
    """The guard must judge by SSIMULACRA2 itself, at odd sizes and with fewer scales too."""
    picture = photograph(size)
    version = opened(encoded(picture, quality=quality))

    found = Original(planar(picture)).score(planar(version))

    assert found == pytest.approx(compute_ssimulacra2(ppm(picture), ppm(version)), abs=0.1)


@pytest.mark.parametrize("size", [(96, 64), (61, 45)])
def test_the_gradient_is_that_of_finite_differences(size):
    """A wrong gradient would still give a file that fits, and that looks worse."""
    picture = photograph(size)
    version = planar(opened(encoded(picture, quality=30)))
    original, random = Original(planar(picture)), np.random.default_rng(1)

    _, gradient = original.gradient(version)

    for _ in range(20):
        change = np.zeros_like(version)
        channel, top, left = (random.integers(0, side) for side in (3, size[1] - 4, size[0] - 4))
        change[channel, top : top + 4, left : left + 4] = 1
        change[(version < 1) | (version > 254)] = 0
        difference = (original.gradient(version + change)[0] - original.gradient(version - change)[0]) / 2
        assert float((gradient * change).sum()) == pytest.approx(difference, rel=0.1, abs=2e-4)


@pytest.mark.parametrize("size", [(9, 13), (16, 16), (15, 8)])
def test_the_way_back_to_the_planes_is_the_adjoint(size):
    """Both must describe one linear map: <decoded, gradient> = <planes, gradient brought back>."""
    random = np.random.default_rng(2)
    height, width = size
    shapes = [(height, width), *[((height + 1) // 2, (width + 1) // 2)] * 2]
    planes = [random.normal(scale=9, size=shape).astype(np.float32) for shape in shapes]
    moved = [plane + random.normal(scale=9, size=plane.shape).astype(np.float32) for plane in planes]
    gradient = random.normal(size=(3, height, width)).astype(np.float32)

    before, after = (pixels_of(each, halved=True)[0].astype(float) for each in (planes, moved))
    back = back_to_planes(gradient, 3, halved=True)

    change = sum(float((there * (b - a)).sum()) for there, a, b in zip(back, planes, moved, strict=True))
    rounding = float(np.abs(gradient).sum())
    assert abs(float((gradient * (after - before)).sum()) - change) < rounding


def test_the_transform_is_its_own_way_back():
    """A scaled transform would quantise by other steps than libjpeg."""
    plane = np.random.default_rng(3).normal(scale=50, size=(24, 40)).astype(np.float32)

    assert np.allclose(plane_of(coefficients(plane)), plane, atol=1e-3)


def test_our_coefficients_are_those_of_libjpeg():
    """Decoded samples of a grey file must be quantised to whole levels by its own table."""
    picture = photograph((64, 48), "L")
    table = [24] * 64
    decoded = np.asarray(opened(encoded(picture, qtables=[table]))).astype(np.float32) - 128

    levels = coefficients(decoded) / 24

    assert np.abs(levels - np.rint(levels)).max() < 0.1


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1000), scale=st.sampled_from([0.5, 1.5, 4, 30]), worth=st.sampled_from([1, 15, 100]))
def test_a_path_never_costs_more_than_plain_rounding(seed, scale, worth):
    """The trellis compares with keeping every level, so that its answer is at most as dear."""
    random = np.random.default_rng(seed)
    targets = (random.laplace(size=(20, 64)) * scale / (1 + np.arange(64) / 8)).astype(np.float32)
    weights = np.full_like(targets, worth)
    rounded = np.rint(targets).astype(np.int16)
    bits = bits_of(rounded)

    def cost(levels):
        total = 0.0
        for block, target in zip(levels, targets, strict=True):
            at = np.flatnonzero(block[1:]) + 1
            runs = np.diff([0, *at]) - 1
            total += sum(bits[run, int(abs(block[i])).bit_length()] for run, i in zip(runs, at, strict=True))
            total += bits[0, 0] if not len(at) or at[-1] != 63 else 0
            total += worth * float(np.square(block - target).sum())
        return total

    assert cost(quantised(targets, weights, bits)) <= cost(rounded) * (1 + 1e-4)


@pytest.mark.parametrize("size", [(96, 64), (61, 45), (8, 8)])
@pytest.mark.parametrize("quality", [10, 40, 70])
def test_levels_survive_the_trip_through_pixels(size, quality):
    """The levels that were chosen must be those that libjpeg writes: few blocks may differ."""
    picture = photograph(size)
    tables, _ = quantisation(quality, PHOTOGRAPH)
    components = components_of(planar(picture), tables, halved=True)
    improve(components, Original(planar(picture)), halved=True, pace=Pace(rounds=1), seed=0)

    for component in components:
        plane, lost = samples_of(component)

        found = np.rint(coefficients(padded(plane.astype(np.float32) - 128)) / component.steps)
        changed = int((found != component.levels).any(axis=2).sum())
        assert changed == lost <= 0.15 * found[..., 0].size + 1


@pytest.mark.parametrize(("mode", "bits"), [("RGB", 0.6), ("L", 1.2), ("YCbCr", 0.6)])
def test_it_looks_better_at_the_same_bytes(mode, bits):
    """That is what the effort is for."""
    picture = photograph((320, 240), mode)
    budget = int(picture.width * picture.height * bits / 8)

    plain, best = (
        bytefit.compress(picture, budget, format="JPEG", slack=0, effort=effort) for effort in ("normal", "best")
    )

    assert len(best.data) <= budget
    assert opened(best.data).mode == ("L" if mode == "L" else "RGB")
    assert score(picture, best.data) > score(picture, plain.data) + 1


@pytest.mark.parametrize("draw", [photograph, screenshot, noise, flat])
@pytest.mark.parametrize(
    ("size", "options"),
    [
        ((7, 5), {}),
        ((8, 8), {}),
        ((17, 33), {"subsampling": "4:4:4"}),
        ((61, 45), {"subsampling": 2}),
        ((33, 20), {"subsampling": "4:2:2"}),
        ((33, 20), {"keep_rgb": True}),
    ],
)
def test_the_budget_is_kept_whatever_the_picture(draw, size, options):
    """Odd, tiny and flat pictures must be answered as at any other effort."""
    picture = draw(size)
    budget = len(bytefit.compress(picture, "1MB", format="JPEG", **options).data) * 3 // 4

    best = bytefit.compress(picture, budget, format="JPEG", effort="best", on_unreachable="smallest", **options)

    assert opened(best.data).size == picture.size
    assert not best.fits or len(best.data) <= budget


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_the_same_order_gives_the_same_bytes(mode):
    """What is drawn at random is seeded."""
    picture = photograph((72, 54), mode)

    first, second = (bytefit.compress(picture, 1200, format="JPEG", effort="best") for _ in range(2))

    assert first.data == second.data


def test_metadata_are_carried():
    """They travel as at any other effort."""
    picture = opened(encoded(photograph((72, 54)), exif=exif(orientation=6)))

    best = bytefit.compress(picture, 1400, format="JPEG", effort="best")

    assert opened(best.data).getexif()[0x0112] == 6


def test_without_numpy_the_levels_are_those_of_the_effort_normal(monkeypatch):
    """Then the scans alone are better, as the effort was before."""
    monkeypatch.setattr("bytefit.codecs.jpeg.codec.find_spec", lambda _name: None)
    picture = photograph((120, 90))

    best = bytefit.compress(picture, 2500, format="JPEG", effort="best")

    plain = JPEG.encode(picture, {**JPEG.setting(best.quality, "RGB"), "icc_profile": b"", "exif": b""})
    assert opened(best.data).tobytes() == opened(plain).tobytes()


def test_where_the_plain_file_scores_higher_it_is_taken(monkeypatch):
    """Chosen levels that make a picture worse must not be returned."""
    monkeypatch.setattr(
        encodes, "pace_of", lambda _table, _content: Pace(rounds=1, first_share=1, last_share=1, limit=5)
    )
    picture = photograph((120, 90))

    best = bytefit.compress(picture, 2500, format="JPEG", effort="best")

    plain = JPEG.encode(picture, {**best.setting, "scans": None})
    assert opened(best.data).tobytes() == opened(plain).tobytes()


@pytest.mark.parametrize("content", ["photograph", "graphic"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_evened_tables_get_finer_with_the_quality_and_are_known_again(content, mode):
    """Sizes must rise along the ladder with these tables too, and a file must be taken for what it is."""
    codec, before, icon = JPEG.for_content(content), None, photograph((16, 16), mode)
    for quality in codec.ladder[::5]:
        plain, subsampling = quantisation(quality, content)
        tables = evened(plain, content)

        if before is not None and before[1] == subsampling and max(tables[0]) > CHOOSABLE:
            pairs = zip(before[0], tables, strict=True)
            assert all(low >= high for old, new in pairs for low, high in zip(old, new, strict=True))
        before = tables, subsampling
        setting = {"qtables": tables[:1]} if mode == "L" else {"qtables": tables, "subsampling": subsampling}
        found = JPEG.source.quality(opened(encoded(icon, **setting)))
        assert found == quality or (found < quality and max(tables[0]) <= 2 * CHOOSABLE), quality


def test_tiles_cover_a_picture_once():
    """No pixel may be missing or be written by two tiles; blocks and halved chroma stay whole."""
    for size in ((1, 1), (1536, 1536), (1537, 40), (5000, 3333)):
        count = np.zeros(size[::-1], np.uint8)
        for tile in tiles.tiles_of(size):
            left, top, right, bottom = tile.inner
            count[top:bottom, left:right] += 1
            assert all(side % 16 == 0 for side in (*tile.outer[:2], left, top))
        assert (count == 1).all()


def test_a_picture_of_many_tiles_has_no_seams():
    """Tiles must fit together, and look about as good as the picture in one piece."""
    picture = photograph((320, 240))
    tables, _ = quantisation(30, PHOTOGRAPH)

    whole, _ = tiles.Reference(picture).synthesised(tables, Pace(), halved=True)
    reference = tiles.Reference(picture, most=128)
    parts, _ = reference.synthesised(tables, Pace(), halved=True)

    plain = opened(encoded(picture, qtables=tables))
    assert len(reference.tiles) == 6
    assert parts.size == whole.size
    first, second = (np.asarray(made.convert("L")).astype(float) for made in (whole, parts))
    error = np.abs(second - np.asarray(picture.convert("L"))).mean()
    assert error < 1.1 * np.abs(first - np.asarray(picture.convert("L"))).mean()
    assert plain.size == parts.size


def test_planes_of_grey_pixels_are_one():
    """A grey picture has no chroma to choose."""
    planes = planes_of(np.asarray(photograph((24, 16), "L"))[None], halved=True)

    assert [plane.shape for plane in planes] == [(16, 24)]
    assert isinstance(Image.fromarray(pixels_of(planes, halved=True)[0][0]), Image.Image)


def test_planes_are_those_that_libjpeg_makes():
    """What is compared and quantised must be the whole numbers that an encoder sees: fractions are lost."""
    picture = photograph((64, 48))
    with Image.open(BytesIO(encoded(picture, qtables=[[1] * 64] * 2, subsampling="4:4:4"))) as written:
        written.draft("YCbCr", None)
        seen = np.asarray(written).transpose(2, 0, 1).astype(float)

    planes = planes_of(np.asarray(picture).transpose(2, 0, 1), halved=False)

    for plane, middle, expected in zip(planes, (128, 0, 0), seen - [[[0]], [[128]], [[128]]], strict=True):
        assert (plane == np.rint(plane)).all()
        apart = plane + middle - expected  # which the steps of 1 make, too
        assert np.abs(apart).max() <= 2
        assert abs(apart.mean()) < 0.1


@pytest.mark.parametrize("halved", [True, False])
def test_what_is_compared_is_what_a_decoder_shows(halved):
    """The pixels that levels are chosen by must be those that Pillow decodes from the file with these levels."""
    picture = photograph((64, 48))
    tables, _ = quantisation(80, PHOTOGRAPH)
    components = components_of(np.asarray(picture).transpose(2, 0, 1), tables, halved=halved)
    shown, _ = pixels_of([each.decoded() for each in components], halved=halved)

    planes = [samples_of(each)[0] for each in components]
    wide = [Image.fromarray(plane.repeat(2, 0).repeat(2, 1) if plane.shape != (48, 64) else plane) for plane in planes]
    file = encoded(Image.merge("YCbCr", wide), qtables=tables, subsampling="4:2:0" if halved else "4:4:4")

    decoded = np.asarray(opened(file)).transpose(2, 0, 1).astype(int)
    apart = np.abs(decoded - shown)
    assert (apart <= 1).mean() > 0.98
    assert (apart == 0).mean() > 0.85

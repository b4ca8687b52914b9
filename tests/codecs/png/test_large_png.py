"""Large PNGs: memory and time count for more than the last percent, so that oxipng gets less to do."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

import bytefit
from bytefit.codecs.palettes import quantise
from bytefit.codecs.png import codec
from bytefit.codecs.png.codec import PNG
from images import encoded, opened, photograph, screenshot

SIZE = (160, 120)


@pytest.fixture
def packed(monkeypatch):
    """Count the calls of oxipng; images of `SIZE` are large, and larger ones huge."""
    calls = []
    oxipng = pytest.importorskip("oxipng")

    class Counting:
        Deflaters, PngError = oxipng.Deflaters, oxipng.PngError
        RowFilter, StripChunks = oxipng.RowFilter, oxipng.StripChunks

        @staticmethod
        def optimize_from_memory(data, **options):
            calls.append(options)
            return oxipng.optimize_from_memory(data, **options)

    monkeypatch.setattr(codec, "_oxipng", lambda: Counting)
    monkeypatch.setattr(quantise, "_LARGE", SIZE[0] * SIZE[1])
    monkeypatch.setattr(codec, "_HUGE", SIZE[0] * SIZE[1] + 1)
    return calls


@pytest.mark.parametrize(
    ("options", "calls"),
    [
        ({"colors": 40, "strength": codec.PROBE}, 0),
        ({"colors": 40, "strength": codec.NORMAL}, 1),
        ({"colors": 40, "strength": codec.BEST}, 1),
        ({"strength": codec.PROBE}, 0),
        ({"strength": codec.NORMAL}, 1),
    ],
    ids=str,
)
def test_large_images_get_one_filter_at_a_time_and_probes_none(options, calls, packed):
    """Each filter that oxipng tries at the same time takes a copy of the pixels."""
    small, large = photograph((SIZE[0], SIZE[1] - 1), "L"), photograph(SIZE, "L")

    data = PNG.encode(large, options)

    assert len(packed) == calls
    assert all(len(call["filter"]) == 1 for call in packed if "filter" in call)
    assert opened(data).size == SIZE
    PNG.encode(small, options)
    assert len(packed) == calls + 1


def test_large_graphics_get_another_filter(packed):
    """On flat areas a filter saves 5 % and more, and needs the memory only after the first is done."""
    PNG.encode(screenshot(SIZE).convert("RGB").resize(SIZE), {"colors": 2, "strength": codec.NORMAL})

    assert [len(call["filter"]) for call in packed] == [1, 1]


@pytest.mark.parametrize("options", [{"colors": 40, "strength": codec.BEST}, {"strength": codec.NORMAL}], ids=str)
def test_huge_images_never_reach_oxipng(options, packed):
    """Without enough memory oxipng ends the process, and nothing can be reported."""
    picture = photograph((SIZE[0], SIZE[1] + 1), "L")

    assert opened(PNG.encode(picture, options)).size == picture.size
    assert list(PNG.lossless.versions(encoded(picture, "PNG"), "keep", b"")) == []
    assert packed == []


@pytest.mark.usefixtures("packed")
@pytest.mark.parametrize("make", [photograph, screenshot])
def test_large_images_fit_as_small_ones_do(make):
    """The other packing must neither miss a budget nor give up a rung that fits by more than its slack."""
    picture = make(SIZE)
    size = len(encoded(picture, "PNG"))

    for share in (0.2, 0.5, 2):
        result = bytefit.compress(picture, int(size * share), format="PNG", slack=0)

        assert result.size <= int(size * share)
        assert result.proven
        assert share < 1 or result.lossless
        with Image.open(BytesIO(result.data)) as answer:
            assert answer.size == SIZE

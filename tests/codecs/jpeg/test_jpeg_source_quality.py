"""The quality of a JPEG source is estimated from its tables, and a file fitted in place never exceeds it."""

from __future__ import annotations

from io import BytesIO
from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from bytefit.codecs import codec_for_format
from bytefit.errors import BudgetUnreachable
from bytefit.files.compress_file import compress_file
from bytefit.fitting.compress import compress, run
from bytefit.options import Options
from bytefit.sources.source import read_source
from images import encoded, opened, photograph, screenshot

JPEG = codec_for_format("JPEG")
PICTURE = photograph((200, 150))

divisors = st.lists(st.integers(1, 255), min_size=64, max_size=64)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_the_quality_of_libjpeg_is_read_from_its_tables(mode):
    """Every quality of libjpeg must be recognised; the top two differ only in chroma."""
    picture = photograph((16, 16), mode)
    for quality in range(1, 101, 1 if mode == "RGB" else 3):
        found = JPEG.source.quality(opened(encoded(picture, quality=quality)))

        assert found == quality or (quality == 100 and found >= 99), quality


@pytest.mark.parametrize("target", [1500, 4000, 12_000])
def test_the_quality_of_our_own_files_is_their_rung(target):
    """Files with learned tables must be recognised by their rung."""
    result = compress(PICTURE, target, format="JPEG")

    assert JPEG.source.quality(Image.open(BytesIO(result.data))) == result.quality


@pytest.mark.parametrize("content", ["photograph", "graphic"])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_every_rung_is_known_by_its_tables(content, mode):
    """Every rung must be recognised exactly; of fine rungs that share a grey table, the lowest counts."""
    codec, picture = JPEG.for_content(content), photograph((16, 16), mode)

    for rung, quality in list(enumerate(codec.ladder))[:: {"RGB": 1, "L": 2, "CMYK": 4}[mode]]:
        found = codec.source.quality(opened(codec.encode(picture, codec.setting(quality, mode))))

        assert found == quality or (mode != "RGB" and 99 <= found < quality), (rung, quality)


@pytest.mark.parametrize("effort", ["fast", "normal", "best"])
@pytest.mark.parametrize("picture", [photograph((72, 48)), screenshot((72, 48))], ids=["photograph", "graphic"])
def test_the_effort_does_not_hide_the_rung(picture, effort):
    """The effort changes the entropy coding only, and must not change the estimate."""
    result = compress(picture, 2000, format="JPEG", effort=effort)

    assert JPEG.source.quality(opened(result.data)) == result.quality


@given(luminance=divisors, chrominance=divisors, grey=st.booleans())
@example(luminance=[1] * 64, chrominance=[2] * 64, grey=False)
@example(luminance=[255] * 64, chrominance=[255] * 64, grey=True)
@example(luminance=[1] * 64, chrominance=[255] * 64, grey=False)
def test_no_tables_are_taken_for_finer_ones(luminance, chrominance, grey):
    """The libjpeg table at the estimate must be at least as coarse as the table of the file."""
    picture = photograph((16, 16), "L" if grey else "RGB")
    tables = [luminance] if grey else [luminance, chrominance]

    found = JPEG.source.quality(opened(encoded(picture, qtables=tables)))

    known = opened(encoded(picture, quality=max(1, int(found)))).quantization[0]
    assert 1 <= found <= 100
    assert sum(known) >= sum(luminance) or found == 1


def test_tables_that_nobody_knows_are_taken_as_no_finer_than_they_are():
    """Unknown tables must never be estimated finer than they are."""
    table = [17] * 64
    found = JPEG.source.quality(opened(encoded(PICTURE, qtables=[table])))

    finer, coarser = (sum(opened(encoded(PICTURE, quality=int(q))).quantization[0]) for q in (found + 1, found))
    assert finer < sum(table) <= coarser


@pytest.mark.parametrize("format_", ["PNG", "WEBP", "AVIF"])
def test_other_formats_have_no_source_quality(format_):
    """Other formats must have no estimate instead of a guess."""
    picture = opened(encoded(PICTURE, format_))

    assert JPEG.source.quality(picture) is None
    assert codec_for_format("WEBP").source.quality(picture) is None


def test_images_in_memory_have_no_source_quality():
    """An image that was not opened from a JPEG file must have no estimate."""
    source = opened(encoded(PICTURE, quality=50))

    assert JPEG.source.quality(PICTURE) is None
    assert JPEG.source.quality(source.convert("L")) is None
    assert JPEG.source.quality(source) == 50


@pytest.mark.parametrize(
    ("quality", "options"),
    [
        *product([20, 50, 85], [{}, {"resize": True}, {"min_quality": 90}, {"slack": 0}]),
        (50, {"effort": "best"}),
    ],
    ids=str,
)
@pytest.mark.parametrize("share", [0.55, 0.99])
def test_in_its_place_the_quality_never_rises(tmp_path, quality, share, options):
    """In place, the quality must not exceed that of the source: more bits restore nothing."""
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(photograph((96, 72)), quality=quality))

    outcome = compress_file(path, int(path.stat().st_size * share), on_unreachable="smallest", **options)

    assert outcome.result is None or outcome.result.quality <= quality
    after = JPEG.source.quality(opened(path.read_bytes()))
    assert after <= quality
    if options.get("min_quality") and outcome.result is not None:
        assert after == quality


asked = st.fixed_dictionaries(
    {},
    optional={
        "min_quality": st.sampled_from([1, 50, 95, 100]),
        "resize": st.just(True),
        "slack": st.sampled_from([0, 0.5]),
        "metadata": st.just("strip"),
        "effort": st.just("fast"),
        "on_unreachable": st.just("smallest"),
    },
)


@given(
    source=st.sampled_from(JPEG.ladder),
    made_by=st.sampled_from(["libjpeg", "photograph", "graphic"]),
    share=st.one_of(st.floats(0.1, 0.999), st.floats(0.9, 0.999)),
    options=asked,
)
@example(source=99.0, made_by="graphic", share=0.99, options={"slack": 0})  # its luminance is a finer photograph's
@example(source=50, made_by="libjpeg", share=0.8, options={"min_quality": 95, "on_unreachable": "smallest"})
@example(source=50, made_by="libjpeg", share=0.99, options={"resize": True, "min_quality": 95})
def test_in_its_place_no_quality_ever_rises(tmp_path_factory, source, made_by, share, options):
    """In place, neither the quality nor the size may grow, whatever made the file and whatever the options."""
    picture = photograph((96, 64)) if made_by != "graphic" else screenshot((96, 64))
    if made_by == "libjpeg":
        quality, data = int(source), encoded(picture, quality=int(source))
    else:
        quality, data = source, JPEG.encode(picture, JPEG.for_content(made_by).setting(source, "RGB"))
    path = tmp_path_factory.mktemp("in") / "a.jpg"
    path.write_bytes(data)

    try:
        compress_file(path, int(len(data) * share), **options)
    except BudgetUnreachable:
        assert path.read_bytes() == data

    after = JPEG.source.quality(opened(path.read_bytes()))
    assert after <= JPEG.source.quality(opened(data)) <= quality
    assert path.stat().st_size <= len(data)


@pytest.mark.parametrize("shares", [(0.9, 0.8, 0.7, 0.6), (0.99, 0.98, 0.97)], ids=str)
def test_a_file_that_is_fitted_again_and_again_only_ever_falls(tmp_path, shares):
    """With falling budgets the quality of a file fitted in place must never rise."""
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(PICTURE, quality=80, optimize=True))
    first, qualities = path.stat().st_size, [80]

    for share in shares:
        compress_file(path, int(first * share))
        qualities.append(JPEG.source.quality(opened(path.read_bytes())))

    assert qualities == sorted(qualities, reverse=True)
    assert qualities[-1] < 80


def test_a_new_file_may_have_any_quality(tmp_path):
    """A new output file may have a higher quality than its source."""
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(PICTURE, quality=30))

    assert compress(path, 60_000).quality > 90
    assert run(read_source(path), 60_000, Options(), cap_at_source_quality=True).quality == 30

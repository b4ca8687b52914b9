"""The quality a JPEG came with: estimated from its tables, and never exceeded in its place."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from bytefit.codecs import codec_for_format
from bytefit.compression import compress, compress_again
from bytefit.files import compress_file
from images import encoded, opened, photograph

JPEG = codec_for_format("JPEG")
PICTURE = photograph((200, 150))


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_the_quality_of_libjpeg_is_read_from_its_tables(mode):
    """Every one of them; the top two have the same tables but for the chroma."""
    for quality in range(1, 101):
        found = JPEG.source_quality(opened(encoded(PICTURE.convert(mode), quality=quality)))

        assert found == quality or (quality == 100 and found >= 99), quality


@pytest.mark.parametrize("target", [1500, 4000, 12_000])
def test_the_quality_of_our_own_files_is_their_rung(target):
    """Their tables are of another shape, but known."""
    result = compress(PICTURE, target, format="JPEG")

    assert JPEG.source_quality(Image.open(BytesIO(result.data))) == result.quality


def test_tables_that_nobody_knows_are_taken_as_no_finer_than_they_are():
    """By the sum of their divisors: the estimate errs to the coarse side."""
    table = [17] * 64
    found = JPEG.source_quality(opened(encoded(PICTURE, qtables=[table])))

    finer, coarser = (sum(opened(encoded(PICTURE, quality=int(q))).quantization[0]) for q in (found + 1, found))
    assert finer < sum(table) <= coarser


@pytest.mark.parametrize("format_", ["PNG", "WEBP", "AVIF"])
def test_other_formats_do_not_tell(format_):
    """None, not a guess."""
    picture = opened(encoded(PICTURE, format_))

    assert JPEG.source_quality(picture) is None
    assert codec_for_format("WEBP").source_quality(picture) is None


@pytest.mark.parametrize("options", [{}, {"resize": True}, {"min_quality": 90}, {"slack": 0}, {"effort": "best"}])
@pytest.mark.parametrize("quality", [20, 50, 85])
@pytest.mark.parametrize("share", [0.55, 0.8, 0.99])
def test_in_its_place_the_quality_never_rises(tmp_path, quality, share, options):
    """What was lost once does not come back by more bits; a floor above it counts as it."""
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(PICTURE, quality=quality))

    outcome = compress_file(path, int(path.stat().st_size * share), on_unreachable="smallest", **options)

    assert outcome.result is None or outcome.result.quality <= quality
    after = JPEG.source_quality(opened(path.read_bytes()))
    assert after <= quality
    if options.get("min_quality") and outcome.result is not None:
        assert after == quality


def test_a_new_file_may_have_any_quality(tmp_path):
    """Who names an output, or passes a picture, asked for so many bytes."""
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(PICTURE, quality=30))

    assert compress(path, 60_000).quality > 90
    assert compress_again(path, 60_000).quality == 30

"""Metadata: kept or stripped by policy, and counted in the budget."""

from __future__ import annotations

from contextlib import suppress

import pytest
from PIL import Image, ImageChops, ImageOps

import bytefit
from bytefit import BudgetUnreachable
from bytefit.codecs import CODECS
from images import XMP, encoded, exif, icc_profile, noise, opened, photograph
from outcomes import OF_EVERY_TIFF, ORIENTATION, each_holder, fresh, size_at, stored


@pytest.mark.parametrize("wanted", ["JPEG", "PNG", "JPEG2000"])
def test_metadata_is_counted(wanted):
    """Where a profile takes half of the budget, the answer must fit beside it, and fill the other half."""
    picture = photograph((96, 64))
    body = size_at(picture, wanted, 0.4)
    data = encoded(picture, "PNG", icc_profile=icc_profile(size=body))
    budget = 2 * body + 300

    result = bytefit.compress(fresh(data), budget, format=wanted, slack=0)

    assert result.size <= budget
    assert result.fill > 0.8
    assert stored(result.data).info["icc_profile"] == icc_profile(size=body)


@pytest.mark.parametrize("wanted", ["JPEG", "WEBP"])
@pytest.mark.parametrize("source", ["WEBP", "AVIF", "PNG"])
def test_metadata_is_read_from_every_format(wanted, source):
    """Orientation, profile and XMP must be found wherever the source's format keeps them."""
    xmp = {} if source == "PNG" else {"xmp": XMP}  # Pillow writes none into a PNG
    data = encoded(photograph((96, 64)), source, exif=exif(orientation=3), icc_profile=icc_profile(), **xmp)

    result = bytefit.compress(fresh(data), 4000, format=wanted)

    again = opened(result.data)
    assert result.size <= 4000
    assert again.getexif()[ORIENTATION] == 3
    assert again.getexif()[0x0110] == "bytefit test camera"
    assert again.info["icc_profile"] == icc_profile()
    assert again.info.get("xmp") == xmp.get("xmp")


@pytest.mark.parametrize("turn", range(1, 9))
def test_stripped_pictures_are_upright_whichever_way_they_were_turned(turn):
    """Each of EXIF's eight orientations must be applied to the pixels, mirrored ones included."""
    source = encoded(photograph((96, 64)), "JPEG", quality=98, exif=exif(orientation=turn))

    result = bytefit.compress(fresh(source), 4000, format="WEBP", metadata="strip")

    upright = ImageOps.exif_transpose(opened(source)).convert("L").resize((8, 8))
    pixels = opened(result.data).convert("L").resize((8, 8))
    assert (result.width, result.height) == opened(result.data).size == ((64, 96) if turn >= 5 else (96, 64))
    assert ImageChops.difference(upright, pixels).getextrema()[1] < 16


def test_other_segments_comment_and_resolution_are_kept_in_jpeg():
    """IPTC, comment and resolution must go from JPEG to JPEG byte for byte."""
    content = b"Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00\x05\x1c\x02\x78\x00\x00\x00"
    segment = b"\xff\xed" + (len(content) + 2).to_bytes(2, "big") + content
    data = encoded(photograph(), "JPEG", comment=b"a view", dpi=(240, 240))

    result = bytefit.compress(fresh(data[:20] + segment + data[20:]), 6000)

    again = opened(result.data)
    assert ("APP13", content) in again.applist
    assert (again.info["comment"], again.info["dpi"]) == (b"a view", (240, 240))


def test_metadata_given_as_an_option_replaces_the_pictures():
    """Metadata given as an option must replace the picture's own, and count into the budget like it."""
    data = encoded(photograph(), "JPEG", exif=exif(orientation=6))

    result = bytefit.compress(fresh(data), 6000, exif=exif(orientation=3), comment=b"x" * 1000)

    again = opened(result.data)
    assert again.getexif()[ORIENTATION] == 3
    assert again.info["comment"] == b"x" * 1000
    assert result.size <= 6000


@each_holder
def test_an_empty_exif_object_is_no_exif(wanted):
    """Pillow takes an `Exif` object wherever it takes bytes: an empty one must leave no block behind."""
    result = bytefit.compress(photograph((48, 32)), 12_000, format=wanted, exif=Image.Exif())

    assert result.fits
    assert stored(result.data).getexif().keys() <= OF_EVERY_TIFF[wanted == "TIFF"]


@each_holder
def test_metadata_larger_than_the_budget_is_named(wanted):
    """Where metadata alone is over the budget, the error must give its size and advise to strip it."""
    data = encoded(photograph((48, 32)), "JPEG", icc_profile=icc_profile(size=30_000))

    with pytest.raises(BudgetUnreachable, match=r"30(\.\d)? kB of it metadata\); strip metadata") as caught:
        bytefit.compress(fresh(data), 20_000, format=wanted)

    assert caught.value.metadata_bytes >= 29_990  # in JPEG 2000 it takes the place of a few bytes
    assert caught.value.smallest > 30_000


@pytest.mark.parametrize("turned", range(1, 9))
@pytest.mark.parametrize("policy", ["keep", "orientation+icc", "strip"])
def test_an_orientation_that_a_format_has_no_place_for_is_applied(turned, policy):
    """GIF holds no EXIF: without a turn of its pixels the image would lie on its side."""
    source = fresh(encoded(photograph((24, 16)).quantize(16), "PNG", exif=exif(orientation=turned)))
    upright = ImageOps.exif_transpose(source).convert("RGB")

    answer = opened(bytefit.compress(source, 6000, format="GIF", metadata=policy).data)

    assert answer.size == upright.size
    assert ImageChops.difference(answer.convert("RGB"), upright).getbbox() is None


@pytest.mark.filterwarnings("ignore:Corrupt EXIF:UserWarning")
@pytest.mark.parametrize("policy", ["keep", "strip", "orientation+icc"])
@pytest.mark.parametrize(("source", "resize"), [("JPEG", False), ("JPEG", True), ("WEBP", False), ("WEBP", True)])
def test_broken_exif_does_not_fail(tmp_path, source, resize, policy):
    """Files in the wild have broken EXIF: it must not stop a compression. Pillow's warning is left to the caller."""
    path = tmp_path / "broken.img"
    path.write_bytes(encoded(noise((96, 64)), source, quality=95, exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\xff"))

    result = bytefit.compress(path, 1500, resize=resize, metadata=policy)

    assert result.fits


@pytest.mark.parametrize(
    "given",
    [
        *(
            {"exif": block}
            for block in (b"Exif\x00\x00broken", b"x" * 70_000, b"Exif\x00\x00II*\x00" + b"\xff" * 4, "a", 1)
        ),
        *({"dpi": dpi} for dpi in ([], ["a"], (1,), "ab", (0, 0), (-1, 1e300), 72)),
        *({name: value} for name in ("xmp", "icc_profile", "comment") for value in (b"x" * 70_000, "text", 1, [1])),
    ],
    ids=lambda given: str(given)[:30],
)
@pytest.mark.parametrize("wanted", [*(codec.format for codec in CODECS), "HEIF", "JXL"])
def test_metadata_that_make_no_sense_are_written_or_refused(wanted, given):
    """Whatever a writer or a plugin raises on a nonsensical option must come out as our own error."""
    pytest.importorskip({"HEIF": "pillow_heif", "JXL": "pillow_jxl"}.get(wanted, "PIL"))

    with suppress(bytefit.BytefitError):
        assert bytefit.compress(photograph((16, 10)), 100_000, format=wanted, **given).fits

"""`lossless`, and files that are lossless as they are."""

from __future__ import annotations

import pytest

import bytefit
from bytefit import BudgetUnreachable, ConfigError
from bytefit.codecs import CODECS
from bytefit.codecs.codec import LOSSLESS
from bytefit.options import EFFORTS
from images import encoded, noise, opened, photograph, screenshot, write_jpeg
from outcomes import PICTURES

LOSSLESS_HOLDERS = [codec.format for codec in CODECS if codec.lossless.options is not None]


@pytest.mark.parametrize("wanted", LOSSLESS_HOLDERS)
@pytest.mark.parametrize("kind", ["photograph", "screenshot", "tiny"])
@pytest.mark.parametrize("effort", EFFORTS)
def test_lossless_keeps_every_pixel(wanted, kind, effort):
    """At every effort the pixels must be the source's, in one trial, which is proven: nothing better exists."""
    if wanted == "GIF" and kind == "photograph":
        pytest.skip("GIF holds 256 colours")
    picture = PICTURES[kind]()

    result = bytefit.compress(picture, "100KB", format=wanted, lossless=True, effort=effort)

    assert opened(result.data).convert("RGB").tobytes() == picture.convert("RGB").tobytes()
    assert (result.quality, result.proven, len(result.trials)) == (LOSSLESS, True, 1)


@pytest.mark.parametrize("wanted", LOSSLESS_HOLDERS)
@pytest.mark.parametrize("options", [{}, {"resize": True}, {"on_unreachable": "smallest"}], ids=str)
def test_lossless_is_a_constraint(wanted, options):
    """Where a lossless file is over the budget there must be an error, never a lossy file."""
    picture = noise((64, 48), "L")

    try:
        result = bytefit.compress(picture, 2000, format=wanted, lossless=True, **options)
    except BudgetUnreachable as error:
        assert error.smallest > 2000  # noqa: PT017  (with options there may be an answer)
        assert "as WEBP" not in str(error)  # noqa: PT017
    else:
        assert options
        assert result.quality == LOSSLESS
        assert result.scale < 1 if "resize" in options else not result.fits


@pytest.mark.parametrize("wanted", [codec.format for codec in CODECS if codec.lossless.options is None])
def test_lossless_is_refused_where_there_is_no_such_coding(wanted):
    """The refusal must name formats that have a lossless coding."""
    with pytest.raises(ConfigError, match=f"{wanted} has no lossless coding: take PNG or WEBP, or leave lossless out"):
        bytefit.compress(photograph(), "100KB", format=wanted, lossless=True)


@pytest.mark.parametrize("source", ["PNG", "BMP", "WEBP", "TIFF"])
@pytest.mark.parametrize("exact", [False, True])
def test_webp_of_a_lossless_source_is_lossless_where_that_fits(tmp_path, source, exact):
    """A lossless source must stay lossless in WebP where that fits, and only then."""
    path = tmp_path / "graphic.img"
    path.write_bytes(encoded(screenshot(), source, **({"lossless": True} if source == "WEBP" else {})))

    kept = bytefit.compress(path, 6000, format="WEBP", exact=exact)
    path.write_bytes(encoded(photograph(), source, **({"lossless": True} if source == "WEBP" else {})))
    lossy = bytefit.compress(path, 3000, format="WEBP", exact=exact)

    assert kept.setting["lossless"]
    assert (kept.quality, kept.proven, len(kept.trials)) == (LOSSLESS, True, 1)
    assert opened(kept.data).tobytes() == screenshot().tobytes()
    assert "lossless" not in lossy.setting
    assert lossy.fits


def test_webp_of_a_photograph_is_lossy_where_its_source_was(tmp_path):
    """The artefacts of a JPEG must not be kept at ten times the bytes."""
    path = write_jpeg(tmp_path / "photo.jpg", photograph())

    result = bytefit.compress(path, "100KB", format="WEBP")

    assert "lossless" not in result.setting
    assert all("lossless" not in trial.setting for trial in result.trials)


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"metadata": "strip"}, {"exact": True}], ids=str)
@pytest.mark.parametrize("codec_format", ["PNG", "GIF"])
def test_a_lossless_file_that_fits_is_drawn_no_larger(tmp_path, codec_format, options):
    """The source may be coded better than we can: then its own file must be the answer."""
    path = tmp_path / f"small.{codec_format.lower()}"
    path.write_bytes(encoded(screenshot((200, 150)).quantize(20), codec_format, optimize=True))
    size = path.stat().st_size

    result = bytefit.compress(path, size, **{**options, "exact": False})

    assert (result.quality, result.proven, len(result.trials)) == (100, True, 1)
    assert result.size <= size
    assert opened(result.data).convert("RGB").tobytes() == opened(path.read_bytes()).convert("RGB").tobytes()
    if options.get("exact"):
        assert bytefit.compress(path, 2 * size, exact=True).size == 2 * size


@pytest.mark.parametrize(
    "options", [{"max_width": 100, "resize": True}, {"comment": b"by me"}, {"format": "PNG"}], ids=str
)
def test_a_file_that_fits_is_changed_where_that_is_asked_for(tmp_path, options):
    """A file that fits must not be returned as it is where options ask for another."""
    path = tmp_path / "small.gif"
    path.write_bytes(encoded(screenshot((200, 150)).quantize(20), "GIF"))

    result = bytefit.compress(path, 100_000, **options)

    assert result.data != path.read_bytes()
    assert result.width == options.get("max_width", 200)
    assert result.format == options.get("format", "GIF")
    assert opened(result.data).info.get("comment") == options.get("comment")

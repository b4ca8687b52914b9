"""Codecs by format and by suffix, and formats that are refused."""

from __future__ import annotations

import pytest
from PIL import Image

from bytefit import codecs, formats
from bytefit.codecs import (
    BY_PLUGIN,
    CODECS,
    LEARNED,
    codec_for_format,
    format_for_suffix,
    known_codecs,
    register_codec,
)
from bytefit.codecs.avif.codec import AVIF
from bytefit.codecs.gif.codec import GIF
from bytefit.codecs.jpeg.codec import JPEG
from bytefit.codecs.jpeg2000.codec import JPEG2000
from bytefit.codecs.png.codec import PNG
from bytefit.codecs.tiff.codec import TIFF
from bytefit.codecs.webp.codec import WEBP
from bytefit.errors import UnsupportedImage
from bytefit.formats import LOSSLESS_FORMATS, REFUSED_FORMATS


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        *(("JPEG", JPEG), ("jpeg", JPEG), ("jpg", JPEG), ("MPO", JPEG), ("webp", WEBP), ("WebP", WEBP), ("avif", AVIF)),
        ("png", PNG),
        ("gif", GIF),
        ("TIFF", TIFF),
        ("jpeg2000", JPEG2000),
        ("HEIC", BY_PLUGIN[0]),
        ("jxl", BY_PLUGIN[1]),
    ],
)
def test_codecs_are_found_by_pillows_names(name, codec):
    """In any case, by alias too."""
    assert codec_for_format(name) is codec


@pytest.mark.parametrize("name", [*REFUSED_FORMATS, "bmp", "PCX", ""])
def test_other_formats_are_refused_with_the_reason_and_what_is_handled(name):
    """The way out is in the message."""
    reason = REFUSED_FORMATS.get(name.upper(), "bytefit has no ladder for it")

    with pytest.raises(UnsupportedImage) as caught:
        codec_for_format(name)

    handled = ", ".join(codec.format for codec in CODECS + BY_PLUGIN)
    assert str(caught.value).startswith(f"{name.upper()} cannot be fitted to a size: {reason}")
    assert str(caught.value).endswith(f"; convert it to one of {handled}")


def test_what_is_refused_and_what_is_handled_are_apart():
    """A format with a ladder needs no reason to be refused; those that keep every pixel are known by Pillow's names."""
    Image.init()
    handled = {codec.format for codec in CODECS + BY_PLUGIN}

    assert not set(REFUSED_FORMATS) & handled
    assert set(LEARNED) < set(CODECS)
    assert set(REFUSED_FORMATS) | {codec.format for codec in CODECS} <= set(Image.OPEN)
    assert set(Image.OPEN) >= LOSSLESS_FORMATS


@pytest.fixture
def own_codecs(monkeypatch):
    """Forget afterwards what was registered."""
    monkeypatch.setattr(codecs, "_registered", {})
    monkeypatch.setattr(formats, "_registered", {})
    monkeypatch.setattr(formats, "SUFFIXES", dict(formats.SUFFIXES))
    monkeypatch.setattr(formats, "_registered", {})
    monkeypatch.setattr(formats, "SUFFIXES", dict(formats.SUFFIXES))


@pytest.mark.usefixtures("own_codecs")
def test_a_registered_codec_is_known_by_its_name_and_suffixes():
    """Beside those that bytefit brings, which stay as they are."""
    mine = PNG._replace(format="PCX", suffixes=(".pcx",))

    register_codec(mine)

    assert codec_for_format("pcx") is mine
    assert format_for_suffix(".pcx") == "PCX"
    assert known_codecs() == (mine, *CODECS, *BY_PLUGIN)


@pytest.mark.usefixtures("own_codecs")
def test_a_registered_codec_takes_the_place_of_one_that_is_there():
    """Another way to steer a format, registered anew as often as is wanted."""
    first, second = (JPEG._replace(ladder=(quality,)) for quality in (10, 20))

    register_codec(first)
    register_codec(second)

    assert codec_for_format("JPEG") is codec_for_format("MPO") is second
    assert [codec for codec in known_codecs() if codec.format == "JPEG"] == [second]
    assert len(known_codecs()) == len(CODECS + BY_PLUGIN)


@pytest.mark.parametrize(
    ("suffix", "name"),
    [
        *(
            (".jpg", "JPEG"),
            (".JPEG", "JPEG"),
            (".jfif", "JPEG"),
            (".webp", "WEBP"),
            (".Avif", "AVIF"),
            (".png", "PNG"),
        ),
        *(
            (".apng", "PNG"),
            (".GIF", "GIF"),
            (".tif", "TIFF"),
            (".jp2", "JPEG2000"),
            (".heic", "HEIF"),
            (".jxl", "JXL"),
        ),
        (".bmp", "BMP"),
    ],
)
def test_formats_are_found_by_suffix(suffix, name):
    """Also those that are then refused by name."""
    assert format_for_suffix(suffix) == name


@pytest.mark.parametrize("suffix", ["", ".txt", ".jpgg"])
def test_unknown_suffixes_are_refused(suffix):
    """A format is never guessed."""
    with pytest.raises(UnsupportedImage, match="no image format has the suffix"):
        format_for_suffix(suffix)


def test_suffixes_are_of_one_codec_and_in_lower_case():
    """They are looked up by a file's suffix in lower case."""
    suffixes = [suffix for codec in CODECS + BY_PLUGIN for suffix in codec.suffixes]

    assert len(suffixes) == len(set(suffixes))
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in suffixes)

"""Modes, alpha and deep samples: the colours of an answer are those of the picture."""

from __future__ import annotations

import zlib

import pytest
from PIL import Image

import bytefit
from bytefit import UnsupportedImage
from bytefit.codecs import codec_for_format
from bytefit.codecs.codec import LOSSLESS
from bytefit.codecs.png.chunks import SIGNATURE, chunk, chunks
from bytefit.codecs.preparing import prepare
from images import MODES, encoded, graphic, in_mode, opened, photograph
from outcomes import size_at


@pytest.mark.parametrize("wanted", ["JPEG", "WEBP", "PNG"])
@pytest.mark.parametrize("mode", [mode for mode in MODES if mode not in {"RGB", "L", "RGBA"}])
def test_odd_modes_fit_or_are_refused(wanted, mode):
    """A mode that a format cannot hold must be an `UnsupportedImage`, never an error of Pillow's."""
    picture = in_mode(mode)

    try:
        data = bytefit.compress(picture, 5000, format=wanted).data
    except UnsupportedImage:
        data = None

    assert data is None or opened(data).size == picture.size
    assert data is None or len(data) <= 5000


@pytest.mark.parametrize("wanted", ["WEBP", "AVIF"])
def test_alpha_is_kept(wanted):
    """A transparent corner must stay transparent."""
    picture = graphic()

    result = bytefit.compress(picture, size_at(picture, wanted), format=wanted)

    again = opened(result.data)
    assert again.mode == "RGBA"
    assert again.getpixel((4, 4))[3] < 8


def opaque_images():
    """Yield images whose mode or `info` allows for transparency that no pixel has."""
    colour, grey = photograph((96, 64)), photograph((96, 64), "L").point(lambda value: max(1, value))
    keyed = grey.copy()
    keyed.info["transparency"] = 0
    palette = colour.quantize(16)
    palette.info["transparency"] = b"\xff" * 16
    yield from (colour.convert("RGBA"), grey.convert("LA"), keyed, palette, colour.convert("RGBA").quantize(16))


@pytest.mark.parametrize("picture", list(opaque_images()), ids=lambda picture: picture.mode)
def test_an_opaque_image_fits_a_format_without_transparency(picture):
    """An alpha channel that is opaque everywhere is no transparency, so JPEG loses nothing."""
    result = bytefit.compress(picture, 4000, format="JPEG")

    again = opened(result.data)
    flat = picture.convert("LA" if again.mode == "L" else "RGBA").convert(again.mode)
    assert again.mode == ("L" if picture.mode in {"L", "LA"} else "RGB")
    assert result.data == bytefit.compress(flat, 4000, format="JPEG").data


def test_one_transparent_pixel_is_refused_where_it_would_be_lost():
    """One pixel that is hardly transparent counts: nothing is flattened in silence."""
    picture = photograph((96, 64)).convert("RGBA")
    picture.putpixel((5, 5), (1, 2, 3, 254))

    with pytest.raises(UnsupportedImage, match="JPEG cannot hold transparency"):
        bytefit.compress(picture, 4000, format="JPEG")


@pytest.mark.parametrize("wanted", ["PNG", "WEBP"])
def test_an_opaque_alpha_channel_stays_where_the_format_holds_one(wanted):
    """Only a format without transparency needs to know whether there is any."""
    assert prepare(codec_for_format(wanted), photograph().convert("RGBA")).mode == "RGBA"


def test_inks_stay_what_they_were():
    """CMYK in a JPEG is stored inverted: inverted twice it would be a negative."""
    picture = opened(encoded(photograph((64, 48)).convert("CMYK"), "JPEG", quality=98))

    again = opened(bytefit.compress(picture, 9000).data)

    assert again.mode == "CMYK"
    pairs = zip(picture.resize((1, 1)).getpixel((0, 0)), again.resize((1, 1)).getpixel((0, 0)), strict=True)
    assert all(abs(before - after) <= 6 for before, after in pairs)


def deep_png(rows=64, width=32):
    """Return a PNG file of 16 bits a channel, badly coded."""
    samples = b"".join(b"\x00" + bytes((row + place) % 256 for place in range(6 * width)) for row in range(rows))
    header = width.to_bytes(4, "big") + rows.to_bytes(4, "big") + bytes((16, 2, 0, 0, 0))
    return SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(samples, 0)) + chunk(b"IEND", b"")


def test_sixteen_bits_a_channel_are_only_ever_packed_better(tmp_path):
    """Pillow reads eight of sixteen bits: such a file may be packed better, and is refused where that does not do."""
    path = tmp_path / "deep.png"
    path.write_bytes(deep_png())

    result = bytefit.compress(path, 5000)

    header = next(content for name, content, *_ in chunks(result.data) if name == b"IHDR")
    assert header == deep_png()[16:29]
    assert (result.format, result.quality, result.frames, result.proven) == ("PNG", LOSSLESS, 1, True)
    assert (result.width, result.height, result.scale) == (32, 64, 1.0)
    assert result.size <= 5000 < len(deep_png())
    assert [trial.size for trial in result.trials] == [result.size]
    for options in ({"format": "WEBP"}, {"format": "JPEG"}):
        with pytest.raises(UnsupportedImage, match="16 bits a channel, which would be lost"):
            bytefit.compress(path, 5000, **options)
    with pytest.raises(UnsupportedImage, match="16 bits a channel, which would be lost"):
        bytefit.compress(path, 100)


@pytest.mark.parametrize("bound", [{"max_width": 16}, {"max_height": 16}])
def test_deep_samples_are_not_returned_at_dimensions_that_were_not_asked_for(tmp_path, bound):
    """A file that can only be repacked cannot be scaled down: it must be refused, not returned as large as it is."""
    path = tmp_path / "deep.png"
    path.write_bytes(deep_png())

    with pytest.raises(UnsupportedImage, match="16 bits a channel, which would be lost"):
        bytefit.compress(path, 100_000, resize=True, **bound)


def test_pictures_too_large_for_the_format_are_refused():
    """WebP ends at 16,383 pixels a side: the refusal must say so."""
    message = "WEBP cannot hold 17000x16 pixels: 16383 a side is its limit; allow resize, or take another format"
    with pytest.raises(UnsupportedImage, match=message):
        bytefit.compress(Image.new("RGB", (17_000, 16)), "1MB", format="WEBP")
    assert bytefit.compress(Image.new("RGB", (17_000, 16)), "1MB", format="WEBP", resize=True).width <= 16_383

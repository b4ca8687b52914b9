"""Modes, alpha and deep samples: the colours of an answer are those of the picture."""

from __future__ import annotations

import zlib

import pytest
from PIL import Image

import bytefit
from bytefit import UnsupportedImage
from bytefit.codecs.codec import LOSSLESS
from bytefit.codecs.png.chunks import SIGNATURE, chunk, chunks
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
    with pytest.raises(UnsupportedImage, match="WEBP cannot hold 17000x16 pixels: 16383 a side is its limit"):
        bytefit.compress(Image.new("RGB", (17_000, 16)), "1MB", format="WEBP")

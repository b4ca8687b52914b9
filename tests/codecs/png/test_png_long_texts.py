"""A PNG with texts or a profile too long for Pillow: it is read, what describes the pixels with it, nothing is lost."""

from __future__ import annotations

import os
import zlib

import pytest
from PIL import Image, PngImagePlugin

import bytefit
from bytefit.codecs.png.chunks import SIGNATURE, chunk, chunks
from bytefit.codecs.png.long_texts import lost_with_long_texts, read_from_long_texts, without_long_texts
from bytefit.errors import BudgetUnreachable, UnsupportedImage
from bytefit.sources.reading import decode, dimensions
from images import encoded, exif, icc_profile, noise, photograph

LONG = os.urandom(600_000).hex().encode()
XMP = b"<x:xmpmeta>" + LONG


def png_with(*made, late=False):
    """Return a PNG file with chunks before its pixels, or behind them."""
    data = encoded(photograph((48, 32)), "PNG")
    names = [name for name, *_ in chunks(data)]
    place = next(start for name, _, start, _ in chunks(data) if name == (b"IEND" if late else names[1]))
    return data[:place] + b"".join(chunk(name, content) for name, content in made) + data[place:]


TOO_LONG = {
    "compressed text": (b"zTXt", b"workflow\x00\x00" + zlib.compress(LONG)),
    "compressed international text": (b"iTXt", b"workflow\x00\x01\x00\x00\x00" + zlib.compress(LONG)),
    "compressed XMP": (b"iTXt", b"XML:com.adobe.xmp\x00\x01\x00\x00\x00" + zlib.compress(XMP)),
    "profile": (b"iCCP", b"ICC\x00\x00" + zlib.compress(icc_profile(size=2_000_000))),
}


@pytest.mark.parametrize("late", [False, True], ids=["before the pixels", "behind them"])
@pytest.mark.parametrize("made", TOO_LONG.values(), ids=TOO_LONG)
def test_a_long_text_does_not_stop_the_pixels(made, late):
    """Pillow refuses the whole file for it; the pixels are those of the file without it."""
    data = png_with(made, late=late)

    image = decode(data, "card.png")

    assert image.tobytes() == photograph((48, 32)).tobytes()
    assert dimensions(data, "card.png") == (48, 32)


def test_many_texts_do_not_stop_the_pixels(monkeypatch):
    """Pillow limits the sum of all texts as well, those that are not compressed included."""
    monkeypatch.setattr(PngImagePlugin, "MAX_TEXT_MEMORY", 1000)
    texts = [(b"tEXt", b"key\x00" + b"x" * 400), (b"iTXt", b"key\x00\x00\x00\x00\x00" + b"y" * 400)] * 2

    image = decode(png_with(*texts), "card.png")

    assert image.size == (48, 32)
    assert len(image.text) == 1


def test_pillows_limits_stay_as_they_were():
    """They are variables of its module, so a change would hold for every thread of the process."""
    before = PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY

    decode(png_with(TOO_LONG["compressed text"]), "card.png")

    assert before == (PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY)


def test_a_usual_file_is_read_byte_for_byte():
    """Only what Pillow refuses is left out of what it reads."""
    data = png_with((b"tEXt", b"key\x00value"), (b"zTXt", b"key\x00\x00" + zlib.compress(b"value")))

    assert without_long_texts(data) is data
    assert read_from_long_texts(data) == {}
    assert lost_with_long_texts(data) is None


def test_what_describes_the_pixels_is_read_all_the_same():
    """A long profile, XMP and EXIF must not get lost with the chunk they are in."""
    raw = exif(orientation=6, padding=700_000).removeprefix(b"Exif\x00\x00")
    hexadecimal = f"\nexif\n{len(raw)}\n{raw.hex()}".encode()
    data = png_with(
        TOO_LONG["profile"],
        TOO_LONG["compressed XMP"],
        (b"zTXt", b"Raw profile type exif\x00\x00" + zlib.compress(hexadecimal)),
    )

    image = decode(data, "card.png")

    assert image.info["icc_profile"] == icc_profile(size=2_000_000)
    assert image.info["xmp"] == XMP
    assert image.getexif()[0x0112] == 6


def test_a_profile_of_hundreds_of_megabytes_is_refused():
    """A few bytes can stand for a gigabyte: it is neither decompressed nor dropped in silence."""
    data = png_with((b"iCCP", b"ICC\x00\x00" + zlib.compress(bytes(65_000_000))))

    with pytest.raises(UnsupportedImage, match=r"carries more than 64 MB in its chunk iCCP, which would be lost"):
        decode(data, "card.png")


def test_a_broken_text_is_no_error():
    """Pillow takes such a text for empty."""
    data = png_with((b"zTXt", b"key\x00\x00no zlib"), (b"iTXt", b"key\x00\x01\x00\x00\x00no zlib"), (b"zTXt", b""))

    assert without_long_texts(data) is data


@pytest.mark.parametrize("options", [{"metadata": "strip"}, {"format": "JPEG"}], ids=str)
def test_a_long_text_is_left_out_where_that_is_asked_for(tmp_path, options):
    """Neither `strip` nor another format needs the text, so it must not count."""
    path = tmp_path / "card.png"
    path.write_bytes(png_with(TOO_LONG["compressed text"]))

    assert bytefit.compress(path, "9KB", **options).size <= 9000


def test_a_long_text_that_is_kept_counts(tmp_path):
    """The text is carried as it was, and the error says how much of the file it is and what helps."""
    path = tmp_path / "card.png"
    path.write_bytes(png_with(TOO_LONG["compressed text"]))

    result = bytefit.compress(path, "800KB")
    with pytest.raises(BudgetUnreachable, match=r"kB of it metadata\); strip metadata, or raise the budget") as caught:
        bytefit.compress(path, "100KB")

    assert TOO_LONG["compressed text"] in [(name, content) for name, content, *_ in chunks(result.data)]
    assert caught.value.metadata_bytes > 500_000


def test_every_frame_of_an_animation_is_read(tmp_path):
    """The chunks of an animation follow each other by number: none of them may go with the text."""
    frames = [noise((24, 16), seed=seed) for seed in range(3)]
    data = encoded(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=50)
    start = len(SIGNATURE) + 25
    path = tmp_path / "moving.png"
    path.write_bytes(data[:start] + chunk(*TOO_LONG["compressed text"]) + data[start:])

    result = bytefit.compress(path, "900KB")

    assert result.frames == 3
    assert Image.MAX_IMAGE_PIXELS is not None

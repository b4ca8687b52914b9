"""Every mode of Pillow in every format with every kind of option: an answer, or an error of bytefit."""

from __future__ import annotations

from io import BytesIO
from itertools import product

import pytest
from PIL import Image

import bytefit
from bytefit import BytefitError
from bytefit.codecs import known_codecs
from bytefit.codecs.mode_table import MODES
from images import encoded, opened, photograph

FORMATS = sorted(codec.format for codec in known_codecs())
OPTIONS = (
    {"resize": True},
    {"resize": True, "max_width": 12, "exact": True, "metadata": "strip"},
    {"lossless": True, "resize": True, "min_width": 6},
    {"on_unreachable": "smallest", "metadata": "orientation+icc", "effort": "fast"},
)
SIXTEEN_BITS = ("I;16", "I;16L", "I;16B")


def sixteen_bits(mode, size=(20, 15)):
    """Return a photograph in greys of 16 bits: 257 times those of 8 bits."""
    order = "big" if mode == "I;16B" else "little"
    samples = photograph(size).convert("L").tobytes()
    return Image.frombytes(mode, size, b"".join((257 * sample).to_bytes(2, order) for sample in samples))


def in_mode(mode, *, transparent):
    """Return an image of any mode that is to be turned by its orientation."""
    picture = photograph((20, 15))
    if mode.startswith("I;16"):
        picture = sixteen_bits(mode)
    elif mode == "LAB":  # Pillow converts nothing to it
        picture = Image.frombytes("LAB", picture.size, picture.tobytes())
    elif mode in {"P", "PA"}:
        picture = picture.quantize(32)
        if transparent:
            picture.info["transparency"] = 3
        picture = picture if mode == "P" else picture.convert("PA")
    elif mode in {"La", "RGBa"}:
        picture = picture.convert({"La": "LA", "RGBa": "RGBA"}[mode]).convert(mode)
    elif mode in {"I", "F"}:
        picture = picture.convert("L").convert(mode)
    else:
        picture = picture.convert(mode)
    picture.getexif()[0x0112] = 6
    return picture


@pytest.mark.parametrize(("mode", "transparent"), MODES)
def test_every_mode_gives_an_answer_or_an_error_of_bytefit(mode, transparent):
    """Pillow raises other errors on a mode that a method does not know, such as "image has wrong mode" in `reduce`."""
    answers = 0
    # Each of two budgets meets every option in every format, in one of four modes.
    turn = MODES.index((mode, transparent))
    for place, (codec_format, options) in enumerate(product(FORMATS, OPTIONS)):
        if (turn + place + place // len(OPTIONS)) % 2:
            continue
        budget = (150, 700)[turn // 2 % 2]
        try:
            result = bytefit.compress(in_mode(mode, transparent=transparent), budget, format=codec_format, **options)
        except BytefitError:
            continue
        answers += 1
        assert result.fits or "on_unreachable" in options

    assert (answers > 0) == (mode != "I;16N")  # no format holds it


@pytest.mark.parametrize("mode", SIXTEEN_BITS)
@pytest.mark.parametrize("pages", [1, 2])
def test_16_bits_are_scaled_by_their_values(mode, pages):
    """Pillow fails on 16 bits with `reducing_gap`, and scales I;16B as if its bytes were swapped, to noise."""
    picture = sixteen_bits(mode, (64, 48))
    data = encoded(picture, "TIFF", save_all=True, append_images=[picture] * (pages - 1))

    result = bytefit.compress(opened(data), "100KB", format="TIFF", resize=True, max_width=20)

    expected = photograph((64, 48)).convert("L").resize((20, 15), Image.Resampling.LANCZOS).tobytes()
    answer = opened(result.data)
    order = "big" if answer.mode == "I;16B" else "little"
    for page in range(pages):
        answer.seek(page)
        samples = answer.tobytes()
        values = [int.from_bytes(samples[at : at + 2], order) / 257 for at in range(0, len(samples), 2)]
        assert answer.size == (20, 15)
        assert max(abs(value - grey) for value, grey in zip(values, expected, strict=True)) < 1


def test_premultiplied_grey_is_scored():
    """Pillow converts La to LA only: choosing a format by looks failed on it."""
    result = bytefit.compress(
        in_mode("La", transparent=True), 600, format="auto", formats=["WEBP", "PNG"], min_score=-100
    )

    assert result.fits


@pytest.mark.parametrize("wanted", ["PNG", "TIFF", "JPEG2000"])
@pytest.mark.parametrize("options", [{}, {"resize": True, "max_width": 8}])
def test_sixteen_bits_with_a_transparent_colour_are_refused(wanted, options):
    """Pillow makes white of such a picture when it makes its transparent colour an alpha channel."""
    picture = sixteen_bits("I;16")
    picture.info["transparency"] = 65535

    with pytest.raises(bytefit.UnsupportedImage, match=rf"a transparent colour \(mode I;16\) as {wanted}: depth=8"):
        bytefit.compress(picture, 100_000, format=wanted, **options)


def test_a_file_of_sixteen_bits_with_a_transparent_colour_is_packed(tmp_path):
    """Such a PNG can be made smaller without loss: nothing has to be converted for that."""
    path = tmp_path / "deep.png"
    sixteen_bits("I;16").save(path, compress_level=0, transparency=65535)

    result = bytefit.compress(path, path.stat().st_size - 10, lossless=True)

    with Image.open(BytesIO(result.data)) as answer:
        assert answer.info["transparency"] == 65535
    assert result.lossless

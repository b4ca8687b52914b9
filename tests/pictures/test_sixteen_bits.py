"""16 bits a channel scaled to 8: rounded in every mode and file, never cut."""

from __future__ import annotations

import zlib
from io import BytesIO
from random import Random

import pytest
from PIL import Image

import bytefit
from bytefit.codecs.png.chunks import SIGNATURE, chunk
from bytefit.errors import UnsupportedImage
from bytefit.pictures.sixteen_bits import grey_in_8_bits
from images import opened

SIZE = (23, 17)
COUNT = SIZE[0] * SIZE[1]
CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}


def samples(channels, seed=5):
    """Return random numbers of 16 bits, with those among them that rounding and cutting treat differently."""
    random = Random(seed)
    tricky = [0, 128, 129, 255, 256, 257, 385, 386, 65535, 65407, 65406, 32768]
    numbers = [random.randrange(1 << 16) for _ in range(COUNT * channels)]
    numbers[: len(tricky)] = tricky
    return numbers


def rounded(numbers):
    """Return numbers of 16 bits scaled to 8."""
    return bytes(round(number * 255 / 65535) for number in numbers)


def png(colour_type, numbers, *others):
    """Return a PNG of 16 bits a channel, written without Pillow, which cannot."""
    width, height = SIZE
    row = width * CHANNELS[colour_type] * 2
    data = b"".join(number.to_bytes(2, "big") for number in numbers)
    rows = b"".join(b"\x00" + data[at : at + row] for at in range(0, len(data), row))
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes((16, colour_type, 0, 0, 0))
    return b"".join(
        (SIGNATURE, chunk(b"IHDR", header), *others, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    )


def tiff(numbers, order, photometric=2, channels=3, *, deflated=False):
    """Return a TIFF of 16 bits a channel in a byte order."""
    byteorder = "little" if order == b"II" else "big"

    def number(value, size):
        return value.to_bytes(size, byteorder)

    pixels = b"".join(number(one, 2) for one in numbers)
    pixels = zlib.compress(pixels) if deflated else pixels
    entries = {
        256: (3, SIZE[0]),
        257: (3, SIZE[1]),
        259: (3, 8 if deflated else 1),
        262: (3, photometric),
        277: (3, channels),
    }
    entries |= {278: (3, SIZE[1]), 279: (4, len(pixels))}
    first = 8 + 2 + 12 * (len(entries) + 2) + 4
    entries |= {258: (3, None), 273: (4, first + 8)}
    body = b""
    for tag, (kind, value) in sorted(entries.items()):
        body += number(tag, 2) + number(kind, 2) + number(1 if value is not None else channels, 4)
        body += number(first, 4) if value is None else number(value, 2 if kind == 3 else 4).ljust(4, b"\x00")
    depths = number(16, 2) * channels
    head = order + number(42, 2) + number(8, 4) + number(len(entries), 2)
    return head + body + bytes(4) + depths.ljust(8, b"\x00") + pixels


@pytest.mark.parametrize("colour_type", CHANNELS)
def test_a_png_is_scaled(colour_type, tmp_path):
    """Pillow takes the high byte of each sample, which makes an image darker by half a level."""
    numbers, path = samples(CHANNELS[colour_type]), tmp_path / "deep.png"
    path.write_bytes(png(colour_type, numbers))

    result = bytefit.compress(path, "90KB", depth=8, lossless=True)

    mode = {0: "L", 2: "RGB", 4: "LA", 6: "RGBA"}[colour_type]
    assert opened(result.data).convert(mode).tobytes() == rounded(numbers)


@pytest.mark.parametrize("order", [b"II", b"MM"])
@pytest.mark.parametrize(("photometric", "channels", "mode"), [(2, 3, "RGB"), (5, 4, "CMYK")])
def test_a_tiff_is_scaled(order, photometric, channels, mode, tmp_path):
    """Either byte may come first, and inks have four channels."""
    numbers, path = samples(channels), tmp_path / "deep.tif"
    path.write_bytes(tiff(numbers, order, photometric, channels))

    result = bytefit.compress(path, "90KB", depth=8)

    assert result.format == "TIFF"
    assert opened(result.data).convert(mode).tobytes() == rounded(numbers)


@pytest.mark.parametrize("order", [b"II", b"MM"])
def test_a_compressed_tiff_is_scaled(order, tmp_path):
    """Libtiff hands over samples in the byte order of the machine."""
    numbers, path = samples(3), tmp_path / "deep.tif"
    path.write_bytes(tiff(numbers, order, deflated=True))

    result = bytefit.compress(path, "90KB", depth=8, format="PNG")

    assert opened(result.data).convert("RGB").tobytes() == rounded(numbers)


@pytest.mark.parametrize("mode", ["I;16", "I;16L", "I;16B", "I;16N", "I"])
def test_every_grey_mode_is_scaled(mode):
    """Pillow has five of them, and clips most of them at 255 when it converts them."""
    numbers = samples(1)
    picture = Image.frombytes("I;16", SIZE, b"".join(one.to_bytes(2, "little") for one in numbers))
    if mode == "I;16B":
        picture = Image.frombytes(mode, SIZE, b"".join(one.to_bytes(2, "big") for one in numbers))
    elif mode != "I;16":
        picture = picture.convert("I") if mode == "I" else Image.frombytes(mode, SIZE, picture.tobytes())

    assert grey_in_8_bits(picture).tobytes() == rounded(numbers)
    assert bytefit.compress(picture, "9KB", format="JPEG", depth=8).format == "JPEG"


def test_a_transparent_colour_becomes_an_alpha_channel(tmp_path):
    """Two samples that scale to the same level may be transparent and opaque."""
    grey, path = [1000, 1001] * (COUNT // 2) + [1000], tmp_path / "deep.png"
    path.write_bytes(png(0, grey, chunk(b"tRNS", (1000).to_bytes(2, "big"))))
    alpha = opened(bytefit.compress(path, "90KB", depth=8).data).convert("RGBA").getchannel("A").tobytes()
    colours = [9000, 5, 1000] * (COUNT - 1) + [9000, 5, 1001]
    path.write_bytes(png(2, colours, chunk(b"tRNS", b"".join(one.to_bytes(2, "big") for one in colours[:3]))))
    flat = opened(bytefit.compress(path, "90KB", depth=8, background="white").data).convert("RGB")

    assert alpha == (b"\x00\xff" * COUNT)[:COUNT]
    assert flat.getpixel((0, 0)) == (255, 255, 255)
    assert flat.getpixel((SIZE[0] - 1, SIZE[1] - 1)) == (35, 0, 4)


def test_numbers_beyond_16_bits_are_refused():
    """Nobody knows which range they have."""
    picture = Image.new("I", (4, 4), 70000)

    with pytest.raises(UnsupportedImage, match=r"values from 70000 to 70000: bring them into 0 to 65535 first"):
        grey_in_8_bits(picture)


def test_a_refusal_of_16_bits_names_the_way_out(tmp_path):
    """What the message says must work when it is typed."""
    path = tmp_path / "deep.png"
    path.write_bytes(png(2, samples(3)))

    with pytest.raises(UnsupportedImage, match="16 bits a channel, which would be lost: depth=8 scales them to 8 bits"):
        bytefit.compress(path, "1MB", format="JPEG")
    assert bytefit.compress(path, "1MB", format="JPEG", depth=8).fits


def test_a_deep_file_that_fits_is_scaled_in_place_once(tmp_path):
    """The depth is asked for whatever the size; the second run must find nothing to do."""
    path = tmp_path / "deep.png"
    path.write_bytes(png(2, samples(3)))

    first, second = (bytefit.compress_file(path, "1MB", depth=8) for _ in range(2))

    assert (first.changed, second.changed) == (True, False)
    with Image.open(BytesIO(path.read_bytes())) as image:
        assert image.mode == "RGB"

"""Padding: exactly the bytes asked for, and the picture unchanged."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from bytefit.codecs import Container, codec_for_format
from bytefit.codecs.boxes import boxes
from bytefit.codecs.jpeg.codec import JPEG
from bytefit.codecs.padding import least_padding, pad
from bytefit.errors import ConfigError
from images import XMP, animation, encoded, exif, graphic, icc_profile, opened, photograph, screenshot

FILES = {
    "JPEG": lambda: encoded(photograph((48, 32)), "JPEG", quality=80),
    "JPEG of a rung": lambda: JPEG.encode(photograph((48, 32)), JPEG.setting(60.5, "RGB")),
    "JPEG, grey": lambda: encoded(photograph((48, 32), "L"), "JPEG"),
    "JPEG with metadata": lambda: encoded(
        photograph((48, 32)), "JPEG", exif=exif(orientation=6), icc_profile=icc_profile(), xmp=XMP
    ),
    "WEBP": lambda: encoded(photograph((48, 32)), "WEBP"),
    "WEBP, odd sides": lambda: encoded(photograph((47, 31)), "WEBP"),
    "WEBP with alpha": lambda: encoded(graphic((48, 32)), "WEBP"),
    "WEBP with metadata": lambda: encoded(
        photograph((48, 32)), "WEBP", exif=exif(orientation=6), icc_profile=icc_profile(), xmp=XMP
    ),
    "AVIF": lambda: encoded(photograph((48, 32)), "AVIF"),
    "AVIF with alpha and metadata": lambda: encoded(graphic((48, 32)), "AVIF", exif=exif(orientation=6), xmp=XMP),
    "PNG": lambda: encoded(photograph((48, 32)), "PNG"),
    "PNG with alpha and metadata": lambda: encoded(graphic((48, 32)), "PNG", exif=exif(orientation=6), dpi=(72, 72)),
    "PNG, animated": lambda: animation("PNG"),
    "GIF": lambda: encoded(screenshot((48, 32), "P"), "GIF"),
    "GIF, old version": lambda: b"GIF87a" + encoded(screenshot((48, 32), "P"), "GIF")[6:],
    "GIF, animated": lambda: animation("GIF"),
    "TIFF": lambda: encoded(photograph((48, 32)), "TIFF", compression="tiff_adobe_deflate"),
    "TIFF, pages": lambda: animation("TIFF"),
    "JPEG2000": lambda: encoded(photograph((48, 32)), "JPEG2000"),
    "JPEG2000 with alpha": lambda: encoded(graphic((48, 32)), "JPEG2000"),
    "JPEG2000, codestream": lambda: encoded(photograph((48, 32)), "JPEG2000", no_jp2=True),
}
MISSING = {
    "JPEG": (0, 1, 2, 3, 4, 5, 6, 100, 65_536, 65_537, 65_538, 65_539, 65_540, 65_541, 200_003),
    "WEBP": (26, 28, 30, 100, 65_536, 200_000),
    "AVIF": (8, 9, 10, 11, 100, 65_537, 200_000),
    "PNG": (12, 13, 100, 200_000),
    "GIF": (17, 18, 269, 270, 271, 272, 273, 526, 527, 528, 529, 200_003),
    "TIFF": (0, 1, 2, 3, 100, 200_003),
    "JPEG2000": (8, 9, 10, 100, 65_536, 65_537, 65_538, 65_543, 65_544, 65_545, 200_003),
}
# The command that decodes a file with another program, which fails where the file is broken.
DECODERS = {
    "JPEG": ("djpeg", "-outfile", "/dev/null"),
    "WEBP": ("webpinfo", "-quiet"),
    "PNG": ("pngcheck", "-q"),
    "GIF": ("gifsicle", "--info"),
    "TIFF": ("tiffinfo", "-D"),
    "JPEG2000": ("opj_decompress", "-o", "decoded.ppm", "-i"),
}
PLUGINS = {"HEIF": "pillow_heif", "JXL": "pillow_jxl"}
CASES = [(kind, missing) for kind in FILES for missing in MISSING[kind.split()[0].rstrip(",")]]


@pytest.mark.parametrize(("kind", "missing"), CASES)
def test_padded_files_decode_to_the_same_pixels(kind, missing):
    """To the byte as long as asked for, and a valid file of the same picture and metadata."""
    data = file(kind)
    before = opened(data)

    padded = pad(data, codec_for_format(before.format), len(data) + missing)

    after = opened(padded)
    assert len(padded) == len(data) + missing
    assert (after.format, after.mode, after.size) == (before.format, before.mode, before.size)
    assert after.tobytes() == before.tobytes()
    assert all(after.info.get(name) == before.info.get(name) for name in ("exif", "icc_profile", "xmp", "dpi"))


@cache
def file(kind):
    """Return one of the files, made once."""
    return FILES[kind]()


def frames(data):
    """Return the pixels of every frame or page."""
    return [frame.convert("RGBA").tobytes() for frame in ImageSequence.Iterator(Image.open(BytesIO(data)))]


@pytest.mark.parametrize("kind", FILES)
@settings(max_examples=15)
@given(steps=st.lists(st.integers(0, 70_000), min_size=1, max_size=3))
def test_padded_files_can_be_padded_again(kind, steps):
    """To every size from the least on, each time with all the frames and pages the file had."""
    data = before = file(kind)
    codec = codec_for_format(opened(data).format)

    for step in steps:
        length = len(data) + least_padding(codec, 0) + step // 2 * 2
        data = pad(data, codec, length)

        assert len(data) == length
    assert frames(data) == frames(before)


@pytest.mark.parametrize("kind", [kind for kind in FILES if not kind.startswith("AVIF")])
def test_other_programs_decode_padded_files(kind, tmp_path):
    """Their word that the file is valid, without a warning; skipped where they are not installed."""
    data = file(kind)
    codec_format = opened(data).format
    command = DECODERS[codec_format]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    suffix = ".j2k" if "codestream" in kind else {"JPEG2000": ".jp2"}.get(codec_format, f".{codec_format.lower()}")
    path = tmp_path / f"padded{suffix}"
    path.write_bytes(pad(data, codec_for_format(codec_format), len(data) + 70_000))

    done = subprocess.run([*command, path.name], cwd=tmp_path, capture_output=True, text=True, check=False)

    said = f"{done.stdout}{done.stderr}".lower()
    assert done.returncode == 0, said
    assert "warning" not in said
    assert "error" not in said.replace("no error", "")


@pytest.mark.parametrize("codec_format", PLUGINS)
@pytest.mark.parametrize("missing", [48, 49, 1000, 200_003])
def test_padded_files_of_plugins_decode_to_the_same_pixels(codec_format, missing):
    """The plugins' own decoders skip the box; a bare JPEG XL codestream gets a container for it."""
    plugin = pytest.importorskip(PLUGINS[codec_format])
    if codec_format == "HEIF":
        plugin.register_heif_opener()
    data = encoded(photograph((80, 64)), codec_format, quality=80)
    codec = codec_for_format(codec_format)

    padded = pad(data, codec, len(data) + missing)
    again = pad(padded, codec, len(padded) + least_padding(codec, 0))

    assert len(padded) == len(data) + missing
    assert opened(padded).tobytes() == opened(data).tobytes() == opened(again).tobytes()


def test_bare_jpeg_xl_is_put_into_a_container():
    """Boxes can only stand in one (ISO/IEC 18181-2): signature, file type, the codestream as it is, the filling."""
    padded = pad(b"\xff\x0a codestream", codec_for_format("JXL"), 13 + 60)

    held = {name: padded[start:end] for name, start, end in boxes(padded)}
    assert list(held) == [b"JXL ", b"ftyp", b"jxlc", b"free"]
    assert held[b"jxlc"] == b"\xff\x0a codestream"


def test_a_box_that_reaches_to_the_end_is_closed_first():
    """A length of 0 is allowed to the last box only; the filling comes behind it."""
    data = encoded(photograph((48, 32)), "JPEG2000")
    place = data.index(b"jp2c") - 4
    data = data[:place] + bytes(4) + data[place + 4 :]

    padded = pad(data, codec_for_format("JPEG2000"), len(data) + 20)

    assert [name for name, _, _ in boxes(padded)][-2:] == [b"jp2c", b"free"]
    assert opened(padded).tobytes() == opened(data).tobytes()


def test_filling_of_gif_is_no_comment():
    """A comment would pass for the user's own when the file is encoded again."""
    data = encoded(screenshot((48, 32), "P"), "GIF", comment=b"a view from the window")

    padded = pad(data, codec_for_format("GIF"), len(data) + 500)

    image = Image.open(BytesIO(padded))
    image.seek(image.n_frames - 1)
    assert image.info["comment"] == b"a view from the window"
    assert padded.startswith(b"GIF89a")


def test_filling_of_a_codestream_does_not_hide_its_comment():
    """Pillow shows the first comment of a codestream: the filling comes behind it."""
    data = encoded(photograph((48, 32)), "JPEG2000", no_jp2=True, comment="a view from the window")

    padded = pad(data, codec_for_format("JPEG2000"), len(data) + 500)

    assert opened(padded).info["comment"] == b"a view from the window"


def test_padding_does_not_hide_the_pictures_own_comment():
    """Pillow shows one comment, the last in the file: it has to be the user's."""
    data = encoded(photograph((48, 32)), "JPEG", comment=b"a view from the window")

    padded = pad(data, JPEG, len(data) + 500)

    assert opened(padded).info["comment"] == b"a view from the window"


@pytest.mark.parametrize("missing", [26, 100])
@pytest.mark.parametrize("kind", ["WEBP", "WEBP, odd sides", "WEBP with alpha", "WEBP with metadata"])
def test_padded_webp_files_are_well_formed(kind, missing):
    """The RIFF length is right, every chunk starts where the one before ends, and the extended header comes first."""
    data = FILES[kind]()

    padded = pad(data, codec_for_format("WEBP"), len(data) + missing)

    chunks, position = [], 12
    while position < len(padded):
        length = int.from_bytes(padded[position + 4 : position + 8], "little")
        chunks.append(padded[position : position + 4])
        position += 8 + length + length % 2
    assert int.from_bytes(padded[4:8], "little") == len(padded) - 8
    assert position == len(padded)
    assert chunks[0] == b"VP8X"
    assert chunks.count(b"VP8X") == 1
    assert chunks[-1] == b"PAD "


@pytest.mark.parametrize("kind", ["WEBP", "WEBP, odd sides"])
def test_the_extended_header_states_the_canvas(kind):
    """Its width and height, less one each, are the picture's (RFC 9649, 2.7)."""
    data = FILES[kind]()

    padded = pad(data, codec_for_format("WEBP"), len(data) + 26)

    header = padded[20:30]
    assert (1 + int.from_bytes(header[4:7], "little"), 1 + int.from_bytes(header[7:10], "little")) == opened(data).size
    assert header[:4] == bytes(4)


@pytest.mark.parametrize(
    ("codec_format", "least"),
    [
        ("JPEG", 0),
        ("WEBP", 26),
        ("AVIF", 8),
        ("PNG", 12),
        ("GIF", 17),
        ("TIFF", 0),
        ("JPEG2000", 8),
        ("HEIF", 8),
        ("JXL", 48),
    ],
)
def test_the_least_padding_is_what_padding_needs(codec_format, least):
    """The search keeps this much free, so that the rest can be filled."""
    assert least_padding(codec_for_format(codec_format), 1000) == least


def test_odd_sizes_are_refused_for_webp():
    """RIFF pads every chunk to an even length: no such file exists."""
    with pytest.raises(ConfigError, match=r"exactly 1001 bytes.*even.*ask for one less"):
        least_padding(codec_for_format("WEBP"), 1001)


def test_formats_that_cannot_be_padded_are_refused():
    """Nothing may be appended where it is not known what decoders make of it."""
    codec = JPEG._replace(format="PCX", container=Container())

    with pytest.raises(ConfigError, match=r"^cannot pad PCX files to an exact size; leave exact out$"):
        least_padding(codec, 1000)
    with pytest.raises(ConfigError, match="cannot pad PCX"):
        pad(b"data", codec, 1000)

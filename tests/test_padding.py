"""Padding: exactly the bytes asked for, and the picture unchanged."""

from __future__ import annotations

import pytest

from bytefit.codecs.jpeg import JPEG
from bytefit.errors import ConfigError
from bytefit.padding import least_padding, pad
from images import XMP, encoded, exif, graphic, icc_profile, opened, photograph

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
}
MISSING = {
    "JPEG": (0, 1, 2, 3, 4, 5, 6, 100, 65_536, 65_537, 65_538, 65_539, 65_540, 65_541, 200_003),
    "WEBP": (26, 28, 30, 100, 65_536, 200_000),
    "AVIF": (8, 9, 10, 11, 100, 65_537, 200_000),
}
CASES = [(kind, missing) for kind in FILES for missing in MISSING[kind.split()[0].rstrip(",")]]


@pytest.mark.parametrize(("kind", "missing"), CASES)
def test_padded_files_decode_to_the_same_pixels(kind, missing):
    """To the byte as long as asked for, and a valid file of the same picture and metadata."""
    data = FILES[kind]()
    before = opened(data)

    padded = pad(data, before.format, len(data) + missing)

    after = opened(padded)
    assert len(padded) == len(data) + missing
    assert (after.format, after.mode, after.size) == (before.format, before.mode, before.size)
    assert after.tobytes() == before.tobytes()
    assert all(after.info.get(name) == before.info.get(name) for name in ("exif", "icc_profile", "xmp", "dpi"))


def test_padding_does_not_hide_the_pictures_own_comment():
    """Pillow shows one comment, the last in the file: it has to be the user's."""
    data = encoded(photograph((48, 32)), "JPEG", comment=b"a view from the window")

    padded = pad(data, "JPEG", len(data) + 500)

    assert opened(padded).info["comment"] == b"a view from the window"


@pytest.mark.parametrize("missing", [26, 100])
@pytest.mark.parametrize("kind", ["WEBP", "WEBP, odd sides", "WEBP with alpha", "WEBP with metadata"])
def test_padded_webp_files_are_well_formed(kind, missing):
    """The RIFF length is right, every chunk starts where the one before ends, and the extended header comes first."""
    data = FILES[kind]()

    padded = pad(data, "WEBP", len(data) + missing)

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

    padded = pad(data, "WEBP", len(data) + 26)

    header = padded[20:30]
    assert (1 + int.from_bytes(header[4:7], "little"), 1 + int.from_bytes(header[7:10], "little")) == opened(data).size
    assert header[:4] == bytes(4)


@pytest.mark.parametrize(("codec_format", "least"), [("JPEG", 0), ("WEBP", 26), ("AVIF", 8)])
def test_the_least_padding_is_what_padding_needs(codec_format, least):
    """The search keeps this much free, so that the rest can be filled."""
    assert least_padding(codec_format, 1000) == least


def test_odd_sizes_are_refused_for_webp():
    """RIFF pads every chunk to an even length: no such file exists."""
    with pytest.raises(ConfigError, match=r"exactly 1001 bytes.*even.*ask for one less"):
        least_padding("WEBP", 1001)

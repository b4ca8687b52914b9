"""The chunks of WebP files that would be lost are reported."""

from __future__ import annotations

import pytest

from bytefit.codecs.padding import pad
from bytefit.codecs.webp.chunks import lost_in_webp
from bytefit.codecs.webp.codec import WEBP
from images import XMP, animation, encoded, exif, graphic, icc_profile, photograph


def with_chunk(name, content):
    """Return an extended WebP file with one more chunk at its end."""
    body = encoded(photograph((32, 32)), "WEBP", exif=exif(orientation=6))[12:]
    body += name + len(content).to_bytes(4, "little") + content + b"\x00" * (len(content) % 2)
    return b"RIFF" + (4 + len(body)).to_bytes(4, "little") + b"WEBP" + body


@pytest.mark.parametrize(
    "data",
    [
        encoded(photograph((32, 32)), "WEBP"),
        encoded(photograph((33, 31)), "WEBP", lossless=True),
        encoded(graphic((32, 32)), "WEBP", exif=exif(orientation=6), icc_profile=icc_profile(size=561), xmp=XMP),
        animation("WEBP"),
        pad(encoded(photograph((32, 32)), "WEBP"), WEBP, 5000),
    ],
    ids=["lossy", "lossless", "with everything", "animated", "padded"],
)
def test_of_what_pillow_reads_nothing_is_lost(data):
    """Files written by Pillow or padded by bytefit must report no loss."""
    assert lost_in_webp(data) is None


@pytest.mark.parametrize("content", [b"", b"odd", b"even" * 50])
def test_a_strangers_chunk_is_named(content):
    """An unknown chunk must be reported with its size."""
    assert lost_in_webp(with_chunk(b"FILM", content)) == f"a chunk 'FILM' of {len(content)} bytes"


def test_trailing_data_is_reported():
    """Data after the end that the RIFF length states must be reported."""
    assert lost_in_webp(encoded(photograph((32, 32)), "WEBP") + b"film" * 9) == "36 bytes behind its picture"


def test_blanks_behind_the_picture_are_nothing():
    """Zero bytes after the end must not be reported: some tools pad their files."""
    assert lost_in_webp(encoded(photograph((32, 32)), "WEBP") + bytes(64)) is None


@pytest.mark.parametrize("cut", [0, 4, 8, 12, 16, 20, 30, -1])
def test_files_cut_short_do_not_fail(cut):
    """Truncated files must raise nothing: the decoder refuses them."""
    assert lost_in_webp(encoded(graphic((32, 32)), "WEBP")[:cut]) is None

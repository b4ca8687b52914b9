"""JPEG 2000: rate control is exact, metadata is carried, and content that would be lost is reported."""

from __future__ import annotations

import shutil
import subprocess
from io import BytesIO
from itertools import pairwise
from math import ceil, exp

import pytest
from PIL import Image

import bytefit
from bytefit.codecs.boxes import box, boxes
from bytefit.codecs.jpeg2000.boxes import lost_in_jpeg2000, metadata_in_jpeg2000
from bytefit.codecs.jpeg2000.codec import JPEG2000, bits_per_pixel, is_codestream
from bytefit.codecs.preparing import prepare
from bytefit.errors import UnsupportedImage
from bytefit.search.search import search
from bytefit.seeding.with_model import mean_curve
from images import XMP, encoded, exif, flat, graphic, icc_profile, in_mode, noise, opened, photograph

RUNG = JPEG2000.setting(60, "RGB")


def deep(size=(160, 120), mode="I;16"):
    """Return a grey image that uses all of its 16 bits."""
    values = photograph(size, "L").tobytes()
    return Image.frombytes(mode, size, b"".join((value * 251).to_bytes(2, "little") for value in values))


PICTURES = {
    "L": lambda: photograph((160, 120), "L"),
    "RGB": lambda: photograph((160, 120)),
    "RGBA": lambda: graphic((160, 120)),
    "I;16": deep,
}


def test_neighbouring_rungs_are_two_percent_apart():
    """Rungs must be 2 % apart: finer is useless within the slack, coarser leaves bytes unused."""
    lossy = JPEG2000.ladder[:-1]

    ratios = [bits_per_pixel(right) / bits_per_pixel(left) for left, right in pairwise(lossy)]

    assert all(1.015 < ratio < 1.025 for ratio in ratios), (min(ratios), max(ratios))


@pytest.mark.parametrize("mode", PICTURES)
@pytest.mark.parametrize("quality", [48, 60, 69])
def test_rate_control_keeps_its_promise(mode, quality):
    """A file must not exceed the size of its rung by more than the tile-part header, and hardly fall below it."""
    picture = PICTURES[mode]()
    promised = exp(mean_curve(JPEG2000, picture)[JPEG2000.ladder.index(quality)])

    size = len(JPEG2000.encode(picture, JPEG2000.setting(quality, mode)))

    assert 0.9 * promised - 60 < size <= ceil(promised) + 1, (size, promised)


@pytest.mark.parametrize("mode", PICTURES)
def test_the_first_trial_is_the_answer(mode):
    """The first trial must fit exactly, for every budget between empty and lossless."""
    picture = PICTURES[mode]()
    pixels = picture.width * picture.height

    trials = []
    for bits in (0.4, 0.7, 1.1, 1.6):
        budget = int(pixels * bits / 8)
        found = search(
            lambda rung: len(JPEG2000.encode(picture, JPEG2000.setting(JPEG2000.ladder[rung], mode))),
            mean_curve(JPEG2000, picture),
            budget,
            min_accept=ceil(0.85 * budget),
        )
        trials.append(len(found.sizes))

    assert trials == [1, 1, 1, 1]


@pytest.mark.parametrize("mode", PICTURES)
def test_the_finest_rung_is_lossless(mode):
    """A budget that a lossless file fits in must get a lossless file."""
    picture = PICTURES[mode]()

    data = JPEG2000.encode(picture, JPEG2000.setting(100, mode))

    assert opened(data).mode == mode
    assert opened(data).tobytes() == picture.tobytes()


def test_sizes_go_on_rising_where_the_irreversible_wavelet_has_no_more_to_give():
    """The reversible wavelet must fill the gap between the finest irreversible file and the lossless one."""
    picture = photograph((256, 256))
    lossless = len(JPEG2000.encode(picture, JPEG2000.setting(100, "RGB")))
    promises = [share * lossless for share in (0.7, 0.8, 0.9)]
    qualities = [
        next(quality for quality in JPEG2000.ladder if bits_per_pixel(quality) * 256 * 256 / 8 >= promise)
        for promise in promises
    ]

    sizes = [len(JPEG2000.encode(picture, JPEG2000.setting(quality, "RGB"))) for quality in qualities]

    assert all(abs(size / promise - 1) < 0.05 for size, promise in zip(sizes, promises, strict=True)), sizes


def test_rates_above_the_raw_picture_are_lossless():
    """Rates above the uncompressed size must be lossless: OpenJPEG knows no rate below 1."""
    assert JPEG2000.setting(95, "L") == JPEG2000.setting(100, "L")


def test_sixteen_bits_are_kept_in_their_own_order_only():
    """I;16N must be refused: Pillow's conversion to I;16 clips at 255."""
    assert prepare(JPEG2000, deep(mode="I;16B")).mode == "I;16"
    for mode in ("I;16L", "I;16N", "I", "F", "CMYK", "LAB"):
        with pytest.raises(UnsupportedImage, match="cannot write mode"):
            prepare(JPEG2000, in_mode(mode))


def test_metadata_travels_in_boxes():
    """Metadata must be stored in boxes for other programs: Pillow neither writes nor reads it."""
    metadata = {"icc_profile": icc_profile(), "exif": exif(orientation=6), "xmp": XMP}

    data = JPEG2000.encode(photograph(), {**RUNG, **metadata})

    assert metadata_in_jpeg2000(data) == metadata
    assert lost_in_jpeg2000(data) is None
    assert opened(data).tobytes() == opened(JPEG2000.encode(photograph(), RUNG)).tobytes()


def test_files_with_metadata_are_read_by_other_programs(tmp_path):
    """OpenJPEG's own program must read every box."""
    if shutil.which("opj_decompress") is None:
        pytest.skip("opj_decompress is not installed")
    path = tmp_path / "picture.jp2"
    path.write_bytes(JPEG2000.encode(photograph(), {**RUNG, "exif": exif(orientation=6), "xmp": XMP}))

    subprocess.run(["opj_decompress", "-i", path, "-o", tmp_path / "picture.ppm"], capture_output=True, check=True)

    with Image.open(tmp_path / "picture.ppm") as decoded:
        assert decoded.size == photograph().size


def test_empty_metadata_leaves_the_file_alone():
    """Empty metadata, as with "strip", must leave the file unchanged."""
    stripped = JPEG2000.encode(photograph(), {**RUNG, "icc_profile": b"", "exif": b"", "xmp": b"", "comment": b""})

    assert stripped == JPEG2000.encode(photograph(), RUNG)


def test_a_codestream_stays_one_and_carries_no_metadata():
    """A bare codestream has no boxes: metadata must be refused, not dropped."""
    data = JPEG2000.encode(photograph(), {**RUNG, "no_jp2": True})

    assert is_codestream(Image.open(BytesIO(data)))
    assert not is_codestream(Image.open(BytesIO(JPEG2000.encode(photograph(), RUNG))))
    with pytest.raises(UnsupportedImage, match=r"bare JPEG 2000 codestream has no place for xmp: write a \.jp2"):
        JPEG2000.encode(photograph(), {**RUNG, "no_jp2": True, "xmp": XMP})


def with_header_box(data, name, content):
    """Return a JP2 file with a box added to its header box, or with the content of that box replaced."""
    start, end = next((start, end) for found, start, end in boxes(data) if found == b"jp2h")
    header = {found: data[first:last] for found, first, last in boxes(data, start, end)} | {name: content}
    return data[: start - 8] + box(b"jp2h", b"".join(box(*pair) for pair in header.items())) + data[end:]


PLAIN = encoded(flat((32, 32)), "JPEG2000")
SIZ_DEPTHS = PLAIN.index(b"\xff\x4f\xff\x51") + 42
LOST = {
    "a box 'xml ' of 4 bytes": PLAIN + box(b"xml ", b"<a/>"),
    "a box of unknown content of 3 bytes": PLAIN + box(b"uuid", bytes(19)),
    "GeoTIFF tags of 3 bytes": PLAIN + box(b"uuid", bytes.fromhex("b14bf8bd083d4b43a5ae8cd7d5a6ce03") + bytes(3)),
    "2 codestreams": PLAIN + box(b"jp2c", b"\xff\x4f\xff\x51"),
    "colours of its own (enumerated colour space 14)": with_header_box(PLAIN, b"colr", b"\x01\x00\x00\x00\x00\x00\x0e"),
    "a box 'roid' of 1 bytes": with_header_box(PLAIN, b"roid", b"x"),
    "12 bits a channel": PLAIN[:SIZ_DEPTHS] + b"\x0b" + PLAIN[SIZ_DEPTHS + 1 :],
}


@pytest.mark.parametrize("lost", LOST)
def test_what_pillow_drops_in_silence_is_named(lost):
    """Content that Pillow drops must be named, so that the file can be refused."""
    assert lost_in_jpeg2000(LOST[lost]) == lost


@pytest.mark.parametrize("picture", [flat((32, 32)), graphic((32, 32)), deep((32, 32)), noise((32, 32), "L")])
@pytest.mark.parametrize("options", [{}, {"no_jp2": True}])
def test_nothing_is_lost_of_what_pillow_wrote(picture, options):
    """JP2 files and codestreams written by Pillow must report no loss."""
    assert lost_in_jpeg2000(encoded(picture, "JPEG2000", **options)) is None


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
@pytest.mark.parametrize("budget", [150, 300, 2000])
def test_an_opaque_image_stays_opaque(mode, budget):
    """Coded with loss, an alpha channel of 255 everywhere became one of 254: no alpha channel is written then."""
    picture = photograph((11, 14), mode)

    answer = opened(bytefit.compress(picture, budget, format="JPEG2000", on_unreachable="smallest").data)

    assert answer.convert("RGBA").getchannel("A").getextrema() == (255, 255)

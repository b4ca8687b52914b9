"""Orientation: viewers of some formats ignore that of EXIF, so pixels that come from another format are turned."""

from __future__ import annotations

from importlib.util import find_spec
from io import BytesIO

import pytest
from PIL import Image, ImageOps

import bytefit
from bytefit.codecs.jpeg2000.boxes import metadata_in_jpeg2000
from bytefit.codecs.jpeg2000.codec import JPEG2000
from bytefit.fitting.scoring import score_of_answer
from bytefit.sources.metadata import orientation
from bytefit.sources.reading import decode
from exif_blocks import HEIGHT, NOTE, WIDTH, camera_exif
from images import encoded, exif, opened, photograph

EXIF_IFD, SIZE = 0x8769, (96, 64)

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="%d" tiff:ImageWidth="96" '
    b'tiff:ImageLength="64"/></rdf:RDF></x:xmpmeta>'
)

each_format = pytest.mark.parametrize(
    "wanted",
    [
        "JPEG2000",
        pytest.param("JXL", marks=pytest.mark.skipif(not find_spec("pillow_jxl"), reason="needs pillow-jxl-plugin")),
    ],
)


def lying(turn, **options):
    """Return an opened PNG with an orientation in EXIF and XMP, and how it is meant to be seen."""
    metadata = {"exif": camera_exif(orientation=turn), **options}
    image = Image.open(BytesIO(encoded(photograph(SIZE), "PNG", **metadata)))
    return image, ImageOps.exif_transpose(image)


def exif_in(data):
    """Return the EXIF and the XMP that are in a file."""
    picture = decode(data, "the answer")
    tags = Image.Exif()
    tags.load(picture.info.get("exif") or b"")
    return tags, picture.info.get("xmp")


@each_format
@pytest.mark.parametrize("turn", range(1, 9))
def test_the_picture_is_seen_as_it_was(wanted, turn):
    """A viewer that knows nothing of EXIF must show the picture upright, and one that does must not turn it again."""
    image, seen = lying(turn)
    image.info["xmp"] = XMP % turn

    result = bytefit.compress(image, 60_000, format=wanted, lossless=True)

    tags, packet = exif_in(result.data)
    sides = seen.size if turn >= 5 else (800, 600)
    assert opened(result.data).tobytes() == seen.tobytes()
    assert (result.width, result.height) == seen.size
    assert result.lossless
    assert tags[0x0112] == 1
    assert (tags.get_ifd(EXIF_IFD)[WIDTH], tags.get_ifd(EXIF_IFD)[HEIGHT]) == sides
    assert NOTE in result.data
    assert b'tiff:Orientation="1"' in packet
    assert b'tiff:ImageWidth="%d" tiff:ImageLength="%d"' % seen.size in packet


@each_format
def test_an_orientation_that_only_xmp_states_is_applied(wanted):
    """Pillow turns a picture by the orientation of its XMP where there is none in EXIF: so must the pixels."""
    image = opened(encoded(photograph(SIZE), "PNG"))
    image.info["xmp"] = XMP % 6

    result = bytefit.compress(image, 60_000, format=wanted, lossless=True)

    assert opened(result.data).size == SIZE[::-1]
    assert b'tiff:Orientation="1"' in exif_in(result.data)[1]


@each_format
@pytest.mark.parametrize(("limit", "size"), [({"max_width": 64}, (64, 96)), ({"max_height": 48}, (32, 48))])
def test_limits_are_those_of_the_upright_picture(wanted, limit, size):
    """A limit on the width must not shrink a picture that is narrow enough as it is seen."""
    result = bytefit.compress(lying(6)[0], 60_000, format=wanted, resize=True, **limit)

    assert opened(result.data).size == (result.width, result.height) == size
    assert exif_in(result.data)[0].get_ifd(EXIF_IFD)[WIDTH] == size[0]


@each_format
@pytest.mark.parametrize("policy", ["orientation+icc", "strip"])
def test_no_orientation_is_left_to_keep(wanted, policy):
    """An upright picture needs no EXIF block that says so."""
    result = bytefit.compress(lying(6)[0], 9000, format=wanted, metadata=policy, exact=True)

    assert result.size == 9000
    assert opened(result.data).size == SIZE[::-1]
    assert not exif_in(result.data)[0]


@each_format
def test_a_block_of_the_user_counts_as_that_of_the_picture(wanted):
    """`exif=` says how the pixels lie, as in Pillow's own `save`; it must not be lost, nor be left to be ignored."""
    result = bytefit.compress(photograph(SIZE), 60_000, format=wanted, exif=exif(orientation=8))

    tags, _ = exif_in(result.data)
    assert opened(result.data).size == SIZE[::-1]
    assert (tags[0x0112], tags[0x0110]) == (1, "bytefit test camera")


def jpeg2000_with_box(path):
    """Write a JPEG 2000 whose EXIF box, which Pillow does not read, has an orientation."""
    path.write_bytes(JPEG2000.encode(photograph(SIZE), {**JPEG2000.setting(60, "RGB"), "exif": exif(orientation=6)}))
    return path


def test_a_jpeg2000_stays_as_it_lies(tmp_path):
    """Viewers that ignore the box and viewers that read it must both see what they saw before."""
    source = jpeg2000_with_box(tmp_path / "in.jp2")

    result = bytefit.compress(source, source.stat().st_size // 2)

    assert opened(result.data).size == SIZE
    assert metadata_in_jpeg2000(result.data) == {"exif": exif(orientation=6)}


@pytest.mark.parametrize("wanted", ["JPEG", "PNG", "WEBP"])
def test_the_box_of_a_jpeg2000_becomes_exif(tmp_path, wanted):
    """The orientation must not be lost where the new format has a place that viewers read."""
    result = bytefit.compress(jpeg2000_with_box(tmp_path / "in.jp2"), 60_000, format=wanted)

    assert opened(result.data).size == SIZE
    assert orientation(opened(result.data)) == 6


@each_format
def test_a_box_of_a_jpeg2000_is_applied_once(tmp_path, wanted):
    """A file made of an answer must be upright too, by way of a format that states the orientation."""
    jpeg = bytefit.compress(jpeg2000_with_box(tmp_path / "in.jp2"), 60_000, format="JPEG")

    result = bytefit.compress(opened(jpeg.data), 60_000, format=wanted)

    assert opened(result.data).size == SIZE[::-1]
    assert exif_in(result.data)[0][0x0112] == 1


def test_turned_pixels_are_scored_upright():
    """A turned answer must be compared with the picture as it is seen: otherwise "auto" never takes it."""
    pytest.importorskip("ssimulacra2")
    image, _ = lying(6)

    result = bytefit.compress(image, 60_000, format="JPEG2000", lossless=True)

    assert score_of_answer(image, result) == pytest.approx(100)


def with_resolution(turn, x, y):
    """Return a JPEG that lies, with one resolution from left to right and another from top to bottom."""
    tags = Image.Exif()
    tags.update({0x0112: turn, 0x011A: x, 0x011B: y, 0x0128: 2})
    return Image.open(BytesIO(encoded(photograph(SIZE), "JPEG", exif=tags.tobytes())))


@each_format
@pytest.mark.parametrize(("turn", "expected"), [(3, (300.0, 150.0)), (6, (150.0, 300.0))])
def test_resolutions_turn_with_the_picture(wanted, turn, expected):
    """What was a line of pixels is a column after a quarter turn: the two resolutions change places."""
    result = bytefit.compress(with_resolution(turn, 300, 150), 60_000, format=wanted)

    tags, _ = exif_in(result.data)
    assert (tags[0x011A], tags[0x011B]) == expected


@pytest.mark.parametrize(("turn", "expected"), [(1, 0.5), (6, 2.0)])
def test_the_shape_of_a_pixel_turns_with_the_picture(turn, expected):
    """GIF has no place for an orientation, but for the shape of a pixel, in steps of 1/64."""
    picture = Image.new("RGB", (40, 20), "red")
    tags = Image.Exif()
    tags[0x0112] = turn
    data = bytearray(encoded(picture, "JPEG", exif=tags.tobytes(), dpi=(2, 1)))
    assert data[6:10] == b"JFIF"
    data[13] = 0  # the two numbers are no resolution but a ratio

    result = bytefit.compress(Image.open(BytesIO(bytes(data))), "60KB", format="GIF")

    assert (result.data[12] + 15) / 64 == pytest.approx(expected, abs=1 / 64)

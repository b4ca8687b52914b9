"""Metadata policies made of groups: what goes is gone wherever it stood, what stays is byte for byte what it was."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

import bytefit
from bytefit.codecs.groups import iptc
from bytefit.codecs.groups.exif import group_of
from bytefit.codecs.groups.exif import without_groups as exif_without_groups
from bytefit.codecs.groups.xmp import group_of as group_of_property
from bytefit.codecs.groups.xmp import without_groups as xmp_without_groups
from bytefit.options.policies import GROUPS, parse_policy
from images import icc_profile, opened, photograph

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
EXIFTOOL = shutil.which("exiftool")

XMP = (
    b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
    b"<rdf:Description rdf:about='' xmlns:exif='http://ns.adobe.com/exif/1.0/' xmlns:o='urn:own' "
    b"xmlns:a='http://ns.adobe.com/exif/1.0/aux/' xmlns:p='http://ns.adobe.com/photoshop/1.0/' "
    b"xmlns:dc='http://purl.org/dc/elements/1.1/' exif:GPSLatitude='48,12.5N' a:SerialNumber='SECRET-3' "
    b"p:City='SECRET-TOWN' o:note='kept note' p:DateCreated='2024'>"
    b"<dc:rights><rdf:Alt><rdf:li xml:lang='x-default'>OWNED-3</rdf:li></rdf:Alt></dc:rights>"
    b"<exif:GPSLongitude>16,22.1E</exif:GPSLongitude><dc:creator/></rdf:Description></rdf:RDF></x:xmpmeta>"
)
RECORDS = b"".join(
    bytes((0x1C, 2, dataset)) + len(text).to_bytes(2, "big") + text
    for dataset, text in (
        (0, b"\x00\x04"),
        (90, b"SECRET-TOWN"),
        (116, b"OWNED-2"),
        (55, b"20240102"),
        (120, b"caption"),
    )
)
PHOTOSHOP = b"8BIM\x04\x04\x00\x00" + len(RECORDS).to_bytes(4, "big") + RECORDS + bytes(len(RECORDS) % 2)
MAKER_NOTE = b"own maker note, which nobody else can read"


def full_exif(*, maker_note=True):
    """Return an EXIF block with something of every group."""
    block = Image.Exif()
    block[0x010F], block[0x0110], block[0x0112], block[0x8298] = "maker", "model", 6, "OWNED-1"
    block[0x0132], block[0x010E] = "2024:01:02 03:04:05", "a description"
    block.get_ifd(0x8769).update({0x9003: "2024:01:02 03:04:05", 0xA431: "SECRET-1", 0xA002: 144, 0x829A: 0.01})
    if maker_note:
        block.get_ifd(0x8769)[0x927C] = MAKER_NOTE
    block.get_ifd(0x8825).update({1: "N", 2: (48.0, 12.0, 30.0), 29: "2024:01:02"})
    return block.tobytes()


@pytest.fixture
def loaded(tmp_path):
    """Return the path of a JPEG with EXIF, XMP, IPTC, a profile, a resolution and a comment."""
    path = tmp_path / "loaded.jpg"
    segment = iptc.SEGMENT + PHOTOSHOP
    extra = b"\xff\xed" + (len(segment) + 2).to_bytes(2, "big") + segment
    photograph().save(
        path, exif=full_exif(), xmp=XMP, icc_profile=icc_profile(), comment=b"a comment", dpi=(300, 300), extra=extra
    )
    return path


def compressed(path, wanted, policy):
    """Return the bytes of a file of a format with what a policy keeps."""
    return bytefit.compress(path, "60KB", format=wanted, metadata=policy).data


@pytest.mark.parametrize("wanted", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_what_goes_is_gone_in_every_format(wanted, loaded):
    """A place or a serial number that is left in one of three blocks is not gone."""
    data = compressed(loaded, wanted, "keep-gps-serial")

    assert b"SECRET" not in data
    assert b"GPSL" not in data
    assert b"kept note" in data
    exif = opened(data).getexif()
    assert not exif.get_ifd(0x8825)
    assert exif[0x8298] == "OWNED-1"
    assert exif[0x0110] == "model"


@pytest.mark.parametrize("wanted", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_only_what_is_named_stays(wanted, loaded):
    """A list of groups must not let anything else through, from whichever block."""
    data = compressed(loaded, wanted, "orientation+icc+copyright")

    assert b"OWNED-1" in data
    assert b"OWNED-3" in data
    assert not any(word in data for word in (b"SECRET", b"maker", b"kept note", b"2024", b"description", b"a comment"))
    image = opened(data)
    assert image.info["icc_profile"] == icc_profile()
    assert image.getexif().get(0x0112, 6) == 6
    assert set(image.getexif()) - {0x0112, 0x8298, 0x02BC} - set(range(0x0100, 0x0156)) <= {34675}


def test_a_maker_note_does_not_move_and_what_stays_is_as_it_was(loaded):
    """Its offsets count from the start of the block: entries may become zeros, but nothing may move."""
    before = opened(loaded.read_bytes()).info["exif"]
    after = opened(compressed(loaded, "JPEG", "keep-gps")).info["exif"]

    assert after.index(MAKER_NOTE) == before.index(MAKER_NOTE)
    assert len(after) <= len(before)
    kept = [before.index(text) for text in (b"maker", b"OWNED-1", b"SECRET-1", b"a description")]
    assert [after[place : place + 5] for place in kept] == [before[place : place + 5] for place in kept]


@pytest.mark.parametrize("policy", ["keep-makernote", "keep-serial", "keep-camera", "keep-date"])
def test_a_maker_note_goes_with_the_camera_and_its_number(policy, loaded):
    """It repeats both, in a form that only its maker's programs can change."""
    data = compressed(loaded, "JPEG", policy)

    assert b"own maker note" not in data
    assert b"OWNED-1" in data


def test_xmp_and_iptc_keep_every_other_character(loaded):
    """Programs sign XMP and store what nobody else knows: only what goes may be cut out."""
    data = compressed(loaded, "JPEG", "keep-gps")

    packet = XMP
    for gone in (
        b" exif:GPSLatitude='48,12.5N'",
        b" p:City='SECRET-TOWN'",
        b"<exif:GPSLongitude>16,22.1E</exif:GPSLongitude>",
    ):
        packet = packet.replace(gone, b"")
    assert packet in data
    town = bytes((0x1C, 2, 90)) + (11).to_bytes(2, "big") + b"SECRET-TOWN"
    assert RECORDS.replace(town, b"") in data


@pytest.mark.parametrize("policy", ["keep-orientation", "icc+copyright"])
def test_without_its_orientation_the_image_is_turned(policy, loaded):
    """The picture must look the same."""
    result = bytefit.compress(loaded, "60KB", metadata=policy)

    assert (result.width, result.height) == photograph().size[::-1]
    assert 0x0112 not in opened(result.data).getexif()


def test_the_resolution_goes_from_every_place(loaded):
    """JFIF, PNG and EXIF state it, each in its own way."""
    for wanted in ("JPEG", "PNG"):
        assert opened(compressed(loaded, wanted, "keep")).info["dpi"][0] == pytest.approx(300, abs=1)
        left = opened(compressed(loaded, wanted, "keep-resolution"))
        assert left.info.get("jfif_unit", 0) == 0
        assert left.info.get("dpi", (72, 72)) == (72, 72)  # what Pillow makes up for a JPEG with EXIF
        assert 0x011A not in left.getexif()


def test_texts_of_a_png_have_groups(tmp_path):
    """PNG has no EXIF for a name: keywords say what a text is."""
    path = tmp_path / "a.png"
    info = {"Copyright": "OWNED", "Comment": "a comment", "Title": "a title", "Creation Time": "2024"}
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    for keyword, text in info.items():
        texts.add_text(keyword, text)
    photograph().save(path, pnginfo=texts)

    assert opened(compressed(path, "PNG", "keep-comment-date")).text == {"Copyright": "OWNED", "Title": "a title"}
    assert opened(compressed(path, "PNG", "copyright")).text == {"Copyright": "OWNED"}


@pytest.mark.parametrize("policy", ["keep-gps", "orientation+icc+copyright", "keep-icc-comment"])
def test_a_file_over_budget_by_what_goes_keeps_its_pixels(policy, loaded):
    """Metadata go before any quality, as with the other policies."""
    before = opened(loaded.read_bytes()).tobytes()
    size = loaded.stat().st_size

    outcome = bytefit.compress_file(loaded, size - 40, metadata=policy)

    assert outcome.result is None
    assert opened(loaded.read_bytes()).tobytes() == before


def test_broken_blocks_go_whole():
    """What cannot be read may hold what has to go."""
    policy = parse_policy("keep-gps")

    assert exif_without_groups(b"Exif\x00\x00II*\x00\xff\xff\xff\x7f" + b"x" * 30, policy) == b""
    assert xmp_without_groups(b"<x:xmpmeta><SECRET", policy) == b""
    assert iptc.without_groups(RECORDS[:-3], policy) == b""
    assert iptc.photoshop_without_groups(PHOTOSHOP[:-9], policy) == b""


def test_every_group_has_tags_or_a_meaning():
    """A group that nothing belongs to would promise what does not happen."""
    tags = {group_of(tag) for tag in range(1 << 16)}
    properties = {group_of_property("http://ns.adobe.com/photoshop/1.0/", "ICCProfile")}

    assert set(GROUPS) - {"comment", "thumbnail", "icc"} <= tags | properties
    assert parse_policy("keep-" + "-".join(GROUPS)) is not None


GONE = {
    "gps": ("GPS", "City", "Sub-location", "Province-State", "Country"),
    "serial": ("SerialNumber", "BodySerialNumber", "LensSerialNumber", "ImageUniqueID", "InternalSerialNumber"),
    "thumbnail": ("ThumbnailOffset", "ThumbnailLength"),
    "date": ("DateTimeOriginal", "CreateDate", "ModifyDate", "DateCreated", "TimeCreated", "MetadataDate"),
    "copyright": ("Copyright", "Artist", "Rights", "Creator", "By-line", "CopyrightNotice"),
}


def exiftool_tags(paths):
    """Return what exiftool finds in each of some files: its group and name -> its value."""
    command = [
        EXIFTOOL,
        "-q",
        "-j",
        "-G0:1",
        "-a",
        "-n",
        "-EXIF:all",
        "-XMP:all",
        "-IPTC:all",
        "-MakerNotes:all",
        *paths,
    ]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return {Path(one.pop("SourceFile")).name: one for one in json.loads(found)}


@pytest.mark.skipif(EXIFTOOL is None or not CORPUS.is_dir(), reason="needs exiftool and the image corpora")
@pytest.mark.parametrize("policy", ["keep-gps-thumbnail-serial", "orientation+icc+copyright", "keep-gps"])
def test_exiftool_finds_nothing_of_what_went_and_all_of_what_stayed(policy, tmp_path):
    """Files of a dozen makers, each with blocks that no test can invent."""
    from bytefit.codecs.jpeg.lossless import lossless_versions

    sources = sorted((CORPUS / "train" / "photo-web").glob("metadata-extractor-image__*.jpg"))[:8]
    for source in sources:
        version = next(iter(lossless_versions(source.read_bytes(), policy, b"", most=0)), source.read_bytes())
        (tmp_path / source.name).write_bytes(version)
    before, after = exiftool_tags(sources), exiftool_tags(sorted(tmp_path.iterdir()))
    parsed = parse_policy(policy)
    going = tuple(name for group, names in GONE.items() if not parsed.keeps(group) for name in names)

    assert len(sources) > 5
    for name, tags in after.items():
        assert not [tag for tag in tags if tag.rpartition(":")[2].startswith(going)], name
        places = ("Offset", "Start")
        assert not {tag for tag in tags if tags[tag] != before[name].get(tag) and not tag.endswith(places)}, name
        if policy == "keep-gps":
            notes = {tag for tag in before[name] if "MakerNotes" in tag and not tag.endswith(going)}
            assert notes <= set(tags), name

"""Texts and comments: every format gets them in the place it has, and what has no place is named and counted."""

from __future__ import annotations

import json
import re
from io import BytesIO

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import bytefit
from bytefit.cli.main import main
from bytefit.codecs.png.chunks import chunk
from images import XMP, encoded, exif, opened, photograph
from outcomes import fresh

SIZE = (24, 16)
HOLDERS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "JPEG2000")
COMMENT, OWNER = "Zoë Müller 日本", "A. Person & Co <a@example.org>"


def png_with_texts(*, compressed=False):
    """Return a PNG with a text in Latin-1, one in UTF-8, and one with a keyword nobody else has."""
    info = PngInfo()
    info.add_text("Copyright", OWNER, zip=compressed)
    info.add_itxt("Title", COMMENT, zip=compressed)
    info.add_text("parameters", "steps 20, seed 7", zip=compressed)
    return encoded(photograph(SIZE), "PNG", pnginfo=info)


def texts_in(data):
    """Return every text of a file as UTF-8, with XML's references resolved; EXIF is left out."""
    image = opened(data)
    texts = [str(text) for text in getattr(image, "text", {}).values()]
    texts += [content.decode() for name, content in getattr(image, "applist", ()) if name == "COM"]
    texts += [found.decode() for found in re.findall(rb"(?s)tEXtComment\x00([ -~]+)", data)]  # Pillow tells of one
    if image.format in {"GIF", "JPEG2000"} and (comment := image.info.get("comment")):
        texts.append(comment.decode())
    if image.format == "GIF":
        texts += [comment.decode() for comment in comments_of_a_gif(data)]
    packet = image.info.get("xmp", b"").decode()
    return "\n".join(texts) + packet.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def comments_of_a_gif(data):
    """Return the comments shorter than one sub-block."""
    return [
        data[found.end() : found.end() + data[found.end() - 1]]
        for found in re.finditer(rb"(?s)\x21\xfe[\x01-\xff]", data)
    ]


@pytest.mark.parametrize("wanted", HOLDERS)
@pytest.mark.parametrize("compressed", [False, True])
def test_texts_of_a_png_arrive_in_every_format(wanted, compressed):
    """Copyright, title and generation parameters vanished outside of PNG: all three must arrive, letter by letter."""
    result = bytefit.compress(
        fresh(png_with_texts(compressed=compressed)), 60_000, format=wanted, resize=True, max_width=18
    )

    texts = texts_in(result.data)
    assert all(text in texts for text in (OWNER, COMMENT, "steps 20, seed 7"))
    assert result.dropped == ()


@pytest.mark.parametrize("wanted", HOLDERS)
@pytest.mark.parametrize("source", ["JPEG", "GIF", "JPEG2000"])
def test_comments_arrive_in_every_format(tmp_path, source, wanted):
    """The comment of a JPEG or a GIF vanished in WebP, AVIF and TIFF without a word."""
    picture = photograph(SIZE, "P" if source == "GIF" else "RGB")
    (tmp_path / "a.img").write_bytes(encoded(picture, source, comment=COMMENT.encode()))

    result = bytefit.compress(tmp_path / "a.img", 60_000, format=wanted)

    assert COMMENT in texts_in(result.data)
    assert result.dropped == ()


@pytest.mark.parametrize("source", ["JPEG", "GIF"])
def test_several_comments_all_arrive(tmp_path, source):
    """Pillow tells of one comment: the others must not get lost on the way."""
    data = encoded(photograph(SIZE, "P" if source == "GIF" else "RGB"), source, comment=b"the last")
    place = 20 if source == "JPEG" else data.index(b"\x21\xfe")
    first = b"\xff\xfe\x00\x0bthe first" if source == "JPEG" else b"\x21\xfe\x09the first\x00"
    (tmp_path / "a.img").write_bytes(data[:place] + first + data[place:])

    for wanted in HOLDERS:
        texts = texts_in(bytefit.compress(tmp_path / "a.img", 60_000, format=wanted).data)
        assert ("the first" in texts, "the last" in texts) == (True, True), wanted


def test_texts_join_the_xmp_that_is_there():
    """XMP of the source must stay character by character: texts go into a description of their own in it."""
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Other</dc:title>'
        b"</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", packet.decode())
    info.add_text("Title", "Mine")
    data = encoded(photograph(SIZE), "PNG", pnginfo=info)

    again = opened(bytefit.compress(fresh(data), 60_000, format="WEBP").data).info["xmp"]

    start = packet.index(b"</rdf:RDF>")
    assert again.startswith(packet[:start])
    assert again.endswith(packet[start:])
    assert again.count(b"dc:title") == 2  # a property may be there once: the second title is a comment
    assert b"Title: Mine" in again


def test_what_no_xmp_takes_is_named():
    """A packet without a place to add to stays as it is, and the text is named as dropped."""
    data = encoded(photograph(SIZE), "JPEG", comment=b"a view", xmp=XMP)

    result = bytefit.compress(fresh(data), 60_000, format="WEBP")

    assert opened(result.data).info["xmp"] == XMP
    assert result.dropped == ("JPEG comment",)


@pytest.mark.parametrize("wanted", HOLDERS)
def test_dropping_metadata_on_purpose_is_not_reported(wanted):
    """`metadata="strip"` asks for it: no text may stay, and none is named."""
    result = bytefit.compress(fresh(png_with_texts()), 60_000, format=wanted, metadata="strip")

    assert OWNER not in texts_in(result.data)
    assert result.dropped == ()


def test_texts_count_into_the_budget():
    """A text of ten kilobytes leaves that much less for the pixels."""
    info = PngInfo()
    info.add_text("Comment", "x" * 10_000)
    data = encoded(photograph((96, 64)), "PNG", pnginfo=info)

    result = bytefit.compress(fresh(data), 13_000, format="WEBP")

    assert result.size <= 13_000
    assert b"x" * 10_000 in result.data


def test_a_text_too_long_for_a_jpeg_is_named():
    """A segment of a JPEG holds 65,533 bytes: the longer text must be named, and the short one kept."""
    info = PngInfo()
    info.add_text("Long", "x" * 70_000)
    info.add_text("Copyright", OWNER)

    result = bytefit.compress(fresh(encoded(photograph(SIZE), "PNG", pnginfo=info)), 200_000, format="JPEG")

    assert OWNER in texts_in(result.data)
    assert result.dropped == ("PNG text 'Long'",)


def segment(marker, content):
    """Return a segment of a JPEG."""
    return b"\xff" + bytes([marker]) + (len(content) + 2).to_bytes(2, "big") + content


OWN_DATA = [
    ("JPEG", segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04" + bytes(9)), "JPEG segment APP13 (Photoshop 3.0)"),
    ("JPEG", segment(0xEC, b"Ducky\x00\x01"), "JPEG segment APP12 (Ducky)"),
    ("PNG", chunk(b"mINe", b"own"), "PNG chunk mINe"),
    ("PNG", chunk(b"bKGD", bytes(6)), "PNG background colour"),
    ("GIF", b"\x21\xff\x0bSOMEBODY1.0\x01x\x00", "GIF application extension SOMEBODY1.0"),
    ("GIF", b"\x21\x01\x0c" + bytes(12) + b"\x02hi\x00", "GIF plain text"),
]


@pytest.mark.parametrize(("source", "part", "name"), OWN_DATA)
def test_data_of_one_format_is_named_in_another(tmp_path, source, part, name):
    """Segments, chunks and extensions that only one format has must not vanish without a word."""
    data = encoded(photograph(SIZE, "P" if source == "GIF" else "RGB"), source)
    place = {"JPEG": 20, "PNG": 33, "GIF": 13 + (3 << ((data[10] & 7) + 1))}[source]
    (tmp_path / "a.img").write_bytes(data[:place] + part + data[place:])

    for wanted in HOLDERS:
        result = bytefit.compress(tmp_path / "a.img", 60_000, format=wanted, resize=True, max_width=18)
        own = wanted == source and name not in {"PNG background colour", "GIF plain text"}
        assert result.dropped == (() if own else (name,))


def test_tags_of_tiff_alone_are_named(tmp_path):
    """A private tag has no place in another format; those of EXIF go there."""
    (tmp_path / "a.tif").write_bytes(
        encoded(photograph(SIZE), "TIFF", tiffinfo={270: "a view", 33550: (1.0, 1.0, 0.0)}, compression="raw")
    )

    result = bytefit.compress(tmp_path / "a.tif", 60_000, format="PNG")

    assert result.dropped == ("TIFF tag 33550",)
    assert opened(result.data).getexif()[270] == "a view"


def test_the_thumbnail_that_a_tiff_cannot_hold_is_named():
    """TIFF keeps EXIF as tags, among which a thumbnail has no place."""
    from exif_blocks import camera_exif

    data = encoded(photograph(SIZE), "JPEG", exif=camera_exif())

    assert bytefit.compress(fresh(data), 60_000, format="TIFF").dropped == ("EXIF thumbnail",)


def test_the_command_says_what_is_dropped(tmp_path, capsys):
    """Who converts on the command line must read it there, and programs in the JSON."""
    source = tmp_path / "a.jpg"
    source.write_bytes(encoded(photograph(SIZE), "JPEG", exif=exif(orientation=1), quality=95))
    call = ["compress", str(source), "--to", "60KB", "-o", str(tmp_path / "a.gif")]

    assert main(call) == 0
    assert capsys.readouterr().out.endswith("; GIF cannot hold: EXIF\n")
    assert main([*call, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["dropped"] == ["EXIF"]


def test_a_plain_result_drops_nothing():
    """Nothing may be named where there was nothing."""
    assert bytefit.compress(photograph(SIZE), 60_000, format="GIF").dropped == ()
    assert (
        Image.open(BytesIO(bytefit.compress(photograph(SIZE), 60_000, format="GIF").data)).info.get("comment") is None
    )

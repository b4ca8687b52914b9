"""XMP: single values change and texts are added; every other character of a packet stays."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from bytefit.codecs.descriptions import Text
from bytefit.codecs.xmp import with_dimensions, with_orientation, with_texts

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
DC = "{http://purl.org/dc/elements/1.1/}"


def text(keyword, value):
    """Return a text of a PNG."""
    return Text(keyword, value, f"PNG text {keyword!r}")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'exif:PixelXDimension="800"', b'exif:PixelXDimension="40"'),
        (b"exif:PixelYDimension = '600'", b"exif:PixelYDimension = '30'"),
        (b"<tiff:ImageWidth>800</tiff:ImageWidth>", b"<tiff:ImageWidth>40</tiff:ImageWidth>"),
        (b'my_exif:PixelXDimension="800"', b'my_exif:PixelXDimension="800"'),
        (b'dc:title="tiff:ImageWidth of 800"', b'dc:title="tiff:ImageWidth of 800"'),
        (b"", b""),
    ],
)
def test_only_the_dimensions_change(before, after):
    """Attributes and elements must follow; anything that only looks like them must not."""
    assert with_dimensions(b"\xff" + before, (40, 30)) == b"\xff" + after


def test_the_orientation_changes_alone():
    """An image that was turned must not be turned again by its XMP."""
    assert with_orientation(b'tiff:Orientation="6" a="6"', 1) == b'tiff:Orientation="1" a="6"'


def test_a_new_packet_is_well_formed_and_says_everything():
    """Letters that mean something in XML, and those that XML cannot hold, must not break the packet."""
    texts = [
        text("Title", "a < b & c"),
        text("Author", "Zoë 日本"),
        text("Software", "x\x00y"),
        text("k", "1"),
        text("", "2"),
    ]

    packet, left = with_texts(b"", texts)

    root = ET.fromstring(packet)  # noqa: S314  (made here)
    assert left == ()
    assert root.find(f".//{DC}title/{RDF}Alt/{RDF}li").text == "a < b & c"
    assert root.find(f".//{DC}creator/{RDF}Seq/{RDF}li").text == "Zoë 日本"
    assert root.find(".//{http://ns.adobe.com/xap/1.0/}CreatorTool").text == "x\ufffdy"
    assert root.find(f".//{{http://ns.adobe.com/exif/1.0/}}UserComment/{RDF}Alt/{RDF}li").text == "k: 1\n2"


def test_two_texts_of_one_kind_are_both_kept():
    """A property may be there once in a packet: the second title becomes a comment."""
    packet, left = with_texts(b"", [text("Title", "one"), text("Title", "two")])

    assert left == ()
    assert packet.count(b"<dc:title>") == 1
    assert b"Title: two" in packet


def test_texts_are_not_added_twice():
    """Converting there and back must not repeat a text."""
    texts = [text("Title", "one"), text("", "two")]
    packet, _ = with_texts(b"", texts)

    assert with_texts(packet, texts) == (packet, ())


def test_a_comment_that_is_there_is_not_replaced():
    """`exif:UserComment` of the source stays, and the text is returned as one without a place."""
    packet, _ = with_texts(b"", [text("", "one")])

    again, left = with_texts(packet, [text("", "two")])

    assert again == packet
    assert left == (text("", "two"),)

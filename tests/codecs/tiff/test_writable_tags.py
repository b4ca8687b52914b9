"""TIFF tags with values that libtiff does not take: an error of bytefit before libtiff sees them."""

from __future__ import annotations

import pytest
from PIL.TiffImagePlugin import ImageFileDirectory_v2

import bytefit
from bytefit import UnsupportedImage
from images import opened, photograph

SHORT, LONG, TEXT, RATIONAL, UNDEFINED = 3, 4, 2, 5, 7


def tags_of(tag, kind, value):
    """Return one tag, stored with a type of any kind."""
    tags = ImageFileDirectory_v2()
    tags.tagtype[tag] = kind
    tags[tag] = value
    return tags


@pytest.mark.parametrize(
    ("tag", "kind", "value", "name"),
    [
        (269, SHORT, 5, "DocumentName"),
        (269, LONG, 70_000, "DocumentName"),
        (274, TEXT, "abc", "Orientation"),
        (274, LONG, 70_000, "Orientation"),
        (282, SHORT, 5, "XResolution"),
    ],
)
def test_a_tag_of_a_wrong_type_is_refused_by_name(capfd, tag, kind, value, name):
    """Libtiff took a number for the address of a text and ended the process, or printed to the terminal and failed."""
    with pytest.raises(UnsupportedImage, match=rf"cannot write TIFF tag {tag} \({name}\).*metadata='strip'"):
        bytefit.compress(photograph((16, 16)), "10KB", format="TIFF", tiffinfo=tags_of(tag, kind, value))

    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("tag", "kind", "value"), [(50838, TEXT, "abc"), (45059, TEXT, "abc"), (34665, RATIONAL, 1.5)])
def test_whatever_libtiff_raises_is_an_error_of_ours(tag, kind, value):
    """Libtiff's "Error setting from dictionary" is a RuntimeError: it came out as a traceback."""
    with pytest.raises(UnsupportedImage, match="cannot encode this picture as TIFF"):
        bytefit.compress(photograph((16, 16)), "10KB", format="TIFF", tiffinfo=tags_of(tag, kind, value))


def test_empty_values_are_left_out_in_silence(capfd):
    """Libtiff printed "Null count" to the terminal, and left the tag out."""
    result = bytefit.compress(photograph((16, 16)), "10KB", format="TIFF", tiffinfo=tags_of(37000, UNDEFINED, b""))

    assert 37000 not in opened(result.data).tag_v2
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("tag", "kind", "value"), [(269, TEXT, "a page"), (286, RATIONAL, 1.5), (270, TEXT, "a text")])
def test_tags_of_the_right_type_are_kept(tag, kind, value):
    """The check must not refuse what libtiff writes."""
    result = bytefit.compress(photograph((16, 16)), "10KB", format="TIFF", tiffinfo=tags_of(tag, kind, value))

    assert opened(result.data).tag_v2[tag] == value

"""The table of formats: what its lines must have in common, and what is looked up in it."""

from __future__ import annotations

from importlib import import_module
from itertools import combinations
from pathlib import Path

import pytest
from PIL import Image

from bytefit import codecs, formats
from bytefit.formats import FORMATS, SUFFIXES, is_fixable, named, register, registered_by_suffix, sniff

each_format = pytest.mark.parametrize("one", FORMATS, ids=lambda one: one.name)
with_codec = [one for one in FORMATS if one.folder]


@pytest.fixture
def own_table(monkeypatch):
    """Forget afterwards what was registered."""
    monkeypatch.setattr(formats, "_registered", {})
    monkeypatch.setattr(formats, "SUFFIXES", dict(SUFFIXES))


def test_names_suffixes_and_signatures_belong_to_one_format():
    """A file must never be two formats at once."""
    names = [one.name for one in FORMATS]
    suffixes = [suffix for one in FORMATS for suffix in one.suffixes]
    signatures = [place for one in FORMATS for place in one.signatures]

    assert len(names) == len(set(names))
    assert len(suffixes) == len(set(suffixes))
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in suffixes)
    for (left_at, left), (right_at, right) in combinations(signatures, 2):
        assert left_at != right_at or not (left.startswith(right) or right.startswith(left))


@each_format
def test_a_line_of_the_table_is_whole(one):
    """A format has a codec, or stands for one that has, or says why it is here."""
    assert one.folder or one.refusal or one.alias_of or one.is_lossless
    assert not (one.folder and one.refusal)
    assert bool(one.plugin) == bool(one.extra)
    assert not one.alias_of or named(one.alias_of).folder


@pytest.mark.parametrize("one", with_codec, ids=lambda one: one.name)
def test_a_codec_is_where_the_table_says(one):
    """The module of a format has a variable with the format's name, and that is its codec."""
    codec = getattr(import_module(f"bytefit.codecs.{one.folder}.codec"), one.name)

    assert (codec.format, codec.suffixes) == (one.name, one.suffixes)


def test_every_folder_of_codecs_is_in_the_table():
    """A folder that no line names is never loaded."""
    folders = {path.parent.name for path in Path(codecs.__file__).parent.glob("*/codec.py")}

    assert folders == {one.folder for one in with_codec}


@each_format
def test_names_are_those_of_pillow(one):
    """Pillow's plugins look files up by them; formats of other plugins have them when those are loaded."""
    Image.init()

    assert one.plugin or one.alias_of or one.name in Image.OPEN or one.name == "QOI"


@pytest.mark.parametrize(
    ("name", "found"), [("jpeg", "JPEG"), ("MPO", "JPEG"), ("heic", "HEIF"), ("nonsense", "NONSENSE")]
)
def test_formats_are_named_in_any_case_and_by_alias(name, found):
    """A name nobody knows is a format of which nothing is known."""
    assert named(name).name == found
    assert bool(named(name).folder) == (found != "NONSENSE")


@pytest.mark.usefixtures("own_table")
def test_a_registered_format_can_be_fixed_and_is_known_by_its_suffixes():
    """The tables of `check` and `fix` follow what is registered."""
    before = (is_fixable("PCX"), formats.SUFFIXES.get(".pcx"), registered_by_suffix(".pcx"))

    register("PCX", (".pcx",))

    assert before == (False, None, None)
    assert (is_fixable("PCX"), formats.SUFFIXES[".pcx"], registered_by_suffix(".pcx")) == (True, "PCX", "PCX")
    assert named("PCX").is_lossless
    assert registered_by_suffix(".jpg") is None


def test_bytes_of_no_format_are_not_recognised():
    """Text, or a file that ends early, is no image."""
    assert [sniff(head) for head in (b"", b"text", b"\xff\xd8")] == [None, None, None]

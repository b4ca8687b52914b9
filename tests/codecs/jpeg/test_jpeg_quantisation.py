"""JPEG's quantisation tables: the shipped file forms a ladder, and a file that does not is refused."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from bytefit.codecs.codec import GRAPHIC, PHOTOGRAPH
from bytefit.codecs.jpeg.quantisation import VERSION, Knot, load_knots, quantisation, shipped_knots, tables_at
from bytefit.errors import ModelError
from bytefit.resources import models_folder

each_content = pytest.mark.parametrize("content", [PHOTOGRAPH, GRAPHIC])


def knot(quality, value, *, subsampling="4:2:0", **changes):
    """Return a knot as a file stores it, with equal divisors and any changes to its fields."""
    return {"quality": quality, "subsampling": subsampling, "tables": [[value] * 64] * 3, **changes}


def ladder(*between):
    """Return the contents of a file with these knots between the two ends of the scale."""
    return {
        "version": VERSION,
        PHOTOGRAPH: [knot(1, 255.0), *between, knot(100, 1.0)],
        GRAPHIC: [knot(1, 255.0), knot(100, 1.0)],
    }


def written(tmp_path, contents):
    """Write a file of tables and return its path."""
    path = tmp_path / "tables.json"
    path.write_text(contents if isinstance(contents, str) else json.dumps(contents), encoding="utf-8")
    return path


def test_knots_are_what_the_file_says(tmp_path):
    """Knots must have the order and the values of the file, as immutable tuples."""
    knots = load_knots(written(tmp_path, ladder(knot(50, 16.5))))

    assert list(knots) == [PHOTOGRAPH, GRAPHIC]
    assert [one.quality for one in knots[PHOTOGRAPH]] == [1, 50, 100]
    assert knots[PHOTOGRAPH][1] == Knot(50, "4:2:0", ((16.5,) * 64,) * 3)


@pytest.mark.parametrize("contents", ["", "{", "null", "[]", "3", '"text"', "{}", '{"photograph": []}'])
def test_broken_files_are_refused(tmp_path, contents):
    """Truncated files and files of another kind must raise ModelError."""
    with pytest.raises(ModelError, match=r"tables\.json"):
        load_knots(written(tmp_path, contents))


def test_a_file_that_is_no_text_is_refused(tmp_path):
    """A binary file must raise ModelError."""
    path = tmp_path / "tables.json"
    path.write_bytes(b"\x80\x04\x95\xff\xfe")

    with pytest.raises(ModelError, match=r"cannot read the quantisation tables .*tables\.json"):
        load_knots(path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    """A missing file must raise ModelError, as documented."""
    with pytest.raises(ModelError, match=r"tables\.json"):
        load_knots(tmp_path / "tables.json")


RISING = [[40.0] * 64, [40.0] * 63 + [41.0], [40.0] * 64]

NO_LADDERS = {
    "another version": {**ladder(), "version": VERSION + 1},
    "one content": {"version": VERSION, PHOTOGRAPH: [knot(1, 255.0), knot(100, 1.0)]},
    "no knots": {**ladder(), PHOTOGRAPH: []},
    "one knot": {**ladder(), PHOTOGRAPH: [knot(1, 255.0)]},
    "no lower end": {**ladder(), PHOTOGRAPH: [knot(2, 255.0), knot(100, 1.0)]},
    "no upper end": {**ladder(), PHOTOGRAPH: [knot(1, 255.0), knot(99, 1.0)]},
    "text for a divisor": ladder({"quality": 50, "subsampling": "4:2:0", "tables": [["16"] * 64] * 3}),
    "no subsampling": ladder({"quality": 50, "tables": [[16.0] * 64] * 3}),
    "qualities out of order": ladder(knot(60, 30.0), knot(50, 20.0)),
    "a quality twice": ladder(knot(50, 30.0), knot(50, 20.0)),
    "a divisor that rises": ladder(knot(40, 40.0), knot(60, 40.0, tables=RISING)),
    "a divisor above 255": {"version": VERSION, PHOTOGRAPH: [knot(1, 255.5), knot(100, 1.0)]},
    "a divisor below 1": {"version": VERSION, PHOTOGRAPH: [knot(1, 255.0), knot(100, 0.5)]},
    "a table of 63": ladder(knot(50, 16.0, tables=[[16.0] * 63, [16.0] * 64, [16.0] * 64])),
    "two tables": ladder(knot(50, 16.0, tables=[[16.0] * 64] * 2)),
    "four tables": ladder(knot(50, 16.0, tables=[[16.0] * 64] * 4)),
    "text for a quality": ladder(knot("50", 16.0)),
    "finer chroma at another quality": ladder(knot(50, 16.0), knot(60, 14.0, subsampling="4:4:4")),
    "nothing for any content": {"version": VERSION},
}


@pytest.mark.parametrize("contents", NO_LADDERS.values(), ids=NO_LADDERS)
def test_what_makes_no_ladder_is_refused(tmp_path, contents):
    """Tables that form no ladder must be refused when the file is loaded, with its name."""
    with pytest.raises(ModelError, match=r"tables\.json"):
        load_knots(written(tmp_path, contents))


def test_finer_chroma_may_cost_luma(tmp_path):
    """At a change of subsampling every divisor may change."""
    finer = [knot(quality, value, subsampling="4:4:4") for quality, value in ((80, 30.0), (100, 1.0))]
    contents = {**ladder(), GRAPHIC: [knot(1, 255.0), knot(80, 20.0), *finer]}

    knots = load_knots(written(tmp_path, contents))[GRAPHIC]

    assert tables_at(knots, 79.999)[1] == "4:2:0"
    assert tables_at(knots, 80) == (((30,) * 64,) * 3, "4:4:4")


def test_tables_at_a_knot_are_the_knots():
    """At a knot the tables must be those of the knot, rounded."""
    knots = [Knot(1, "4:2:0", ((255.0,) * 64,) * 3), Knot(50, "4:2:0", ((16.4,) * 64,) * 3)]
    knots.append(Knot(100, "4:4:4", ((1.0,) * 64,) * 3))

    assert [tables_at(knots, quality)[0][0][0] for quality in (1, 50, 100)] == [255, 16, 1]


@each_content
def test_tables_between_knots_are_between_them(content):
    """Every divisor must be between those of the neighbouring knots, with the subsampling of the lower one."""
    knots = shipped_knots()[content]
    pairs = [(low, high) for low, high in pairwise(knots) if low.quality < high.quality]

    for low, high in pairs:
        tables, subsampling = tables_at(knots, (low.quality + high.quality) / 2)

        assert subsampling == low.subsampling
        for coarse, table, fine in zip(low.tables, tables, high.tables, strict=True):
            assert all(round(c) >= value >= round(f) for c, value, f in zip(coarse, table, fine, strict=True))


def test_the_shipped_file_holds_every_content():
    """The shipped file must have tables for photographs and for graphics."""
    knots = load_knots(models_folder() / "jpeg-tables.json")

    assert set(knots) == {PHOTOGRAPH, GRAPHIC}
    assert knots == shipped_knots()
    assert {one.subsampling for rows in knots.values() for one in rows} <= {"4:2:0", "4:4:4"}


@each_content
def test_the_shipped_tables_span_what_decoders_read(content):
    """The shipped tables must span all divisors from 255 to 1."""
    coarsest, finest = quantisation(1, content)[0], quantisation(100, content)[0]

    assert (set(sum(coarsest, ())), set(sum(finest, ()))) == ({255}, {1})

"""The three hundred orders: there are as many, they ask for everything there is, and what they come to is told."""

from __future__ import annotations

from inspect import Parameter, signature

import pytest

import bytefit
from orders import FORMATS, MODES, ORDERS, SOURCES, compared, digest_of, line_of, summary

BY_NAME = {order.name: order for order in ORDERS}
OPTIONS = [
    name for name, found in signature(bytefit.compress).parameters.items() if found.kind is Parameter.KEYWORD_ONLY
]

FITS = "compress/photo/-/JPEG/effort=fast/30%"
FAILS = "compress/photo/-/JPEG/slack=1/30%"
MISSES = "compress/photo/-/JPEG/-/60"
FILE = "file/JPEG/-/own format/dry_run/50%"


def test_there_are_three_hundred_names_and_more():
    """Each order has a name of its own, and no name breaks a line."""
    assert len(ORDERS) == len(BY_NAME) >= 300
    assert not any(set("\t\n") & set(name) for name in BY_NAME)


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_is_asked_for(option):
    """One that is added to `compress` has to be added to an order."""
    assert any(option in order.options for order in ORDERS)


@pytest.mark.parametrize("wanted", [*FORMATS, "auto"])
def test_every_format_is_asked_for(wanted):
    """In memory, with more than one option."""
    assert sum(order.options.get("format") == wanted for order in ORDERS) > 2


def test_every_source_and_every_mode_is_asked_for():
    """None was made for nothing, and none is missing."""
    asked = {order.source for order in ORDERS}

    assert asked == set(SOURCES)
    assert {f"mode {mode}" for mode in MODES} < asked


def test_an_answer_is_told():
    """The same twice: its numbers, and the hash of its bytes."""
    line = line_of(BY_NAME[FITS])

    name, kind, codec_format, size, _, dimensions, frames, scale, proven, trials, digest = line.split("\t")
    assert (name, kind, codec_format, dimensions, frames, scale) == (FITS, "ok", "JPEG", "160x120", "1", "1.0")
    assert int(size) <= 0.3 * 160 * 120
    assert proven in {"True", "False"}
    assert int(trials) >= 1
    assert len(digest) == 16
    assert line_of(BY_NAME[FITS]) == line


def test_the_clock_is_not_in_the_hash():
    """An animated AVIF says when it was made; nothing else may differ without being seen."""
    made = [
        b"\0\0\0\x2cftypavis" + b"mvhd\1\0\0\0" + bytes([time]) * 16 + end for time in (1, 2) for end in (b"a", b"b")
    ]

    digests = [digest_of(data) for data in made]

    assert digests[:2] == digests[2:]
    assert digests[0] != digests[1]


def test_a_file_is_told_as_it_is_on_disk():
    """A dry run leaves it alone."""
    fields = line_of(BY_NAME[FILE]).split("\t")

    assert fields[1:3] == ["ok", "changed=False"]
    assert fields[5] != fields[-1]


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [(FAILS, "ConfigError", "slack # is not a share"), (MISSES, "BudgetUnreachable", "cannot fit the image in # B")],
)
def test_an_error_is_told(name, kind, text):
    """Its class, and its text without digits."""
    told, found, _, message = line_of(BY_NAME[name]).split("\t")

    assert (told, found) == (name, kind)
    assert message.startswith(text)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("ok\t1", "ok\t1", "answers the same"),
        ("ok\t1", "ok\t2", "answers differ"),
        ("ok\t1", "ConfigError\t-\ta", "answers differ"),
        ("ConfigError\t-\ta", "ConfigError\t-\ta", "errors the same"),
        ("ConfigError\t-\ta", "ConfigError\t-\tb", "error texts differ"),
        ("ConfigError\t-\ta", "CRASH KeyError\t-\ta", "errors differ in class"),
        ("ConfigError\t-\ta", "ok\t1", "errors differ in class"),
        ("skipped\tm", "skipped\tm", "skipped"),
        ("skipped\tm", "ok\t1", "answers differ"),
    ],
)
def test_lines_are_held_against_each_other(before, after, kind):
    """What differs is printed with both lines."""
    told, counts = compared([f"a\t{before}"], [f"a\t{after}"])

    assert counts == {kind: 1}
    assert len(told) == (0 if before == after else 3)
    assert f"1 {kind}" in summary(counts)


def test_an_order_that_was_not_there_before_is_a_difference():
    """Or is not there any more."""
    assert compared([], ["a\tok\t1"])[1] == {"answers differ": 1}
    assert compared(["a\tok\t1"], [])[1] == {"answers differ": 1}

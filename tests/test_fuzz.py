"""The fuzzer finds nothing in a fixed number of orders, and finds what there is to find."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from io import BytesIO
from math import inf
from random import Random
from tempfile import TemporaryFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from animations import moving
from bytefit.formats import FORMATS
from bytefit.options import OPTIONS
from fuzz import TESTS
from fuzz.__main__ import line_of
from fuzz.files import MARK
from fuzz.layouts import parts_of, with_checksums
from fuzz.mutations import mutated
from fuzz.order import WAYS
from fuzz.promises import BrokenPromise, check, shown
from fuzz.workers import _death, _Worker, endings
from images import encoded, exif, flat, graphic, noise, photograph

# Every other one of the first 600, in which everything is asked for: some 10 s on one core. `python -m tests.fuzz`
# carries out as many as you like.
SEEDS = range(1, 600, 2)


def test_a_fixed_number_of_orders_finds_nothing():
    """Whatever is found is repeated with `python -m tests.fuzz --seed N`."""
    ended = list(endings(SEEDS.start, 1, None, orders=len(SEEDS), until=inf, every=SEEDS.step))

    assert [line_of(one) for one in ended if one.kind == "finding"] == []
    assert sorted(one.seed for one in ended) == list(SEEDS)
    assert sum(one.kind == "answer" for one in ended) > len(SEEDS) // 8


def described(seeds, *, hash_seed="0"):
    """Return words, hash of the data, way, options, suffixes and whether it is whole, of orders in a new process."""
    code = """
import json, sys, zlib
from fuzz.order import order_of
orders = map(order_of, range(*map(int, sys.argv[1:])))
print(json.dumps([
    (str(one), zlib.crc32(one.data), one.way, list(one.options), one.file.suffix, one.suffix, one.whole)
    for one in orders
]))
"""
    path = os.pathsep.join([str(TESTS), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, (seeds.start, seeds.stop, seeds.step))],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": path},
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_a_seed_decides_everything():
    """An order that cannot be repeated in another process could not be examined."""
    assert described(range(40), hash_seed="1") == described(range(40), hash_seed="2")


def test_everything_is_asked_for():
    """Each way in, each option and each format must take part, and most files must be damaged."""
    orders = described(SEEDS)

    read, written = ({order[place] for order in orders} for place in (4, 5))
    assert {way for _, _, way, *_ in orders} == set(WAYS)
    assert {option.name for option in OPTIONS} <= {name for _, _, _, options, *_ in orders for name in options}
    for one in (one for one in FORMATS if one.folder and one.suffixes and not one.plugin):
        assert read.intersection(one.suffixes), one
        assert written.intersection(one.suffixes), one
    assert 0.5 < sum(not whole for *_, whole in orders) / len(orders) < 0.9


@pytest.mark.parametrize("name", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "AVIF", "JPEG2000", "BMP"])
def test_the_structure_of_each_format_is_known(name):
    """Damage at random seldom hits a length or a count: the numbers must be known, and the dimensions among them."""
    data = encoded(photograph((37, 29)), name)

    numbers, blocks = parts_of(data)

    assert {37, 29} <= {int.from_bytes(data[at : at + width], order) for at, width, order in numbers}
    assert blocks or name == "BMP"


@given(
    st.binary(max_size=300), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF", b"II*\0"])
)
def test_any_file_can_be_damaged(data, start):
    """Walkers and mutations must not raise, whatever is left of a file that was damaged before."""
    damaged = mutated(Random(len(data)), start + data, lambda: data)

    assert isinstance(damaged, bytes)


def test_checksums_of_a_damaged_png_are_corrected():
    """With a wrong checksum the decoder would stop at once, and nothing behind it would be tested."""
    data = encoded(flat((8, 8)), "PNG")
    broken = data[:16] + (9).to_bytes(4, "big") + data[20:]

    assert Image.open(BytesIO(with_checksums(broken))).size == (9, 8)
    assert with_checksums(data) == data


@pytest.mark.parametrize(
    ("number", "error"), [(signal.SIGSEGV, "died: SIGSEGV"), (signal.SIGPROF, "died: more than 60 s")]
)
def test_a_worker_that_dies_is_a_finding(number, error):
    """Neither a segmentation fault nor an endless loop may end the run or be lost."""
    code = f"""
import faulthandler, os, signal
faulthandler.enable()
faulthandler.register(signal.SIGPROF, chain=True)
os.kill(os.getpid(), {int(number)})
"""
    with TemporaryFile() as errors:
        process = subprocess.Popen([sys.executable, "-c", code], stderr=errors)
        process.wait()

        ending = _death(_Worker(process, errors, seed=7))

    assert (ending.seed, ending.kind, ending.error) == (7, "finding", error)
    assert "<module>" in ending.frame


SOURCE = encoded(graphic((32, 24)), "PNG")
MOVING = moving("WEBP", lossless=True)


@pytest.mark.parametrize(
    ("answer", "options", "source", "promise"),
    [
        (SOURCE, {}, SOURCE, None),
        (SOURCE, {"lossless": True}, SOURCE, None),
        (SOURCE + bytes(60_000), {}, SOURCE, "[0-9]+ bytes of 60000"),
        (SOURCE, {"exact": True}, SOURCE, "not exact"),
        (SOURCE[:-200], {}, SOURCE, "truncated|decoded"),
        (encoded(graphic((31, 24)), "PNG"), {}, SOURCE, r"\(31, 24\) pixels instead of \(32, 24\)"),
        (encoded(graphic((31, 24)), "PNG"), {"resize": True}, SOURCE, None),
        (encoded(graphic((31, 24)), "PNG"), {"resize": True, "max_width": 30}, SOURCE, "above"),
        (encoded(graphic((33, 24)), "PNG"), {"resize": True}, SOURCE, "more than"),
        (encoded(photograph((32, 24)), "PNG"), {}, SOURCE, "transparency was lost"),
        (SOURCE, {}, encoded(photograph((32, 24)), "PNG"), "transparency was added"),
        (encoded(noise((32, 24), "RGBA"), "PNG"), {"lossless": True}, SOURCE, r"lossless, and the frames \[0\] differ"),
        (encoded(photograph((32, 24)), "PNG", exif=MARK), {"metadata": "strip"}, None, "stripped"),
        (encoded(photograph((48, 32)), "WEBP"), {}, MOVING, "1 frames of 3"),
        (encoded(photograph((48, 32)), "WEBP"), {"allow_frame_drop": True}, MOVING, None),
    ],
)
def test_broken_promises_are_noticed(answer, options, source, promise):
    """A check that notices nothing would let the fuzzer run and find nothing."""
    known = None if source is None else shown(source)

    if promise is None:
        check(answer, 60_000, options, known, marked=True)
    else:
        with pytest.raises((BrokenPromise, OSError), match=promise):
            check(answer, 60_000, options, known, marked=True)


def test_pictures_are_compared_as_they_are_shown():
    """An orientation in EXIF and the same turn of the pixels are one picture."""
    picture = photograph((24, 16))
    marked = shown(encoded(picture, "PNG", exif=exif(orientation=6)))
    turned = shown(encoded(picture.transpose(Image.Transpose.ROTATE_270), "PNG"))

    assert (marked.size, marked.pixels) == (turned.size, turned.pixels) == ((16, 24), turned.pixels)

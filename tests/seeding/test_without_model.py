"""Probing: the mean curve bent through a few encodes near the answer, and nothing encoded twice."""

from __future__ import annotations

from itertools import accumulate, pairwise
from math import exp, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bytefit.codecs.avif.codec import AVIF
from bytefit.codecs.gif.codec import GIF
from bytefit.codecs.jpeg2000.codec import JPEG2000
from bytefit.codecs.png.codec import PNG
from bytefit.codecs.preparing import prepare
from bytefit.codecs.tiff.codec import TIFF
from bytefit.codecs.webp.codec import WEBP
from bytefit.pictures.frames import Frames
from bytefit.seeding.seed import mean_curve
from bytefit.seeding.without_model import seed_by_probes
from images import flat, noise, photograph

PICTURE = flat((40, 30))
LAST = len(PNG.ladder) - 1


def told(sizes, encoded):
    """Return PNG as a codec that encodes in no time, and of which a probe at every rung tells the size."""

    def encode(_picture, options):
        encoded.append(options["rung"])
        return bytes(8)

    return PNG._replace(
        setting=lambda quality, _mode: {"rung": PNG.ladder.index(quality)},
        encode=encode,
        hints=PNG.hints._replace(probe_gain=lambda quality, _picture, _data: log(sizes[PNG.ladder.index(quality)])),
        variants=PNG.variants._replace(per_picture=lambda codec: codec),
    )


def probed(sizes, budget, *, first=0, last=LAST):
    """Return what is predicted where rungs weigh `sizes`, and the rungs that were encoded."""
    encoded = []
    codec = told(sizes, encoded)
    prediction = seed_by_probes(codec, PICTURE, budget=budget, min_accept=int(budget * 0.95), first=first, last=last)
    return prediction, encoded


@settings(max_examples=100)
@given(
    st.lists(st.integers(50, 10**6), min_size=LAST + 1, max_size=LAST + 1),
    st.booleans(),
    st.integers(1, 10**7),
    st.data(),
)
def test_whatever_probes_tell_the_search_gets_what_it_can_use(sizes, rising, budget, data):
    """Whatever the probes measure, the curve never falls, the start is within bounds and no probe is made twice."""
    first = data.draw(st.integers(0, LAST))
    last = data.draw(st.integers(first, LAST))

    prediction, encoded = probed(sorted(sizes) if rising else sizes, budget, first=first, last=last)

    curve = list(prediction.curve)
    assert len(curve) == LAST + 1
    assert all(left <= right + 1e-9 * abs(left) for left, right in pairwise(curve))
    assert first <= prediction.start <= last
    assert prediction.last in {last, last - 1}
    assert len(encoded) == len(set(encoded)) == len(prediction.probes) <= 4
    assert all(first <= rung <= last for rung in encoded)


@pytest.mark.parametrize("factor", [0.2, 1.0, 5.0])
@pytest.mark.parametrize("rung", [3, 20, 40])
def test_probes_find_the_answer_of_a_picture_of_its_own(factor, rung):
    """A picture five times as large as the average still has the shape of the mean curve."""
    sizes = [exp(value) * factor for value in accumulate(mean_curve(PNG, PICTURE), max)]

    prediction, encoded = probed(sizes, int(sizes[rung] * 1.03))

    assert abs(prediction.start - rung) <= 1
    assert all(prediction.curve[place] == pytest.approx(log(sizes[place])) for place in encoded)


def test_a_lossless_rung_that_fits_is_begun_with():
    """Nothing is better than lossless, so a lossless rung that fits ends the seeding."""
    sizes = [1000 + 10 * rung for rung in range(LAST)] + [900]

    prediction, encoded = probed(sizes, 2000)

    assert LAST in encoded
    assert (prediction.start, prediction.last) == (LAST, LAST)


@pytest.mark.parametrize(("lossless", "last"), [(2200, LAST), (9000, LAST - 1)])
def test_a_last_rung_is_given_up_only_where_it_is_hopeless(lossless, last):
    """A prediction slightly above the budget may be an error, so the rung is tried."""
    sizes = [1000 + 10 * rung for rung in range(LAST)] + [lossless]

    assert probed(sizes, 2000)[0].last == last


@pytest.mark.parametrize("codec", [GIF, TIFF, JPEG2000], ids=lambda codec: codec.format)
def test_stills_of_other_formats_cost_no_probe(codec):
    """For them no probe is quicker than the trial itself."""
    picture = prepare(codec, photograph((48, 32)))

    prediction = seed_by_probes(codec, picture, budget=2000, min_accept=1900, first=0, last=len(codec.ladder) - 1)

    assert (prediction.probes, prediction.start) == ((), None)
    assert all(
        now == pytest.approx(mean) or now > mean
        for now, mean in zip(prediction.curve, mean_curve(codec, picture), strict=True)
    )


def test_frames_that_are_all_alike_cost_one():
    """Equal frames add nothing: only the first frame, or the key frames, are coded whole."""
    frames = Frames((noise((32, 24), "L"),) * 40, (40,) * 40, loop=0)
    whole = len(GIF.encode(frames.first, GIF.setting(GIF.ladder[20], "RGB")))

    prediction = seed_by_probes(
        GIF, prepare(GIF, frames), budget=whole * 2, min_accept=whole, first=20, last=len(GIF.ladder) - 1
    )

    assert prediction.probes
    assert prediction.curve[20] < log(whole * 3)


@pytest.mark.parametrize(("count", "runs", "length"), [(7, 0, 0), (8, 1, 3), (17, 1, 3), (18, 3, 3), (120, 3, 5)])
def test_excerpts_are_as_long_as_the_animation_allows(count, runs, length):
    """A long animation has three runs and their first frames, a short one has the middle run, the shortest none."""
    whole = noise((32 + count, 24))
    pictures = tuple(whole.crop((place, 0, place + 32, 24)) for place in range(count))
    seen = []
    codec = WEBP._replace(encode=lambda frames, _options: seen.append(frames.pictures) or bytes(100 * len(seen[-1])))

    prediction = seed_by_probes(
        codec, Frames(pictures, (40,) * count), budget=10**9, min_accept=1, first=0, last=len(WEBP.ladder) - 1
    )

    assert len(prediction.probes) % max(1, 2 * runs) == 0
    assert [len(part) for part in seen[: 2 * runs]] == [length] * runs + [1] * runs
    starts = [pictures.index(part[0]) for part in seen[:runs]]
    assert starts == {0: [], 1: [(count - length) // 2], 3: [0, (count - length) // 2, count - length]}[runs]


def test_what_an_animation_has_around_its_frames_counts_once():
    """A still in AVIF has 500 bytes less, which must not be taken for the changes of a frame."""
    frames = Frames(tuple(noise((32, 24)).rotate(turn) for turn in range(60)), (40,) * 60)

    def encode(part, _options):
        count = len(part.pictures)
        return bytes(1000 + 100 * (count - 1) + 500 * (count > 1))

    prediction = seed_by_probes(
        AVIF._replace(encode=encode), frames, budget=9000, min_accept=8000, first=0, last=len(AVIF.ladder) - 1
    )

    rung = next(at for at, size in enumerate(prediction.curve) if size >= log(7400) - 1e-6)
    assert prediction.curve[rung] == pytest.approx(log(1000 + 59 * 100 + 500), abs=0.01)

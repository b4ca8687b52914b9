"""Ladders: every rung a file of its own, from the smallest to the largest; floors and ceilings on them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from PIL import features

from bytefit.codecs.avif.codec import AVIF
from bytefit.codecs.codec import LOSSLESS
from bytefit.codecs.webp.codec import WEBP
from bytefit.errors import ConfigError
from codec_marks import each_codec
from images import photograph

# Which qualities share a quantiser changed with libavif 1.4; with older ones some rungs coincide, which costs a trial.
LIBAVIF = tuple(map(int, (features.version("avif") or "0.0").split(".")[:2]))


newest_libavif = pytest.mark.skipif(LIBAVIF < (1, 4), reason="the ladder is that of libavif 1.4")


@each_codec
def test_ladders_rise_strictly(codec):
    """Every rung is a quality of its own, from the smallest file to the largest."""
    assert all(left < right for left, right in pairwise(codec.ladder))


@pytest.fixture(scope="module")
def avif_by_quality():
    """Return the AVIF file of every quality Pillow has a name for."""
    picture = photograph((64, 48))
    return [AVIF.encode(picture, {"quality": quality}) for quality in range(101)]


@newest_libavif
def test_every_avif_rung_is_a_file_of_its_own(avif_by_quality):
    """Pillow's 101 qualities share libaom's 64 quantisers: each is one rung, in the libavif that is installed."""
    files = {avif_by_quality[int(quality)] for quality in AVIF.ladder}

    assert len(files) == len(AVIF.ladder)
    assert files == set(avif_by_quality)


@newest_libavif
def test_an_avif_floor_admits_every_name_of_its_own_quantiser(avif_by_quality):
    """A floor of any quality admits the rung that encodes exactly like it, by whichever of its names it is asked."""
    refused = [
        quality
        for quality in range(101)
        if avif_by_quality[quality] != avif_by_quality[int(AVIF.ladder[AVIF.floor_rung(quality)])]
    ]

    assert refused == []


def test_the_lowest_webp_rungs_are_files_of_their_own():
    """Libwebp's quantisers are dense there: a ladder of whole qualities would jump over most of the smallest files."""
    picture = photograph((320, 240))

    sizes = [len(WEBP.encode(picture, WEBP.setting(quality, "RGB"))) for quality in WEBP.ladder if quality <= 4]

    assert all(1 < high / low < 1.06 for low, high in pairwise(sizes))
    assert sizes[-1] > 1.5 * sizes[0]


# The lowest quality there is where that is not the bottom of an encoder's scale: two colours; every pixel as it is.
LOWEST = {"PNG": {20}, "TIFF": {LOSSLESS}}


@each_codec
def test_the_ends_of_a_ladder_are_the_ends_of_the_codecs_scale(codec):
    """Nothing below or above could have been reached: AVIF's 0, 1 and 2 are one setting."""
    assert codec.ladder[0] in LOWEST.get(codec.format, {0, 1, 2})
    assert codec.ladder[-1] == 100


@each_codec
def test_no_two_rungs_share_their_settings(codec):
    """Equal settings are equal files: a trial wasted. What an effort adds tells no rungs apart."""
    added = {name for options in codec.save_options.efforts.values() for name in options}

    settings = {
        repr({name: value for name, value in codec.setting(quality, "RGB").items() if name not in added})
        for quality in codec.ladder
    }

    assert len(settings) == len(codec.ladder)


@each_codec
def test_the_mean_curve_covers_the_ladder_and_rises(codec):
    """It is interpolated over the whole ladder, and read backwards."""
    qualities, bits = zip(*codec.mean_bits, strict=True)

    assert qualities[-1] == codec.ladder[-1]
    assert qualities[0] == codec.ladder[0] or len(codec.ladder) == 1
    assert all(left < right for left, right in pairwise(qualities))
    assert all(0 < left < right or len(codec.ladder) == 1 for left, right in pairwise(bits))


@each_codec
def test_higher_rungs_make_larger_files_on_the_whole(codec):
    """Neighbours may be inverted; the ends and the middle may not."""
    picture = photograph((96, 64))
    last = len(codec.ladder) - (2 if codec.format == "GIF" else 1)  # GIF cannot keep the colours of a photograph
    rungs = sorted({0, len(codec.ladder) // 2, last})

    sizes = [len(codec.encode(picture, codec.setting(codec.ladder[rung], "RGB"))) for rung in rungs]

    assert all(low < high for low, high in pairwise(sizes))
    assert len(sizes) == min(3, len(codec.ladder))


@each_codec
@pytest.mark.parametrize("most", [-1, 0, 19.9, 50, 99.99, 100, 1000])
def test_the_ceiling_is_the_highest_rung_of_at_most_that_quality(codec, most):
    """Nothing above it was in the source; below the ladder there is nothing but its lowest rung."""
    rung = codec.highest_rung(most)

    assert rung == 0 or codec.ladder[rung] <= most
    assert rung == len(codec.ladder) - 1 or codec.ladder[rung + 1] > most


@each_codec
@pytest.mark.parametrize("min_quality", [None, 0, 0.5, 1, 33, 50.25, 75, 99.9, 100])
def test_the_floor_is_the_lowest_rung_with_at_least_that_quality(codec, min_quality):
    """No rung below it is good enough, and no rung that is good enough is left out."""
    rung = codec.floor_rung(min_quality)

    assert codec.ladder[rung] >= (min_quality or 0)
    assert rung == 0 or codec.ladder[rung - 1] < min_quality


@each_codec
@pytest.mark.parametrize("min_quality", [-1, 100.5, 1e9, float("nan"), "75", True, [50]])
def test_floors_off_the_scale_are_refused(codec, min_quality):
    """The message has the codec's scale."""
    with pytest.raises(ConfigError, match=f"not on the scale of {codec.format}: give a number from 0 to 100"):
        codec.floor_rung(min_quality)

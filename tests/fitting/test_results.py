"""What a result says, and that the same request has the same result."""

from __future__ import annotations

import copy
import json
import subprocess
import sys

import pytest

import bytefit
from bytefit.codecs import LEARNED, codec_for_format
from bytefit.codecs.encoding import NO_METADATA
from bytefit.codecs.preparing import prepare
from images import XMP, encoded, exif, icc_profile, noise, opened, photograph, write_jpeg
from outcomes import OWN_CODING, each_format, size_at, size_for


@pytest.mark.parametrize("wanted", ["JPEG", "PNG"])
def test_every_attribute_of_the_contract_is_there(wanted):
    """Plugins and reports rely on these names of a result."""
    picture = photograph(size_for(wanted))
    budget = size_at(picture, wanted)

    result = bytefit.compress(picture, budget, format=wanted)

    codec = codec_for_format(wanted)
    assert result.format == wanted
    assert result.quality in codec.ladder
    assert result.fill == result.size / budget
    assert result.score is None
    assert result.seconds > 0
    assert isinstance(result.trials, tuple)
    assert isinstance(result.probes, tuple)
    assert len(result.trials) >= 1
    for trial in (*result.trials, *result.probes):
        assert isinstance(trial, bytefit.Trial)
        assert trial.size > 0
        assert trial.seconds > 0
        assert isinstance(trial.setting, dict)
    assert (result.setting, result.size) in [(trial.setting, trial.size) for trial in result.trials]


def test_a_result_is_printed_without_its_bytes():
    """The bytes of a result must stay out of its repr, which would fill a prompt or a log."""
    result = bytefit.compress(photograph((64, 48)), 4000, format="JPEG")

    assert len(repr(result)) < 300


@each_format
def test_the_setting_makes_the_same_file_again(wanted):
    """The codec, and plain Pillow where it codes the format alone, must make the same bytes of the stated setting."""
    picture = photograph(size_for(wanted))
    result = bytefit.compress(picture, size_at(picture, wanted), format=wanted)

    codec = codec_for_format(wanted)
    prepared = prepare(codec, picture)
    assert codec.encode(prepared, {**result.setting, **NO_METADATA}) == result.data
    assert wanted in OWN_CODING or encoded(picture, result.format, **result.setting) == result.data


def test_the_setting_of_noise_makes_the_same_file_again():
    """A progressive file of noise is larger than the buffer that Pillow guesses: the codec must make room for it."""
    picture = noise((256, 192))
    result = bytefit.compress(picture, "10MB", format="JPEG", subsampling=0)

    assert codec_for_format("JPEG").encode(picture, result.setting) == result.data
    assert opened(result.data).info["progressive"]


# What a result says: its bytes, how they were made, and the trials and probes. In another process this text is run.
REPORT = """
import hashlib, sys

def report(result):
    trials, probes = ([[repr(one.setting), one.size] for one in made] for made in (result.trials, result.probes))
    return [hashlib.sha256(result.data).hexdigest(), repr(result.setting), result.quality, trials, probes]
"""
MAIN = """
import json, bytefit
print(json.dumps([report(bytefit.compress(*call, **options)) for call, options in json.load(sys.stdin)]))
"""


def test_an_answer_is_the_same_in_every_process(tmp_path):
    """Bytes, setting, trials and probes must not depend on time, chance, or on what a process compressed before."""
    photo, small, few = (tmp_path / name for name in ("photo.jpg", "small.png", "few colours.png"))
    write_jpeg(photo, photograph((640, 320)))  # smaller ones have no sample probes
    small.write_bytes(encoded(photograph((72, 48)), "PNG"))
    few.write_bytes(encoded(photograph((21, 14)), "PNG"))
    calls = [
        *(((str(photo), 20_000), {"format": codec.format}) for codec in LEARNED),
        *(((str(photo), 20_000), {"format": wanted, "slack": 0, "effort": "fast"}) for wanted in ("JPEG", "AVIF")),
        *(((str(few), 500), {"format": wanted}) for wanted in ("PNG", "GIF", "WEBP")),
        ((str(small), 2000), {"format": "JPEG2000"}),
    ]
    names = {}
    exec(REPORT, names)  # noqa: S102

    first = [names["report"](bytefit.compress(*call, **options)) for call, options in calls]
    second = [names["report"](bytefit.compress(*call, **options)) for call, options in reversed(calls)][::-1]
    command = [sys.executable, "-W", "error", "-c", REPORT + MAIN]
    third = subprocess.run(command, input=json.dumps(calls), capture_output=True, text=True, check=True).stdout

    assert first == second == json.loads(third)


@pytest.mark.parametrize(
    ("wanted", "policy", "budget"),
    [("JPEG", "strip", 3000), ("WEBP", "keep", 3000), ("GIF", "strip", 500), ("PNG", "orientation+icc", 1000)],
)
def test_the_users_picture_is_not_touched(wanted, policy, budget):
    """A picture that was passed in must keep its mode, size, pixels and metadata."""
    data = encoded(
        *(photograph(size_for(wanted)), "JPEG"),
        exif=exif(orientation=6),
        icc_profile=icc_profile(),
        xmp=XMP,
        comment=b"a view",
    )
    picture, witness = opened(data), opened(data)
    info = copy.deepcopy(picture.info)

    bytefit.compress(picture, budget, format=wanted, metadata=policy, resize=True, slack=0)

    assert (picture.mode, picture.size, picture.format) == (witness.mode, witness.size, "JPEG")
    assert picture.info == info
    assert picture.tobytes() == witness.tobytes()
    assert dict(picture.getexif()) == dict(witness.getexif())


@pytest.mark.parametrize(
    ("wanted", "option"),
    [
        ("JPEG", {"subsampling": "4:4:4"}),
        ("WEBP", {"method": 0}),
        ("AVIF", {"subsampling": "4:4:4"}),
        ("PNG", {"dither": 1}),
        ("JPEG2000", {"num_resolutions": 2}),
        ("TIFF", {"compression": "tiff_lzw"}),
    ],
)
def test_save_options_are_used_in_every_encode(wanted, option):
    """A save option must be in every encode and in the stated setting."""
    picture = photograph(size_for(wanted))

    result = bytefit.compress(picture, 2 * size_at(picture, wanted, 0.6), format=wanted, **option)

    assert option.items() <= result.setting.items()
    assert all(option.items() <= trial.setting.items() for trial in result.trials)
    assert codec_for_format(wanted).encode(picture, {**result.setting, **NO_METADATA}) == result.data
    assert wanted in OWN_CODING or encoded(picture, wanted, **result.setting) == result.data

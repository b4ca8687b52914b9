"""What a result says, and that the same request has the same result."""

from __future__ import annotations

import copy
import hashlib
import json
import subprocess
import sys

import pytest

import bytefit
from bytefit.codecs import codec_for_format
from bytefit.codecs.encoding import NO_METADATA
from bytefit.codecs.preparing import prepare
from images import XMP, encoded, exif, icc_profile, noise, opened, photograph
from outcomes import OWN_CODING, PICTURES, each_format, each_ladder, size_at


@each_format
def test_every_attribute_of_the_contract_is_there(wanted):
    """Others rely on these names."""
    picture = photograph()
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
    """A prompt or a log full of bytes helps nobody."""
    result = bytefit.compress(photograph((64, 48)), 4000, format="JPEG")

    assert len(repr(result)) < 300


@each_format
@pytest.mark.parametrize("kind", ["photograph", "screenshot", "grey"])
def test_the_setting_makes_the_same_file_again(wanted, kind):
    """Plain Pillow with these options gives the very bytes, where it is Pillow alone that codes them."""
    picture = PICTURES[kind]()
    result = bytefit.compress(picture, size_at(picture, wanted), format=wanted)

    codec = codec_for_format(wanted)
    prepared = prepare(codec, picture)
    assert codec.encode(prepared, {**result.setting, **NO_METADATA}) == result.data
    assert wanted in OWN_CODING or encoded(picture, result.format, **result.setting) == result.data


def test_the_setting_of_noise_makes_the_same_file_again():
    """Where a progressive file would not fit into Pillow's buffer the codec makes room for it."""
    picture = noise((256, 192))
    result = bytefit.compress(picture, "10MB", format="JPEG", subsampling=0)

    assert codec_for_format("JPEG").encode(picture, result.setting) == result.data
    assert opened(result.data).info["progressive"]


@each_format
def test_the_same_input_gives_the_same_bytes(wanted):
    """Nothing depends on time, chance or what was compressed before."""
    budget = size_at(photograph(), wanted)

    first = bytefit.compress(photograph(), budget, format=wanted)
    bytefit.compress(noise((64, 48)), 12_000, format=wanted)
    second = bytefit.compress(photograph(), budget, format=wanted)

    assert first.data == second.data


# What is told of an answer: its bytes, how they were made, and what was tried for them.
TOLD = """
import hashlib, json, sys
import bytefit
path, wanted, budget, options = sys.argv[1:]
result = bytefit.compress(path, int(budget), format=wanted, **json.loads(options))
trials, probes = ([[repr(one.setting), one.size] for one in made] for made in (result.trials, result.probes))
print(json.dumps([hashlib.sha256(result.data).hexdigest(), repr(result.setting), result.quality, trials, probes]))
"""


def told(result):
    """Return of a result what `TOLD` prints of one."""
    trials, probes = ([[repr(one.setting), one.size] for one in made] for made in (result.trials, result.probes))
    return [hashlib.sha256(result.data).hexdigest(), repr(result.setting), result.quality, trials, probes]


@each_ladder
@pytest.mark.parametrize("options", [{}, {"slack": 0, "effort": "fast"}], ids=str)
def test_an_answer_is_the_same_in_every_process(tmp_path, wanted, options):
    """Bytes, setting, trials and probes: once more in this process, after other work, and in a fresh one."""
    path = tmp_path / "photo.png"
    # Palettes take their time, and no sample of the picture.
    size, budget = (
        ((96, 64), 2500) if "colors" in codec_for_format(wanted).save_options.steered else ((640, 480), 30_000)
    )
    path.write_bytes(encoded(photograph(size), "PNG"))

    first = told(bytefit.compress(path, budget, format=wanted, **options))
    bytefit.compress(noise((64, 48)), 4000, format=wanted)
    second = told(bytefit.compress(path, budget, format=wanted, **options))
    arguments = (str(path), wanted, str(budget), json.dumps(options))
    fresh_process = subprocess.run(
        [sys.executable, "-W", "error", "-c", TOLD, *arguments], capture_output=True, text=True, check=True
    )

    assert first == second == json.loads(fresh_process.stdout)


@each_ladder
@pytest.mark.parametrize("policy", ["keep", "strip", "orientation+icc"])
def test_the_users_picture_is_not_touched(wanted, policy):
    """Mode, size, pixels, metadata: all as they were."""
    data = encoded(
        photograph(), "JPEG", exif=exif(orientation=6), icc_profile=icc_profile(), xmp=XMP, comment=b"a view"
    )
    picture, witness = opened(data), opened(data)
    info = copy.deepcopy(picture.info)

    bytefit.compress(picture, 6000, format=wanted, metadata=policy, resize=True, slack=0)

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
        ("PNG", {"dither": True}),
        ("JPEG2000", {"num_resolutions": 2}),
        ("TIFF", {"compression": "tiff_lzw"}),
    ],
)
def test_save_options_are_used_in_every_encode(wanted, option):
    """The answer has them, and so has its setting."""
    picture = photograph()

    result = bytefit.compress(picture, 2 * size_at(picture, wanted, 0.6), format=wanted, **option)

    assert option.items() <= result.setting.items()
    assert all(option.items() <= trial.setting.items() for trial in result.trials)
    assert codec_for_format(wanted).encode(picture, {**result.setting, **NO_METADATA}) == result.data
    assert wanted in OWN_CODING or encoded(picture, wanted, **result.setting) == result.data

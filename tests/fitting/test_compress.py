"""`compress`: golden outcomes. Encoder versions change bytes, these do not."""

from __future__ import annotations

import copy
import hashlib
import json
import pickle
import re
import subprocess
import sys
import zlib
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import bytefit
from bytefit import BudgetUnreachable, ConfigError, OptionError, SizeSyntaxError, UnsupportedImage
from bytefit.codecs import CODECS, LEARNED, REFUSED_FORMATS, codec_for_format, with_options
from bytefit.codecs.codec import LOSSLESS
from bytefit.codecs.encoding import NO_METADATA
from bytefit.codecs.jpeg.multi_picture import check_extras
from bytefit.codecs.png.chunks import SIGNATURE, chunk, chunks
from bytefit.options import EFFORTS
from bytefit.seeding.picture_kind import suited
from bytefit.seeding.sampling import sample
from bytefit.sources.reading import decode
from images import (
    MODES,
    XMP,
    encoded,
    exif,
    flat,
    graphic,
    icc_profile,
    in_mode,
    noise,
    opened,
    photograph,
    screenshot,
    write_jpeg,
)

each_format = pytest.mark.parametrize("wanted", [codec.format for codec in CODECS])
# Those with something to search: TIFF is one file, as small as it gets without loss.
each_ladder = pytest.mark.parametrize("wanted", [codec.format for codec in CODECS if len(codec.ladder) > 1])
# Those that hold a camera's metadata.
each_holder = pytest.mark.parametrize("wanted", [codec.format for codec in CODECS if "exif" in codec.options])
# Those that a file of any size is of some quality in.
each_lossy = pytest.mark.parametrize("wanted", ["JPEG", "WEBP", "AVIF", "JPEG2000"])
# Those whose curves a model predicts.
each_learned = pytest.mark.parametrize("wanted", [codec.format for codec in LEARNED])

ORIENTATION, EXIF_IFD, WIDTH, HEIGHT = 0x0112, 0x8769, 0xA002, 0xA003

# The tags that say how pixels are laid out, and the profile's: without them there is no TIFF.
OF_EVERY_TIFF = (set(), {256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 339, 34675})

# Palettes, coding and rate control of these are our own: no options of Pillow's make the same file.
OWN_CODING = {"PNG", "GIF", "TIFF", "JPEG2000"}

PICTURES = {
    "photograph": photograph,
    "screenshot": screenshot,
    "noise": lambda: noise((96, 64)),
    "flat": flat,
    "grey": lambda: photograph(mode="L"),
    "tiny": lambda: noise((1, 1)),
    "thin": lambda: noise((3, 150)),
}


def codec_of(picture, wanted):
    """Return the codec of a format as it suits `picture`."""
    codec = codec_for_format(wanted)
    return suited(codec, sample(codec, codec.prepare(picture)))


def size_at(picture, wanted, share=0.5):
    """Return the bytes of `picture` at the rung that is `share` up the ladder: a budget within reach."""
    codec = codec_of(picture, wanted)
    rung = round(share * (len(codec.ladder) - 1))
    prepared = codec.prepare(picture)
    return len(codec.encode(prepared, {**codec.setting(codec.ladder[rung], prepared.mode), **NO_METADATA}))


def smallest(picture, wanted, **options):
    """Return the error that says how small `picture` can be made."""
    with pytest.raises(BudgetUnreachable) as caught:
        bytefit.compress(picture, 1, format=wanted, **options)
    return caught.value


def fresh(data):
    """Return the picture in `data` as a user opens it: nothing decoded yet."""
    return Image.open(BytesIO(data))


def stored(data):
    """Return the picture in `data` with the metadata it states: Pillow applies those of TIFF, and reads none of JP2."""
    picture = fresh(data)
    return decode(data, "the answer") if picture.format == "JPEG2000" else picture


def comment_of(picture):
    """Return the comment of an opened picture: PNG has one among its texts."""
    return picture.info.get("comment") or picture.info.get("Comment", "").encode()


def is_lossless(result):
    """Return whether a result is one that keeps every pixel, for which there is no next rung."""
    lossless = codec_for_format(result.format).lossless
    return lossless is not None and result.quality == LOSSLESS and lossless.items() <= result.setting.items()


@each_format
@pytest.mark.parametrize("kind", PICTURES)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_answer_fits_and_decodes(wanted, kind, share):
    """At most the budget, in the format asked for, with the same dimensions."""
    picture = PICTURES[kind]()
    budget = size_at(picture, wanted, share) + 5

    result = bytefit.compress(picture, budget, format=wanted)

    again = opened(result.data)
    assert result.size == len(result.data) <= result.budget == budget
    assert result.fits
    assert (again.format, again.size) == (wanted, picture.size)
    assert (result.width, result.height, result.scale) == (*picture.size, 1.0)


def is_hopeless_above(result, picture):
    """Return whether nothing but the lossless rung is left above an answer, and that is over the budget, really."""
    codec = codec_for_format(result.format)
    if codec.lossless is None or result.quality != codec.ladder[-2]:
        return False
    prepared = codec.prepare(picture)
    return len(codec.encode(prepared, {**codec.setting(LOSSLESS, prepared.mode), **NO_METADATA})) > result.budget


@each_format
@given(budget=st.integers(1, 30_000), slack=st.floats(0, 0.99), seed=st.integers(0, 3))
@settings(max_examples=25)
def test_nothing_over_the_budget_is_ever_returned(wanted, budget, slack, seed):
    """A fit or an error: the promise."""
    picture = photograph((64, 48), seed=seed)

    result = bytefit.compress(picture, budget, format=wanted, slack=slack, on_unreachable="smallest")

    if result.fits:
        assert result.size <= budget
        assert result.proven or result.size >= (1 - slack) * budget or is_hopeless_above(result, picture)
    else:
        with pytest.raises(BudgetUnreachable) as caught:
            bytefit.compress(picture, budget, format=wanted, slack=slack)
        assert caught.value.smallest == result.size > budget


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


@each_ladder
@pytest.mark.parametrize("kind", ["photograph", "screenshot", "noise"])
def test_without_slack_the_answer_is_proven(wanted, kind):
    """It fits, and the next rung, really encoded, does not; or it keeps every pixel, and there is none."""
    picture = PICTURES[kind]()
    codec = codec_of(picture, wanted)
    budget = size_at(picture, wanted) + 3

    result = bytefit.compress(picture, budget, format=wanted, slack=0)

    assert result.proven
    if is_lossless(result):
        assert opened(result.data).convert("RGB").tobytes() == picture.tobytes()
    else:
        rung = codec.ladder.index(result.quality)
        following = codec.setting(codec.ladder[rung + 1], "RGB")
        assert len(codec.encode(picture, {**following, **NO_METADATA})) > budget


@each_format
def test_without_slack_the_best_rung_is_proven_where_it_fills_the_budget(wanted):
    """On a plateau the rung above has the same bytes, and is the better picture."""
    picture = flat((64, 64))
    budget = size_at(picture, wanted, 0)

    result = bytefit.compress(picture, budget, format=wanted, slack=0)

    codec = codec_of(picture, wanted)
    above = codec.ladder[codec.ladder.index(result.quality) + 1 :][:1]
    assert result.proven
    assert all(len(codec.encode(picture, {**codec.setting(rung, "RGB"), **NO_METADATA})) > budget for rung in above)


@each_format
def test_more_than_the_largest_encoding_is_the_highest_rung(wanted):
    """A budget nobody can fill is answered with the best there is."""
    result = bytefit.compress(photograph((64, 48)), "50MB", format=wanted)

    assert (result.quality, result.proven) == (codec_for_format(wanted).ladder[-1], True)


@each_format
def test_wide_slack_stops_earlier_than_none(wanted):
    """A tolerance saves encodes, never costs any."""
    picture = photograph()
    budget = size_at(picture, wanted, 0.6) + 1

    loose = bytefit.compress(picture, budget, format=wanted, slack=0.5)
    tight = bytefit.compress(picture, budget, format=wanted, slack=0)

    assert len(loose.trials) <= len(tight.trials)
    assert loose.size <= tight.size


@each_format
@pytest.mark.parametrize("kind", ["photograph", "screenshot", "grey"])
def test_the_setting_makes_the_same_file_again(wanted, kind):
    """Plain Pillow with these options gives the very bytes, where it is Pillow alone that codes them."""
    picture = PICTURES[kind]()
    result = bytefit.compress(picture, size_at(picture, wanted), format=wanted)

    codec = codec_for_format(wanted)
    prepared = codec.prepare(picture)
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
    size, budget = ((96, 64), 2500) if "colors" in codec_for_format(wanted).steered else ((640, 480), 30_000)
    path.write_bytes(encoded(photograph(size), "PNG"))

    first = told(bytefit.compress(path, budget, format=wanted, **options))
    bytefit.compress(noise((64, 48)), 4000, format=wanted)
    second = told(bytefit.compress(path, budget, format=wanted, **options))
    arguments = (str(path), wanted, str(budget), json.dumps(options))
    fresh_process = subprocess.run(
        [sys.executable, "-W", "error", "-c", TOLD, *arguments], capture_output=True, text=True, check=True
    )

    assert first == second == json.loads(fresh_process.stdout)


@each_learned
@pytest.mark.parametrize("bits", [0.3, 1.0])
def test_what_was_encoded_to_predict_is_told(wanted, bits):
    """A picture of half a megapixel is worth some probes, each a small encode that was made."""
    picture = photograph((832, 608))
    budget = int(832 * 608 * bits / 8)

    result = bytefit.compress(picture, budget, format=wanted)

    assert result.probes
    assert all(probe.size > 0 and probe.seconds > 0 for probe in result.probes)


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


@each_format
@pytest.mark.parametrize("mode", [mode for mode in MODES if mode not in {"RGB", "L", "RGBA"}])
def test_odd_modes_fit_or_are_refused(wanted, mode):
    """Never a traceback of Pillow's, never a picture in the wrong colours."""
    picture = in_mode(mode)

    try:
        data = bytefit.compress(picture, 5000, format=wanted).data
    except UnsupportedImage:
        data = None

    assert data is None or opened(data).size == picture.size
    assert data is None or len(data) <= 5000


@pytest.mark.parametrize("wanted", ["WEBP", "AVIF"])
def test_alpha_is_kept(wanted):
    """Transparent corners stay transparent."""
    picture = graphic()

    result = bytefit.compress(picture, size_at(picture, wanted), format=wanted)

    again = opened(result.data)
    assert again.mode == "RGBA"
    assert again.getpixel((4, 4))[3] < 8


def test_inks_stay_what_they_were():
    """CMYK in a JPEG is stored inverted; twice inverted is a negative."""
    picture = opened(encoded(photograph((64, 48)).convert("CMYK"), "JPEG", quality=98))

    again = opened(bytefit.compress(picture, 9000).data)

    assert again.mode == "CMYK"
    pairs = zip(picture.resize((1, 1)).getpixel((0, 0)), again.resize((1, 1)).getpixel((0, 0)), strict=True)
    assert all(abs(before - after) <= 6 for before, after in pairs)


@each_holder
@pytest.mark.parametrize("source", ["JPEG", "WEBP", "AVIF", "PNG"])
def test_metadata_is_kept_from_every_format_to_every_other(wanted, source):
    """Orientation, profile and XMP survive, and are counted in the budget."""
    data = encoded(
        photograph(),
        source,
        exif=exif(orientation=6),
        icc_profile=icc_profile(),
        **({} if source == "PNG" else {"xmp": XMP}),
    )
    budget = size_at(photograph(), wanted, 0.4) + 1500

    result = bytefit.compress(fresh(data), budget, format=wanted)

    again = stored(result.data)
    assert result.size <= budget
    assert again.getexif()[ORIENTATION] == 6
    assert again.getexif()[0x0110] == "bytefit test camera"
    assert again.info["icc_profile"] == icc_profile()
    assert source == "PNG" or again.info["xmp"] == XMP
    assert (result.width, result.height) == photograph().size


@each_holder
def test_metadata_is_counted(wanted):
    """Half of the budget is the profile's: the answer still fits, and is the best that does."""
    body = size_at(photograph(), wanted, 0.4)
    data = encoded(photograph(), "PNG", icc_profile=icc_profile(size=body))
    budget = 2 * body + 300

    result = bytefit.compress(fresh(data), budget, format=wanted, slack=0)

    assert result.size <= budget
    assert result.fill > 0.8
    assert stored(result.data).info["icc_profile"] == icc_profile(size=body)


@each_format
@pytest.mark.parametrize("turn", range(1, 9))
def test_stripped_pictures_are_upright(wanted, turn):
    """What a viewer shows stays the same without the EXIF block."""
    source = encoded(photograph((96, 64)), "JPEG", quality=98, exif=exif(orientation=turn), icc_profile=icc_profile())

    result = bytefit.compress(
        fresh(source), size_at(photograph((96, 64)), wanted, 0.8), format=wanted, metadata="strip"
    )

    again = stored(result.data)
    assert again.size == ((64, 96) if turn >= 5 else (96, 64)) == (result.width, result.height)
    assert ORIENTATION not in again.getexif()
    assert 0x0110 not in again.getexif()
    assert "icc_profile" not in again.info
    assert result.scale == 1.0


@each_holder
def test_orientation_and_profile_may_be_all_that_is_kept(wanted):
    """The camera's name, and where it was, are gone."""
    data = encoded(
        photograph(), "JPEG", exif=exif(orientation=8), icc_profile=icc_profile(), xmp=XMP, comment=b"at home"
    )

    result = bytefit.compress(
        fresh(data), size_at(photograph(), wanted) + 900, format=wanted, metadata="orientation+icc"
    )

    again = stored(result.data)
    tags = dict(again.getexif())
    assert tags.pop(ORIENTATION) == 8
    assert tags.keys() <= OF_EVERY_TIFF[wanted == "TIFF"]
    assert again.info["icc_profile"] == icc_profile()
    assert "xmp" not in again.info
    assert comment_of(again) != b"at home"
    assert b"at home" not in result.data


def test_other_segments_comment_and_resolution_are_kept_in_jpeg():
    """IPTC and the rest go from JPEG to JPEG as they are."""
    content = b"Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00\x05\x1c\x02\x78\x00\x00\x00"
    segment = b"\xff\xed" + (len(content) + 2).to_bytes(2, "big") + content
    data = encoded(photograph(), "JPEG", comment=b"a view", dpi=(240, 240))

    result = bytefit.compress(fresh(data[:20] + segment + data[20:]), 6000)

    again = opened(result.data)
    assert ("APP13", content) in again.applist
    assert (again.info["comment"], again.info["dpi"]) == (b"a view", (240, 240))


FILM = b"\x00\x00\x00\x18ftypmp42" + b"film" * 250


def several(*further, codec_format="MPO", **options):
    """Return a JPEG file of a photograph and of further pictures, with an index of them."""
    return encoded(photograph(), codec_format, quality=95, save_all=True, append_images=list(further), **options)


# What a JPEG file may hold beside its picture, by the words for it.
EXTRAS = {
    "a motion photo's film": encoded(photograph(), quality=95) + FILM,
    "a further picture": several(noise((32, 24))),
    "2 further pictures": several(noise((32, 24)), noise((16, 8), seed=2)),
    "an Ultra HDR gain map": several(noise((32, 24)), xmp=b'<rdf:Description hdrgm:Version="1.0"/>'),
    "a further picture and a motion photo's film": several(noise((32, 24))) + FILM,
}
each_extra = pytest.mark.parametrize(("named", "data"), EXTRAS.items(), ids=EXTRAS)


def beside(data):
    """Return what stands in a JPEG file beside its picture: the pixels of every further one, and whether a film does.

    Pillow reads the index of an Ultra HDR file, but takes it for a file of one picture.
    """
    picture = fresh(data)
    if "mp" not in picture.info:
        return [], FILM in data
    origin = data.index(b"MPF\x00") + 4
    places = [origin + entry["DataOffset"] for entry in picture._getmp()[0xB002][1:]]
    return [opened(data[place:]).tobytes() for place in places], FILM in data


@each_extra
@pytest.mark.parametrize("effort", ["fast", "normal"])
@pytest.mark.parametrize("slack", [0, 0.05])
def test_what_a_jpeg_holds_beside_its_picture_is_carried_along(tmp_path, named, data, effort, slack):
    """Byte for byte where a corrected index points to, and counted: the picture alone is coded anew."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(data)
    budget = len(data) - len(encoded(photograph(), quality=95)) + 4000

    result = bytefit.compress(path, budget, effort=effort, slack=slack)

    assert (result.format, result.frames) == ("JPEG", 1), named
    assert check_extras(data, result.data) is None
    assert beside(result.data) == beside(data) != ([], False)
    assert result.size <= budget
    assert result.size in {trial.size for trial in result.trials}
    assert opened(result.data).tobytes() != opened(data).tobytes()


@each_extra
@pytest.mark.parametrize("more", [0, 1, 70_001])
def test_exact_pads_the_picture_and_nothing_beside_it(tmp_path, named, data, more):
    """An index still points to each picture, and a film is found from the end of the file."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(data)
    budget = len(data) - len(encoded(photograph(), quality=95)) + 4001 + more

    result = bytefit.compress(path, budget, exact=True)

    assert result.size == budget, named
    assert check_extras(data, result.data) is None
    assert beside(result.data) == beside(data)


@each_extra
@pytest.mark.parametrize(
    ("options", "holder"),
    [
        ({"format": "WEBP"}, "WEBP"),
        ({"metadata": "strip"}, r"a file without its metadata \(metadata='strip'\)"),
        ({"metadata": "orientation+icc"}, r"a file without its metadata \(metadata='orientation\+icc'\)"),
    ],
    ids=str,
)
def test_what_a_jpeg_holds_beside_its_picture_is_not_lost_in_silence(tmp_path, named, data, options, holder):
    """It is named, with the way out, which then leaves all of it out."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(data)

    with pytest.raises(UnsupportedImage, match=f"carries {named}, which {holder} cannot hold: drop_extras=True"):
        bytefit.compress(path, 9000, **options)
    result = bytefit.compress(path, 9000, drop_extras=True, **options)

    assert result.fits
    assert beside(result.data) == ([], False)


@each_extra
def test_what_a_jpeg_holds_beside_its_picture_may_be_left_out(tmp_path, named, data):
    """The index of it goes, too: nothing is left to point nowhere."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(data)

    result = bytefit.compress(path, 5000, drop_extras=True)

    assert result.fits, named
    assert beside(result.data) == ([], False)
    assert not any(content.startswith(b"MPF\x00") for _, content in opened(result.data).applist)


@pytest.mark.parametrize("given", [{}, {"format": "JPEG"}, {"format": "WEBP"}], ids=str)
def test_one_of_several_pictures_without_its_file_is_refused(given):
    """An opened picture has no bytes to carry the others along from: its file has, or they are left out on purpose."""
    data = EXTRAS["a further picture"]

    with pytest.raises(UnsupportedImage, match=r"one of several pictures.*give the path of the file.*drop_extras=True"):
        bytefit.compress(fresh(data), 5000, **given)
    assert bytefit.compress(fresh(data), 5000, drop_extras=True, **given).fits


def test_metadata_larger_than_the_budget_counts_what_stands_beside(tmp_path):
    """An unreachable budget says that it is the film that weighs."""
    path = tmp_path / "motion.jpg"
    path.write_bytes(encoded(photograph(), quality=95) + FILM * 20)

    with pytest.raises(BudgetUnreachable, match=r"20\.2 kB of it metadata") as caught:
        bytefit.compress(path, 10_000)

    assert caught.value.metadata_bytes == len(FILM * 20)
    assert caught.value.smallest > len(FILM * 20)


@pytest.mark.parametrize(("policy", "kept"), [("keep", True), ("orientation+icc", False), ("strip", False)])
def test_what_nobody_can_name_behind_a_jpeg_is_metadata(tmp_path, policy, kept):
    """It is kept by the policy that keeps everything, and weighs."""
    path = tmp_path / "motion.jpg"
    path.write_bytes(encoded(photograph(), quality=95) + b"what" * 250)

    result = bytefit.compress(path, 5000, metadata=policy)

    assert result.data.endswith(b"what" * 250) == kept
    assert result.size <= 5000
    assert result.size in {trial.size for trial in result.trials}


@pytest.mark.parametrize("wanted", ["WEBP", "AVIF", "PNG"])
def test_what_nobody_can_name_behind_a_jpeg_is_not_lost_in_silence(tmp_path, wanted):
    """Another format has no place for it: that is for the user to say."""
    path = tmp_path / "motion.jpg"
    path.write_bytes(encoded(photograph(), quality=95) + b"what" * 250)

    with pytest.raises(UnsupportedImage, match=r"carries 1,000 bytes behind its picture.*drop_extras=True"):
        bytefit.compress(path, 5000, format=wanted)
    assert bytefit.compress(path, 5000, format=wanted, metadata="strip").fits
    assert bytefit.compress(path, 5000, format=wanted, drop_extras=True).fits


def test_exact_pads_in_front_of_what_stands_behind(tmp_path):
    """Which is found from the end of the file."""
    path = tmp_path / "motion.jpg"
    path.write_bytes(encoded(photograph(), quality=95) + b"film" * 250)

    result = bytefit.compress(path, 9001, exact=True)

    assert result.size == 9001
    assert result.data.endswith(b"\xff\xd9" + b"film" * 250)


@pytest.mark.parametrize("given", [b"\xff\xd8\xff", BytesIO(), None, 5], ids=["bytes", "file object", "None", "int"])
def test_what_is_neither_picture_nor_path_is_refused(given):
    """The message says what is taken."""
    with pytest.raises(ConfigError, match="give a PIL image or the path of an image file"):
        bytefit.compress(given, 5000, format="JPEG")


def test_metadata_given_as_an_option_replaces_the_pictures():
    """And is counted like it."""
    data = encoded(photograph(), "JPEG", exif=exif(orientation=6))

    result = bytefit.compress(fresh(data), 6000, exif=exif(orientation=3), comment=b"x" * 1000)

    again = opened(result.data)
    assert again.getexif()[ORIENTATION] == 3
    assert again.info["comment"] == b"x" * 1000
    assert result.size <= 6000


@each_holder
def test_an_empty_exif_object_is_no_exif(wanted):
    """Pillow takes one wherever it takes bytes."""
    result = bytefit.compress(photograph((64, 48)), 12_000, format=wanted, exif=Image.Exif())

    assert result.fits
    assert stored(result.data).getexif().keys() <= OF_EVERY_TIFF[wanted == "TIFF"]


@each_holder
def test_metadata_larger_than_the_budget_is_named(wanted):
    """The error says what weighs, and the way out."""
    data = encoded(photograph(), "JPEG", icc_profile=icc_profile(size=30_000))

    with pytest.raises(BudgetUnreachable, match=r"30(\.\d)? kB of it metadata\); strip metadata") as caught:
        bytefit.compress(fresh(data), 20_000, format=wanted)

    assert caught.value.metadata_bytes >= 29_990  # in JPEG 2000 it takes the place of a few bytes
    assert caught.value.smallest > 30_000


@each_ladder
def test_floors_are_kept(wanted):
    """No quality below the floor is returned, and the floor itself may be."""
    picture = photograph()
    codec = codec_for_format(wanted)
    floor = codec.ladder[len(codec.ladder) // 2]

    result = bytefit.compress(picture, size_at(picture, wanted) + 1, format=wanted, min_quality=floor)
    with pytest.raises(BudgetUnreachable) as caught:
        bytefit.compress(picture, size_at(picture, wanted, 0.2), format=wanted, min_quality=floor)

    assert result.quality >= floor
    assert (caught.value.floor, caught.value.quality) == (floor, floor)
    assert "lower the quality floor" in str(caught.value)


@each_format
def test_an_unreachable_budget_is_an_error_that_says_how_small_it_gets(wanted):
    """And the smallest is a file that was really made."""
    picture = photograph()
    codec = codec_for_format(wanted)

    error = smallest(picture, wanted)

    assert (error.budget, error.width, error.height) == (1, *picture.size)
    assert error.quality == codec.ladder[0]
    assert error.smallest == size_at(picture, wanted, 0)
    assert error.min_score is None
    assert str(error).endswith("; raise the budget")  # not one pixel fits one byte


# What is told of a picture that its own lossless format is too large for.
ELSEWHERE = r"(?:; as WEBP at quality [\d.]+ it has [\d.]+ k?B)?"


@each_format
@pytest.mark.parametrize("min_quality", [None, 40])
@pytest.mark.parametrize("divisor", [2, 5])
def test_the_error_names_a_size_that_fits(wanted, min_quality, divisor):
    """Who follows the advice gets an answer: resized to it, or by `resize`."""
    picture = noise((160, 120))
    budget = scaled_budget(picture, wanted, divisor, min_quality=min_quality)

    with pytest.raises(BudgetUnreachable) as caught:
        bytefit.compress(picture, budget, format=wanted, min_quality=min_quality)

    told = re.search(
        rf"allow resize \((\d+)x(\d+), scale ([\d.]+), fits\), or raise the budget{ELSEWHERE}$", str(caught.value)
    )
    size = int(told[1]), int(told[2])
    smaller = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    assert (caught.value.width, caught.value.height) == picture.size
    assert float(told[3]) == pytest.approx(size[0] / 160, rel=0.05)
    assert size[1] == pytest.approx(size[0] * 120 / 160, abs=1)  # each side is rounded
    assert bytefit.compress(smaller, budget, format=wanted, min_quality=min_quality).fits
    assert bytefit.compress(picture, budget, format=wanted, min_quality=min_quality, resize=True).fits


def test_the_error_names_the_file(tmp_path):
    """Of a hundred files in a log, which?"""
    path = write_jpeg(tmp_path / "hero.jpg")

    with pytest.raises(BudgetUnreachable, match=r"cannot fit .*hero\.jpg in 10 B"):
        bytefit.compress(path, 10)


@each_format
def test_the_smallest_encoding_can_be_had_instead(wanted):
    """It says of itself that it does not fit."""
    picture = photograph()

    result = bytefit.compress(picture, 50, format=wanted, on_unreachable="smallest")

    assert not result.fits
    assert result.fill > 1
    assert result.size == smallest(picture, wanted).smallest
    assert opened(result.data).size == picture.size


@each_format
def test_the_smallest_encoding_keeps_to_the_floor(wanted):
    """The floor is the user's, even over the budget."""
    result = bytefit.compress(photograph(), 50, format=wanted, on_unreachable="smallest", min_quality=60)

    assert result.quality >= 60
    assert not result.fits


@each_format
@pytest.mark.parametrize("more", [0, 100, 5000, 100_000])
def test_exact_is_exact(wanted, more):
    """To the byte, decoding to the same picture as without the padding."""
    picture = photograph()
    budget = (size_at(picture, wanted) + more) // 2 * 2

    result = bytefit.compress(picture, budget, format=wanted, exact=True)

    assert result.size == budget
    assert result.fill == 1.0
    plain = codec_for_format(wanted).encode(picture, {**result.setting, **NO_METADATA})
    assert opened(result.data).convert("RGB").tobytes() == opened(plain).convert("RGB").tobytes()


@pytest.mark.parametrize("wanted", ["JPEG", "AVIF"])
def test_exact_may_be_odd_where_the_container_allows_it(wanted):
    """RIFF files alone are even."""
    budget = size_at(photograph(), wanted) | 1

    assert bytefit.compress(photograph(), budget, format=wanted, exact=True).size == budget


def test_exact_odd_sizes_are_refused_for_webp():
    """Before anything is encoded."""
    with pytest.raises(ConfigError, match="even"):
        bytefit.compress(photograph(), 5001, format="WEBP", exact=True)


@each_format
@pytest.mark.parametrize("more", [0, 2, 10, 40])
def test_exact_budgets_just_above_the_smallest_encoding(wanted, more):
    """Padded, or refused because nothing fits: never refused for a size that an encoding has."""
    picture = flat((64, 64))
    budget = smallest(picture, wanted).smallest + more

    try:
        told = bytefit.compress(picture, budget, format=wanted, exact=True).size
    except BudgetUnreachable as error:
        told = str(error)

    assert told == budget or (more > 0 and ("exact" in told or "pad" in told))


@each_holder
def test_exact_keeps_metadata(wanted):
    """Padding goes beside it, not over it."""
    options = {"exif": exif(orientation=6), "icc_profile": icc_profile(), "xmp": XMP}
    data = encoded(photograph(), "JPEG", comment=b"a view", **options)

    result = bytefit.compress(fresh(data), 40_000, format=wanted, exact=True)

    again = stored(result.data)
    assert result.size == 40_000
    assert again.getexif()[ORIENTATION] == 6
    assert (again.info["icc_profile"], again.info["xmp"]) == (icc_profile(), XMP)
    assert comment_of(again) == (b"a view" if "comment" in codec_for_format(wanted).options else b"")


@each_format
def test_an_exact_file_can_be_fitted_again(wanted):
    """Its padding is not the picture's metadata, which would be kept."""
    padded = bytefit.compress(flat(), 60_000, format=wanted, exact=True)

    result = bytefit.compress(fresh(padded.data), 20_000)

    assert result.fits


def scaled_budget(picture, wanted, divisor, **options):
    """Return a budget that `picture` reaches only at smaller dimensions; headers are the same at any."""
    error = smallest(picture, wanted, **options)
    fixed = size_at(noise((4, 4), picture.mode), wanted, 0) + error.metadata_bytes
    return fixed + (error.smallest - fixed) // divisor


@each_format
@pytest.mark.parametrize("divisor", [2, 5])
def test_resize_reaches_what_full_size_cannot(wanted, divisor):
    """The dimensions go down, in proportion, and the answer fits."""
    picture = noise((128, 96))
    budget = scaled_budget(picture, wanted, divisor)

    result = bytefit.compress(picture, budget, format=wanted, resize=True)

    again = opened(result.data)
    assert result.size <= budget
    assert result.scale < 1
    assert again.size == (result.width, result.height)
    assert result.scale == result.width / 128
    assert result.width / result.height == pytest.approx(128 / 96, rel=0.05)


@each_format
def test_resize_is_not_done_without_need(wanted):
    """Where full size fits, and well, full size it is."""
    result = bytefit.compress(photograph(), size_at(photograph(), wanted, 0.97), format=wanted, resize=True)

    assert (result.width, result.height, result.scale) == (*photograph().size, 1.0)


@each_format
@pytest.mark.parametrize("size", [(144, 96), (96, 144)], ids=["landscape", "portrait"])
@pytest.mark.parametrize("most", [1, 37, 77, 95])
def test_the_answer_is_as_wide_as_it_may_be(wanted, size, most):
    """To the pixel, in the picture's proportions."""
    picture = photograph(size)

    result = bytefit.compress(picture, "1MB", format=wanted, resize=True, max_width=most)

    assert result.width == most
    assert result.height == max(1, round(size[1] * most / size[0]))
    assert opened(result.data).size == (result.width, result.height)
    assert result.scale == max(result.width, result.height) / max(size)


@pytest.mark.parametrize("bounds", [{"max_width": 144}, {"max_width": 5000}, {"min_width": 5000}, {"min_width": 144}])
def test_a_picture_is_never_made_larger(bounds):
    """Bounds above its own width ask for nothing."""
    result = bytefit.compress(photograph(), "1MB", format="JPEG", resize=True, **bounds)

    assert (result.width, result.height, result.scale) == (144, 96, 1.0)


@each_format
def test_the_answer_is_as_wide_as_it_must_be(wanted):
    """Under that width nothing is tried, whether the budget is reached or not."""
    # JPEG 2000 has no size between a small picture's and its header's.
    picture = noise((256, 192) if wanted == "JPEG2000" else (128, 96))
    least = picture.width * 15 // 16
    budget = scaled_budget(picture, wanted, 4)
    free = bytefit.compress(picture, budget, format=wanted, resize=True)

    bound = bytefit.compress(picture, budget, format=wanted, resize=True, min_width=free.width)
    with pytest.raises(BudgetUnreachable) as caught:
        bytefit.compress(picture, budget, format=wanted, resize=True, min_width=least)
    over = bytefit.compress(picture, budget, format=wanted, resize=True, min_width=least, on_unreachable="smallest")

    assert bound.fits
    assert bound.width >= free.width
    assert (caught.value.width, caught.value.height) == (over.width, over.height) == (least, least * 3 // 4)
    assert caught.value.smallest == over.size > budget
    assert "allow resize" not in str(caught.value)


def test_bounds_of_the_width_may_leave_one_width():
    """Neither more nor less."""
    result = bytefit.compress(noise(), 3000, format="WEBP", resize=True, min_width=60, max_width=60)

    assert (result.width, result.height) == (60, 40)


@each_format
@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("kind", ["photograph", "screenshot", "grey"])
def test_every_effort_fits_and_is_in_the_setting(wanted, effort, kind):
    """The promise is the same, and whoever encodes with the setting again gets the same file."""
    picture = PICTURES[kind]()
    codec = codec_of(picture, wanted)
    budget = size_at(picture, wanted)

    result = bytefit.compress(picture, budget, format=wanted, effort=effort)

    assert result.size <= budget
    assert opened(result.data).size == picture.size
    rung = codec.lossless if is_lossless(result) else codec.setting(result.quality, picture.mode)
    assert result.setting == {**rung, **codec.efforts[effort]}
    assert all(codec.efforts[effort].items() <= trial.setting.items() for trial in result.trials)
    assert codec.encode(picture, {**result.setting, **NO_METADATA}) == result.data


@each_holder
@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("policy", ["keep", "orientation+icc"])
def test_every_effort_keeps_metadata(wanted, effort, policy):
    """An effort is about pixels: what is kept is kept, and counted."""
    data = encoded(photograph(), "JPEG", exif=exif(orientation=6), icc_profile=icc_profile(), xmp=XMP, comment=b"home")

    budget = max(7000, size_at(photograph(), wanted, 0) + 1500)
    result = bytefit.compress(fresh(data), budget, format=wanted, effort=effort, metadata=policy)

    again = stored(result.data)
    assert result.size <= budget
    assert again.getexif()[ORIENTATION] == 6
    assert again.info["icc_profile"] == icc_profile()
    assert again.info.get("xmp") == (XMP if policy == "keep" else None)
    has_place = "comment" in codec_for_format(wanted).options
    assert (comment_of(again) == b"home") == (has_place and policy == "keep")


@pytest.mark.parametrize("effort", EFFORTS)
def test_every_effort_can_be_exact(effort):
    """And keeps what stands behind the picture where it was."""
    assert bytefit.compress(photograph(), 9001, format="JPEG", effort=effort, exact=True).size == 9001


def test_best_is_no_worse_than_normal():
    """The scans that mozjpeg finds are smaller than libjpeg's: the rung that fits is the same or a higher one."""
    picture = photograph((320, 240))

    normal, best = (
        bytefit.compress(picture, 12_000, format="JPEG", slack=0, effort=effort) for effort in ("normal", "best")
    )

    assert best.quality >= normal.quality


def test_a_save_option_is_above_the_effort():
    """What is said in so many words is meant."""
    result = bytefit.compress(photograph(), 4000, format="WEBP", effort="best", method=0)

    assert result.setting["method"] == 0


def test_best_without_its_package_says_what_to_install(monkeypatch):
    """For JPEG alone: the others need none."""
    monkeypatch.setitem(sys.modules, "mozjpeg_lossless_optimization", None)

    with pytest.raises(ConfigError, match=re.escape("pip install mozjpeg-lossless-optimization")):
        bytefit.compress(photograph(), 4000, format="JPEG", effort="best")
    assert bytefit.compress(photograph(), 4000, format="WEBP", effort="best").fits
    assert bytefit.compress(photograph(), 4000, format="JPEG", effort="fast").fits


@pytest.mark.parametrize("effort", EFFORTS)
def test_drawings_have_tables_of_their_own(effort):
    """Chosen by what is in the picture, at every effort."""
    codec = codec_for_format("JPEG")

    for picture, content in ((photograph(), "photograph"), (screenshot(), "drawing")):
        result = bytefit.compress(picture, 5000, format="JPEG", effort=effort)

        assert result.setting["qtables"] == codec.suited(content).setting(result.quality, "RGB")["qtables"]


@each_format
def test_not_even_one_pixel_fits_a_few_bytes(wanted):
    """The ladder of sizes ends."""
    with pytest.raises(BudgetUnreachable) as caught:
        bytefit.compress(photograph((64, 48)), 10, format=wanted, resize=True)

    assert "allow resize" not in str(caught.value)
    assert max(caught.value.width, caught.value.height) < 48


@pytest.mark.parametrize(
    ("wanted", "mode"),
    [("JPEG", "L"), ("JPEG", "CMYK"), ("WEBP", "RGBA"), ("WEBP", "L"), ("AVIF", "RGBA"), ("AVIF", "L")],
)
def test_resize_keeps_transparency_and_metadata(wanted, mode):
    """And the dimensions that EXIF states follow."""
    block = Image.Exif()
    block[ORIENTATION] = 6
    block.get_ifd(EXIF_IFD).update({WIDTH: 256, HEIGHT: 192})
    picture = noise((256, 192), mode)
    budget = scaled_budget(picture, wanted, 2, exif=block.tobytes())

    result = bytefit.compress(picture, budget, format=wanted, resize=True, exif=block.tobytes())

    again = opened(result.data)
    stated = again.getexif().get_ifd(EXIF_IFD)
    assert result.fits
    assert result.scale < 1
    assert again.getexif()[ORIENTATION] == 6
    assert (stated[WIDTH], stated[HEIGHT]) == again.size == (result.width, result.height)
    assert again.has_transparency_data == (mode == "RGBA")


def test_resize_takes_an_exif_object():
    """Pillow takes one wherever it takes bytes."""
    block = Image.Exif()
    block[ORIENTATION] = 6

    result = bytefit.compress(noise((128, 96)), 1500, format="JPEG", resize=True, exif=block)

    assert opened(result.data).getexif()[ORIENTATION] == 6


@pytest.mark.parametrize("resize", [False, True])
@pytest.mark.parametrize("policy", ["keep", "strip", "orientation+icc"])
@pytest.mark.parametrize("source", ["JPEG", "WEBP"])
def test_broken_exif_neither_fails_nor_warns(tmp_path, source, resize, policy):
    """Many a file in the wild has some; this suite turns warnings into errors."""
    path = tmp_path / "broken.img"
    path.write_bytes(encoded(noise((96, 64)), source, quality=95, exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\xff"))

    result = bytefit.compress(path, 1500, resize=resize, metadata=policy)

    assert result.fits


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


@pytest.mark.parametrize(
    ("wanted", "options"), [("JPEG", {"subsampling": 0}), ("WEBP", {"method": 6}), ("AVIF", {"speed": 8})], ids=str
)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.85])
def test_save_options_cost_no_more_trials(wanted, options, share):
    """They are in what is read of the picture: an answer is found as soon as without them."""
    picture = photograph((640, 480))
    codec = with_options(codec_of(picture, wanted), "normal", options)
    setting = codec.setting(codec.ladder[round(share * (len(codec.ladder) - 1))], "RGB")
    budget = len(codec.encode(picture, {**setting, **NO_METADATA})) + 7

    result = bytefit.compress(picture, budget, format=wanted, **options)

    assert result.size <= budget
    assert len(result.trials) <= 4
    assert all(options.items() <= trial.setting.items() for trial in result.trials)
    assert codec.encode(picture, {**result.setting, **NO_METADATA}) == result.data


TIMES = [40, 120, 500]


def moving(codec_format, size=(48, 32), **options):
    """Return an animation of three frames, each shown for its own time."""
    frames = [photograph(size, seed=seed) for seed in range(3)]
    options = {"duration": TIMES, "loop": 2, **options}
    return encoded(frames[0], codec_format, save_all=True, append_images=frames[1:], **options)


def timing(data):
    """Return how often an animation is shown, and how long each of its frames, as Pillow reads it."""
    picture, times = fresh(data), []
    for place in range(getattr(picture, "n_frames", 1)):
        picture.seek(place)
        picture.load()
        times.append(round(picture.info.get("duration", 0)))
    return picture.info.get("loop"), times


each_animated = pytest.mark.parametrize("wanted", ["WEBP", "AVIF", "PNG"])


@each_animated
@pytest.mark.parametrize("codec_format", ["GIF", "WEBP", "PNG", "AVIF"])
def test_animations_keep_their_frames_and_times(tmp_path, codec_format, wanted):
    """From every format to every other, as a file and as an opened image: what was to be seen is."""
    data = moving(codec_format, loop=0 if wanted == "AVIF" else 2)
    path = tmp_path / "moving.img"
    path.write_bytes(data)

    from_path = bytefit.compress(path, 6000, format=wanted)
    from_image = bytefit.compress(fresh(data), 6000, format=wanted)

    loop, times = timing(from_path.data)
    assert from_path.data == from_image.data
    assert from_path.size <= 6000
    assert (from_path.frames, from_path.width, from_path.height) == (3, 48, 32)
    assert times == TIMES
    # GIF counts how often it is repeated; of an AVIF nobody can tell.
    assert "AVIF" in {wanted, codec_format} or loop == (3 if codec_format == "GIF" else 2)


@each_animated
def test_frames_made_by_hand_are_an_animation(wanted):
    """Pictures and times are enough: it is then shown for ever, or as the format has it."""
    frames = bytefit.Frames(tuple(photograph((48, 32), seed=seed) for seed in range(4)), (50, 50, 50, 1000))

    result = bytefit.compress(frames, 6000, format=wanted, slack=0)

    assert result.fits
    assert result.proven
    assert result.frames == 4
    assert timing(result.data)[1] == [50, 50, 50, 1000]
    with pytest.raises(ConfigError, match="no format to write"):
        bytefit.compress(frames, 6000)


@each_animated
@pytest.mark.parametrize("options", [{"exact": True}, {"effort": "fast"}, {"slack": 0}], ids=str)
def test_animations_take_the_options_of_pictures(wanted, options):
    """To the byte, in haste, or proven."""
    result = bytefit.compress(fresh(moving("WEBP", quality=95, loop=0)), 5000, format=wanted, **options)

    assert result.size <= 5000
    assert result.size == 5000 or "exact" not in options
    assert result.proven or "slack" not in options
    assert timing(result.data)[1] == TIMES


@each_animated
def test_animations_are_resized_as_one(wanted):
    """Every frame, and not one is dropped for the others to fit."""
    result = bytefit.compress(fresh(moving("WEBP", loop=0)), 5000, format=wanted, resize=True, max_width=24)

    assert (result.width, result.height, result.frames) == (24, 16, 3)
    assert opened(result.data).size == (24, 16)
    assert timing(result.data)[1] == TIMES


@each_animated
def test_animations_that_cannot_fit_say_so(wanted):
    """No frame is left out for the others to fit; the smallest there is has them all."""
    with pytest.raises(BudgetUnreachable) as caught:
        bytefit.compress(fresh(moving("WEBP", loop=0)), 100, format=wanted)

    result = bytefit.compress(fresh(moving("WEBP", loop=0)), 100, format=wanted, on_unreachable="smallest")
    assert (result.size, result.frames) == (caught.value.smallest, 3)
    assert timing(result.data)[1] == TIMES


@pytest.mark.parametrize("wanted", ["JPEG", "JPEG2000", "TIFF"])
def test_animations_are_not_made_stills(tmp_path, wanted):
    """One frame of it, taken out, is fine."""
    path = tmp_path / "moving.img"
    path.write_bytes(moving("WEBP"))

    with pytest.raises(UnsupportedImage, match=r"3 frames.*one picture: all but one would be lost.*WEBP.*image\.copy"):
        bytefit.compress(path, 9000, format=wanted)
    with pytest.raises(UnsupportedImage, match="3 frames"):
        bytefit.compress(fresh(path.read_bytes()), 9000, format=wanted)
    assert bytefit.compress(fresh(path.read_bytes()).copy(), 9000, format=wanted).frames == 1


def test_pages_are_not_made_an_animation(tmp_path):
    """They have no times, and need not be of one size."""
    path = tmp_path / "pages.tif"
    path.write_bytes(encoded(photograph(), "TIFF", save_all=True, append_images=[screenshot((64, 96), "L")]))

    for wanted in ("WEBP", "PNG", "JPEG"):
        with pytest.raises(UnsupportedImage, match=r"2 pages.*take TIFF, or a single picture"):
            bytefit.compress(path, "1MB", format=wanted)
    result = bytefit.compress(path, "1MB")
    assert (result.format, result.frames, result.quality) == ("TIFF", 2, LOSSLESS)


LOSSLESS_HOLDERS = [codec.format for codec in CODECS if codec.lossless is not None]


@pytest.mark.parametrize("wanted", LOSSLESS_HOLDERS)
@pytest.mark.parametrize("kind", ["photograph", "screenshot", "noise", "grey", "tiny"])
@pytest.mark.parametrize("effort", EFFORTS)
def test_lossless_keeps_every_pixel(wanted, kind, effort):
    """However much or little effort is made, in one trial, which is proven to be the best there is."""
    if wanted == "GIF" and kind in {"photograph", "noise"}:
        pytest.skip("GIF holds 256 colours")
    picture = PICTURES[kind]()

    result = bytefit.compress(picture, "100KB", format=wanted, lossless=True, effort=effort)

    assert opened(result.data).convert("RGB").tobytes() == picture.convert("RGB").tobytes()
    assert (result.quality, result.proven, len(result.trials)) == (LOSSLESS, True, 1)


@pytest.mark.parametrize("wanted", LOSSLESS_HOLDERS)
@pytest.mark.parametrize("options", [{}, {"resize": True}, {"on_unreachable": "smallest"}], ids=str)
def test_lossless_is_a_constraint(wanted, options):
    """Where the budget does not allow it there is an error, and never a picture of less."""
    picture = noise((64, 48), "L")

    try:
        result = bytefit.compress(picture, 2000, format=wanted, lossless=True, **options)
    except BudgetUnreachable as error:
        assert error.smallest > 2000  # noqa: PT017  (with options there may be an answer)
        assert "as WEBP" not in str(error)  # noqa: PT017
    else:
        assert options
        assert result.quality == LOSSLESS
        assert result.scale < 1 if "resize" in options else not result.fits


@pytest.mark.parametrize("wanted", [codec.format for codec in CODECS if codec.lossless is None])
def test_lossless_is_refused_where_there_is_no_such_coding(wanted):
    """With those that have one."""
    with pytest.raises(ConfigError, match=f"{wanted} has no lossless coding: take PNG or WEBP, or leave lossless out"):
        bytefit.compress(photograph(), "100KB", format=wanted, lossless=True)


@pytest.mark.parametrize("source", ["PNG", "BMP", "WEBP", "TIFF"])
@pytest.mark.parametrize("exact", [False, True])
def test_webp_of_a_lossless_source_is_lossless_where_that_fits(tmp_path, source, exact):
    """Nothing is lost for want of having asked; where it does not fit, it is lossy as ever."""
    path = tmp_path / "drawing.img"
    path.write_bytes(encoded(screenshot(), source, **({"lossless": True} if source == "WEBP" else {})))

    kept = bytefit.compress(path, 6000, format="WEBP", exact=exact)
    path.write_bytes(encoded(photograph(), source, **({"lossless": True} if source == "WEBP" else {})))
    lossy = bytefit.compress(path, 3000, format="WEBP", exact=exact)

    assert kept.setting["lossless"]
    assert (kept.quality, kept.proven, len(kept.trials)) == (LOSSLESS, True, 1)
    assert opened(kept.data).tobytes() == screenshot().tobytes()
    assert "lossless" not in lossy.setting
    assert lossy.fits


def test_webp_of_a_photograph_is_lossy_where_its_source_was(tmp_path):
    """What was lost already is not kept at ten times the bytes; nor are grains that no budget in reach holds."""
    path = write_jpeg(tmp_path / "photo.jpg", photograph())

    result = bytefit.compress(path, "100KB", format="WEBP")

    assert "lossless" not in result.setting
    assert all("lossless" not in trial.setting for trial in result.trials)


@pytest.mark.parametrize("wanted", ["PNG", "TIFF"])
def test_what_is_too_large_without_loss_is_told_its_size_as_webp(wanted):
    """Measured, not guessed, and a fact of the error that travels with it."""
    picture = photograph((200, 150))

    with pytest.raises(BudgetUnreachable) as caught:
        bytefit.compress(picture, 1000, format=wanted)

    quality, size = re.fullmatch(r"as WEBP at quality ([\d.]+) it has (\d+ B)", caught.value.elsewhere).groups()
    result = bytefit.compress(picture, 1000, format="WEBP")
    assert str(caught.value).endswith(f"; {caught.value.elsewhere}")
    assert (f"{result.quality:g}", f"{result.size} B") == (quality, size)
    assert pickle.loads(pickle.dumps(caught.value)).elsewhere == caught.value.elsewhere  # noqa: S301


@pytest.mark.parametrize("wanted", ["JPEG", "WEBP", "AVIF", "JPEG2000", "PNG"])
def test_what_fits_nowhere_is_told_no_other_format(wanted):
    """A budget of a few bytes is hopeless, and lossy formats have nothing better to offer."""
    assert smallest(photograph((64, 48)), wanted).elsewhere == ""


def deep_png(rows=64, width=32):
    """Return a PNG file of 16 bits a channel, badly coded."""
    samples = b"".join(b"\x00" + bytes((row + place) % 256 for place in range(6 * width)) for row in range(rows))
    header = width.to_bytes(4, "big") + rows.to_bytes(4, "big") + bytes((16, 2, 0, 0, 0))
    return SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(samples, 0)) + chunk(b"IEND", b"")


def test_sixteen_bits_a_channel_are_only_ever_packed_better(tmp_path):
    """Pillow reads eight of them; the file keeps all, is told as lossless, and refused beyond that."""
    path = tmp_path / "deep.png"
    path.write_bytes(deep_png())

    result = bytefit.compress(path, 5000)

    header = next(content for name, content, *_ in chunks(result.data) if name == b"IHDR")
    assert header == deep_png()[16:29]
    assert (result.format, result.quality, result.frames, result.proven) == ("PNG", LOSSLESS, 1, True)
    assert (result.width, result.height, result.scale) == (32, 64, 1.0)
    assert result.size <= 5000 < len(deep_png())
    assert [trial.size for trial in result.trials] == [result.size]
    for options in ({"format": "WEBP"}, {"format": "JPEG"}):
        with pytest.raises(UnsupportedImage, match="16 bits a channel, which would be lost"):
            bytefit.compress(path, 5000, **options)
    with pytest.raises(UnsupportedImage, match="16 bits a channel, which would be lost"):
        bytefit.compress(path, 100)


@pytest.mark.parametrize("as_path", [str, lambda path: path], ids=["str", "Path"])
def test_paths_and_images_give_the_same(tmp_path, as_path):
    """A path is opened, a picture is taken as it is."""
    path = write_jpeg(tmp_path / "photo.jpg", orientation=6, icc=icc_profile())

    with Image.open(path) as picture:
        from_image = bytefit.compress(picture, 6000)
    from_path = bytefit.compress(as_path(path), 6000)

    assert from_path.data == from_image.data
    assert from_path.format == "JPEG"


def test_the_format_is_what_the_bytes_are(tmp_path):
    """Not what the name says."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(photograph(), "WEBP"))

    assert bytefit.compress(path, 5000).format == "WEBP"


@pytest.mark.parametrize("wanted", ["jpeg", "JPG", "Jpeg"])
def test_formats_are_named_in_any_case(wanted):
    """Pillow's name is in the result."""
    assert bytefit.compress(photograph((64, 48)), 5000, format=wanted).format == "JPEG"


def test_a_picture_without_a_format_needs_one():
    """The message says how."""
    with pytest.raises(ConfigError, match="format='JPEG'"):
        bytefit.compress(photograph((64, 48)), 5000)


@pytest.mark.parametrize("wanted", [*REFUSED_FORMATS, "nonsense", "PCX"])
def test_formats_that_cannot_be_steered_are_refused(wanted):
    """With the reason, and those that can."""
    reason = REFUSED_FORMATS.get(wanted, "bytefit has no ladder for it (bytefit.register_codec takes one)")

    with pytest.raises(UnsupportedImage) as caught:
        bytefit.compress(photograph((64, 48)), 5000, format=wanted)

    start = f"{wanted.upper()} cannot be fitted to a size: {reason}; convert it to one of JPEG, "
    assert str(caught.value).startswith(start)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"quality": 80}, OptionError, "'quality' conflicts with a target size"),
        ({"min_qualty": 60}, OptionError, "did you mean 'min_quality'"),
        ({"slak": 0.1}, OptionError, "did you mean 'slack'"),
        ({"nonsense_option": 1}, OptionError, "unknown option 'nonsense_option'"),
        ({"save_all": True}, OptionError, "unknown option 'save_all'"),
        ({"slack": -0.01}, ConfigError, "slack -0.01"),
        ({"slack": 1}, ConfigError, "slack 1 is not a share of the budget: give a number from 0 to less than 1"),
        ({"slack": 5}, ConfigError, "slack 5"),
        ({"slack": float("nan")}, ConfigError, "slack nan"),
        ({"slack": "5%"}, ConfigError, "slack '5%'"),
        ({"slack": None}, ConfigError, "slack None"),
        ({"min_quality": 101}, ConfigError, "min_quality 101"),
        ({"min_quality": "high"}, ConfigError, "min_quality 'high'"),
        ({"min_scor": 60}, OptionError, "did you mean 'min_score'"),
        ({"efort": "best"}, OptionError, "did you mean 'effort'"),
        ({"max_widht": 60}, OptionError, "did you mean 'max_width'"),
        ({"losless": True}, OptionError, "did you mean 'lossless'"),
        ({"drop_extra": True}, OptionError, "did you mean 'drop_extras'"),
        ({"scans": "mozjpeg"}, OptionError, "unknown option 'scans'"),
        ({"effort": "slow"}, ConfigError, "unknown effort 'slow': use one of 'fast', 'normal', 'best'"),
        ({"min_score": 100}, ConfigError, "min_score 100 is not on the scale of SSIMULACRA2: give a number below 100"),
        ({"min_score": "good"}, ConfigError, "min_score 'good'"),
        ({"min_width": 0, "resize": True}, ConfigError, "min_width 0 is not a width in pixels: give a whole number"),
        ({"max_width": 99.5, "resize": True}, ConfigError, "max_width 99.5 is not a width in pixels"),
        ({"min_width": 10}, ConfigError, "min_width needs resize=True"),
        ({"max_width": 10}, ConfigError, "max_width needs resize=True"),
        ({"min_width": 9, "max_width": 8, "resize": True}, ConfigError, "min_width 9 is above max_width 8"),
        ({"metadata": "all"}, ConfigError, "unknown metadata 'all': use one of 'keep', "),
        ({"on_unreachable": "ignore"}, ConfigError, "unknown on_unreachable 'ignore': use one of 'error', 'smallest'"),
    ],
    ids=str,
)
def test_options_that_make_no_sense_are_refused(options, error, message):
    """Before anything is encoded, with what was found and what is accepted."""
    with pytest.raises(error) as caught:
        bytefit.compress(photograph((64, 48)), 5000, format="JPEG", **options)

    assert message in str(caught.value)


@pytest.mark.parametrize("target", ["0", "-5KB", "200KO", "", 0, 1.5, None])
def test_targets_that_are_no_size_are_refused(target):
    """The parser's message."""
    with pytest.raises(SizeSyntaxError):
        bytefit.compress(photograph((64, 48)), target, format="JPEG")


def test_pictures_too_large_for_the_format_are_refused():
    """WebP ends at 16,383 pixels a side."""
    with pytest.raises(UnsupportedImage, match="WEBP cannot hold 17000x16 pixels: 16383 a side is its limit"):
        bytefit.compress(Image.new("RGB", (17_000, 16)), "1MB", format="WEBP")


@pytest.mark.parametrize("size", [(17_000, 16), (16, 17_000)])
def test_pictures_too_large_for_the_format_are_scaled_where_that_is_allowed(size):
    """`resize` may lower the dimensions when it is needed, and here it is."""
    result = bytefit.compress(Image.new("RGB", size, "teal"), "1MB", format="WEBP", resize=True)

    assert max(opened(result.data).size) <= 16_383


@each_lossy
def test_trials_are_few(wanted):
    """Deterministic, so it can be asserted: below the seven of bisection, on pictures made by no camera."""
    trials = []

    for picture in (photograph(), photograph(seed=2), screenshot()):
        for share in (0.3, 0.6, 0.85):
            budget = size_at(picture, wanted, share) + 7
            trials.append(len(bytefit.compress(picture, budget, format=wanted).trials))

    assert sum(trials) / len(trials) < 6


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"metadata": "strip"}, {"exact": True}], ids=str)
@pytest.mark.parametrize("codec_format", ["PNG", "GIF"])
def test_a_lossless_file_that_fits_is_drawn_no_larger(tmp_path, codec_format, options):
    """It may have been drawn by a program that looks for the best of many ways."""
    path = tmp_path / f"small.{codec_format.lower()}"
    path.write_bytes(encoded(screenshot((200, 150)).quantize(20), codec_format, optimize=True))
    size = path.stat().st_size

    result = bytefit.compress(path, size, **{**options, "exact": False})

    assert (result.quality, result.proven, len(result.trials)) == (100, True, 1)
    assert result.size <= size
    assert opened(result.data).convert("RGB").tobytes() == opened(path.read_bytes()).convert("RGB").tobytes()
    if options.get("exact"):
        assert bytefit.compress(path, 2 * size, exact=True).size == 2 * size


@pytest.mark.parametrize(
    "options", [{"max_width": 100, "resize": True}, {"comment": b"by me"}, {"format": "PNG"}], ids=str
)
def test_a_file_that_fits_is_changed_where_that_is_asked_for(tmp_path, options):
    """What it is now is not what is wanted."""
    path = tmp_path / "small.gif"
    path.write_bytes(encoded(screenshot((200, 150)).quantize(20), "GIF"))

    result = bytefit.compress(path, 100_000, **options)

    assert result.data != path.read_bytes()
    assert result.width == options.get("max_width", 200)
    assert result.format == options.get("format", "GIF")
    assert opened(result.data).info.get("comment") == options.get("comment")

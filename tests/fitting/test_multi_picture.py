"""JPEG files that hold more than a picture: films, gain maps, further pictures."""

from __future__ import annotations

import pytest

import bytefit
from bytefit import BudgetUnreachable, UnsupportedImage
from bytefit.codecs.jpeg.multi_picture import check_auxiliary_images
from images import encoded, noise, opened, photograph
from outcomes import fresh

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
    assert check_auxiliary_images(data, result.data) is None
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
    assert check_auxiliary_images(data, result.data) is None
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

    with pytest.raises(BudgetUnreachable, match=r"20\.2 kB of it metadata\); allow drop_extras, or raise") as caught:
        bytefit.compress(path, 10_000)

    assert caught.value.metadata_bytes == len(FILM * 20)
    assert caught.value.smallest > len(FILM * 20)
    assert bytefit.compress(path, 10_000, drop_extras=True).fits


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
    path.write_bytes(encoded(photograph((21, 14)), quality=95) + b"what" * 250)

    with pytest.raises(UnsupportedImage, match=r"carries 1,000 bytes behind its picture.*drop_extras=True"):
        bytefit.compress(path, 500, format=wanted)
    assert bytefit.compress(path, 500, format=wanted, metadata="strip").fits
    assert bytefit.compress(path, 500, format=wanted, drop_extras=True).fits


def test_exact_pads_in_front_of_what_stands_behind(tmp_path):
    """Which is found from the end of the file."""
    path = tmp_path / "motion.jpg"
    path.write_bytes(encoded(photograph(), quality=95) + b"film" * 250)

    result = bytefit.compress(path, 9001, exact=True)

    assert result.size == 9001
    assert result.data.endswith(b"\xff\xd9" + b"film" * 250)

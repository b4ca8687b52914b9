"""Lossless versions of JPEG files keep every pixel."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from bytefit.cli.main import main
from bytefit.codecs.jpeg.codec import JPEG
from bytefit.codecs.jpeg.lossless import lossless_versions
from bytefit.codecs.jpeg.markers import EOI, JPEG_PADDING, markers
from bytefit.codecs.padding import pad
from bytefit.errors import BytefitError
from bytefit.files.compress_file import compress_file
from bytefit.sources.metadata import orientation, orientation_exif
from bytefit.sources.reading import decode
from images import XMP, encoded, icc_profile, noise, opened, photograph

PICTURE = photograph((160, 120))
PROFILE = icc_profile(size=140_000)  # it takes three segments
FILM = b"\x00\x00\x00\x18ftypmp42 a motion photo's film " * 30
IPTC = b"Photoshop 3.0\x008BIM\x04\x04" + b"caption " * 40
THUMBNAIL = encoded(photograph((160, 120), seed=2))

SOS, DHT, COM, APP1, APP13 = 0xDA, 0xC4, 0xFE, 0xE1, 0xED

KINDS = {
    "plain": {},
    "4:4:4": {"subsampling": "4:4:4"},
    "restarts": {"restart_marker_rows": 1},
    "progressive": {"progressive": True},
    "optimised": {"optimize": True},
}


def segment(marker, content):
    """Return a segment with its length."""
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content


def with_segments(data, *segments):
    """Return a file with segments before its first table."""
    place = next(start for marker, start, _ in markers(data) if marker == 0xDB)
    return data[:place] + b"".join(segments) + data[place:]


def with_thumbnail(turned):
    """Return an EXIF block with an orientation, a camera's name and a thumbnail, as cameras write them."""
    model = b"camera\x00\x00"
    first = (
        struct.pack("<H", 2) + struct.pack("<HHII", 0x0110, 2, 7, 38) + struct.pack("<HHIHH", 0x0112, 3, 1, turned, 0)
    )
    second = struct.pack("<H", 3) + struct.pack("<HHIHH", 0x0103, 3, 1, 6, 0)
    second += struct.pack("<HHII", 0x0201, 4, 1, 88) + struct.pack("<HHII", 0x0202, 4, 1, len(THUMBNAIL))
    tiff = b"II*\x00\x08\x00\x00\x00" + first + struct.pack("<I", 46) + model + second + bytes(4)
    assert (len(first), len(tiff)) == (26, 88)
    return b"Exif\x00\x00" + tiff + THUMBNAIL


def versions_of(data, policy="keep"):
    """Return the versions of a file, and check that each is smaller than the one before and has the same pixels."""
    source = opened(data)
    versions = list(lossless_versions(data, policy, orientation_exif(source)))
    sizes = [len(data), *map(len, versions)]
    assert sizes == sorted(set(sizes), reverse=True)
    assert all(same_pixels(data, version) for version in versions)
    return versions


def same_pixels(first, second):
    """Return whether two files decode to the same pixels."""
    one, two = opened(first), opened(second)
    return (one.mode, one.size, one.tobytes()) == (two.mode, two.size, two.tobytes())


def everything(*, turned=6, **options):
    """Return a file with every kind of metadata, padding by bytefit and a film at its end."""
    data = encoded(
        PICTURE, exif=with_thumbnail(turned), icc_profile=PROFILE, xmp=XMP, comment=b"mine", dpi=(300, 300), **options
    )
    data = with_segments(data, segment(APP13, IPTC), segment(0xE5, b"thermal data"))
    return pad(data, JPEG, len(data) + 70_000) + FILM


def has_thumbnail(data):
    """Return whether the file contains a thumbnail."""
    return THUMBNAIL in data


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("policy", ["keep", "strip"])
def test_every_pixel_stays(mode, options, policy):
    """Every pixel must stay, whatever the coding; a baseline file must become smaller."""
    data = encoded(PICTURE.convert(mode), quality=85, **options)

    versions = versions_of(data, policy)

    if options == {}:
        assert len(versions[-1]) < 0.97 * len(data)


@pytest.mark.parametrize("transform", [0, 2], ids=["CMYK", "YCCK"])
@pytest.mark.parametrize("policy", ["keep", "orientation+icc", "strip"])
def test_the_colours_of_inks_stay_what_they_are(transform, policy):
    """CMYK colours must stay: Adobe's segment says whether they are inverted and transformed."""
    data = encoded(PICTURE.convert("CMYK"), comment=b"x" * 500)
    place = data.index(b"Adobe") + 11
    data = data[:place] + bytes((transform,)) + data[place + 1 :]

    versions = versions_of(data, policy)

    assert opened(data).info["adobe_transform"] == transform
    assert [opened(version).info["adobe_transform"] for version in versions] == [transform] * len(versions)
    assert len(versions) == (1 if policy == "keep" else 2)


def test_the_colours_of_untransformed_pictures_stay_what_they_are():
    """Untransformed RGB must stay so: only Adobe's segment marks it."""
    data = encoded(PICTURE, keep_rgb=True, comment=b"x" * 500)

    versions = versions_of(data, "strip")

    assert opened(data).info["adobe_transform"] == 0
    assert len(versions) == 2


def test_keep_keeps_everything():
    """With "keep" all metadata, all other segments and the trailing data must stay."""
    data = everything()

    before, after = opened(data), [opened(version) for version in versions_of(data)]

    others = [one for one in before.applist if one[1] != b"" and not one[1].startswith(JPEG_PADDING)]
    assert len(after) == 2
    for version in after:
        for key in ("exif", "icc_profile", "xmp", "comment", "dpi", "jfif_density"):
            assert version.info[key] == before.info[key], key
        assert sorted(version.applist) == sorted(others)
        assert has_thumbnail(version.info["exif"])
    assert all(version.endswith(b"\xff\xd9" + FILM) for version in versions_of(data))


@pytest.mark.parametrize("turned", [1, 6])
def test_orientation_and_profile_are_all_that_is_kept(turned):
    """With "orientation+icc" the thumbnail must go with its EXIF block, and the orientation stay."""
    versions = versions_of(everything(turned=turned), "orientation+icc")

    assert len(versions) == 2
    for version in versions:
        picture = opened(version)
        assert dict(picture.getexif()) == ({} if turned == 1 else {0x0112: turned})
        assert picture.info["icc_profile"] == PROFILE
        assert picture.info["jfif_density"] == (300, 300)
        assert {"xmp", "comment", "photoshop"}.isdisjoint(picture.info)
        assert not has_thumbnail(version)
        assert b"thermal data" not in version
        assert version.endswith(b"\xff\xd9")


def test_strip_keeps_nothing_but_what_is_about_the_pixels():
    """With "strip" only the segments that affect how the pixels are shown may stay."""
    versions = versions_of(everything(turned=1), "strip")

    assert len(versions) == 2
    for version in versions:
        picture = opened(version)
        assert dict(picture.getexif()) == {}
        assert {"icc_profile", "xmp", "comment", "photoshop", "exif"}.isdisjoint(picture.info)
        assert picture.info["jfif_density"] == (300, 300)
        assert len(version) <= len(encoded(PICTURE))


@pytest.mark.parametrize("policy", ["keep", "orientation+icc", "strip"])
@pytest.mark.parametrize(
    "needless",
    [
        lambda data: pad(data, JPEG, len(data) + 3),
        lambda data: pad(data, JPEG, len(data) + 5000),
        lambda data: pad(data, JPEG, len(data) + 200_000),
        lambda data: data + bytes(3000),
        lambda data: data + b"\xff" * 5,
        lambda data: pad(data, JPEG, len(data) + 5000) + bytes(3000),
    ],
    ids=["fill bytes", "padding", "much padding", "zeros", "fill bytes behind", "padding and zeros"],
)
def test_padding_and_stray_bytes_go_first(needless, policy):
    """Padding and stray bytes must be dropped under every policy."""
    plain = encoded(PICTURE, optimize=True)

    first, *_ = versions_of(needless(plain), policy)

    assert first == plain


@pytest.mark.parametrize(("policy", "kept"), [("keep", True), ("orientation+icc", False), ("strip", False)])
def test_what_stands_behind_the_picture_is_metadata(policy, kept):
    """Trailing data must stay to the byte with "keep" and go otherwise; padding before it always goes."""
    plain = encoded(PICTURE)

    versions = versions_of(pad(plain, JPEG, len(plain) + 5000) + FILM, policy)

    assert versions[0] == (plain + FILM if kept else plain)
    assert [version.endswith(b"\xff\xd9" + FILM) for version in versions] == [kept] * 2


def test_what_is_as_small_as_it_gets_has_no_versions():
    """An optimised file must have no smaller version."""
    tight = versions_of(encoded(PICTURE))[-1]

    assert versions_of(tight) == []


# Files that are not as they should be.


def unharmed(path, budget, **options):
    """Fit a file in place, check that it is unchanged or complete and fits, and return whether it changed.

    Only a file that can be decoded may change.
    """
    before = path.read_bytes()
    try:
        changed = compress_file(path, budget, **options).changed
    except BytefitError:
        changed = False
    if not changed:
        assert path.read_bytes() == before
        return False
    assert decode(path.read_bytes(), "the answer").size == decode(before, "the file").size
    assert path.stat().st_size <= budget
    return True


def beyond_every_table():
    """Return a file whose coefficients grow with every block until no Huffman table has a code for the difference.

    Each block's mean is 2047 above the one before: nine bits of code and eleven of value; four say that this is all.
    """
    picture = encoded(Image.new("L", (64, 64)))
    place = next(behind for marker, _, behind in markers(picture) if marker == SOS)
    place += int.from_bytes(picture[place : place + 2], "big")
    return picture[:place] + b"\xff\x00\x7f\xfa" * 64 + b"\xff\xd9"


def with_tables_changed_between_scans():
    """Return a progressive file whose quantisation table changes after the first scan."""
    data = encoded(PICTURE, progressive=True)
    table = next(data[start : behind + 67] for marker, start, behind in markers(data) if marker == 0xDB)
    place = [start for marker, start, _ in markers(data) if marker == DHT][2]
    return data[:place] + table[:5] + bytes(value % 200 + 3 for value in table[5:69]) + data[place:]


ODD = {
    "coefficients out of range": beyond_every_table(),
    "tables changed": with_tables_changed_between_scans(),
    "no end": encoded(PICTURE)[:-2],
    "two ends": encoded(PICTURE) + b"\xff\xd9",
    "garbage between segments": with_segments(encoded(PICTURE), b"garbage"),
    "empty segments": with_segments(encoded(PICTURE), segment(0xE1, b""), segment(COM, b"")),
    "a segment too long": with_segments(encoded(PICTURE), b"\xff\xe5\xff\xff"),
    "two pictures": encoded(PICTURE) + encoded(PICTURE),
    "a picture in a comment": with_segments(encoded(PICTURE), segment(COM, THUMBNAIL)),
}


@pytest.mark.parametrize("policy", ["keep", "orientation+icc", "strip"])
@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("share", [0.999, 0.9])
def test_odd_files_yield_nothing_broken(tmp_path, kind, policy, share):
    """Odd files must be fitted completely, or refused and left unchanged; the process must survive."""
    path = tmp_path / "a.jpg"
    path.write_bytes(ODD[kind])

    unharmed(path, int(len(ODD[kind]) * share), metadata=policy)

    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("kind", ["coefficients out of range", "two ends", "garbage between segments"])
def test_odd_files_that_can_be_shown_hold_the_same_pixels(kind):
    """Every version of an odd file must show the same pixels."""
    versions = versions_of(ODD[kind])

    assert len(versions) <= 2


@pytest.mark.parametrize("progressive", [False, True])
def test_a_file_that_is_cut_off_anywhere_yields_nothing_broken(tmp_path, progressive):
    """A truncated file must be refused, unless only bytes after the image are missing."""
    data = encoded(photograph(), progressive=progressive)
    path = tmp_path / "a.jpg"
    cuts = (*range(0, len(data) - 50, len(data) // 25), len(data) - 1, len(data))

    changed = []
    for cut in cuts:
        path.write_bytes(data[:cut])
        if unharmed(path, max(1, int(cut * 0.95))):
            changed.append(cut)

    assert set(changed) <= {len(data) - 1, len(data)}
    assert len(data) in changed


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 4000), st.binary(min_size=1, max_size=3)), max_size=4), st.booleans())
@example([], False)
@example([(700, b"\xff\xd9")], False)
@example([(700, b"\xff\xda\x00")], True)
def test_damaged_files_yield_nothing_broken(tmp_path_factory, damages, progressive):
    """A damaged file must be fitted completely, or refused and left unchanged."""
    data = bytearray(encoded(photograph(), progressive=progressive))
    for place, damage in damages:
        data[place : place + len(damage)] = damage
    path = tmp_path_factory.mktemp("damaged") / "a.jpg"
    path.write_bytes(data)

    fitted = unharmed(path, int(len(data) * 0.97))

    assert fitted or damages


# Without the optimiser, and through the fixer.

WITHOUT = """
import sys
sys.modules["mozjpeg_lossless_optimization"] = None
from bytefit.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def test_without_the_optimiser_what_is_needless_still_goes(tmp_path):
    """Without mozjpeg, needless segments must still be dropped before any quality is lost."""
    plain = encoded(PICTURE)
    padded, over = tmp_path / "padded.jpg", tmp_path / "over.jpg"
    padded.write_bytes(pad(plain, JPEG, len(plain) + len(plain) // 20))
    over.write_bytes(with_segments(plain, segment(COM, b"mine" * 100)))

    command = [sys.executable, "-c", WITHOUT, "fix", tmp_path, "--max-size", str(len(plain))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    again = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (1, "")
    assert padded.read_bytes() == plain
    assert over.stat().st_size <= len(plain)
    assert opened(over.read_bytes()).info["comment"] == b"mine" * 100
    assert not same_pixels(over.read_bytes(), plain)
    fixed = [line for line in done.stdout.splitlines() if line.startswith("fixed ")]
    assert [("without loss" in line) for line in sorted(fixed)] == [False, True]
    assert (again.returncode, again.stdout) == (0, "")


@pytest.mark.parametrize(
    "options", [[], ["--min-quality", "100"], ["--effort", "best"], ["--slack", "0"]], ids=" ".join
)
def test_the_fixer_tries_what_is_lossless_first(tmp_path, capsys, options):
    """A file slightly over budget must keep every pixel, and a second run must not touch it."""
    path = tmp_path / "a.jpg"
    data = encoded(PICTURE, quality=90, progressive=True)
    path.write_bytes(data)
    budget = str(len(data) - 10)

    assert main(["fix", str(path), "--max-size", budget, *options]) == 1
    fixed = path.read_bytes()
    assert "the same picture, without loss" in capsys.readouterr().out
    assert len(fixed) <= int(budget)
    assert same_pixels(data, fixed)
    assert main(["fix", str(path), "--max-size", budget, *options]) == 0
    assert path.read_bytes() == fixed


@pytest.mark.parametrize("policy", ["orientation+icc", "strip"])
def test_the_fixer_drops_a_thumbnail_before_any_quality(tmp_path, capsys, policy):
    """A file over budget only by metadata that the policy drops must keep every pixel."""
    path = tmp_path / "a.jpg"
    data = encoded(PICTURE, quality=90, progressive=True, exif=with_thumbnail(1))
    path.write_bytes(data)

    code = main(["fix", str(path), "--max-size", str(len(data) - 2000), "--metadata", policy])

    assert code == 1
    assert "the same picture, without loss" in capsys.readouterr().out
    assert same_pixels(path.read_bytes(), data)
    assert not has_thumbnail(path.read_bytes())


def test_a_picture_that_has_to_be_turned_is_turned(tmp_path):
    """With "strip" the pixels of an image that is not upright must be rotated, and thus encoded again."""
    path = tmp_path / "a.jpg"
    data = encoded(PICTURE, quality=90, exif=with_thumbnail(6))
    path.write_bytes(data)

    compress_file(path, len(data) - 2000, metadata="strip")

    turned = opened(path.read_bytes())
    assert (turned.size, orientation(turned)) == ((PICTURE.height, PICTURE.width), 1)
    assert path.stat().st_size <= len(data) - 2000


def test_a_file_far_over_budget_is_encoded_again(tmp_path):
    """A file far over budget must be encoded again: no lossless version can fit."""
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(PICTURE, quality=90))

    main(["fix", str(path), "--max-size", str(path.stat().st_size // 2)])

    assert opened(path.read_bytes()).quantization != opened(encoded(PICTURE, quality=90)).quantization


# Real files.


@pytest.mark.filterwarnings("ignore")
def test_real_photographs_keep_every_pixel(corpus):
    """Real photographs must keep every pixel under every policy and become smaller in total."""
    paths = [path for path in sorted((corpus / "train").glob("*/*.jp*g")) if path.stat().st_size < 70_000]
    before = after = count = 0

    for path in paths[:: max(1, len(paths) // 15)]:
        data = path.read_bytes()
        source = decode(data, path.name)
        for policy in ("keep", "orientation+icc") if orientation(source) != 1 else ("keep", "strip"):
            versions = versions_of(data, policy)
            before, after, count = before + len(data), after + len([data, *versions][-1]), count + 1

    assert count >= 24
    assert after < 0.97 * before


def is_small(path):
    """Return whether Pillow decodes or refuses a file quickly."""
    try:
        with Image.open(path) as image:
            return path.stat().st_size < 200_000 and image.width * image.height < 1_000_000
    except Exception:  # noqa: BLE001  (that is what these files are for: bombs among them)
        return path.stat().st_size < 200_000


@pytest.mark.filterwarnings("ignore")
def test_hostile_files_yield_nothing_broken(corpus, tmp_path):
    """Hostile files must keep their pixels, fit when encoded again, or stay unchanged."""
    fitted = refused = 0

    for path in sorted((corpus / "hostile").rglob("*.jp*g")):
        if not is_small(path):
            continue
        copy = shutil.copyfile(path, tmp_path / path.name)
        if unharmed(copy, max(1, int(path.stat().st_size * 0.97)), on_unreachable="error"):
            fitted += 1
        else:
            refused += 1

    assert fitted > 20
    assert refused > 5


def test_noise_at_the_finest_quality_keeps_every_pixel():
    """Noise at quality 100, with the longest codes, must keep every pixel."""
    versions = versions_of(encoded(noise((256, 192)), quality=100, subsampling="4:4:4"))

    assert len(versions) == 1
    assert [marker for marker, _, _ in markers(versions[0])][-1] == EOI


def test_what_is_over_by_its_metadata_alone_keeps_its_pixels(tmp_path, capsys):
    """A file over budget only by droppable metadata must keep its pixels, however large the metadata."""
    path = tmp_path / "a.jpg"
    data = encoded(photograph((320, 240)), comment=b"x" * 60_000)
    path.write_bytes(data)

    assert main(["fix", str(path), "--max-size", "20KB", "--metadata", "strip"]) == 1

    assert "the same picture, without loss" in capsys.readouterr().out
    assert opened(path.read_bytes()).tobytes() == opened(data).tobytes()
    assert path.stat().st_size <= 20_000


@pytest.mark.parametrize("policy", ["keep", "orientation+icc", "strip"])
def test_an_image_without_an_end_is_not_repacked(policy):
    """Decoders add the end that another file was written over; what is carried behind it has no place then."""
    data = encoded(photograph((64, 48)), quality=90)[:-2] + encoded(photograph((64, 48)), "PNG")[-100:]

    assert opened(data).size == (64, 48)
    assert list(lossless_versions(data, policy, b"")) == []

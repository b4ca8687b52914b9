"""JPEG files made smaller with every pixel as it is."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO

import pytest
from PIL import Image

from bytefit.cli import main
from bytefit.codecs.jpeg_lossless import lossless_versions
from bytefit.codecs.jpeg_markers import JPEG_PADDING
from bytefit.padding import pad
from images import XMP, encoded, opened, photograph

PICTURE = photograph((320, 240))
PROFILE = b"profile " * 50
FILM = b"ftypmp42 a motion photo's film " * 30


def exif(orientation):
    """Return an EXIF block with an orientation and a camera's name."""
    block = Image.Exif()
    block[0x0112] = orientation
    block[0x0110] = "camera " * 40
    return block.tobytes()


KINDS = {
    "plain": {},
    "4:4:4": {"subsampling": "4:4:4"},
    "restarts": {"restart_marker_rows": 1},
    "progressive": {"progressive": True},
    "optimised": {"optimize": True},
}


def smallest(data, policy="keep", orientation=b""):
    """Return the smallest version there is."""
    versions = list(lossless_versions(data, policy, orientation))
    sizes = [len(data), *map(len, versions)]
    assert sizes == sorted(sizes, reverse=True)
    return versions[-1] if versions else data


def same_pixels(first, second):
    """Return whether two files decode to the very same picture."""
    one, two = opened(first), opened(second)
    return (one.mode, one.size, one.tobytes()) == (two.mode, two.size, two.tobytes())


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
def test_every_pixel_stays(mode, options):
    """Whatever the coding was; a plain one becomes some per cent smaller."""
    data = encoded(PICTURE.convert(mode), quality=85, **options)

    tight = smallest(data)

    assert same_pixels(data, tight)
    if options == {}:
        assert len(tight) < 0.97 * len(data)


def test_what_is_kept_is_kept():
    """EXIF, profile, XMP, comment, resolution, other segments and what stands behind the picture."""
    extra = b"\xff\xed\x00\x0ePhotoshop 3\x00"
    data = encoded(PICTURE, exif=exif(6), icc_profile=PROFILE, xmp=XMP, comment=b"mine", dpi=(300, 300), extra=extra)
    data += FILM

    tight = smallest(data)

    before, after = opened(data), opened(tight)
    assert len(tight) < len(data)
    assert tight.endswith(FILM)
    for key in ("exif", "icc_profile", "xmp", "comment", "dpi"):
        assert after.info[key] == before.info[key], key
    assert sorted(after.applist) == sorted(before.applist)
    assert same_pixels(data, tight)


def test_padding_and_stray_bytes_go_first():
    """They are nobody's."""
    plain = encoded(PICTURE, optimize=True)
    padded = pad(plain, "JPEG", len(plain) + 5000) + bytes(3000)

    first = next(iter(lossless_versions(padded, "keep", b"")))

    assert first == plain
    assert JPEG_PADDING not in first


@pytest.mark.parametrize(("policy", "kept"), [("orientation+icc", True), ("strip", False)])
def test_what_the_policy_drops_is_dropped(policy, kept):
    """The thumbnail with the EXIF block around it; the orientation stays where it is to be kept."""
    small = Image.Exif()
    small[0x0112] = 6 if kept else 1
    data = encoded(PICTURE, exif=small.tobytes() + b"thumbnail" * 500, icc_profile=PROFILE, xmp=XMP, comment=b"mine")
    block = Image.Exif()
    block[0x0112] = 6

    tight = smallest(data + FILM, policy, block.tobytes() if kept else b"")

    picture = opened(tight)
    assert same_pixels(data, tight)
    assert b"thumbnail" not in tight
    assert FILM not in tight
    assert "xmp" not in picture.info
    assert "comment" not in picture.info
    assert (picture.info.get("icc_profile") == PROFILE) == kept
    assert picture.getexif().get(0x0112) == (6 if kept else None)
    assert len(tight) < len(data) - 4000


def test_the_colours_of_inks_stay_what_they_are():
    """Adobe's segment says that they are inverted."""
    data = encoded(PICTURE.convert("CMYK"), comment=b"x" * 500)

    tight = smallest(data, "strip")

    assert b"Adobe" in tight
    assert same_pixels(data, tight)


def test_without_the_optimiser_what_is_needless_still_goes(tmp_path):
    """On a machine that has no wheel of it."""
    path = tmp_path / "a.jpg"
    path.write_bytes(pad(encoded(PICTURE), "JPEG", 60_000))
    code = """
import sys
sys.modules["mozjpeg_lossless_optimization"] = None
from pathlib import Path
from bytefit.codecs.jpeg_lossless import lossless_versions
data = Path(sys.argv[1]).read_bytes()
print(len(data), *map(len, lossless_versions(data, "keep", b"")))
"""
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)

    assert list(map(int, done.stdout.split())) == [60_000, len(encoded(PICTURE))]


@pytest.mark.parametrize("cut", [3, 200, 700, 5000, -2])
def test_a_file_that_is_cut_off_yields_nothing_broken(cut):
    """What decodes no worse than before, or nothing at all."""
    data = encoded(PICTURE)[:cut]

    for version in lossless_versions(data, "keep", b""):
        assert len(version) < len(data)
        assert version.startswith(b"\xff\xd8")


def test_the_fixer_tries_what_is_lossless_first(tmp_path, capsys):
    """A few per cent over: every pixel stays, and the second run is a no-op."""
    path = tmp_path / "a.jpg"
    data = encoded(PICTURE, quality=90)
    path.write_bytes(data)
    budget = str(int(len(data) * 0.97))

    assert main(["fix", str(path), "--max-size", budget]) == 1
    fixed = path.read_bytes()
    assert "the same picture, without loss" in capsys.readouterr().out
    assert len(fixed) <= int(budget)
    assert same_pixels(data, fixed)
    assert main(["fix", str(path), "--max-size", budget]) == 0
    assert path.read_bytes() == fixed


def test_what_is_far_over_is_encoded_anew(tmp_path):
    """Nothing lossless would do."""
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(PICTURE, quality=90))

    main(["fix", str(path), "--max-size", str(path.stat().st_size // 2)])

    assert opened(path.read_bytes()).quantization != opened(encoded(PICTURE, quality=90)).quantization


def test_real_photographs_keep_every_pixel(corpus):
    """Of cameras and of the web, at most two megabytes each."""
    paths = [path for path in sorted(corpus.glob("train/photo-*/*.jp*g")) if path.stat().st_size < 2_000_000][::6][:24]
    assert paths

    for path in paths:
        data = path.read_bytes()
        if Image.open(BytesIO(data)).format != "JPEG":
            continue
        assert same_pixels(data, smallest(data)), path.name

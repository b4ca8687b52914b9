"""TIFF: every mode and page is read back unchanged, in the smallest coding, with its tags."""

from __future__ import annotations

import shutil
import subprocess
from io import BytesIO

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational, ImageFileDirectory_v2

import bytefit
from bytefit.codecs.preparing import prepare
from bytefit.codecs.tiff.codec import TIFF, TIFF_JPEG
from bytefit.codecs.tiff.tags import kept_tags, lost_in_tiff
from bytefit.errors import ConfigError, UnsupportedImage
from bytefit.pictures.frames import Frames, frames_of
from images import XMP, encoded, exif, graphic, icc_profile, in_mode, noise, opened, photograph

KEPT = ("1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I", "F", "I;16")
BYTES = {"I": 4, "I;16": 2, "LAB": 3}
EXPOSURE, POSITION = 0x829A, 1


def picture_in(mode, size=(33, 25)):
    """Return an image with content in this mode."""
    if mode in BYTES:
        return Image.frombytes(mode, size, noise((size[0] * BYTES[mode], size[1]), "L").tobytes())
    return photograph(size, "L").convert("F") if mode == "F" else in_mode(mode, size)


def tagged(**options):
    """Return an opened TIFF with tags of many kinds."""
    tags = ImageFileDirectory_v2()
    kinds = {270: 2, 271: 2, 274: 3, 315: 2, 33550: 12, 34735: 3, 42113: 2, 50839: 1, 65000: 2, 65001: 4}
    values = ("a view", "maker", 6, "artist", (1.0, 1.0, 0.0), (1, 1, 0, 1), "-9999", b"IJ", "private", (1, 2))
    for (tag, kind), value in zip(kinds.items(), values, strict=True):
        tags.tagtype[tag] = kind
        tags[tag] = value
    tags[700] = XMP
    tags[34665] = {EXPOSURE: IFDRational(1, 125)}
    tags[34853] = {POSITION: "N"}
    for tag in (34665, 34853):
        tags.tagtype[tag] = 4
    tags[282] = tags[283] = IFDRational(300)
    return Image.open(BytesIO(encoded(photograph((64, 48)), "TIFF", tiffinfo=tags, compression="raw", **options)))


@pytest.mark.parametrize("mode", KEPT)
def test_modes_come_back_as_they_were(mode):
    """Every mode must be read back bit by bit, in the same mode."""
    picture = picture_in(mode)

    back = opened(TIFF.encode(prepare(TIFF, picture), {}))

    assert back.mode == mode
    assert back.tobytes() == picture.tobytes()
    assert back.convert("RGB").tobytes() == picture.convert("RGB").tobytes()


@pytest.mark.parametrize("mode", ["I;16L", "I;16B"])
def test_other_byte_orders_keep_their_values(mode):
    """Samples of another byte order must keep their values."""
    picture = Image.frombytes(mode, (3, 2), bytes(range(12)))

    back = opened(TIFF.encode(prepare(TIFF, picture), {}))

    assert [back.getpixel((x, y)) for y in (0, 1) for x in (0, 1, 2)] == [
        picture.getpixel((x, y)) for y in (0, 1) for x in (0, 1, 2)
    ]


def test_what_cannot_be_written_is_refused():
    """Modes that Pillow would clip must be refused."""
    with pytest.raises(UnsupportedImage, match=r"I;16N.*cannot write it as TIFF"):
        prepare(TIFF, in_mode("I;16N"))


@pytest.mark.parametrize(
    ("picture", "compression"),
    [
        (photograph((96, 96)), "tiff_adobe_deflate"),
        (photograph((400, 400), "L").point(lambda value: 255 * (value > 127), "1"), "group4"),
        (noise((64, 64)), "raw"),
    ],
)
def test_the_smallest_way_is_taken(picture, compression):
    """Each image must get its smallest coding: Deflate, a fax code, or none for noise."""
    data = TIFF.encode(picture, {})

    assert opened(data).info["compression"] == compression
    assert all(
        len(data) <= len(encoded(picture, "TIFF", compression=other)) for other in ("tiff_adobe_deflate", "tiff_lzw")
    )


def test_pages_keep_size_mode_and_tags_of_their_own():
    """Every page must keep its size, mode and tags, and get its own smallest coding."""
    pages = tuple(picture_in(mode, (20 + 3 * place, 30)) for place, mode in enumerate(("RGB", "1", "F", "P", "CMYK")))
    tags = [{270: f"page {place}"} for place in range(len(pages))]

    back = frames_of(Image.open(BytesIO(TIFF.encode(Frames(pages), {"tiffinfo": tags}))))

    assert not back.animated
    assert [(page.mode, page.size, page.tobytes()) for page in back.pictures] == [
        (page.mode, page.size, page.tobytes()) for page in pages
    ]
    again = kept_tags(Image.open(BytesIO(TIFF.encode(Frames(pages), {"tiffinfo": tags}))))
    assert [dict(page)[270] for page in again] == ["page 0", "page 1", "page 2", "page 3", "page 4"]


@pytest.mark.parametrize("compression", [None, "raw", "tiff_lzw"])
def test_tags_are_kept_directories_included(compression):
    """EXIF and GPS must be kept, although Pillow cannot write them into a compressed TIFF."""
    source = tagged()
    options = {"tiffinfo": kept_tags(source)} | ({"compression": compression} if compression else {})

    back = Image.open(BytesIO(TIFF.encode(source, options)))

    assert dict(kept_tags(back)[0]) == dict(kept_tags(source)[0])
    assert back.getexif().get_ifd(34665)[EXPOSURE] == IFDRational(1, 125)
    assert back.getexif().get_ifd(34853)[POSITION] == "N"
    assert back.tobytes() == source.tobytes()


def test_directories_of_every_page_are_kept():
    """The entries of every page must point to its own directories."""
    source = tagged()
    frames = Frames((source.copy(), source.copy()))

    back = Image.open(BytesIO(TIFF.encode(frames, {"tiffinfo": kept_tags(source) * 2})))

    assert [dict(tags[34665]) for tags in kept_tags(back)] == [{EXPOSURE: IFDRational(1, 125)}] * 2


def test_tags_of_the_old_pixels_do_not_get_in():
    """Predictor, strip and tile tags of the source must not be carried: they would corrupt the new file."""
    source = Image.open(BytesIO(encoded(photograph((64, 48)), "TIFF", compression="tiff_lzw", tiffinfo={317: 2})))

    back = Image.open(BytesIO(TIFF.encode(source, {"compression": "tiff_adobe_deflate"})))

    assert 317 not in kept_tags(source)[0]
    assert 317 not in back.tag_v2
    assert back.tobytes() == source.tobytes()


def test_metadata_of_other_formats_becomes_tags():
    """EXIF, orientation and profile of other formats must be stored as TIFF tags."""
    options = {"exif": exif(orientation=6), "icc_profile": icc_profile(), "xmp": XMP, "dpi": (300, 300)}

    back = Image.open(BytesIO(TIFF.encode(photograph(), options)))

    assert back.getexif()[0x0112] == 6
    assert back.getexif()[0x0110] == "bytefit test camera"
    assert back.info["icc_profile"] == icc_profile()
    assert back.info["xmp"] == XMP
    assert back.info["dpi"] == (300, 300)


def test_iptc_as_photoshop_wrote_it_is_left_out():
    """Photoshop's IPTC numbers must be dropped: Pillow reads only the first, which libtiff refuses."""
    tags = ImageFileDirectory_v2()
    tags.tagtype[33723] = 4
    tags[33723] = 540
    source = Image.open(BytesIO(encoded(photograph(), "TIFF", tiffinfo=tags, compression="raw")))

    assert source.tag_v2[33723] == 540
    assert 33723 not in kept_tags(source)[0]


def test_the_orientation_is_applied_once():
    """The orientation must be dropped: Pillow has already applied it to the pixels."""
    source = tagged()
    tags = kept_tags(source)

    back = opened(TIFF.encode(source, {"tiffinfo": tags}))

    assert source.size == back.size == (48, 64)
    assert back.tobytes() == source.tobytes()
    assert 274 not in back.tag_v2


def test_nothing_of_the_source_slips_in_unasked():
    """Without metadata options, as with `metadata="strip"`, the file must carry no metadata."""
    back = Image.open(BytesIO(TIFF.encode(tagged(icc_profile=icc_profile()), {})))

    assert dict(kept_tags(back)[0]) == {}
    assert "icc_profile" not in back.info


@pytest.mark.parametrize("name", ["pages", "directories"])
def test_libtiff_reads_what_was_written(name, tmp_path):
    """The program of libtiff must read every file without a warning."""
    if shutil.which("tiffinfo") is None:
        pytest.skip("tiffinfo is not installed")
    source = tagged()
    pictures = {"pages": Frames((photograph(), in_mode("1"), graphic())), "directories": source}
    options = (
        {"tiffinfo": [{270: "a view"}]}
        if name == "pages"
        else {"tiffinfo": [{270: "a view", 34665: {EXPOSURE: IFDRational(1, 125)}}]}
    )
    (tmp_path / "picture.tif").write_bytes(TIFF.encode(pictures[name], options))

    done = subprocess.run(["tiffinfo", "-D", tmp_path / "picture.tif"], capture_output=True, text=True, check=True)

    assert done.stderr == ""
    assert "a view" in done.stdout


def test_subdirectories_and_deep_colours_would_be_lost():
    """Subdirectories and 16-bit colours must be reported: Pillow drops both silently."""
    image = tagged()

    assert lost_in_tiff(image) is None
    image.tag_v2[330] = 8
    assert lost_in_tiff(image) == "further pictures in subdirectories"
    del image.tag_v2[330]
    image.tag_v2[258] = (16, 16, 16)
    assert lost_in_tiff(image) == "16 bits a channel"


@pytest.mark.parametrize(("mode", "encoded_in"), [("RGB", "YCbCr"), ("P", "YCbCr"), ("L", "L"), ("CMYK", "CMYK")])
def test_jpeg_in_tiff_has_a_ladder(mode, encoded_in):
    """JPEG in TIFF must have qualities from 1 to 100, on request only, and use YCbCr at half the bytes of RGB."""
    picture = prepare(TIFF_JPEG, photograph((96, 64), mode))

    files = [TIFF_JPEG.encode(picture, TIFF_JPEG.setting(quality, encoded_in)) for quality in (20, 60, 100)]

    assert picture.mode == encoded_in
    assert [opened(data).info["compression"] for data in files] == ["jpeg"] * 3
    assert len(files[0]) < len(files[1]) < len(files[2])
    if mode == "RGB":
        assert len(files[1]) < 0.8 * len(encoded(photograph((96, 64)), "TIFF", compression="jpeg", quality=60))


def test_jpeg_in_tiff_refuses_what_jpeg_cannot_hold():
    """A mode that JPEG cannot hold must be refused with a remedy."""
    for mode, reason in (("I;16", "8 bits a channel"), ("LAB", "Lab colours"), ("RGBA", "transparency")):
        with pytest.raises(UnsupportedImage, match=reason):
            prepare(TIFF_JPEG, in_mode(mode))


def test_jpeg_in_a_lossless_tiff_is_refused_with_the_way_out():
    """TIFF is lossless without that compression: another format is not what helps."""
    with pytest.raises(ConfigError, match=r"compression='jpeg' changes pixels: leave it out for a lossless TIFF"):
        bytefit.compress(photograph(), 90_000, format="TIFF", compression="jpeg", lossless=True)
    assert bytefit.compress(photograph(), 90_000, format="TIFF", lossless=True).lossless

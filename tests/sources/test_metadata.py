"""Metadata: what is kept, what it weighs."""

from __future__ import annotations

import pytest
from PIL import Image, ImageOps

from bytefit.codecs import CODECS
from bytefit.codecs.avif.codec import AVIF
from bytefit.codecs.gif.blocks import metadata_in, other_blocks
from bytefit.codecs.gif.codec import GIF
from bytefit.codecs.jpeg.codec import JPEG
from bytefit.codecs.jpeg2000.boxes import metadata_in_jpeg2000
from bytefit.codecs.jpeg2000.codec import JPEG2000
from bytefit.codecs.png.chunks import chunk, chunks
from bytefit.codecs.png.codec import PNG
from bytefit.codecs.tiff.codec import TIFF
from bytefit.codecs.webp.codec import WEBP
from bytefit.errors import UnsupportedImage
from bytefit.options import POLICIES
from bytefit.sources.carrying import carry
from bytefit.sources.metadata import orientation, upright, weigh, with_dimensions
from bytefit.sources.reading import decode
from images import XMP, encoded, exif, graphic, icc_profile, in_mode, opened, photograph

each_codec = pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.format)
# All but GIF, which has a place for comments only.
each_holder = pytest.mark.parametrize(
    "codec", [codec for codec in CODECS if "exif" in codec.save_options.allowed], ids=lambda codec: codec.format
)

ORIENTATION, CAMERA_MODEL, X_RESOLUTION, EXIF_IFD, WIDTH, HEIGHT = 0x0112, 0x0110, 0x011A, 0x8769, 0xA002, 0xA003


def kept(*arguments):
    """Return the save options that carry what is kept."""
    return carry(*arguments).options


def loaded(turn=6, **options):
    """Return an opened JPEG with EXIF, profile, XMP, comment and resolution."""
    metadata = {"exif": exif(orientation=turn), "icc_profile": icc_profile(), "xmp": XMP, "comment": b"a view"}
    return opened(encoded(photograph((48, 32)), "JPEG", dpi=(300, 300), **{**metadata, **options}))


def tags(block):
    """Return the EXIF tags in a block."""
    tags = Image.Exif()
    tags.load(block)
    return dict(tags)


@each_holder
def test_everything_a_format_has_a_place_for_is_kept(codec):
    """EXIF, profile and XMP everywhere but in GIF; comment and resolution where they have a place."""
    options = kept(loaded(), codec, "RGB", "keep")

    assert tags(options["exif"]).items() >= {ORIENTATION: 6, CAMERA_MODEL: "bytefit test camera"}.items()
    assert ("density" in options) == (X_RESOLUTION not in tags(options["exif"]))
    assert options["icc_profile"] == icc_profile()
    assert options["xmp"] == XMP
    assert set(options) <= codec.save_options.allowed | {"density"}


@each_holder
def test_what_is_kept_is_in_the_file(codec):
    """Read again by Pillow: the profile, the XMP and the EXIF, in whatever box, chunk or tag they travel."""
    options = kept(loaded(), codec, "RGB", "keep")

    data = codec.encode(photograph((48, 32)), {**codec.setting(codec.ladder[-1], "RGB"), **options})

    again = opened(data)
    found = {**again.info, **(metadata_in_jpeg2000(data) if codec is JPEG2000 else {})}
    assert found["icc_profile"] == icc_profile()
    assert found["xmp"] == XMP
    block = tags(found["exif"]) if codec is JPEG2000 else dict(again.getexif())
    assert block[CAMERA_MODEL] == "bytefit test camera"
    assert codec is TIFF or block[ORIENTATION] == 6  # Pillow turns the pixels of a TIFF, and forgets it


def test_a_gif_has_no_place_for_exif():
    """Comments, XMP and a colour profile have blocks in a GIF: EXIF must be named as dropped."""
    options = kept(loaded(), GIF, "RGB", "keep")

    data = GIF.encode(photograph((48, 32)), {**GIF.setting(50, "RGB"), **options})
    again = opened(data)

    assert carry(loaded(), GIF, "RGB", "keep").dropped == ("EXIF", "resolution of 300 dpi")
    assert again.info["comment"] == b"a view"
    assert metadata_in(other_blocks(data)) == {"xmp": XMP, "icc_profile": icc_profile()}


@pytest.mark.parametrize("codec", [JPEG, PNG, TIFF], ids=lambda codec: codec.format)
def test_resolution_is_kept_where_it_has_a_place(codec):
    """To the dot, but for PNG's, which is in whole dots a metre."""
    data = codec.encode(photograph((48, 32)), {**codec.setting(100, "RGB"), **kept(loaded(), codec, "RGB", "keep")})

    assert opened(data).info["dpi"] == pytest.approx((300, 300), abs=0.02)


@pytest.mark.parametrize("codec", [JPEG, PNG, GIF, JPEG2000], ids=lambda codec: codec.format)
def test_comments_are_kept_where_they_have_a_place(codec):
    """In a PNG it is a text by that name."""
    data = codec.encode(photograph((48, 32)), {**codec.setting(90, "RGB"), **kept(loaded(), codec, "RGB", "keep")})

    info = opened(data).info
    assert info["Comment" if codec is PNG else "comment"] in {"a view", b"a view"}


def test_chunks_of_a_png_are_kept_from_png_to_png():
    """Texts, colours, and what nobody here knows of; not what is only true of the old pixels."""
    made = {b"tEXt": b"Title\x00a view", b"gAMA": bytes([0, 0, 177, 143]), b"mINe": b"own", b"tIME": bytes(7)}
    data = encoded(photograph((32, 24)), "PNG")
    data = data[:33] + b"".join(chunk(name, content) for name, content in made.items()) + data[33:]

    again = PNG.encode(photograph((32, 24)), {**PNG.setting(50, "RGB"), **kept(decode(data, "a"), PNG, "RGB", "keep")})

    found = {name: content for name, content, *_ in chunks(again)}
    assert {name: found.get(name) for name in made} == {**made, b"tIME": None}


def test_only_what_shows_of_a_png_is_kept_where_that_is_asked_for():
    """How samples become colours shows; texts do not."""
    made = {b"tEXt": b"Title\x00a view", b"gAMA": bytes([0, 0, 177, 143])}
    data = encoded(photograph((32, 24)), "PNG")
    data = data[:33] + b"".join(chunk(name, content) for name, content in made.items()) + data[33:]

    options = kept(decode(data, "a"), PNG, "RGB", "orientation+icc")

    assert [name for name, *_ in chunks(bytes(8) + options["extra"])] == [b"gAMA"]


def test_every_comment_is_kept():
    """A JPEG may have several; Pillow's `info` knows the last."""
    data = encoded(photograph((48, 32)), "JPEG", comment=b"the last")
    first = b"\xff\xfe\x00\x0bthe first"

    again = opened(encoded(photograph((48, 32)), **kept(opened(data[:20] + first + data[20:]), JPEG, "RGB", "keep")))

    assert [content for name, content in again.applist if name == "COM"] == [b"the first", b"the last"]


def test_a_comment_from_another_format_is_kept():
    """A GIF, for one, has them too."""
    picture = opened(encoded(photograph((48, 32)), "GIF", comment=b"a view"))

    again = opened(encoded(photograph((48, 32)), **kept(picture, JPEG, "RGB", "keep")))

    assert again.info["comment"] == b"a view"


@each_codec
def test_stripped_is_stripped(codec):
    """Nothing that weighs is left, and Pillow is told so: it would take profile and comment from the picture."""
    options = kept(loaded(), codec, "RGB", "strip")

    again = opened(codec.encode(loaded(), {**codec.setting(90, "RGB"), **options}))
    assert not any(options.values())
    assert not {"icc_profile", "exif", "xmp", "Comment"} & set(again.info)
    assert again.info.get("dpi") != (300, 300)
    assert again.info.get("comment", b"").removeprefix(b"Created by OpenJPEG version ") != b"a view"


@each_holder
def test_orientation_and_profile_are_what_shows(codec):
    """The rest, the place where it was taken among it, is left out; so is an orientation that viewers ignore."""
    options = kept(loaded(), codec, "RGB", "orientation+icc")

    assert tags(options["exif"]) == ({ORIENTATION: 6} if codec.holds.orientation else {})
    assert options["icc_profile"] == icc_profile()
    assert not options["xmp"]
    assert not options.get("comment")


@each_holder
def test_an_upright_picture_needs_no_exif_for_its_orientation(codec):
    """Some dozens of bytes saved."""
    assert kept(loaded(turn=1), codec, "RGB", "orientation+icc")["exif"] == b""


@each_codec
@pytest.mark.parametrize("policy", POLICIES)
def test_a_picture_without_metadata_weighs_nothing(codec, policy):
    """And carries nothing."""
    options = kept(photograph((16, 16)), codec, "RGB", policy)

    assert weigh(codec, "RGB", codec.setting(50, "RGB"), options) == 0


@pytest.mark.parametrize(
    ("before", "after", "fits"),
    [
        ("RGB", "RGB", True),
        ("P", "RGB", True),
        ("RGBA", "RGBA", True),
        ("YCbCr", "YCbCr", True),
        ("L", "L", True),
        ("CMYK", "CMYK", True),
        ("L", "RGB", False),
        ("LA", "RGBA", False),
        ("1", "RGB", False),
    ],
)
def test_a_profile_goes_where_its_kind_of_colours_goes(before, after, fits):
    """The profile of a grey picture, on colours, makes viewers show nonsense, or nothing."""
    space = {"L": b"GRAY", "LA": b"GRAY", "1": b"GRAY", "CMYK": b"CMYK"}.get(before, b"RGB ")
    picture = in_mode(before)
    picture.info["icc_profile"] = icc_profile(space)

    profile = kept(picture, WEBP, after, "keep")["icc_profile"]

    assert profile == (icc_profile(space) if fits else b"")


def test_other_application_segments_are_kept_from_jpeg_to_jpeg():
    """IPTC captions, for one, which Pillow drops."""
    content = b"Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00\x05\x1c\x02\x78\x00\x00\x00"
    segment = b"\xff\xed" + (len(content) + 2).to_bytes(2, "big") + content
    data = encoded(photograph((32, 32)))
    picture = opened(data[:20] + segment + data[20:])

    options = kept(picture, JPEG, "RGB", "keep")

    assert options["extra"] == segment
    assert ("APP13", content) in opened(encoded(picture, "JPEG", **options)).applist


def test_what_the_encoder_writes_itself_is_not_written_twice():
    """EXIF, XMP and profile travel by options of their own."""
    picture = loaded()

    again = opened(encoded(picture, "JPEG", **kept(picture, JPEG, "RGB", "keep")))

    assert sorted(name for name, _ in again.applist) == sorted(name for name, _ in picture.applist)


@pytest.mark.parametrize("value", [0, 9, 65_535, "up", (6, 6)])
def test_nonsense_for_an_orientation_is_upright(value):
    """Only 2 to 8 turn a picture."""
    picture = photograph((16, 16))
    picture.getexif()[ORIENTATION] = value

    assert orientation(picture) == 1


@pytest.mark.filterwarnings("ignore:Corrupt EXIF:UserWarning")
@pytest.mark.parametrize(
    "block", [b"", b"Exif\x00\x00", b"Exif\x00\x00II", b"Exif\x00\x00nonsense", b"MM\x00*\x00\x00\x00\xff"]
)
def test_broken_exif_is_upright(block):
    """It is carried as it is; nobody fails on it."""
    picture = photograph((16, 16))
    picture.info["exif"] = block

    assert orientation(picture) == 1
    assert upright(picture) is picture


@pytest.mark.parametrize("turn", range(1, 9))
def test_upright_pictures_show_what_viewers_show(turn):
    """Pillow's own transposition is the witness; the picture itself is left as it is."""
    picture = loaded(turn)

    turned = upright(picture)

    assert turned.size == ((32, 48) if turn >= 5 else (48, 32))
    assert turned.tobytes() == ImageOps.exif_transpose(picture).tobytes()
    assert picture.getexif()[ORIENTATION] == turn


@each_codec
@pytest.mark.parametrize("policy", ["keep", "orientation+icc"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_metadata_weighs_what_it_adds_to_a_file(codec, policy, mode):
    """Measured on sixteen pixels a side, true for a picture: exactly, or nearly where containers grow in steps."""
    if codec is JPEG and mode == "RGBA":
        pytest.skip("JPEG has no alpha")
    size = (21, 14) if codec in {PNG, GIF} else (96, 64)
    picture = graphic(size) if mode == "RGBA" else photograph(size)
    options = kept(loaded(), codec, mode, policy)
    # The rate that JPEG 2000 keeps to counts comments: they take the place of pixels, but for the lossless rung.
    setting = codec.setting(100 if codec is JPEG2000 else 50, mode)

    weight = weigh(codec, mode, setting, options)

    added = len(codec.encode(picture, {**setting, **options})) - len(codec.encode(picture, setting))
    # What is blank is packed as grey in a PNG unless there is a profile of colours: some bytes more are expected.
    assert weight == pytest.approx(added, abs=8 if codec is PNG else 4)
    assert weight > len(options.get("icc_profile", b"")) or not options.get("exif")
    assert codec is not PNG or weight >= added


@pytest.mark.parametrize("block", [exif(padding=70_000), b"Exif\x00\x00" + bytes(65_600)])
def test_metadata_too_large_for_the_format_is_refused_with_the_way_out(block):
    """One segment of a JPEG holds 65,533 bytes."""
    with pytest.raises(UnsupportedImage, match="metadata='strip' leaves out what the image carries"):
        weigh(JPEG, "RGB", JPEG.setting(50, "RGB"), {"exif": block})


@pytest.mark.parametrize("codec", [WEBP, AVIF, PNG, TIFF, JPEG2000], ids=lambda codec: codec.format)
def test_large_metadata_fits_where_there_is_room(codec):
    """The limit is JPEG's alone."""
    assert weigh(codec, "RGB", codec.setting(50, "RGB"), {"exif": exif(padding=70_000)}) > 70_000


def test_stated_dimensions_follow_the_picture():
    """EXIF of a scaled picture must not claim the old size."""
    block = Image.Exif()
    block[CAMERA_MODEL] = "camera"
    block.get_ifd(EXIF_IFD).update({WIDTH: 4000, HEIGHT: 3000})

    carried = with_dimensions({"exif": block.tobytes(), "xmp": XMP}, (400, 300), JPEG)

    again = Image.Exif()
    again.load(carried["exif"])
    assert again[CAMERA_MODEL] == "camera"
    assert (again.get_ifd(EXIF_IFD)[WIDTH], again.get_ifd(EXIF_IFD)[HEIGHT]) == (400, 300)
    assert carried["xmp"] == XMP


@pytest.mark.filterwarnings("ignore:Corrupt EXIF:UserWarning")
@pytest.mark.parametrize(
    "block", [b"", exif(orientation=6), b"Exif\x00\x00nonsense", b"Exif\x00\x00II*\x00\xff\xff\xff\xff", Image.Exif()]
)
def test_nothing_is_stated_where_nothing_was(block):
    """Other EXIF, and broken EXIF, is carried byte for byte."""
    assert with_dimensions({"exif": block}, (400, 300), JPEG) == {"exif": block}

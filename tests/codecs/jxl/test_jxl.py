"""JPEG XL through its plugin: distinct rungs, metadata, and content that would be lost."""

from __future__ import annotations

import sys
from io import BytesIO

import pytest
from PIL import Image, ImageCms

import bytefit
from bytefit.codecs.boxes import box
from bytefit.codecs.jxl.boxes import codestream_in, lost_in_jxl, metadata_in_jxl
from bytefit.codecs.jxl.codec import JXL
from bytefit.codecs.preparing import prepare
from bytefit.errors import ConfigError, UnsupportedImage
from images import XMP, exif, flat, graphic, icc_profile, in_mode, photograph, write_jpeg

RUNG = JXL.setting(60, "RGB")

with_plugin = pytest.mark.usefixtures("plugin")


@pytest.fixture
def plugin():
    """Import the plugin, which registers the format with Pillow; skip the test if it is not installed."""
    return pytest.importorskip("pillow_jxl")


def test_without_its_plugin_the_remedy_is_named(monkeypatch):
    """Without the plugin the error must name the extra to install."""
    monkeypatch.setitem(sys.modules, "pillow_jxl", None)

    with pytest.raises(ConfigError, match=r"JXL needs the plugin pillow-jxl-plugin: pip install 'bytefit\[jxl\]'"):
        JXL.encode(flat(), RUNG)


@with_plugin
def test_rungs_are_files_of_their_own():
    """Every quality of the ladder must have its own distance."""
    picture = photograph((64, 48))

    files = {JXL.encode(picture, JXL.setting(quality, "RGB")) for quality in JXL.ladder}

    assert len(files) == len(JXL.ladder)


@with_plugin
@pytest.mark.parametrize("picture", [photograph((65, 43)), photograph((65, 43), "L"), graphic((65, 43))])
def test_the_finest_rung_is_lossless(picture):
    """The finest rung must be lossless, which the plugin's own quality 100 is not."""
    back = Image.open(BytesIO(JXL.encode(picture, JXL.setting(100, picture.mode))))

    assert back.mode == picture.mode
    assert back.tobytes() == picture.tobytes()


@with_plugin
def test_a_jpeg_source_is_encoded_again(tmp_path):
    """The pixels of a JPEG source must be encoded: the plugin would otherwise store the JPEG data."""
    with Image.open(write_jpeg(tmp_path / "picture.jpg", photograph((160, 120)))) as source:
        low, high = (len(JXL.encode(source, JXL.setting(quality, "RGB"))) for quality in (20, 90))

    assert low < high / 2


@with_plugin
def test_metadata_is_kept():
    """EXIF and XMP must be in the file, in boxes that other programs know."""
    data = JXL.encode(photograph((96, 64)), {**JXL.setting(100, "RGB"), "exif": exif(orientation=1), "xmp": XMP})

    assert Image.open(BytesIO(data)).getexif()[0x0110] == "bytefit test camera"
    assert metadata_in_jxl(data) == {"xmp": XMP}
    assert lost_in_jxl(data) is None


@with_plugin
@pytest.mark.parametrize("policy", ["keep", "orientation+icc", "strip"])
@pytest.mark.parametrize("wanted", ["JXL", "PNG"])
@pytest.mark.parametrize("opened_by_the_user", [True, False])
def test_the_orientation_in_exif_is_ignored(tmp_path, wanted, policy, opened_by_the_user):
    """The decoder turns the pixels by the codestream: nobody may turn them again by EXIF, whoever opened the file."""
    path = tmp_path / "lying.jxl"
    photograph((96, 64)).save(path, "JXL", exif=exif(orientation=4), lossless=True)
    seen = Image.open(path).convert("RGB")

    source = Image.open(path) if opened_by_the_user else path
    result = bytefit.compress(source, "500KB", format=wanted, metadata=policy, lossless=True)

    again = Image.open(BytesIO(result.data))
    assert again.convert("RGB").tobytes() == seen.tobytes()
    assert again.getexif().get(0x0112, 1) == 1 or result.data == path.read_bytes()  # a file that fits stays as it is
    assert again.getexif().get(0x0110) == ("bytefit test camera" if policy == "keep" else None)


@with_plugin
def test_nothing_of_the_source_slips_in_unasked():
    """With "strip" no EXIF may be taken from the image, where the plugin looks for it."""
    source = photograph((96, 64))
    source.info.update(exif=exif(orientation=6), xmp=XMP)

    stripped = JXL.encode(source, {**RUNG, "exif": b"", "xmp": b"", "icc_profile": b""})

    assert stripped == JXL.encode(photograph((96, 64)), RUNG)


@with_plugin
def test_profiles_other_than_srgb_are_refused():
    """A profile other than sRGB must be refused: the plugin drops it and the colours would change."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    written = Image.open(BytesIO(JXL.encode(photograph(), RUNG))).info["icc_profile"]

    assert JXL.encode(photograph(), {**RUNG, "icc_profile": srgb})
    assert JXL.encode(photograph(), {**RUNG, "icc_profile": written})
    with pytest.raises(UnsupportedImage, match=r"cannot write colour profiles.*colours='srgb'"):
        JXL.encode(photograph(), {**RUNG, "icc_profile": icc_profile()})


@pytest.mark.parametrize("mode", ["I", "F", "I;16", "CMYK", "LAB"])
def test_what_would_lose_is_refused(mode):
    """Modes of more than 8 bits, CMYK and Lab must be refused."""
    with pytest.raises(UnsupportedImage, match="cannot write mode"):
        prepare(JXL, in_mode(mode))


def codestream(*fields):
    """Return a codestream of 8x8 pixels with these fields, (value, bits), as its image metadata, lowest bit first."""
    bits = length = 0
    for value, count in ((1, 1), (0, 5), (1, 3), *fields):  # in eighths, one of them, as wide as high
        bits |= value << length
        length += count
    return b"\xff\x0a" + bits.to_bytes(40, "little")


NO, YES = (0, 1), (1, 1)
# Not as usual; no further fields; whole samples of 8 bits; 16 bits suffice.
EIGHT_BITS = (NO, NO, NO, (0, 2), YES)
STREAMS = {
    None: codestream(YES),
    "an animation": codestream(NO, YES, (0, 3), NO, NO, YES),
    "a preview": codestream(NO, YES, (0, 3), NO, YES),
    "10 bits a channel": codestream(NO, NO, NO, (1, 2)),
    "14 bits a channel": codestream(NO, NO, NO, (3, 2), (13, 6)),
    "floating-point samples": codestream(NO, NO, YES),
    "3 extra channels": codestream(*EIGHT_BITS, (2, 2), (1, 4)),
    "an extra channel that is not transparency": codestream(*EIGHT_BITS, (1, 2), NO, (1, 2)),
}


@pytest.mark.parametrize("lost", STREAMS)
def test_what_the_plugin_drops_in_silence_is_named(lost):
    """Content that the plugin drops must be named: it shows only the first frame of an animation."""
    signature = box(b"JXL ", b"\r\n\x87\n")
    half = len(STREAMS[lost]) // 2
    parts = box(b"jxlp", bytes(4) + STREAMS[lost][:half]) + box(b"jxlp", b"\x80\0\0\1" + STREAMS[lost][half:])

    assert lost_in_jxl(STREAMS[lost]) == lost
    assert lost_in_jxl(signature + box(b"jxlc", STREAMS[lost])) == lost
    assert lost_in_jxl(signature + parts) == lost
    assert codestream_in(signature + parts) == STREAMS[lost]


def test_other_boxes_are_named():
    """Unknown boxes must be named, compressed or not, except the data for restoring a JPEG."""
    signature, stream = box(b"JXL ", b"\r\n\x87\n"), box(b"jxlc", STREAMS[None])

    assert lost_in_jxl(signature + stream + box(b"jhgm", b"map")) == "a box 'jhgm' of 3 bytes"
    assert lost_in_jxl(signature + stream + box(b"brob", b"jumb...")) == "a box 'jumb' of 7 bytes"
    assert lost_in_jxl(signature + stream + box(b"jbrd", b"...")) is None


@with_plugin
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("size", [(8, 8), (200, 120), (33, 77), (1000, 3)])
@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 60}, {"quality": 60, "use_container": True}])
def test_nothing_is_lost_of_what_the_plugin_wrote(mode, size, options):
    """Files written by the plugin must report no loss, whatever their shape."""
    file = BytesIO()
    in_mode(mode, size).save(file, "JXL", **options)

    assert lost_in_jxl(file.getvalue()) is None


@with_plugin
def test_deep_files_are_reported():
    """16-bit files written by libjxl must be reported."""
    file = BytesIO()
    Image.new("I;16", (32, 24)).save(file, "JXL", lossless=True)

    assert lost_in_jxl(file.getvalue()) == "16 bits a channel"


@with_plugin
def test_the_slowest_effort_is_not_used_without_loss():
    """Effort 10 took nine times as long as 9 for more bytes: seven trials of 20 kilopixels took 10 seconds."""
    picture = photograph((64, 48))

    assert JXL.encode(picture, {"lossless": True, "effort": 10}) == JXL.encode(picture, {"lossless": True, "effort": 9})

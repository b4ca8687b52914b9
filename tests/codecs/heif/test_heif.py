"""HEIF through its plugin: distinct rungs, metadata, and content that would be lost."""

from __future__ import annotations

import sys
from io import BytesIO
from itertools import pairwise
from math import log

import pytest
from PIL import Image

from bytefit.codecs.heif.codec import HEIF
from bytefit.codecs.heif.container import lost_in_heif
from bytefit.codecs.preparing import prepare
from bytefit.errors import ConfigError, UnsupportedImage
from images import XMP, exif, flat, graphic, icc_profile, in_mode, photograph

RUNG = HEIF.setting(40, "RGB")

with_plugin = pytest.mark.usefixtures("plugin")


@pytest.fixture
def plugin():
    """Import the plugin, which registers the format with Pillow; skip the test if it is not installed."""
    module = pytest.importorskip("pillow_heif")
    module.register_heif_opener()
    return module


def test_without_its_plugin_the_remedy_is_named(monkeypatch):
    """Without the plugin the error must name the extra to install."""
    monkeypatch.setitem(sys.modules, "pillow_heif", None)

    with pytest.raises(ConfigError, match=r"HEIF needs the plugin pillow-heif: pip install 'bytefit\[heif\]'"):
        HEIF.encode(flat(), RUNG)


@pytest.mark.parametrize(("quality", "whole"), [(0, 0), (41.5, 40), (42, 42), (93.5, 92), (100, 100)])
def test_settings_are_a_quantiser_and_the_way_to_the_next(quality, whole):
    """Every second quality must be a quantiser of its own, with steps towards the next."""
    setting = HEIF.setting(quality, "RGB")

    assert setting["quality"] == whole
    assert ("enc_params" in setting) == (quality != whole)


@with_plugin
def test_rungs_rise_in_small_steps():
    """Every rung must give a larger file, including the three between two quantisers."""
    picture = photograph((160, 120))
    qualities = [quality for quality in HEIF.ladder if 50 <= quality <= 52]

    sizes = [len(HEIF.encode(picture, HEIF.setting(quality, "RGB"))) for quality in qualities]

    assert all(0 < log(right / left) < 0.1 for left, right in pairwise(sizes)), sizes


@with_plugin
def test_the_last_step_meets_the_next_quantiser():
    """A full step must give exactly the file of the next quantiser."""
    picture = photograph((160, 120))
    ratio = HEIF.setting(41.9999, "RGB")

    assert HEIF.encode(picture, ratio) == HEIF.encode(picture, HEIF.setting(42, "RGB"))


@with_plugin
@pytest.mark.parametrize("picture", [photograph((65, 43)), photograph((65, 43), "L"), graphic((65, 43))])
def test_lossless_is_lossless(picture):
    """The lossless rung must keep every bit, with odd sides and transparency too."""
    data = HEIF.encode(picture, HEIF.lossless.options)

    back = Image.open(BytesIO(data))
    assert back.mode == picture.mode
    assert back.tobytes() == picture.tobytes()


@with_plugin
def test_metadata_is_kept():
    """Metadata must be kept; the orientation becomes an image property, and EXIF states upright."""
    options = {**RUNG, "exif": exif(orientation=6), "icc_profile": icc_profile(), "xmp": XMP}

    back = Image.open(BytesIO(HEIF.encode(photograph((96, 64)), options)))

    assert back.size == (64, 96)
    assert back.getexif()[0x0110] == "bytefit test camera"
    assert back.getexif()[0x0112] == 1
    assert back.info["icc_profile"] == icc_profile()
    assert back.info["xmp"] == XMP


@with_plugin
def test_nothing_of_the_source_slips_in_unasked():
    """With "strip" nothing may be taken from `info`, where pillow-heif looks for metadata."""
    source = photograph((96, 64))
    source.info.update(exif=exif(orientation=6), icc_profile=icc_profile(), xmp=XMP)

    stripped = HEIF.encode(source, {**RUNG, "exif": b"", "icc_profile": b"", "xmp": b""})

    assert stripped == HEIF.encode(photograph((96, 64)), RUNG)


@with_plugin
def test_a_preset_changes_the_effort_of_every_rung():
    """A preset must be added to the encoder settings of every rung, not replace them."""
    picture = photograph((96, 64))
    setting = HEIF.setting(41.5, "RGB")

    fast = HEIF.encode(picture, {**setting, **HEIF.save_options.efforts["fast"]})

    assert fast not in {HEIF.encode(picture, setting), HEIF.encode(picture, {**setting, "enc_params": {}})}
    assert "preset" not in setting["enc_params"]


@pytest.mark.parametrize("mode", ["I", "F", "I;16", "CMYK", "LAB"])
def test_what_would_lose_is_refused(mode):
    """Deep and CMYK modes must be refused: pillow-heif would cut or misread them."""
    with pytest.raises(UnsupportedImage, match="cannot write mode"):
        prepare(HEIF, in_mode(mode))


def described(**info):
    """Return an image with the `info` of pillow-heif."""
    picture = flat((8, 8))
    picture.info.update({"bit_depth": 8, "metadata": [], "depth_images": [], "aux": {}, "thumbnails": []}, **info)
    return picture


LOST = {
    "10 bits a channel": {"bit_depth": 10},
    "a depth image": {"depth_images": ["depth"]},
    "auxiliary pictures (urn:com:apple:photo:2020:aux:hdrgainmap)": {
        "aux": {"urn:com:apple:photo:2020:aux:hdrgainmap": [3]}
    },
    "metadata of other kinds (application/json)": {"metadata": [{"type": "mime", "content_type": "application/json"}]},
    "groups of pictures": {"entity_groups": [{"type": "ster"}]},
    "colours of its own (primaries 12, transfer 13)": {
        "nclx_profile": {"color_primaries": 12, "transfer_characteristics": 13}
    },
}


@pytest.mark.parametrize("lost", LOST)
def test_what_would_be_lost_is_named(lost):
    """Content that would be lost must be named, so that the file can be refused."""
    assert lost_in_heif(described(**LOST[lost])) == lost


def test_a_thumbnail_and_a_profile_are_no_loss():
    """A thumbnail and a profile must not count as lost."""
    wide = {"color_primaries": 12, "transfer_characteristics": 13}

    assert lost_in_heif(described(thumbnails=[64])) is None
    assert lost_in_heif(described(nclx_profile=wide, icc_profile=icc_profile())) is None


def test_files_say_what_they_hold(plugin):
    """The installed plugin must report content under the keys used above."""
    several, deep, plain = BytesIO(), BytesIO(), BytesIO()
    photograph().save(several, "HEIF", save_all=True, append_images=[flat()])
    plugin.from_bytes(mode="RGB;16", size=(64, 64), data=bytes(64 * 64 * 6)).save(deep, quality=50)
    photograph().save(plain, "HEIF", thumbnails=[64], exif=exif(orientation=6), xmp=XMP)

    said = [lost_in_heif(Image.open(file)) for file in (several, deep, plain)]

    assert said == ["2 pictures", "10 bits a channel", None]

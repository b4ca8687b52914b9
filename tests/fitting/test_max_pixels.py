"""The limit on pixels in `compress` and `compress_file`: every way of fitting an image works above that of Pillow."""

from __future__ import annotations

import pytest
from PIL import Image

import bytefit
from bytefit import UnsupportedImage
from images import animation, encoded, noise, photograph


@pytest.fixture(autouse=True)
def small_limit(monkeypatch):
    """Let Pillow refuse images of more than 2000 pixels."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)


@pytest.mark.parametrize("wanted", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP", "GIF", "TIFF"])
def test_a_large_image_is_fitted_and_verified(tmp_path, source, wanted):
    """The check of what was written decodes it, which must not fail for its pixels."""
    path = tmp_path / "map.img"
    path.write_bytes(encoded(photograph((90, 60)), source))

    outcome = bytefit.compress_file(path, 12_000, output=tmp_path / "out", format=wanted, max_pixels=5400)

    assert (outcome.fits, outcome.changed) == (True, True)
    with pytest.raises(UnsupportedImage, match=r"allow it with max_pixels=5400|raise the limit with max_pixels"):
        bytefit.compress(path, 12_000, format=wanted)
    assert Image.MAX_IMAGE_PIXELS == 1000


@pytest.mark.parametrize("codec_format", ["WEBP", "PNG", "AVIF"])
def test_a_large_animation_is_fitted(tmp_path, codec_format):
    """Its frames are decoded again to be compared."""
    path = tmp_path / "moving.img"
    path.write_bytes(animation(codec_format, size=(90, 60)))

    assert bytefit.compress(path, 60_000, max_pixels=5400, slack=0.5).frames == 3


def test_a_gif_that_pillow_refuses_in_parts_is_refused_with_a_way_out(tmp_path):
    """Pillow checks the parts of an image again: in frames as it reads them, and in parts as GIF is written."""
    (tmp_path / "moving.gif").write_bytes(animation("GIF", size=(90, 60)))
    (tmp_path / "still.gif").write_bytes(encoded(photograph((90, 60)), "GIF"))

    with pytest.raises(UnsupportedImage, match=r"a higher PIL\.Image\.MAX_IMAGE_PIXELS allows it"):
        bytefit.compress(tmp_path / "moving.gif", 60_000, max_pixels=5400)
    with pytest.raises(UnsupportedImage, match=r"too many pixels to be encoded as GIF: allow resize, or take another"):
        bytefit.compress(tmp_path / "still.gif", 3000, max_pixels=5400)


def test_a_large_image_is_repacked_without_loss(tmp_path):
    """A better coding of the same pixels is decoded to be compared."""
    path = tmp_path / "map.png"
    path.write_bytes(encoded(noise((90, 60)).quantize(16), "PNG", compress_level=0))

    outcome = bytefit.compress_file(path, path.stat().st_size - 100, max_pixels=5400)

    assert (outcome.changed, outcome.fits) == (True, True)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_lower_limit_refuses_what_pillow_opens(tmp_path):
    """A service that takes files from strangers may allow fewer pixels than Pillow does."""
    path = tmp_path / "map.jpg"
    path.write_bytes(encoded(photograph((40, 30))))

    assert bytefit.compress(path, 9000).fits
    with pytest.raises(UnsupportedImage, match=r"has 40x30 pixels, and 1199 pixels is the limit"):
        bytefit.compress(path, 9000, max_pixels=1199)


def test_an_image_in_memory_has_no_limit():
    """Its pixels are there already."""
    assert bytefit.compress(photograph((90, 60)), 6000, format="WEBP", max_pixels=1).fits
    assert bytefit.compress(photograph((90, 60)), 6000, format="JPEG").fits


@pytest.mark.parametrize("method", ["convert", "tobytes"])
def test_a_lack_of_memory_is_a_refusal(monkeypatch, method):
    """A damaged animation may state dimensions of gigabytes: what Pillow raises then must come out as our own error."""

    def no_memory(*_, **__):
        raise MemoryError

    picture = noise((30, 30), "RGBA")
    monkeypatch.setattr(Image.Image, method, no_memory)

    with pytest.raises(UnsupportedImage, match="not enough memory to encode this image: scale it down first"):
        bytefit.compress(picture, 1000, format="GIF")

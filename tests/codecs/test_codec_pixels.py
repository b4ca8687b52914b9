"""Pictures made ready for a codec: modes, transparency, lossless coding, several frames, limits."""

from __future__ import annotations

import re

import pytest
from PIL import Image

from bytefit.codecs import CODECS
from bytefit.codecs.codec import LOSSLESS
from bytefit.codecs.gif.codec import GIF
from bytefit.codecs.jpeg.codec import JPEG
from bytefit.codecs.jpeg2000.codec import JPEG2000
from bytefit.codecs.png.codec import PNG
from bytefit.codecs.preparing import prepare
from bytefit.codecs.tiff.codec import TIFF
from bytefit.codecs.webp.codec import WEBP
from bytefit.errors import ConfigError, UnsupportedImage
from bytefit.pictures.frames import Frames
from codec_marks import each_codec, each_learned
from images import ALPHA_MODES, MODES, graphic, in_mode, noise, opened, photograph, screenshot

each_with_alpha = pytest.mark.parametrize(
    "codec", [codec for codec in CODECS if codec.modes.alpha is not None], ids=lambda codec: codec.format
)


each_without_loss = pytest.mark.parametrize(
    "codec", [codec for codec in CODECS if codec.lossless.options is not None], ids=lambda codec: codec.format
)


def prepared_or_reason(codec, picture):
    """Return the prepared picture and no reason, or no picture and the reason why it is refused."""
    try:
        return prepare(codec, picture), ""
    except UnsupportedImage as error:
        return None, str(error)


def as_pixels(picture):
    """Return what makes two pictures look the same."""
    return picture.size, picture.convert("RGBA").tobytes()


def highest_rung(codec):
    """Return the highest rung for pictures of many colours: GIF cannot keep them without loss."""
    return -2 if codec is GIF else -1


@each_codec
@pytest.mark.parametrize("mode", MODES)
def test_every_mode_is_handled_or_refused_with_a_reason(codec, mode):
    """Pillow's own errors, and silent losses, stay behind one sentence that names the mode and the way out."""
    picture = in_mode(mode)

    prepared, reason = prepared_or_reason(codec, picture)

    if prepared is None:
        assert {mode, codec.format} <= set(re.findall(r"[\w;]+", reason))
        assert len(reason) > 40
    else:
        data = codec.encode(prepared, codec.setting(codec.ladder[highest_rung(codec)], prepared.mode))
        assert opened(data).size == picture.size


@each_codec
@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBX", "HSV", "YCbCr"])
def test_a_prepared_picture_shows_the_same_colours(codec, mode):
    """Preparing converts without loss wherever a mode is handled."""
    picture = in_mode(mode)

    assert as_pixels(prepare(codec, picture)) == as_pixels(picture)


@each_codec
def test_a_picture_in_the_right_mode_is_not_copied(codec):
    """Preparing costs nothing where nothing has to change."""
    picture = photograph((16, 16))

    assert prepare(codec, picture) is picture


def transparent_pictures():
    """Return pictures that carry transparency each in another way."""
    pictures = {mode: in_mode(mode) for mode in ALPHA_MODES}
    pictures["PA"].putalpha(0)
    for mode, colour in (("P", 0), ("L", 0), ("1", 0), ("RGB", (0, 0, 0))):
        picture = Image.new(mode, (16, 16))
        picture.info["transparency"] = colour
        pictures[f"{mode} with a transparent colour"] = picture
    return pictures


@pytest.mark.parametrize("kind", transparent_pictures())
def test_jpeg_never_flattens_transparency(kind):
    """Onto which background is the user's to say."""
    with pytest.raises(UnsupportedImage, match=r"JPEG cannot hold transparency.*background='white'"):
        prepare(JPEG, transparent_pictures()[kind])


@each_with_alpha
@pytest.mark.parametrize("kind", transparent_pictures())
def test_formats_with_alpha_keep_it(codec, kind):
    """However the transparency is carried, the prepared picture has it in a channel."""
    picture = transparent_pictures()[kind]

    prepared = prepare(codec, picture)

    assert prepared.mode == codec.modes.alpha_of.get(picture.mode, "RGBA")
    assert prepared.getchannel("A").getextrema()[0] == 0


@each_with_alpha
def test_alpha_survives_the_encode(codec):
    """Transparent stays so, as far as a lossy format goes."""
    picture = graphic((144, 108))

    again = opened(codec.encode(picture, codec.setting(codec.ladder[len(codec.ladder) // 2], "RGBA")))

    assert again.has_transparency_data
    alpha = again.convert("RGBA").getchannel("A")
    assert alpha.getpixel((2, 2)) < 8
    assert alpha.getpixel((72, 54)) > 200


@each_without_loss
@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_without_loss_every_pixel_is_as_it_was(codec, mode):
    """The one rung that is left is what it says: of 200 colours, which GIF holds too, and a clear one."""
    picture = photograph((40, 24)).quantize(200).convert("RGBA" if mode == "RGBA" else "RGB").convert(mode)
    if mode == "RGBA":
        picture.paste((0, 0, 0, 0), (3, 4, 20, 11))
    one = codec.without_loss()
    prepared = prepare(one, picture)

    again = opened(one.encode(prepared, one.setting(one.ladder[0], prepared.mode)))

    assert one.ladder == (LOSSLESS,)
    assert as_pixels(again) == as_pixels(picture)


@pytest.mark.parametrize("codec", [WEBP, PNG, TIFF, JPEG2000], ids=lambda codec: codec.format)
@pytest.mark.parametrize("draw", [noise, graphic])
def test_without_loss_many_colours_and_soft_alpha_are_as_they_were(codec, draw):
    """Where no palette is in the way; and what colour is under a clear pixel is nobody's to change."""
    picture = draw((40, 24)).convert("RGBA")
    one = codec.without_loss()

    again = opened(one.encode(picture, one.setting(one.ladder[0], "RGBA")))

    assert as_pixels(again) == as_pixels(picture)


@pytest.mark.parametrize(
    "codec", [codec for codec in CODECS if codec.lossless.options is None], ids=lambda codec: codec.format
)
def test_formats_that_cannot_keep_every_pixel_say_so(codec):
    """With formats that can."""
    with pytest.raises(ConfigError, match=f"{codec.format} has no lossless coding: take PNG or WEBP"):
        codec.without_loss()


@pytest.mark.parametrize("codec", [PNG, GIF, TIFF, JPEG2000], ids=lambda codec: codec.format)
def test_ladders_may_end_without_loss(codec):
    """Then the last rung is the lossless one, and no other is."""
    picture = photograph((48, 32)).quantize(200).convert("RGB")
    last = len(codec.ladder) - 1

    kept = [
        rung
        for rung in sorted({0, len(codec.ladder) // 2, last})
        if as_pixels(opened(codec.encode(picture, codec.setting(codec.ladder[rung], "RGB")))) == as_pixels(picture)
    ]

    assert codec.ladder_keeps_pixels
    assert kept == [last]


@each_learned
def test_lossy_ladders_do_not_claim_to_keep_pixels(codec):
    """Their quality of 100 is the finest quantiser."""
    assert not codec.ladder_keeps_pixels


MOVING = Frames((photograph((32, 24)), photograph((32, 24), seed=2)), (80, 120), loop=0)


PAGES = Frames((photograph((32, 24)), screenshot((64, 48), "L")))


@each_codec
@pytest.mark.parametrize(("frames", "kind"), [(MOVING, "frames"), (PAGES, "pages")], ids=["frames", "pages"])
def test_several_pictures_are_held_or_refused(codec, frames, kind):
    """Never one of them in silence: the message counts them, and names formats that hold them."""
    if getattr(codec.holds, kind):
        prepared = prepare(codec, frames)
        setting = codec.setting(codec.ladder[highest_rung(codec)], prepared.mode)
        assert opened(codec.encode(prepared, setting)).n_frames == 2
    else:
        way_out = "WEBP, AVIF, PNG or GIF" if kind == "frames" else "TIFF"
        with pytest.raises(UnsupportedImage, match=f"holds 2 {kind}.*all but one would be lost; take {way_out}"):
            prepare(codec, frames)


def test_frames_share_their_transparency_and_pages_need_not():
    """An animation has one mode; each page has its own."""
    clear, opaque = graphic((32, 24)), photograph((32, 24))

    frames = prepare(WEBP, Frames((opaque, clear), (50, 50)))
    pages = prepare(TIFF, Frames((opaque, clear)))

    assert [picture.mode for picture in frames.pictures] == ["RGBA", "RGBA"]
    assert [picture.mode for picture in pages.pictures] == ["RGB", "RGBA"]


@each_codec
def test_pictures_larger_than_the_format_are_refused(codec):
    """Before Pillow fails on them, and with the limit. Pillow itself has none that is too large for a PNG."""
    if codec.holds.max_side == 2**31 - 1:
        with pytest.raises(OverflowError):
            Image.new("L", (codec.holds.max_side + 1, 1))
        codec = codec._replace(holds=codec.holds._replace(max_side=1000))
    picture = Image.new("L", (codec.holds.max_side + 1, 1))

    with pytest.raises(UnsupportedImage, match=f"{codec.format} cannot hold {codec.holds.max_side + 1}x1 pixels"):
        prepare(codec, picture)


@each_codec
def test_empty_pictures_are_refused(codec):
    """Pillow can hold a picture without pixels; no format can."""
    with pytest.raises(UnsupportedImage, match="0x5"):
        prepare(codec, Image.new("RGB", (0, 5)))

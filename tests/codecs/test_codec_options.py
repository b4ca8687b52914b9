"""Options and efforts of the codecs: what they admit, add and refuse."""

from __future__ import annotations

import pytest
from PIL import JpegImagePlugin
from PIL.PngImagePlugin import PngInfo

from bytefit.codecs import CODECS, LEARNED, Codec, with_options
from bytefit.codecs.avif.codec import AVIF
from bytefit.codecs.codec import GRAPHIC, PHOTOGRAPH
from bytefit.codecs.gif.codec import GIF
from bytefit.codecs.jpeg.codec import JPEG
from bytefit.codecs.jpeg2000.codec import JPEG2000
from bytefit.codecs.png.chunks import chunk
from bytefit.codecs.png.codec import PNG
from bytefit.codecs.preparing import prepare
from bytefit.codecs.tiff.codec import TIFF, TIFF_JPEG
from bytefit.codecs.webp.codec import WEBP
from bytefit.errors import OptionError, UnsupportedImage
from bytefit.options import EFFORTS
from codec_marks import each_codec, each_learned
from images import XMP, exif, graphic, icc_profile, opened, photograph


@each_codec
def test_every_codec_has_the_three_efforts(codec):
    """In the order of their time; the usual one is the setting as it is. Some formats have but that."""
    assert tuple(codec.save_options.efforts) == EFFORTS
    assert codec.save_options.efforts["normal"] == {}
    assert with_options(codec, "normal", {}) is codec
    probed = bool(codec.hints.probe_options) and codec.hints.frames_gain is None  # GIF's quick way is no effort
    assert bool(codec.save_options.efforts["fast"]) == bool(codec.save_options.efforts["best"]) == probed


@each_learned
def test_the_efforts_of_encoders_are_the_users_to_set(codec):
    """A method, a speed: where they are save options of Pillow's they are no business of the search."""
    assert not codec.save_options.steered & {name for added in codec.save_options.efforts.values() for name in added}


@each_codec
@pytest.mark.parametrize("effort", EFFORTS)
def test_options_leave_all_else_of_a_codec_as_it_is(codec, effort):
    """What it is for, and what is known of it, is the same; only its settings are others."""
    for for_content in (codec, codec.for_content(GRAPHIC)):
        steered = with_options(for_content, effort, {"exif": b""})

        assert {name for name in Codec._fields if getattr(steered, name) != getattr(for_content, name)} == {"setting"}


@each_codec
def test_the_users_options_are_above_the_effort(codec):
    """Both are in every setting; where they disagree, what was said in so many words is meant."""
    for name in codec.save_options.efforts["best"]:
        setting = with_options(codec, "best", {name: "mine", "exif": b"own"}).setting(50, "RGB")

        assert setting == {
            **codec.setting(50, "RGB"),
            **codec.save_options.efforts["best"],
            name: "mine",
            "exif": b"own",
        }
    assert with_options(codec, "normal", {"exif": b"own"}).setting(50, "RGB")["exif"] == b"own"


@each_codec
@pytest.mark.parametrize("effort", EFFORTS)
def test_an_effort_adds_to_every_setting(codec, effort):
    """The same ladder and the same rungs, with options more; the result decodes."""
    steered = with_options(codec, effort, {})
    picture = photograph((21, 14))

    setting = steered.setting(50, "RGB")

    assert steered.ladder is codec.ladder
    assert setting == {**codec.setting(50, "RGB"), **codec.save_options.efforts[effort]}
    assert opened(steered.encode(picture, setting)).size == picture.size


@each_codec
def test_a_codec_for_graphics_differs_in_its_settings_only(codec):
    """Rungs, modes, options and efforts are those of the format."""
    for_content = codec.for_content(GRAPHIC)

    differing = {name for name in Codec._fields if getattr(for_content, name) != getattr(codec, name)}

    assert codec.for_content(PHOTOGRAPH) is codec
    assert for_content is codec or for_content.variants.content == GRAPHIC
    assert differing <= {"setting", "mean_bits", "hints", "variants"}


@each_codec
def test_what_is_steered_may_not_be_given(codec):
    """An option is the search's or the user's, never both."""
    assert not codec.save_options.steered & codec.save_options.allowed
    assert set(codec.setting(50, "RGB")) & codec.save_options.steered or len(codec.ladder) == 1


def test_tiff_takes_jpeg_on_request():
    """The one option that asks for another ladder; it holds pages as well, and no transparency."""
    assert TIFF.variants.on_request({"compression": "jpeg"}) is TIFF_JPEG
    assert TIFF.variants.on_request({"compression": "tiff_lzw"}) is None
    assert TIFF.variants.on_request({}) is None
    low, high = (len(TIFF_JPEG.encode(photograph(mode="YCbCr"), TIFF_JPEG.setting(q, "YCbCr"))) for q in (10, 90))
    assert low < high
    with pytest.raises(UnsupportedImage, match="TIFF cannot hold transparency"):
        prepare(TIFF_JPEG, graphic((16, 16)))


@each_codec
def test_known_options_pass(codec):
    """Every option in the codec's own list, together."""
    codec.check_options(dict.fromkeys(codec.save_options.allowed))


@each_learned
def test_the_options_a_codec_admits_are_read_by_pillow(codec):
    """An option that Pillow's writer does not know would be ignored in silence."""
    import inspect

    from PIL import AvifImagePlugin, WebPImagePlugin

    plugin = {"JPEG": JpegImagePlugin, "WEBP": WebPImagePlugin, "AVIF": AvifImagePlugin}[codec.format]
    source = inspect.getsource(plugin)

    pillows = {name: pillow_name for pillow_name, name in codec.save_options.renamed.items()}
    names = {pillows.get(name, name) for name in codec.save_options.allowed | codec.save_options.steered}

    assert [name for name in sorted(names) if f'"{name}"' not in source] == []


def made_text():
    """Return a text as Pillow's users hand it to a PNG."""
    text = PngInfo()
    text.add_text("Title", "A view")
    return text


CARRIED = {"exif": exif(padding=9), "icc_profile": icc_profile(), "xmp": XMP, "comment": b"a view"}


VALUES = {
    "PNG": {
        **CARRIED,
        "dpi": (300, 300),
        "dither": 1.0,
        "pnginfo": made_text(),
        "extra": chunk(b"tEXt", b"Title\x00A view"),
    },
    "GIF": {
        "icc_profile": icc_profile(),
        "xmp": XMP,
        "comment": b"a view",
        "extra": b"\x21\xff\x0bSOMEBODY1.0\x01x\x00",
    },
    "TIFF": {**CARRIED, "dpi": (300, 300), "compression": "packbits", "strip_size": 999, "tiffinfo": {270: "a view"}},
    "JPEG2000": {
        **CARRIED,
        "no_jp2": True,
        "num_resolutions": 2,
        "codeblock_size": (16, 16),
        "precinct_size": (64, 64),
        "progression": "CPRL",
        "tile_size": (16, 16),
        "plt": True,
    },
}


@pytest.mark.parametrize(
    ("codec", "name"),
    [(codec, name) for codec in CODECS if codec not in LEARNED for name in sorted(codec.save_options.allowed)],
    ids=lambda value: getattr(value, "format", value),
)
def test_the_options_a_codec_admits_make_a_difference(codec, name):
    """An option that is read by nobody would be ignored in silence."""
    picture = photograph((21, 14) if codec in {PNG, GIF} else (64, 48))
    setting = codec.setting(codec.ladder[len(codec.ladder) // 2], "RGB")

    with_it = codec.encode(picture, {**setting, name: VALUES[codec.format][name]})

    assert opened(with_it).size == picture.size
    assert with_it != codec.encode(picture, setting)


@pytest.mark.parametrize(
    ("codec", "name", "message"),
    [
        (
            JPEG,
            "quality",
            "cannot set 'quality' with a target size, which chooses it; use min_quality for a lower bound",
        ),
        (JPEG, "qtables", "cannot set 'qtables' with a target size"),
        (PNG, "colors", "cannot set 'colors' with a target size"),
        (PNG, "optimize", "cannot set 'optimize' with a target size"),
        (GIF, "optimize", "cannot set 'optimize' with a target size"),
        (TIFF, "quality", "cannot set 'quality' with a target size"),
        (JPEG2000, "quality_layers", "cannot set 'quality_layers' with a target size"),
        (PNG, "ditherr", "unknown option 'ditherr' for PNG: did you mean 'dither'?"),
        (TIFF, "compresion", "unknown option 'compresion' for TIFF: did you mean 'compression'?"),
        (WEBP, "losless", "unknown option 'losless' for WEBP: did you mean 'lossless'?"),
        (WEBP, "quality", "cannot set 'quality' with a target size"),
        (AVIF, "quality", "cannot set 'quality' with a target size"),
        (JPEG, "subsamplign", "unknown option 'subsamplign' for JPEG: did you mean 'subsampling'?"),
        (JPEG, "slak", "unknown option 'slak' for JPEG: did you mean 'slack'?"),
        (WEBP, "min_qualiti", "unknown option 'min_qualiti' for WEBP: did you mean 'min_quality'?"),
        (AVIF, "spede", "unknown option 'spede' for AVIF: did you mean 'speed'?"),
        (WEBP, "subsampling", "unknown option 'subsampling' for WEBP"),
        (JPEG, "zzz", "unknown option 'zzz' for JPEG"),
    ],
)
def test_options_nobody_knows_are_refused_with_the_nearest_known(codec, name, message):
    """Pillow ignores what it does not know: here a typing mistake is an error."""
    with pytest.raises(OptionError) as caught:
        codec.check_options({name: 1})

    assert str(caught.value).startswith(message)


@each_codec
@pytest.mark.parametrize("option", ["quality", "exif", "icc_profile", "xmp", "comment", "dpi", "extra"])
@pytest.mark.parametrize("value", ["best", None, {}, 7])
def test_values_pillow_chokes_on_are_an_unsupported_image(codec, option, value):
    """One kind of error, whatever the writer raises; or the value is taken, and a picture written."""
    picture = photograph((8, 8))

    try:
        data = codec.encode(picture, {**codec.setting(50, "RGB"), option: value})
    except UnsupportedImage:
        data = None

    assert data is None or opened(data).size == picture.size

"""`lossless`, and files that are lossless as they are."""

from __future__ import annotations

import pytest
from PIL import Image, ImageChops, features

import bytefit
from bytefit import BudgetUnreachable, ConfigError, Frames, UnsupportedImage
from bytefit.codecs import BY_PLUGIN, CODECS
from bytefit.codecs.codec import LOSSLESS
from bytefit.options import EFFORTS, POLICIES
from bytefit.pictures.comparison import shows_the_same
from bytefit.sources.reading import decode
from images import ALPHA_MODES, encoded, exif, graphic, noise, opened, photograph, screenshot, write_jpeg
from outcomes import PICTURES, fresh

LOSSLESS_HOLDERS = [codec.format for codec in CODECS if codec.lossless.options is not None]


@pytest.mark.parametrize("wanted", LOSSLESS_HOLDERS)
@pytest.mark.parametrize("kind", ["photograph", "screenshot", "tiny"])
@pytest.mark.parametrize("effort", EFFORTS)
def test_lossless_keeps_every_pixel(wanted, kind, effort):
    """At every effort the pixels must be the source's, in one trial, which is proven: nothing better exists."""
    if wanted == "GIF" and kind == "photograph":
        pytest.skip("GIF holds 256 colours")
    picture = PICTURES[kind]()

    result = bytefit.compress(picture, "100KB", format=wanted, lossless=True, effort=effort)

    assert opened(result.data).convert("RGB").tobytes() == picture.convert("RGB").tobytes()
    assert (result.quality, result.proven, len(result.trials)) == (LOSSLESS, True, 1)


@pytest.mark.parametrize("wanted", LOSSLESS_HOLDERS)
@pytest.mark.parametrize("options", [{}, {"resize": True}, {"on_unreachable": "smallest"}], ids=str)
def test_lossless_is_a_constraint(wanted, options):
    """Where a lossless file is over the budget there must be an error, never a lossy file."""
    picture = noise((64, 48), "L")

    try:
        result = bytefit.compress(picture, 2000, format=wanted, lossless=True, **options)
    except BudgetUnreachable as error:
        assert error.smallest > 2000  # noqa: PT017  (with options there may be an answer)
        assert "as WEBP" not in str(error)  # noqa: PT017
    else:
        assert options
        assert result.quality == LOSSLESS
        assert result.scale < 1 if "resize" in options else not result.fits


@pytest.mark.parametrize("wanted", [codec.format for codec in CODECS if codec.lossless.options is None])
def test_lossless_is_refused_where_there_is_no_such_coding(wanted):
    """The refusal must name formats that have a lossless coding."""
    with pytest.raises(ConfigError, match=f"{wanted} has no lossless coding: take PNG or WEBP, or leave lossless out"):
        bytefit.compress(photograph(), "100KB", format=wanted, lossless=True)


@pytest.mark.parametrize(
    ("source", "exact"), [("PNG", False), ("PNG", True), ("BMP", False), ("WEBP", False), ("TIFF", False)]
)
def test_webp_of_a_lossless_source_is_lossless_where_that_fits(tmp_path, source, exact):
    """A lossless source must stay lossless in WebP where that fits, and only then."""
    path = tmp_path / "graphic.img"
    picture = screenshot((96, 64))
    path.write_bytes(encoded(picture, source, **({"lossless": True} if source == "WEBP" else {})))

    kept = bytefit.compress(path, 6000, format="WEBP", exact=exact)
    path.write_bytes(encoded(photograph((72, 48)), source, **({"lossless": True} if source == "WEBP" else {})))
    lossy = bytefit.compress(path, 900, format="WEBP", exact=exact)

    assert kept.setting["lossless"]
    assert (kept.quality, kept.proven, len(kept.trials)) == (LOSSLESS, True, 1)
    assert opened(kept.data).tobytes() == picture.tobytes()
    assert "lossless" not in lossy.setting
    assert lossy.fits


def test_webp_of_a_photograph_is_lossy_where_its_source_was(tmp_path):
    """The artefacts of a JPEG must not be kept at ten times the bytes."""
    path = write_jpeg(tmp_path / "photo.jpg", photograph())

    result = bytefit.compress(path, "100KB", format="WEBP")

    assert "lossless" not in result.setting
    assert all("lossless" not in trial.setting for trial in result.trials)


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"metadata": "strip"}, {"exact": True}], ids=str)
@pytest.mark.parametrize("codec_format", ["PNG", "GIF"])
def test_a_lossless_file_that_fits_is_drawn_no_larger(tmp_path, codec_format, options):
    """The source may be coded better than we can: then its own file must be the answer."""
    path = tmp_path / f"small.{codec_format.lower()}"
    path.write_bytes(encoded(screenshot((200, 150)).quantize(20), codec_format, optimize=True))
    size = path.stat().st_size

    result = bytefit.compress(path, size, **{**options, "exact": False})

    assert (result.quality, result.proven, len(result.trials)) == (100, True, 1)
    assert result.size <= size
    assert opened(result.data).convert("RGB").tobytes() == opened(path.read_bytes()).convert("RGB").tobytes()
    if options.get("exact"):
        assert bytefit.compress(path, 2 * size, exact=True).size == 2 * size


@pytest.mark.parametrize(
    "options", [{"max_width": 100, "resize": True}, {"comment": b"by me"}, {"format": "PNG"}], ids=str
)
def test_a_file_that_fits_is_changed_where_that_is_asked_for(tmp_path, options):
    """A file that fits must not be returned as it is where options ask for another."""
    path = tmp_path / "small.gif"
    path.write_bytes(encoded(screenshot((200, 150)).quantize(20), "GIF"))

    result = bytefit.compress(path, 100_000, **options)

    assert result.data != path.read_bytes()
    assert result.width == options.get("max_width", 200)
    assert result.format == options.get("format", "GIF")
    assert opened(result.data).info.get("comment") == options.get("comment")


def few_colours(mode="RGB", hidden=(0, 0, 0)):
    """Return a picture of 30 colours, in a mode with transparency with a clear corner."""
    picture = photograph((40, 30)).quantize(30).convert("RGBA" if mode in ALPHA_MODES else "RGB")
    if mode in ALPHA_MODES:
        picture.paste((*hidden, 0), (3, 4, 20, 11))
    return picture.convert("LA").convert(mode) if mode == "La" else picture.convert(mode)


def hidden_data():
    """Return random bytes, of which only some are visible."""
    picture = noise((20, 15), "RGBA")
    picture.putalpha(noise((20, 15), "L").point([0] * 200 + [255] * 56))
    return picture


def deep(mode):
    """Return samples of 16 bits that use all of them."""
    return Image.frombytes(mode, (20, 15), noise((40, 15), "L").tobytes())


SOURCES = {
    **{mode: lambda mode=mode: few_colours(mode) for mode in ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBX")},
    **{mode: lambda mode=mode: few_colours(mode) for mode in ("CMYK", "YCbCr", "HSV", "RGBa")},
    **{f"many colours {mode}": lambda mode=mode: noise((20, 15), mode) for mode in ("L", "LA", "RGB", "RGBA", "LAB")},
    **{mode: lambda mode=mode: deep(mode) for mode in ("I;16", "I;16B", "I;16L")},
    "hidden data": hidden_data,
    "white under clear pixels": lambda: few_colours("RGBA", (255, 255, 255)),
}
ALL_HOLDERS = [codec.format for codec in (*CODECS, *BY_PLUGIN) if codec.lossless.options is not None]


def in_mode_of(picture, source):
    """Return a picture in a mode in which it can be compared with `source`."""
    if source.mode.startswith("I;16"):
        return picture.convert("I")
    picture = picture.convert("RGBA") if source.mode == "RGBa" != picture.mode else picture
    return picture.convert("RGBA" if source.mode in {"P", "PA", "La", "RGBX", "1", "L", "RGB"} else source.mode)


@pytest.mark.parametrize("wanted", ALL_HOLDERS)
@pytest.mark.parametrize("source", SOURCES)
def test_lossless_keeps_every_pixel_of_any_mode_or_is_refused(wanted, source):
    """Every mode must come back as it was, colours under clear pixels included; what cannot must be refused."""
    _needs_plugin(wanted)
    picture = SOURCES[source]()

    try:
        result = bytefit.compress(picture, "1MB", format=wanted, lossless=True)
    except UnsupportedImage as error:
        assert "cannot" in str(error)  # noqa: PT017  (many modes are refused, with a reason)
        assert (wanted, source) not in {("PNG", "hidden data"), ("WEBP", "hidden data"), ("JXL", "hidden data")}
        return

    plain = picture.convert("RGB") if picture.mode == "RGBX" else picture
    plain = plain.convert("LA") if plain.mode == "La" else plain
    assert result.lossless
    assert in_mode_of(opened(result.data), picture).tobytes() == in_mode_of(plain, picture).tobytes()


@pytest.mark.parametrize("wanted", ALL_HOLDERS)
@pytest.mark.parametrize("source", SOURCES)
def test_quality_100_of_a_lossless_ladder_is_lossless(wanted, source):
    """Without `lossless` too, a result that says so must show the very same pixels; a GIF of 256 colours has 90."""
    _needs_plugin(wanted)
    picture = SOURCES[source]()

    try:
        result = bytefit.compress(picture, "1MB", format=wanted)
    except UnsupportedImage:
        return

    if result.lossless:
        assert shows_the_same(opened(result.data), picture, hidden_colours=False)
    if wanted == "GIF" and not result.lossless:
        assert result.quality <= 90 or picture.mode in {"YCbCr", "HSV", "RGBa"}
        assert result.proven


def _needs_plugin(wanted):
    plugin = {"JXL": "pillow_jxl", "HEIF": "pillow_heif"}.get(wanted)
    if plugin:
        pytest.importorskip(plugin)


@pytest.mark.parametrize("options", [{"lossless": True}, {"min_quality": 95}, {"min_quality": 95, "slack": 0}], ids=str)
@pytest.mark.parametrize("draw", [photograph, graphic])
def test_gif_refuses_a_quality_it_cannot_reach(options, draw):
    """A GIF of 252 of 54,504 colours was once returned as lossless, proven, and as quality 100."""
    with pytest.raises(
        UnsupportedImage, match=r"GIF cannot keep .*; use PNG or WEBP, or (leave lossless|accept .* 90)"
    ):
        bytefit.compress(draw(), "1MB", format="GIF", **options)


def test_without_slack_the_best_gif_of_many_colours_is_proven():
    """Where the lossless rung is impossible there is nothing above 256 colours, so they must be proven the best."""
    result = bytefit.compress(photograph((21, 14)), "1MB", format="GIF", slack=0)

    assert (result.quality, result.proven, result.lossless) == (90, True, False)


def test_a_long_animation_of_many_colours_fits_a_gif():
    """The probes of a long animation must not fail because the lossless rung does."""
    picture = photograph((21, 14))
    pictures = tuple(ImageChops.offset(picture, place) for place in range(26))

    result = bytefit.compress(Frames(pictures, (50,) * 26, loop=0), "1MB", format="GIF")

    assert (result.quality, result.frames) == (90, 26)


@pytest.mark.parametrize("wanted", ["PNG", "GIF", "WEBP"])
def test_lossless_animations_keep_every_pixel(wanted):
    """Frames that change, repeat and clear pixels must come back as they were."""
    pictures = [few_colours("RGBA"), few_colours("RGBA").rotate(90), few_colours("RGBA"), Image.new("RGBA", (40, 30))]
    frames = Frames((pictures[3], *pictures, pictures[0]), (50,) * 6, loop=0)

    result = bytefit.compress(frames, "1MB", format=wanted, lossless=True)

    assert result.lossless
    assert shows_the_same(decode(result.data, "the answer"), frames)


@pytest.mark.parametrize(("wanted", "kept"), [("PNG", True), ("GIF", False), ("WEBP", False)])
def test_colours_under_clear_pixels_of_an_animation_are_kept_or_it_is_refused(wanted, kept):
    """Pillow has no way to keep these colours in an animated WebP, and GIF has none."""
    frames = Frames((few_colours("RGBA", (255, 255, 255)), few_colours("RGBA")), (50, 50), loop=0)

    if kept:
        assert shows_the_same(decode(bytefit.compress(frames, "1MB", format=wanted, lossless=True).data, "it"), frames)
        return
    with pytest.raises(UnsupportedImage, match="cannot keep the colours of these fully transparent pixels"):
        bytefit.compress(frames, "1MB", format=wanted, lossless=True)


@pytest.mark.parametrize("lossless", [False, True])
def test_a_lossy_compression_inside_tiff_is_refused(lossless):
    """The compression "webp" of libtiff is lossy: such a file must not be returned as quality 100."""
    if not features.check("libtiff"):
        pytest.skip("Pillow has no libtiff")

    with pytest.raises(UnsupportedImage):
        bytefit.compress(photograph(), "1MB", format="TIFF", compression="webp", lossless=lossless)


def test_webp_has_pillows_exact_under_another_name():
    """`exact` pads in bytefit. The option of this name that Pillow has for WebP is `webp_exact`."""
    picture = hidden_data()

    sizes = [bytefit.compress(picture, "1MB", format="WEBP", webp_exact=keep).size for keep in (False, True)]

    assert sizes[0] < sizes[1]


@pytest.mark.parametrize("turn", [1, 6])
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("wanted", ALL_HOLDERS)
def test_lossless_with_an_orientation(wanted, turn, policy):
    """Some decoders rotate and some do not: neither may look like a loss of pixels."""
    _needs_plugin(wanted)
    source = fresh(encoded(few_colours(), "PNG", exif=exif(orientation=turn)))

    result = bytefit.compress(source, "1MB", format=wanted, lossless=True, metadata=policy)

    assert result.lossless

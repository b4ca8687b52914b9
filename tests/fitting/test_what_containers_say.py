"""What a container says about its pixels: in every pair of formats it is kept, converted, refused or named.

The files are laid out and read here by hand or by Pillow, without bytefit's own readers.
"""

from __future__ import annotations

import re
import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image, ImageChops, ImageCms
from PIL.TiffImagePlugin import ImageFileDirectory_v2

import bytefit
from bytefit import UnsupportedImage
from images import XMP, encoded, exif, icc_profile, noise, opened, photograph

TARGETS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "JPEG2000")
SUFFIXES = {"JPEG": "jpg", "JPEG2000": "jp2", "TIFF": "tif"}
SIZE = (24, 16)

X_RESOLUTION, Y_RESOLUTION, UNIT = 282, 283, 296


def png(*added):
    """Return a PNG file with chunks before its pixels."""
    data = encoded(photograph(SIZE), "PNG")
    made = b"".join(
        len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")
        for name, content in added
    )
    return data[:33] + made + data[33:]


def jpeg(unit=0, x=1, y=1, **options):
    """Return a JPEG file with this density in its JFIF segment."""
    data = encoded(photograph(SIZE), "JPEG", quality=95, **options)
    return data[:13] + struct.pack(">BHH", unit, x, y) + data[18:]


def tiff(**tags):
    """Return a TIFF file with tags, named t and their number."""
    made = ImageFileDirectory_v2()
    for name, value in tags.items():
        made[int(name[1:])] = value
    return encoded(photograph(SIZE), "TIFF", tiffinfo=made, compression="raw")


def gif(aspect=0, **options):
    """Return a GIF file with this byte for the shape of a pixel."""
    data = encoded(photograph(SIZE, "P"), "GIF", **options)
    return data[:12] + bytes([aspect]) + data[13:]


def density_in(data):
    """Return what a file states as (x, y, pixels per inch or ratio); None where it states no density."""
    with Image.open(BytesIO(data)) as image:
        tags = image.tag_v2 if image.format == "TIFF" else image.getexif()
    if data.startswith(b"\xff\xd8"):
        unit, x, y = struct.unpack(">BHH", data[13:18])
        if unit or x != y:
            return in_inches(x, y, unit + 1)
    if data.startswith(b"\x89PNG") and (place := data.find(b"pHYs")) > 0:
        x, y, unit = struct.unpack(">IIB", data[place + 4 : place + 13])
        return (x * 0.0254, y * 0.0254, "inch") if unit else (x, y, "ratio")
    if data.startswith(b"GIF"):
        return (64, data[12] + 15, "ratio") if data[12] else None
    if (place := data.find(b"JpgTiffExif->JP2")) > 0:
        tags = Image.Exif()
        tags.load(data[place + 16 :])
    if X_RESOLUTION not in tags:
        return None
    return in_inches(float(tags[X_RESOLUTION]), float(tags[Y_RESOLUTION]), tags.get(UNIT, 2))


def in_inches(x, y, unit):
    """Return a density in EXIF's units (1 none, 2 inch, 3 centimetre) in inches, or as a ratio."""
    factor, name = {1: (1, "ratio"), 2: (1, "inch"), 3: (2.54, "inch")}[unit]
    return x * factor, y * factor, name


def compressed(tmp_path, data, source, wanted, *, in_place, **options):
    """Return the result of an encode, in place where that is asked for; the pixels have to be encoded again."""
    path = tmp_path / f"source.{SUFFIXES.get(source, source.lower())}"
    path.write_bytes(data)
    if not in_place:
        return bytefit.compress(path, 60_000, format=wanted, resize=True, max_width=18, **options)
    budget = max(900, int(len(data) * 0.7))
    outcome = bytefit.compress_file(path, budget, resize=True, max_width=12, **options)
    assert outcome.changed
    assert outcome.result is not None
    assert path.read_bytes() == outcome.result.data
    return outcome.result


def pairs(sources):
    """Return (source's file, format, target, in place) for every target of every source."""
    return [
        pytest.param(data, name, wanted, in_place, id=f"{label}-{wanted}{'-in-place' if in_place else ''}")
        for label, name, data in sources
        for wanted in TARGETS
        for in_place in ((False, True) if wanted == name else (False,))
    ]


STATED = (
    ("png-300-dpi", "PNG", png((b"pHYs", struct.pack(">IIB", 11_811, 11_811, 1)))),
    ("png-wide-dpi", "PNG", png((b"pHYs", struct.pack(">IIB", 11_811, 5_906, 1)))),
    ("png-ratio", "PNG", png((b"pHYs", struct.pack(">IIB", 2, 1, 0)))),
    ("jpeg-300-dpi", "JPEG", jpeg(1, 300, 300)),
    ("jpeg-118-dpcm", "JPEG", jpeg(2, 118, 118)),
    ("jpeg-ratio", "JPEG", jpeg(0, 2, 1)),
    ("tiff-72.5-dpi", "TIFF", tiff(t282=72.5, t283=72.5, t296=2)),
    ("tiff-118-dpcm", "TIFF", tiff(t282=118.0, t283=118.0, t296=3)),
    ("tiff-ratio", "TIFF", tiff(t282=2.0, t283=1.0, t296=1)),
    ("gif-ratio", "GIF", gif(64 // 2 - 15)),
)


@pytest.mark.parametrize(("data", "source", "wanted", "in_place"), pairs(STATED))
def test_resolution_and_pixel_shape_are_kept_or_named(tmp_path, data, source, wanted, in_place):
    """Density, unit and ratio must arrive in every format; a GIF holds the ratio only, and the rest is named."""
    x, y, unit = density_in(data)

    result = compressed(tmp_path, data, source, wanted, in_place=in_place)

    found = density_in(result.data)
    if wanted == "GIF" and unit == "inch":
        assert any(name.startswith("resolution of") for name in result.dropped)
        unit, shown = "ratio", None if x == y else (x, y)
        if shown is None:
            assert found is None
            return
    assert found is not None
    assert found[2] == unit
    assert found[0] / found[1] == pytest.approx(x / y, rel=0.02 if wanted == "GIF" else 1e-4)
    if unit == "inch":
        assert found[0] == pytest.approx(x, abs=0.0127)  # PNG counts whole pixels a metre
        assert not any(name.startswith("resolution") for name in result.dropped)


NOTHING = (
    ("png", "PNG", png()),
    ("jpeg", "JPEG", jpeg()),
    ("tiff", "TIFF", tiff()),
    ("gif", "GIF", gif()),
    ("webp", "WEBP", encoded(photograph(SIZE), "WEBP", quality=95)),
    ("avif", "AVIF", encoded(photograph(SIZE), "AVIF", quality=95)),
    ("jpeg2000", "JPEG2000", encoded(photograph(SIZE), "JPEG2000")),
)


@pytest.mark.parametrize(("data", "source", "wanted", "in_place"), pairs(NOTHING))
def test_nothing_is_made_up(tmp_path, data, source, wanted, in_place):
    """A file that says nothing must become one that says nothing: no 72 dpi, no profile, no text, nothing dropped."""
    result = compressed(tmp_path, data, source, wanted, in_place=in_place)

    image = opened(result.data)
    assert density_in(result.data) is None
    assert not {"icc_profile", "exif", "xmp", "gamma", "Comment"} & image.info.keys()
    assert result.dropped == ()


def test_a_copy_of_a_tiff_says_nothing_either():
    """Pillow's `info` holds one pixel an inch for a TIFF without a resolution, and a copy has nothing else."""
    copy = opened(tiff()).convert("RGB")
    assert copy.info["dpi"] == (1, 1)

    assert density_in(bytefit.compress(copy, 60_000, format="WEBP").data) is None


COLOURS = (
    ("gamma", png((b"gAMA", struct.pack(">I", 100_000))), (188, 188, 188)),
    (
        "primaries",
        png((b"cHRM", struct.pack(">8I", 31_270, 32_900, 64_000, 33_000, 21_000, 71_000, 15_000, 6_000))),
        None,
    ),
    (
        "both",
        png(
            (b"gAMA", struct.pack(">I", 55_556)),
            (b"cHRM", struct.pack(">8I", 31_270, 32_900, 64_000, 33_000, 21_000, 71_000, 15_000, 6_000)),
        ),
        None,
    ),
)


def in_srgb(samples, profile):
    """Return an image of one colour converted to sRGB by a profile."""
    of_profile = ImageCms.ImageCmsProfile(BytesIO(profile))
    image = Image.new("RGB", (1, 1), samples)
    return ImageCms.profileToProfile(image, of_profile, ImageCms.createProfile("sRGB")).getpixel((0, 0))


@pytest.mark.parametrize("wanted", [*TARGETS, "JXL", "HEIF"])
@pytest.mark.parametrize(("name", "data"), [(name, data) for name, data, _ in COLOURS])
def test_gamma_and_primaries_become_a_profile(tmp_path, name, data, wanted):
    """Without its gamma an image is shown much darker: other formats must get a profile, or refuse the image."""
    if wanted in {"JXL", "HEIF"}:
        pytest.importorskip({"JXL": "pillow_jxl", "HEIF": "pillow_heif"}[wanted])
    (tmp_path / "a.png").write_bytes(data)

    if wanted in {"GIF", "JXL"}:
        with pytest.raises(UnsupportedImage, match="convert it with colours='srgb'"):
            bytefit.compress(tmp_path / "a.png", 60_000, format=wanted)
        return
    result = bytefit.compress(tmp_path / "a.png", 60_000, format=wanted)

    if wanted == "PNG":
        assert all(chunk in result.data for chunk in (b"gAMA", b"cHRM") if chunk in data)
        assert b"iCCP" not in result.data
        return
    profile = profile_in(result.data)
    assert max(in_srgb((255, 255, 255), profile)) == 255
    # The light of half the samples, by the formula of each gamma: 0.5, 0.5 ** 2.2 and 0.5 ** 1.8 in sRGB.
    level = {"gamma": 188, "primaries": 128, "both": 146}[name]
    assert in_srgb((128, 128, 128), profile) == pytest.approx((level,) * 3, abs=2)
    if name == "primaries":
        # Adobe RGB's green is outside of sRGB, and its (200, 120, 60) is a stronger orange there.
        assert in_srgb((200, 120, 60), profile) == pytest.approx((224, 121, 54), abs=2)


def profile_in(data):
    """Return the colour profile of a file, also of a JP2, whose profile Pillow does not read."""
    if data[4:8] == b"jP  ":
        place = data.index(b"colr")
        length = int.from_bytes(data[place - 4 : place], "big")
        return data[place + 7 : place - 4 + length]
    return opened(data).info["icc_profile"]


@pytest.mark.parametrize("wanted", ["JPEG", "WEBP", "AVIF", "TIFF"])
def test_the_gamma_of_a_grey_image_becomes_a_profile_of_its_mode(tmp_path, wanted):
    """A profile for greys on an image in RGB is invalid: the profile must be for the mode that is encoded."""
    data = encoded(photograph(SIZE, "L"), "PNG")
    chunk = b"gAMA" + struct.pack(">I", 100_000)
    made = b"\x00\x00\x00\x04" + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    (tmp_path / "a.png").write_bytes(data[:33] + made + data[33:])

    result = bytefit.compress(tmp_path / "a.png", 60_000, format=wanted)

    image = opened(result.data)
    assert image.info["icc_profile"][16:20] == (b"GRAY" if image.mode == "L" else b"RGB ")
    converted = ImageCms.profileToProfile(
        Image.new(image.mode, (1, 1), (128,) * len(image.getbands()) if image.mode != "L" else 128),
        ImageCms.ImageCmsProfile(BytesIO(image.info["icc_profile"])),
        ImageCms.createProfile("sRGB"),
        outputMode="RGB",
    )
    assert converted.getpixel((0, 0)) == pytest.approx((188,) * 3, abs=2)


@pytest.mark.parametrize("gamma", [45_455, 45_000, 45_500])
def test_the_usual_gamma_needs_no_profile(tmp_path, gamma):
    """Nearly every PNG with a gamma says 1 / 2.2, which is how other formats are shown anyway."""
    (tmp_path / "a.png").write_bytes(png((b"gAMA", struct.pack(">I", gamma))))

    for wanted in ("JPEG", "GIF"):
        result = bytefit.compress(tmp_path / "a.png", 60_000, format=wanted)
        assert "icc_profile" not in opened(result.data).info
        assert result.dropped == ()


def test_srgb_overrides_gamma(tmp_path):
    """A file with a chunk sRGB must not get a profile for the gamma it states for old readers."""
    (tmp_path / "a.png").write_bytes(png((b"sRGB", b"\x00"), (b"gAMA", struct.pack(">I", 100_000))))

    assert "icc_profile" not in opened(bytefit.compress(tmp_path / "a.png", 60_000, format="JPEG").data).info


@pytest.mark.parametrize("wanted", [one for one in TARGETS if one != "GIF"])
def test_primaries_of_a_tiff_become_a_profile(tmp_path, wanted):
    """TIFF states primaries in tags that libtiff cannot pass on: a profile must take their place, in a TIFF as well."""
    chromaticities = {"t318": (0.3127, 0.329), "t319": (0.64, 0.33, 0.21, 0.71, 0.15, 0.06)}
    (tmp_path / "a.tif").write_bytes(tiff(**chromaticities))

    result = bytefit.compress(tmp_path / "a.tif", 60_000, format=wanted, resize=True, max_width=18)

    assert in_srgb((200, 120, 60), profile_in(result.data)) == pytest.approx((224, 121, 54), abs=2)


PROFILED = tuple(
    (name.lower(), name, encoded(photograph(SIZE), name, icc_profile=icc_profile(), **options))
    for name, options in (
        ("PNG", {}),
        ("JPEG", {"quality": 95}),
        ("WEBP", {"quality": 95}),
        ("AVIF", {"quality": 95}),
        ("TIFF", {}),
    )
)


@pytest.mark.parametrize(("data", "source", "wanted", "in_place"), pairs(PROFILED))
def test_a_profile_is_kept_everywhere(tmp_path, data, source, wanted, in_place):
    """Every format has a place for a colour profile, a GIF in an application extension."""
    result = compressed(tmp_path, data, source, wanted, in_place=in_place)

    if wanted == "GIF":
        content = re.sub(rb"(?s)(.{1,255})", lambda part: bytes([len(part[0])]) + part[0], icc_profile())
        assert b"\x21\xff\x0bICCRGBG1012" + content + b"\x00" in result.data
        return
    assert profile_in(result.data) == icc_profile()


def test_the_profile_and_the_xmp_of_a_gif_come_back(tmp_path):
    """What was put into the extensions of a GIF must be found there by the next conversion."""
    data = encoded(photograph(SIZE), "JPEG", icc_profile=icc_profile(), xmp=XMP)
    (tmp_path / "a.jpg").write_bytes(data)
    (tmp_path / "a.gif").write_bytes(bytefit.compress(tmp_path / "a.jpg", 60_000, format="GIF").data)

    info = opened(bytefit.compress(tmp_path / "a.gif", 60_000, format="WEBP").data).info

    assert (info["icc_profile"], info["xmp"]) == (icc_profile(), XMP)


def test_a_grey_profile_is_converted_for_colours(tmp_path):
    """WebP has no grey: the curve of a grey profile must go on in one for RGB."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, 256)
    grey = bytefit.codecs.colour_profiles.profile(curve, grey=True)
    (tmp_path / "a.png").write_bytes(encoded(photograph(SIZE, "L"), "PNG", icc_profile=grey))

    result = bytefit.compress(tmp_path / "a.png", 60_000, format="WEBP")

    assert in_srgb((128,) * 3, opened(result.data).info["icc_profile"]) == pytest.approx((188,) * 3, abs=2)
    assert result.dropped == ()


def test_a_grey_profile_that_cannot_be_converted_is_named(tmp_path):
    """A profile without a curve of its own is no profile for RGB: that it was left out must be said."""
    (tmp_path / "a.png").write_bytes(encoded(photograph(SIZE, "L"), "PNG", icc_profile=icc_profile(b"GRAY")))

    assert bytefit.compress(tmp_path / "a.png", 60_000, format="WEBP").dropped == ("colour profile",)


@pytest.mark.parametrize("wanted", TARGETS)
@pytest.mark.parametrize("turn", [3, 6])
def test_the_orientation_is_kept_or_applied(tmp_path, wanted, turn):
    """A GIF cannot state the orientation: its pixels must be turned, or it is shown sideways."""
    source = photograph(SIZE)
    (tmp_path / "a.jpg").write_bytes(encoded(source, "JPEG", quality=95, exif=exif(orientation=turn)))

    result = bytefit.compress(tmp_path / "a.jpg", 60_000, format=wanted)

    image = opened(result.data)
    if wanted == "GIF":
        shown = source.transpose({3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_270}[turn])
        assert image.size == shown.size
        difference = ImageChops.difference(image.convert("RGB").resize((8, 8)), shown.resize((8, 8)))
        assert max(high for _, high in difference.getextrema()) < 24
        assert result.dropped == ("EXIF",)
    elif wanted == "JPEG2000":
        assert b"JpgTiffExif->JP2" in result.data
    elif wanted != "TIFF":  # Pillow turns a TIFF when it reads it
        assert image.getexif()[0x0112] == turn
    else:
        assert image.size == (SIZE if turn == 3 else SIZE[::-1])


def animated_png(*, same):
    """Return an animated PNG with a still picture that is no part of it; with `same` it equals the first frame."""
    frames = [Image.new("RGB", SIZE, colour) for colour in ("red" if not same else "green", "green", "blue", "white")]
    return encoded(
        frames[0], "PNG", save_all=True, default_image=True, append_images=frames[1:], duration=[100, 200, 300], loop=0
    )


@pytest.mark.parametrize("wanted", ["WEBP", "GIF", "AVIF"])
def test_a_cover_is_no_frame_of_another_format(tmp_path, wanted):
    """A cover became the first frame, shown for no time: it must be refused, or left out on demand and named."""
    (tmp_path / "a.png").write_bytes(animated_png(same=False))

    with pytest.raises(UnsupportedImage, match=r"no part of its animation.*drop_extras=True"):
        bytefit.compress(tmp_path / "a.png", 60_000, format=wanted)
    result = bytefit.compress(tmp_path / "a.png", 60_000, format=wanted, drop_extras=True)

    assert result.frames == 3
    assert result.dropped == ("still picture that is no part of the animation",)
    assert shown(result.data) == [((0, 128, 0), 100), ((0, 0, 255), 200), ((255, 255, 255), 300)]


def shown(data):
    """Return a colour and the milliseconds of each frame; AVIF is off by a level or two."""
    image, frames = Image.open(BytesIO(data)), []
    for place in range(image.n_frames):
        image.seek(place)
        colour = image.convert("RGB").getpixel((9, 9))
        frames.append(
            (tuple(next((one for one in (0, 128, 255) if abs(one - c) < 4), c) for c in colour), image.info["duration"])
        )
    return frames


def test_a_cover_that_repeats_the_first_frame_is_left_out(tmp_path):
    """Nothing that is shown is lost by that: it must not be refused, and must be named all the same."""
    (tmp_path / "a.png").write_bytes(animated_png(same=True))

    result = bytefit.compress(tmp_path / "a.png", 60_000, format="WEBP")

    assert (result.frames, len(result.dropped)) == (3, 1)


def test_a_cover_stays_a_cover_in_a_png(tmp_path):
    """The frames keep their times, and dropping frames must not merge the cover with the first of them."""
    (tmp_path / "a.png").write_bytes(animated_png(same=False))

    result = bytefit.compress(tmp_path / "a.png", 60_000, format="PNG", resize=True, max_width=12)

    image = Image.open(BytesIO(result.data))
    assert image.info["default_image"]
    assert image.n_frames == 4
    assert result.dropped == ()


def test_dropping_frames_keeps_the_cover():
    """Every second frame goes, counted from the first frame of the animation: the cover is none."""
    with Image.open(BytesIO(animated_png(same=False))) as image:
        frames = bytefit.pictures.frames.frames_of(image)

    fewer = frames.without_every_second_frame()

    assert [picture.convert("RGB").getpixel((0, 0)) for picture in fewer.pictures] == [
        (255, 0, 0),
        (0, 128, 0),
        (255, 255, 255),
    ]
    assert fewer.durations[1:] == (300, 300)


def test_the_background_of_a_webp_is_kept_or_named(tmp_path):
    """Viewers may show the background of an animated WebP: other formats have none."""
    frames = [noise(SIZE, seed=seed) for seed in range(3)]
    data = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], background=(9, 8, 7, 255))
    (tmp_path / "a.webp").write_bytes(data)

    kept = bytefit.compress(tmp_path / "a.webp", 30_000, resize=True, max_width=12)
    other = bytefit.compress(tmp_path / "a.webp", 30_000, format="GIF")

    assert Image.open(BytesIO(kept.data)).info["background"] == (9, 8, 7, 255)
    assert kept.dropped == ()
    assert other.dropped == ("WEBP background (9, 8, 7, 255)",)


@pytest.mark.parametrize("source", ["GIF", "PNG", "WEBP"])
@pytest.mark.parametrize("wanted", ["GIF", "PNG", "WEBP"])
def test_blending_and_disposal_show_the_same_frames(tmp_path, source, wanted):
    """Whatever a frame draws over or clears, what is shown must be the same in every format."""
    colours = [(255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255)]
    frames = []
    for place, colour in enumerate(colours):
        frame = Image.new("RGBA", SIZE)
        frame.paste(colour, (8 * place, 8, 8 * place + 24, 40))
        frames.append(frame)
    options = {"PNG": {"blend": 0, "disposal": 1}, "GIF": {"disposal": 2}, "WEBP": {"lossless": True}}[source]
    data = encoded(frames[0], source, save_all=True, append_images=frames[1:], duration=100, loop=0, **options)
    if source == "WEBP":
        data = data[:20] + bytes([data[20] | 0x10]) + data[21:]  # libwebp cuts off what is transparent, and the flag
    (tmp_path / f"a.{source.lower()}").write_bytes(data)
    lossless = {"lossless": True} if wanted != "GIF" else {}

    result = bytefit.compress(tmp_path / f"a.{source.lower()}", 60_000, format=wanted, **lossless)

    again = Image.open(BytesIO(result.data))
    for place, frame in enumerate(frames):
        again.seek(place)
        pixels = again.convert("RGBA")
        pixels.paste(
            (0, 0, 0, 0), mask=ImageChops.invert(pixels.getchannel("A").point(lambda alpha: 255 * (alpha > 127)))
        )
        assert ImageChops.difference(pixels, frame).getbbox(alpha_only=False) is None

"""Opening: a picture or frames, decoded whole, or refused with a reason that names the file."""

from __future__ import annotations

import sys
from contextlib import suppress
from io import BytesIO
from zlib import compress as deflate

import pytest
from PIL import Image

from bytefit import compress
from bytefit.codecs.gif.blocks import BLOCKS
from bytefit.codecs.png.chunks import CHUNKS, chunk
from bytefit.codecs.tiff.tags import TAGS
from bytefit.errors import CorruptImage, UnsupportedImage
from bytefit.pictures.frames import Frames
from bytefit.sources.reading import decode, decoded, dimensions, read_image, read_picture
from images import animation, encoded, exif, noise, opened, photograph, write_jpeg

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"


FILM = b"\x00\x00\x00\x18ftypmp42" + b"film" * 40


def avif_box(name, content):
    """Return a box for the top level of an AVIF file."""
    return (8 + len(content)).to_bytes(4, "big") + name + content


def webp_with(name, content):
    """Return a WebP file with a chunk of a stranger's at its end."""
    body = encoded(photograph((32, 32)), "WEBP", exif=exif(orientation=1))[12:]
    body += name + len(content).to_bytes(4, "little") + content
    return b"RIFF" + (4 + len(body)).to_bytes(4, "little") + b"WEBP" + body


def multi_picture(pictures=2):
    """Return a multi-picture JPEG, as many phones write them."""
    frames = [noise((32, 24), seed=seed) for seed in range(pictures)]
    return encoded(frames[0], "MPO", save_all=True, append_images=frames[1:])


def multi_page_tiff():
    """Return a TIFF of two pages."""
    return encoded(noise((16, 16)), "TIFF", save_all=True, append_images=[noise((16, 16), seed=2)])


@pytest.mark.parametrize("codec_format", ["JPEG", "WEBP", "AVIF", "PNG", "GIF", "TIFF", "BMP"])
def test_one_picture_is_decoded_whole(tmp_path, codec_format):
    """Whatever Pillow reads; the file is closed and may be replaced."""
    data = encoded(photograph((48, 32)), codec_format)
    path = tmp_path / "picture"
    path.write_bytes(data)

    picture, read = read_image(path)

    assert read == data
    assert picture.size == (48, 32)
    assert picture.tobytes() == opened(data).tobytes()


def test_the_name_is_no_matter(tmp_path):
    """A picture is what its bytes say it is: a PNG named .jpg is common."""
    path = tmp_path / "picture.jpg"
    path.write_bytes(encoded(photograph((48, 32)), "PNG"))

    assert read_image(path)[0].format == "PNG"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not an image"),
        (b"just some text\n" * 20, "not an image"),
        (LFS, "Git LFS pointer, not an image: fetch it with 'git lfs pull' first"),
        (b"\xff\xd8\xff", "not an image|cannot decode"),
        (b"RIFF\x00\x00\x00\x00WEBP", "not an image|cannot decode"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not an image"),
    ],
    ids=["empty", "text", "Git LFS pointer", "start of a JPEG", "start of a WebP", "SVG"],
)
def test_what_is_no_picture_is_refused(data, message):
    """With the name of the file, and what it is instead where that is known."""
    with pytest.raises(UnsupportedImage, match=message) as caught:
        decode(data, "hero.jpg")

    assert "hero.jpg" in str(caught.value)


@pytest.mark.parametrize("codec_format", ["JPEG", "WEBP", "AVIF", "PNG"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_truncated_pictures_are_refused(codec_format, share):
    """Half a picture must not replace a whole one that may be had elsewhere."""
    data = encoded(noise((64, 48)), codec_format)

    with pytest.raises(UnsupportedImage, match=r"hero\.img"):
        decode(data[: int(len(data) * share)], "hero.img")


@pytest.mark.parametrize("codec_format", ["GIF", "WEBP", "PNG", "AVIF"])
def test_animations_are_read_with_every_frame(codec_format):
    """Each is the picture that Pillow shows when it is sought, and no frame is missing."""
    data = animation(codec_format)

    frames = decode(data, "moving.img")

    assert isinstance(frames, Frames)
    assert (frames.format, frames.animated, len(frames.pictures)) == (codec_format, True, 3)
    with Image.open(BytesIO(data)) as witness:
        for place, picture in enumerate(frames.pictures):
            witness.seek(place)
            assert picture.convert("RGB").tobytes() == witness.convert("RGB").tobytes()


def test_the_pages_of_a_tiff_are_read():
    """In order; they are no animation."""
    pages = decode(multi_page_tiff(), "two.tif")

    assert isinstance(pages, Frames)
    assert (pages.format, pages.animated, pages.durations, pages.loop) == ("TIFF", False, (), None)
    assert pages.tobytes() == noise((16, 16)).tobytes() + noise((16, 16), seed=2).tobytes()


def test_the_first_picture_of_a_multi_picture_jpeg_is_read(tmp_path):
    """The others are carried along as they are in the file: nobody decodes them."""
    path = tmp_path / "three.jpg"
    path.write_bytes(multi_picture(3))

    picture, data = read_image(path)

    assert (picture.format, picture.n_frames, picture.size) == ("MPO", 3, (32, 24))
    assert picture.tobytes() == opened(data).tobytes()


def test_one_picture_is_read_where_one_is_wanted(tmp_path):
    """Training, for one, has no use for animations: they are counted, not cut."""
    paths = {name: tmp_path / name for name in ("still.png", "moving.gif", "two.tif")}
    for path, data in zip(paths.values(), (encoded(noise(), "PNG"), animation("GIF"), multi_page_tiff()), strict=True):
        path.write_bytes(data)

    assert read_picture(paths["still.png"]).tobytes() == noise().tobytes()
    for name, count in (("moving.gif", 3), ("two.tif", 2)):
        with pytest.raises(UnsupportedImage, match=rf"{name} holds {count} pictures"):
            read_picture(paths[name])


@pytest.mark.parametrize("codec_format", ["JPEG", "PNG", "GIF", "TIFF", "WEBP"])
def test_dimensions_are_read_without_decoding(codec_format):
    """Of most formats half a file has them too; what is no picture has none."""
    data = encoded(noise((64, 48)), codec_format)

    whole = codec_format in {"TIFF", "WEBP"}  # their readers look at the end too
    assert dimensions(data if whole else data[: len(data) // 2], "half.img") == (64, 48)
    with pytest.raises(UnsupportedImage, match=r"notes\.txt is not an image"):
        dimensions(b"text", "notes.txt")


def test_what_pillow_does_not_tell_is_told():
    """Blocks, chunks and tags travel in `info`, of one picture or of frames, for `bytefit.sources.metadata` to find."""
    private = chunk(b"mINe", b"somebody's own")
    still = encoded(photograph((16, 16)), "PNG")
    still = still[:33] + private + still[33:]

    assert decode(still, "a.png").info[CHUNKS] == private
    assert decode(animation("GIF"), "a.gif").info[BLOCKS] == b""
    (tags,) = decode(encoded(noise((16, 16)), "TIFF", tiffinfo={270: "a view"}), "a.tif").info[TAGS]
    assert tags[270] == "a view"
    assert [dict(tags) for tags in decode(multi_page_tiff(), "b.tif").info[TAGS]] == [{}, {}]


def deep_png():
    """Return a PNG of one pixel with 16 bits a channel."""
    data = encoded(Image.new("RGB", (1, 1)), "PNG")
    header = chunk(b"IHDR", data[16:24] + b"\x10" + data[25:29])
    return data[:8] + header + chunk(b"IDAT", deflate(bytes(7))) + chunk(b"IEND", b"")


def test_lost_depth_matters_to_what_is_written_not_to_what_is_shown():
    """A file with more than eight bits a channel is refused as a source, and may be looked at."""
    data = deep_png()

    with pytest.raises(UnsupportedImage, match=r"deep\.png \(PNG\) carries 16 bits a channel, which would be lost"):
        decode(data, "deep.png")
    assert decode(data, "deep.png", as_shown=True).size == (1, 1)


@pytest.mark.parametrize(
    ("name", "data"),
    {
        "film.webp": webp_with(b"FILM", FILM),
        "film.avif": encoded(photograph((32, 32)), "AVIF") + avif_box(b"film", FILM),
    }.items(),
)
def test_a_loss_can_be_accepted_in_the_way_that_the_message_names(name, data):
    """A refusal without a way out would make the file useless: the image that Pillow opens is compressed as it is."""
    with pytest.raises(UnsupportedImage, match=r"to accept that, compress the image that PIL\.Image\.open returns$"):
        decode(data, name)

    assert compress(Image.open(BytesIO(data)), "9KB").fits


@pytest.mark.parametrize("codec_format", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"])
def test_an_image_above_pillows_limit_is_decoded_within_a_limit_of_its_own(monkeypatch, codec_format):
    """`max_pixels` must reach every step: opening, decoding and the dimensions."""
    data = encoded(photograph((90, 60)), codec_format)
    pixels = opened(data).convert("RGB").tobytes()
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)

    assert decode(data, "map.img", max_pixels=5400).convert("RGB").tobytes() == pixels
    assert dimensions(data, "map.img", max_pixels=5400) == (90, 60)
    for look in (decode, dimensions):
        with pytest.raises(UnsupportedImage, match=r"^map\.img has .*max_pixels"):
            look(data, "map.img")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x00\x00\x00\x1cftypheic" + bytes(20), "HEIF, which Pillow reads by a plugin: pip install 'bytefit[heif]'"),
        (b"\xff\x0a" + bytes(20), "JXL, which Pillow reads by a plugin: pip install 'bytefit[jxl]'"),
    ],
    ids=["HEIF", "JXL"],
)
def test_formats_of_plugins_name_the_extra_that_reads_them(monkeypatch, data, message):
    """Better than that it be no image."""
    for module in ("pillow_heif", "pillow_jxl"):
        monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(UnsupportedImage) as caught:
        decode(data, "phone.heic")

    assert str(caught.value) == f"phone.heic is {message}"


def test_the_one_picture_may_be_taken_out():
    """The way out that the message names."""
    picture = Image.open(BytesIO(animation("GIF")))

    one = decoded(picture.copy(), "moving.gif")

    assert not isinstance(one, Frames)
    assert one.tobytes() == picture.copy().tobytes()


def test_what_stands_behind_a_jpeg_is_read_too(tmp_path):
    """A motion photo's film is there, and Pillow does not tell."""
    path = tmp_path / "motion.jpg"
    path.write_bytes(encoded(photograph((32, 32))) + FILM)

    picture, data = read_image(path)

    assert picture.size == (32, 32)
    assert data.endswith(FILM)


@pytest.mark.parametrize("codec_format", ["WEBP", "AVIF"])
def test_what_pillow_would_drop_of_a_file_is_refused(codec_format):
    """Other formats have no place for data of somebody's own that would survive."""
    stranger = {
        "WEBP": webp_with(b"FILM", FILM),
        "AVIF": encoded(photograph((32, 32)), "AVIF") + avif_box(b"film", FILM),
    }

    with pytest.raises(UnsupportedImage, match=r"hero\.img.*which would be lost"):
        decode(stranger[codec_format], "hero.img")


def test_a_thumbnail_is_not_a_second_picture():
    """Nor is what follows its end of image behind the picture."""
    thumbnail = encoded(photograph((16, 16)))
    data = encoded(photograph((32, 32)))
    segment = b"Exif\x00\x00" + b"II*\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00" + thumbnail
    data = data[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + data[2:]

    assert decode(data, "thumbnail.jpg").size == (32, 32)


def test_decompression_bombs_are_refused(monkeypatch):
    """Pillow's own limit holds unless another one is given, and the message must name the option for it."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)

    with pytest.raises(UnsupportedImage, match=r"200 pixels is the limit: .* allow it with max_pixels=4096"):
        decode(encoded(photograph((64, 64))), "bomb.jpg")


def test_a_large_picture_is_read_with_pillows_warning(monkeypatch):
    """Between Pillow's limit and twice of it, Pillow warns; bytefit must read it and leave the filters alone."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 3000)

    with pytest.warns(Image.DecompressionBombWarning):
        assert decode(encoded(photograph((64, 64))), "large.jpg").size == (64, 64)


def test_a_warning_that_the_process_makes_an_error_refuses_the_file(monkeypatch):
    """A process with `-W error` must get an error of bytefit that says so, as warnings are errors in this suite."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 3000)

    with pytest.raises(UnsupportedImage, match=r"^cannot decode large\.jpg: .* this process turns into an error"):
        decode(encoded(photograph((64, 64))), "large.jpg")


def test_missing_files_are_an_os_error(tmp_path):
    """As everywhere in Python."""
    with pytest.raises(FileNotFoundError):
        read_image(tmp_path / "nothing.jpg")


def test_pictures_that_are_open_are_decoded(tmp_path):
    """An image object may be a file that was not read yet."""
    path = write_jpeg(tmp_path / "a.jpg")

    with Image.open(path) as picture:
        assert decoded(picture, "a.jpg") is picture
        assert picture.getpixel((0, 0)) is not None


def test_hostile_files_end_in_a_picture_or_a_reason(corpus):
    """Whatever is in a file, nothing but UnsupportedImage comes out."""
    paths = [path for path in sorted(corpus.joinpath("hostile").rglob("*")) if path.is_file()]
    small = [path for path in paths if path.stat().st_size < 60_000 and "bombs" not in path.parts]

    for path in small:
        with suppress(UnsupportedImage):
            assert min(read_image(path)[0].size) > 0


def test_pixels_without_their_palette_are_refused():
    """Pillow opens a PNG whose palette was cut out, and its pixels are indices into nothing."""
    data = encoded(photograph((16, 12)).quantize(8), "PNG")
    start = data.index(b"PLTE") - 4
    picture = opened(data[:start] + data[start + 12 + 24 :])

    with pytest.raises(UnsupportedImage, match="cannot decode it: its palette is missing"):
        decoded(picture, "it")


def test_an_animation_without_a_clock_is_corrupt():
    """Pillow divides by the units of time in a second, which a damaged AVIF says are none."""
    data = bytearray(animation("AVIF"))
    box = data.index(b"mdhd")
    place = box + 8 + (16 if data[box + 4] else 8)
    data[place : place + 4] = bytes(4)

    with pytest.raises(CorruptImage, match=r"cannot decode a\.avif: "):
        decode(bytes(data), "a.avif")

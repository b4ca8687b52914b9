"""Opening: one picture, decoded whole, or refused with a reason that names the file."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO

import pytest
from PIL import Image

from bytefit.errors import UnsupportedImage
from bytefit.opening import decode, decoded, read_image
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

    picture, behind = read_image(path)

    assert behind == b""
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
def test_animations_are_refused(codec_format):
    """All frames but one would be lost."""
    with pytest.raises(UnsupportedImage, match="holds 3 frames, and all but one would be lost"):
        decode(animation(codec_format), "moving.img")


@pytest.mark.parametrize(
    ("data", "kind"), [(multi_picture(3), "MPO"), (multi_page_tiff(), "TIFF")], ids=["MPO", "TIFF"]
)
def test_several_pictures_in_a_file_are_refused(data, kind):
    """All pictures but one would be lost."""
    with pytest.raises(UnsupportedImage, match=rf"{kind}\) holds [23] pictures"):
        decode(data, "two.img")


def test_the_one_picture_may_be_taken_out():
    """The way out that the message names."""
    picture = Image.open(BytesIO(animation("GIF")))

    assert decoded(picture.copy(), "moving.gif").size == picture.size


def test_what_stands_behind_a_jpeg_is_read_too(tmp_path):
    """A motion photo's film is there, and Pillow does not tell."""
    path = tmp_path / "motion.jpg"
    path.write_bytes(encoded(photograph((32, 32))) + FILM)

    picture, behind = read_image(path)

    assert picture.size == (32, 32)
    assert behind == FILM


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
    """Pillow's own limit holds."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)

    with pytest.raises(UnsupportedImage, match="decompression bomb"):
        decode(encoded(photograph((64, 64))), "bomb.jpg")


def test_large_pictures_do_not_warn(monkeypatch):
    """Between Pillow's limit and twice of it, it warns; a warning on a hook's terminal helps nobody."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 3000)

    assert decode(encoded(photograph((64, 64))), "large.jpg").size == (64, 64)


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

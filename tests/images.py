"""Generated pictures, the same on every machine, and files of them: no picture in these tests comes from outside."""

from __future__ import annotations

from io import BytesIO
from random import Random
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageChops, ImageDraw

if TYPE_CHECKING:
    from pathlib import Path

SIZE = (144, 96)

# Every mode of Pillow's own list (ImageMode.getmode), transparent and premultiplied ones included.
MODES = (
    *("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr", "HSV", "LAB"),
    *("I", "F", "I;16", "I;16L", "I;16B", "I;16N"),
)
ALPHA_MODES = ("LA", "La", "PA", "RGBA", "RGBa")

XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF/></x:xmpmeta>'

_ORIENTATION = 0x0112
_CAMERA_MODEL = 0x0110


def noise(size: tuple[int, int] = SIZE, mode: str = "RGB", *, seed: int = 1) -> Image.Image:
    """Return independent random bytes: the hardest picture there is."""
    channels = len(Image.new(mode, (1, 1)).getbands())
    return Image.frombytes(mode, size, Random(seed).randbytes(size[0] * size[1] * channels))


def photograph(size: tuple[int, int] = SIZE, mode: str = "RGB", *, seed: int = 1) -> Image.Image:
    """Return smooth shapes of several sizes over a gradient, with a little grain: the curve of a photograph."""
    picture = Image.merge("RGB", [Image.linear_gradient("L").rotate(turn).resize(size) for turn in (0, 90, 180)])
    for octave, weight in ((64, 0.45), (24, 0.35), (8, 0.25), (2, 0.12), (1, 0.06)):
        coarse = noise((max(2, size[0] // octave), max(2, size[1] // octave)), seed=seed * 100 + octave)
        picture = Image.blend(picture, coarse.resize(size, Image.Resampling.BICUBIC), weight)
    return picture.convert(mode)


def screenshot(size: tuple[int, int] = SIZE, mode: str = "RGB") -> Image.Image:
    """Return text, lines and flat areas with hard edges."""
    picture = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, size[0], 14), fill="navy")
    for row, top in enumerate(range(20, size[1], 12)):
        draw.text((6, top), f"{row:03} fits at most its budget, and so on", fill="black")
        draw.line((0, top + 11, size[0], top + 11), fill="silver")
    return picture.convert(mode)


def flat(size: tuple[int, int] = SIZE, mode: str = "RGB") -> Image.Image:
    """Return one colour everywhere: a ladder that is all plateau."""
    return Image.new("RGB", size, (200, 120, 40)).convert(mode)


def graphic(size: tuple[int, int] = SIZE) -> Image.Image:
    """Return a picture with soft and hard transparency."""
    picture = photograph(size, "RGBA")
    mask = Image.radial_gradient("L").resize(size)
    picture.putalpha(ImageChops.invert(mask))
    picture.paste((0, 0, 0, 0), (0, 0, size[0] // 4, size[1] // 4))
    return picture


def in_mode(mode: str, size: tuple[int, int] = (32, 24)) -> Image.Image:
    """Return a picture in any of `MODES`, also those Pillow converts nothing to."""
    routes = {"La": ("LA", "La"), "PA": ("P", "PA"), "RGBa": ("RGBA", "RGBa")}
    if mode in {"LAB", "I", "F", "I;16", "I;16L", "I;16B", "I;16N"}:
        return Image.new(mode, size)
    picture = graphic(size) if mode in ALPHA_MODES and mode != "PA" else photograph(size)
    for step in routes.get(mode, (mode,)):
        picture = picture.convert(step)
    return picture


def icc_profile(space: bytes = b"RGB ", size: int = 560) -> bytes:
    """Return bytes with the header of a colour profile for `space` (ICC.1:2022, 7.2); no tags, nobody applies it."""
    header = size.to_bytes(4, "big") + b"test\x04\x30\x00\x00mntr" + space + b"XYZ " + bytes(12) + b"acsp"
    return header + Random(size).randbytes(size - len(header))


def exif(*, orientation: int | None = None, padding: int = 0) -> bytes:
    """Return an EXIF block with a camera's name, an orientation, and a text of `padding` bytes."""
    block = Image.Exif()
    block[_CAMERA_MODEL] = "bytefit test camera" + "x" * padding
    if orientation is not None:
        block[_ORIENTATION] = orientation
    return block.tobytes()


def encoded(picture: Image.Image, codec_format: str = "JPEG", **options: Any) -> bytes:
    """Return the file that plain Pillow makes of `picture`."""
    buffer = BytesIO()
    picture.save(buffer, codec_format, **options)
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    """Return the picture in `data`, decoded."""
    picture = Image.open(BytesIO(data))
    picture.load()
    return picture


def write_jpeg(
    path: Path,
    picture: Image.Image | None = None,
    *,
    orientation: int | None = None,
    icc: bytes = b"",
    xmp: bytes = b"",
    quality: int = 95,
    **options: Any,
) -> Path:
    """Write a JPEG file with as much metadata as is asked for, and return its path."""
    block = exif(orientation=orientation) if orientation is not None else b""
    path.write_bytes(encoded(picture or photograph(), quality=quality, exif=block, icc_profile=icc, xmp=xmp, **options))
    return path


def animation(codec_format: str, size: tuple[int, int] = (48, 32)) -> bytes:
    """Return three frames that differ, in a format that holds several."""
    frames = [noise(size, seed=seed) for seed in range(3)]
    return encoded(frames[0], codec_format, save_all=True, append_images=frames[1:])

"""The files that the fuzzer damages: generated ones of every format, the shipped examples, and files of a corpus."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from bytefit.codecs.avif.boxes import without_times
from images import MODES, flat, graphic, icc_profile, in_mode, noise, photograph, screenshot

if TYPE_CHECKING:
    from collections.abc import Sequence

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"

# This text is in all metadata of generated files: a file without metadata does not contain it.
MARK = b"fuzzed metadata"

# How many generated files there are; all orders choose among them.
POOL = 1500

# Larger files of a corpus make an order slow.
MOST_BYTES = 300_000

# Formats with how often they are chosen. AVIF, HEIF and JPEG XL take ten times as long as JPEG.
WEIGHTS = {
    "JPEG": 18,
    "PNG": 18,
    "GIF": 16,
    "WEBP": 12,
    "TIFF": 16,
    "JPEG2000": 5,
    "MPO": 3,
    "AVIF": 2,
    "HEIF": 1,
    "JXL": 1.5,
    "BMP": 1,
    "ICO": 0.5,
    "PPM": 0.5,
    "TGA": 0.5,
}
PLUGINS = {"HEIF": "pillow_heif", "JXL": "pillow_jxl"}
SUFFIXES = {"JPEG": ".jpg", "MPO": ".jpg", "TIFF": ".tif", "JPEG2000": ".jp2"}
ANIMATED = ("GIF", "WEBP", "PNG", "AVIF", "TIFF")

_TIFF_CODINGS = ("raw", "tiff_lzw", "tiff_deflate", "packbits", "jpeg", "group4", "tiff_adobe_deflate", "lzma", "webp")


@dataclass(frozen=True, slots=True)
class File:
    """A file before it is damaged.

    Attributes:
        data: its bytes.
        suffix: the suffix of its name.
        about: what it is, in a few words.
        marked: whether all its metadata contain `MARK`.
    """

    data: bytes
    suffix: str
    about: str
    marked: bool = False


@lru_cache
def register_plugins() -> None:
    """Make Pillow read and write the formats of all installed plugins, so that orders do not depend on their order."""
    if find_spec("pillow_heif"):
        import pillow_heif

        pillow_heif.register_heif_opener()
    if find_spec("pillow_jxl"):
        import pillow_jxl  # noqa: F401  (its import registers the format)
    Image.init()


def choose_file(random: Random, corpus: Sequence[Path] = ()) -> File:
    """Return a file: half the time one of the corpus, if there is one; seldom an example; otherwise a generated one."""
    if corpus and random.random() < 0.5:
        path = random.choice(corpus)
        return File(path.read_bytes(), path.suffix.lower(), path.name)
    if random.random() < 0.002:
        path = random.choice(sorted(path for path in EXAMPLES.iterdir() if path.suffix in {".webp", ".jpg", ".avif"}))
        return File(path.read_bytes(), path.suffix, path.name)
    return generated(random.randrange(POOL))


def corpus_files(folder: Path) -> list[Path]:
    """Return the files below a folder that are small enough, sorted by name."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sorted(path for path in files if 0 < path.stat().st_size <= MOST_BYTES)


@lru_cache(maxsize=POOL)
def generated(number: int) -> File:
    """Return the generated file with a number below `POOL`."""
    register_plugins()
    random = Random(f"file {number}")
    known = {name: weight for name, weight in WEIGHTS.items() if find_spec(PLUGINS.get(name, "PIL"))}
    name = random.choices(list(known), list(known.values()))[0]
    pictures = [picture(random)]
    if name == "MPO" or (name in ANIMATED and random.random() < 0.3):
        pictures = _alike(random, pictures[0], random.choice((2, 2, 3, 5, 9)))
    options = _save_options(random, name, pictures)
    for attempt in range(3):
        try:
            data = _written(pictures, name, options)
        except Exception:  # noqa: BLE001  (a mode or an option that the format does not have)
            pictures = [_rgb(each) for each in pictures]
            options = options if attempt == 0 else {}
        else:
            break
    about = f"file {number} {name} {pictures[0].mode} {pictures[0].width}x{pictures[0].height}x{len(pictures)}"
    if name in {"JPEG", "MPO", "PNG", "WEBP"} and random.random() < 0.05:
        data += b"\x00\x00\x00\x18ftypmp42" + MARK * random.randrange(1, 9)
    return File(data, SUFFIXES.get(name, f".{name.lower()}"), about, marked=True)


def _rgb(image: Image.Image) -> Image.Image:
    """Return a picture in the mode that all formats hold; Pillow does not convert every mode to it."""
    try:
        return image.convert("RGB")
    except ValueError:
        return photograph(image.size)


def picture(random: Random) -> Image.Image:
    """Return a picture of any content, mode and size, mostly up to 64x64 pixels."""
    size = _size(random)
    made = random.choice((photograph, screenshot, noise, flat, graphic))(size)
    mode = random.choice((*MODES, "RGB", "RGB", "RGB", "RGBA", "RGBA", "L", "P", "P"))
    if mode == "P":
        return made.convert("RGB").quantize(random.choice((1, 2, 3, 16, 64, 256)))
    try:
        return made.convert(mode)
    except ValueError:
        return in_mode(mode, size)


def _size(random: Random) -> tuple[int, int]:
    chance = random.random()
    if chance < 0.05:
        return random.choice(((1, 1), (1, 64), (64, 1), (2, 2), (3, 150), (8, 8), (16, 16), (17, 9)))
    most = 200 if chance > 0.98 else 64 if chance > 0.7 else 32
    return random.randrange(1, most), random.randrange(1, most)


def _alike(random: Random, first: Image.Image, count: int) -> list[Image.Image]:
    """Return frames: the first one, and others that differ from it in a part, or everywhere, or not at all."""
    frames = [first]
    for _ in range(count - 1):
        frame = frames[-1].copy()
        kind = random.choice(("part", "part", "all", "same"))
        if kind == "part":
            box = sorted(random.randrange(frame.width + 1) for _ in range(2))
            rows = sorted(random.randrange(frame.height + 1) for _ in range(2))
            part = first.transpose(Image.Transpose.ROTATE_180).crop((box[0], rows[0], box[1], rows[1]))
            frame.paste(part, (box[0], rows[0]))
        elif kind == "all":
            frame = frame.transpose(random.choice((Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM)))
        frames.append(frame)
    return frames


def _save_options(random: Random, name: str, pictures: Sequence[Image.Image]) -> dict[str, Any]:
    options: dict[str, Any] = _metadata(random, name)
    if len(pictures) > 1:
        options |= {"save_all": True, "append_images": pictures[1:]}
        if name not in {"MPO", "TIFF"}:
            times = [random.choice((0, 10, 20, 40, 45, 100, 1000)) for _ in pictures]
            options |= {"duration": times, "loop": random.choice((0, 0, 1, 3, 65535))}
    options |= _coding(random, name, pictures[0].mode)
    if name == "AVIF" and len(pictures) > 1:
        options.pop("exif", None)  # Pillow 13 crashes where an animation has an orientation
    return options


def _coding(random: Random, name: str, mode: str) -> dict[str, Any]:
    """Return save options that change how pixels are coded."""
    quality = random.choice((5, 30, 60, 75, 90, 95, 100))
    transparent = {"transparency": (0, 0, 0) if mode == "RGB" else 0} if random.random() < 0.3 else {}
    held = transparent if mode in {"P", "L", "RGB"} else {}
    lossless = {"lossless": True} if random.random() < 0.3 else {}
    options: dict[str, dict[str, Any]] = {
        "JPEG": {"quality": quality, "progressive": random.random() < 0.5, "subsampling": random.choice((0, 1, 2))},
        "MPO": {"quality": quality},
        "WEBP": {"quality": quality, **lossless},
        "AVIF": {"quality": quality, "speed": 10},
        "HEIF": {"quality": quality},
        "JXL": {"quality": quality, **lossless},
        "TIFF": {"compression": random.choice(_TIFF_CODINGS)},
        "GIF": {"interlace": random.random() < 0.5, "disposal": random.choice((0, 1, 2, 3)), **held},
        "PNG": {"compress_level": random.choice((0, 1, 9)), **held},
    }
    return options.get(name, {})


def _metadata(random: Random, name: str) -> dict[str, Any]:
    """Return save options that carry metadata, each of which contains `MARK`."""
    if random.random() < 0.4:
        return {}
    block = Image.Exif()
    block[0x0110] = MARK.decode()
    block[0x0112] = random.randrange(10)
    if random.random() < 0.3:
        block.get_ifd(0x8769)[0xA002] = random.randrange(300)
    texts, tags = PngInfo(), ImageFileDirectory_v2()
    texts.add_text("Title", MARK.decode(), zip=random.random() < 0.3)
    if random.random() < 0.3:
        texts.add(b"gAMA", (45455).to_bytes(4, "big"))
    tags[270], tags[315], tags[274] = MARK.decode(), MARK.decode(), random.randrange(1, 9)
    options = {
        "exif": block.tobytes(),
        "icc_profile": icc_profile(random.choice((b"RGB ", b"GRAY", b"CMYK")), 200) + MARK,
        "xmp": b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + MARK * random.choice((1, 5, 50)) + b"</x:xmpmeta>",
        "comment": MARK,
        "dpi": random.choice(((72, 72), (300, 300), (1, 1), (0.5, 99999))),
        "pnginfo": texts,
        "tiffinfo": tags,
    }
    known = {"PNG": {"pnginfo"}, "TIFF": {"tiffinfo"}}.get(name, set())
    left_out = {"pnginfo", "tiffinfo"} - known
    return {key: value for key, value in options.items() if key not in left_out and random.random() < 0.6}


def _written(pictures: Sequence[Image.Image], name: str, options: dict[str, Any]) -> bytes:
    buffer = BytesIO()
    pictures[0].save(buffer, name, **options)
    # The time of day is in an animated AVIF; an order must not depend on it.
    return without_times(buffer.getvalue()) if name == "AVIF" else buffer.getvalue()

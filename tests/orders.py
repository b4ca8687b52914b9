"""Three hundred fixed orders, and a line for what each comes to: run before and after a change, the lines are the same.

    python -m tests.orders                    prints a line for every order
    python -m tests.orders --write FILE       stores the lines
    python -m tests.orders --against FILE     prints what is not as it was stored, and the numbers

It asks through the public names only, so modules may move. The bytes depend on the versions of the encoders: lines are
comparable on one machine, with one set of libraries.

A line holds, separated by tabs, the name of the order and

    ok, format, bytes, quality, dimensions, frames, scale, proven, trials, hash      what `compress` answered
    ok, changed, before, after, hash of the file on disk, then the same or nothing    what `compress_file` did
    ok, format, bytes, dimensions, frames, hash                                       what `Image.save` wrote
    ok, exit code, hash of the whole folder, what was printed                         what the command line did
    class of the error, its facts, its text without digits and paths                  where it failed
    CRASH and a class, nothing, a text                                                where it failed by mistake
    skipped, module                                                                   where a module is not installed
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from PIL.TiffImagePlugin import ImageFileDirectory_v2

import bytefit

sys.path.insert(0, str(Path(__file__).resolve().parent))  # as pytest does, however this file is started

from images import XMP, encoded, exif, flat, graphic, icc_profile, noise, photograph, screenshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
_SIZE = (96, 64)

# What a name speaks of needs these modules, which may be missing.
_MODULES = {"heif": "pillow_heif", "jxl": "pillow_jxl", "min_score": "ssimulacra2"}

# Formats, with the bytes a pixel may have in an order that is to be filled.
FORMATS = {
    "JPEG": 0.3,
    "PNG": 0.7,
    "GIF": 0.6,
    "WEBP": 0.2,
    "AVIF": 0.2,
    "TIFF": 3.2,
    "JPEG2000": 0.3,
    "HEIF": 0.25,
    "JXL": 0.25,
}
_SUFFIXES = {"JPEG": ".jpg", "MPO": ".jpg", "TIFF": ".tif", "JPEG2000": ".jp2"}

# "P" stands twice: with a transparent entry, too.
MODES = (
    *("1", "L", "LA", "La", "P", "P transparent", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV", "LAB"),
    *("I", "F", "I;16", "I;16L", "I;16B", "I;16N"),
)

_SELDOM_HELD = {
    "LAB": ("TIFF", "WEBP"),
    "I": ("TIFF", "PNG"),
    "F": ("TIFF", "JPEG"),
    "I;16": ("TIFF", "PNG"),
    "I;16L": ("JPEG2000", "HEIF"),
    "I;16B": ("TIFF", "PNG"),
    "I;16N": ("TIFF", "AVIF"),
}

# The headers of a film and of its tracks as libavif writes them: when it was made and when it was changed come first.
_TIMES = re.compile(rb"((?:mvhd|tkhd|mdhd)\x01.{3}).{16}", re.DOTALL)


class File(NamedTuple):
    """The bytes of a file, and the suffix it goes by."""

    data: bytes
    suffix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One thing that is asked for.

    Attributes:
        road: how it is asked: "compress", "opened" (the same of a picture opened by Pillow), "file", "save", "command".
        source: one of `SOURCES`.
        target: a size; a float is a share of the file, or bytes a pixel where there is no file; None leaves it out.
        output: the name of the file to be written; empty stands for in place, or for a stream.
        options: what goes with it.
        arguments: of the command line.
    """

    road: str = "compress"
    source: str = "photo"
    target: Any = None
    output: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """How the order is called: everything that makes it another one than the others."""
        if self.road == "command":
            return f"command/{' '.join(self.arguments)}"
        wanted = self.options.get("format", "own format")
        asked = (key if value is True else f"{key}={value}" for key, value in self.options.items() if key != "format")
        target = f"{self.target:.0%}" if isinstance(self.target, float) else repr(self.target)
        return "/".join((self.road, self.source, self.output or "-", str(wanted), " ".join(asked) or "-", target))

    @property
    def missing(self) -> str:
        """A module that it needs and that is not installed, or nothing."""
        spoken_of = (module for word, module in _MODULES.items() if word in self.name.lower())
        return next((module for module in spoken_of if find_spec(module) is None), "")


# ---------------------------------------------------------------- sources


def _file(codec_format: str, picture: Image.Image | None = None, **options: Any) -> File:
    """Return the file that Pillow, or a plugin of it, makes of a picture."""
    if codec_format == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    if codec_format == "JXL":
        import pillow_jxl  # noqa: F401  (its import teaches Pillow the format)
    data = encoded(picture or photograph((160, 120)), codec_format, **options)
    return File(data, _SUFFIXES.get(codec_format, f".{codec_format.lower()}"))


def _in_mode(mode: str) -> Image.Image:
    """Return a picture of that mode with something in it."""
    photo, drawn = photograph(_SIZE), graphic(_SIZE)
    if mode.startswith("I;16"):
        return Image.frombytes(mode, _SIZE, b"".join(bytes((value, value)) for value in photo.convert("L").tobytes()))
    if mode in {"P", "P transparent", "PA"}:
        picture = photo.quantize(24)
        if mode == "P transparent":
            picture.info["transparency"] = 3
        if mode == "PA":
            picture = picture.convert("PA")
            picture.putalpha(drawn.getchannel("A"))
        return picture
    if mode in {"La", "RGBa"}:
        return drawn.convert(mode.upper()).convert(mode)
    if mode == "LAB":
        return Image.frombytes(mode, _SIZE, photo.tobytes())
    if mode in {"I", "F"}:
        return photo.convert("L").convert(mode).point(lambda value: value * 200 + 0)
    return (drawn if mode in {"LA", "RGBA"} else photo).convert(mode)


def _metadata(turn: int = 6) -> dict[str, Any]:
    """Return the save options of everything most formats have a place for."""
    return {"exif": exif(orientation=turn, padding=30), "icc_profile": icc_profile(), "xmp": XMP}


def _chunks() -> PngInfo:
    """Return texts of three kinds, a gamma and a time, as chunks of a PNG."""
    found = PngInfo()
    found.add_text("Title", "a view")
    found.add_text("Comment", "a long text " * 20, zip=True)
    found.add_itxt("Description", "a view of the sea", lang="en")
    found.add(b"gAMA", (45455).to_bytes(4, "big"))
    found.add(b"tIME", bytes((7, 232, 1, 2, 3, 4, 5)))
    return found


def _tags() -> ImageFileDirectory_v2:
    """Return a few tags of a TIFF."""
    found = ImageFileDirectory_v2()
    found[270], found[315], found[700] = "a view", "artist", XMP
    return found


def _moving(codec_format: str, count: int = 4, **options: Any) -> File:
    """Return an animation of photographs that differ."""
    first, *rest = (photograph(_SIZE, seed=seed) for seed in range(1, count + 1))
    times = {} if codec_format == "TIFF" else {"duration": 80, "loop": 0}
    return _file(codec_format, first, save_all=True, append_images=rest, **{**times, **options})


def _drawn(codec_format: str) -> File:
    """Return an animation of a small box that moves over a screen."""
    pictures = [screenshot((160, 100)) for _ in range(6)]
    for place, picture in enumerate(pictures):
        picture.paste((200, 30, 30), (10 + 20 * place, 40, 24 + 20 * place, 54))
    first, *rest = pictures
    return _file(codec_format, first, save_all=True, append_images=rest, duration=[40, 50, 60, 70, 80, 90], loop=2)


def _frames() -> bytefit.Frames:
    """Return frames with times of their own that came from no file."""
    return bytefit.Frames([photograph(_SIZE, seed=seed) for seed in (1, 2, 3)], (40.0, 120.0, 60.0), 3)


def _twice() -> File:
    """Return a JPEG of two pictures, one behind the other."""
    return _file("MPO", photograph(seed=1), save_all=True, append_images=[photograph(seed=2)])


def _cut(whole: File) -> File:
    """Return the first half of a file."""
    return whole._replace(data=whole.data[: len(whole.data) // 2])


def _example(name: str) -> Callable[[], File]:
    return lambda: File((_EXAMPLES / name).read_bytes(), Path(name).suffix)


SOURCES: dict[str, Callable[[], Image.Image | bytefit.Frames | File]] = {
    "photo": lambda: photograph((160, 120)),
    "large photo": lambda: photograph((800, 600)),
    "screen": lambda: screenshot((240, 160)),
    "graphic": lambda: graphic((160, 120)),
    "noise": lambda: noise(_SIZE),
    "flat": lambda: flat((120, 90)),
    "dot": lambda: flat((1, 1)),
    "wide": lambda: photograph((400, 64)),
    "frames": _frames,
    "loaded JPEG": lambda: _file("JPEG", quality=95, comment=b"a view", dpi=(300, 300), **_metadata()),
    "loaded PNG": lambda: _file("PNG", screenshot((240, 160)), pnginfo=_chunks(), dpi=(72, 72), **_metadata()),
    "loaded WEBP": lambda: _file("WEBP", quality=95, **_metadata(3)),
    "loaded AVIF": lambda: _file("AVIF", quality=95, **_metadata(8)),
    "loaded TIFF": lambda: _file("TIFF", tiffinfo=_tags(), dpi=(300, 300), icc_profile=icc_profile()),
    "loaded GIF": lambda: _file("GIF", screenshot((240, 160)).quantize(16), comment=b"a view"),
    "loaded HEIF": lambda: _file("HEIF", quality=90, **_metadata()),
    "loaded JXL": lambda: _file("JXL", quality=95, exif=exif(orientation=6)),
    "grey JPEG with profile": lambda: _file("JPEG", photograph(mode="L"), quality=92, icc_profile=icc_profile(b"GRAY")),
    "CMYK JPEG": lambda: _file("JPEG", photograph(mode="CMYK"), quality=92),
    "JPEG": lambda: _file("JPEG", quality=95),
    "rough JPEG": lambda: _file("JPEG", quality=30),
    "PNG": lambda: _file("PNG", screenshot((240, 160)), compress_level=1),
    "palette PNG": lambda: _file("PNG", photograph((160, 120)).quantize(64), compress_level=1),
    "JPEG2000": lambda: _file("JPEG2000", comment="a view"),
    "moving GIF": lambda: _moving("GIF"),
    "moving WEBP": lambda: _moving("WEBP", quality=90),
    "moving PNG": lambda: _moving("PNG"),
    "moving AVIF": lambda: _moving("AVIF", quality=90),
    "drawn GIF": lambda: _drawn("GIF"),
    "drawn PNG": lambda: _drawn("PNG"),
    "pages TIFF": lambda: _moving("TIFF", 3, compression="raw"),
    "scan TIFF": lambda: _file("TIFF", screenshot((240, 160), "1"), compression="raw"),
    "two-picture JPEG": _twice,
    "JPEG with a film": lambda: File(_file("JPEG").data + b"\x00\x00\x00\x18ftypmp42 a film " * 20, ".jpg"),
    "cut JPEG": lambda: _cut(_file("JPEG")),
    "cut PNG": lambda: _cut(_file("PNG")),
    "cut WEBP": lambda: _cut(_file("WEBP")),
    "cut GIF": lambda: _cut(_moving("GIF")),
    "cut TIFF": lambda: _cut(_file("TIFF")),
    "empty file": lambda: File(b"", ".jpg"),
    "text file": lambda: File(b"no picture at all\n" * 50, ".png"),
    "BMP": lambda: _file("BMP"),
    "no file": lambda: File(b"", ""),
    "landscape.jpg": _example("landscape.jpg"),
    "portrait.avif": _example("portrait.avif"),
    "sticker.webp": _example("sticker.webp"),
    "dashboard.webp": _example("dashboard.webp"),
    **{f"mode {mode}": lambda mode=mode: _in_mode(mode) for mode in MODES},
}


# ---------------------------------------------------------------- orders


def _of_modes() -> Iterator[Order]:
    """Yield every mode in two or three formats, which take turns; those that few can hold where they are held."""
    formats = list(FORMATS)
    for place, mode in enumerate(MODES):
        steps = range(2 if mode in {"1", "RGBX", "YCbCr", "HSV"} else 3)
        wanted = _SELDOM_HELD.get(mode) or [formats[(place * 2 + step * 4) % len(formats)] for step in steps]
        for name in wanted:
            yield Order(source=f"mode {mode}", target=FORMATS[name] * 1.5, options={"format": name})


def _of_options() -> Iterator[Order]:
    """Yield the options that mean the same everywhere, in every format."""
    for place, (wanted, share) in enumerate(FORMATS.items()):
        if wanted not in {"TIFF", "JPEG2000", "HEIF"}:  # the best is the usual there
            yield Order(target=share, options={"format": wanted, "effort": "best"})
        if wanted in {"JPEG", "WEBP", "GIF", "TIFF"}:
            yield Order(target=60, options={"format": wanted})
        for options, target in (
            ({"effort": "fast"}, share),
            ({"slack": 0}, share),
            ({"resize": True}, share / 5),
            ({"exact": True}, share * 1.2),
            ({"lossless": True}, 4.0),
            ({"on_unreachable": "smallest"}, 60),
            ({"min_quality": 40}, share / 2),
        ):
            yield Order(target=target, options={"format": wanted, **options})
        source = ("screen", "graphic", "noise", "flat")[place % 4]
        yield Order(source=source, target=share, options={"format": wanted, "slack": 0.3})


def _of_metadata() -> Iterator[Order]:
    """Yield every policy for files that are full of metadata."""
    for policy in ("keep", "orientation+icc", "strip"):
        for wanted, share in FORMATS.items():
            target = round(19_200 * share) + 1500
            yield Order(source="loaded JPEG", target=target, options={"format": wanted, "metadata": policy})
        for source in ("PNG", "WEBP", "TIFF"):
            yield Order(source=f"loaded {source}", target=0.7, options={"metadata": policy})
    for source, policy in (("AVIF", "strip"), ("GIF", "keep"), ("HEIF", "keep"), ("JXL", "strip")):
        yield Order(source=f"loaded {source}", target=0.7, options={"metadata": policy})
    yield Order(road="opened", source="loaded PNG", target=0.7, options={"metadata": "keep"})
    yield Order(source="grey JPEG with profile", target=0.5, options={"format": "WEBP"})


def _of_dimensions() -> Iterator[Order]:
    """Yield bounds of the dimensions, and pictures with few pixels."""
    for wanted, bounds in (
        ("JPEG", {"max_width": 100}),
        ("PNG", {"max_height": 50, "max_pixels": 10**6}),
        ("WEBP", {"max_width": 100, "max_height": 40}),
        ("AVIF", {"min_width": 120}),
        ("GIF", {"min_width": 40, "max_width": 80}),
    ):
        yield Order(target=0.1, options={"format": wanted, "resize": True, **bounds})
    for wanted, options in (
        ("JPEG", {"box": "41x53", "dpi": 300}),
        ("PNG", {"box": (64, 64), "fit": "contain"}),
        ("WEBP", {"box": "64x64", "fit": "inside", "resize": True}),
        ("AVIF", {"box": "1:1", "focus": (0.2, 1.0)}),
        ("GIF", {"box": "200x200", "fit": "stretch", "enlarge": True}),
        ("JPEG", {"box": "200x200", "fit": "stretch"}),
    ):
        yield Order(target=0.1, options={"format": wanted, **options})
    yield Order(source="loaded JPEG", target=0.4, options={"box": "60x80", "dpi": (300, 150)})
    yield Order(source="moving GIF", target=0.4, options={"box": "40x40", "fit": "contain"})
    yield Order(road="file", source="loaded JPEG", target=1.5, options={"box": "60x"})
    yield Order(source="wide", target=0.05, options={"format": "JPEG", "resize": True})
    yield Order(source="dot", target=2000, options={"format": "PNG"})
    yield Order(source="large photo", target="20KB", options={"format": "JPEG"})
    yield Order(source="large photo", target="12KiB", options={"format": "WEBP", "resize": True, "effort": "fast"})


def _of_sizes() -> Iterator[Order]:
    """Yield ranges, and sizes that count the file as text."""
    for wanted, target in (("JPEG", "3KB..4KB"), ("GIF", "60KB..61KB"), ("WEBP", "90KB..90KB"), ("PNG", "80KB..70KB")):
        yield Order(target=target, options={"format": wanted})
    yield Order(target=0.3, options={"format": "JPEG", "min_size": "9KB"})
    for wanted, options in (
        ("JPEG", {"encoding": "base64"}),
        ("WEBP", {"encoding": "data-uri", "exact": True, "slack": 0.2}),
        ("AVIF", {"encoding": "data-uri", "resize": True}),
    ):
        yield Order(target=4023, options={"format": wanted, **options})
    yield Order(road="file", source="JPEG", target="9KB..12KB", output="answer.jpg")
    yield Order(road="file", source="rough JPEG", target="9KB..12KB")
    yield Order(road="save", source="photo", target="9KB..12KB", output="answer.png")


def _of_choices() -> Iterator[Order]:
    """Yield formats that are chosen for the user, and floors on the visible quality."""
    yield Order(target=0.2, options={"format": "auto"})
    yield Order(source="screen", target=0.1, options={"format": "auto"})
    yield Order(source="graphic", target=0.2, options={"format": "AUTO", "formats": ("WEBP", "PNG")})
    yield Order(source="moving GIF", target=0.5, options={"format": "auto"})
    yield Order(target=0.2, options={"formats": ("JPEG",), "format": "JPEG"})
    yield Order(target=0.2, options={"formats": ("PNG", "GIF"), "format": "JPEG"})
    yield Order(source="JPEG", target=0.5, options={"formats": ("GIF", "WEBP")})
    yield Order(target="discord-emoji", options={"format": "PNG"})
    yield Order(source="JPEG", target="discord-emojis")
    yield Order(target=0.2, options={"format": "auto", "formats": ()})
    yield Order(target=0.5, options={"format": "JPEG", "min_score": 50})
    yield Order(target=0.05, options={"format": "WEBP", "min_score": 90})
    yield Order(target=0.1, options={"format": "JPEG", "min_score": 40, "resize": True})


def _of_conversions() -> Iterator[Order]:
    """Yield a picture that has to be changed before the format holds it."""
    yield Order(source="graphic", target=0.3, options={"format": "JPEG", "background": "white", "metadata": "keep-gps"})
    yield Order(source="CMYK JPEG", target=0.5, options={"format": "WEBP", "colours": "srgb", "depth": 8})


def _of_save_options() -> Iterator[Order]:
    """Yield options of Pillow's writers, and some that those do not have."""
    for wanted, options in (
        ("JPEG", {"subsampling": "4:4:4"}),
        ("JPEG", {"progressive": False, "optimize": False}),
        ("JPEG", {"quality": 80}),
        ("JPEG", {"progresive": True}),
        ("WEBP", {"method": 0}),
        ("WEBP", {"metod": 4}),
        ("AVIF", {"speed": 9}),
        ("AVIF", {"subsampling": "4:4:4"}),
        ("PNG", {"dither": 0.5}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "jpeg"}),
        ("TIFF", {"compression": "none at all"}),
        ("HEIF", {"chroma": 444}),
        ("JXL", {"effort": "fast", "decoding_speed": 2}),
    ):
        yield Order(target=FORMATS[wanted] * 1.1, options={"format": wanted, **options})


def _of_mistakes() -> Iterator[Order]:
    """Yield values that make no sense, and sizes that nobody can read."""
    for options in (
        {"slack": 1},
        {"models": "no-such-folder"},
        {"min_quality": 200},
        {"min_score": 100},
        {"min_width": 10},
        {"max_width": 0, "resize": True},
        {"min_width": 90, "max_width": 80, "resize": True},
        {"effort": "more"},
        {"metadata": "some"},
        {"on_unreachable": "cry"},
        {"maxwidth": 100},
        {"format": "BMP"},
        {"format": "QOI2"},
    ):
        yield Order(target=0.3, options={"format": "JPEG", **options})
    yield Order(target=0.3)
    for target in ("200 KX", "", 0, -5):
        yield Order(target=target, options={"format": "JPEG"})


def _of_frames() -> Iterator[Order]:
    """Yield animations and pages, in their own format and in others."""
    for wanted in ("GIF", "WEBP", "PNG", "AVIF"):
        yield Order(source=f"moving {wanted}", target=0.6)
    for source, wanted in (
        ("moving GIF", "WEBP"),
        ("moving GIF", "JPEG"),
        ("moving WEBP", "GIF"),
        ("drawn GIF", "PNG"),
        ("drawn PNG", "AVIF"),
        ("pages TIFF", "WEBP"),
    ):
        yield Order(source=source, target=0.8, options={"format": wanted})
    yield Order(source="moving GIF", target=0.12, options={"allow_frame_drop": True})
    yield Order(source="moving WEBP", target=0.06, options={"allow_frame_drop": True, "min_quality": 30})
    yield Order(source="drawn GIF", target=0.3, options={"resize": True})
    yield Order(source="drawn PNG", target=0.9, options={"lossless": True})
    yield Order(source="pages TIFF", target=0.9)
    yield Order(source="scan TIFF", target=0.4)
    yield Order(source="frames", target=0.5, options={"format": "WEBP"})
    yield Order(source="frames", target=2.0, options={"format": "GIF", "slack": 0})
    yield Order(road="opened", source="moving GIF", target=0.5)


def _of_files() -> Iterator[Order]:
    """Yield files in place and to others, whole and damaged ones, and what stands beside their picture."""
    for source in ("cut JPEG", "cut PNG", "cut WEBP", "cut GIF", "cut TIFF", "empty file", "text file", "no file"):
        yield Order(source=source, target=0.5 if source.startswith("cut") else 500)
    yield Order(source="BMP", target=0.5)
    yield Order(source="two-picture JPEG", target=0.8)
    yield Order(source="two-picture JPEG", target=0.4, options={"drop_extras": True})
    yield Order(source="JPEG with a film", target=0.8)
    yield Order(road="opened", source="two-picture JPEG", target=0.8)
    for source, target, output, options in (
        ("JPEG", 0.5, "", {}),
        ("JPEG", 0.97, "", {}),
        ("JPEG", 1.5, "", {}),
        ("JPEG", 1.5, "", {"exact": True}),
        ("JPEG", 0.5, "", {"dry_run": True}),
        ("JPEG", 0.5, "answer.webp", {}),
        ("JPEG", 1.5, "answer.jpg", {}),
        ("JPEG", 0.5, "nowhere/answer.jpg", {}),
        ("rough JPEG", 0.7, "", {"on_unreachable": "smallest", "min_quality": 25}),
        ("loaded JPEG", 0.9, "", {"metadata": "strip", "resize": True, "max_width": 100}),
        ("PNG", 0.8, "", {"effort": "best"}),
        ("palette PNG", 0.6, "", {}),
        ("drawn GIF", 0.9, "", {}),
        ("JPEG2000", 0.3, "", {"min_quality": 10}),
        ("JPEG", 0.5, "", {"format": "WEBP"}),
        ("JPEG", 0.5, "answer.xyz", {}),
    ):
        yield Order(road="file", source=source, target=target, output=output, options=options)


def _of_saving() -> Iterator[Order]:
    """Yield what is asked through Pillow's own `save`."""
    for source, target, output, options in (
        ("photo", 0.3, "answer.jpg", {"slack": 0}),
        ("graphic", 0.3, "", {"format": "WEBP"}),
        ("photo", 0.3, "", {}),
        ("moving GIF", 0.5, "answer.gif", {"save_all": True}),
        ("photo", None, "answer.jpg", {"slack": 0.1}),
        ("photo", None, "answer.jpg", {"target_sise": 1000}),
        ("photo", None, "answer.jpg", {"quality": 50}),
        ("photo", 60, "answer.jpg", {}),
    ):
        yield Order(road="save", source=source, target=target, output=output, options=options)


def _of_the_command_line() -> Iterator[Order]:
    """Yield commands on a small tree."""
    for command in (
        "check --max-size 6KB .",
        "check --max-size 6KB --report json .",
        "check --max-size 1MB .",
        "fix --max-size 6KB .",
        "fix --max-size 6KB --dry-run docs",
        "fix --max-size 60 --on-unreachable smallest photo.jpg",
        "check --max-size 6KB --report markdown .",
        "check --max-size 6KB --compare-to HEAD --min-change 1KB .",
        "fix --max-size 6KB --dry-run --report markdown .",
        "fix --max-size 6KB --dry-run --verbose docs",
        "fix --max-size 6KB --quiet .",
        "explain photo.jpg --to 4KB",
        "compress photo.jpg --to 4KB -o answer.webp",
        "compress photo.jpg --to 60",
        "compress notes.txt --to 4KB",
        "compress photo.jpg --to 4XB",
    ):
        yield Order(road="command", arguments=tuple(command.split()))


def _of_examples() -> Iterator[Order]:
    """Yield the pictures among the examples."""
    yield Order(source="landscape.jpg", target="100KB", options={"effort": "fast"})
    yield Order(source="landscape.jpg", target="30KB", options={"resize": True, "max_width": 400})
    yield Order(source="portrait.avif", target=0.5, options={"effort": "fast"})
    yield Order(source="sticker.webp", target=0.6)
    yield Order(source="dashboard.webp", target="60KB", options={"format": "PNG", "resize": True, "max_width": 400})
    yield Order(road="file", source="landscape.jpg", target=0.99)


def _all() -> Iterator[Order]:
    for group in (
        *(_of_modes, _of_options, _of_metadata, _of_dimensions, _of_sizes, _of_choices, _of_conversions),
        *(_of_save_options, _of_mistakes, _of_frames, _of_files, _of_saving, _of_the_command_line, _of_examples),
    ):
        yield from group()


ORDERS = tuple(_all())


# ---------------------------------------------------------------- answers


def line_of(order: Order) -> str:
    """Carry an order out in a folder of its own, and return its line."""
    if order.missing:
        return f"{order.name}\tskipped\t{order.missing}"
    with TemporaryDirectory() as name:
        folder = Path(name).resolve()
        try:
            fields = ("ok", *_ROADS[order.road](order, folder))
        except (bytefit.BytefitError, OSError) as error:
            fields = (type(error).__name__, _facts(error), _text_class(str(error), folder))
        except Exception as error:  # noqa: BLE001  (it is a finding, not the end)
            fields = (f"CRASH {type(error).__name__}", "-", _text_class(str(error), folder))
    return "\t".join((order.name, *map(str, fields)))


def _compressed(order: Order, folder: Path) -> tuple[Any, ...]:
    source = _stored(order, folder)
    return _told(bytefit.compress(source, _target(order, source), **order.options))


def _opened(order: Order, folder: Path) -> tuple[Any, ...]:
    path = _stored(order, folder)
    with Image.open(path) as picture:
        return _told(bytefit.compress(picture, _target(order, path), **order.options))


def _fitted(order: Order, folder: Path) -> tuple[Any, ...]:
    path = _stored(order, folder)
    output = folder / order.output if order.output else None
    outcome = bytefit.compress_file(path, _target(order, path), output=output, **order.options)
    on_disk = digest_of(outcome.output.read_bytes())
    answer = () if outcome.result is None else _told(outcome.result)
    return (f"changed={outcome.changed}", outcome.before, outcome.after, on_disk, *answer)


def _saved(order: Order, folder: Path) -> tuple[Any, ...]:
    source = _stored(order, folder)
    stream = BytesIO()
    sized = {} if order.target is None else {"target_size": _target(order, source)}
    picture = Image.open(source) if isinstance(source, Path) else source
    bytefit.register()
    try:
        picture.save(folder / order.output if order.output else stream, **sized, **order.options)
    finally:
        bytefit.unregister()
        picture.close()
    data = (folder / order.output).read_bytes() if order.output else stream.getvalue()
    with Image.open(BytesIO(data)) as written:
        size, frames = f"{written.width}x{written.height}", getattr(written, "n_frames", 1)
        return written.format, len(data), size, frames, digest_of(data)


def _commanded(order: Order, folder: Path) -> tuple[Any, ...]:
    """Run a command on a tree of five files."""
    (folder / "docs").mkdir()
    for name, data in (
        (".bytefit.toml", b""),  # what lies above the folder is not asked
        ("photo.jpg", _file("JPEG", quality=95).data),
        ("docs/screen.png", _file("PNG", screenshot((240, 160)), compress_level=0).data),
        ("docs/moving.gif", _moving("GIF").data),
        ("notes.txt", b"no picture\n" * 1000),
    ):
        (folder / name).write_bytes(data)
    package = str(Path(bytefit.__file__).resolve().parent.parent)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT", "PYTHON", "CI"))}
    environment = {**kept, "PYTHONPATH": package, "PYTHONUTF8": "1", "COLUMNS": "120", "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-m", "bytefit", *order.arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    tree = b"".join(f"{path.relative_to(folder).as_posix()}\n".encode() + path.read_bytes() for path in files)
    return f"exit {done.returncode}", digest_of(tree), _text_class(f"{done.stdout}{done.stderr}", folder)


_ROADS: dict[str, Callable[[Order, Path], tuple[Any, ...]]] = {
    "compress": _compressed,
    "opened": _opened,
    "file": _fitted,
    "save": _saved,
    "command": _commanded,
}


def _stored(order: Order, folder: Path) -> Any:
    """Return the source of an order; one that is a file is written to `folder`, and its path returned."""
    source = SOURCES[order.source]()
    if not isinstance(source, File):
        return source
    path = folder / f"picture{source.suffix}"
    if source.suffix:
        path.write_bytes(source.data)
    return path


def _target(order: Order, source: Any) -> Any:
    """Return the size that is asked for."""
    if not isinstance(order.target, float):
        return order.target
    if isinstance(source, Path):
        return int(order.target * source.stat().st_size)
    pictures = source.pictures if isinstance(source, bytefit.Frames) else (source,)
    return int(order.target * sum(picture.width * picture.height for picture in pictures))


def _told(result: bytefit.Result) -> tuple[Any, ...]:
    size = f"{result.width}x{result.height}"
    numbers = (result.format, result.size, round(result.quality, 4), size, result.frames, round(result.scale, 4))
    return *numbers, result.proven, len(result.trials), digest_of(result.data)


def digest_of(data: bytes) -> str:
    """Return the hash of a file; of an animated AVIF without the seconds it was made in, which libavif writes."""
    if data[4:12] == b"ftypavis":
        data = _TIMES.sub(lambda found: found[1], data)
    return sha256(data).hexdigest()[:16]


def _facts(error: Exception) -> str:
    """Return what an unreachable budget says in numbers, which its text does not show here."""
    if not isinstance(error, bytefit.BudgetUnreachable):
        return "-"
    return f"{error.smallest} of {error.width}x{error.height} at {round(error.quality, 4)}"


def _text_class(text: str, folder: Path) -> str:
    """Return a text in one line, without the digits and the paths that differ from run to run."""
    text = re.sub(rf"{re.escape(str(folder))}[\w./-]*", "PATH", text)
    return re.sub(r"\d+", "#", " | ".join(text.split("\n")).replace("\t", " ")).strip(" |")


# ---------------------------------------------------------------- comparison


def compared(before: Iterable[str], after: Iterable[str]) -> tuple[list[str], Counter[str]]:
    """Return the pairs of lines that differ, as they are to be printed, and how many orders came to what."""
    old, new = ({line.split("\t")[0]: line for line in lines} for lines in (before, after))
    told, counts = [], Counter()
    for name in {**old, **new}:
        lines = old.get(name, f"{name}\tnot asked"), new.get(name, f"{name}\tnot asked")
        kind = _kind(*(line.split("\t")[1] for line in lines), same=lines[0] == lines[1])
        counts[kind] += 1
        if lines[0] != lines[1]:
            told += [f"{kind}:", f"  before  {lines[0]}", f"  after   {lines[1]}"]
    return told, counts


def _kind(before: str, after: str, *, same: bool) -> str:
    """Return what became of an order, by what its lines say behind the name."""
    if same:
        return {"ok": "answers the same", "skipped": "skipped"}.get(before, "errors the same")
    if before in {"ok", "skipped", "not asked"}:
        return "answers differ"
    return "error texts differ" if before == after else "errors differ in class"


def summary(counts: Mapping[str, int]) -> str:
    """Return the numbers of a comparison as a sentence."""
    kinds = ("answers the same", "errors the same", "answers differ", "errors differ in class", "error texts differ")
    told = [f"{counts.get(kind, 0)} {kind}" for kind in kinds]
    if counts.get("skipped"):
        told.append(f"{counts['skipped']} skipped")
    return f"{sum(counts.values())} orders: {', '.join(told)}"


def main() -> int:
    """Carry all orders out; print, store or compare their lines."""
    parser = argparse.ArgumentParser(description="Carry out three hundred fixed orders.")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--write", type=Path, metavar="FILE", help="store the lines")
    what.add_argument("--against", type=Path, metavar="FILE", help="print what is not as it was stored")
    arguments = parser.parse_args()
    stored = arguments.against.read_text(encoding="utf-8").splitlines() if arguments.against else []
    lines = []
    for order in ORDERS:
        lines.append(line_of(order))
        if not (arguments.write or arguments.against):
            print(lines[-1], flush=True)
    if arguments.write:
        arguments.write.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    if not arguments.against:
        return 0
    told, counts = compared(stored, lines)
    print(*told, summary(counts), sep="\n")
    return int(counts["answers differ"] + counts["errors differ in class"] > 0)


if __name__ == "__main__":
    sys.exit(main())

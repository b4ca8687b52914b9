"""The other tools that fit a picture to a number of bytes, each behind the same record where it is installed.

Each is called as its manual says or as most of its users call it. For tools that take only a quality, the integer
qualities are bisected to the end. Sizes are not judged here: some tools go over the budget.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from PIL import Image, features

from bytefit.codecs.encoding import NO_METADATA, save_to_bytes
from bytefit.errors import UnsupportedImage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# Every tool that was tried takes a few seconds at most for a picture of a megapixel.
_TIMEOUT_SECONDS = 300

# Since this version libvips can leave metadata out; files of older versions carry an EXIF block.
_LEAST_LIBVIPS = (8, 15)


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool that fits a picture to a budget.

    Attributes:
        name: its name in tables; no two peers share one.
        format: Pillow's name of the format it writes.
        encode: (picture in RGB or L, budget in bytes) -> the file, perhaps over the budget, or None if it made none.
    """

    name: str
    format: str
    encode: Callable[[Image.Image, int], bytes | None]


@dataclass(frozen=True, slots=True)
class ColourPeer:
    """A tool that takes a file and a number of colours.

    Attributes:
        name: its name in reports, with its options.
        in_colours: (path, colours from 2 to 256) -> the file, or None if it made none.
        lossless: path -> the file at its smallest without loss, or None.
    """

    name: str
    in_colours: Callable[[Path, int], bytes | None]
    lossless: Callable[[Path], bytes | None]


def colour_peer(codec_format: str) -> ColourPeer | None:
    """Return the tool most people use to reduce files of a format, PNG or GIF; None where it is not installed."""
    if codec_format == "PNG" and (program := shutil.which("pngquant")) and _package("oxipng") is not None:
        return ColourPeer("pngquant --speed 3 N, oxipng -o4", partial(_pngquant, program), _oxipng)
    if codec_format == "GIF" and (program := shutil.which("gifsicle")):
        return ColourPeer("gifsicle -O3 --colors N", partial(_gifsicle, program), partial(_gifsicle, program))
    return None


def largest_that_fits(
    encode: Callable[[int], bytes | None], budget: int, *, low: int, high: int
) -> tuple[int | None, bytes | None]:
    """Bisect the integers from `low` to `high`; return the largest one found to fit and its file, or None twice."""
    best: tuple[int | None, bytes | None] = None, None
    while low <= high:
        middle = (low + high) // 2
        data = encode(middle)
        if data is not None and len(data) <= budget:
            best, low = (middle, data), middle + 1
        else:
            high = middle - 1
    return best


def installed_peers() -> list[Peer]:
    """Return the tools that are installed and work here.

    Every command must make a picture first: a program of the same name may be another one (Windows has a `convert`).
    """
    picture = Image.linear_gradient("L").convert("RGB")
    commands = [peer for peer in _on_the_path() if peer.encode(picture, 64 * 1024)]
    return [*_in_pillow(), *_in_packages(), *commands]


def _in_pillow() -> list[Peer]:
    peers = [
        _bisecting("Pillow", "JPEG", partial(_pillow, "JPEG", {})),
        _bisecting("Pillow progressive", "JPEG", partial(_pillow, "JPEG", {"progressive": True, "optimize": True})),
    ]
    if features.check("webp"):
        peers.append(_bisecting("Pillow WebP", "WEBP", partial(_pillow, "WEBP", {"method": 4}), lowest=0))
    if features.check("avif"):
        peers.append(_bisecting("Pillow AVIF", "AVIF", partial(_pillow, "AVIF", {"speed": 6}), lowest=0))
    return peers


def _in_packages() -> list[Peer]:
    peers = []
    if _package("pyjpegli") is not None:
        peers.append(_bisecting("jpegli", "JPEG", _jpegli))
    if _has_mozjpeg():
        peers.append(_bisecting("MozJPEG", "JPEG", _mozjpeg))
    return peers


def _on_the_path() -> list[Peer]:
    commands = (
        ("ImageMagick", "JPEG", "magick", _imagemagick),
        ("ImageMagick", "JPEG", "convert", _imagemagick),
        ("caesium", "JPEG", "caesiumclt", _caesium),
        ("jpegoptim", "JPEG", "jpegoptim", _jpegoptim),
        ("cwebp", "WEBP", "cwebp", _cwebp),
    )
    found: dict[str, Peer] = {}
    for name, codec_format, command, encode in commands:
        if (program := shutil.which(command)) is not None:
            found.setdefault(name, Peer(name, codec_format, partial(encode, program)))
    return list(found.values())


def _bisecting(name: str, codec_format: str, encode: Callable[[Image.Image, int], bytes], *, lowest: int = 1) -> Peer:
    """Return a peer that takes a quality up to 100, so that a budget takes several encodes."""
    return Peer(name, codec_format, partial(_bisected, encode, lowest))


def _bisected(
    encode: Callable[[Image.Image, int], bytes], lowest: int, picture: Image.Image, budget: int
) -> bytes | None:
    """Return the file of the highest quality that bisection finds to fit, or None if it finds none."""
    try:
        return largest_that_fits(partial(encode, picture), budget, low=lowest, high=100)[1]
    except UnsupportedImage:  # dimensions the format cannot hold
        return None


def _pillow(codec_format: str, options: Mapping[str, Any], picture: Image.Image, quality: int) -> bytes:
    return save_to_bytes(picture, codec_format, {"quality": quality, **options, **NO_METADATA})


def _package(name: str) -> Any:
    """Return a package that ships no types, or None where it, or the library below it, is not installed."""
    try:
        return import_module(name)
    except (ImportError, OSError):
        return None


def _jpegli(picture: Image.Image, quality: int) -> bytes:
    pixels = picture.convert("RGB")
    return bytes(_package("pyjpegli").encode(pixels.tobytes(), pixels.width, pixels.height, quality))


def _has_mozjpeg() -> bool:
    """Return whether libvips is installed and was built with MozJPEG; otherwise it ignores trellis quantisation."""
    vips = _package("pyvips")
    if vips is None or not vips.at_least_libvips(*_LEAST_LIBVIPS):
        return False
    picture = Image.radial_gradient("L")
    return _mozjpeg(picture, 50) != _mozjpeg(picture, 50, trellis=False)


def _mozjpeg(picture: Image.Image, quality: int, *, trellis: bool = True) -> bytes:
    """Encode with all of MozJPEG's features and its own quantisation tables (number 3)."""
    bands = len(picture.getbands())
    pixels = _package("pyvips").Image.new_from_memory(picture.tobytes(), picture.width, picture.height, bands, "uchar")
    data = pixels.jpegsave_buffer(
        Q=quality,
        trellis_quant=trellis,
        overshoot_deringing=True,
        optimize_scans=True,
        interlace=True,
        optimize_coding=True,
        quant_table=3,
        keep="none",
    )
    return bytes(data)


def _imagemagick(program: str, picture: Image.Image, budget: int) -> bytes | None:
    command = [program, "in.png", "-define", f"jpeg:extent={budget}B", "out.jpg"]
    return _ran(command, picture, given="in.png", answer="out.jpg")


def _caesium(program: str, picture: Image.Image, budget: int) -> bytes | None:
    """Recompress a JPEG of the highest quality: caesium takes no target when it converts."""
    command = [program, "--quiet", "--max-size", str(budget), "--output", "made", "in.jpg"]
    return _ran(command, picture, given="in.jpg", answer="made/in.jpg")


def _jpegoptim(program: str, picture: Image.Image, budget: int) -> bytes | None:
    """Recompress a JPEG of the highest quality in place; its sizes are whole KiB, here the next one down."""
    command = [program, "--quiet", f"--size={max(1, budget // 1024)}", "--strip-all", "--all-progressive", "in.jpg"]
    return _ran(command, picture, given="in.jpg", answer="in.jpg")


def _cwebp(program: str, picture: Image.Image, budget: int) -> bytes | None:
    command = [program, "-quiet", "-size", str(budget), "-pass", "6", "in.png", "-o", "out.webp"]
    return _ran(command, picture, given="in.png", answer="out.webp")


def _ran(command: Sequence[str], picture: Image.Image, *, given: str, answer: str) -> bytes | None:
    """Run a command in a folder where the picture is the file `given`; return the file `answer`, if it made one."""
    with TemporaryDirectory() as folder:
        picture.save(Path(folder, given), quality=100)
        try:
            done = subprocess.run(  # noqa: S603  (a program of the table above, found on the user's own path)
                command, cwd=folder, capture_output=True, check=False, timeout=_TIMEOUT_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        made = Path(folder, answer)
        return made.read_bytes() or None if done.returncode == 0 and made.is_file() else None


def _pngquant(program: str, path: Path, colours: int) -> bytes | None:
    data = _printed([program, str(colours), "--speed", "3", "--output", "-", "--", str(path.resolve())])
    return data and _packed(data)


def _oxipng(path: Path) -> bytes | None:
    return _packed(path.read_bytes())


def _packed(data: bytes) -> bytes | None:
    """Return a PNG file as oxipng -o4 packs it, without metadata."""
    oxipng = _package("oxipng")
    try:
        return bytes(oxipng.optimize_from_memory(data, level=4, strip=oxipng.StripChunks.all()))
    except oxipng.PngError:
        return None


def _gifsicle(program: str, path: Path, colours: int | None = None) -> bytes | None:
    fewer = [] if colours is None else ["--colors", str(colours)]
    return _printed([program, "-O3", *fewer, str(path.resolve())])


def _printed(command: Sequence[str]) -> bytes | None:
    """Return what a command prints, or None if it fails."""
    try:
        done = subprocess.run(  # noqa: S603  (as below)
            command, capture_output=True, check=False, timeout=_TIMEOUT_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout or None if done.returncode == 0 else None

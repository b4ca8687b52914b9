"""Decodes answers of `bytefit.compress` with decoders other than Pillow, and compares the pixels.

    python -m tests.second_opinion DIR              all images below a folder, in every format
    python -m tests.second_opinion DIR --limit 200  stops at 200 answers of each format
    python -m tests.second_opinion DIR --codec GIF  one format only; may be repeated

A file that only Pillow can read is of no use. The decoders are programs of Debian (see `DECODERS`); a format whose
program is not installed is skipped, and the report says so. Images are scaled down first, so that a run takes minutes.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageChops

import bytefit
from bytefit.sources.reading import read_image

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Bytes a pixel at the middle one of the three budgets that images take in turn.
_BYTES_A_PIXEL = {
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
_SHARES = (0.5, 1.0, 2.0)
_PLUGINS = {"HEIF": "pillow_heif", "JXL": "pillow_jxl"}

# Longer animations are slow to compare frame by frame.
_MOST_FRAMES = 12

_TIMEOUT_SECONDS = 60


class Decoder(NamedTuple):
    """Another decoder of a format.

    Attributes:
        format: Pillow's name of the format.
        program: the program, and the package of Debian that brings it.
        package: see `program`.
        suffix: the suffix of the file to decode; some programs go by it.
        command: the command after the program, with {answer}, {made} and {frame}.
        made: the file that the program writes; empty where it writes to standard output.
        tolerance: by how much a channel may differ: 0 where the format defines every pixel, more where it leaves the
            rounding of transforms and of colour conversions to decoders.
        frames: whether the program can decode any frame of an animation or page of a file.
    """

    format: str
    program: str
    package: str
    suffix: str
    command: tuple[str, ...]
    made: str = ""
    tolerance: int = 0
    frames: bool = False


DECODERS = (
    Decoder("JPEG", "djpeg", "libjpeg-turbo-progs", ".jpg", ("-pnm", "{answer}")),
    Decoder("PNG", "pngtopam", "netpbm", ".png", ("-alphapam", "{answer}")),
    Decoder("GIF", "giftopnm", "netpbm", ".gif", ("-quiet", "-image={frame}", "-alphaout={made}", "{answer}")),
    Decoder("WEBP", "dwebp", "webp", ".webp", ("-quiet", "-nodither", "{answer}", "-pam", "-o", "{made}"), "out.pam"),
    Decoder(
        *("AVIF", "avifdec", "libavif-bin", ".avif", ("--index", "{frame}", "-d", "8", "{answer}", "{made}")),
        *("out.png", 3, True),
    ),
    # Entries of a palette have 16 bits, of which Pillow writes the lower ones as 0; tifftopnm rounds them down.
    Decoder("TIFF", "tifftopnm", "netpbm", ".tif", ("-quiet", "-byrow", "-alphaout={made}", "{answer}"), tolerance=1),
    Decoder(
        *("JPEG2000", "opj_decompress", "libopenjp2-tools", ".jp2", ("-quiet", "-i", "{answer}", "-o", "{made}")),
        *("out.png", 1),
    ),
    Decoder("HEIF", "heif-convert", "libheif-examples", ".heic", ("--quiet", "{answer}", "{made}"), "out.png", 3),
    Decoder("JXL", "djxl", "libjxl-tools", ".jxl", ("{answer}", "{made}", "--num_threads=1"), "out.png", 2),
)

# The decoders of these turn images and convert colours by the metadata; Pillow does so in part.
_WITHOUT_METADATA = {"AVIF", "JPEG2000", "HEIF", "JXL"}

# Pillow's modes that a program's RGBA can be compared with.
_COMPARABLE = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX"}


class NoOpinion(Exception):  # noqa: N818  (it is what happened)
    """A file or a frame that the other decoder is not made for."""


@dataclass(slots=True)
class Opinions:
    """What was found about one format.

    Attributes:
        answers: how many answers of bytefit were decoded.
        frames: how many of their frames were compared.
        largest: the largest difference of a channel that was seen.
        skipped: how many frames were not compared, by reason.
        disagreements: a line for each frame that differs by more than the tolerance, or that was not decoded.
    """

    answers: int = 0
    frames: int = 0
    largest: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    disagreements: list[str] = field(default_factory=list)


def other_decoders(formats: Sequence[str] = ()) -> tuple[list[Decoder], list[str]]:
    """Return the decoders that are installed, for all formats or some, and a line for each that is not."""
    wanted = [decoder for decoder in DECODERS if not formats or decoder.format in formats]
    absent = {}
    for decoder in wanted:
        if which(decoder.program) is None:
            absent[decoder] = f"{decoder.format} skipped: no {decoder.program}; apt-get install {decoder.package}"
        elif find_spec(_PLUGINS.get(decoder.format, "PIL")) is None:
            absent[decoder] = f"{decoder.format} skipped: no {_PLUGINS[decoder.format]}"
    return [decoder for decoder in wanted if decoder not in absent], list(absent.values())


def compare(decoder: Decoder, data: bytes, name: str, found: Opinions) -> None:
    """Decode an answer with Pillow and with another decoder, and note the differences.

    Args:
        decoder: the other decoder.
        data: the answer.
        name: for the lines about disagreements.
        found: what is added to.
    """
    found.answers += 1
    with Image.open(BytesIO(data)) as image, TemporaryDirectory() as folder:
        answer = Path(folder) / f"in{decoder.suffix}"
        answer.write_bytes(data)
        for frame in range(min(getattr(image, "n_frames", 1), _MOST_FRAMES)):
            image.seek(frame)
            image.load()
            try:
                largest, pixels = difference(_comparable(image), decoded_by(decoder, answer, frame))
            except NoOpinion as reason:
                found.skipped[str(reason)] += 1
                continue
            except (subprocess.SubprocessError, OSError, ValueError) as error:
                found.disagreements.append(f"{decoder.format} {name}, frame {frame}: {_reason(error)}")
                continue
            found.frames += 1
            found.largest = max(found.largest, largest)
            if largest > decoder.tolerance:
                found.disagreements.append(
                    f"{decoder.format} {name}, frame {frame}: {pixels} pixels by up to {largest}"
                )


def _comparable(image: Image.Image) -> Image.Image:
    """Return what Pillow shows as RGBA.

    Raises:
        NoOpinion: if RGBA does not hold it as it is.
    """
    if image.mode not in _COMPARABLE:
        raise NoOpinion(f"mode {image.mode}")
    return image.convert("RGBA")


def difference(one: Image.Image, other: Image.Image) -> tuple[int, int]:
    """Return the largest difference of a channel of two RGBA pictures, and how many pixels differ.

    The colours of pixels that are invisible in either do not count; their alphas do.

    Raises:
        ValueError: if the dimensions differ.
    """
    if one.size != other.size:
        raise ValueError(f"{other.size} pixels instead of {one.size}")
    alphas = [each.getchannel("A").point(lambda alpha: 255 * (alpha > 0)) for each in (one, other)]
    visible = ImageChops.darker(*alphas)  # in both; where it is in one only, the alphas differ
    apart = ImageChops.difference(one, other)
    colours = Image.composite(apart.convert("RGB"), Image.new("RGB", one.size), visible)
    apart = Image.merge("RGBA", (*colours.split(), apart.getchannel("A")))
    bands = apart.split()
    largest = bands[0]
    for band in bands[1:]:
        largest = ImageChops.lighter(largest, band)
    return int(largest.getextrema()[1]), one.width * one.height - largest.histogram()[0]


def decoded_by(decoder: Decoder, answer: Path, frame: int = 0) -> Image.Image:
    """Return one frame of a file as another decoder shows it, as RGBA.

    Raises:
        NoOpinion: if the decoder is not made for such a frame.
        subprocess.SubprocessError: if it refuses the file.
        OSError, ValueError: if what it wrote cannot be read.
    """
    folder = answer.parent
    if decoder.format == "GIF" and _has_several_frames(answer):
        answer = _unoptimised(answer)
    elif frame and not decoder.frames:
        raise NoOpinion(f"frames after the first: {decoder.program} does not decode them")
    if decoder.format == "WEBP" and _has_several_frames(answer):
        raise NoOpinion(f"animations: {decoder.program} does not decode them")
    made = folder / (decoder.made or "alpha")
    index = frame + 1 if decoder.format == "GIF" else frame
    words = [word.format(answer=answer, made=made, frame=index) for word in decoder.command]
    try:
        printed = _run(decoder.program, *words)
    except subprocess.CalledProcessError as error:
        if b"We understand only 1" in error.stderr:
            raise NoOpinion("grey with alpha: tifftopnm does not decode it") from None
        raise
    if decoder.made:
        return _read(made.read_bytes())
    picture = _read(printed)
    # tifftopnm writes an alpha of zeros for a file that has none.
    if made.exists() and not (decoder.format == "TIFF" and _is_opaque(answer)):
        picture.putalpha(_read(made.read_bytes()).getchannel("R"))
    return picture


def _run(program: str, *words: str) -> bytes:
    command = [which(program) or program, *words]
    return subprocess.run(command, capture_output=True, check=True, timeout=_TIMEOUT_SECONDS).stdout


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        return f"{Path(error.cmd[0]).name} refuses it: {error.stderr.decode(errors='replace').strip()[-200:]}"
    return f"{type(error).__name__}: {error}"


def _has_several_frames(path: Path) -> bool:
    with Image.open(path) as image:
        return getattr(image, "n_frames", 1) > 1


def _is_opaque(path: Path) -> bool:
    with Image.open(path) as image:
        return not image.has_transparency_data


def _unoptimised(path: Path) -> Path:
    """Return a GIF whose frames are complete pictures, made by gifsicle, which computes what is shown itself.

    Raises:
        NoOpinion: if gifsicle is not installed, or does not do it for such a file.
    """
    complete = path.with_name("complete.gif")
    if not complete.exists():
        if which("gifsicle") is None:
            raise NoOpinion("animations: no gifsicle")
        command = ["gifsicle", "--unoptimize", str(path), "-o", str(complete)]
        done = subprocess.run(command, capture_output=True, check=True, timeout=_TIMEOUT_SECONDS)
        if b"too complex" in done.stderr:
            complete.unlink(missing_ok=True)
            raise NoOpinion("animations too complex for gifsicle (local palettes)")
    return complete


def _read(data: bytes) -> Image.Image:
    """Return a picture in PNM, PAM or PNG as RGBA; these are the simplest that decoders write."""
    if data[:2] != b"P7":
        picture = Image.open(BytesIO(data))
        if picture.mode.startswith("I"):
            raise NoOpinion("more than 8 bits a channel")
        return picture.convert("RGBA")
    header, _, pixels = data.partition(b"ENDHDR\n")
    facts = dict(line.split(None, 1) for line in header.splitlines()[1:] if b" " in line)
    if facts[b"MAXVAL"] == b"1":
        pixels = bytes(value * 255 for value in pixels)
    elif facts[b"MAXVAL"] != b"255":
        raise NoOpinion("more than 8 bits a channel")
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[int(facts[b"DEPTH"])]
    return Image.frombytes(mode, (int(facts[b"WIDTH"]), int(facts[b"HEIGHT"])), pixels).convert("RGBA")


def answers(paths: Sequence[Path], wanted: set[str], *, megapixels: float) -> Iterator[tuple[str, Path, bytes]]:
    """Yield (format, path, answer) for images at three budgets in turn; refused ones are left out.

    The caller may remove formats from `wanted` meanwhile; without any left it ends.
    """
    for place, path in enumerate(paths):
        if not wanted:
            return
        try:
            image, _ = read_image(path)
        except (bytefit.BytefitError, OSError):
            continue
        image = _scaled(image, megapixels)
        pixels = image.width * image.height * (len(image.pictures) if isinstance(image, bytefit.Frames) else 1)
        for name in sorted(wanted):
            budget = int(pixels * _BYTES_A_PIXEL[name] * _SHARES[place % len(_SHARES)]) + 1000
            policy = "strip" if name in _WITHOUT_METADATA else "keep"
            try:
                answer = bytefit.compress(
                    image,
                    budget,
                    format=name,
                    effort="fast",
                    metadata=policy,
                    on_unreachable="smallest",
                    drop_extras=True,
                )
            except bytefit.BytefitError:
                continue
            yield name, path, answer.data


def _scaled(image: Image.Image | bytefit.Frames, megapixels: float) -> Image.Image | bytefit.Frames:
    """Return an image scaled down to some megapixels, and an animation cut to a few frames."""
    share = min(1.0, (megapixels * 1e6 / (image.width * image.height)) ** 0.5)
    size = max(1, round(image.width * share)), max(1, round(image.height * share))
    if isinstance(image, bytefit.Frames):
        few = image._replace(pictures=tuple(image.pictures)[:_MOST_FRAMES], durations=image.durations[:_MOST_FRAMES])
        return few if share == 1 else few.each(lambda picture: picture.resize(size))
    if share == 1 or image.mode.startswith("I;"):
        return image
    small = image.resize(size)
    small.format, small.info = image.format, image.info
    return small


def report(found: dict[str, Opinions], absent: Sequence[str]) -> str:
    """Return a line for each format, each reason to skip and each disagreement."""
    lines = [f"{'format':10}{'answers':>9}{'frames':>8}{'largest':>9}{'disagree':>10}"]
    for name, each in found.items():
        lines.append(f"{name:10}{each.answers:9}{each.frames:8}{each.largest:9}{len(each.disagreements):10}")
    for name, each in found.items():
        lines += [f"{name}: {count} frames not compared: {reason}" for reason, count in each.skipped.items()]
    return "\n".join([*lines, *absent, *(line for each in found.values() for line in each.disagreements)])


def main(argv: Sequence[str] | None = None) -> int:
    """Compare decoders on the images of a folder; return 1 if they disagree."""
    parser = argparse.ArgumentParser(prog="python -m tests.second_opinion", description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder of images")
    parser.add_argument("--limit", type=int, metavar="N", help="stop at this many answers of each format")
    parser.add_argument("--codec", action="append", type=str.upper, metavar="CODEC", help="only this format")
    parser.add_argument(
        "--megapixels", type=float, default=0.15, metavar="M", help="scale down to this (default: 0.15)"
    )
    arguments = parser.parse_args(argv)
    decoders, absent = other_decoders(arguments.codec or ())
    found = {decoder.format: Opinions() for decoder in decoders}
    by_format = {decoder.format: decoder for decoder in decoders}
    paths = sorted(
        (path for path in arguments.folder.rglob("*") if path.is_file()),
        key=lambda path: sha256(path.name.encode()).digest(),
    )
    wanted = set(by_format)
    with suppress(KeyboardInterrupt):  # the report shows what there is
        for name, path, data in answers(paths, wanted, megapixels=arguments.megapixels):
            compare(by_format[name], data, path.name, found[name])
            if found[name].answers == arguments.limit:
                wanted.remove(name)
    print(report(found, absent))
    return int(any(each.disagreements for each in found.values()))


if __name__ == "__main__":
    sys.exit(main())

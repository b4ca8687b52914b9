"""What every answer promises, checked with Pillow alone: it fits, it can be decoded, and nothing was lost unasked."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from PIL import Image

from bytefit.codecs import container_of
from bytefit.formats import named
from bytefit.sizes import parse_size

from .files import MARK

if TYPE_CHECKING:
    from collections.abc import Mapping

# A picture with more pixels is not decoded a second time for a comparison.
_MOST_PIXELS = 4_000_000

_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class BrokenPromise(Exception):  # noqa: N818  (it is what happened)
    """An answer that is not what was asked for."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What Pillow shows of a file.

    Attributes:
        format: Pillow's name of the format, that of an alias as its main one.
        size: width and height as a viewer shows it, with the EXIF orientation applied.
        frames: how many frames or pages there are; 1 where further images are neither.
        pixels: the pixels of each frame as RGBA, likewise upright, invisible ones blanked.
        deep: whether a channel has more than 8 bits, so that `pixels` are not exact.
        clearest: the lowest alpha of all pixels.
        turned: whether the EXIF orientation was applied.
    """

    format: str
    size: tuple[int, int]
    frames: int
    pixels: tuple[bytes, ...]
    deep: bool
    clearest: int
    turned: bool


def shown(data: bytes) -> Shown | None:
    """Return what Pillow shows of a file, None where it cannot be decoded whole or is too large to be compared."""
    try:
        with Image.open(BytesIO(_readable(data))) as image:
            several = not named(image.format or "").first_image_only
            frames = getattr(image, "n_frames", 1) if several else 1
            if image.width * image.height * frames > _MOST_PIXELS:
                return None
            name, deep = named(image.format or "").name, image.mode.startswith(("I", "F", "LAB"))
            stated = _orientation(image)  # Pillow turns a TIFF by itself when it loads it
            image.load()
            # Viewers of JPEG XL ignore the orientation of EXIF.
            turn = None if name == "JXL" else _TURNS.get(_orientation(image))
            pixels, clearest, size = [], 255, (0, 0)
            for frame in range(frames):
                if frame:
                    image.seek(frame)
                    image.load()
                picture = image if turn is None else image.transpose(turn)
                size = size if frame else picture.size
                alpha, visible = _rgba(picture)
                clearest = clearest if deep else min(clearest, alpha)
                pixels.append(visible)
            return Shown(name, size, frames, tuple(pixels), deep, clearest, stated in _TURNS)
    except Exception:  # noqa: BLE001  (damaged files make Pillow raise almost anything)
        return None


def _readable(data: bytes) -> bytes:
    """Return a file without texts so long that Pillow refuses to open it: they are kept, and are no pixels."""
    return container_of("PNG").readable(data) if data.startswith(b"\x89PNG") else data


def _rgba(image: Image.Image) -> tuple[int, bytes]:
    """Return the lowest alpha of a picture and its visible pixels."""
    rgba = image.convert("RGBA")
    alpha = rgba.getchannel("A")
    rgba.paste((0, 0, 0, 0), mask=alpha.point(lambda value: 255 * (value == 0)))
    return int(alpha.getextrema()[0]), rgba.tobytes()


def _orientation(image: Image.Image) -> object:
    try:
        return image.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001  (broken EXIF makes Pillow raise almost anything)
        return 1


def check(data: bytes, budget: int, options: Mapping[str, Any], source: Shown | None, *, marked: bool) -> None:
    """Check an answer that is said to fit against what was asked for.

    Args:
        data: the answer.
        budget: its budget.
        options: the options of the order.
        source: what the source shows, None where that is not known.
        marked: whether all metadata of the source contain `MARK`.

    Raises:
        BrokenPromise: naming the promise.
    """
    size = _counted(data, str(options.get("encoding", "binary")))
    if size > budget:
        raise BrokenPromise(f"{size} bytes of {budget}")
    if options.get("min_size") and size < parse_size(options["min_size"]):
        raise BrokenPromise(f"{size} bytes, at least {options['min_size']} were asked for")
    if options.get("exact") and size != budget and options.get("on_unreachable") != "smallest":
        raise BrokenPromise(f"not exact: {size} bytes of {budget}")
    check_pixels(data, options, source)
    if options.get("metadata") == "strip" and marked and MARK in data and not _sets_metadata(options):
        raise BrokenPromise("metadata was to be stripped, and is there")


def _counted(data: bytes, encoding: str) -> int:
    """Return the size of an answer as it was to be counted."""
    if encoding == "binary":
        return len(data)
    prefix = ""
    if encoding == "data-uri":
        with Image.open(BytesIO(_readable(data))) as image:
            prefix = f"data:{Image.MIME[image.format or '']};base64,"
    return len(prefix) + len(b64encode(data))


def check_pixels(data: bytes, options: Mapping[str, Any], source: Shown | None) -> None:
    """Check that an answer can be decoded, and shows what the source shows.

    Raises:
        BrokenPromise: naming the promise.
    """
    answer = shown(data)
    if answer is None:
        with Image.open(BytesIO(_readable(data))) as image:  # raises where it is broken: the reason is reported
            image.load()
        if source is None:
            return
        raise BrokenPromise("the answer cannot be decoded whole")
    if source is None or "exif" in options:  # which may have another orientation
        return
    if options.get("box") is None:
        _check_size(answer, source, options)
    else:
        _check_box(answer, options)
    if answer.frames != source.frames and not (options.get("allow_frame_drop") and answer.frames < source.frames):
        raise BrokenPromise(f"{answer.frames} frames of {source.frames}")
    if options.get("box") is None:  # else what is left of the pixels is another picture
        _check_same_picture(answer, source, options)


def _check_same_picture(answer: Shown, source: Shown, options: Mapping[str, Any]) -> None:
    kept = options.get("background") is None and not options.get("resize")
    if source.clearest < 128 and answer.clearest == 255 and kept:
        raise BrokenPromise("transparency was lost")
    if source.clearest == 255 > answer.clearest:
        raise BrokenPromise("transparency was added")
    alike = (answer.size, answer.frames) == (source.size, source.frames)
    if options.get("lossless") and alike and not (source.deep or answer.deep):
        pairs = zip(answer.pixels, source.pixels, strict=True)
        differing = [place for place, (one, other) in enumerate(pairs) if one != other]
        if differing:
            raise BrokenPromise(f"lossless, and the frames {differing} differ")


def _check_box(answer: Shown, options: Mapping[str, Any]) -> None:
    box, fit = options["box"], options.get("fit", "cover")
    wanted = [side or None for side in (box.split("x") if isinstance(box, str) and "x" in box else box)]
    if fit == "inside" or ":" in wanted:
        return
    for side, asked in zip(answer.size, wanted, strict=True):
        if asked is not None and side != int(asked):
            raise BrokenPromise(f"{answer.size} pixels instead of the box {box}")


def _check_size(answer: Shown, source: Shown, options: Mapping[str, Any]) -> None:
    if not options.get("resize"):
        if answer.size != source.size:
            raise BrokenPromise(f"{answer.size} pixels instead of {source.size}")
        return
    if answer.size[0] > source.size[0] or answer.size[1] > source.size[1]:
        raise BrokenPromise(f"{answer.size} pixels, more than {source.size}")
    most = options.get("max_width"), options.get("max_height")
    for side, limit in zip(answer.size, most, strict=True):
        if limit is not None and side > limit and not answer.turned:
            raise BrokenPromise(f"{answer.size} pixels, above {most}")


def _sets_metadata(options: Mapping[str, Any]) -> bool:
    return bool({"exif", "xmp", "icc_profile", "comment"} & set(options))

"""The pictures of a page. bytefit itself fits them to their share of the page, and an album never takes more.

A picture that is small enough, in a format that browsers show, is the file itself. Otherwise both versions are reduced
to the same dimensions and encoded alike, so that a comparison shows the files and not the page.
"""

from __future__ import annotations

import os
from base64 import b64encode
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from bytefit import formats
from bytefit.errors import BytefitError
from bytefit.pictures.frames import DECODING_ERRORS, Frames

if TYPE_CHECKING:
    from PIL import Image

Pixels = tuple[int, int]

# The most bytes of a page that is one file, and what its texts take: in all, and for each image.
PAGE_SIZE = 10_000_000
_TEXT, _TEXT_OF_IMAGE = 600_000, 1_100

# In a page, four characters stand for three bytes of a picture.
_BASE64 = 4 / 3

# Fewer bytes do not let anybody judge a picture; more do not show more. Where a page has no room for this many, only
# the worst images get them, and the others have thumbnails.
_ENOUGH, _PLENTY = 12_000, 250_000
_THUMBNAIL = 300

# The most bytes of a picture stored outside the page.
_FILE_SIZE = 500_000

# The bits a pixel that a reduced picture gets, so that its own losses stay below those that it is to show; and the
# bits that a pixel of an animation gets, most of which repeats the frame before.
_BITS, _BITS_OF_FRAMES = 2.0, 0.4

# The longest side of a reduced picture, in pixels: that of a window.
_LONGEST_SIDE = 1600

# Pillow scales these as they are; others first become colours.
_SCALED_AS_THEY_ARE = frozenset({"L", "LA", "RGB", "RGBA", "CMYK", "YCbCr"})

# Where `Image.info` has the dimensions of a JPEG that was decoded at a part of them.
_STATED = "bytefit-stated"

# The folder of the pictures beside a page.
PICTURES = "pictures"

_TYPES = {"JPEG": "jpeg", "PNG": "png", "GIF": "gif", "WEBP": "webp", "AVIF": "avif"}


class Picture(NamedTuple):
    """A picture that a browser shows.

    Attributes:
        data: its file; its name below the folder of the page, if it is a file there.
        kind: its type, as in "image/jpeg" without "image/".
        width, height: the dimensions of the image it stands for, in pixels.
        still: its first frame as a WebP, for people who asked for less motion, like `data`; None if it does not move.
        reduced: how it was reduced for the page, in words; empty if it is the file itself.
    """

    data: bytes | str
    kind: str
    width: int
    height: int
    still: bytes | str | None = None
    reduced: str = ""

    @property
    def address(self) -> str:
        """The address of its file."""
        return _address(self.data, self.kind)

    @property
    def still_address(self) -> str | None:
        """The address of its first frame."""
        return None if self.still is None else _address(self.still, "webp")


def _address(data: bytes | str, kind: str) -> str:
    return data if isinstance(data, str) else f"data:image/{kind};base64,{b64encode(data).decode()}"


class Pair(NamedTuple):
    """An image before and after; None for the one that is missing or cannot be shown."""

    before: Picture | None
    after: Picture | None


class Album:
    """Makes the pictures of a page, each within its share."""

    def __init__(self, count: int, folder: str | None = None) -> None:
        """Take the number of images, and the folder of the page if the pictures become files there."""
        self._folder = folder
        room = (PAGE_SIZE - _TEXT - count * _TEXT_OF_IMAGE) / _BASE64
        equal = room / max(1, 2 * count)
        self._share = self._rest = _FILE_SIZE if folder is not None else int(min(_PLENTY, equal))
        self._large = count
        if self._share < _ENOUGH:
            self._rest = max(_THUMBNAIL, int(equal / 2))
            self._large = max(0, int((room / 2 - self._rest * count) / (_ENOUGH - self._rest)))
            self._share = _ENOUGH

    def pair(self, name: str, rank: int, before: bytes | None, after: bytes | None) -> Pair | None:
        """Return the pictures of an image; None if neither can be shown.

        Args:
            name: the name of the image.
            rank: its place among the images of the page, from 0 for the worst.
            before: the bytes of its file before; None if there was none.
            after: those after, likewise.
        """
        share = self._share if rank < self._large else self._rest
        given = [data for data in (before, after) if data is not None]
        own = all(len(data) <= share and _kind_of(data) for data in given)
        make = _itself if own else _reduced
        pixels = None
        pictures: list[Picture | None] = []
        for data, which in ((before, "before"), (after, "after")):
            picture = None if data is None else make(data, share, pixels)
            if picture is not None:
                pixels = picture.width, picture.height
                picture = self._kept(picture, f"{sha256(os.fsencode(name)).hexdigest()[:16]}-{which}")
            pictures.append(picture)
        return Pair(*pictures) if any(pictures) else None

    def _kept(self, picture: Picture, stem: str) -> Picture:
        """Return a picture whose file is in the folder of the page, if it has one."""
        if self._folder is None:
            return picture
        data, still = f"{PICTURES}/{stem}.{picture.kind}", f"{PICTURES}/{stem}-still.webp"
        self._write(data, picture.data)
        if picture.still is None:
            return picture._replace(data=data)
        self._write(still, picture.still)
        return picture._replace(data=data, still=still)

    def _write(self, name: str, data: bytes | str) -> None:
        from bytefit.files.atomic import write_atomically

        path = os.path.join(self._folder or "", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write_atomically(path, data if isinstance(data, bytes) else data.encode(), durable=False)


def _kind_of(data: bytes) -> str | None:
    """Return the type of a file that browsers show; None of others."""
    found = formats.sniff(data[:32])
    return None if found is None else _TYPES.get(formats.named(found).name)


def _itself(data: bytes, share: int, _pixels: Pixels | None) -> Picture | None:
    """Return a file as the picture of itself."""
    picture = _decoded(data)
    if picture is None:
        return None
    kind, size = _kind_of(data) or "", picture.size
    if not isinstance(picture, Frames):
        return Picture(data, kind, size[0], size[1])
    still = _encoded(_plain(picture.first, _within(size, share)), share // 4)
    return None if still is None else Picture(data, kind, size[0], size[1], still)


def _reduced(data: bytes, share: int, pixels: Pixels | None) -> Picture | None:
    """Encode a picture again within its share, at the dimensions for `pixels` if given, and return it."""
    source = _decoded(data, share * 8 / _BITS)
    if source is None:
        return None
    stated: Pixels = source.info.get(_STATED, source.size)
    shown = pixels or stated
    size = _within(shown, share * 8 / _BITS)
    which = ""
    if isinstance(source, Frames):
        moving = _animation(source, share, shown) if source.animated else None
        if moving is not None:
            return moving._replace(width=stated[0], height=stated[1])
        which = f"{'frame' if source.animated else 'page'} 1 of {len(source.pictures)}, "
    made = _encoded(_plain(source.first if isinstance(source, Frames) else source, size), share)
    if made is None:
        return None
    how = "encoded for this page" if size == shown else f"shown at {size[0]}x{size[1]}"
    return Picture(made, "webp", stated[0], stated[1], reduced=f"{which}{how}")


def _animation(source: Frames, share: int, pixels: Pixels) -> Picture | None:
    """Encode an animation again and return it; None if it does not fit."""
    size = _within(pixels, share * 0.75 * 8 / _BITS_OF_FRAMES / len(source.pictures))
    still = _encoded(_plain(source.first, size), share // 4)
    with suppress(BytefitError, *DECODING_ERRORS):
        frames = source.each(lambda frame: _plain(frame, size))._replace(info={}).decoded()
        moving = _encoded(frames, share - share // 4)
        if moving is not None and still is not None:
            return Picture(moving, "webp", pixels[0], pixels[1], still, reduced=f"shown at {size[0]}x{size[1]}")
    return None


def _decoded(data: bytes, pixels: float | None = None) -> Image.Image | Frames | None:
    """Return the image in a file, upright; None if it cannot be shown.

    Args:
        data: the file.
        pixels: how many are enough: a JPEG is decoded at a half, a quarter or an eighth of its dimensions, which then
            are in its `info`.
    """
    from bytefit.pictures.opening import TooManyPixels, open_image
    from bytefit.sources.metadata import upright
    from bytefit.sources.reading import decode

    with suppress(BytefitError, TooManyPixels, *DECODING_ERRORS):
        if pixels is None or _kind_of(data) != "jpeg":
            return upright(decode(data, "the image", as_shown=True))
        picture = open_image(data)
        whole = picture.size
        picture.draft(None, _within(whole, pixels))
        small = upright(picture)
        turned = (small.width > small.height) != (whole[0] > whole[1]) and small.size[::-1] == picture.size
        small.info[_STATED] = whole[::-1] if turned else whole
        small.load()
        return small
    return None


def _plain(picture: Image.Image, size: Pixels) -> Image.Image:
    """Return a picture as browsers show it, at some dimensions: eight bits of sRGB and its transparency, no more."""
    from PIL import Image

    from bytefit.pictures.srgb import SrgbConversion

    transparent, profile = picture.has_transparency_data, picture.info.get("icc_profile", b"")
    if picture.mode in _SCALED_AS_THEY_ARE and picture.size != size:
        picture = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    plain = _eight_bits(picture)
    with suppress(BytefitError):  # a damaged profile is what browsers ignore, too
        plain = SrgbConversion().convert(plain, profile)
    plain = (plain.convert("LA") if plain.mode == "La" else plain).convert("RGBA" if transparent else "RGB")
    if plain.size != size:
        plain = plain.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    plain.info.clear()
    return plain


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Return a picture of 16 or 32 bits a sample as grey of 8 bits, from its darkest to its lightest sample."""
    if not picture.mode.startswith(("I", "F")):
        return picture
    # Big-endian samples are clipped at 255 unless they become 32 bits wide first.
    wide = (picture.convert("I") if picture.mode.startswith("I") else picture).convert("F")
    extrema: Any = (0, 65_535) if picture.mode.startswith("I;16") else wide.getextrema()
    low, high = extrema
    factor = 255 / ((high - low) or 1)
    return wide.point(lambda sample: sample * factor - low * factor).convert("L")


def _encoded(picture: Image.Image | Frames, share: int) -> bytes | None:
    """Return a WebP of at most `share` bytes; None if bytefit finds none."""
    from bytefit.fitting.compress import compress

    several = isinstance(picture, Frames)
    pixels = picture.width * picture.height * (len(picture.pictures) if isinstance(picture, Frames) else 1)
    # More than this for a pixel would show nothing more.
    budget = min(share, max(_THUMBNAIL * 4, int(pixels * _BITS / 4)))
    for resize in (False, True):
        with suppress(BytefitError, *DECODING_ERRORS):
            return compress(
                picture,
                budget,
                format="WEBP",
                slack=0.3,
                effort="fast",
                resize=resize,
                metadata="strip",
                allow_frame_drop=several,
            ).data
    return None


def _within(whole: Pixels, pixels: float) -> Pixels:
    """Return dimensions of the same shape with at most so many pixels, and no side longer than `_LONGEST_SIDE`."""
    width, height = whole
    scale = min(1.0, (max(1.0, pixels) / (width * height)) ** 0.5, _LONGEST_SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))

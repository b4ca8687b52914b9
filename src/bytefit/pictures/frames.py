"""The frames of an animation with their durations, or the pages of a document.

This module knows neither codecs nor files. `Frames` has the attributes and methods of `PIL.Image.Image` that the rest
of bytefit uses, so that most code handles an animation like a single image.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from bytefit.errors import ConfigError, UnsupportedImage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PIL import Image

# The errors that Pillow is known to raise on missing or truncated frames.
_CANNOT_SEEK = (OSError, SyntaxError, EOFError, ValueError)

# Frames are kept decoded up to this many bytes in total. Larger animations are decoded one frame at a time, and
# animations of more than twenty times this size are refused.
MOST_BYTES = 1_000_000_000
_MOST_TIMES = 20

# The errors that decoders are known to raise on corrupt files.
DECODING_ERRORS = (
    *(OSError, SyntaxError, ValueError, EOFError, OverflowError, IndexError, KeyError, TypeError),
    *(AttributeError, AssertionError, MemoryError, RuntimeError, ZeroDivisionError, struct.error, zlib.error),
)


class Frames(NamedTuple):
    """The pictures of one file, in order; at least one.

    Attributes:
        pictures: complete pictures: each frame includes the parts that it leaves unchanged. The frames of an
            animation share one size and one mode; pages may differ.
        durations: how long each frame is shown, in milliseconds; empty for pages.
        loop: how often the animation plays, 0 without end; None if the format cannot store it.
        format: Pillow's name of the file's format, or None.
        info: the metadata of the file: Pillow's `info` of the first picture.
        transparent: whether any picture has transparency; None if unknown.
    """

    pictures: Sequence[Image.Image]
    durations: tuple[float, ...] = ()
    loop: int | None = None
    format: str | None = None
    info: Mapping[Any, Any] = {}
    transparent: bool | None = None

    # A picture equals itself only: what two of them show takes decoding.
    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def tobytes(self) -> bytes:
        """Return the pixels of every picture."""
        return b"".join(picture.tobytes() for picture in self.pictures)

    @property
    def first(self) -> Image.Image:
        """The first picture."""
        return self.pictures[0]

    @property
    def typical(self) -> Image.Image:
        """A picture that shows something: the first one, or the middle one if the first is of a single colour."""
        empty = all(low == high for low, high in _extrema_of(self.first))
        return self.pictures[len(self.pictures) // 2] if empty else self.first

    @property
    def animated(self) -> bool:
        """Whether these are the frames of an animation rather than pages."""
        return bool(self.durations)

    @property
    def mode(self) -> str:
        """The mode of the first picture."""
        return self.first.mode

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the first picture, in pixels."""
        return self.first.size

    @property
    def width(self) -> int:
        """Width of the first picture, in pixels."""
        return self.first.width

    @property
    def height(self) -> int:
        """Height of the first picture, in pixels."""
        return self.first.height

    @property
    def has_transparency_data(self) -> bool:
        """Whether any picture has transparency."""
        if self.transparent is not None:
            return self.transparent
        return any(picture.has_transparency_data for picture in self.pictures)

    def getexif(self) -> Image.Exif:
        """Return the EXIF data of the first picture."""
        return self.first.getexif()

    def each(self, change: Callable[[Image.Image], Image.Image]) -> Frames:
        """Return these frames with `change` applied to every picture."""
        if isinstance(self.pictures, _LazyPictures):
            return self._replace(pictures=self.pictures.changed(change))
        return self._replace(pictures=tuple(change(picture) for picture in self.pictures))

    def decoded(self) -> Frames:
        """Return these frames with every picture decoded, for encoders that need all of them at once.

        Raises:
            UnsupportedImage: if they take more than `MOST_BYTES`.
        """
        if not isinstance(self.pictures, _LazyPictures):
            return self
        raise UnsupportedImage(
            f"{len(self.pictures)} frames of {self.width}x{self.height} pixels need more than "
            f"{MOST_BYTES // 1_000_000} MB when decoded, and only GIF is written frame by frame: "
            f"cut the animation, or scale it down, first"
        )

    def with_times(self, duration: float | Sequence[float] | None, loop: int | None) -> Frames:
        """Return the same frames with other durations and another loop count; None keeps the present ones.

        `duration` is one value for all frames, or a sequence with one value for each.

        Raises:
            ConfigError: if there are more or fewer durations than frames.
        """
        times = self.durations
        if duration is not None:
            times = (duration,) * len(self.pictures) if isinstance(duration, int | float) else tuple(duration)
        if len(times) != len(self.pictures):
            raise ConfigError(f"{len(times)} durations do not fit {len(self.pictures)} frames: give one for each")
        return self._replace(durations=times, loop=self.loop if loop is None else loop)

    def without_every_second_frame(self) -> Frames:
        """Return the first, third, fifth ... frame, each shown for its own duration plus that of the dropped frame.

        A first picture that is no part of the animation stays.
        """
        cover = bool(self.info.get("default_image"))
        times = [sum(self.durations[place : place + 2]) for place in range(cover, len(self.durations), 2)]
        return self._replace(
            pictures=(*self.pictures[:cover], *self.pictures[cover::2]),
            durations=(*self.durations[:cover], *times),
        )

    def excerpt(self, places: range) -> Frames:
        """Return the frames at `places`."""
        return self._replace(
            pictures=tuple(self.pictures[place] for place in places),
            durations=tuple(self.durations[place] for place in places if self.durations),
        )

    def transpose(self, method: Image.Transpose) -> Frames:
        """Return these frames rotated or mirrored; see `PIL.Image.Image.transpose`."""
        return self.each(lambda picture: picture.transpose(method))

    def resize(
        self, size: tuple[int, int], resample: int | None = None, *, reducing_gap: float | None = None
    ) -> Frames:
        """Return these frames scaled to `size` pixels; see `PIL.Image.Image.resize`."""
        return self.each(lambda picture: picture.resize(size, resample, reducing_gap=reducing_gap))


def _extrema_of(picture: Image.Image) -> Sequence[tuple[float, float]]:
    """Return the lowest and the highest value of every channel."""
    if len(picture.getbands()) == 1:  # Pillow takes channels of 8 bits only, and finds no extremes in I;16B
        alone = picture.convert("I") if picture.mode.startswith("I;16") else picture
        return [alone.getextrema()]  # type: ignore[list-item]
    return [picture.getchannel(band).getextrema() for band in picture.getbands()]  # type: ignore[misc]


def frames_of(image: Image.Image, most_bytes: int = MOST_BYTES) -> Frames:
    """Return every picture of an opened file. The file returns to the frame it was at.

    Frames that take more than `most_bytes` when decoded are decoded one by one, as they are asked for.

    Raises:
        UnsupportedImage: if they would take more than twenty times that.
    """
    count = getattr(image, "n_frames", 1)
    needed = count * image.width * image.height * 4
    if needed > _MOST_TIMES * most_bytes:
        raise UnsupportedImage(
            f"{count} frames of {image.width}x{image.height} pixels are {needed // 1_000_000} MB when decoded: "
            f"{_MOST_TIMES * most_bytes // 1_000_000} MB is the limit; cut the animation, or scale it down, first"
        )
    position = image.tell()
    try:
        return _read(image, count, lazy=needed > most_bytes)
    finally:
        _seek(image, position)


def _read(image: Image.Image, count: int, *, lazy: bool) -> Frames:
    """Return all frames; with `lazy` their pictures are decoded on demand."""
    pages = image.format in {"TIFF", "MPO"}
    _seek(image, 0)
    info = dict(image.info)
    pictures, durations, modes = [], [], set()
    transparent = False
    for place in range(count):
        image.seek(place)
        image.load()
        modes.add(image.mode)
        transparent = transparent or image.has_transparency_data
        durations.append(image.info.get("duration", 0))
        if not lazy:
            pictures.append(image.copy())
    mode = None if pages else _common_mode(modes, transparent=transparent)
    frames = Frames(
        pictures=_LazyPictures(image, count) if lazy else tuple(pictures),
        durations=() if pages else tuple(durations),
        loop=_play_count(image.format, info.get("loop")),
        format=image.format,
        info=info,
        transparent=transparent,
    )
    return frames if mode is None else frames.each(lambda picture: picture.convert(mode))


def _seek(image: Image.Image, place: int) -> None:
    """Seek a picture of an opened file. Pillow 13 rewinds an animated PNG from its last frame only."""
    if image.format == "PNG" and place < image.tell():
        with suppress(*_CANNOT_SEEK):
            image.seek(getattr(image, "n_frames", 1) - 1)
    image.seek(place)


class _LazyPictures(Sequence["Image.Image"]):
    """Pictures of an opened file, decoded on demand; reading them in order is fastest. The file must stay open."""

    def __init__(
        self, image: Image.Image, count: int, changes: tuple[Callable[[Image.Image], Image.Image], ...] = ()
    ) -> None:
        self._image = image
        self._count = count
        self._changes = changes

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> Image.Image: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Image.Image]: ...
    def __getitem__(self, place: int | slice) -> Image.Image | Sequence[Image.Image]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(self._count))]
        if not -self._count <= place < self._count:
            raise IndexError(place)
        _seek(self._image, place % self._count)
        picture = self._image.copy()
        for change in self._changes:
            picture = change(picture)
        return picture

    def changed(self, change: Callable[[Image.Image], Image.Image]) -> _LazyPictures:
        """Return the same pictures with one more change, applied after decoding."""
        return _LazyPictures(self._image, self._count, (*self._changes, change))


def join_images(images: Sequence[Image.Image]) -> Frames:
    """Return all frames of several images as one animation.

    Raises:
        UnsupportedImage: if they differ in size.
    """
    parts = [frames_of(image) for image in images]
    pictures = [picture for part in parts for picture in part.pictures]
    if sizes := {picture.size for picture in pictures} - {images[0].size}:
        raise UnsupportedImage(
            f"cannot join a frame of {min(sizes)} pixels with one of {images[0].size} pixels: scale them first"
        )
    return Frames(
        pictures=tuple(_in_common_mode(pictures)),
        durations=tuple(time for part in parts for time in part.durations or (0,) * len(part.pictures)),
        loop=parts[0].loop,
        format=parts[0].format,
        info=parts[0].info,
    )


def _play_count(name: str | None, stated: int | None) -> int | None:
    """Return how often an animation plays, given the number in its file: GIF counts the repetitions."""
    if name != "GIF":
        return stated
    return 1 if stated is None else stated and stated + 1


def _in_common_mode(pictures: list[Image.Image]) -> list[Image.Image]:
    """Return the frames in one mode that holds all of them losslessly."""
    transparent = any(picture.has_transparency_data for picture in pictures)
    mode = _common_mode({picture.mode for picture in pictures}, transparent=transparent)
    return pictures if mode is None else [picture.convert(mode) for picture in pictures]


def _common_mode(modes: set[str], *, transparent: bool) -> str | None:
    """Return a mode that holds frames of all `modes` losslessly; None if they already share one."""
    if len(modes) == 1 and modes <= {"1", "L", "LA", "RGB", "RGBA", "I;16"}:
        return None
    return "RGBA" if transparent else "RGB"

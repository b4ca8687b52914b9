"""Several pictures of one file: the frames of an animation, with their times, or the pages of a document.

It knows pictures only: no codecs, no files. `Frames` answers to what the rest of bytefit asks of a single picture.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, overload

from bytefit.errors import ConfigError, UnsupportedImage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PIL import Image

# What Pillow is known to raise on frames that are not there or not whole.
_CANNOT_SEEK = (OSError, SyntaxError, EOFError, ValueError)

# The coarsest clock of a format, GIF's, in milliseconds.
_TICK = 10

# So many bytes of frames are held decoded at the most; of more only one at a time, and of many more none.
MOST_BYTES = 1_000_000_000
_MOST_DECODED = 20 * MOST_BYTES

# What decoders of every format are known to raise on files that lie about themselves.
DECODING_ERRORS = (
    *(OSError, SyntaxError, ValueError, EOFError, OverflowError, IndexError, KeyError, TypeError),
    *(AttributeError, AssertionError, MemoryError, RuntimeError, struct.error, zlib.error),
)


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """The pictures of one file, in order; at least one.

    Attributes:
        pictures: each a whole picture as it is seen, what stood before it included. The frames of an animation share
            one size and one mode; pages need not.
        durations: how long each frame is shown, in milliseconds; empty for pages.
        loop: how often the animation is shown, 0 for ever; None where the format cannot say.
        format: Pillow's name of the format they came in, or None.
        info: the metadata of the file, as Pillow tells it of its first picture.
        transparent: whether any picture holds transparency, where that is known; else None.
    """

    pictures: Sequence[Image.Image]
    durations: tuple[float, ...] = ()
    loop: int | None = None
    format: str | None = None
    info: Mapping[Any, Any] = field(default_factory=dict)
    transparent: bool | None = None

    def tobytes(self) -> bytes:
        """Return the pixels of every picture."""
        return b"".join(picture.tobytes() for picture in self.pictures)

    @property
    def first(self) -> Image.Image:
        """The first picture."""
        return self.pictures[0]

    @property
    def animated(self) -> bool:
        """Whether they are shown one after the other, and not pages."""
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
        """Whether any picture holds transparency."""
        if self.transparent is not None:
            return self.transparent
        return any(picture.has_transparency_data for picture in self.pictures)

    def getexif(self) -> Image.Exif:
        """Return the EXIF data of the first picture."""
        return self.first.getexif()

    def each(self, change: Callable[[Image.Image], Image.Image]) -> Frames:
        """Return the same with every picture changed."""
        if isinstance(self.pictures, _Later):
            return replace(self, pictures=self.pictures.changed(change))
        return replace(self, pictures=tuple(change(picture) for picture in self.pictures))

    def held(self) -> Frames:
        """Return the same with every picture decoded, for encoders that take all of them at once.

        Raises:
            UnsupportedImage: if that takes more than `MOST_BYTES`.
        """
        if not isinstance(self.pictures, _Later):
            return self
        raise UnsupportedImage(
            f"{len(self.pictures)} frames of {self.width}x{self.height} pixels need more than "
            f"{MOST_BYTES // 1_000_000} MB when decoded, and only GIF is written frame by frame: "
            f"cut the animation, or scale it down, first"
        )

    def timed(self, duration: float | Sequence[float] | None, loop: int | None) -> Frames:
        """Return the same frames with other times: one duration for all, or one each; None leaves them as they are.

        Raises:
            ConfigError: if there are more or fewer durations than frames.
        """
        times = self.durations
        if duration is not None:
            times = (duration,) * len(self.pictures) if isinstance(duration, int | float) else tuple(duration)
        if len(times) != len(self.pictures):
            raise ConfigError(f"{len(times)} durations do not fit {len(self.pictures)} frames: give one for each")
        return replace(self, durations=times, loop=self.loop if loop is None else loop)

    def halved(self) -> Frames:
        """Return the same without every second frame, each that is left shown for the time of both."""
        times = [sum(self.durations[place : place + 2]) for place in range(0, len(self.durations), 2)]
        return replace(self, pictures=tuple(self.pictures[::2]), durations=tuple(times))

    def excerpt(self, places: range) -> Frames:
        """Return the frames at those places."""
        return replace(
            self,
            pictures=tuple(self.pictures[place] for place in places),
            durations=tuple(self.durations[place] for place in places if self.durations),
        )

    def transpose(self, method: Image.Transpose) -> Frames:
        """Return the same, each picture turned or mirrored; see `PIL.Image.Image.transpose`."""
        return self.each(lambda picture: picture.transpose(method))

    def resize(
        self, size: tuple[int, int], resample: int | None = None, *, reducing_gap: float | None = None
    ) -> Frames:
        """Return the same, each picture at `size` pixels; see `PIL.Image.Image.resize`."""
        return self.each(lambda picture: picture.resize(size, resample, reducing_gap=reducing_gap))


def frames_of(image: Image.Image) -> Frames:
    """Return every picture of an opened file, which is left at the picture it stood at.

    Raises:
        UnsupportedImage: if they are more than can be decoded in reasonable time.
    """
    count = getattr(image, "n_frames", 1)
    needed = count * image.width * image.height * 4
    if needed > _MOST_DECODED:
        raise UnsupportedImage(
            f"{count} frames of {image.width}x{image.height} pixels are {needed // 1_000_000} MB when decoded: "
            f"{_MOST_DECODED // 1_000_000} MB is the limit; cut the animation, or scale it down, first"
        )
    stood = image.tell()
    try:
        return _read(image, count, later=needed > MOST_BYTES)
    finally:
        _go_to(image, stood)


def _read(image: Image.Image, count: int, *, later: bool) -> Frames:
    """Return all frames, or with `later` what they are and how to get them."""
    pages = image.format in {"TIFF", "MPO"}
    _go_to(image, 0)
    info = dict(image.info)
    pictures, durations, modes = [], [], set()
    transparent = False
    for place in range(count):
        image.seek(place)
        image.load()
        modes.add(image.mode)
        transparent = transparent or image.has_transparency_data
        durations.append(image.info.get("duration", 0))
        if not later:
            pictures.append(image.copy())
    mode = None if pages else _common_mode(modes, transparent=transparent)
    frames = Frames(
        pictures=_Later(image, count) if later else tuple(pictures),
        durations=() if pages else tuple(durations),
        loop=_times_shown(image.format, info.get("loop")),
        format=image.format,
        info=info,
        transparent=transparent,
    )
    return frames if mode is None else frames.each(lambda picture: picture.convert(mode))


def _go_to(image: Image.Image, place: int) -> None:
    """Seek a picture of an opened file. In an animated PNG Pillow 13 finds the way back from the last frame only."""
    if image.format == "PNG" and place < image.tell():
        with suppress(*_CANNOT_SEEK):
            image.seek(getattr(image, "n_frames", 1) - 1)
    image.seek(place)


class _Later(Sequence["Image.Image"]):
    """Pictures of an opened file that are decoded as they are asked for, best in order; the file stays as it stood."""

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
        _go_to(self._image, place % self._count)
        picture = self._image.copy()
        for change in self._changes:
            picture = change(picture)
        return picture

    def changed(self, change: Callable[[Image.Image], Image.Image]) -> _Later:
        """Return the same, each changed besides."""
        return _Later(self._image, self._count, (*self._changes, change))


def joined(images: Sequence[Image.Image]) -> Frames:
    """Return the pictures of several images, and of every frame they have, as one animation.

    Raises:
        UnsupportedImage: if they differ in size.
    """
    parts = [frames_of(image) for image in images]
    pictures = [picture for part in parts for picture in part.pictures]
    if sizes := {picture.size for picture in pictures} - {images[0].size}:
        raise UnsupportedImage(f"frames of {min(sizes)} pixels do not go with one of {images[0].size}")
    return Frames(
        pictures=tuple(_alike(pictures)),
        durations=tuple(time for part in parts for time in part.durations or (0,) * len(part.pictures)),
        loop=parts[0].loop,
        format=parts[0].format,
        info=parts[0].info,
    )


def _times_shown(name: str | None, stated: int | None) -> int | None:
    """Return how often an animation is shown, given what its file states: GIF counts how often it is repeated."""
    if name != "GIF":
        return stated
    return 1 if stated is None else stated and stated + 1


def check_frames(frames: Frames, written: Image.Image | Frames) -> None:
    """Compare what was written with the frames that were to be: how many frames, of what size, for how long, how often.

    Raises:
        UnsupportedImage: if they differ, which would be a defect of the encoder.
    """
    if not isinstance(written, Frames) or len(written.pictures) != len(frames.pictures):
        count = len(written.pictures) if isinstance(written, Frames) else 1
        raise UnsupportedImage(f"the encoder wrote {count} of {len(frames.pictures)} frames; nothing was kept")
    if written.size != frames.size:
        raise UnsupportedImage(f"the encoder wrote {written.size} pixels instead of {frames.size}; nothing was kept")
    late = [abs(one - other) for one, other in zip(frames.durations, written.durations, strict=True)]
    if late and max(late) > _TICK:
        raise UnsupportedImage(f"the encoder changed the time of a frame by {max(late):g} ms; nothing was kept")
    # Where nobody says how often, the format's usual is as good as any.
    if frames.animated and None not in (frames.loop, written.loop) and written.loop != frames.loop:
        raise UnsupportedImage(f"the encoder wrote {written.loop} loops instead of {frames.loop}; nothing was kept")


def shows_the_same(version: Image.Image | Frames, source: Image.Image | Frames) -> bool:
    """Return whether two files show the same pixels, for the same times, whatever modes they are stored in."""
    if getattr(version, "durations", ()) != getattr(source, "durations", ()):
        return False
    if getattr(version, "loop", None) != getattr(source, "loop", None):
        return False
    pictures, originals = (getattr(image, "pictures", (image,)) for image in (version, source))
    return len(pictures) == len(originals) and all(map(_is_same, pictures, originals))


def _is_same(one: Image.Image, other: Image.Image) -> bool:
    if one.size != other.size:
        return False
    if one.mode == other.mode and one.mode != "P" and one.tobytes() == other.tobytes():
        return True
    return one.convert("RGBA").tobytes() == other.convert("RGBA").tobytes()


def _alike(pictures: list[Image.Image]) -> list[Image.Image]:
    """Return frames in one mode that holds them all without loss."""
    transparent = any(picture.has_transparency_data for picture in pictures)
    mode = _common_mode({picture.mode for picture in pictures}, transparent=transparent)
    return pictures if mode is None else [picture.convert(mode) for picture in pictures]


def _common_mode(modes: set[str], *, transparent: bool) -> str | None:
    """Return a mode that holds frames of all these without loss; None where they are in one already."""
    if len(modes) == 1 and modes <= {"1", "L", "LA", "RGB", "RGBA", "I;16"}:
        return None
    return "RGBA" if transparent else "RGB"

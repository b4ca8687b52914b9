"""Several pictures of one file: the frames of an animation, with their times, or the pages of a document.

It knows pictures only: no codecs, no files. `Frames` answers to what the rest of bytefit asks of a single picture.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from bytefit.errors import UnsupportedImage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PIL import Image

# All frames are held decoded: this many bytes of them at the most.
MOST_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """The pictures of one file, in order; at least one.

    Attributes:
        pictures: each a whole picture as it is seen, what stood before it included. The frames of an animation share
            one size and one mode; pages need not.
        durations: how long each frame is shown, in milliseconds; empty for pages.
        loop: how often the animation is shown, 0 for ever; None where the file does not say (GIF: once).
        format: Pillow's name of the format they came in, or None.
        info: the metadata of the file, as Pillow tells it of its first picture.
    """

    pictures: tuple[Image.Image, ...]
    durations: tuple[float, ...] = ()
    loop: int | None = None
    format: str | None = None
    info: Mapping[str, Any] = field(default_factory=dict)

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
        return any(picture.has_transparency_data for picture in self.pictures)

    def getexif(self) -> Image.Exif:
        """Return the EXIF data of the first picture."""
        return self.first.getexif()

    def each(self, change: Callable[[Image.Image], Image.Image]) -> Frames:
        """Return the same with every picture changed."""
        return replace(self, pictures=tuple(change(picture) for picture in self.pictures))

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
        UnsupportedImage: if they hold more than `MOST_BYTES` when decoded.
    """
    count, stood = getattr(image, "n_frames", 1), image.tell()
    needed = count * image.width * image.height * 4
    if needed > MOST_BYTES:
        raise UnsupportedImage(
            f"{count} frames of {image.width}x{image.height} pixels need {needed // 1_000_000} MB when decoded: "
            f"{MOST_BYTES // 1_000_000} MB is the limit; cut the animation, or scale it down, first"
        )
    pages = image.format in {"TIFF", "MPO"}
    pictures, durations = [], []
    try:
        image.seek(0)
        info = dict(image.info)
        for place in range(count):
            image.seek(place)
            pictures.append(image.copy())
            durations.append(image.info.get("duration", 0))
    finally:
        image.seek(stood)
    return Frames(
        pictures=tuple(pictures if pages else _alike(pictures)),
        durations=() if pages else tuple(durations),
        loop=info.get("loop"),
        format=image.format,
        info=info,
    )


def _alike(pictures: list[Image.Image]) -> list[Image.Image]:
    """Return frames in one mode that holds them all without loss."""
    modes = {picture.mode for picture in pictures}
    if len(modes) == 1 and modes <= {"1", "L", "LA", "RGB", "RGBA", "I;16"}:
        return pictures
    mode = "RGBA" if any(picture.has_transparency_data for picture in pictures) else "RGB"
    return [picture.convert(mode) for picture in pictures]

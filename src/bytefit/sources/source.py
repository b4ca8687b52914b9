"""One image on its way through a fit: its file is read once, its pixels are decoded once, at first use."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bytefit.errors import ConfigError, UnsupportedImage
from bytefit.pictures.frames import Frames
from bytefit.sources.reading import decode, decoded, dimensions
from bytefit.sources.streams import read_file, shown_name

if TYPE_CHECKING:
    from PIL import Image


class Source:
    """An image file or an image in memory.

    Attributes:
        name: what messages call it.
        data: the bytes of its file; empty for an image that somebody else opened.
        max_pixels: the most pixels that a picture of the file may have; None for the limit of Pillow.
        is_converted: whether the picture was changed since it was decoded, so that it is not the one in `data`.
    """

    def __init__(
        self, name: str, data: bytes, picture: Image.Image | Frames | None = None, *, max_pixels: int | None = None
    ) -> None:
        """Take the bytes of a file, or the picture of an image in memory."""
        self.name = name
        self.data = data
        self.max_pixels = max_pixels
        self.is_converted = False
        self._picture = picture
        self._refusal: UnsupportedImage | None = None

    @property
    def refusal(self) -> UnsupportedImage | None:
        """Why the picture cannot be encoded without losing something, although it can be shown; None where it can be.

        Raises:
            UnsupportedImage: if the picture cannot be decoded at all.
        """
        _ = self.picture
        return self._refusal

    @property
    def picture(self) -> Image.Image | Frames:
        """The picture or the frames, decoded; where something would be lost by that, see `refusal`.

        Raises:
            UnsupportedImage: if the picture cannot be decoded at all.
        """
        if self._picture is None:
            try:
                self._picture = decode(self.data, self.name, max_pixels=self.max_pixels)
            except UnsupportedImage as error:
                self._picture = decode(self.data, self.name, as_shown=True, max_pixels=self.max_pixels)
                self._refusal = error
        return self._picture

    @property
    def dimensions(self) -> tuple[int, int]:
        """Width and height in pixels, as stored; the pixels are not decoded for them.

        Raises:
            UnsupportedImage: if there is no image.
        """
        if self._picture is None:
            return dimensions(self.data, self.name, max_pixels=self.max_pixels)
        return self._picture.size

    def with_picture(self, picture: Image.Image | Frames, *, whole: bool = False) -> Source:
        """Return a source of the same file with a changed picture; `whole` says that nothing would be lost any more."""
        other = Source(self.name, self.data, picture, max_pixels=self.max_pixels)
        other._refusal, other.is_converted = None if whole else self.refusal, True
        return other


def read_source(path: str | os.PathLike[str], *, max_pixels: int | None = None) -> Source:
    """Return the image in the file at `path`; "-", as text, is standard input.

    Raises:
        UnsupportedImage: if it is a device.
        OSError: if the file cannot be read.
    """
    return Source(shown_name(path), read_file(path), max_pixels=max_pixels)


def source_of(image: Image.Image | Frames | str | os.PathLike[str], *, max_pixels: int | None = None) -> Source:
    """Return what `bytefit.compress` was given as a source.

    Raises:
        ConfigError: if it is neither an image nor a path.
        UnsupportedImage: if it is an image that cannot be decoded whole.
        OSError: if it is a path of a file that cannot be read.
    """
    if isinstance(image, str | os.PathLike):
        return read_source(image, max_pixels=max_pixels)
    if isinstance(image, Frames):
        return Source("the frames", b"", image)
    if not hasattr(image, "getexif"):
        raise ConfigError(f"cannot compress {type(image).__name__}: give a PIL image or the path of an image file")
    name = os.fspath(getattr(image, "filename", "") or "the image")
    return Source(name, b"", decoded(image, name))

"""One image on its way through a fit: its file is read once, its pixels are decoded once, at first use."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from bytefit.errors import ConfigError, UnsupportedImage
from bytefit.pictures.frames import Frames
from bytefit.sources.reading import decode, decoded, dimensions

if TYPE_CHECKING:
    from PIL import Image


class Source:
    """An image file or an image in memory.

    Attributes:
        name: what messages call it.
        data: the bytes of its file; empty for an image that somebody else opened.
    """

    def __init__(self, name: str, data: bytes, picture: Image.Image | Frames | None = None) -> None:
        """Take the bytes of a file, or the picture of an image in memory."""
        self.name = name
        self.data = data
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
                self._picture = decode(self.data, self.name)
            except UnsupportedImage as error:
                self._picture = decode(self.data, self.name, as_shown=True)
                self._refusal = error
        return self._picture

    @property
    def dimensions(self) -> tuple[int, int]:
        """Width and height in pixels, as stored; the pixels are not decoded for them.

        Raises:
            UnsupportedImage: if there is no image.
        """
        return dimensions(self.data, self.name) if self._picture is None else self._picture.size


def read_source(path: str | os.PathLike[str]) -> Source:
    """Return the image in the file at `path`.

    Raises:
        OSError: if the file cannot be read.
    """
    return Source(os.fspath(path), Path(path).read_bytes())


def source_of(image: Image.Image | Frames | str | os.PathLike[str]) -> Source:
    """Return what `bytefit.compress` was given as a source.

    Raises:
        ConfigError: if it is neither an image nor a path.
        UnsupportedImage: if it is an image that cannot be decoded whole.
        OSError: if it is a path of a file that cannot be read.
    """
    if isinstance(image, str | os.PathLike):
        return read_source(image)
    if isinstance(image, Frames):
        return Source("the frames", b"", image)
    if not hasattr(image, "getexif"):
        raise ConfigError(f"cannot compress {type(image).__name__}: give a PIL image or the path of an image file")
    name = os.fspath(getattr(image, "filename", "") or "the image")
    return Source(name, b"", decoded(image, name))

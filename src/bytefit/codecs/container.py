"""What a file of a format carries besides its pixels, what of it Pillow would lose, and how it is padded.

Each format's folder declares its own `Container`. What is declared here is known of no format.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PIL import Image

    from bytefit.pictures.frames import Frames


@dataclass(frozen=True, slots=True)
class Padding:
    """How a file is extended without changing what it shows.

    Attributes:
        least: the bytes a file must have left to be padded, if it is not of the wanted size already.
        fill: (bytes of a file, bytes to add) -> the longer file.
        even_sizes: whether files of the format always have an even number of bytes.
    """

    least: int
    fill: Callable[[bytes, int], bytes]
    even_sizes: bool = False


@dataclass(frozen=True, slots=True)
class TrailingData:
    """Data of a source file that go into the new file byte for byte, such as further images.

    Attributes:
        weight: the bytes they add to a file.
        put: the file of an image -> the file with the data.
    """

    weight: int = 0
    put: Callable[[bytes], bytes] = lambda data: data


@dataclass(frozen=True, slots=True)
class AuxiliaryImages:
    """How a format stores further images, gain maps and the like after the main image.

    Attributes:
        is_one_of_several: (image as it was opened) -> whether its file lists further images.
        described: (bytes of a file) -> words for what it stores there, and whether its meaning is known; None where
            it stores nothing.
        carried: (bytes of a file, its name for messages) -> the data to carry along.
    """

    is_one_of_several: Callable[[Image.Image | Frames], bool]
    described: Callable[[bytes], tuple[str, bool] | None]
    carried: Callable[[bytes, str], TrailingData]


@dataclass(frozen=True, slots=True)
class Container:
    """The file format around the pixels. Each default says that nothing is known.

    Attributes:
        readable: (bytes of a file) -> the file without the parts for which Pillow refuses it, although they are no
            pixels; `unread_metadata` returns those that are kept.
        lost: (image as it was opened, bytes of its file) -> words for what the file holds and Pillow drops without
            saying so, or None.
        unread_metadata: (image as it was opened, bytes of its file) -> what Pillow does not read, for its `info`.
        settle: corrects an image after it was opened, before its pixels are decoded.
        carried: (image with its `info`, metadata policy) -> the save options for metadata that only this format
            has. They replace the usual ones of the same name.
        resized: (save options that carry metadata, dimensions of the smaller image) -> those options that state other
            dimensions then, EXIF and XMP aside.
        auxiliary_images: how further images are stored, where the format has a way.
        padding: how files are padded; None where it is not known how.
        register_plugin: makes Pillow read and write the format, where that takes a plugin.
    """

    readable: Callable[[bytes], bytes] = lambda data: data
    lost: Callable[[Image.Image, bytes], str | None] = lambda _image, _data: None
    unread_metadata: Callable[[Image.Image, bytes], Mapping[str, Any]] = lambda _image, _data: {}
    settle: Callable[[Image.Image], None] = lambda _image: None
    carried: Callable[[Image.Image | Frames, str], Mapping[str, Any]] = lambda _image, _policy: {}
    resized: Callable[[Mapping[str, Any], tuple[int, int]], Mapping[str, Any]] = lambda _carried, _size: {}
    auxiliary_images: AuxiliaryImages | None = None
    padding: Padding | None = None
    register_plugin: Callable[[], None] = lambda: None


UNKNOWN_CONTAINER = Container()

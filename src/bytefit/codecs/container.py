"""What a file of a format carries besides its pixels, what of it Pillow would lose, and how it is padded.

Each format's folder declares its own `Container`. What is declared here is known of no format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from bytefit.codecs.descriptions import comment_in_info, density_in_info

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from PIL import Image

    from bytefit.codecs.descriptions import Density, Text
    from bytefit.options.policies import Policy
    from bytefit.pictures.frames import Frames


class HighDepth(str):
    """Words for samples of more than 8 bits, where nothing else of a file is lost and `Container.scaled_to_8` works."""

    __slots__ = ()


class Padding(NamedTuple):
    """How a file is extended without changing what it shows.

    Attributes:
        least: the bytes a file must have left to be padded, if it is not of the wanted size already.
        fill: (bytes of a file, bytes to add) -> the longer file.
        even_sizes: whether files of the format always have an even number of bytes.
    """

    least: int
    fill: Callable[[bytes, int], bytes]
    even_sizes: bool = False


class TrailingData(NamedTuple):
    """Data of a source file that go into the new file byte for byte, such as further images.

    Attributes:
        weight: the bytes they add to a file.
        put: the file of an image -> the file with the data.
    """

    weight: int = 0
    put: Callable[[bytes], bytes] = lambda data: data


class AuxiliaryImages(NamedTuple):
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


class Descriptions(NamedTuple):
    """What a container says about the image that other formats may say in another way.

    Attributes:
        texts: (image as it was opened) -> its texts.
        with_texts: (texts) -> what is added to the save option "extra" to store them, and the texts there is no place
            for; None for a format without a place of its own.
        density: (image as it was opened) -> how many pixels there are in a unit of length, where the file says so.
        states_density: (density, mode encoded) -> whether the save option "density" states it exactly.
        colour_profile: (image as it was opened, whether it is encoded in grey) -> a profile that means the same as
            what the file says about its colours in another way; empty where it says nothing, or sRGB.
        own_data: (image as it was opened) -> words for everything that no other format has a place for.
        not_kept: (image as it was opened) -> words for what a new file of the same format does not hold either.
        keeps_thumbnail: whether the thumbnail in an EXIF block is kept.
        profiles_are_applied: whether viewers of the format apply colour profiles.
        keeps_cover: whether an animation may have a picture of its own for viewers that do not show animations.
    """

    texts: Callable[[Image.Image | Frames], Sequence[Text]] = comment_in_info
    with_texts: Callable[[Sequence[Text]], tuple[bytes, Sequence[Text]]] | None = None
    density: Callable[[Image.Image | Frames], Density | None] = density_in_info
    states_density: Callable[[Density, str], bool] = lambda _density, _mode: False
    colour_profile: Callable[[Image.Image | Frames, bool], bytes] = lambda _image, _grey: b""
    own_data: Callable[[Image.Image | Frames], Sequence[str]] = lambda _image: ()
    not_kept: Callable[[Image.Image | Frames], Sequence[str]] = lambda _image: ()
    keeps_thumbnail: bool = True
    profiles_are_applied: bool = True
    keeps_cover: bool = False


class Container(NamedTuple):
    """The file format around the pixels. Each default says that nothing is known.

    Attributes:
        readable: (bytes of a file) -> the file without the parts for which Pillow refuses it, although they are no
            pixels; `unread_metadata` returns those that are kept.
        lost: (image as it was opened, bytes of its file) -> words for what the file holds and Pillow drops without
            saying so, or None.
        scaled_to_8: (image as it was opened, bytes of its file) -> the image with samples scaled to 8 bits instead of
            cut, where `lost` returned `HighDepth`.
        unread_metadata: (image as it was opened, bytes of its file) -> what Pillow does not read, for its `info`.
        as_srgb: (`info` of an image as it was opened) -> the same without what states other colours than sRGB, the
            profile and EXIF aside.
        settle: corrects an image after it was opened, before its pixels are decoded.
        turned_by_decoder: whether the decoder turns the pixels, so that the orientation in EXIF is to be ignored.
        carried: (image with its `info`, metadata policy) -> the save options for metadata that only this format
            has. They replace the usual ones of the same name.
        selected: (save options that carry metadata, a `Policy`) -> those options that only this format has, without
            what the policy drops.
        resized: (save options that carry metadata, dimensions of the smaller image) -> those options that state other
            dimensions then, EXIF and XMP aside.
        descriptions: what the file says about the image that other formats may say in another way.
        auxiliary_images: how further images are stored, where the format has a way.
        padding: how files are padded; None where it is not known how.
        register_plugin: makes Pillow read and write the format, where that takes a plugin.
    """

    readable: Callable[[bytes], bytes] = lambda data: data
    lost: Callable[[Image.Image, bytes], str | None] = lambda _image, _data: None
    scaled_to_8: Callable[[Image.Image, bytes], Image.Image] = lambda image, _data: image
    unread_metadata: Callable[[Image.Image, bytes], Mapping[str, Any]] = lambda _image, _data: {}
    as_srgb: Callable[[Mapping[Any, Any]], Mapping[Any, Any]] = lambda info: info
    settle: Callable[[Image.Image], None] = lambda _image: None
    turned_by_decoder: bool = False
    carried: Callable[[Image.Image | Frames, str], Mapping[str, Any]] = lambda _image, _policy: {}
    selected: Callable[[Mapping[str, Any], Policy], Mapping[str, Any]] = lambda _carried, _policy: {}
    resized: Callable[[Mapping[str, Any], tuple[int, int]], Mapping[str, Any]] = lambda _carried, _size: {}
    descriptions: Descriptions = Descriptions()
    auxiliary_images: AuxiliaryImages | None = None
    padding: Padding | None = None
    register_plugin: Callable[[], None] = lambda: None


UNKNOWN_CONTAINER = Container()

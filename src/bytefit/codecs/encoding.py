"""Pillow's writers: one encode, timed, and their errors turned into one kind."""

from __future__ import annotations

from contextlib import contextmanager
from io import BytesIO
from struct import error as struct_error
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from bytefit import formats
from bytefit.errors import WARNING_AS_ERROR, UnsupportedImage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from PIL import Image

    from bytefit.codecs.codec import Codec
    from bytefit.pictures.frames import Frames

# Save options for a file without metadata: Pillow would otherwise take the comment and the profile from `info`.
NO_METADATA: Mapping[str, Any] = {"icc_profile": b"", "exif": b"", "comment": b""}

# What Pillow's writers and their plugins are known to raise about images and save options.
_REFUSALS = (
    *(OSError, ValueError, SyntaxError, OverflowError, TypeError, AttributeError, LookupError, RuntimeError),
    struct_error,
)


class Trial(NamedTuple):
    """One encode that was made.

    Attributes:
        setting: its save options.
        size: the bytes it came to.
        seconds: the time it took.
        quality: the quality of a full encode on the codec's own scale; None for a probe.
    """

    setting: Mapping[str, Any]
    size: int
    seconds: float
    quality: float | None = None


def save_frames(frames: Frames, codec_format: str, options: Mapping[str, Any]) -> bytes:
    """Encode an animation with Pillow and return the file's bytes.

    Raises:
        UnsupportedImage: if Pillow refuses, with its reason.
    """
    rest = [unshared(picture) for picture in frames.decoded().pictures[1:]]
    timed = {"duration": [round(time) for time in frames.durations], "loop": frames.loop or 0}
    return save_to_bytes(frames.first, codec_format, {**timed, **options, "save_all": True, "append_images": rest})


def save_to_bytes(picture: Image.Image, codec_format: str, options: Mapping[str, Any]) -> bytes:
    """Encode `picture` with Pillow and return the file's bytes.

    Raises:
        UnsupportedImage: if Pillow refuses, with its reason.
    """
    known, buffer = formats.named(codec_format), BytesIO()
    with refusals(codec_format):
        if known.reader and codec_format == known.name:
            # Pillow takes the format from the suffix, and loads the plugin of that format only. When it is given the
            # format, it loads those of five formats, or all of them: 4 to 40 ms.
            buffer.name = f"image{known.suffixes[0]}"
            unshared(picture).save(buffer, **options)
        else:
            unshared(picture).save(buffer, codec_format, **options)
    return buffer.getvalue()


def unshared(picture: Image.Image) -> Image.Image:
    """Return another object for the same pixels, to be saved instead of `picture`.

    Pillow keeps the options of a save on the image: a second thread that saves the same image replaces them. Options
    that the caller has left there in `encoderinfo` would replace those of every rung.
    """
    picture.load()
    other = object.__new__(type(picture))
    other.__dict__.update(picture.__dict__)
    other.__dict__.pop("encoderinfo", None)
    return other


@contextmanager
def refusals(codec_format: str) -> Iterator[None]:
    """Turn the errors of writers about images and save options into one kind.

    Raises:
        UnsupportedImage: with the writer's reason.
    """
    from PIL.Image import DecompressionBombError

    try:
        yield
    except UnsupportedImage:
        raise
    except DecompressionBombError as error:  # also raised for a crop of an image that was opened within its limit
        raise UnsupportedImage(
            f"the image has too many pixels to be encoded as {codec_format}: allow resize, or take another format"
        ) from error
    except Warning as error:
        raise UnsupportedImage(
            f"Pillow cannot encode this picture as {codec_format}: {error} {WARNING_AS_ERROR}"
        ) from error
    except _REFUSALS as error:
        raise UnsupportedImage(f"Pillow cannot encode this picture as {codec_format}: {error}") from error


def encode_timed(
    codec: Codec, picture: Image.Image | Frames, setting: Mapping[str, Any], carried: Mapping[str, Any]
) -> tuple[bytes, Trial]:
    """Encode `picture` with a setting and the metadata it carries; return the bytes and the record of it."""
    started = perf_counter()
    data = codec.encode(picture, {**setting, **carried})
    return data, Trial(setting, len(data), perf_counter() - started)

"""The lossless path: a file whose very pixels can stay, as it is or better packed, when that fits its budget."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from bytefit.codecs import Codec, Trial, codec_for_format, media_type
from bytefit.codecs.codec import LOSSLESS
from bytefit.codecs.padding import encode_budget, padded_into
from bytefit.errors import ConfigError, UnsupportedImage
from bytefit.fitting.result import Result
from bytefit.options import KEEPING_WHAT_FITS, Options, keeps_orientation, window
from bytefit.pictures.comparison import shows_the_same
from bytefit.pictures.frames import Frames
from bytefit.pictures.opening import UNLIMITED
from bytefit.sizes import parse_size
from bytefit.sources.metadata import orientation, orientation_exif
from bytefit.sources.reading import decode

if TYPE_CHECKING:
    from PIL import Image

    from bytefit.sizes import Window
    from bytefit.sources.source import Source

# A file over its budget by at most this share is repacked without loss before anything is recompressed. That seldom
# saves more than a sixth, and most on files that were never optimised.
_REACH = 1.25


class Unchanged(NamedTuple):
    """A file with the very same pixels as the source.

    Attributes:
        data: its bytes.
        padded: how many of them are padding.
    """

    data: bytes
    padded: int = 0


def lossless_version(
    source: Source, codec: Codec, budget: int, options: Options, *, reach: float = 1.0
) -> Unchanged | None:
    """Return a file with the very same pixels that fits, perhaps the source's own; None where there is none.

    Args:
        source: an image that was read from a file of the codec's format.
        codec: what its format is coded with.
        budget: the most bytes of the file.
        options: `metadata` and what says which sizes are allowed count.
        reach: versions are improved as long as they stay below this multiple of the budget.
    """
    picture, policy = source.picture, options.metadata
    if not keeps_orientation(policy) and orientation(picture) != 1:
        return None  # its pixels would have to be turned
    allowed = allowed_sizes(codec, budget, options)
    unpadded = encode_budget(codec, allowed)
    most = int(unpadded * reach)
    stated = {**codec.source.coding_in_place(picture), **options.save_options}
    coding = {name: value for name, value in stated.items() if name in codec.lossless.coding}
    versions = codec.lossless.versions(source.data, policy, orientation_exif(picture), most=most, **coding)
    version = next((version for version in versions if len(version) <= unpadded), None)
    if policy == "keep" and len(source.data) <= min(unpadded, len(version or source.data)):
        version = source.data
    elif version is None or not shows_the_same(_decoded(version, source.name), picture):
        return None
    return _padded(source, version, codec, allowed)


def allowed_sizes(codec: Codec, budget: int, options: Options) -> Window:
    """Return the bytes that a file of a codec may have.

    Raises:
        ConfigError: if none can have a size asked for.
    """
    return window(options, budget, lambda: media_type(codec.format))


def _padded(source: Source, version: bytes, codec: Codec, allowed: Window) -> Unchanged | None:
    """Return a version of a source filled up to the least size; None where it is too damaged for that.

    Decoders forgive a missing end, and show the padding as pixels or not at all; or a file refers to places beyond its
    end.
    """
    if len(version) >= allowed.least:
        return Unchanged(version)
    try:
        padded = padded_into(version, codec, allowed)
        same = shows_the_same(_decoded(padded, source.name), source.picture)
    except UnsupportedImage:
        return None
    return Unchanged(padded, len(padded) - len(version)) if same else None


def _decoded(version: bytes, name: str) -> Image.Image | Frames:
    return decode(version, name, as_shown=True, max_pixels=UNLIMITED)


def as_it_is(source: Source, codec: Codec, budget: int, options: Options, asked: set[str]) -> Unchanged | None:
    """Return a file that fits and is wanted in its own format as it is, padded where it has too few bytes.

    A file that fits needs no second lossy encode only because it goes to another place.

    Args:
        source: an image that was read from a file.
        codec: what is to be written.
        budget: the most bytes of the file.
        options: `metadata` and what says which sizes are allowed count.
        asked: the names of all options that were given.

    Returns:
        The file, or None where the image has to be encoded.
    """
    if options.metadata != "keep" or asked - KEEPING_WHAT_FITS or format_of(source) != codec.format:
        return None
    data, allowed = source.data, allowed_sizes(codec, budget, options)
    if allowed.holds(len(data)):
        return Unchanged(data)
    return _padded(source, data, codec, allowed) if len(data) <= encode_budget(codec, allowed) else None


def in_place_without_loss(source: Source, budget: int, options: Options, asked: set[str]) -> Unchanged | None:
    """Return a file of the same format with the very same pixels that fits, where that is worth trying; else None.

    The arguments are those of `as_it_is`.
    """
    codec = codec_for_format(format_of(source))
    # A file far over its budget may be so only by metadata that the policy drops.
    reach = int(allowed_sizes(codec, budget, options).most * _REACH)
    within_reach = options.metadata != "keep" or len(source.data) <= reach
    harmless = {*KEEPING_WHAT_FITS, "max_width", "max_height", *codec.lossless.coding}
    if not within_reach or options.exact or asked - harmless:
        return None
    return lossless_version(source, codec, budget, options, reach=_REACH)


def repacked(source: Source, budget: int, options: Options, *, limited: bool) -> Result | None:
    """Return a file of a lossless format with the very same pixels as a result; None where that does not do.

    A GIF made by a program that looks for the best of many ways may be smaller than the one we would make. A file that
    cannot be decoded without loss, such as a PNG with 16 bits a channel, can be had in no other way.

    Args:
        source: an image.
        budget: the most bytes of the file.
        options: what is asked for.
        limited: whether the dimensions have to become smaller.
    """
    codec = _repacking_codec(source, budget, options, limited=limited)
    if codec is None:
        return None
    started = perf_counter()
    version = lossless_version(source, codec, budget, options)
    if version is None:
        return None
    picture, seconds, setting = source.picture, perf_counter() - started, codec.lossless.options or {}
    return Result(
        data=version.data,
        budget=budget,
        format=codec.format,
        quality=LOSSLESS,
        setting=setting,
        width=picture.width,
        height=picture.height,
        frames=len(picture.pictures) if isinstance(picture, Frames) else 1,
        scale=1.0,
        score=None,
        lossless=True,
        proven=True,
        trials=(Trial(setting, len(version.data), seconds, LOSSLESS),),
        probes=(),
        seconds=seconds,
        exact=options.exact,
        padded=version.padded,
        min_size=0 if options.min_size is None else parse_size(options.min_size),
        encoding=options.encoding,
    )


def _repacking_codec(source: Source, budget: int, options: Options, *, limited: bool) -> Codec | None:
    """Return the codec of a source that may be repacked, or None where it has to be encoded."""
    if not source.data or source.is_converted:
        return None
    own = format_of(source)
    if options.format is not None and options.format.upper() != own:
        return None
    decoded_whole = source.refusal is None
    if limited or (decoded_whole and options.save_options):
        return None
    codec = codec_for_format(own)
    too_large = len(source.data) > allowed_sizes(codec, budget, options).most and not options.lossless
    if decoded_whole and (too_large or not codec.ladder_keeps_pixels):
        return None
    return None if codec.lossless.options is None else codec


def format_of(source: Source) -> str:
    """Return Pillow's name of the format an image was opened from.

    Raises:
        ConfigError: if it was not opened from a file.
    """
    if not isinstance(source.picture.format, str):
        raise ConfigError("no format to write: name one with format='JPEG', 'WEBP', 'AVIF', 'PNG' or 'GIF'")
    return source.picture.format

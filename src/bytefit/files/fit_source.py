"""One image that was read from a file: what is written for it, in place or to another file. Nothing is written here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bytefit.codecs import codec_for_format, format_for_suffix, media_type
from bytefit.errors import ConfigError
from bytefit.fitting.compress import run, with_conversions
from bytefit.fitting.format_choice import is_auto, with_allowed_format
from bytefit.fitting.repacking import Unchanged, as_it_is, format_of, in_place_without_loss
from bytefit.options import BINARY, CONVERSIONS, Options, window
from bytefit.sources.streams import is_stream

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from bytefit.fitting.result import Result
    from bytefit.sources.source import Source

# What stays over its budget is written only at no more than this share of the file. Encoded again at the same floor,
# an encoding comes out smaller each time, and worse (24 pictures: WebP to 71 % of it at the least, AVIF to 85 %; the
# first encode, from quality 90 to a floor of 50, to 47 % at the most).
_WORTHWHILE = 2 / 3


class Fitted(NamedTuple):
    """What is to be written for an image.

    Attributes:
        data: the bytes for its file; None where that is best left as it is.
        result: what was encoded for them; None where nothing was.
        padded: how many of the bytes are padding.
    """

    data: bytes | None
    result: Result | None = None
    padded: int = 0


def fit_source(
    source: Source,
    budget: int,
    wanted: Options,
    asked: set[str],
    *,
    output: str | os.PathLike[str] | None = None,
    other_formats: Sequence[str] | None = None,
) -> Fitted:
    """Return the bytes for the file of an image, and what was encoded for them; nothing is written.

    Args:
        source: an image that was read from a file.
        budget: the most bytes of the file.
        wanted: the options, checked.
        asked: the names of those that were given.
        output: the name that the bytes will have, whose suffix chooses the format; None where they replace the file.
        other_formats: see `bytefit.fitting.compress.run`.

    Raises:
        BytefitError: see `compress`.
    """
    before, in_place = len(source.data), output is None
    if in_place and wanted.formats is not None and wanted.format is None:
        _check_format_allowed(source, wanted.formats)
        wanted = wanted._replace(formats=None)
    source = with_conversions(source, wanted)
    too_large = in_place and _is_too_large(source, wanted)
    allowed = window(wanted, budget, lambda: media_type(format_of(source)))
    if in_place and allowed.holds(before) and not too_large and not source.is_converted:
        return Fitted(None)
    if output is None:
        _check_format_stays(source, wanted)
        wanted = wanted._replace(format=None)
    elif wanted.format is None:
        wanted = wanted._replace(format=_format_of_output(output))
    wanted = with_allowed_format(source, wanted)
    unchanged = None if too_large else _without_encoding(source, budget, wanted, asked - CONVERSIONS, in_place=in_place)
    if unchanged is not None:
        return Fitted(unchanged.data, padded=unchanged.padded)
    # Only fewer pixels may make a file that fits smaller, not more bytes for each of them.
    target = min(budget, before) if too_large and not allowed.least and wanted.encoding == BINARY else budget
    result = run(source, target, wanted, cap_at_source_quality=in_place, other_formats=other_formats)
    if in_place and not result.fits and not _is_worthwhile(result, source):
        return Fitted(None, result)
    return Fitted(result.data, result, result.padded)


def _without_encoding(
    source: Source, budget: int, wanted: Options, asked: set[str], *, in_place: bool
) -> Unchanged | None:
    """Return a file with the very same pixels that fits; None where the image has to be encoded."""
    if source.is_converted or source.refusal is not None:
        return None
    if len(source.data) > window(wanted, budget, lambda: media_type(format_of(source))).most:
        return in_place_without_loss(source, budget, wanted, asked) if in_place else None
    if is_auto(wanted.format):
        return None
    return as_it_is(source, codec_for_format(wanted.format or format_of(source)), budget, wanted, asked)


def _is_too_large(source: Source, wanted: Options) -> bool:
    """Return whether the image has more pixels than it may have, either way."""
    if wanted.max_width is None and wanted.max_height is None:
        return False
    width, height = source.dimensions
    return width > (wanted.max_width or width) or height > (wanted.max_height or height)


def _check_format_stays(source: Source, wanted: Options) -> None:
    """Refuse to convert a file in place.

    Raises:
        ConfigError: naming the format it has.
    """
    name = wanted.format
    if name is None:
        return
    own = codec_for_format(format_of(source)).format
    if is_auto(name) or codec_for_format(name).format != own:
        raise ConfigError(f"{source.name} is {own} and stays so in place: give an output to convert it to {name}")


def _check_format_allowed(source: Source, formats: Iterable[str]) -> None:
    """Refuse a file in place whose format is not among those allowed.

    Raises:
        ConfigError: naming the format it has.
    """
    own, allowed = codec_for_format(format_of(source)).format, [codec_for_format(name).format for name in formats]
    if own not in allowed:
        raise ConfigError(
            f"{source.name} is {own} and stays so in place, and only {', '.join(allowed) or 'nothing'} is allowed: "
            f"give an output"
        )


def _is_worthwhile(result: Result, source: Source) -> bool:
    """Return whether a result that does not fit should take the place of the file all the same."""
    before = len(source.data)
    if result.size >= before or result.scale < 1:
        return result.size < before
    quality = codec_for_format(result.format).source.quality(source.picture)
    return result.size <= before * _WORTHWHILE if quality is None else result.quality < quality


def _format_of_output(destination: str | os.PathLike[str]) -> str | None:
    """Return the format that the suffix of an output names; None, the image's own, for a stream without a suffix.

    Raises:
        UnsupportedImage: if there is no format of that suffix.
    """
    suffix = Path(destination).suffix
    return None if not suffix and is_stream(destination) else format_for_suffix(suffix)

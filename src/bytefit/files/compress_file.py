"""Image files: compressed in place or to another file, verified before they are replaced, replaced in one step.

It knows nothing of how an image is fitted.
"""

from __future__ import annotations

import os
from errno import EISDIR
from pathlib import Path
from stat import S_ISDIR
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

from bytefit.codecs import codec_for_format, format_for_suffix
from bytefit.errors import ConfigError, UnsupportedImage
from bytefit.files.atomic import check_writable, write_atomically
from bytefit.fitting.compress import run, with_conversions
from bytefit.fitting.format_choice import is_auto
from bytefit.fitting.repacking import as_it_is, format_of, in_place_without_loss
from bytefit.options import CONVERSIONS, FitOptions, Options, ask_for_conversion, options_from
from bytefit.pictures.frames import Frames
from bytefit.pictures.opening import UNLIMITED
from bytefit.sizes import parse_size
from bytefit.sources.reading import decode
from bytefit.sources.source import Source, read_source
from bytefit.sources.streams import STANDARD, is_stream, shown_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bytefit.fitting.result import Result

# What stays over its budget is written only where it is at most this share of the file: encoded anew at the same floor,
# an encoding comes out smaller each time, and worse (24 pictures: WebP to 71 % of it at the least, AVIF to 85 %; the
# first encode, from quality 90 to a floor of 50, to 47 % at the most).
_WORTHWHILE = 2 / 3


class Outcome(NamedTuple):
    """What `compress_file` did.

    Attributes:
        path: the file that was read; "-" is standard input.
        output: the file that holds the answer; `path` itself when compressed in place, "-" for standard output.
        budget: the most bytes it was allowed to have.
        before, after: bytes of `path` before and of `output` after.
        changed: whether `output` was written.
        seconds: the time of all of it, reading, verifying and writing included.
        result: the result of `compress`, or None when the file fitted and was kept as it was (or padded to be exact).
    """

    path: Path
    output: Path
    budget: int
    before: int
    after: int
    changed: bool
    seconds: float
    result: Result | None

    @property
    def fits(self) -> bool:
        """Whether the answer is at most the budget, or exactly it with `exact`."""
        return self.after <= self.budget if self.result is None else self.result.fits


def compress_file(
    path: str | os.PathLike[str],
    target: str | int,
    *,
    output: str | os.PathLike[str] | None = None,
    format: str | None = None,  # noqa: A002  (Pillow's word)
    dry_run: bool = False,
    **options: Unpack[FitOptions],
) -> Outcome:
    """Make the image file at `path` fit `target` bytes, in place unless `output` is given.

    In place, a file that fits is left alone, the format never changes and the quality never rises. What is lossless is
    tried first where little is missing. A replacement is decoded and compared before it takes the place of the
    original, with the original's permissions.

    Args:
        path: the image file; a symbolic link is followed and stays a link. The text "-" is standard input, which
            goes to standard output unless there is another `output`.
        target: see `compress`.
        output: where to write instead; its suffix chooses the format. A pipe keeps the format if it has no suffix, and
            so does "-", which is standard output.
        format: Pillow's name of the format of `output`, where the suffix does not tell.
        dry_run: find the answer, but write nothing.
        options: further options of `compress`, save options of Pillow's writer included.

    Raises:
        OSError: if the file cannot be read or the output not be written.
        BytefitError: see `compress`. In every case nothing was written.
    """
    return fit_file(path, target, {**options, "format": format}, output=output, dry_run=dry_run)


def fit_file(
    path: str | os.PathLike[str],
    target: str | int,
    options: Mapping[str, Any],
    *,
    output: str | os.PathLike[str] | None = None,
    dry_run: bool = False,
    other_formats: Sequence[str] | None = None,
    before_writing: Callable[[Source, bytes], object] | None = None,
) -> Outcome:
    """See `compress_file`; with `other_formats` see `bytefit.fitting.compress.run`.

    `before_writing` is called with the image and the bytes of its answer, also in a dry run.
    """
    budget, wanted = parse_size(target), options_from(options)
    asked = {name for name, value in options.items() if name != "format" or is_auto(value)}
    started = perf_counter()
    if output is None and path == STANDARD:
        output = STANDARD
    in_place = output is None
    status = _status(path, in_place=in_place)
    pixels_count = wanted.max_width is not None or wanted.max_height is not None or ask_for_conversion(wanted)
    if in_place and status is not None and _fits(status.st_size, budget, wanted) and not pixels_count:
        return _kept(path, budget, status.st_size, started)
    destination = path if output is None else output
    check_writable(destination)
    source = read_source(path, max_pixels=wanted.max_pixels)
    before = len(source.data)
    data, result = fit_source(
        source, budget, wanted, asked, output=None if in_place else destination, other_formats=other_formats
    )
    if data is None:
        return _kept(path, budget, before, started, result)
    if before_writing is not None:
        before_writing(source, data)
    if not dry_run:
        _write(data, destination, result, path, status)
    seconds = perf_counter() - started
    return Outcome(Path(path), Path(destination), budget, before, len(data), not dry_run, seconds, result)


def fit_source(
    source: Source,
    budget: int,
    wanted: Options,
    asked: set[str],
    *,
    output: str | os.PathLike[str] | None = None,
    other_formats: Sequence[str] | None = None,
) -> tuple[bytes | None, Result | None]:
    """Return the bytes for the file of an image, and what was encoded for them; nothing is written.

    Args:
        source: an image that was read from a file.
        budget: the most bytes of the file.
        wanted: the options, checked.
        asked: the names of those that were given.
        output: the name that the bytes will have, whose suffix chooses the format; None where they replace the file.
        other_formats: see `bytefit.fitting.compress.run`.

    Returns:
        (bytes, result): None for the bytes where a file is best left as it is; None for the result where nothing was
        encoded.

    Raises:
        BytefitError: see `compress`.
    """
    before, in_place = len(source.data), output is None
    too_large = in_place and _is_too_large(source, wanted)
    source = with_conversions(source, wanted)
    if in_place and _fits(before, budget, wanted) and not too_large and not source.is_converted:
        return None, None
    if output is None:
        _check_format_stays(source, wanted)
        wanted = wanted._replace(format=None)
    elif wanted.format is None:
        wanted = wanted._replace(format=_format_of_output(output))
    data = None if too_large else _without_encoding(source, budget, wanted, asked - CONVERSIONS, in_place=in_place)
    if data is not None:
        return data, None
    # Only fewer pixels may make a file that fits smaller, not more bytes for each of them.
    target = min(budget, before) if too_large and not wanted.exact else budget
    result = run(source, target, wanted, cap_at_source_quality=in_place, other_formats=other_formats)
    if in_place and not result.fits and not _is_worthwhile(result, source):
        return None, result
    return result.data, result


def _status(path: str | os.PathLike[str], *, in_place: bool) -> os.stat_result | None:
    """Return the status of a file; None for what has no size before it is read: a pipe, or a file of `/proc`.

    Raises:
        ConfigError: if it is to be replaced and is no file.
        OSError: if there is no such file.
    """
    if is_stream(path):
        if in_place:
            raise ConfigError(f"{shown_name(path)} is no file that could be replaced: give an output")
        return None
    status = Path(path).stat()
    if S_ISDIR(status.st_mode):
        raise IsADirectoryError(EISDIR, os.strerror(EISDIR), os.fspath(path))
    return status if status.st_size else None


def _fits(size: int, budget: int, wanted: Options) -> bool:
    return size == budget or (size < budget and not wanted.exact)


def _format_of_output(destination: str | os.PathLike[str]) -> str | None:
    """Return the format that the suffix of an output names; None, the image's own, for a stream without a suffix.

    Raises:
        UnsupportedImage: if there is no format of that suffix.
    """
    suffix = Path(destination).suffix
    return None if not suffix and is_stream(destination) else format_for_suffix(suffix)


def _write(
    data: bytes,
    destination: str | os.PathLike[str],
    result: Result | None,
    path: str | os.PathLike[str],
    status: os.stat_result | None,
) -> None:
    """Write an answer that was verified, unless the file at `path` has changed since its status was read."""
    if result is not None:
        verify(result)
    if status is not None:
        _check_unchanged(path, status)
    write_atomically(destination, data)


def _kept(
    path: str | os.PathLike[str], budget: int, size: int, started: float, result: Result | None = None
) -> Outcome:
    """Return the outcome of a file that was left as it is."""
    path = Path(path)
    return Outcome(path, path, budget, size, size, changed=False, seconds=perf_counter() - started, result=result)


def _without_encoding(source: Source, budget: int, wanted: Options, asked: set[str], *, in_place: bool) -> bytes | None:
    """Return a file with the very same pixels that fits; None where the image has to be encoded."""
    if source.is_converted or source.refusal is not None:
        return None
    if len(source.data) > budget:
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


def _is_worthwhile(result: Result, source: Source) -> bool:
    """Return whether a result that does not fit should take the place of the file all the same."""
    before = len(source.data)
    if result.size >= before or result.scale < 1:
        return result.size < before
    quality = codec_for_format(result.format).source.quality(source.picture)
    return result.size <= before * _WORTHWHILE if quality is None else result.quality < quality


def verify(result: Result) -> None:
    """Decode a result and compare its format, dimensions and number of pictures with what was encoded.

    Raises:
        UnsupportedImage: if they differ, which would be a defect of the encoder.
    """
    image = decode(result.data, "the encoded picture", as_shown=True, max_pixels=UNLIMITED)
    codec = codec_for_format(image.format or "")
    codec_format = codec.format
    frames = len(image.pictures) if isinstance(image, Frames) else 1
    rotated = codec.source.decoder_rotates and image.size == (result.height, result.width)
    size = image.size[::-1] if rotated else image.size
    if (codec_format, size, frames) != (result.format, (result.width, result.height), result.frames):
        raise UnsupportedImage(
            f"the encoder returned {frames} of {codec_format} {image.width}x{image.height} "
            f"instead of {result.frames} of {result.format} {result.width}x{result.height}; nothing was written"
        )


def _check_unchanged(path: str | os.PathLike[str], before: os.stat_result) -> None:
    """Refuse to go on where another program has written to `path` since `before`."""
    after = Path(path).stat()
    if (after.st_ino, after.st_mtime_ns, after.st_size) != (before.st_ino, before.st_mtime_ns, before.st_size):
        raise UnsupportedImage(f"{os.fspath(path)} was changed by another program meanwhile; it was left alone")

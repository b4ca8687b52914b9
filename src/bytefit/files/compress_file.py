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

from bytefit.codecs import codec_for_format, media_type
from bytefit.errors import ConfigError, UnsupportedImage
from bytefit.files.atomic import check_writable, write_atomically
from bytefit.files.fit_source import fit_source
from bytefit.fitting.format_choice import is_auto
from bytefit.fitting.repacking import format_of
from bytefit.options import DATA_URI, FitOptions, Options, ask_for_conversion, counted, for_target, options_from, window
from bytefit.pictures.frames import Frames
from bytefit.pictures.opening import UNLIMITED
from bytefit.sources.reading import decode
from bytefit.sources.source import read_source
from bytefit.sources.streams import STANDARD, is_stream, shown_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bytefit.fitting.result import Result
    from bytefit.sources.source import Source


class Outcome(NamedTuple):
    """What `compress_file` did.

    Attributes:
        path: the file that was read; "-" is standard input.
        output: the file that holds the answer; `path` itself when compressed in place, "-" for standard output.
        budget: the most bytes it was allowed to have, counted as the option `encoding` says.
        before, after: bytes of `path` before and of `output` after.
        changed: whether `output` was written.
        seconds: the time of all of it, reading, verifying and writing included.
        result: the result of `compress`, or None when the file fitted and was kept as it was (or padded).
        padded: how many of the bytes after are padding, for `exact` or for a least size.
        encoded_size: the bytes after, counted as the option `encoding` says.
    """

    path: Path
    output: Path
    budget: int
    before: int
    after: int
    changed: bool
    seconds: float
    result: Result | None
    padded: int = 0
    encoded_size: int = 0

    @property
    def fits(self) -> bool:
        """Whether the answer is at most the budget and at least the least size, or exactly the budget with `exact`."""
        return self.encoded_size <= self.budget if self.result is None else self.result.fits


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
    budget, options = for_target(target, options)
    wanted = options_from(options)
    asked = {name for name, value in options.items() if name != "format" or is_auto(value)}
    started = perf_counter()
    if output is None and path == STANDARD:
        output = STANDARD
    in_place = output is None
    status = _status(path, in_place=in_place)
    if in_place and status is not None and _only_bytes_count(wanted):
        allowed = window(wanted, budget, str)
        if allowed.holds(status.st_size):
            return _kept(path, budget, status.st_size, started, encoded_size=counted(status.st_size, wanted, str))
    destination = path if output is None else output
    check_writable(destination)
    source = read_source(path, max_pixels=wanted.max_pixels)
    before = len(source.data)
    data, result, padded = fit_source(
        source, budget, wanted, asked, output=None if in_place else destination, other_formats=other_formats
    )
    # Without a result the file keeps the format of its source.
    encoded_size = counted(
        before if data is None else len(data),
        wanted,
        lambda: media_type(format_of(source) if result is None else result.format),
    )
    if data is None:
        return _kept(path, budget, before, started, encoded_size=encoded_size, result=result)
    if before_writing is not None:
        before_writing(source, data)
    if not dry_run:
        _write(data, destination, result, path, status)
    return Outcome(
        path=Path(path),
        output=Path(destination),
        budget=budget,
        before=before,
        after=len(data),
        changed=not dry_run,
        seconds=perf_counter() - started,
        result=result,
        padded=padded,
        encoded_size=encoded_size,
    )


def _only_bytes_count(wanted: Options) -> bool:
    """Return whether the bytes of a file say whether it is as wanted. A data URI names the type, which they do not."""
    limits = (wanted.max_width, wanted.max_height, wanted.formats)
    return limits == (None, None, None) and not ask_for_conversion(wanted) and wanted.encoding != DATA_URI


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
    path: str | os.PathLike[str],
    budget: int,
    size: int,
    started: float,
    *,
    encoded_size: int,
    result: Result | None = None,
) -> Outcome:
    """Return the outcome of a file that was left as it is."""
    path, seconds = Path(path), perf_counter() - started
    return Outcome(
        path, path, budget, size, size, changed=False, seconds=seconds, result=result, encoded_size=encoded_size
    )


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

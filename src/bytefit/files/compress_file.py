"""Files: compressed in place or to another file, verified before anything is replaced, replaced in one step.

It knows nothing of how a picture is fitted.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from errno import EACCES, EISDIR, ENOENT
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from bytefit.errors import ConfigError, UnsupportedImage
from bytefit.files.atomic import write_atomically
from bytefit.options import KEEPING_WHAT_FITS, options_from
from bytefit.sizes import parse_size

if TYPE_CHECKING:
    from bytefit.fitting.compress import Result

# A better coding is tried on files up to this share of their budget: it seldom saves more than a sixth, most on files
# that were never optimised.
_LOSSLESS_REACH = 1.25

# What stays over its budget is written only where it is at most this share of the file: encoded anew at the same floor,
# an encoding comes out smaller each time, and worse (24 pictures: WebP to 71 % of it at the least, AVIF to 85 %; the
# first encode, from quality 90 to a floor of 50, to 47 % at the most).
_WORTHWHILE = 2 / 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What `compress_file` did.

    Attributes:
        path: the file that was read.
        output: the file that holds the answer; `path` itself when compressed in place.
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
        """Whether the answer is at most the budget."""
        return self.after <= self.budget


def compress_file(
    path: str | os.PathLike[str],
    target: str | int,
    *,
    output: str | os.PathLike[str] | None = None,
    format: str | None = None,  # noqa: A002  (Pillow's word)
    dry_run: bool = False,
    **options: Any,
) -> Outcome:
    """Make the image file at `path` fit `target` bytes, in place unless `output` is given.

    In place, a file that fits is left alone, the format never changes and the quality never rises. What is lossless is
    tried first where little is missing. A replacement is decoded and compared before it takes the place of the
    original, with the original's permissions.

    Args:
        path: the image file; a symbolic link is followed and stays a link.
        target: see `compress`.
        output: where to write instead; its suffix chooses the format.
        format: Pillow's name of the format of `output`, where the suffix does not tell.
        dry_run: find the answer, but write nothing.
        options: further options of `compress`.

    Raises:
        OSError: if the file cannot be read or the output not be written.
        BytefitError: see `compress`. In every case nothing was written.
    """
    budget = parse_size(target)
    options_from(options)
    started = perf_counter()
    path = Path(path)
    before = path.stat()
    if path.is_dir():
        raise IsADirectoryError(EISDIR, os.strerror(EISDIR), str(path))
    in_place = output is None
    exact = options.get("exact", False)
    too_large = in_place and _is_too_large(path, options.get("max_width"), options.get("max_height"))
    fits = before.st_size == budget or (before.st_size < budget and not exact)
    if in_place and fits and not too_large:
        return _kept(path, budget, before.st_size, started)
    destination = path if output is None else Path(output)
    _check_writable(destination)
    result = data = None
    if before.st_size <= budget and not too_large:
        data = _as_it_is(path, budget, destination, format, options)
    elif in_place and not too_large:
        data = _without_loss(path, budget, options)
    if data is None:
        # Only fewer pixels may make a file that fits smaller, not more bytes for each of them.
        target = min(budget, before.st_size) if too_large and not exact else budget
        result = _fitted(path, target, destination, format, in_place=in_place, options=options)
        data = result.data
    if in_place and result is not None and not result.fits and not _is_worthwhile(result, path, before.st_size):
        return _kept(path, budget, before.st_size, started, result)
    if not dry_run:
        if result is not None:
            verify(result)
        _check_unchanged(path, before)
        write_atomically(destination, data)
    seconds = perf_counter() - started
    return Outcome(path, destination, budget, before.st_size, len(data), not dry_run, seconds, result)


def _kept(path: Path, budget: int, size: int, started: float, result: Result | None = None) -> Outcome:
    """Return the outcome of a file that was left as it is."""
    return Outcome(path, path, budget, size, size, changed=False, seconds=perf_counter() - started, result=result)


def _as_it_is(path: Path, budget: int, destination: Path, wanted: str | None, options: dict[str, Any]) -> bytes | None:
    """Return the bytes of a file that fits, padded where they are to be exact, or None where it must be encoded.

    What fits needs no second lossy encode only because it goes to another file of the same format.
    """
    from bytefit.codecs import codec_for_format, format_for_suffix
    from bytefit.codecs.padding import least_padding, pad
    from bytefit.sources.reading import decode

    exact = options.get("exact", False)
    if options.get("metadata", "keep") != "keep" or set(options) - KEEPING_WHAT_FITS or _is_auto(wanted):
        return None
    data = path.read_bytes()
    source = decode(data, str(path))
    in_place = destination == path
    codec = codec_for_format(wanted or (source.format or "" if in_place else format_for_suffix(destination.suffix)))
    if source.format != codec.format:
        return None
    if not exact or len(data) == budget:
        return data
    return pad(data, codec.format, budget) if len(data) <= budget - least_padding(codec.format, budget) else None


def _is_too_large(path: Path, max_width: int | None, max_height: int | None) -> bool:
    """Return whether the picture in a file is larger than it may be, either way."""
    if max_width is None and max_height is None:
        return False
    from bytefit.sources.reading import dimensions

    width, height = dimensions(path.read_bytes(), str(path))
    return width > (max_width or width) or height > (max_height or height)


def _without_loss(path: Path, budget: int, options: dict[str, Any]) -> bytes | None:
    """Return a version of a file with the very same pixels that fits the budget, or None where none does."""
    from bytefit.codecs import codec_for_format
    from bytefit.pictures.frames import shows_the_same
    from bytefit.sources.metadata import orientation, orientation_exif
    from bytefit.sources.reading import decode

    policy = options.get("metadata", "keep")
    most = int(budget * _LOSSLESS_REACH)
    # What is far over its budget may be so by metadata that are not to be kept.
    out_of_reach = policy == "keep" and path.stat().st_size > most
    if out_of_reach or options.get("exact") or set(options) - {*KEEPING_WHAT_FITS, "max_width", "max_height"}:
        return None
    data = path.read_bytes()
    source = decode(data, str(path))
    if policy == "strip" and orientation(source) != 1:
        return None  # its pixels have to be turned
    codec = codec_for_format(source.format or "")
    versions = codec.lossless_versions(data, policy, orientation_exif(source), most=most)
    version = next((version for version in versions if len(version) <= budget), None)
    if version is None or not shows_the_same(decode(version, str(path)), source):
        return None
    return version


def _fitted(
    path: Path, budget: int, destination: Path, wanted: str | None, *, in_place: bool, options: dict[str, Any]
) -> Result:
    from bytefit.codecs import codec_for_format, format_for_suffix
    from bytefit.fitting.compress import compress, compress_again

    if not in_place:
        return compress(path, budget, format=wanted or format_for_suffix(destination.suffix), **options)
    result = compress_again(path, budget, **options)
    if wanted is not None and (_is_auto(wanted) or codec_for_format(wanted).format != result.format):
        raise ConfigError(f"{path} is {result.format} and stays so in place: give an output to convert it to {wanted}")
    return result


def _is_auto(wanted: str | None) -> bool:
    """Return whether the format is to be the one the picture looks best in."""
    from bytefit.fitting.format_choice import AUTO

    return wanted is not None and wanted.lower() == AUTO


def _is_worthwhile(result: Result, path: Path, before: int) -> bool:
    """Return whether a result that does not fit should take the place of the file all the same."""
    from bytefit.codecs import codec_for_format
    from bytefit.sources.reading import decode

    if result.size >= before or result.scale < 1:
        return result.size < before
    quality = codec_for_format(result.format).source_quality(decode(path.read_bytes(), str(path)))
    return result.size <= before * _WORTHWHILE if quality is None else result.quality < quality


def verify(result: Result) -> None:
    """Decode a result and compare its format, dimensions and number of pictures with what was encoded.

    Raises:
        UnsupportedImage: if they differ, which would be a defect of the encoder.
    """
    from bytefit.codecs import codec_for_format
    from bytefit.pictures.frames import Frames
    from bytefit.sources.reading import decode

    image = decode(result.data, "the encoded picture", as_shown=True)
    codec = codec_for_format(image.format or "")
    codec_format = codec.format
    frames = len(image.pictures) if isinstance(image, Frames) else 1
    size = image.size[::-1] if codec.turns and image.size == (result.height, result.width) else image.size
    if (codec_format, size, frames) != (result.format, (result.width, result.height), result.frames):
        raise UnsupportedImage(
            f"the encoder returned {frames} of {codec_format} {image.width}x{image.height} "
            f"instead of {result.frames} of {result.format} {result.width}x{result.height}; nothing was written"
        )


def _check_unchanged(path: Path, before: os.stat_result) -> None:
    """Refuse to go on where another program has written to `path` since `before`."""
    after = path.stat()
    if (after.st_ino, after.st_mtime_ns, after.st_size) != (before.st_ino, before.st_mtime_ns, before.st_size):
        raise UnsupportedImage(f"{path} was changed by another program meanwhile; it was left alone")


def _check_writable(destination: Path) -> None:
    """Raise the OSError that writing would end in, before any time is spent on encoding."""
    folder = Path(os.path.realpath(destination)).parent
    if destination.is_dir():
        raise IsADirectoryError(EISDIR, os.strerror(EISDIR), str(destination))
    if not folder.is_dir():
        raise FileNotFoundError(ENOENT, "no such folder", str(folder))
    if not os.access(folder, os.W_OK) or (destination.exists() and not os.access(destination, os.W_OK)):
        raise PermissionError(EACCES, os.strerror(EACCES), str(destination))

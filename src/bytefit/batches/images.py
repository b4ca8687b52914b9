"""One image of a batch: it is read, fitted as `compress_file` fits it, and written; whatever happens becomes a row."""

from __future__ import annotations

import hashlib
import mimetypes
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from bytefit import formats
from bytefit.batches.plan import Plan, output_name
from bytefit.batches.row import Answer, Entry, Row, Status, versions
from bytefit.batches.storage.retries import reason_of, retried
from bytefit.batches.storage.stamps import SourceChanged
from bytefit.batches.storage.write_options import WriteOptions
from bytefit.codecs import codec_for_format
from bytefit.errors import BudgetUnreachable, BytefitError, CorruptImage
from bytefit.files.compress_file import verify
from bytefit.files.fit_source import fit_source
from bytefit.fitting.format_choice import is_auto
from bytefit.fitting.scoring import score_of_file
from bytefit.messages import one_line
from bytefit.sources.source import Source

if TYPE_CHECKING:
    from bytefit.batches.storage.folders import Content, Folder
    from bytefit.batches.storage.stamps import Stamp
    from bytefit.fitting.result import Result

# The longest reason in a row.
_REASON = 500

_GONE = "it was moved or removed after the list was made"
_NOT_AS_LISTED = "it was changed after the list was made; --retry-failed takes it as it is now"


class Fitted(NamedTuple):
    """An image that was fitted but not written.

    Attributes:
        row: its row, once it is written.
        data: the bytes to write; None where nothing has to be written, or the storage copies the source.
        headers: what goes along with them.
        copied: whether the storage copies the source.
        replaces: the version that is replaced in place.
    """

    row: Row
    data: bytes | None = None
    headers: dict[str, Any] = {}  # noqa: RUF012  (a named tuple: it is never changed)
    copied: bool = False
    replaces: Stamp | None = None


class Places(NamedTuple):
    """The folders of a job: where it reads, and where it writes."""

    source: Folder
    destination: Folder


def fit_entry(entry: Entry, plan: Plan, places: Places, *, as_it_is_now: bool = False) -> Fitted:
    """Return an image that was read and fitted; nothing is written.

    Args:
        entry: the image.
        plan: what is done with it.
        places: where it is, and where its answer goes.
        as_it_is_now: whether it may be another version than the one that was listed.
    """
    started = perf_counter()
    try:
        fitted = _fit(entry, plan, places, as_it_is_now=as_it_is_now)
    except (SourceChanged, FileNotFoundError) as error:
        reason = str(error) if isinstance(error, SourceChanged) else _GONE
        fitted = Fitted(Row(entry, Status.CHANGED, reason))
    except MemoryError:
        fitted = Fitted(Row(entry, Status.REFUSED, "it needs more memory than there is"))
    except _StorageError as error:
        fitted = Fitted(Row(entry, Status.IO, f"cannot read it: {reason_of(error.cause)}"))
    except BytefitError as error:
        fitted = Fitted(_failed(entry, error))
    except Exception as error:  # noqa: BLE001  (one bad file must not stop the others)
        fitted = Fitted(Row(entry, Status.REFUSED, f"{type(error).__name__}: {reason_of(error)}"))
    row = fitted.row._replace(
        reason=one_line(fitted.row.reason)[:_REASON],
        seconds=perf_counter() - started,
        versions=versions(),
        options=plan.options_hash,
    )
    return fitted._replace(row=row)


class _StorageError(Exception):
    def __init__(self, cause: Exception) -> None:
        self.cause = cause


def _failed(entry: Entry, error: BytefitError) -> Row:
    """Return the row of an image that was refused."""
    if isinstance(error, BudgetUnreachable):
        return Row(entry, Status.UNREACHABLE, str(error))
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError):
            return Row(entry, Status.REFUSED, "it needs more memory than it may take")
        cause = cause.__cause__
    return Row(entry, Status.CORRUPT if isinstance(error, CorruptImage) else Status.REFUSED, str(error))


def _fit(entry: Entry, plan: Plan, places: Places, *, as_it_is_now: bool) -> Fitted:
    listed = entry.stamp
    output = output_name(plan, entry.name)
    fits = plan.copies_what_fits and listed.size is not None and plan.allows(listed.size)
    if plan.in_place and fits and not as_it_is_now:
        return Fitted(Row(entry, Status.FITS, answer=Answer(entry.name, listed.size or 0)))
    if not plan.in_place and not is_auto(plan.wanted.format) and (left := _left_alone(entry, plan, places, output)):
        return Fitted(left)
    if fits and _keeps_format(output, entry.name) and _copies_itself(places, plan) and not as_it_is_now:
        return Fitted(Row(entry, Status.FITS, answer=Answer(output, listed.size or 0)), copied=True)
    content = _read(entry, places)
    if listed.differs(content.stamp) and not as_it_is_now:
        raise SourceChanged(_NOT_AS_LISTED)
    entry = entry._replace(stamp=content.stamp._replace(size=len(content.data)))
    return _fitted(entry, plan, content, output)


def _read(entry: Entry, places: Places) -> Content:
    try:
        return retried(lambda: places.source.read(entry.name))
    except (SourceChanged, FileNotFoundError, MemoryError):
        raise
    except Exception as error:
        raise _StorageError(error) from error


def _left_alone(entry: Entry, plan: Plan, places: Places, output: str) -> Row | None:
    """Return the row of an image whose answer is there already and may not be overwritten; else None."""
    if plan.overwrite == "always" or (there := retried(lambda: places.destination.stamp(output))) is None:
        return None
    size, made, changed = there.size or 0, there.mtime, entry.stamp.mtime
    if plan.overwrite == "never" and not plan.allows(size):
        return Row(entry, Status.REFUSED, f"{output} is there and over the budget; --overwrite changed replaces it")
    is_newer = made is not None and changed is not None and made >= changed
    if plan.overwrite == "never" or (is_newer and plan.allows(size)):
        return Row(entry, Status.DONE, "the answer was there already", Answer(output, size))
    return None


def _copies_itself(places: Places, plan: Plan) -> bool:
    """Return whether source and destination are the same storage, which can copy an object by itself."""
    fs = getattr(places.source, "fs", None)
    return fs is not None and fs is getattr(places.destination, "fs", None) and not plan.keep_times


def _keeps_format(output: str, name: str) -> bool:
    return output[output.rfind(".") :].lower() == name[name.rfind(".") :].lower()


def _fitted(entry: Entry, plan: Plan, content: Content, output: str) -> Fitted:
    """Return the answer for an image that was read."""
    data, wanted = content.data, plan.wanted
    replaces = content.stamp if plan.in_place else None
    if plan.allows(len(data)) and plan.copies_what_fits and _is_named_right(data, output, entry.name):
        answer = Answer(output, len(data), _hash(data))
        return Fitted(Row(entry, Status.FITS, answer=answer), None if plan.in_place else data, dict(content.headers))
    source = Source(entry.name, data, max_pixels=wanted.max_pixels)
    auto = is_auto(wanted.format)
    # A name without the suffix of a format keeps the format of its image.
    target = None if plan.in_place else output if auto or _has_format(output) else "/dev/null"
    if target == "/dev/null" and wanted.format is None:
        wanted, target = wanted._replace(format=codec_for_format(source.picture.format or "").format), output
    found, result, _ = fit_source(source, plan.budget, wanted, plan.asked, output=target)
    if found is None:
        return Fitted(Row(entry, *_left_as_it_is(result, plan), answer=Answer(output, len(data), _hash(data))))
    if auto and result is not None:
        output = output_name(plan, entry.name, result.format)
    if result is not None:
        verify(result)
    answer = Answer(output, len(found), _hash(found))
    if result is not None:
        score = score_of_file(source.picture, found) if plan.scores else result.score
        answer = answer._replace(format=result.format, quality=result.quality, score=score, trials=len(result.trials))
    headers = {**content.headers, "ContentType": _content_type(output, answer.format)}
    status = Status.FITS if found == data else Status.DONE
    if result is not None and not result.fits:
        return Fitted(Row(entry, Status.UNREACHABLE, "the smallest answer is over the budget", answer), found, headers)
    return Fitted(Row(entry, status, answer=answer), found, headers, replaces=replaces)


def _content_type(name: str, made: str | None) -> str:
    """Return the media type of a file, by Pillow's name of its format if that is known."""
    from PIL import Image

    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Image.MIME.get(made or "", guessed)


def _left_as_it_is(result: Result | None, plan: Plan) -> tuple[Status, str]:
    if result is None:
        return Status.FITS, ""
    return Status.UNREACHABLE, f"its smallest encoding is {result.size} bytes, not worth writing over {plan.budget}"


def _is_named_right(data: bytes, output: str, name: str) -> bool:
    """Return whether a file is of the format that the name of its answer has."""
    named = formats.SUFFIXES.get(output[output.rfind(".") :].lower())
    if named is None:
        return output == name
    found = formats.sniff(data[:32])
    return found is not None and formats.named(found) == formats.named(named)


def _has_format(output: str) -> bool:
    return output[output.rfind(".") :].lower() in formats.SUFFIXES


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write_answer(fitted: Fitted, plan: Plan, places: Places) -> Row:
    """Write the answer of an image, and return its row."""
    row, answer = fitted.row, fitted.row.answer
    if answer is None or plan.dry_run or (fitted.data is None and not fitted.copied):
        return row
    data, mtime = fitted.data, row.entry.stamp.mtime if plan.keep_times else None
    try:
        if data is None:
            retried(lambda: places.source.copy(row.entry.name, places.destination, answer.output))
        else:
            options = WriteOptions(fitted.headers, fitted.replaces, mtime)
            retried(lambda: places.destination.write(answer.output, data, options))
    except SourceChanged as error:
        return row._replace(status=Status.CHANGED, reason=str(error), answer=None)
    except Exception as error:  # noqa: BLE001  (a storage raises what its libraries raise)
        return row._replace(status=Status.IO, reason=f"cannot write the answer: {reason_of(error)}", answer=None)
    return row


def is_written(row: Row, places: Places) -> bool:
    """Return whether the answer of a row, of which only the intent was noted, is there."""
    if row.answer is None or row.answer.sha256 is None:
        return False
    try:
        return _hash(places.destination.read(row.answer.output).data) == row.answer.sha256
    except Exception:  # noqa: BLE001  (then the image is taken again)
        return False

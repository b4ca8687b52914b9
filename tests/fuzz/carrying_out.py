"""Carries out one order and checks what comes of it."""

from __future__ import annotations

import pickle
import re
import traceback
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from PIL import Image

import bytefit
from bytefit.cli.main import main as command
from bytefit.options import OPTIONS

from .files import picture
from .promises import BrokenPromise, Shown, check, check_pixels, shown

if TYPE_CHECKING:
    from .order import Order

_OUR_FILES = str(Path(bytefit.__file__).parent)


@dataclass(frozen=True, slots=True)
class Ending:
    """How an order ended.

    Attributes:
        seed: the seed of the order.
        kind: "answer", "left alone", the class of a refusal, or "finding".
        order: the order in words.
        error: for a finding, its type and message.
        frame: for a finding, the last line of bytefit, and the last line of all.
    """

    seed: int
    kind: str
    order: str = ""
    error: str = ""
    frame: str = ""

    @property
    def signature(self) -> str:
        """What findings with the same cause probably have in common: the place and the error, or the broken promise."""
        name, _, text = self.error.partition(":")
        return re.sub(r"\d+", "#", text.strip()) if name == BrokenPromise.__name__ else f"{self.frame} {name}"


def carry_out(order: Order) -> Ending:
    """Carry out an order in an empty folder and check its answer; never raises but by a fault of the fuzzer."""
    with TemporaryDirectory(prefix="fuzz-") as name, chdir(name):
        try:
            kind = _carried_out(order, Path(f"in{order.file.suffix}"))
        except Exception as error:  # noqa: BLE001  (every one is a finding)
            return Ending(order.seed, "finding", str(order), _text(error), _frames(error))
    return Ending(order.seed, kind)


def _text(error: Exception) -> str:
    try:
        return f"{type(error).__name__}: {error}"[:300]
    except Exception as again:  # noqa: BLE001  (an error that cannot be printed is a finding, too)
        return f"{type(error).__name__}, whose text raises {type(again).__name__}"


def _frames(error: Exception) -> str:
    """Return the last line of bytefit and the last line of all that an error came through."""
    stack = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in stack if frame.filename.startswith(_OUR_FILES)]
    last = {id(frame): frame for frame in (*ours[-1:], *stack[-1:])}.values()
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in last)


def _carried_out(order: Order, path: Path) -> str:
    """Return how an order ended.

    Raises:
        BrokenPromise: if an answer is not what was asked for.
        Exception: whatever came out of bytefit and must not.
    """
    path.write_bytes(order.data)
    ways = {"in place": _in_place, "output": _to_output, "save": _saved, "fix": _fixed}
    try:
        kind = ways.get(order.way, _compressed)(order, path)
    except (bytefit.BytefitError, OSError) as error:
        kind = type(error).__name__
        _check_error(error)
        if path.read_bytes() != order.data:
            raise BrokenPromise(f"the file was changed, and then: {error}") from error
    left = [found.name for found in Path().iterdir() if found.name.startswith(".bytefit")]
    if left:
        raise BrokenPromise(f"left behind: {left}")
    return kind


def _check_error(error: Exception) -> None:
    """Check that an error can be printed, and sent to another process."""
    str(error)
    if isinstance(error, bytefit.BytefitError):
        again = pickle.loads(pickle.dumps(error))  # noqa: S301  (it was made here)
        if str(again) != str(error):
            raise BrokenPromise(f"{type(error).__name__} is another one in another process")


def _compressed(order: Order, path: Path) -> str:
    image: Any = path
    data, source, marked = order.data, None, order.file.marked
    if order.way == "opened":
        image = _opened(path)
    elif order.way == "image":
        image = picture(Random(order.seed))
        source, marked = _in_memory(image), False
        data = b""
    result = bytefit.compress(image, order.target, **order.options)
    if result.size != len(result.data):
        raise BrokenPromise("the size is not that of the data")
    if data:
        source = shown(data)
    if result.fits:
        check(result.data, result.budget, order.options, source, marked=marked)
    elif order.options.get("on_unreachable") != "smallest":
        raise BrokenPromise(f"{result.size} bytes of {result.budget}")
    else:
        check_pixels(result.data, order.options, source)
    floor = order.options.get("min_quality")
    if floor is not None and result.quality < floor:
        raise BrokenPromise(f"quality {result.quality} is below {floor}")
    return "answer"


def _opened(path: Path) -> Image.Image:
    """Return an image as a user of Pillow has it: opened, not decoded.

    It is opened from memory: Pillow shows a raw TIFF with an orientation in another way where it maps the file.

    Raises:
        OSError: if Pillow cannot open it; that is nothing of bytefit's.
    """
    try:
        return Image.open(BytesIO(path.read_bytes()))
    except Exception as error:
        raise OSError("Pillow cannot open it") from error


def _in_memory(image: Image.Image) -> Shown | None:
    """Return what an image in memory shows, by way of a PNG where that holds it."""
    if image.mode not in {"1", "L", "LA", "RGB", "RGBA", "P"}:
        return None
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return shown(buffer.getvalue())


def _in_place(order: Order, path: Path) -> str:
    outcome = bytefit.compress_file(path, order.target, **order.options)
    return _check_outcome(order, path, outcome)


def _to_output(order: Order, path: Path) -> str:
    output = Path(f"out{order.suffix}")
    outcome = bytefit.compress_file(path, order.target, output=output, **order.options)
    if path.read_bytes() != order.data:
        raise BrokenPromise("the source was changed")
    return _check_outcome(order, output, outcome)


def _check_outcome(order: Order, path: Path, outcome: bytefit.Outcome) -> str:
    data = path.read_bytes()
    if len(data) != outcome.after:
        raise BrokenPromise(f"{len(data)} bytes on disk, {outcome.after} in the outcome")
    if not outcome.changed:
        if data != order.data:
            raise BrokenPromise("changed, and the outcome says it was not")
        return "left alone"
    source = shown(order.data)
    if outcome.fits:
        check(data, outcome.budget, order.options, source, marked=order.file.marked)
    elif order.options.get("on_unreachable") != "smallest":
        raise BrokenPromise(f"{len(data)} bytes of {outcome.budget}")
    if order.way == "in place" and source is not None and (answer := shown(data)) and answer.format != source.format:
        raise BrokenPromise(f"{source.format} became {answer.format}")
    return "answer"


def _saved(order: Order, path: Path) -> str:
    image = _opened(path)
    output = Path(f"out{order.suffix}")
    bytefit.register()
    try:
        image.save(output, target_size=order.target, **order.options)
    finally:
        bytefit.unregister()
    budget = bytefit.parse_size(order.target)
    data = output.read_bytes()
    options = dict(order.options)
    if options.get("lossless") and order.suffix == ".webp":
        options.pop("exact", None)  # here it is Pillow's own option: keep the colours of invisible pixels
    if len(data) <= budget or options.get("on_unreachable") != "smallest":
        check(data, budget, options, shown(order.data), marked=order.file.marked)
    return "answer"


def _fixed(order: Order, path: Path) -> str:
    arguments = ["fix", "--max-size", str(order.target)]
    for option in OPTIONS:
        value = order.options.get(option.name)
        if value is None or value is False:
            continue
        arguments += [f"--{option.key}"] if option.value_type == "boolean" else [f"--{option.key}={value}"]
    printed = StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        try:
            code = command([*arguments, "."])
        except SystemExit as end:
            code = end.code
    if code not in {0, 1, 2}:
        raise BrokenPromise(f"exit code {code}")
    data = path.read_bytes()
    if data == order.data:
        return f"fix, exit code {code}"
    budget, source = bytefit.parse_size(order.target), shown(order.data)
    if len(data) <= budget:
        check(data, budget, order.options, source, marked=order.file.marked)
    elif order.options.get("on_unreachable") != "smallest" or len(data) >= len(order.data):
        raise BrokenPromise(f"{len(data)} bytes of {budget}")
    return "answer"

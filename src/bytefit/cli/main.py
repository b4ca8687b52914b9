"""The command line: it reads the arguments, calls the rest of the package, prints lines and returns an exit code.

Exit codes: 0 fine; 1 something is over its budget or was rewritten; 2 wrong usage, or a file that cannot be used.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import os
import signal
import sys
import warnings
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from bytefit import __version__
from bytefit.cli.options import OVER, WRONG, formatter, os_error_message
from bytefit.errors import BudgetUnreachable, BytefitError
from bytefit.sources.streams import STANDARD

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


class Command(NamedTuple):
    """A command: the line that the help has about it, and what adds its arguments to a parser."""

    about: str
    module: str
    adds: str


COMMANDS = {
    "compress": Command("make one image fit a size", "compress", "add_compress"),
    "explain": Command("show why an image gets the quality that it gets; write no image", "explain", "add_explain"),
    "check": Command("report images over their budgets; never write", "budgets", "add_check"),
    "fix": Command("recompress images over their budgets in place", "budgets", "add_fix"),
    "batch": Command("make many images fit a size, on one machine or many", "batch", "add_batch"),
    "batch status": Command("show how far a batch is", "batches.status", "add_status"),
    "batch manifest": Command("write what a batch did with each image", "batches.status", "add_manifest"),
    "presets": Command("list limits by name, such as those of uploads", "presets", "add_presets"),
    "train": Command("train the models on your images (needs bytefit[train])", "training", "add_train"),
    "models": Command("list the models in use, or check them on this machine", "models", "add_models"),
    "bench": Command("measure bytefit on your images (needs bytefit[train])", "benchmarks", "add_bench"),
}

# The number of the signal that ends a program whose output nobody reads. Windows has none.
_SIGPIPE = 13


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line. A subcommand reports its unknown arguments itself."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Refuse unknown arguments here: this parser knows which command's help to name.

        Two words may name one command, such as "batch status".
        """
        if args and " ".join(args[:2]) in self._commands():
            args = [" ".join(args[:2]), *args[2:]]
        parsed, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return parsed, unknown

    def _commands(self) -> Collection[str]:
        return [name for action in self._actions if isinstance(action.choices, dict) for name in action.choices]

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """End the command, once what it printed (the help, the version) has been written."""
        _flush()
        super().exit(status, message)

    def error(self, message: str) -> NoReturn:
        self.exit(WRONG, f"{self.prog}: error: {message}; see '{self.prog} --help'\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the `bytefit` command with `argv` (None: the process's own arguments) and return its exit code."""
    if argv is None:
        # An exception unwinds the stack, so temporary files are removed; the default action would leave them behind.
        signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
        _save_garbage_collections()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # not every file name is text, not every console is UTF-8
            stream.reconfigure(errors="backslashreplace")
    given = sys.argv[1:] if argv is None else argv
    # A hook passes bare file names, and a file may be called "-x.jpg".
    words = [f"./{word}" if word[:1] == "-" and word != STANDARD and os.path.lexists(word) else word for word in given]
    try:
        arguments = _parser(words).parse_args(words)
        if isinstance(sys.stdout, TextIOWrapper):  # in a log of both streams, such as CI's, lines keep their order
            sys.stdout.reconfigure(line_buffering=True)
        # Pillow warns of odd metadata and of large images, both of which bytefit handles. The library leaves the
        # filters to the process, because they are those of all threads; here the process is the command.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code = int(arguments.run(arguments))
        _flush()
    except BrokenPipeError:  # nobody reads the output any more, as in `bytefit check | head`
        _drop_output()
        return 128 + _SIGPIPE
    except (BytefitError, OSError, ModuleNotFoundError, KeyboardInterrupt) as error:
        return _fail(*_message_and_code(error))
    return code


def _save_garbage_collections() -> None:
    """Search this process less often for what reference counting leaves behind, and not at all at its end.

    Of the 120 ms of processor time that a photograph of a megapixel takes, the end takes 12 otherwise: Python looks
    three times through all that was loaded. The searches while modules are loaded take 4.
    """
    gc.set_threshold(20_000)
    atexit.register(gc.freeze)


def _message_and_code(error: BaseException) -> tuple[str, int]:
    """Return what to say of an error, and the exit code. One that nobody foresaw is raised again."""
    from bytefit.cli.training import EXTRAS

    match error:
        case BudgetUnreachable():
            return str(error), OVER
        case BytefitError():
            return str(error), WRONG
        case OSError():
            return os_error_message(error), WRONG
        case KeyboardInterrupt():
            return "interrupted; no file was left half written", 130
        case ModuleNotFoundError(name=str(name)) if name.partition(".")[0] in EXTRAS:
            name = name.partition(".")[0]
            return f"this command needs {name}: pip install 'bytefit[{EXTRAS[name]}]'", WRONG
    raise error


def _flush() -> None:
    """Write what was printed. There may be nowhere to print to: a service may run without standard output."""
    if sys.stdout is not None:
        sys.stdout.flush()


def _drop_output() -> None:
    """Send what cannot be written nowhere: at the end Python would try again, and complain."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, code: int) -> int:
    line = message.replace("\n", "\\n")
    try:
        _flush()
    except OSError:  # such as "no space left on device"
        _drop_output()
    print(f"bytefit: error: {line}", file=sys.stderr)
    return code


def _parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Return the parser of the command that `words` begin with, or the parser of all commands if they name none.

    A command's module is loaded with its arguments: a hook that runs for every commit does not wait for the others.
    """
    parser = _Parser(prog="bytefit", description="Make images fit a byte budget.", formatter_class=formatter())
    parser.add_argument("--version", action="version", version=f"bytefit {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", prog="bytefit")
    named = next((name for name in (" ".join(words[:2]), *words[:1]) if name in COMMANDS), None)
    for name, command in COMMANDS.items():
        if named in {None, name}:
            below = commands.add_parser(name, help=command.about, formatter_class=parser.formatter_class)
            getattr(import_module(f"bytefit.cli.{command.module}"), command.adds)(below)
    return parser

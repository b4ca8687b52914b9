"""The command line: it reads the arguments, calls the rest of the package, prints lines and returns an exit code.

Exit codes: 0 fine; 1 something is over its budget or was rewritten; 2 wrong usage, or a file that cannot be used.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import warnings
from contextlib import suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, NoReturn

from bytefit import __version__
from bytefit.cli.batch import add_batch_commands
from bytefit.cli.benchmarks import add_benchmark_commands
from bytefit.cli.budgets import add_budget_commands
from bytefit.cli.options import (
    FINE,
    OVER,
    WRONG,
    add_fitting_options,
    fitting_options,
    os_error_message,
    size_argument,
    summary_line,
)
from bytefit.cli.training import EXTRAS, add_training_commands
from bytefit.errors import BudgetUnreachable, BytefitError
from bytefit.sources.streams import STANDARD, is_standard_output

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bytefit.files.compress_file import Outcome


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

    def error(self, message: str) -> NoReturn:
        self.exit(WRONG, f"{self.prog}: error: {message}; see '{self.prog} --help'\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the `bytefit` command with `argv` (None: the process's own arguments) and return its exit code."""
    if argv is None:
        # An exception unwinds the stack, so temporary files are removed; the default action would leave them behind.
        signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # not every file name is text, not every console is UTF-8
            stream.reconfigure(errors="backslashreplace")
    given = sys.argv[1:] if argv is None else argv
    # A hook passes bare file names, and a file may be called "-x.jpg".
    arguments = _parser().parse_args(
        [f"./{word}" if word[:1] == "-" and word != STANDARD and os.path.lexists(word) else word for word in given]
    )
    try:
        # Pillow warns of odd metadata and of large images, both of which bytefit handles. The library leaves the
        # filters to the process, because they are those of all threads; here the process is the command.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code = int(arguments.run(arguments))
        sys.stdout.flush()
    except BrokenPipeError:
        return _fail_silently()
    except (BytefitError, OSError, ModuleNotFoundError, KeyboardInterrupt) as error:
        return _fail(*_message_and_code(error))
    return code


def _message_and_code(error: BaseException) -> tuple[str, int]:
    """Return what to say of an error, and the exit code. One that nobody foresaw is raised again."""
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


def _fail_silently() -> int:
    """Return the exit code of a command that nobody reads the output of any more, as in `bytefit check | head`."""
    with suppress(OSError, ValueError):  # without it, Python complains when it flushes the stream at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 128 + _SIGPIPE


def _fail(message: str, code: int) -> int:
    line = message.replace("\n", "\\n")
    print(f"bytefit: error: {line}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="bytefit", description="Make images fit a byte budget.")
    parser.add_argument("--version", action="version", version=f"bytefit {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    compress = commands.add_parser("compress", help="make one image fit a size")
    compress.add_argument(
        "path", metavar="IMAGE", help="the image file, replaced unless --output is given; - is standard input"
    )
    compress.add_argument(
        "--to", type=size_argument, required=True, metavar="SIZE", help="the largest size allowed: 200KB, 1.5MiB, 4096"
    )
    compress.add_argument(
        "-o", "--output", metavar="FILE", help="write here; the suffix chooses the format; - is standard output"
    )
    add_fitting_options(compress)
    compress.add_argument("--json", action="store_true", help="print the outcome as JSON")
    compress.set_defaults(run=_compress)

    add_budget_commands(commands)
    add_batch_commands(commands)
    add_training_commands(commands)
    add_benchmark_commands(commands)
    return parser


def _compress(arguments: argparse.Namespace) -> int:
    from bytefit.cli.best_effort import note_missing_extra, passes_on_a_terminal
    from bytefit.files.compress_file import compress_file

    options = fitting_options(arguments)
    with passes_on_a_terminal(options.get("effort")):
        outcome = compress_file(arguments.path, arguments.to, output=arguments.output, **options)
    note_missing_extra([outcome.result])
    answered = is_standard_output(arguments.output or arguments.path)
    line = _as_json(outcome) if arguments.json else summary_line(outcome)
    print(line, file=sys.stderr if answered else sys.stdout)
    return FINE if outcome.fits else OVER


def _as_json(outcome: Outcome) -> str:
    import json
    from dataclasses import asdict

    record: dict[str, Any] = {
        "path": str(outcome.path),
        "output": str(outcome.output),
        "before": outcome.before,
        "size": outcome.after,
        "budget": outcome.budget,
        "fill": outcome.after / outcome.budget,
        "fits": outcome.fits,
        "changed": outcome.changed,
    }
    if (result := outcome.result) is not None:
        names = ("format", "quality", "width", "height", "frames", "scale", "score", "proven")
        record |= {name: getattr(result, name) for name in names}
        record["dropped"] = list(result.dropped)
        record |= {"trials": [asdict(trial) for trial in result.trials]}
        record |= {"probes": [asdict(trial) for trial in result.probes], "seconds": result.seconds}
    return json.dumps(record, indent=2)

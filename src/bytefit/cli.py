"""The command line: arguments in, lines and an exit code out. Everything it does is done elsewhere.

Exit codes: 0 fine; 1 something is over its budget or was rewritten; 2 wrong usage, or a file that cannot be used.
"""

from __future__ import annotations

import argparse
import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from bytefit import __version__
from bytefit.bytesize import format_size, parse_size
from bytefit.cli_training import EXTRAS, add_training_commands
from bytefit.errors import BudgetUnreachable, BytefitError
from bytefit.options import EFFORTS, ON_UNREACHABLE, POLICIES, check_options, check_widths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bytefit.files import Outcome

FINE, OVER, WRONG = 0, 1, 2


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, and which answers for its own leftovers."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Refuse what is not known here, where the usage that would help is known too."""
        parsed, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return parsed, unknown

    def error(self, message: str) -> NoReturn:
        self.exit(WRONG, f"{self.prog}: error: {message}; see '{self.prog} --help'\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the `bytefit` command with `argv` (None: the process's own arguments) and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # file names need not be text, nor consoles be UTF-8
            stream.reconfigure(errors="backslashreplace")
    given = sys.argv[1:] if argv is None else argv
    # A file may be called "-x.jpg", and a hook is given bare names.
    arguments = _parser().parse_args(
        [f"./{word}" if word[:1] == "-" and os.path.lexists(word) else word for word in given]
    )
    try:
        return int(arguments.run(arguments))
    except BudgetUnreachable as error:
        return _fail(str(error), OVER)
    except BytefitError as error:
        return _fail(str(error), WRONG)
    except OSError as error:
        return _fail(_reason(error), WRONG)
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name not in EXTRAS:
            raise
        return _fail(f"this command needs {name}: pip install 'bytefit[{EXTRAS[name]}]'", WRONG)
    except KeyboardInterrupt:
        return _fail("interrupted; nothing was left half written", 130)


def _fail(message: str, code: int) -> int:
    line = message.replace("\n", "\\n")
    print(f"bytefit: error: {line}", file=sys.stderr)
    return code


def _reason(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename is not None else ""
    return f"{where}{(error.strerror or str(error)).lower()}"


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="bytefit", description="Make images fit a byte budget.")
    parser.add_argument("--version", action="version", version=f"bytefit {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    compress = commands.add_parser("compress", help="make one image fit a size")
    compress.add_argument("path", type=Path, metavar="IMAGE")
    compress.add_argument("--to", type=_size, required=True, metavar="SIZE", help="the most bytes: 200KB, 1.5MiB, 4096")
    compress.add_argument("-o", "--output", type=Path, metavar="FILE", help="write here; the suffix sets the format")
    compress.add_argument("--format", metavar="FORMAT", help="JPEG, WEBP or AVIF, where the suffix does not tell")
    _add_fitting_options(compress)
    compress.add_argument("--exact", action="store_true", help="pad the file to exactly SIZE")
    compress.add_argument("--json", action="store_true", help="print the outcome as JSON")
    compress.set_defaults(run=_compress)

    check = commands.add_parser("check", help="report images over a size, change nothing")
    _add_audit_options(check)
    check.set_defaults(run=_check)

    fix = commands.add_parser("fix", help="recompress images over a size, in place")
    _add_audit_options(fix)
    _add_fitting_options(fix)
    fix.add_argument("--dry-run", action="store_true", help="say what would be done, write nothing")
    fix.set_defaults(run=_fix)

    add_training_commands(commands)
    return parser


def _add_fitting_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--slack", type=float, default=0.05, metavar="SHARE", help="budget that may stay unused: 0.05")
    parser.add_argument("--min-quality", type=float, metavar="Q", help="the least quality, on the codec's own scale")
    parser.add_argument("--min-score", type=float, metavar="S", help="the least SSIMULACRA2 score (needs metrics)")
    parser.add_argument("--resize", action="store_true", help="scale down where that looks better, or is needed")
    parser.add_argument("--min-width", type=int, metavar="PIXELS", help="with --resize: the least width")
    parser.add_argument("--max-width", type=int, metavar="PIXELS", help="with --resize: the most width")
    parser.add_argument("--effort", default="normal", choices=EFFORTS, help="time for quality: normal")
    parser.add_argument("--metadata", default="keep", choices=POLICIES, help="what is kept of EXIF, ICC, XMP ...")
    parser.add_argument("--on-unreachable", default="error", choices=ON_UNREACHABLE, help="what to do then")


def _add_audit_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", type=Path, nargs="*", default=[Path()], metavar="PATH", help="files or folders")
    parser.add_argument("--max-size", type=_size, required=True, metavar="SIZE", help="the budget of every image")


def _size(text: str) -> int:
    try:
        return parse_size(text)
    except BytefitError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _fitting_options(arguments: argparse.Namespace) -> dict[str, Any]:
    names = ("slack", "min_quality", "min_score", "resize", "min_width", "max_width", "effort")
    return {name: getattr(arguments, name) for name in (*names, "metadata", "on_unreachable")}


def _compress(arguments: argparse.Namespace) -> int:
    from bytefit.files import compress_file

    outcome = compress_file(
        arguments.path,
        arguments.to,
        output=arguments.output,
        format=arguments.format,
        exact=arguments.exact,
        **_fitting_options(arguments),
    )
    print(_as_json(outcome) if arguments.json else _told(outcome))
    return FINE if outcome.fits else OVER


def _told(outcome: Outcome) -> str:
    """Return what happened to a file in one line."""
    if outcome.result is None and outcome.changed:
        return f"{outcome.output}: {format_size(outcome.after)}, the same picture as {outcome.path}"
    if outcome.result is None:
        return f"{outcome.path}: {format_size(outcome.before)} fits {format_size(outcome.budget)} as it is, left alone"
    result = outcome.result
    detail = f"{result.format} quality {result.quality:g}"
    if result.scale < 1:
        detail += f" at {result.width}x{result.height}"
    if result.score is not None:
        detail += f", score {result.score:.1f}"
    trials = "1 trial" if len(result.trials) == 1 else f"{len(result.trials)} trials"
    over = "" if outcome.fits else f", still over its budget of {format_size(outcome.budget)}"
    return (
        f"{outcome.output}: {format_size(outcome.before)} -> {format_size(outcome.after)}{over} "
        f"({detail}, {trials}, {result.seconds:.2f} s)"
    )


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
        names = ("format", "quality", "width", "height", "scale", "score", "proven")
        record |= {name: getattr(result, name) for name in names}
        record |= {"trials": [asdict(trial) for trial in result.trials]}
        record |= {"probes": [asdict(trial) for trial in result.probes], "seconds": result.seconds}
    return json.dumps(record, indent=2)


def _check(arguments: argparse.Namespace) -> int:
    from bytefit.budgets.audit import audit

    seen = over = 0
    for audited in audit(arguments.paths, arguments.max_size):
        seen += 1
        if audited.over:
            over += 1
            excess = audited.size - audited.budget
            print(
                f"{audited.path}: {format_size(audited.size)} ({audited.format}), "
                f"{format_size(excess)} over its budget of {format_size(audited.budget)}"
            )
    if over:
        print(f"{over} of {seen} files over budget; 'bytefit fix' recompresses what it can")
    return OVER if over else FINE


def _fix(arguments: argparse.Namespace) -> int:
    from bytefit.budgets.audit import audit

    check_options(
        slack=arguments.slack,
        on_unreachable=arguments.on_unreachable,
        metadata=arguments.metadata,
        effort=arguments.effort,
        min_score=arguments.min_score,
    )
    check_widths(resize=arguments.resize, min_width=arguments.min_width, max_width=arguments.max_width)
    code = FINE
    # The list is made first: what is rewritten must not be met again.
    for audited in [audited for audited in audit(arguments.paths, arguments.max_size) if audited.over]:
        from bytefit.files import compress_file

        code = OVER
        try:
            outcome = compress_file(
                audited.path, audited.budget, dry_run=arguments.dry_run, **_fitting_options(arguments)
            )
        except (BytefitError, OSError) as error:
            reason = _reason(error) if isinstance(error, OSError) else str(error)
            named = reason if str(audited.path) in reason else f"{audited.path}: {reason}"
            print(f"left as it is ({format_size(audited.size)}): {named}")
            continue
        if not outcome.changed and not arguments.dry_run:
            print(f"left as it is ({format_size(audited.size)}): {audited.path}: nothing smaller was found")
            continue
        print(f"{'would fix' if arguments.dry_run else 'fixed' if outcome.fits else 'shrunk'} {_told(outcome)}")
    return code

"""`bytefit compress`: its arguments and output."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from bytefit.cli.options import (
    FINE,
    OVER,
    add_fitting_options,
    add_loudness,
    add_page,
    add_target,
    fitted_to,
    fitting_options,
    summary_line,
)
from bytefit.sources.streams import is_standard_output, shown_name

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from bytefit.cli.pages.of_compress import Onlooker
    from bytefit.files.compress_file import Outcome


def add_compress(compress: argparse.ArgumentParser) -> None:
    """Add the arguments of `bytefit compress`."""
    compress.add_argument(
        "paths",
        nargs="+",
        metavar="IMAGE",
        help="the image file, replaced unless --output or --out-dir is given; - is standard input",
    )
    add_target(compress)
    where = compress.add_mutually_exclusive_group()
    where.add_argument(
        "-o", "--output", metavar="FILE", help="write here; the suffix chooses the format; - is standard output"
    )
    where.add_argument("--out-dir", metavar="DIR", help="write files of the same names to this folder")
    where.add_argument("--in-place", action="store_true", help="replace the images; needed for several of them")
    add_fitting_options(compress)
    compress.add_argument("--json", action="store_true", help="print the outcome as JSON")
    add_page(compress)
    add_loudness(compress)
    compress.set_defaults(run=_compress)


def _compress(arguments: argparse.Namespace) -> int:
    if len(arguments.paths) > 1 or arguments.out_dir is not None:
        from bytefit.cli.several import compress_several

        return compress_several(arguments)
    outcome = _compressed(arguments)
    answered = is_standard_output(arguments.output or arguments.paths[0])
    stream = sys.stderr if answered else sys.stdout
    if arguments.json:
        print(as_json(outcome), file=stream)
    for line in lines_of(outcome, arguments):
        print(line, file=stream)
    return FINE if outcome.fits else OVER


def lines_of(outcome: Outcome, arguments: argparse.Namespace) -> Iterator[str]:
    """Yield what is printed of an image, unless that is JSON: with --quiet little, with --verbose its trials."""
    if arguments.json:
        return
    if not (arguments.quiet and outcome.fits):
        yield summary_line(outcome)
    if arguments.verbose and (outcome.changed or outcome.result is not None):
        from bytefit.cli.explaining import why

        yield from why(outcome.result, outcome.after, outcome.budget, fitting_options(arguments))


def _compressed(arguments: argparse.Namespace) -> Outcome:
    from bytefit.files.compress_file import fit_file

    target, options = fitted_to(arguments, fitting_options(arguments))
    path = arguments.paths[0]
    onlooker = _onlooker(arguments)
    look = None if onlooker is None else onlooker.look
    compress = partial(fit_file, path, target, options, output=arguments.output, before_writing=look)
    if arguments.quiet or not sys.stderr.isatty():
        outcome = compress()
    else:
        from bytefit.cli.terminal import work_shown

        with work_shown() as display:
            display.image(shown_name(path))
            outcome = compress()
    if options.get("effort") == "best":
        from bytefit.cli.best_effort import note_missing_extra

        note_missing_extra([outcome.result])
    if onlooker is not None:
        outcome = onlooker.done(outcome)
        onlooker.write_pages()
    return outcome


def _onlooker(arguments: argparse.Namespace) -> Onlooker | None:
    """Return what looks at the image for --report and --scores; None without these."""
    if not (arguments.report or arguments.scores):
        return None
    from bytefit.cli.pages.of_compress import Onlooker

    return Onlooker(arguments)


def as_json(outcome: Outcome) -> str:
    """Return an outcome as JSON."""
    import json

    return json.dumps(record_of(outcome), indent=2)


def record_of(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as it is written to JSON."""
    record: dict[str, Any] = {
        "path": str(outcome.path),
        "output": str(outcome.output),
        "before": outcome.before,
        "size": outcome.after,
        "budget": outcome.budget,
        "padded": outcome.padded,
        "encoded_size": outcome.encoded_size,
        "fill": outcome.encoded_size / outcome.budget,
        "fits": outcome.fits,
        "changed": outcome.changed,
    }
    if (result := outcome.result) is not None:
        names = ("format", "quality", "width", "height", "frames", "scale", "score", "proven")
        record |= {name: getattr(result, name) for name in names}
        record["dropped"] = list(result.dropped)
        record |= {"trials": [trial._asdict() for trial in result.trials]}
        record |= {"probes": [trial._asdict() for trial in result.probes], "seconds": result.seconds}
    return record

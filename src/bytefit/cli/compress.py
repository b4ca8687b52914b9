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
    add_target,
    fitted_to,
    fitting_options,
    summary_line,
)
from bytefit.sources.streams import is_standard_output, shown_name

if TYPE_CHECKING:
    import argparse

    from bytefit.files.compress_file import Outcome


def add_compress(compress: argparse.ArgumentParser) -> None:
    """Add the arguments of `bytefit compress`."""
    compress.add_argument(
        "path", metavar="IMAGE", help="the image file, replaced unless --output is given; - is standard input"
    )
    add_target(compress)
    compress.add_argument(
        "-o", "--output", metavar="FILE", help="write here; the suffix chooses the format; - is standard output"
    )
    add_fitting_options(compress)
    compress.add_argument("--json", action="store_true", help="print the outcome as JSON")
    add_loudness(compress)
    compress.set_defaults(run=_compress)


def _compress(arguments: argparse.Namespace) -> int:
    outcome = _compressed(arguments)
    answered = is_standard_output(arguments.output or arguments.path)
    stream = sys.stderr if answered else sys.stdout
    if arguments.json:
        print(_as_json(outcome), file=stream)
    elif not (arguments.quiet and outcome.fits):
        print(summary_line(outcome), file=stream)
    if arguments.verbose and not arguments.json and (outcome.changed or outcome.result is not None):
        from bytefit.cli.explaining import why

        for line in why(outcome.result, outcome.after, outcome.budget, fitting_options(arguments)):
            print(line, file=stream)
    return FINE if outcome.fits else OVER


def _compressed(arguments: argparse.Namespace) -> Outcome:
    from bytefit.files.compress_file import compress_file

    target, options = fitted_to(arguments, fitting_options(arguments))
    compress = partial(compress_file, arguments.path, target, output=arguments.output, **options)
    if arguments.quiet or not sys.stderr.isatty():
        outcome = compress()
    else:
        from bytefit.cli.terminal import work_shown

        with work_shown() as display:
            display.image(shown_name(arguments.path))
            outcome = compress()
    if options.get("effort") == "best":
        from bytefit.cli.best_effort import note_missing_extra

        note_missing_extra([outcome.result])
    return outcome


def _as_json(outcome: Outcome) -> str:
    import json

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
    return json.dumps(record, indent=2)

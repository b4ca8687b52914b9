"""`bytefit compress` for several images: each to a folder, or in place; one that fails does not stop the others."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bytefit.cli.compress import lines_of, record_of
from bytefit.cli.options import FINE, OVER, WRONG, fitted_to, fitting_options, os_error_message
from bytefit.cli.pages.of_compress import Onlooker
from bytefit.cli.terminal import work_shown
from bytefit.codecs import codec_for_format
from bytefit.errors import BudgetUnreachable, BytefitError, ConfigError
from bytefit.files.atomic import write_atomically
from bytefit.files.compress_file import Outcome, fit_file, verify
from bytefit.fitting.format_choice import AUTO, is_auto
from bytefit.formats import SUFFIXES, named
from bytefit.messages import one_line
from bytefit.sources.streams import STANDARD

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence


def compress_several(arguments: argparse.Namespace) -> int:
    """Compress the images, print a line for each, and return the worst exit code.

    Raises:
        ConfigError: if it is not clear where the answers go. Nothing was written then.
    """
    target, options = fitted_to(arguments, fitting_options(arguments))
    outputs = _outputs(arguments, options)
    codes, records, results = [], [], []
    onlooker = Onlooker(arguments)
    with work_shown(0 if arguments.quiet else len(outputs)) as display:
        for path, output in outputs:
            display.image(path)
            try:
                outcome = onlooker.done(_compressed(path, output, target, options, onlooker))
            except (BytefitError, OSError) as error:
                onlooker.forget()
                codes.append(OVER if isinstance(error, BudgetUnreachable) else WRONG)
                message = os_error_message(error) if isinstance(error, OSError) else str(error)
                named_there = message if path in message else f"{path}: {message}"
                records.append({"path": path, "error": message})
                display.done(None)
                print(one_line(f"bytefit: error: {named_there}"), file=sys.stderr)
                continue
            codes.append(FINE if outcome.fits else OVER)
            records.append(record_of(outcome))
            results.append(outcome.result)
            display.done(None)
            display.say(lines_of(outcome, arguments))
    onlooker.write_pages()
    if arguments.json:
        print(json.dumps(records, indent=2))
    if options.get("effort") == "best":
        from bytefit.cli.best_effort import note_missing_extra

        note_missing_extra(results)
    return max(codes)


def _outputs(arguments: argparse.Namespace, options: Mapping[str, Any]) -> Sequence[tuple[str, str | None]]:
    """Return each image with the file for its answer, None for the image itself; the folder is made.

    Raises:
        ConfigError: if there is no place for each of its own.
    """
    paths: Sequence[str] = arguments.paths
    if STANDARD in paths:
        raise ConfigError("standard input (-) goes alone: give it with --output, and the files in another call")
    if arguments.in_place:
        return [(path, None) for path in paths]
    if arguments.out_dir is None:
        place = "--output is one file" if arguments.output is not None else "each needs a place"
        raise ConfigError(f"{len(paths)} images, and {place}: give --out-dir DIR, or --in-place to replace them")
    folder = Path(arguments.out_dir)
    outputs = [(path, str(folder / _name(path, options.get("format")))) for path in paths]
    seen: dict[str, str] = {}
    for path, output in outputs:
        # With format auto the suffix is not known yet.
        key = str(Path(output).with_suffix("")) if _is_chosen(output, options) else output
        if key in seen:
            raise ConfigError(f"{seen[key]} and {path} would both be written to {output}: fit one of them alone")
        seen[key] = path
        if os.path.realpath(output) == os.path.realpath(path):
            raise ConfigError(f"{output} is the image itself: give another folder, or --in-place to replace it")
    folder.mkdir(parents=True, exist_ok=True)
    return outputs


def _name(path: str, wanted: str | None) -> str:
    """Return the name of the answer for an image: its own, with the suffix of the format asked for."""
    name = Path(path)
    if wanted is None or is_auto(wanted):
        return name.name
    codec = codec_for_format(wanted)
    return name.name if name.suffix.lower() in codec.suffixes else name.stem + codec.suffixes[0]


def _is_chosen(output: str, options: Mapping[str, Any]) -> bool:
    """Return whether the format is found out by fitting, because of "auto" or because its own is not allowed."""
    if options.get("format") is not None:
        return is_auto(options["format"])
    allowed = options.get("formats")
    own = SUFFIXES.get(Path(output).suffix.lower(), "")
    return allowed is not None and named(own).name not in {named(name.upper()).name for name in allowed}


def _compressed(path: str, output: str | None, target: str, options: Mapping[str, Any], onlooker: Onlooker) -> Outcome:
    if output is None or not _is_chosen(output, options):
        return fit_file(path, target, options, output=output, before_writing=onlooker.look)
    chosen = {**options, "format": AUTO}
    outcome = fit_file(path, target, chosen, output=output, dry_run=True, before_writing=onlooker.look)
    result = outcome.result
    assert result is not None, "a format that is chosen is always encoded"
    verify(result)
    made = Path(output).with_suffix(codec_for_format(result.format).suffixes[0])
    write_atomically(made, result.data)
    return outcome._replace(output=made, changed=True)

"""What the commands share: exit codes, the options of `bytefit.compress`, and the line that reports an outcome."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from bytefit.errors import BytefitError, ConfigError
from bytefit.formats import FORMATS
from bytefit.messages import format_size, shown
from bytefit.options import OPTIONS, OWN_OPTIONS
from bytefit.sizes import parse_size, parse_target
from bytefit.sources.streams import shown_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bytefit.files.compress_file import Outcome
    from bytefit.options import Option
    from bytefit.options.presets import Preset

    Destination = tuple[str, str]

FINE, OVER, WRONG = 0, 1, 2

TARGET_HELP = "the largest size allowed: 200KB, 1.5MiB, 4096; or a range: 20KB..50KB"


def formatter() -> Callable[..., argparse.HelpFormatter]:
    """Return what formats help as wide as the terminal.

    argparse asks `shutil` for the width at every argument that is added, and loading `shutil` takes 4 ms.
    """
    try:
        width = int(os.environ.get("COLUMNS", "")) or 80
    except ValueError:
        try:
            width = os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else 1).columns or 80
        except (OSError, ValueError):
            width = 80
    return partial(argparse.HelpFormatter, width=width - 2)


def add_loudness(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how much is printed."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("-q", "--quiet", action="store_true", help="print only errors and what does not fit")
    group.add_argument(
        "-v", "--verbose", action="store_true", help="show the trials of each image, and why the search ended"
    )


def add_learned_codecs(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the formats whose models are meant."""
    parser.add_argument(
        "--codec",
        action="append",
        type=str.upper,
        choices=[one.name for one in FORMATS if one.has_model],
        help="only the model of this format; may be repeated (default: all)",
    )


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what an image is fitted to."""
    parser.add_argument("--to", type=target_argument, metavar="SIZE", help=TARGET_HELP)
    parser.add_argument(
        "--for",
        dest="preset",
        metavar="NAME",
        help="fit a limit by its name, such as discord-emoji: `bytefit presets` lists them; your own options go first",
    )


def fitted_to(arguments: argparse.Namespace, options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the target that was given, or that of the preset, and the options with those of the preset.

    Raises:
        ConfigError: if neither was given, or there is no preset of that name.
    """
    if arguments.preset is None:
        if arguments.to is None:
            raise ConfigError("give a size, as in --to 200KB, or a limit by its name, as in --for discord-emoji")
        return arguments.to, dict(options)
    from bytefit.options.presets import expanded, find_preset

    return expanded(find_preset(arguments.preset, own_presets()), options, arguments.to)


def own_presets(file: str | None = None) -> Mapping[str, Preset]:
    """Return the presets in a configuration; None stands for the nearest one."""
    from bytefit.budgets.configuration import load_configuration

    return load_configuration(os.curdir, file=file).presets


def add_fitting_options(parser: argparse.ArgumentParser, *, for_fix: bool = False) -> None:
    """Add the options of `bytefit.compress`, or only those that `bytefit fix` takes."""
    parser.add_argument(
        "--option",
        action="append",
        type=_save_option,
        default=argparse.SUPPRESS,
        metavar="NAME=VALUE",
        help="a save option of the format's writer, such as progressive=false or method=6; may be repeated",
    )
    for option in OPTIONS:
        if for_fix and not option.for_fix:
            continue
        # An option that is not given must not be among the arguments: the configuration may set it.
        settings: dict[str, Any] = {"default": argparse.SUPPRESS, "help": _help(option)}
        if option.flags:
            _add_flags(parser, option)
            continue
        if option.value_type == "boolean":
            settings["action"] = "store_true"
        else:
            settings["type"] = _reader(option)
            settings["metavar"] = option.metavar or f"{{{','.join(option.choices)}}}"
        parser.add_argument(f"--{option.key}", **settings)


def _save_option(text: str) -> tuple[str, Any]:
    """Return the name and the value of a save option on the command line."""
    from bytefit.options.save_options import SAVE_OPTIONS, unknown_save_option

    name, equals, written = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{shown(text)} has no value: write NAME=VALUE, such as progressive=false")
    known = SAVE_OPTIONS.get(name)
    if known is None:
        raise argparse.ArgumentTypeError(f"unknown save option {shown(name)}{unknown_save_option(name)}")
    for value in _values(written):
        if known.accepts(value):
            return name, value
    raise argparse.ArgumentTypeError(f"{name} {shown(written)}{known.refusal(_as_written)}")


def _values(written: str) -> Iterator[Any]:
    """Yield what a text may stand for: a number, true or false, or itself."""
    for read in (int, float):
        with suppress(ValueError):
            yield read(written)
    yield {"true": True, "false": False}.get(written.lower(), written)
    yield written


def _as_written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _add_flags(parser: argparse.ArgumentParser, option: Option) -> None:
    """Add a flag for each value of an option that has one."""
    group = parser.add_mutually_exclusive_group()
    for value, about in option.flags.items():
        group.add_argument(
            f"--{value}",
            dest=option.name,
            action="store_const",
            const=value,
            default=argparse.SUPPRESS,
            help=about,
        )


def _help(option: Option) -> str:
    """Return the help of an option with its default."""
    default = option.default_note or option.default
    return option.help if default in (None, False) else f"{option.help} (default: {default})"


def _reader(option: Option) -> Callable[[str], Any]:
    """Return a function that reads the value of an option on the command line, and checks it."""

    def read(text: str) -> Any:
        try:
            value = _READERS[option.value_type](text)
            if option.accepts(value):
                return value
        except ValueError:
            pass
        unknown = "unknown value " if option.choices else ""
        raise argparse.ArgumentTypeError(f"{unknown}{shown(text)}{option.refusal(str)}")

    return read


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


_READERS: dict[str, Callable[[str], Any]] = {
    "integer": int,
    "number": float,
    "string": str,
    "path": str,
    "colour": str,
    "size": str,
    "policy": str,
    "box": str,
    "pair": _numbers,
    "numbers": lambda text: _numbers(text) if "," in text else float(text),
    "names": _names,
}


def add_scores(parser: argparse.ArgumentParser) -> None:
    """Add the option that scores every image that was made."""
    parser.add_argument(
        "--scores",
        action="store_true",
        help="score each image by SSIMULACRA2 and say where the loss is visible (below 70); needs bytefit[metrics]",
    )


def add_page(parser: argparse.ArgumentParser, *, scores: bool = True) -> None:
    """Add the options of the page, and that of the scores on it."""
    parser.add_argument(
        "--report",
        action="append",
        type=_destination,
        default=[],
        metavar="html=FILE",
        help="write a page with the images before and after; html-dir=DIR writes it as a folder; may be repeated",
    )
    if scores:
        add_scores(parser)


def _destination(text: str) -> Destination:
    """Return (format, place) of a page."""
    from bytefit.reporters import PAGES, parse_destination

    try:
        form, place = parse_destination(text)
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if form not in PAGES or place is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a page: give html=FILE or html-dir=DIR")
    return form, place


def fitting_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the options of `bytefit.compress` that were given, save options included.

    Raises:
        ConfigError: if one was given without the one it needs.
    """
    given = {name: value for name, value in vars(arguments).items() if name in OWN_OPTIONS}
    given.update(getattr(arguments, "option", ()))
    for option in OPTIONS:
        if option.name in given and (unmet := option.unmet(given)):
            value = "" if unmet[1] in (True, None) else f" {unmet[1]}"
            raise ConfigError(f"--{option.key} needs --{unmet[0]}{value}")
    return given


def target_argument(text: str) -> str:
    """Return a target on the command line as it was written, once it is known that it can be read."""
    try:
        parse_target(text)
    except BytefitError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def size_argument(text: str) -> int:
    """Return the bytes of a size on the command line."""
    try:
        return parse_size(text)
    except BytefitError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def os_error_message(error: OSError) -> str:
    """Return in one line what the system refused, and for which file."""
    where = f"{error.filename}: " if error.filename is not None else ""
    return f"{where}{(error.strerror or str(error)).lower()}"


def summary_line(outcome: Outcome) -> str:
    """Return in one line what happened to a file."""
    from bytefit.fitting.result import how_encoded

    sizes = f"{format_size(outcome.before)} -> {format_size(outcome.after)}"
    if outcome.encoded_size != outcome.after:
        sizes += f", {format_size(outcome.encoded_size)} as text"
    if outcome.result is None and outcome.after == outcome.before and outcome.output == outcome.path:
        return f"{outcome.path}: {format_size(outcome.before)} fits {format_size(outcome.budget)} as it is, left alone"
    output, result = shown_name(str(outcome.output), to_write=True), outcome.result
    if result is None:
        return f"{output}: {sizes} {how_encoded(None, outcome.seconds, padded=outcome.padded)}"
    over = "" if outcome.fits else f", still over its budget of {format_size(outcome.budget)}"
    return f"{output}: {sizes}{over} {how_encoded(result, result.seconds, result.score, padded=outcome.padded)}"

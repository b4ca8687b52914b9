"""The options of `bytefit.compress`: declared once in `table`, checked here.

Checks, command line, configuration and the names that `Image.save` refuses without a target are derived from the table.
Tests hold against it what has to be written out: the signature of `compress`, `FitOptions`, the JSON schema, the pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bytefit.errors import ConfigError
from bytefit.messages import shown
from bytefit.options.records import Bounds, FitOptions, Option, Options
from bytefit.options.table import EFFORTS, ON_UNREACHABLE, OPTIONS, PILLOWS_MOST_PIXELS, POLICIES

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CONVERSIONS",
    "EFFORTS",
    "IN_CONFIGURATION",
    "KEEPING_WHAT_FITS",
    "ON_UNREACHABLE",
    "OPTIONS",
    "OWN_OPTIONS",
    "PILLOWS_MOST_PIXELS",
    "POLICIES",
    "Bounds",
    "FitOptions",
    "Option",
    "Options",
    "ask_for_conversion",
    "checked",
    "options_from",
]

# Any other name is a save option of Pillow, or a mistake.
OWN_OPTIONS = frozenset(option.name for option in OPTIONS)

# If only these are given, a file that fits is left as it is.
KEEPING_WHAT_FITS = frozenset(option.name for option in OPTIONS if option.keeps_what_fits)

# The configuration has keys for these.
IN_CONFIGURATION = frozenset(option.name for option in OPTIONS if option.in_configuration)

# Each of these changes the picture before it is fitted; without them the code for that is not loaded.
CONVERSIONS = frozenset({"background"})


def options_from(values: Mapping[str, Any]) -> Options:
    """Return the options in `values`, checked; names that are not options of bytefit become save options.

    Raises:
        ConfigError: naming the option, its value and what it takes.
    """
    own = {name: values[name] for name in values if name in OWN_OPTIONS}
    return checked(Options(**own, save_options={name: values[name] for name in values if name not in OWN_OPTIONS}))


def checked(options: Options) -> Options:
    """Return `options` if every value is accepted and the values go together.

    Raises:
        ConfigError: naming the option, its value and what it takes.
    """
    for option in OPTIONS:
        value = getattr(options, option.name)
        if not option.accepts(value):
            unknown = "unknown " if option.choices else ""
            raise ConfigError(f"{unknown}{option.name} {shown(value)}{option.refusal()}")
        if value is not None and (unmet := option.unmet(options._asdict())):
            raise ConfigError(f"{option.name} needs {unmet[0]}={unmet[1]!r}")
    least, most = options.min_width, options.max_width
    if least is not None and most is not None and least > most:
        raise ConfigError(f"min_width {shown(least)} is above max_width {shown(most)}: lower one or raise the other")
    return options


def ask_for_conversion(options: Options) -> bool:
    """Return whether options ask for a change of the picture before it is fitted."""
    return any(getattr(options, name) is not None for name in CONVERSIONS)

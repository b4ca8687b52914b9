"""The options of `bytefit.compress`: declared once in `table`, checked here.

Checks, command line, configuration and the names that `Image.save` refuses without a target are derived from the table.
Tests hold against it what has to be written out: the signature of `compress`, `FitOptions`, the JSON schema, the pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bytefit.errors import ConfigError, SizeSyntaxError
from bytefit.messages import shown
from bytefit.options.records import KEEP, POLICIES, STRIP, Bounds, FitOptions, Option, Options
from bytefit.options.table import (
    BASE64,
    BINARY,
    DATA_URI,
    EFFORTS,
    ENCODINGS,
    FITS,
    ON_UNREACHABLE,
    OPTIONS,
    PILLOWS_MOST_PIXELS,
)
from bytefit.sizes import Window, parse_size, parse_target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "BASE64",
    "BINARY",
    "CONVERSIONS",
    "DATA_URI",
    "EFFORTS",
    "ENCODINGS",
    "FITS",
    "IN_CONFIGURATION",
    "KEEP",
    "KEEPING_WHAT_FITS",
    "ON_UNREACHABLE",
    "OPTIONS",
    "OWN_OPTIONS",
    "PILLOWS_MOST_PIXELS",
    "POLICIES",
    "STRIP",
    "Bounds",
    "FitOptions",
    "Option",
    "Options",
    "ask_for_conversion",
    "checked",
    "counted",
    "for_target",
    "given_in",
    "keeps_orientation",
    "options_from",
    "window",
]

# Any other name is a save option of Pillow, or a mistake.
OWN_OPTIONS = frozenset(option.name for option in OPTIONS)

# If only these are given, a file that fits is left as it is.
KEEPING_WHAT_FITS = frozenset(option.name for option in OPTIONS if option.keeps_what_fits)

# The configuration has keys for these.
IN_CONFIGURATION = frozenset(option.name for option in OPTIONS if option.in_configuration)

# Each of these changes the picture before it is fitted; without them the code for that is not loaded.
CONVERSIONS = frozenset({"background", "box", "colours", "depth", "dpi"})


def given_in(options: Options) -> dict[str, Any]:
    """Return the options that are not as they are by default, by name, save options among them."""
    defaults = Options._field_defaults
    given = {
        name: value
        for name, value in options._asdict().items()
        if name != "save_options"
        and not (type(value) is type(defaults[name]) and (value is defaults[name] or value == defaults[name]))
    }
    return {**given, **options.save_options}


def for_target(target: str | int, given: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Return the budget of a target in bytes, and the options with what the target says besides: the least size.

    Args:
        target: a size, a range, or the name of a preset that comes with bytefit; options that were given go before
            those of the preset.
        given: the options that were given, by name.

    Raises:
        SizeSyntaxError: if the target cannot be read, and is no preset's name.
        ConfigError: if it is in conflict with an option.
    """
    if isinstance(target, str) and target[:1].isalpha():
        from bytefit.options.presets import expanded, find_preset

        try:
            preset = find_preset(target)
        except ConfigError as error:
            hint = "" if str(error).endswith("?") else "; a size begins with a number, as in '200KB'"
            raise SizeSyntaxError(f"{error}{hint}") from None
        target, given = expanded(preset, given)
    least, most = parse_target(target)
    if not least:
        return most, dict(given)
    if given.get("min_size") is not None:
        raise ConfigError(f"min_size conflicts with the range {shown(target)}, which says it: leave one of them out")
    return most, {**given, "min_size": least}


def window(options: Options, budget: int, media_type: Callable[[], str]) -> Window:
    """Return the bytes that the file itself may have, without the text that carries it.

    Args:
        options: `exact`, `min_size` and `encoding` count; they were checked.
        budget: the most bytes, counted as `encoding` says.
        media_type: returns the media type of the file, such as "image/png".

    Raises:
        ConfigError: if no file can have a size asked for.
    """
    least = budget if options.exact else 0 if options.min_size is None else parse_size(options.min_size)
    if least > budget:
        raise ConfigError(f"min_size {shown(options.min_size)} is above the target: lower it, or raise the target")
    if options.encoding == BINARY:
        return Window(least, budget)
    from bytefit.options.text_encoding import file_window

    return file_window(Window(least, budget), options.encoding, media_type())


def counted(size: int, options: Options, media_type: Callable[[], str]) -> int:
    """Return the size that counts of a file of `size` bytes, as `encoding` says."""
    if options.encoding == BINARY:
        return size
    from bytefit.options.text_encoding import encoded_size

    return encoded_size(size, options.encoding, media_type())


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
        if value not in (None, option.default) and (unmet := option.unmet(options._asdict())):
            raise ConfigError(f"{option.name} needs {unmet[0]}" + ("" if unmet[1] is None else f"={unmet[1]!r}"))
    if options.box is not None:
        from bytefit.options.box import check_box

        check_box(options)
    if options.exact and options.min_size is not None:
        raise ConfigError("exact conflicts with min_size, or a range: it pads to the target itself; leave one out")
    least, most = options.min_width, options.max_width
    if least is not None and most is not None and least > most:
        raise ConfigError(f"min_width {shown(least)} is above max_width {shown(most)}: lower one or raise the other")
    return options


def keeps_orientation(policy: str) -> bool:
    """Return whether a metadata policy keeps the orientation; otherwise the pixels have to be turned."""
    if policy in POLICIES:
        return policy != STRIP
    from bytefit.options.policies import policy_of

    return policy_of(policy).keeps("orientation")


def ask_for_conversion(options: Options) -> bool:
    """Return whether options ask for a change of the picture before it is fitted."""
    return any(getattr(options, name) is not None for name in CONVERSIONS)

"""The options of a fit: each is declared once, with its check, its help and where it may be given.

Checks, command line, configuration and its schema, `Image.save` and the reference pages are derived from `OPTIONS`.
No imaging is needed here, and nothing that `bytefit check` would have to wait for: records are named tuples, since
importing `dataclasses` costs more than the audit of a small tree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from bytefit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

POLICIES = ("keep", "orientation+icc", "strip")
ON_UNREACHABLE = ("error", "smallest")
EFFORTS = ("fast", "normal", "best")

# The highest SSIMULACRA2 score, that of the image itself; there is no lowest one. Beyond the lower bound a floor is a
# slip of the pen, and not a number that can be shown.
BEST_SCORE, WORST_SCORE = 100, -(10**6)

# The top of every codec's scale.
BEST_QUALITY = 100


class Options(NamedTuple):
    """What one image is to be fitted with; see `bytefit.compress` for what each option means."""

    format: str | None = None
    formats: Iterable[str] | None = None
    slack: float = 0.05
    min_quality: float | None = None
    min_score: float | None = None
    resize: bool = False
    min_width: int | None = None
    max_width: int | None = None
    max_height: int | None = None
    effort: str = "normal"
    exact: bool = False
    on_unreachable: str = "error"
    metadata: str = "keep"
    lossless: bool = False
    drop_extras: bool = False
    allow_frame_drop: bool = False
    save_options: Mapping[str, Any] = {}


class FitOptions(TypedDict, total=False):
    """The options of `bytefit.compress` as keyword arguments, for functions that hand them on."""

    formats: Iterable[str] | None
    slack: float
    min_quality: float | None
    min_score: float | None
    resize: bool
    min_width: int | None
    max_width: int | None
    max_height: int | None
    effort: str
    exact: bool
    on_unreachable: str
    metadata: str
    lossless: bool
    drop_extras: bool
    allow_frame_drop: bool


class Option(NamedTuple):
    """One option: how it is checked, explained and given.

    Attributes:
        name: its name in Python; on the command line and in the configuration with "-" for "_".
        kind: what its value has to be, to follow "is not" in a message.
        expected: what to give instead, in a message.
        accepts: value -> whether it is one of those.
        help: what it does, in one line, without its default.
        metavar: what stands for its value in the help of the command line; None for a switch or a choice.
        choices: the values it may have, where they are few.
        for_fix: whether `bytefit fix` takes it too.
        in_configuration: whether a rule of the configuration may set it.
        keeps_what_fits: whether a file that fits is left alone with it; any other option asks for a new encode.
        needs_target: whether `Image.save` refuses it without a `target_size`: Pillow has no option of that name.
    """

    name: str
    kind: str
    expected: str
    accepts: Callable[[Any], bool]
    help: str
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    for_fix: bool = True
    in_configuration: bool = True
    keeps_what_fits: bool = True
    needs_target: bool = True


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_pixels(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 1)


def _are_names(value: object) -> bool:
    return value is None or (not isinstance(value, str | bytes) and hasattr(value, "__iter__"))


def _pixels(name: str, side: str, help: str, *, keeps_what_fits: bool) -> Option:  # noqa: A002
    return Option(
        name,
        f"a {side} in pixels",
        "give a whole number from 1 up",
        _is_pixels,
        help,
        metavar="PIXELS",
        in_configuration=not keeps_what_fits,
        keeps_what_fits=keeps_what_fits,
    )


def _choice(name: str, choices: tuple[str, ...], help: str, **places: Any) -> Option:  # noqa: A002
    return Option(
        name,
        "",
        f"use one of {', '.join(map(repr, choices))}",
        lambda value: isinstance(value, str) and value in choices,
        help,
        choices=choices,
        **places,
    )


def _switch(name: str, help: str, **places: Any) -> Option:  # noqa: A002
    return Option(name, "a switch", "give True or False", lambda value: isinstance(value, bool), help, **places)


OPTIONS: tuple[Option, ...] = (
    Option(
        "format",
        "the name of a format",
        "give text such as 'JPEG', or 'auto'",
        lambda value: value is None or isinstance(value, str),
        "the format, where the suffix does not tell: JPEG, PNG, WEBP ...; auto chooses the one that looks best",
        metavar="FORMAT",
        for_fix=False,
        in_configuration=False,
        keeps_what_fits=False,
        needs_target=False,
    ),
    Option(
        "formats",
        "a list of formats",
        "give names such as ['WEBP', 'JPEG']",
        _are_names,
        "with format auto, the formats to choose from",
        metavar="A,B",
        for_fix=False,
        in_configuration=False,
        keeps_what_fits=False,
    ),
    Option(
        "slack",
        "a share of the budget",
        "give a number from 0 to less than 1",
        lambda value: _is_number(value) and 0 <= value < 1,
        "stop once the file is within this fraction below the budget",
        metavar="SHARE",
    ),
    Option(
        "min_quality",
        "a quality",
        f"give a number from 0 to {BEST_QUALITY}, on the codec's own scale",
        lambda value: value is None or (_is_number(value) and 0 <= value <= BEST_QUALITY),
        "the lowest quality accepted, on the codec's own scale",
        metavar="Q",
    ),
    Option(
        "min_score",
        "on the scale of SSIMULACRA2",
        f"give a number below {BEST_SCORE}",
        lambda value: value is None or (_is_number(value) and WORST_SCORE <= value < BEST_SCORE),
        "the lowest SSIMULACRA2 score accepted: 90 very good, 70 good, 50 medium; needs bytefit[metrics]",
        metavar="S",
    ),
    _switch("resize", "reduce the dimensions where that looks better or the budget needs it"),
    _pixels("min_width", "width", "with resize, the smallest width", keeps_what_fits=True),
    _pixels("max_width", "width", "with resize, the largest width", keeps_what_fits=False),
    _pixels("max_height", "height", "with resize, the largest height", keeps_what_fits=False),
    _choice("effort", EFFORTS, "encoder time spent on quality at the same size", needs_target=False),
    _switch("exact", "pad the file to exactly the target", for_fix=False, in_configuration=False, needs_target=False),
    _choice("on_unreachable", ON_UNREACHABLE, "what to do when nothing fits: fail, or return the smallest file"),
    _choice("metadata", POLICIES, "which metadata to keep (EXIF, ICC, XMP ...)"),
    _switch(
        "lossless", "keep every pixel unchanged, or fail", for_fix=False, in_configuration=False, needs_target=False
    ),
    _switch(
        "drop_extras",
        "leave out further images, gain maps and films that a JPEG file carries",
        for_fix=False,
        in_configuration=False,
    ),
    _switch(
        "allow_frame_drop",
        "drop every second frame of an animation, repeatedly, if nothing else fits",
        for_fix=False,
        in_configuration=False,
    ),
)

# A misspelt save option may have been meant to be one of these.
OWN_OPTIONS = frozenset(option.name for option in OPTIONS)

# With these alone, a file that fits is left as it is.
KEEPING_WHAT_FITS = frozenset(option.name for option in OPTIONS if option.keeps_what_fits)


def options_from(values: Mapping[str, Any]) -> Options:
    """Return the options in `values`, checked; names that are not options of bytefit become save options.

    Raises:
        ConfigError: naming the option, the value it was given and what it takes.
    """
    own = {name: value for name, value in values.items() if name in OWN_OPTIONS}
    save_options = {name: value for name, value in values.items() if name not in OWN_OPTIONS}
    return checked(Options(**own, save_options=save_options))


def checked(options: Options) -> Options:
    """Return `options`, if they make sense, each by itself and together.

    Raises:
        ConfigError: naming the option, the value it was given and what it takes.
    """
    for option in OPTIONS:
        value = getattr(options, option.name)
        if option.accepts(value):
            continue
        if option.choices:
            raise ConfigError(f"unknown {option.name} {value!r}: {option.expected}")
        raise ConfigError(f"{option.name} {value!r} is not {option.kind}: {option.expected}")
    for name in ("min_width", "max_width", "max_height"):
        if getattr(options, name) is not None and not options.resize:
            raise ConfigError(f"{name} needs resize=True to go with it")
    if options.min_width is not None and options.max_width is not None and options.min_width > options.max_width:
        raise ConfigError(f"min_width {options.min_width} is above max_width {options.max_width}: no width is between")
    return options

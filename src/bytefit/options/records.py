"""The options of one call as a record, and what is known of each: its type, its check, its help.

Records are named tuples: importing `dataclasses` takes longer than `bytefit check` needs for a small tree.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypedDict

from bytefit.errors import SizeSyntaxError
from bytefit.sizes import parse_size

if TYPE_CHECKING:
    from collections.abc import Callable


_OPAQUE = 255


class Options(NamedTuple):
    """The options of one call; see `bytefit.compress` for what each means."""

    format: str | None = None
    formats: Iterable[str] | None = None
    slack: float = 0.05
    min_quality: float | None = None
    min_score: float | None = None
    resize: bool = False
    min_width: int | None = None
    max_width: int | None = None
    max_height: int | None = None
    box: str | tuple[int, int] | None = None
    fit: str = "cover"
    focus: tuple[float, float] | None = None
    enlarge: bool = False
    dpi: float | tuple[float, float] | None = None
    effort: str = "normal"
    exact: bool = False
    min_size: str | int | None = None
    encoding: str = "binary"
    on_unreachable: str = "error"
    metadata: str = "keep"
    lossless: bool = False
    drop_extras: bool = False
    allow_frame_drop: bool = False
    background: str | None = None
    colours: str | None = None
    depth: int | None = None
    max_pixels: int | None = None
    models: str | os.PathLike[str] | None = None
    save_options: Mapping[str, Any] = {}


class _ResizeOptions(TypedDict, total=False):
    resize: bool
    min_width: int | None
    max_width: int | None
    max_height: int | None


class _SizeOptions(TypedDict, total=False):
    exact: bool
    min_size: str | int | None
    encoding: str


class _ConversionOptions(TypedDict, total=False):
    background: str | None
    colours: str | None
    depth: int | None


class _BoxOptions(TypedDict, total=False):
    box: str | tuple[int, int] | None
    fit: str
    focus: tuple[float, float] | None
    enlarge: bool
    dpi: float | tuple[float, float] | None


class FitOptions(_ResizeOptions, _SizeOptions, _BoxOptions, _ConversionOptions, total=False):
    """The options of `bytefit.compress` as keyword arguments, for functions that pass them on."""

    formats: Iterable[str] | None
    slack: float
    min_quality: float | None
    min_score: float | None
    effort: str
    on_unreachable: str
    metadata: str
    lossless: bool
    drop_extras: bool
    allow_frame_drop: bool
    max_pixels: int | None
    models: str | os.PathLike[str] | None


class Bounds(NamedTuple):
    """The bounds of a number: at least `minimum`, at most `maximum`, less than `below`; None for no bound."""

    minimum: float | None = None
    maximum: float | None = None
    below: float | None = None

    def allow(self, value: float) -> bool:
        """Return whether a number is within the bounds."""
        low, high, top = self
        return (low is None or value >= low) and (high is None or value <= high) and (top is None or value < top)


# The metadata policies that need no look into the blocks of metadata; others are made of groups.
POLICIES = KEEP, LOOKS, STRIP = ("keep", "orientation+icc", "strip")

ValueType = Literal[
    "boolean", "integer", "number", "numbers", "pair", "string", "names", "path", "size", "colour", "box", "policy"
]


class Option(NamedTuple):
    """One option.

    Attributes:
        name: its name in Python.
        value_type: the type of its values; None is accepted too where it is the default.
        help: what it does, in one line, without its default.
        default_note: what the default None means; empty if nothing has to be said.
        what: what a value is; it follows "is not" in a message.
        expected: what to give instead of a wrong value.
        metavar: the placeholder for the value in the help of the command line.
        choices: the accepted values, if there are few.
        flags: choice -> the help of the flag that stands for it on the command line, where each has one: --base64.
        bounds: the bounds of a number.
        needs: the option without which this one does nothing, and the value that it has to have; None for any value.
        for_fix: whether `bytefit fix` takes it.
        in_configuration: whether the configuration has a key for it.
        keeps_what_fits: whether a file that fits is left as it is when this option is given.
        needs_target: whether `Image.save` refuses it without a `target_size`: no writer knows an option of this name.
    """

    name: str
    value_type: ValueType
    help: str
    default_note: str = ""
    what: str = ""
    expected: str = ""
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    flags: Mapping[str, str] = {}
    bounds: Bounds = Bounds()
    needs: tuple[str, str | bool | None] | None = None
    for_fix: bool = True
    in_configuration: bool = True
    keeps_what_fits: bool = True
    needs_target: bool = True

    @property
    def default(self) -> Any:
        """The value that holds if none is given."""
        return Options._field_defaults[self.name]

    @property
    def key(self) -> str:
        """Its name in the configuration, and after "--" on the command line."""
        return self.name.replace("_", "-")

    def accepts(self, value: object) -> bool:
        """Return whether a value is of the right type and within the bounds."""
        if value is None:
            return self.default is None
        if self.value_type == "pair" or (self.value_type == "numbers" and isinstance(value, tuple | list)):
            return _is_pair(value, self.bounds)
        if self.value_type in _ACCEPTED:
            return _ACCEPTED[self.value_type](value) and (not self.choices or value in self.choices)
        types = int if self.value_type == "integer" else int | float
        return not isinstance(value, bool) and isinstance(value, types) and self.bounds.allow(value)

    def unmet(self, options: Mapping[str, Any]) -> tuple[str, str | bool | None] | None:
        """Return what this option needs, where the other options do not have it."""
        if self.needs is None:
            return None
        value = options.get(self.needs[0])
        if self.needs[1] is None:
            return self.needs if value is None else None
        return None if (value.lower() if isinstance(value, str) else value) == self.needs[1] else self.needs

    def refusal(self, write: Callable[[Any], str] = repr) -> str:
        """Return why a value is refused and what to give, to follow the value in a message.

        Args:
            write: value -> how it is written where it was given: in Python, TOML or a shell.
        """
        if self.choices:
            return f": use one of {', '.join(map(write, self.choices))}"
        if self.value_type == "boolean":
            return f" is neither {' nor '.join(map(write, (True, False)))}"
        return f" is not {self.what}: {self.expected}"


def _is_path(value: object) -> bool:
    return isinstance(value, str | os.PathLike) and bool(os.fspath(value))


def _is_box(value: object) -> bool:
    from bytefit.options.box import parse_box

    try:
        parse_box(value)
    except ValueError:
        return False
    return True


def _is_pair(value: object, bounds: Bounds) -> bool:
    """Return whether a value is a pair of numbers within the bounds."""
    if not isinstance(value, tuple | list) or len(value) != 2:  # noqa: PLR2004
        return False
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in value)
    return numbers and all(bounds.allow(one) for one in value)


def _is_size(value: object) -> bool:
    try:
        return isinstance(value, str | int) and parse_size(value) > 0
    except SizeSyntaxError:
        return False


def _are_names(value: object) -> bool:
    several = isinstance(value, Iterable) and not isinstance(value, str | bytes)
    return several and (not isinstance(value, Collection) or all(isinstance(name, str) for name in value))


def _is_colour(value: object) -> bool:
    """Return whether a value is the text of an opaque colour, as Pillow reads it."""
    if not isinstance(value, str):
        return False
    from PIL.ImageColor import getrgb

    try:
        return all(share == _OPAQUE for share in getrgb(value)[3:])
    except ValueError:
        return False


# The types of values that are no numbers: what accepts a value, choices aside.
def _is_policy(value: object) -> bool:
    if not isinstance(value, str) or value in POLICIES:
        return isinstance(value, str)
    from bytefit.options.policies import parse_policy

    return parse_policy(value) is not None


_ACCEPTED: Mapping[str, Callable[[object], bool]] = {
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "path": _is_path,
    "names": _are_names,
    "size": _is_size,
    "box": _is_box,
    "colour": _is_colour,
    "policy": _is_policy,
}

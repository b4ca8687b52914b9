"""The keys of a configuration: the check of each value, and the message if it is wrong.

Keys that are options of `bytefit.compress` are checked by `bytefit.options`. Editors use `configuration.schema.json`,
which accepts the same values: a test compares its definitions with the options and its patterns with the two below.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bytefit.errors import SizeSyntaxError
from bytefit.messages import nearest
from bytefit.options import OPTIONS
from bytefit.options.save_options import SAVE_OPTIONS, unknown_save_option
from bytefit.sizes import parse_size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bytefit.options import Option

# Whole numbers are less than this: a float holds each of them exactly, and JSON writes them as floats.
TOO_LARGE = 10**15

# How much of a wrong value a message shows, in characters.
_SHOWN = 60


# The sizes that the configuration accepts: those that `parse_size` reads and that are at least one byte.
SIZE_PATTERN = (
    r"^ *([1-9][0-9]{0,14}(\.[0-9]{1,9})? *([Bb]|[KkMmGg][Ii]?[Bb])?"
    r"|0\.([0-9]{0,2}[1-9])[0-9]{0,6} *[KkMmGg][Ii]?[Bb]) *$(?!\n)"
)
# The globs that the configuration accepts: those of .gitignore except patterns that would never match (braces, "(a|b)",
# ".", "//", "\" for "/") and patterns that git and pathspec read differently ("***", "/**/" at the end). Editors read
# both expressions as ECMAScript, so neither relies on "$" before a line break, nor on how "." and "\s" treat rare
# control characters.
GLOB_PATTERN = (
    r"^!?(?=[^\s!#])(?!(.*/)?\.{1,2}(/|$)|/?$)(?!.*(//|\*{3}|/\*\*/$))(?!.*[?*+@!]\()(?!.*\s$)"
    r"([^\\\[\]{}\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]|\\[\\*?!#{} \[\]]"
    r"|\[[!^]?(0-9|a-z|A-Z|a-f|A-F|~(?!~)|[0-9A-Za-z_.,+@ ])+\])+$"
)


def what_is_wrong(glob: str) -> str:
    """Return why a glob is refused that `GLOB_PATTERN` does not match, to follow the glob in a message."""
    body = glob.removeprefix("!")
    for wrong, reason in (
        (not body.strip(" /"), "names nothing: write one as in .gitignore, such as 'docs/**/*.png'"),
        (
            {".", ".."} & set(body.split("/")),
            "would never match: globs start in the configuration's folder, without '.' or '..'; '**' is every file",
        ),
        ("{" in body or "}" in body, "has braces, which .gitignore does not support: write one glob for each"),
        (re.search(r"[?*+@!]\(", body), "has '(...)', which .gitignore does not support: write one glob for each"),
        (
            "\\" in body,
            "has a backslash: separate folders with '/'; use '\\' only to escape * ? [ ] ! #",
        ),
        ("//" in body, "would never match: it has an empty folder name, '//'"),
        ("***" in body, "has more than two stars: '*' matches within a folder, '**/' any number of folders"),
        (
            body.endswith("/**/"),
            "ends in '/**/': write '/**' for everything below, '/*/' for everything in the folders below",
        ),
        ("[" in body or "]" in body, "has a set that cannot be read: write [abc], [!abc], [a-z], [A-Z] or [0-9]"),
    ):
        if wrong:
            return reason
    return (
        "is not valid in .gitignore: it starts or ends with a space, starts with '#' or '!', or has a control character"
    )


def _size(value: object) -> int:
    if isinstance(value, str):
        try:
            size = parse_size(value)
        except SizeSyntaxError as error:
            raise ValueError(f": {error}") from error
        if not re.search(SIZE_PATTERN, value):
            raise ValueError(": write a number and a unit, '200KB' or '1.5MiB'")
        return size
    count = _whole(value)
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count < TOO_LARGE:
        raise ValueError(": give at least 1 byte: a whole number, or text like '200KB' or '1.5MiB'")
    return count


def _whole(value: object) -> object:
    """Return a float that is a whole number as an int, any other value as it is: TOML may have 2000.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(" is neither true nor false")  # noqa: TRY004  (a value of the file, not of a call)
    return value


def _check(option: Option) -> Callable[[Any], Any]:
    """Return the check of a key that is an option of `bytefit.compress`."""

    def check(value: Any) -> Any:
        if option.value_type == "integer":
            value = _whole(value)
        if value is not None and option.accepts(value) and not (option.value_type == "integer" and value >= TOO_LARGE):
            return value
        hint = nearest(value, option.choices) if option.choices and isinstance(value, str) else ""
        raise ValueError(option.refusal(written) + hint.replace(":", ";", 1))

    return check


def _save_options(value: Any) -> Mapping[str, Any]:
    """Return the save options of a table, checked by name and by value."""
    if not isinstance(value, dict):
        raise ValueError(" is no table: write one, { progressive = false }")  # noqa: TRY004
    for name, one in value.items():
        known = SAVE_OPTIONS.get(name)
        if known is None:
            raise ValueError(f": unknown save option {name!r}{unknown_save_option(name)}")
        if not known.accepts(one):
            raise ValueError(f": {name} = {written(one)}{known.refusal(written)}")
    return value


# key -> a function that returns the value as bytefit uses it, or raises ValueError. The text of the error follows
# "key = value" in the message.
CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "max-size": _size,
    **{option.key: _check(option) for option in OPTIONS if option.in_configuration},
    "save-options": _save_options,
    "skip": _flag,
}


def toml_type_name(value: object) -> str:
    """Return what TOML calls a value of this type."""
    names = {dict: "a table", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(value), f"a {type(value).__name__}")


def written(value: object) -> str:
    """Return a value much as TOML writes it, in one line, cut if it is long."""
    if isinstance(value, str):
        shown = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in value)
        text = '"' + shown.replace('"', '\\"') + '"'
    elif isinstance(value, dict):
        text = "{ " + ", ".join(f"{key} = {written(one)}" for key, one in value.items()) + " }"
    elif isinstance(value, bool):
        text = "true" if value else "false"
    else:
        try:
            text = f"{value!r}"
        except ValueError:  # Python does not write a number of more than 4300 digits
            text = f"{toml_type_name(value)} with thousands of digits"
    return text if len(text) <= _SHOWN else text[:_SHOWN] + " ..."

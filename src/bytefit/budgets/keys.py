"""The keys of a configuration: what each may hold, checked, and how a wrong value is told.

Editors check the same by `configuration.schema.json`, in which the two expressions stand as they are here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bytefit.messages import nearest
from bytefit.options import BEST_SCORE, EFFORTS, ON_UNREACHABLE, POLICIES
from bytefit.sizes import parse_size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# The top of every codec's scale.
_BEST_QUALITY = 100

# The scale has no lower end; beyond this a floor is a slip of the pen, and no number that can be shown.
_WORST_SCORE = -(10**6)

# How much of a wrong value a message shows.
_SHOWN = 60


# The sizes and globs a configuration may hold. The JSON schema has the same two expressions, so that an editor accepts
# what the parser accepts. Sizes are those of `parse_size` that come to a byte at least.
SIZE_PATTERN = (
    r"^ *([1-9][0-9]{0,14}(\.[0-9]{1,9})? *([Bb]|[KkMmGg][Ii]?[Bb])?"
    r"|0\.([0-9]{0,2}[1-9])[0-9]{0,6} *[KkMmGg][Ii]?[Bb]) *$(?!\n)"
)
# Those of gitignore, less what looks like a glob and would never match: braces, "(a|b)", ".", "//", "\" for "/"; and
# less what git and pathspec read differently: "***", "/**/" at the end. Editors read both expressions as ECMAScript, so
# neither relies on "$" before a line break, nor on what "." and "\s" make of rare control characters.
GLOB_PATTERN = (
    r"^!?(?=[^\s!#])(?!(.*/)?\.{1,2}(/|$)|/?$)(?!.*(//|\*{3}|/\*\*/$))(?!.*[?*+@!]\()(?!.*\s$)"
    r"([^\\\[\]{}\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]|\\[\\*?!#{} \[\]]"
    r"|\[[!^]?(0-9|a-z|A-Z|a-f|A-F|~(?!~)|[0-9A-Za-z_.,+@ ])+\])+$"
)


def what_is_wrong(glob: str) -> str:
    """Return why a glob that `GLOB_PATTERN` does not match is refused, to follow it in a message."""
    body = glob.removeprefix("!")
    for wrong, reason in (
        (not body.strip(" /"), "names nothing: write one as in .gitignore, 'docs/**/*.png'"),
        (
            {".", ".."} & set(body.split("/")),
            "would never match: globs start in the configuration's folder, without '.' or '..'; '**' is all",
        ),
        ("{" in body or "}" in body, "has braces, which globs of .gitignore do not know: write one glob for each"),
        (re.search(r"[?*+@!]\(", body), "has '(...)', which globs of .gitignore do not know: write one glob for each"),
        (
            "\\" in body,
            "has a backslash: folders are separated by '/', and '\\' only takes the meaning from * ? [ ] ! #",
        ),
        ("//" in body, "would never match: it has an empty folder name, '//'"),
        ("***" in body, "has more than two stars: '*' is within a folder, '**/' any folders"),
        (body.endswith("/**/"), "ends in '/**/': write '/**' for all below, '/*/' for all in folders below"),
        ("[" in body or "]" in body, "has a set that cannot be read: write [abc], [!abc], [a-z], [A-Z] or [0-9]"),
    ):
        if wrong:
            return reason
    return "is not one of .gitignore: it has a space at an end, a '#' or '!' at its start, or a control character"


def _size(value: object) -> int:
    if isinstance(value, str):
        count = parse_size(value)
        if not re.search(SIZE_PATTERN, value):
            raise ValueError("write a number and a unit, '200KB' or '1.5MiB'")
        return count
    return _whole(value, "give at least 1 byte: a whole number, or text like '200KB' or '1.5MiB'")


def _pixels(value: object) -> int:
    return _whole(value, "give a whole number of pixels from 1 up")


def _whole(value: object, hint: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value < 10**15 or value != int(value):
        raise ValueError(hint)
    return int(value)


def _quality(value: object) -> float:
    return _number(
        value, lambda number: 0 <= number <= _BEST_QUALITY, "give a number from 0 to 100, on the codec's own scale"
    )


def _score(value: object) -> float:
    hint = f"give a number below {BEST_SCORE}, on the scale of SSIMULACRA2"
    return _number(value, lambda number: _WORST_SCORE <= number < BEST_SCORE, hint)


def _share(value: object) -> float:
    return _number(value, lambda number: 0 <= number < 1, "give a share of the budget, from 0 to less than 1")


def _number(value: object, within: Callable[[float], bool], hint: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not within(value):
        raise ValueError(hint)
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("give true or false")  # noqa: TRY004  (a value of the file, not of a call)
    return value


def _one_of(choices: tuple[str, ...]) -> Callable[[object], str]:
    def check(value: object) -> str:
        if not isinstance(value, str) or value not in choices:
            hint = nearest(value, choices) if isinstance(value, str) else ""
            raise ValueError(f"use one of {', '.join(map(written, choices))}{hint.replace(':', ';', 1)}")
        return value

    return check


CHECKS: Mapping[str, Callable[[Any], Any]] = {
    "max-size": _size,
    "max-width": _pixels,
    "max-height": _pixels,
    "min-quality": _quality,
    "min-score": _score,
    "resize": _flag,
    "metadata": _one_of(POLICIES),
    "on-unreachable": _one_of(ON_UNREACHABLE),
    "slack": _share,
    "effort": _one_of(EFFORTS),
    "skip": _flag,
}


def kind(value: object) -> str:
    """Return what kind of value it is, in the words of TOML."""
    kinds = {dict: "a table", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return kinds.get(type(value), f"a {type(value).__name__}")


def written(value: object) -> str:
    """Return a value about as TOML writes it, in one line, cut where it is long."""
    if isinstance(value, str):
        shown = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in value)
        text = '"' + shown.replace('"', '\\"') + '"'
    elif isinstance(value, bool):
        text = "true" if value else "false"
    else:
        try:
            text = f"{value!r}"
        except ValueError:  # a number of more digits than Python writes
            text = f"{kind(value)} with thousands of digits"
    return text if len(text) <= _SHOWN else text[:_SHOWN] + " ..."

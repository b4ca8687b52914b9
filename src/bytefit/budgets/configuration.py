"""The configuration: budgets and rules, read from `.bytefit.toml` or pyproject.toml and checked.

`keys` checks the values, `rules` chooses the rule of a file. Every run of a hook loads this module, so it
imports the TOML reader only for a file that mentions bytefit.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from bytefit.budgets.keys import CHECKS, GLOB_PATTERN, toml_type_name, what_is_wrong, written
from bytefit.budgets.repository import repository_top
from bytefit.errors import ConfigError
from bytefit.formats import weigh
from bytefit.messages import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bytefit.options.presets import Preset

# The budget if nothing is configured, the same as in pre-commit's check-added-large-files.
DEFAULT_MAX_SIZE = 500_000

OWN_FILE, PROJECT_FILE = ".bytefit.toml", "pyproject.toml"


class Rule(NamedTuple):
    """The limits of the files that match.

    Attributes:
        label: where the rule is written, for messages.
        patterns: gitignore-style globs relative to the configuration's folder; none for the default rule.
        max_size: the largest size, in bytes.
        max_width, max_height: the largest dimensions, in pixels as stored in the file; None for no limit.
        skip: whether these files have no budget of their own.
        options: the options of `bytefit.compress` that `bytefit fix` uses for them.
    """

    label: str
    patterns: tuple[str, ...]
    max_size: int
    max_width: int | None
    max_height: int | None
    skip: bool
    options: Mapping[str, Any]


class Total(NamedTuple):
    """A budget for all files that match, taken together.

    Attributes:
        label: where the total is written, for messages.
        patterns: gitignore-style globs relative to the configuration's folder.
        max_size: the largest sum of their sizes, in bytes.
    """

    label: str
    patterns: tuple[str, ...]
    max_size: int


class Configuration(NamedTuple):
    """A whole configuration.

    Attributes:
        base: the folder that globs, and names in reports and baselines, are relative to.
        file: the file it was read from, for messages; None if there is none.
        default: the rule of files that no other rule matches.
        rules: the rules in order; the last that matches a file applies.
        totals: budgets for several files together.
        exclude: globs of files that bytefit ignores.
        presets: limits by name, for `bytefit compress --for`.
    """

    base: str
    file: str | None
    default: Rule
    rules: tuple[Rule, ...]
    totals: tuple[Total, ...]
    exclude: tuple[str, ...]
    presets: Mapping[str, Preset] = {}


def load_configuration(
    folder: str, *, file: str | None = None, given: Mapping[str, Any] | None = None
) -> Configuration:
    """Return the configuration of a folder.

    Args:
        folder: where to look first. The search goes up to the top of the git repository and ends at the first
            configuration.
        file: the configuration to read instead.
        given: keys with values from the command line, which replace those at the top level of the file.

    Raises:
        ConfigError: if a value is wrong; it names the file, the table, the key and the values that it takes.
        OSError: if the file cannot be read.
    """
    folder = os.path.abspath(folder)
    top = repository_top(folder)
    if file is not None:
        table: Mapping[str, Any] | None = _table(file, file)
        if table is None:
            raise ConfigError(f"{file} has no [tool.bytefit] table: name a file that has one, or leave out --config")
        return _configured(table, given or {}, base=os.path.dirname(os.path.abspath(file)), file=file)
    file, table = _nearest(folder, top)
    base = (top or folder) if file is None else os.path.dirname(file)
    return _configured(table, given or {}, base=base, file=file and os.path.relpath(file, folder))


def parse_configuration(document: Mapping[str, Any], where: str = OWN_FILE) -> Configuration:
    """Return the configuration in bytefit's table, given as the TOML reader returns it.

    Raises:
        ConfigError: if a value is wrong; it names `where`, the table, the key and the values that it takes.
    """
    return _configured(document, {}, base="", file=where)


def _nearest(folder: str, top: str | None) -> tuple[str | None, Mapping[str, Any]]:
    """Return the nearest file that configures bytefit, and its table; None and an empty table if there is none."""
    start = folder
    while True:
        found = []
        for name in (OWN_FILE, PROJECT_FILE):
            file = os.path.join(folder, name)
            if os.path.isfile(file) and (table := _table(file, os.path.relpath(file, start))) is not None:
                found.append((file, table))
        if len(found) > 1:
            own, project = (os.path.relpath(file, start) for file, _ in found)
            raise ConfigError(f"{own} and [tool.bytefit] in {project} both configure bytefit: keep one of the two")
        if found:
            return found[0]
        if folder in {top, os.path.dirname(folder)}:
            return None, {}
        folder = os.path.dirname(folder)


def _table(file: str, shown: str) -> Mapping[str, Any] | None:
    """Return bytefit's table in a file, or None if it has none. In `.bytefit.toml` it may be the whole file.

    Messages call the file `shown`.
    """
    with open(file, "rb") as opened:
        data = opened.read()
    project = os.path.basename(file) == PROJECT_FILE
    if project and b"bytefit" not in data:
        return None
    import tomllib

    try:
        document = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{shown} is not TOML: {error}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{shown} has a number too long or tables nested too deeply to read: remove it") from error
    tool = document.get("tool")
    table = tool.get("bytefit") if isinstance(tool, dict) else None
    if table is None:
        return None if project else document
    if not isinstance(table, dict):
        raise ConfigError(f"{shown}: tool.bytefit is {toml_type_name(table)}: write a table, [tool.bytefit]")
    if not project and document != {"tool": {"bytefit": table}}:
        raise ConfigError(f"{shown} holds [tool.bytefit] and keys outside it: move all of them into one table")
    return table


def _configured(table: Mapping[str, Any], given: Mapping[str, Any], *, base: str, file: str | None) -> Configuration:
    own = file is not None and os.path.basename(file) != PROJECT_FILE
    tables = "rules", "totals", "presets"
    top = _Table(table, f"{file}" if own else f"{file} [tool.bytefit]", {*CHECKS, *tables, "exclude"})
    prefix = "" if own else "tool.bytefit."
    values = {**_placed(top.values(), base), **given}
    default = _rule(values, label=_default_label(file, values, given), patterns=())
    rules, totals = [], []
    for number, rule in enumerate(top.tables("rules", prefix), 1):
        checked = _Table(rule, f"{file} [[{prefix}rules]] {number}", {*CHECKS, "files"})
        label = f"[[{prefix}rules]] {number} in {file}"
        rules.append(
            _rule(
                {**values, **_placed(checked.values(), base)}, label=label, patterns=checked.globs("files", needed=True)
            )
        )
    for number, total in enumerate(top.tables("totals", prefix), 1):
        checked = _Table(total, f"{file} [[{prefix}totals]] {number}", {"files", "max-size"})
        label = f"[[{prefix}totals]] {number} in {file}"
        most = checked.values().get("max-size")
        if most is None:
            raise ConfigError(f"{checked.where}: max-size is missing: give the largest size of all files together")
        totals.append(Total(label, checked.globs("files", needed=True), most))
    presets = _presets(top.table.get("presets", {}), top.where)
    named = (*(rule.patterns for rule in rules), *(total.patterns for total in totals))
    weigh(_suffixes_in(glob for globs in named for glob in globs))
    return Configuration(base, file, default, tuple(rules), tuple(totals), top.globs("exclude"), presets)


def _presets(table: object, where: str) -> Mapping[str, Preset]:
    if not table:
        return {}
    from bytefit.options.presets import preset_from

    if not isinstance(table, dict):
        raise ConfigError(f"{where}: presets is {toml_type_name(table)}: write a table for each, [presets.name]")
    return {name: preset_from(name, values, where) for name, values in table.items()}


def _suffixes_in(globs: Iterable[str]) -> set[str]:
    """Return the suffixes that globs end in, in lower case: those of "docs/**/*.mp4" and "film.MP4"."""
    return {found[1].lower() for glob in globs if (found := re.search(r"[^/.](\.[A-Za-z0-9]+)$", glob))}


def _placed(values: dict[str, Any], base: str) -> dict[str, Any]:
    """Return the values of a table; the folder of models in it is relative to the folder of the configuration."""
    return {**values, "models": os.path.join(base, values["models"])} if "models" in values else values


def _default_label(file: str | None, values: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    if "max-size" in given:
        return "the command line"
    return f"{file}" if "max-size" in values else "the default"


def _rule(values: Mapping[str, Any], *, label: str, patterns: tuple[str, ...]) -> Rule:
    own = {"max-size", "max-width", "max-height", "skip"}
    return Rule(
        label,
        patterns,
        values.get("max-size", DEFAULT_MAX_SIZE),
        values.get("max-width"),
        values.get("max-height"),
        values.get("skip", False),
        {key.replace("-", "_"): value for key, value in values.items() if key not in own},
    )


class _Table:
    """A table of the file: it checks the keys and reads the values; every message names its place."""

    def __init__(self, table: object, where: str, keys: set[str]) -> None:
        if not isinstance(table, dict):
            raise ConfigError(f"{where} is {toml_type_name(table)}: write a table")
        self.table, self.where = table, where
        for key in table:
            if key not in keys:
                hint = nearest(key, keys) or f": it takes {', '.join(sorted(keys))}"
                raise ConfigError(f"{where}: unknown key {key!r}{hint}")

    def values(self) -> dict[str, Any]:
        """Return the checked values of all limits and options."""
        values = {}
        for key, value in self.table.items():
            if key in CHECKS:
                try:
                    values[key] = CHECKS[key](value)
                except ValueError as error:
                    raise ConfigError(f"{self.where}: {key} = {written(value)}{error}") from error
        return values

    def tables(self, key: str, prefix: str) -> list[Any]:
        """Return the tables of an array of tables."""
        value = self.table.get(key, [])
        if not isinstance(value, list):
            raise ConfigError(
                f"{self.where}: {key} is {toml_type_name(value)}: write an array of tables, [[{prefix}{key}]]"
            )
        return value

    def globs(self, key: str, *, needed: bool = False) -> tuple[str, ...]:
        """Return a list of globs."""
        value = self.table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(glob, str) for glob in value):
            raise ConfigError(f'{self.where}: {key} = {written(value)}: write a list of globs, ["docs/**/*.png"]')
        if needed and not value:
            raise ConfigError(f'{self.where}: {key} is missing: write a list of globs, ["docs/**/*.png"]')
        for glob in value:
            if not re.search(GLOB_PATTERN, glob):
                raise ConfigError(f"{self.where}: {key}: glob {written(glob)} {what_is_wrong(glob)}")
        if value and value[0].startswith("!"):
            raise ConfigError(
                f"{self.where}: {key}: glob {written(value[0])} must not be the first, since it only removes files: "
                'start with files to include, e.g. "**"'
            )
        return tuple(value)

"""Limits by name, such as those of an upload to a service: a target, the options that go with it, and where it is from.

`presets.toml` holds those that come with bytefit; a configuration may have more of the same form.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bytefit.errors import ConfigError, SizeSyntaxError
from bytefit.messages import nearest, shown
from bytefit.options.table import OPTIONS
from bytefit.sizes import parse_target

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

TARGET, SOURCE, READ = "to", "source", "read"

# Names begin with a letter, sizes with a digit: a target is one or the other.
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?")


class Preset(NamedTuple):
    """A limit with a name.

    Attributes:
        name: its name.
        target: the size or the range of sizes.
        options: the options of `bytefit.compress` that go with it.
        source: where the limit is from; empty if that is not said.
        read: the month or the day it was read there, as "2026-11"; empty likewise.
    """

    name: str
    target: str
    options: Mapping[str, Any]
    source: str = ""
    read: str = ""

    @property
    def day(self) -> date | None:
        """The day it was read, the first of the month where only that is known; None if it is not said."""
        from datetime import date

        return date.fromisoformat(f"{self.read}-01"[:10]) if self.read else None


@cache
def shipped_presets() -> Mapping[str, Preset]:
    """Return the presets that come with bytefit, by name."""
    import tomllib

    document = tomllib.loads(Path(__file__).with_name("presets.toml").read_text(encoding="utf-8"))
    return {name: preset_from(name, table, "presets.toml") for name, table in document.items()}


def preset_from(name: str, table: object, where: str) -> Preset:
    """Return the preset in a table, checked.

    Args:
        name: its name.
        table: the keys and values, as the TOML reader returns them.
        where: what messages call the place of the table.

    Raises:
        ConfigError: naming the place, the key, and what it takes.
    """
    options = {option.key: option for option in OPTIONS}
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{where}: preset name {shown(name)}: use small letters, digits and '-', with a letter first")
    if not isinstance(table, dict):
        raise ConfigError(f"{where}: presets.{name} is no table: write [presets.{name}] above its keys")
    place = f"{where} [presets.{name}]"
    if TARGET not in table:
        raise ConfigError(f"{place}: {TARGET} is missing: give the size or the range, as in {TARGET} = '20KB..50KB'")
    for key, value in table.items():
        if key in {SOURCE, READ} or key == TARGET:
            _check_text(key, value, place)
        elif key not in options:
            known = {*options, TARGET, SOURCE, READ}
            hint = nearest(key, known) or f": it takes {TARGET}, {SOURCE}, {READ} and options"
            raise ConfigError(f"{place}: unknown key {key!r}{hint}")
        elif value is None or not options[key].accepts(value):
            raise ConfigError(f"{place}: {key} = {shown(value)}{options[key].refusal()}")
    given = {options[key].name: value for key, value in table.items() if key in options}
    return Preset(name, str(table[TARGET]), given, table.get(SOURCE, ""), table.get(READ, ""))


def _check_text(key: str, value: object, place: str) -> None:
    if key == TARGET and isinstance(value, str | int) and not isinstance(value, bool):
        try:
            parse_target(value)
        except SizeSyntaxError as error:
            raise ConfigError(f"{place}: {error}") from error
        return
    if not isinstance(value, str):
        raise ConfigError(f"{place}: {key} = {shown(value)} is no text")
    if key == READ and not _MONTH.fullmatch(value):
        raise ConfigError(f"{place}: {READ} = {shown(value)} is no date: write the month or the day, as in '2026-11'")


def find_preset(name: str, own: Mapping[str, Preset] | None = None) -> Preset:
    """Return the preset of a name: one of your own, or one that comes with bytefit.

    Raises:
        ConfigError: if there is none; with the nearest name.
    """
    known = {**shipped_presets(), **(own or {})}
    if name in known:
        return known[name]
    hint = nearest(name, known) or ": `bytefit presets` lists them"
    raise ConfigError(f"unknown preset {shown(name)}{hint}")


def expanded(preset: Preset, given: Mapping[str, Any], target: str | None = None) -> tuple[str, dict[str, Any]]:
    """Return the target and the options of a preset; what is given goes before it.

    Args:
        preset: the preset.
        given: the options that were given, by name.
        target: the target that was given, if any.
    """
    options = dict(preset.options)
    if given.get("format") is not None:
        options.pop("formats", None)
    return preset.target if target is None else target, {**options, **given}

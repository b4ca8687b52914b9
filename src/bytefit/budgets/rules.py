"""Which rule a file has: globs as in .gitignore, the last rule that matches holds. It knows names, not files."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pathspec import GitIgnoreSpec

    from bytefit.budgets.configuration import Configuration, Rule, Total


@cache
def _spec(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    # Late: loading it costs as much as all of the rest of a hook that finds everything within its budget.
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(patterns)


def matches(patterns: tuple[str, ...], name: str) -> bool:
    """Return whether a name, relative to the configuration's folder and with "/", is among those the globs select."""
    # A line break in a name, which no glob has, is as any other character; pathspec's expressions stop at it.
    return bool(patterns) and _spec(patterns).match_file(name.replace("\n", "\r"))


def rule_for(name: str, configuration: Configuration) -> Rule | None:
    """Return the rule that holds for a name; None where it is excluded."""
    if matches(configuration.exclude, name):
        return None
    rules = reversed(configuration.rules)
    return next((rule for rule in rules if matches(rule.patterns, name)), configuration.default)


def totals_of(name: str, configuration: Configuration) -> Iterator[Total]:
    """Yield the totals that a name counts into."""
    if matches(configuration.exclude, name):
        return
    yield from (total for total in configuration.totals if matches(total.patterns, name))

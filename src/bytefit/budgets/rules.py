"""Find the rule for a file by gitignore-style globs: the last match applies. It knows names, not files."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pathspec import GitIgnoreSpec

    from bytefit.budgets.configuration import Configuration, Rule, Total


@cache
def _spec(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    # Imported late: it takes as long to load as everything else that a hook does on a clean tree.
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(patterns)


def matches(patterns: tuple[str, ...], name: str) -> bool:
    """Return whether the globs select a name, which is relative to the configuration's folder and uses "/"."""
    # A line break in a name is a character like any other, but pathspec's expressions stop at it. No glob has one.
    return bool(patterns) and _spec(patterns).match_file(name.replace("\n", "\r"))


def rule_for(name: str, configuration: Configuration) -> Rule | None:
    """Return the rule that applies to a name, or None if the name is excluded."""
    if matches(configuration.exclude, name):
        return None
    rules = reversed(configuration.rules)
    return next((rule for rule in rules if matches(rule.patterns, name)), configuration.default)


def totals_of(name: str, configuration: Configuration) -> Iterator[Total]:
    """Yield the totals that include a name."""
    if matches(configuration.exclude, name):
        return
    yield from (total for total in configuration.totals if matches(total.patterns, name))


class Tree(NamedTuple):
    """Every file that was looked at, whether or not it breaks a limit.

    Attributes:
        configuration: the rules.
        sizes: the bytes of each file by its name; files that are excluded are not among them.
        sums: each total with the bytes and the number of its files; empty if totals were not asked for.
    """

    configuration: Configuration
    sizes: Mapping[str, int]
    sums: tuple[tuple[Total, int, int], ...] = ()

    def by_rule(self) -> Iterator[tuple[Rule, list[int]]]:
        """Yield each rule with the bytes of its files, the default rule last if it has files."""
        files: dict[str, list[int]] = {}
        for name, size in self.sizes.items():
            rule = rule_for(name, self.configuration)
            if rule is not None:
                files.setdefault(rule.label, []).append(size)
        yield from ((rule, files.get(rule.label, [])) for rule in self.configuration.rules)
        default = self.configuration.default
        if default.label in files:
            yield default, files[default.label]

"""Explain which rule applies to a file, and why."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bytefit.budgets.image_files import POINTER_SIZES, head_of, size_in_pointer
from bytefit.budgets.keys import written
from bytefit.budgets.rules import matches, rule_for, totals_of
from bytefit.budgets.selection import Selection
from bytefit.messages import format_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bytefit.budgets.baseline import Baseline
    from bytefit.budgets.configuration import Configuration, Rule


def explain(path: str, configuration: Configuration, baseline: Baseline) -> Iterator[str]:
    """Yield the limits of a path, whether or not the file exists, and the result of its check, as lines."""
    name = os.path.relpath(os.path.abspath(path), configuration.base).replace(os.sep, "/")
    rule = rule_for(name, configuration)
    if rule is None:
        globs = _matching(configuration.exclude, name)
        yield f"{path}: not checked: excluded by {globs} in {configuration.file}"
        return
    if rule.skip:
        yield f"{path}: no budget of its own: skip = true {_where(rule, name)}"
    else:
        yield f"{path}: at most {format_size(rule.max_size)} ({rule.max_size:,} bytes), {_where(rule, name)}"
    limits = {"max-width": rule.max_width, "max-height": rule.max_height, **rule.options}
    for key, value in limits.items():
        if value is not None:
            text = written(value) if isinstance(value, bool | dict) else value
            yield f"  {key.replace('_', '-')} = {text}"
    for other in configuration.rules:
        if other is not rule and matches(other.patterns, name):
            yield f"  overruled: {other.label} matches too ({_matching(other.patterns, name)}), the last match applies"
    for total in totals_of(name, configuration):
        yield f"  counts into {total.label}: {' '.join(total.patterns)}, at most {format_size(total.max_size)}"
    if name in baseline.files:
        yield f"  in the baseline with {format_size(baseline.files[name])}"
    yield from _as_it_is(path, configuration, baseline)


def _as_it_is(path: str, configuration: Configuration, baseline: Baseline) -> Iterator[str]:
    from bytefit.budgets.audit import audit

    if not os.path.isfile(path):
        yield "  there is no such file"
        return
    found = audit(Selection((path,)), configuration, baseline, totals=False)
    yield from (f"  {note}" for note in found.notes)
    for finding in found.findings:
        yield f"  {finding.message} ({finding.state}): {finding.remedy}"
    yield from (f"  it cannot be read: {one.reason}" for one in found.unreadable)
    if not found.findings and not found.notes and not found.unreadable:
        size = os.path.getsize(path)
        pointed = size_in_pointer(head_of(path)) if size in POINTER_SIZES else None
        yield f"  it has {format_size(size if pointed is None else pointed)}, which is fine"


def _where(rule: Rule, name: str) -> str:
    if not rule.patterns:
        return f"by {rule.label}, where no rule matches" if rule.label != "the default" else "the default"
    return f"by {rule.label} ({_matching(rule.patterns, name)})"


def _matching(patterns: tuple[str, ...], name: str) -> str:
    """Return the globs that match a name on their own, or all globs if only their combination matches."""
    return ", ".join(repr(glob) for glob in patterns if matches((glob,), name)) or ", ".join(map(repr, patterns))

"""The report for GitHub Actions: annotations for the worst findings and the whole table in the step summary."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bytefit.messages import format_size
from bytefit.reporters.cells import cell, fitting
from bytefit.reporters.markdown import changes_table
from bytefit.reporters.places import repository_name, total_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bytefit.budgets.findings import Audit

# GitHub shows ten errors of a step and drops the others silently.
_SHOWN = 10

# GitHub refuses a summary of more than 1 MiB. The rest is for the lines below the table.
_SUMMARY_SIZE = 1_000_000


def render(audit: Audit) -> str:
    """Return one workflow command a line. Append tables to the file that GITHUB_STEP_SUMMARY names."""
    found = [(repository_name(audit, one.name), "Image cannot be read", one.reason) for one in audit.unreadable]
    found += [
        (total_place(audit), "Images over their total", f"{total.name}: {total.message}")
        for total in audit.failing_totals
    ]
    found += [
        (
            repository_name(audit, finding.name),
            "Image over its budget",
            f"{finding.message}; {audit.advice(finding)}",
        )
        for finding in audit.failing
    ]
    lines = [
        f"::error file={_property(file)},line=1,title={title}::{_data(text)}" for file, title, text in found[:_SHOWN]
    ]
    if len(found) > _SHOWN:
        lines.append(f"::notice::{len(found) - _SHOWN} more images fail; the step summary lists all of them")
    if (summary := os.environ.get("GITHUB_STEP_SUMMARY")) and (audit.failing or audit.failing_totals or audit.changes):
        with open(summary, "a", encoding="utf-8", errors="backslashreplace") as file:
            if audit.failing or audit.failing_totals:
                file.write(_table(audit, _SUMMARY_SIZE - file.tell()))
            if audit.changes:
                file.write(changes_table(audit, _SUMMARY_SIZE - file.tell()))
    return "".join(f"{line}\n" for line in lines)


def _data(text: str) -> str:
    """Escape the text of a workflow command (actions/toolkit, command.ts)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escape the value of a property of a workflow command."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _table(audit: Audit, space: int) -> str:
    """Return the table. If `space` bytes do not hold all rows, it has the worst."""
    action = "fix would" if audit.command == "check" else "what fix did"
    lines = ["### Images over budget", "", f"| over by | size | budget | format | file | {action} |"]
    lines.append("| ---: | ---: | ---: | --- | --- | --- |")
    lines = fitting(lines, _rows(audit), space, "{} more do not fit here: a summary holds 1 MiB.")
    lines += [
        "",
        f"{len(audit.failing)} of {audit.files} files are over budget; {audit.known} are in the baseline.",
        "",
    ]
    return "\n".join(lines) + "\n"


def _rows(audit: Audit) -> Iterator[str]:
    for total in audit.failing_totals:
        sizes = " | ".join(map(format_size, (total.excess, total.size, total.budget)))
        yield f"| {sizes} | {total.files} files | {cell(total.name)} | |"
    for finding in audit.failing:
        sizes = " | ".join(map(format_size, (finding.excess, finding.size, finding.budget)))
        name = cell(repository_name(audit, finding.name))
        action = finding.remedy if audit.command == "check" else audit.advice(finding).removeprefix("fix ")
        yield f"| {sizes} | {finding.format} | {name} | {cell(action)} |"

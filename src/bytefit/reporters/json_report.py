"""The report for programs. `report.schema.json` in this folder describes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bytefit.budgets.changes import Change
    from bytefit.budgets.findings import Audit, Finding, TotalFinding

VERSION = 1


def render(audit: Audit) -> str:
    """Return the audit as one JSON object. Bytes of names that are not UTF-8 are lone surrogates."""
    record = {
        "version": VERSION,
        "passed": audit.passed,
        "files": audit.files,
        "known": audit.known,
        "findings": [_finding(finding) for finding in audit.findings],
        "totals": [_total(total) for total in audit.totals],
        "resolved": list(audit.resolved),
        "notes": list(audit.notes),
        "unreadable": [one._asdict() for one in audit.unreadable],
    }
    if audit.command != "check" or audit.comparison is not None:
        record["command"] = audit.command
        record["changes"] = [_change(change) for change in audit.changes]
    if audit.comparison is not None:
        totals = [total._asdict() for total in audit.comparison.totals]
        record["comparison"] = {**audit.comparison._asdict(), "totals": totals}
    return json.dumps(record, indent=2) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "path": finding.path,
        "name": finding.name,
        "size": finding.size,
        "budget": finding.budget,
        "over_by": finding.excess,
        "format": finding.format,
        "width": finding.width,
        "height": finding.height,
        "limits": list(finding.limits),
        "rule": finding.rule.label,
        "state": finding.state,
        "recorded": finding.recorded,
        "remedy": finding.remedy,
    }


def _change(change: Change) -> dict[str, Any]:
    encode = change.encode
    how = ("quality", "width", "height", "scale", "lossless")
    return {
        "path": change.path,
        "name": change.name,
        "kind": change.kind,
        "before": change.before,
        "after": change.after,
        "budget": change.budget,
        "format": change.format,
        "rule": change.rule,
        "reason": change.reason,
        "score": change.score,
        "seconds": change.seconds,
        **{name: None if encode is None else getattr(encode, name) for name in how},
        "dropped": [] if encode is None else list(encode.dropped),
        # Without their settings, which hold tables of hundreds of numbers.
        "trials": [
            {"quality": one.quality, "size": one.size, "seconds": one.seconds}
            for one in (() if encode is None else encode.trials)
        ],
    }


def _total(total: TotalFinding) -> dict[str, Any]:
    return {
        "name": total.name,
        "size": total.size,
        "budget": total.budget,
        "over_by": total.excess,
        "files": total.files,
        "rule": total.label,
        "state": total.state,
        "recorded": total.recorded,
    }

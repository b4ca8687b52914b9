"""The report for programs. `report.schema.json` in this folder describes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

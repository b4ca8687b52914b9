"""The report for GitLab's Code Quality widget, in Code Climate's format."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bytefit.reporters.identity import OVER_TOTAL, check_of, fingerprint, well_formed
from bytefit.reporters.places import repository_name, total_place

if TYPE_CHECKING:
    from bytefit.budgets.findings import Audit


def render(audit: Audit) -> str:
    """Return a list of issues, without the findings that the baseline accepts."""
    issues = [
        _issue(check_of(finding), finding.message, repository_name(audit, finding.name)) for finding in audit.failing
    ]
    issues += [
        _issue(OVER_TOTAL, f"{total.name}: {total.message}", total_place(audit), total.name)
        for total in audit.failing_totals
    ]
    return json.dumps(issues, indent=2) + "\n"


def _issue(check: str, text: str, place: str, *names: str) -> dict[str, Any]:
    return {
        "description": well_formed(text),
        "check_name": check,
        "fingerprint": fingerprint(check, place, *names),
        "severity": "major",
        "location": {"path": well_formed(place), "lines": {"begin": 1}},
    }

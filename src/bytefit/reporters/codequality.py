"""The report for GitLab's Code Quality widget, in the format of Code Climate that it reads."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from bytefit.reporters.places import repository_name, total_place

if TYPE_CHECKING:
    from bytefit.budgets.audit import Audit


def render(audit: Audit) -> str:
    """Return a list of issues; what the baseline knows is no issue."""
    issues = [
        _issue("over-budget", finding.message, repository_name(audit, finding.name), finding.name)
        for finding in audit.failing
    ]
    issues += [
        _issue("over-total", f"{total.name}: {total.message}", total_place(audit), total.name)
        for total in audit.failing_totals
    ]
    return json.dumps(issues, indent=2) + "\n"


def _issue(check: str, text: str, place: str, name: str) -> dict[str, Any]:
    # Of file and check alone, so that an issue stays the same issue while the file changes its size.
    fingerprint = sha256(b"\0".join((check.encode(), os.fsencode(name)))).hexdigest()
    return {
        "description": text,
        "check_name": check,
        "fingerprint": fingerprint,
        "severity": "major",
        "location": {"path": place, "lines": {"begin": 1}},
    }

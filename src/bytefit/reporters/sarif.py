"""The report for GitHub code scanning and other readers of SARIF 2.1.0 (OASIS, with errata 01)."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bytefit import __version__
from bytefit.reporters.places import repository_name, total_place

if TYPE_CHECKING:
    from bytefit.budgets.audit import Audit

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_HOME = "https://github.com/bytefit/bytefit"

_RULES = {
    "over-budget": (
        "An image has more bytes than its budget",
        "'bytefit fix' recompresses it, or the budget is raised",
    ),
    "over-dimensions": (
        "An image has more pixels a side than allowed",
        "with resize = true 'bytefit fix' scales it down",
    ),
    "over-total": ("Images together have more bytes than their total", "make some smaller, or raise the total"),
}
_STATES = {"new": "new", "grown": "updated", "known": "unchanged"}


def render(audit: Audit) -> str:
    """Return the log of one run; what the baseline knows is in it, as suppressed."""
    results = []
    for finding in audit.findings:
        rule = "over-budget" if "max-size" in finding.limits else "over-dimensions"
        place = repository_name(audit, finding.name)
        results.append(
            _result(rule, f"{finding.message}; fix would {finding.remedy}", place, finding.name, finding.state)
        )
    for total in audit.totals:
        text = f"{total.name}: {total.message}"
        results.append(_result("over-total", text, total_place(audit), total.name, total.state))
    rules = [
        {"id": name, "shortDescription": {"text": short}, "help": {"text": f"{short}: {way_out}."}}
        for name, (short, way_out) in _RULES.items()
    ]
    driver = {"name": "bytefit", "version": __version__, "informationUri": _HOME, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _result(rule: str, text: str, place: str, name: str, state: str) -> dict[str, Any]:
    # Of file and rule alone, so that an alert stays the same alert while the file changes its size.
    fingerprint = sha256(b"\0".join((rule.encode(), os.fsencode(name)))).hexdigest()
    location = {"artifactLocation": {"uri": quote(os.fsencode(place))}, "region": {"startLine": 1}}
    result: dict[str, Any] = {
        "ruleId": rule,
        "ruleIndex": list(_RULES).index(rule),
        "level": "error",
        "message": {"text": text.encode("utf-8", "backslashreplace").decode()},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {"bytefit/v1": fingerprint},
        "baselineState": _STATES[state],
    }
    if state == "known":
        result["suppressions"] = [{"kind": "external", "justification": "it is in the baseline"}]
    return result

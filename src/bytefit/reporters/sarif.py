"""The report for GitHub code scanning and other readers of SARIF 2.1.0 (OASIS, with errata 01)."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bytefit import __version__
from bytefit.reporters.identity import OVER_TOTAL, check_of, fingerprint, well_formed
from bytefit.reporters.places import repository_name, total_place

if TYPE_CHECKING:
    from bytefit.budgets.findings import Audit

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_HOME = "https://github.com/bytefit/bytefit"

_RULES = {
    "over-budget": (
        "An image is larger than its budget",
        "run 'bytefit fix' to recompress it, or raise the budget",
    ),
    "over-dimensions": (
        "An image is wider or higher than allowed",
        "set resize = true and run 'bytefit fix' to scale it down",
    ),
    OVER_TOTAL: ("Images together are larger than their total", "make some of them smaller, or raise the total"),
}
_STATES = {"new": "new", "grown": "updated"}


def render(audit: Audit) -> str:
    """Return the log of one run, without known findings: GitHub shows suppressed results as open alerts."""
    results = []
    for finding in audit.failing:
        text = f"{finding.message}; {audit.advice(finding)}"
        results.append(_result(check_of(finding), text, finding.state, repository_name(audit, finding.name)))
    for total in audit.failing_totals:
        text = f"{total.name}: {total.message}"
        results.append(_result(OVER_TOTAL, text, total.state, total_place(audit), total.name))
    rules = [_rule(name, short, f"{short}: {way_out}.") for name, (short, way_out) in _RULES.items()]
    driver = {"name": "bytefit", "version": __version__, "informationUri": _HOME, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(name: str, short: str, text: str) -> dict[str, Any]:
    # GitHub asks for all three texts.
    return {"id": name, "shortDescription": {"text": short}, "fullDescription": {"text": text}, "help": {"text": text}}


def _result(rule: str, text: str, state: str, place: str, *names: str) -> dict[str, Any]:
    artifact = {"uri": quote(os.fsencode(place)), "uriBaseId": "%SRCROOT%"}
    location = {"artifactLocation": artifact, "region": {"startLine": 1}}
    return {
        "ruleId": rule,
        "ruleIndex": list(_RULES).index(rule),
        "level": "error",
        "message": {"text": well_formed(text)},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {"bytefit/v1": fingerprint(rule, place, *names)},
        "baselineState": _STATES[state],
    }

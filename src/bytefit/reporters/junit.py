"""The report for what reads JUnit's XML: GitLab, Jenkins, Azure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from bytefit.budgets.audit import Audit, Finding, TotalFinding

# What XML 1.0 cannot hold (section 2.2), not even escaped.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(audit: Audit) -> str:
    """Return a suite of one test for every file and total that is over, and one for all others together."""
    cases = [_case(finding.name, "budget", finding) for finding in audit.findings]
    cases += [_case(total.name, "total", total) for total in audit.totals]
    within = audit.files - len(audit.findings)
    cases.append(
        ET.Element("testcase", name=f"{within} files within their budgets", classname="bytefit.budget", time="0")
    )
    failures = len(audit.failing) + len(audit.failing_totals)
    counts: dict[str, Any] = {
        "tests": str(len(cases)),
        "failures": str(failures),
        "errors": "0",
        "skipped": str(audit.known),
    }
    suite = ET.Element("testsuite", name="bytefit", time="0", **counts)
    suite.extend(cases)
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _case(name: str, kind: str, finding: Finding | TotalFinding) -> ET.Element:
    case = ET.Element("testcase", name=_legal(name), classname=f"bytefit.{kind}", time="0")
    message = _legal(finding.message)
    if finding.state == "known":
        ET.SubElement(case, "skipped", message=f"in the baseline: {message}")
    else:
        ET.SubElement(case, "failure", type=f"over-{kind}", message=message).text = f"{_legal(name)}: {message}"
    return case


def _legal(text: str) -> str:
    """Return a text with what XML cannot hold written as an escape, and line breaks, too, which attributes lose."""
    shown = _ILLEGAL.sub(lambda match: ascii(match[0])[1:-1], text)
    return re.sub(r"[\t\n\r]", lambda match: ascii(match[0])[1:-1], shown)

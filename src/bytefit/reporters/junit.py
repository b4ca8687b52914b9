"""The report as JUnit XML, for GitLab, Jenkins and Azure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from bytefit.reporters.identity import OVER_TOTAL, check_of

if TYPE_CHECKING:
    from bytefit.budgets.findings import Audit, Finding, TotalFinding, Unreadable

# XML 1.0 cannot hold these characters, even escaped (section 2.2).
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(audit: Audit) -> str:
    """Return a suite with one test for every file and total over budget, and one test for all other files."""
    cases = [_case(finding.name, check_of(finding), finding) for finding in audit.findings]
    cases += [_case(total.name, OVER_TOTAL, total) for total in audit.totals]
    cases += [_error(one) for one in audit.unreadable]
    cases.append(_others(audit.files - len(audit.findings)))
    failures = len(audit.failing) + len(audit.failing_totals)
    counts: dict[str, Any] = {
        "tests": str(len(cases)),
        "failures": str(failures),
        "errors": str(len(audit.unreadable)),
        "skipped": str(audit.known),
    }
    suite = ET.Element("testsuite", name="bytefit", time="0", **counts)
    suite.extend(cases)
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _others(count: int) -> ET.Element:
    # The count is not in the name: readers use the name to decide whether a test is new.
    case = ET.Element("testcase", name="all other files", classname="bytefit.budget", time="0")
    ET.SubElement(case, "system-out").text = f"{count} files within their budgets"
    return case


def _error(unreadable: Unreadable) -> ET.Element:
    case = ET.Element("testcase", name=_legal(unreadable.name), classname="bytefit.budget", time="0")
    message = _legal(unreadable.reason)
    ET.SubElement(case, "error", type="unreadable", message=message).text = f"{_legal(unreadable.name)}: {message}"
    return case


def _case(name: str, check: str, finding: Finding | TotalFinding) -> ET.Element:
    kind = "total" if check == OVER_TOTAL else "budget"
    case = ET.Element("testcase", name=_legal(name), classname=f"bytefit.{kind}", time="0")
    message = _legal(finding.message)
    if finding.state == "known":
        ET.SubElement(case, "skipped", message=f"in the baseline: {message}")
    else:
        ET.SubElement(case, "failure", type=check, message=message).text = f"{_legal(name)}: {message}"
    return case


def _legal(text: str) -> str:
    """Return a text with escapes for the characters that XML cannot hold and for line breaks, which attributes lose."""
    shown = _ILLEGAL.sub(lambda match: ascii(match[0])[1:-1], text)
    return re.sub(r"[\t\n\r]", lambda match: ascii(match[0])[1:-1], shown)

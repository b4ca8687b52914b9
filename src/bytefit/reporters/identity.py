"""What makes a finding the same finding in the next run: the check that it fails and the file, never the size."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bytefit.budgets.findings import Finding

OVER_TOTAL = "over-total"


def check_of(finding: Finding) -> str:
    """Return the name of the check that a file fails: that of its bytes where it fails that one, too."""
    return "over-budget" if "max-size" in finding.limits else "over-dimensions"


def fingerprint(check: str, *names: str) -> str:
    """Return a hash of a check and the names it is about.

    One of them starts at the top of the repository: two configurations below it may each know an "a.jpg", and GitLab
    merges their reports by fingerprint.
    """
    return sha256(b"\0".join((check.encode(), *map(os.fsencode, names)))).hexdigest()


def well_formed(text: str) -> str:
    """Return a text with the bytes of names that are not UTF-8 written as escapes.

    Lone surrogates pass Python's JSON and no strict reader: GitHub refuses the whole SARIF file, after the upload.
    """
    return text.encode("utf-8", "backslashreplace").decode()

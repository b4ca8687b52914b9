"""Identify a finding across runs: by its check and its file, never by its size."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bytefit.budgets.findings import Finding

OVER_TOTAL = "over-total"


def check_of(finding: Finding) -> str:
    """Return the name of the check that a file fails. If it fails both, the size counts, not the dimensions."""
    return "over-budget" if "max-size" in finding.limits else "over-dimensions"


def fingerprint(check: str, *names: str) -> str:
    """Return a hash of a check and its names.

    One name is relative to the top of the repository: two configurations may each have an "a.jpg", and GitLab merges
    their reports by fingerprint.
    """
    return sha256(b"\0".join((check.encode(), *map(os.fsencode, names)))).hexdigest()


def well_formed(text: str) -> str:
    """Return a text in which bytes that are not UTF-8 are written as escapes.

    Python's JSON accepts lone surrogates but strict readers do not: GitHub refuses the whole SARIF file after upload.
    """
    return text.encode("utf-8", "backslashreplace").decode()

"""Names for the readers of reports: relative to the top of the git repository."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bytefit.budgets.repository import repository_top

if TYPE_CHECKING:
    from bytefit.budgets.findings import Audit


def repository_name(audit: Audit, name: str) -> str:
    """Return a name of the audit relative to the top of its git repository, or unchanged without a repository."""
    top = repository_top(audit.base)
    if top is None or top == audit.base:
        return name
    return os.path.relpath(os.path.join(audit.base, name), top).replace(os.sep, "/")


def total_place(audit: Audit) -> str:
    """Return the file to show a total at: the configuration, because a sum has no file of its own."""
    return repository_name(audit, audit.configuration)

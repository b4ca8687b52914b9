"""What the commands say at effort "best": what would make the files better."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bytefit.fitting.result import Result


def note_missing_extra(results: Iterable[Result | None]) -> None:
    """Say once on standard error what effort "best" lacks, if some result is a JPEG of that effort."""
    if find_spec("numpy") is None and any(result is not None and result.setting.get("scans") for result in results):
        print(MISSING_EXTRA, file=sys.stderr)


MISSING_EXTRA = (
    "bytefit: note: effort 'best' makes better-looking JPEG files with numpy, which is not installed: "
    "pip install 'bytefit[best]'"
)

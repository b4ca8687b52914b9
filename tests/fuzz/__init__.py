"""A fuzzer: damaged files of every format and random options, through every way into bytefit.

    python -m tests.fuzz --seconds 60               carries out orders for a minute
    python -m tests.fuzz --orders 1000 --first 0    carries out the orders 0 to 999
    python -m tests.fuzz --seed 4711                repeats one order, with its traceback
    python -m tests.fuzz --corpus DIR               takes files of a folder in addition to generated ones

A seed decides everything about an order: the file, the damage, the options and the way in. Only `BytefitError` and
`OSError` may come out of an order, and every answer has to keep its promises. See docs/explanation/hardening.md.
"""

from __future__ import annotations

import sys
from pathlib import Path

# The parent folder holds the generated images. pytest has it on its path; `python -m` does not.
TESTS = Path(__file__).resolve().parent.parent
if str(TESTS) not in sys.path:
    sys.path.insert(0, str(TESTS))

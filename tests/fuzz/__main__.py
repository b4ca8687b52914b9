"""The command line of the fuzzer."""

from __future__ import annotations

import argparse
import signal
import sys
import traceback
from collections import Counter
from contextlib import suppress
from math import inf
from pathlib import Path
from random import SystemRandom
from tempfile import TemporaryDirectory
from time import monotonic
from typing import TYPE_CHECKING

from . import carrying_out
from .files import corpus_files
from .order import order_of
from .workers import endings, prepare_process, work

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .carrying_out import Ending

# Findings with the same place and error are printed this often.
_PRINTED = 3

_PROGRESS_SECONDS = 60


def main(argv: Sequence[str] | None = None) -> int:
    """Run the fuzzer; return 1 if it found something."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz bytefit.")
    parser.add_argument("--seconds", type=float, default=inf, metavar="N", help="stop after this time")
    parser.add_argument("--orders", type=int, metavar="N", help="stop after this many orders")
    parser.add_argument("--first", type=int, metavar="N", help="the first seed (default: a random one)")
    parser.add_argument("--seed", type=int, metavar="N", help="repeat one order in this process")
    parser.add_argument("--write", type=Path, metavar="FILE", help="with --seed: write the damaged file here")
    parser.add_argument("--corpus", type=Path, metavar="DIR", help="also damage the files below this folder")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="number of processes (default: 1)")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.work:
        work(*map(int, arguments.work.split(":")), arguments.corpus)
        return 0
    if arguments.seed is not None:
        return _repeat(arguments.seed, arguments.corpus, arguments.write)
    if arguments.seconds == inf and arguments.orders is None:
        parser.error("give --seconds, --orders or --seed")
    return _run(arguments)


def _run(arguments: argparse.Namespace) -> int:
    first = SystemRandom().randrange(10**9) if arguments.first is None else arguments.first
    started, shown = monotonic(), monotonic()
    ended: Counter[str] = Counter()
    found: Counter[str] = Counter()
    print(f"orders from seed {first}", flush=True)
    until = started + arguments.seconds
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        for ending in endings(first, arguments.jobs, arguments.corpus, orders=arguments.orders, until=until):
            ended[ending.kind] += 1
            if ending.kind == "finding":
                found[ending.signature] += 1
                if found[ending.signature] <= _PRINTED:
                    print(line_of(ending), flush=True)
            if monotonic() > shown + _PROGRESS_SECONDS:
                shown = monotonic()
                print(f"... {ended.total()} orders, {len(found)} kinds of findings", flush=True)
    print(summary(ended, found, monotonic() - started), flush=True)
    return int(bool(found))


def line_of(ending: Ending) -> str:
    """Return a finding in one line."""
    return f"FINDING seed {ending.seed}: {ending.error} [{ending.frame}] {ending.order}".replace("\n", "\\n")


def summary(ended: Counter[str], found: Counter[str], seconds: float) -> str:
    """Return the numbers of a run."""
    lines = [f"{ended.total()} orders in {seconds:.0f} s, {ended.total() / max(seconds, 1e-9):.0f} a second"]
    lines += [f"{count:8} {kind}" for kind, count in ended.most_common()]
    lines += [f"{count:8} x {signature}" for signature, count in found.most_common()]
    return "\n".join(lines)


def _repeat(seed: int, corpus: Path | None, write: Path | None) -> int:
    """Carry out one order here, and let its traceback be seen."""
    prepare_process()
    order = order_of(seed, corpus_files(corpus) if corpus else [])
    print(order, flush=True)
    if write:
        write.write_bytes(order.data)
    with TemporaryDirectory(prefix="fuzz-") as folder, carrying_out.chdir(folder):
        try:
            print(carrying_out._carried_out(order, Path(f"in{order.file.suffix}")))
        except Exception:  # noqa: BLE001  (every one is a finding)
            traceback.print_exc()
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Worker processes that carry out orders within limits of time and memory, and whoever starts them.

A worker that dies is a finding of the order it was at; another one goes on with the next order.
"""

from __future__ import annotations

import faulthandler
import json
import os
import re
import signal
import subprocess
import sys
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from tempfile import TemporaryFile
from time import monotonic
from typing import IO, TYPE_CHECKING

from PIL import Image

from .carrying_out import Ending, carry_out
from .files import corpus_files, register_plugins
from .order import order_of

if TYPE_CHECKING:
    from collections.abc import Iterator

# Of the processor: on a busy machine an order may take many times as long. What only waits is ended, too.
TIMEOUT_SECONDS = 60
_MOST_WAITING_SECONDS = 600
MEMORY_BYTES = 2 << 30

# A worker is replaced after this many orders, so that what it leaks does not count for later ones.
_ORDERS_A_WORKER = 20_000

_ROOT = Path(__file__).resolve().parent.parent.parent

# Libraries of numbers reserve memory for every thread.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"}


def prepare_process() -> None:
    """Make this process ready for orders: warnings off, plug-ins registered, memory limited."""
    warnings.simplefilter("ignore")
    register_plugins()
    Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS or 89_478_485
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return
    statm = Path("/proc/self/statm")
    if statm.exists():
        base = int(statm.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (base + MEMORY_BYTES, base + MEMORY_BYTES))


def work(first: int, step: int, corpus: Path | None) -> None:
    """Carry out the orders `first`, `first + step` ... and print a line for each, until the process is ended."""
    prepare_process()
    faulthandler.enable()
    timed = hasattr(signal, "setitimer")  # not on Windows
    if timed:
        faulthandler.register(signal.SIGPROF, chain=True)  # prints where it is; then the process ends
    files = corpus_files(corpus) if corpus else []
    lines, sys.stdout = sys.stdout, sys.stderr
    for seed in range(first, first + _ORDERS_A_WORKER * step, step):
        faulthandler.dump_traceback_later(_MOST_WAITING_SECONDS if timed else TIMEOUT_SECONDS, exit=True)
        if timed:
            signal.setitimer(signal.ITIMER_PROF, TIMEOUT_SECONDS)
        ending = carry_out(order_of(seed, files))
        faulthandler.cancel_dump_traceback_later()
        print(json.dumps(asdict(ending)), file=lines, flush=True)


@dataclass(slots=True)
class _Worker:
    process: subprocess.Popen[bytes]
    errors: IO[bytes]
    seed: int
    lines: bytes = b""


def endings(
    first: int, jobs: int, corpus: Path | None, *, orders: int | None, until: float, every: int = 1
) -> Iterator[Ending]:
    """Yield how orders end, from the seed `first` on, as they end.

    Args:
        first: the seed of the first order.
        jobs: the number of worker processes.
        corpus: a folder of further files, or None.
        orders: how many orders to carry out; None means no limit.
        until: the time by `monotonic` after which no more are carried out.
        every: the step from one seed to the next.
    """
    end = None if orders is None else first + orders * every
    step = jobs * every
    selector = DefaultSelector()
    for seed in range(first, first + step, every):
        if end is None or seed < end:
            _start(selector, seed, step, corpus)
    try:
        while selector.get_map() and monotonic() < until:
            for key, _ in selector.select(timeout=0.5):
                yield from _read(selector, key.data, step, corpus, end)
    finally:
        for key in list(selector.get_map().values()):
            _stop(selector, key.data)


def _start(selector: DefaultSelector, seed: int, step: int, corpus: Path | None) -> None:
    command = [sys.executable, "-m", "tests.fuzz", "--work", f"{seed}:{step}"]
    command += ["--corpus", str(corpus.resolve())] if corpus else []
    path = os.pathsep.join(filter(None, (str(_ROOT / "src"), os.environ.get("PYTHONPATH", ""))))
    errors = TemporaryFile()  # noqa: SIM115  (the worker closes it)
    process = subprocess.Popen(
        command, cwd=_ROOT, env={**os.environ, **_ONE_THREAD, "PYTHONPATH": path}, stdout=subprocess.PIPE, stderr=errors
    )
    assert process.stdout is not None
    selector.register(process.stdout, EVENT_READ, _Worker(process, errors, seed))


def _stop(selector: DefaultSelector, worker: _Worker) -> None:
    assert worker.process.stdout is not None
    selector.unregister(worker.process.stdout)
    worker.process.kill()
    worker.process.wait()
    worker.process.stdout.close()
    worker.errors.close()


def _read(
    selector: DefaultSelector, worker: _Worker, step: int, corpus: Path | None, end: int | None
) -> Iterator[Ending]:
    """Yield the orders that a worker has carried out; start another worker where it has ended."""
    assert worker.process.stdout is not None
    read = os.read(worker.process.stdout.fileno(), 1 << 16)
    *lines, worker.lines = (worker.lines + read).split(b"\n")
    for line in lines:
        ending = Ending(**json.loads(line))
        worker.seed = ending.seed + step
        yield ending
        if end is not None and worker.seed >= end:
            _stop(selector, worker)
            return
    if read:
        return
    if worker.process.wait() != 0:
        yield _death(worker)
        worker.seed += step
    seed = worker.seed
    _stop(selector, worker)
    if end is None or seed < end:
        _start(selector, seed, step, corpus)


def _death(worker: _Worker) -> Ending:
    """Return the finding that a worker died of."""
    worker.errors.seek(0)
    text = worker.errors.read().decode(errors="replace")
    code = worker.process.returncode
    reason = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    if "Timeout (" in text or reason == "SIGPROF":
        reason = f"more than {TIMEOUT_SECONDS} s"
    frames = re.findall(r'File "([^"]+)", line (\d+) in (\S+)', text)
    ours = [frame for frame in frames if "bytefit" in frame[0]][:1]
    places = [f"{Path(file).name}:{line} {name}" for file, line, name in (*ours, *frames[:1])]
    fallback = text.strip().splitlines()[-1:] or [""]
    return Ending(worker.seed, "finding", f"seed {worker.seed}", f"died: {reason}", " < ".join(places) or fallback[0])

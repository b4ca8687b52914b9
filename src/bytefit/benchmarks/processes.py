"""Whole processes side by side, as users run them: bytefit's command and every installed peer fit the same files.

Measured are the wall time, the memory and the bytes of a process that starts, reads a JPEG file, writes its answer and
ends. `bytefit.benchmarks.looks` measures quality.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections import Counter
from dataclasses import asdict, dataclass, replace
from math import nan
from pathlib import Path
from shutil import copyfile, which
from statistics import fmean, median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bytefit.benchmarks.first_answer import first_answer_milliseconds, loads_numpy
from bytefit.benchmarks.peers import installed_peers
from bytefit.errors import BudgetUnreachable, ConfigError, UnsupportedImage
from bytefit.fitting.compress import compress
from bytefit.sources.reading import read_picture
from bytefit.training.corpus import find_files, limited
from bytefit.training.markdown import table
from bytefit.training.progress import tracked

if TYPE_CHECKING:
    from collections.abc import Sequence

# The formats to write, and the divisor of the JPEG file's bytes that gives the target. A third is too little for any
# lossless optimiser. WebP files are smaller, so their target is a sixth: the top of the ladder must not fit either.
PARTS = {"JPEG": 3, "WEBP": 6}

# Every peer that was tried takes a few seconds at most for a picture of a megapixel.
TIMEOUT_SECONDS = 300.0

# Runs a command and prints its seconds and its peak memory in bytes; fails if the command fails. On Linux the memory
# that the parent held at the start counts for the process too (started from 300 MB, `true` takes 300 MB), so this small
# process starts it: commands below its own 10 MB or so cannot be told apart. Only macOS counts in bytes.
_STOPWATCH = """
import os, subprocess, sys, threading, time
began = time.perf_counter()
child = subprocess.Popen(sys.argv[3:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
limit = threading.Timer(float(sys.argv[1]), child.kill)
limit.start()
if hasattr(os, "wait4"):
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
else:
    child.wait()
    peak = "null"
print(f"[{time.perf_counter() - began}, {peak}]")
limit.cancel()
sys.exit(child.returncode not in (0, int(sys.argv[2])))
"""


@dataclass(frozen=True, slots=True)
class Contestant:
    """A command that makes a file of `in.jpg`, in the folder it is run in.

    Attributes:
        name, format: its name in tables, and Pillow's name of the format it writes.
        program: the program to run.
        arguments: as in a shell, with {bytes} for the target and {kib} for the whole KiB in it, at least 1.
        answer: the file it writes.
        exit_code: the code besides 0 that it ends with when it has written its answer.
    """

    name: str
    format: str
    program: str
    arguments: str
    answer: str
    exit_code: int = 0


# All others are compared in time with the first and in memory with the second, which gets no target: one encode at
# Pillow's own quality is about the least that a process can do.
BYTEFIT, FIX, PILLOW = "bytefit", "bytefit fix", "Pillow, one encode"
_OPENED = "from PIL import Image; Image.open('in.jpg')"

# The hook ends with 1 when it has changed a file.
# Of several with one name and format, the first that is installed takes part. jpegoptim takes whole KiB only, here
# rounded down, and works in place.
CONTESTANTS = (
    Contestant(BYTEFIT, "JPEG", sys.executable, "-m bytefit compress in.jpg --to {bytes} -o out.jpg", "out.jpg"),
    Contestant(BYTEFIT, "WEBP", sys.executable, "-m bytefit compress in.jpg --to {bytes} -o out.webp", "out.webp"),
    Contestant(FIX, "JPEG", sys.executable, "-m bytefit fix in.jpg --max-size {bytes}", "in.jpg", exit_code=1),
    Contestant(
        *(PILLOW, "JPEG", sys.executable),
        *(f"""-c "{_OPENED}.save('out.jpg', quality=75, progressive=True, optimize=True)" """, "out.jpg"),
    ),
    Contestant(PILLOW, "WEBP", sys.executable, f"""-c "{_OPENED}.save('out.webp', method=4)" """, "out.webp"),
    Contestant("ImageMagick", "JPEG", "magick", "in.jpg -define jpeg:extent={bytes}B out.jpg", "out.jpg"),
    Contestant("ImageMagick", "JPEG", "convert", "in.jpg -define jpeg:extent={bytes}B out.jpg", "out.jpg"),
    Contestant("jpegoptim", "JPEG", "jpegoptim", "--quiet --all-progressive --size={kib} in.jpg", "in.jpg"),
    Contestant("caesium", "JPEG", "caesiumclt", "--quiet --max-size {bytes} --output made in.jpg", "made/in.jpg"),
    Contestant("cwebp", "WEBP", "cwebp", "-quiet -size {bytes} -pass 6 in.jpg -o out.webp", "out.webp"),
)


@dataclass(frozen=True, slots=True)
class ProcessRun:
    """One case, a file and a target, and the fastest run of one contestant.

    Attributes:
        path, format, target: the case, its target in bytes; the path is the one below the folder.
        contestant: the name of the contestant.
        seconds: from the start of the process to its end; None, as all below, where no run wrote a file.
        memory: the peak of its resident memory, in bytes; None also where the platform does not report it.
        size: bytes of the answer.
    """

    path: str
    format: str
    target: int
    contestant: str = ""
    seconds: float | None = None
    memory: int | None = None
    size: int | None = None


def bench_peers(folder: Path, *, limit: int | None, as_json: bool, repeats: int = 3) -> str:
    """Time every installed command on the JPEG files below `folder` and return the report.

    Args:
        folder: see `bytefit.training.corpus`.
        limit: at most this many images of every kind, chosen by the hashes of their names; None means all.
        as_json: every row as JSON instead of tables.
        repeats: runs of every contestant in every case; the fastest counts, since the machine may be busy.

    Raises:
        ConfigError: if no case is left to be measured.
    """
    cases, left_out = _cases(folder, limit)
    if not cases:
        raise ConfigError(f"nothing to measure below {folder}: no JPEG file that can be fitted")
    installed = contestants()
    rows: list[ProcessRun] = []
    for turn, case in enumerate(tracked(cases, "timing", len(cases))):
        rows += compared(folder, case, installed, repeats=repeats, turn=turn * repeats)
    first = {
        case.format: first_answer_milliseconds(folder / case.path, case.target, case.format, processes=5 * repeats)
        for case in reversed(cases)
    }
    imports, numpy = (
        import_milliseconds(pairs=5 * repeats),
        loads_numpy(folder / cases[0].path, cases[0].target, cases[0].format),
    )
    if as_json:
        found = {
            "left_out": left_out,
            "import_milliseconds": imports,
            "first_answer_milliseconds": first,
            "loads_numpy": numpy,
        }
        return json.dumps({**found, "rows": [asdict(row) for row in rows]}, indent=1)
    costs = [f"`{code}` in addition to `import PIL.Image`: {cost:+.1f} ms." for code, cost in imports.items()]
    costs += [
        f"The first `compress` of a process to {name}, over the second: {cost:+.1f} ms."
        for name, cost in sorted(first.items())
        if cost is not None
    ]
    left = "; ".join(f"{count} {what}" for what, count in sorted(left_out.items())) or "none"
    return "\n\n".join(
        [process_report(rows), *costs, f"`numpy` in `sys.modules` after a first answer: {numpy}.", f"Left out: {left}."]
    )


def contestants() -> list[Contestant]:
    """Return the contestants that are installed and work here, with the paths of their programs."""
    tried = {BYTEFIT, FIX, PILLOW, *(peer.name for peer in installed_peers())}
    found: dict[tuple[str, str], Contestant] = {}
    for each in CONTESTANTS:
        if each.name in tried and (program := which(each.program)) is not None:
            found.setdefault((each.name, each.format), replace(each, program=program))
    return list(found.values())


def compared(
    folder: Path, case: ProcessRun, installed: Sequence[Contestant], *, repeats: int, turn: int = 0
) -> list[ProcessRun]:
    """Run all contestants for the format of a case, `repeats` times; `turn` and repeat decide which goes first."""
    entrants = [each for each in installed if each.format == case.format]
    best = {each: replace(case, contestant=each.name) for each in entrants}
    for repeat in range(turn, turn + repeats):
        first = repeat % len(entrants)
        for each in (*entrants[first:], *entrants[:first]):
            run = _run_of(folder / case.path, best[each], each)
            best[each] = min(best[each], run, key=lambda row: float("inf") if row.seconds is None else row.seconds)
    return list(best.values())


def clocked(
    command: Sequence[str], folder: Path, *, timeout_seconds: float = TIMEOUT_SECONDS, exit_code: int = 0
) -> tuple[float, int | None] | None:
    """Run a command in `folder`; return its seconds and peak memory in bytes, or None if it fails or takes too long.

    It fails with any exit code but 0 and `exit_code`.

    The memory is None where the platform does not report it for one process (Windows).
    """
    # An installed package comes with its bytecode; without it, every run here would compile bytefit again.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    stopwatch = [sys.executable, "-I", "-S", "-c", _STOPWATCH, str(timeout_seconds), str(exit_code), *command]
    done = subprocess.run(stopwatch, cwd=folder, env=environment, capture_output=True, check=False)  # noqa: S603  (ours)
    if done.returncode != 0:
        return None
    seconds, memory = json.loads(done.stdout)
    return seconds, memory


def import_milliseconds(*, pairs: int) -> dict[str, float]:
    """Return the time that bytefit adds to an import of Pillow in a new process: medians of differences, in turns."""
    codes = ("", "import bytefit", "from bytefit import compress")
    with TemporaryDirectory() as folder:
        rounds = [
            {
                code: (clocked([sys.executable, "-c", f"import PIL.Image; {code}"], Path(folder)) or (nan,))[0]
                for code in (*codes[turn % 3 :], *codes[: turn % 3])
            }
            for turn in range(pairs)
        ]
    return {code: 1000 * median(taken[code] - taken[""] for taken in rounds) for code in codes[1:]}


def process_report(rows: Sequence[ProcessRun]) -> str:
    """Return a table for every format: the time and the memory of every contestant, and how it kept to the targets."""
    header = ["", "cases", "failed", "ms", "time", "least", "most", "over", "fill", "MB", "memory", "largest"]
    legend = (
        "Medians. *Time* is in units of bytefit's and *memory* in units of plain Pillow's, in the same case each; "
        "*least*, *most* and *largest* are single cases; *over* is the share of answers above the target, "
        "*fill* is bytes / target."
    )
    parts = [legend]
    for codec_format in dict.fromkeys(row.format for row in rows):
        of_format = [row for row in rows if row.format == codec_format]
        lines = [_contestant_line(name, of_format) for name in dict.fromkeys(row.contestant for row in of_format)]
        parts.append(f"**JPEG to {codec_format}, 1/{PARTS[codec_format]} of the bytes**\n\n" + table(header, lines))
    return "\n\n".join(parts)


def _contestant_line(name: str, rows: Sequence[ProcessRun]) -> list[str]:
    own = [row for row in rows if row.contestant == name]
    times, peaks = _ratios(own, rows, BYTEFIT, "seconds"), _ratios(own, rows, PILLOW, "memory")
    seconds = [row.seconds * 1000 for row in own if row.seconds is not None]
    memory = [row.memory / 1e6 for row in own if row.memory is not None]
    fills = [row.size / row.target for row in own if row.size is not None and name != PILLOW]
    return [
        *(name, str(len(own)), str(sum(row.size is None for row in own)), f"{median(seconds):.0f}" if seconds else "-"),
        *([f"{figure:.2f}x" for figure in (median(times), min(times), max(times))] if times else "---"),
        *([f"{fmean(fill > 1 for fill in fills):.1%}", f"{median(fills):.3f}"] if fills else "--"),
        f"{median(memory):.1f}" if memory else "-",
        *([f"{figure:.2f}x" for figure in (median(peaks), max(peaks))] if peaks else "--"),
    ]


def _ratios(own: Sequence[ProcessRun], rows: Sequence[ProcessRun], reference: str, figure: str) -> list[float]:
    """Return a figure of each row in units of the `reference` in the same case, where both have it."""
    units = {row.path: getattr(row, figure) for row in rows if row.contestant == reference}
    pairs = [(getattr(row, figure), units.get(row.path)) for row in own]
    return [value / unit for value, unit in pairs if value is not None and unit is not None]


def _cases(folder: Path, limit: int | None) -> tuple[list[ProcessRun], Counter[str]]:
    """Return the cases below `folder`, as rows without an answer, and how many files were left out, by reason."""
    cases: list[ProcessRun] = []
    left_out: Counter[str] = Counter()
    files = limited(find_files([folder]), limit)
    for file in tracked(files, "choosing", len(files)):
        if not _is_plain_jpeg(file.path):
            left_out["files that are not JPEG in RGB or grey"] += 1
            continue
        for codec_format, part in PARTS.items():
            case = ProcessRun(file.path.relative_to(folder).as_posix(), codec_format, file.path.stat().st_size // part)
            try:
                # Tried here and not by the command, whose exit code 1 may also mean that it crashed.
                compress(file.path, case.target, format=codec_format)
                cases.append(case)
            except BudgetUnreachable:
                left_out[f"targets that {codec_format} cannot reach"] += 1
            except UnsupportedImage:
                left_out[f"files that bytefit does not convert to {codec_format}"] += 1
    return cases, left_out


def _is_plain_jpeg(path: Path) -> bool:
    """Return whether a file holds a picture that every contestant can read, whatever its name."""
    try:
        image = read_picture(path)
    except (UnsupportedImage, OSError):
        return False
    return image.format == "JPEG" and image.mode in {"RGB", "L"}


def _run_of(path: Path, row: ProcessRun, contestant: Contestant) -> ProcessRun:
    """Return `row` with the figures of one more run, in a new folder with a copy of the file."""
    words = shlex.split(contestant.arguments)
    command = [word.format(bytes=row.target, kib=max(1, row.target // 1024)) for word in words]
    with TemporaryDirectory() as name:
        folder = Path(name)
        copyfile(path, folder / "in.jpg")
        run = clocked([contestant.program, *command], folder, exit_code=contestant.exit_code)
        answer = folder / contestant.answer
        size = answer.stat().st_size if answer.is_file() else 0
    if run is None or not size:
        return replace(row, seconds=None, memory=None, size=None)
    return replace(row, seconds=run[0], memory=run[1], size=size)

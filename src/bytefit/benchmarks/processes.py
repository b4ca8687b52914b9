"""Whole processes side by side, as users feel them: bytefit's command and every installed peer's fit the same files.

What is measured is the clock, the memory and the bytes of a process that starts, reads a JPEG file, writes its answer
and ends. How that looks is not asked here (see `bytefit.benchmarks.looks`).
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

from bytefit.benchmarks.peers import installed_peers
from bytefit.errors import BudgetUnreachable, ConfigError, UnsupportedImage
from bytefit.fitting.compress import compress
from bytefit.sources.reading import read_picture
from bytefit.training.corpus import find_files, limited
from bytefit.training.markdown import table
from bytefit.training.progress import tracked

if TYPE_CHECKING:
    from collections.abc import Sequence

# What is written, and the part of the JPEG file's bytes that is the target. A third is too little for a lossless
# optimiser, whatever the file; WebP, whose files are smaller, is asked for a sixth, so that the top of its ladder will
# not do either.
PARTS = {"JPEG": 3, "WEBP": 6}

# No peer that was tried takes more than seconds for a picture of a megapixel.
TIMEOUT_SECONDS = 300.0

# Runs a command and prints its seconds and the peak of its memory in bytes; fails where it fails. On Linux a process
# counts as its own what its parent held when it started it (from a parent of 300 MB, `true` takes 300 MB), so this
# small one stands between: what needs less than its 10 MB or so is not told apart. Only macOS counts in bytes.
_STOPWATCH = """
import os, subprocess, sys, threading, time
began = time.perf_counter()
child = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
limit = threading.Timer(float(sys.argv[1]), child.kill)
limit.start()
if hasattr(os, "wait4"):
    _, child.returncode, usage = os.wait4(child.pid, 0)
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
else:
    child.wait()
    peak = "null"
print(f"[{time.perf_counter() - began}, {peak}]")
limit.cancel()
sys.exit(child.returncode != 0)
"""

_LOADS_NUMPY = """
import sys, bytefit
bytefit.compress(sys.argv[1], int(sys.argv[2]), format=sys.argv[3])
print("numpy" in sys.modules)
"""


@dataclass(frozen=True, slots=True)
class Contestant:
    """A command that makes a file of `in.jpg`, in the folder it is run in.

    Attributes:
        name, format: what it is called in tables, and Pillow's name of the format it writes.
        program: what is run.
        arguments: as in a shell, with {bytes} for the target and {kib} for the whole KiB in it, at least 1.
        answer: the file it leaves.
    """

    name: str
    format: str
    program: str
    arguments: str
    answer: str


# Who the others are compared with: in time with the first, in memory with the second, which is given no target. One
# encode at Pillow's own quality is about the least that a process can do.
BYTEFIT, PILLOW = "bytefit", "Pillow, one encode"
_OPENED = "from PIL import Image; Image.open('in.jpg')"

# Of those of one name and format the first that is installed takes part. jpegoptim knows whole KiB only, here the next
# ones down, and works in place.
CONTESTANTS = (
    Contestant(BYTEFIT, "JPEG", sys.executable, "-m bytefit compress in.jpg --to {bytes} -o out.jpg", "out.jpg"),
    Contestant(BYTEFIT, "WEBP", sys.executable, "-m bytefit compress in.jpg --to {bytes} -o out.webp", "out.webp"),
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
        path, format, target: what was asked for, the target in bytes; the path is the one below the folder.
        contestant: who was asked.
        seconds: from the start of the process to its end; None, as all below, where no run left a file.
        memory: the peak of its resident memory, in bytes; None also where the platform does not tell.
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
        limit: at most so many images of every kind, chosen by the hashes of their names; None means all.
        as_json: every row as JSON instead of tables.
        repeats: runs of every contestant in every case, of which the fastest counts: the machine may be busy.

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
    imports, numpy = import_milliseconds(pairs=5 * repeats), _loads_numpy(folder, cases[0])
    if as_json:
        found = {"left_out": left_out, "import_milliseconds": imports, "loads_numpy": numpy}
        return json.dumps({**found, "rows": [asdict(row) for row in rows]}, indent=1)
    costs = [f"`{code}` beside `import PIL.Image`: {cost:+.1f} ms." for code, cost in imports.items()]
    left = "; ".join(f"{count} {what}" for what, count in sorted(left_out.items())) or "none"
    return "\n\n".join(
        [process_report(rows), *costs, f"`numpy` in `sys.modules` after a first answer: {numpy}.", f"Left out: {left}."]
    )


def contestants() -> list[Contestant]:
    """Return those who are installed and do make a picture here, with the paths of their programs."""
    tried = {BYTEFIT, PILLOW, *(peer.name for peer in installed_peers())}
    found: dict[tuple[str, str], Contestant] = {}
    for each in CONTESTANTS:
        if each.name in tried and (program := which(each.program)) is not None:
            found.setdefault((each.name, each.format), replace(each, program=program))
    return list(found.values())


def compared(
    folder: Path, case: ProcessRun, installed: Sequence[Contestant], *, repeats: int, turn: int = 0
) -> list[ProcessRun]:
    """Ask all who write the format of a case, `repeats` times; by `turn` and repeat, another one goes first."""
    entrants = [each for each in installed if each.format == case.format]
    best = {each: replace(case, contestant=each.name) for each in entrants}
    for repeat in range(turn, turn + repeats):
        first = repeat % len(entrants)
        for each in (*entrants[first:], *entrants[:first]):
            run = _run_of(folder / case.path, best[each], each)
            best[each] = min(best[each], run, key=lambda row: float("inf") if row.seconds is None else row.seconds)
    return list(best.values())


def clocked(
    command: Sequence[str], folder: Path, *, timeout_seconds: float = TIMEOUT_SECONDS
) -> tuple[float, int | None] | None:
    """Run a command in `folder`; return its seconds and peak memory in bytes, or None if it fails or takes too long.

    The memory is None where the platform does not tell that of one process (Windows).
    """
    # An installed package comes with its bytecode; without it here, every run would compile bytefit again.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    stopwatch = [sys.executable, "-I", "-S", "-c", _STOPWATCH, str(timeout_seconds), *command]
    done = subprocess.run(stopwatch, cwd=folder, env=environment, capture_output=True, check=False)  # noqa: S603  (ours)
    if done.returncode != 0:
        return None
    seconds, memory = json.loads(done.stdout)
    return seconds, memory


def import_milliseconds(*, pairs: int) -> dict[str, float]:
    """Return what bytefit adds to an import of Pillow in a new process: medians of differences, taken in turns."""
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
    """Return a table for every format: how long everyone took, how much memory, and how well the targets were kept."""
    header = ["", "cases", "failed", "ms", "time", "least", "most", "over", "fill", "MB", "memory", "largest"]
    legend = (
        "Medians. *Time* is in units of bytefit's and *memory* in units of plain Pillow's, each in the same case; "
        "*least*, *most* and *largest* are single cases; *over* is the share above the target, *fill* bytes / target."
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
    """Return a figure of each row in units of the `reference` in the same case, where both have one."""
    units = {row.path: getattr(row, figure) for row in rows if row.contestant == reference}
    pairs = [(getattr(row, figure), units.get(row.path)) for row in own]
    return [value / unit for value, unit in pairs if value is not None and unit is not None]


def _cases(folder: Path, limit: int | None) -> tuple[list[ProcessRun], Counter[str]]:
    """Return what can be fitted below `folder`, as rows that nobody has answered, and what was left out, counted."""
    cases: list[ProcessRun] = []
    left_out: Counter[str] = Counter()
    files = limited(find_files([folder]), limit)
    for file in tracked(files, "choosing", len(files)):
        if not _is_plain_jpeg(file.path):
            left_out["files that are no JPEG in RGB or grey"] += 1
            continue
        for codec_format, part in PARTS.items():
            case = ProcessRun(file.path.relative_to(folder).as_posix(), codec_format, file.path.stat().st_size // part)
            try:
                # Asked here and not of the command, whose exit code 1 may also mean that it broke.
                compress(file.path, case.target, format=codec_format)
                cases.append(case)
            except BudgetUnreachable:
                left_out[f"targets that {codec_format} cannot reach"] += 1
            except UnsupportedImage:
                left_out[f"files that bytefit does not turn into {codec_format}"] += 1
    return cases, left_out


def _is_plain_jpeg(path: Path) -> bool:
    """Return whether a file holds, whatever it is called, a picture that every contestant can take."""
    try:
        image = read_picture(path)
    except (UnsupportedImage, OSError):
        return False
    return image.format == "JPEG" and image.mode in {"RGB", "L"}


def _run_of(path: Path, row: ProcessRun, contestant: Contestant) -> ProcessRun:
    """Return `row` with the figures of one more run, in a fresh folder that holds a copy of the file beforehand."""
    words = shlex.split(contestant.arguments)
    command = [word.format(bytes=row.target, kib=max(1, row.target // 1024)) for word in words]
    with TemporaryDirectory() as name:
        folder = Path(name)
        copyfile(path, folder / "in.jpg")
        run = clocked([contestant.program, *command], folder)
        answer = folder / contestant.answer
        size = answer.stat().st_size if answer.is_file() else 0
    if run is None or not size:
        return replace(row, seconds=None, memory=None, size=None)
    return replace(row, seconds=run[0], memory=run[1], size=size)


def _loads_numpy(folder: Path, case: ProcessRun) -> bool | None:
    """Return whether a process has loaded numpy with its first answer, or None if it gave none."""
    command = [sys.executable, "-c", _LOADS_NUMPY, str((folder / case.path).resolve()), str(case.target), case.format]
    done = subprocess.run(command, capture_output=True, check=False, text=True)  # noqa: S603  (ours)
    return {"True": True, "False": False}.get(done.stdout.strip())

"""The comparison of whole processes: all answer the same files, and what is counted is what really happened."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace

import pytest

pytest.importorskip("rich")
pytest.importorskip("numpy")

from bytefit.benchmarks.peers import installed_peers
from bytefit.benchmarks.processes import (
    BYTEFIT,
    CONTESTANTS,
    FIX,
    PILLOW,
    Contestant,
    ProcessRun,
    bench_peers,
    clocked,
    compared,
    contestants,
    import_milliseconds,
    process_report,
)
from bytefit.errors import ConfigError
from images import encoded, noise, photograph, write_jpeg

INSTALLED = contestants()
SIZE = (320, 240)
CASE = ProcessRun("photo/colour.jpg", "JPEG", 8000)

tells_memory = pytest.mark.skipif(not hasattr(os, "wait4"), reason="the platform does not tell the memory of a process")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two JPEG files, one of them under another name, one that cannot get smaller, and three of other kinds."""
    folder = tmp_path_factory.mktemp("processes") / "pictures"
    (folder / "photo").mkdir(parents=True)
    write_jpeg(folder / "photo" / "colour.jpg", photograph(SIZE))
    write_jpeg(folder / "photo" / "grey.img", photograph(SIZE, "L"))
    write_jpeg(folder / "photo" / "poor.jpg", noise((96, 96)), quality=1)
    write_jpeg(folder / "photo" / "inks.jpg", photograph(SIZE, "CMYK"))
    photograph(SIZE).save(folder / "photo" / "drawn.png")
    (folder / "photo" / "notes.txt").write_text("no picture")
    return folder


@pytest.fixture(scope="module")
def benched(folder):
    """The rows of one benchmark, and what it says beside."""
    found = json.loads(bench_peers(folder, limit=None, as_json=True, repeats=1))
    return [ProcessRun(**row) for row in found.pop("rows")], found


def script(code, name="fake", answer="out.jpg"):
    """Return a contestant that runs some Python."""
    return Contestant(name, "JPEG", sys.executable, f'-c "{code}"', answer)


def test_everyone_answers_every_case(benched):
    """JPEG files are found by content, not by name, and every contestant answers in both formats."""
    rows, _ = benched

    asked = {(row.path, row.format, row.contestant) for row in rows}
    assert len(asked) == len(rows)
    assert asked == {
        (path, each.format, each.name) for path in ("photo/colour.jpg", "photo/grey.img") for each in INSTALLED
    }


def test_files_that_cannot_be_compared_are_counted(benched):
    """Other formats, CMYK, and targets that no encoding reaches are left out and counted."""
    _, found = benched

    assert found["left_out"] == {
        "files that are not JPEG in RGB or grey": 3,
        "targets that JPEG cannot reach": 1,
        "targets that WEBP cannot reach": 1,
    }


def test_targets_are_parts_of_the_file(benched, folder):
    """The target is a third of the file for JPEG and a sixth for WebP."""
    rows, _ = benched

    for row in rows:
        assert row.target == (folder / row.path).stat().st_size // {"JPEG": 3, "WEBP": 6}[row.format]


def test_bytefit_keeps_its_promise_as_a_process(benched):
    """The file is at most the target and close to it."""
    rows, _ = benched

    fills = [row.size / row.target for row in rows if row.contestant == BYTEFIT]
    assert len(fills) == 4
    assert all(0.8 < fill <= 1 for fill in fills)


def test_plain_pillow_is_timed_beside(benched):
    """Plain Pillow also starts Python, and encodes only once."""
    rows, _ = benched

    taken = {(row.path, row.format, row.contestant): row.seconds for row in rows}
    for path in ("photo/colour.jpg", "photo/grey.img"):
        assert 0 < taken[path, "JPEG", PILLOW] < 30


@tells_memory
def test_the_memory_is_that_of_the_process(benched):
    """Python with Pillow needs more than 10 MB; the memory of these tests must not be counted."""
    rows, _ = benched

    peaks = {row.memory for row in rows if row.contestant in {BYTEFIT, PILLOW}}
    assert all(10e6 < peak < 100e6 for peak in peaks)


@tells_memory
def test_the_memory_does_not_begin_with_that_of_the_caller(tmp_path):
    """On Linux a process inherits the peak of the one that starts it."""
    ballast = b"x" * 50_000_000

    _, light = clocked([sys.executable, "-c", "pass"], tmp_path)
    _, heavy = clocked([sys.executable, "-c", "x = b'x' * 50_000_000"], tmp_path)

    assert len(ballast) <= heavy < 100e6
    assert 1e6 < light < 40e6


def test_the_first_answer_loads_no_numpy(benched):
    """The benchmark reports it for the files it was given."""
    _, found = benched

    assert found["loads_numpy"] is False


@pytest.mark.parametrize("each", INSTALLED, ids=lambda each: f"{each.name} {each.format}")
def test_contestants_make_a_file(each, folder):
    """Each command line writes its own format; jpegoptim takes only whole KiB."""
    [row] = compared(folder, replace(CASE, format=each.format), [each], repeats=1)

    assert row.contestant == each.name
    assert row.seconds > 0
    assert 1000 < row.size < (folder / CASE.path).stat().st_size


def test_installed_peers_take_part_once():
    """A tool with two program names is run once, and missing tools are not run."""
    commands = {each.name for each in CONTESTANTS} & {peer.name for peer in installed_peers()}

    names = [(each.name, each.format) for each in INSTALLED]
    assert len(set(names)) == len(names)
    assert {name for name, _ in names} == {BYTEFIT, FIX, PILLOW, *commands}


def test_answers_over_the_target_are_counted(folder):
    """They are answers, with their time, and counted as over."""
    greedy = script("open('out.jpg', 'wb').write(bytes({bytes} + 1))", "greedy")
    exact = script("open('out.jpg', 'wb').write(bytes({bytes}))", "exact")

    rows = compared(folder, CASE, [greedy, exact], repeats=1)

    assert [row.size for row in rows] == [8001, 8000]
    greedy_line, exact_line = process_report(rows).splitlines()[-2:]
    assert "| 100.0% | 1.000 |" in greedy_line
    assert "|   0.0% | 1.000 |" in exact_line


def test_whole_kib_are_rounded_down(folder):
    """A target in a coarser unit must never be above the requested one."""
    [row] = compared(folder, CASE, [script("open('out.jpg', 'wb').write(bytes({kib}))")], repeats=1)

    assert row.size == 7


@pytest.mark.parametrize(
    "failing",
    [
        script("raise SystemExit(3)"),
        script("open('out.jpg', 'wb').write(b'half'); raise SystemExit(3)"),
        script("open('out.jpg', 'wb')"),
        script("pass"),
        Contestant("fake", "JPEG", "no-such-program-anywhere", "", "out.jpg"),
    ],
    ids=["fails", "fails with a file", "an empty file", "no file", "no program"],
)
def test_failures_are_reported(failing, folder):
    """A failure is neither a crash of the benchmark nor a quick answer."""
    [row] = compared(folder, CASE, [failing], repeats=2)

    assert row == replace(CASE, contestant="fake")
    assert "| fake |     1 |      1 |  - |    - |" in process_report([row])


@pytest.mark.parametrize("trouble", ["sys.exit(1)", "time.sleep(0.6)"])
@pytest.mark.parametrize("which", [0, 1])
def test_the_fastest_run_with_an_answer_counts(trouble, which, folder, tmp_path):
    """Whichever run it is, its own size is reported and not that of another run."""
    log = (tmp_path / "log").as_posix()
    code = (
        f"import os, sys, time; run = os.path.exists('{log}'); open('{log}', 'w'); troubled = run == {which}; "
        f"open('out.jpg', 'w').write('slow' if troubled else 'swift'); troubled and {trouble}"
    )

    [row] = compared(folder, CASE, [script(code)], repeats=2)

    assert row.size == len("swift")


def test_what_takes_too_long_is_ended(tmp_path):
    """The result is None, which callers count as a failure."""
    waiting = [sys.executable, "-c", "import time; time.sleep(60); open('late', 'w')"]

    assert clocked(waiting, tmp_path, timeout_seconds=0.3) is None
    assert clocked([sys.executable, "-c", "pass"], tmp_path, timeout_seconds=30) is not None


def test_the_clock_runs_as_long_as_the_process(tmp_path):
    """The time to start the measuring process must not count."""
    seconds, _ = clocked([sys.executable, "-c", "import time; time.sleep(0.2)"], tmp_path)

    assert 0.2 <= seconds < 20


def test_contestants_take_turns_at_going_first(folder, tmp_path):
    """The first contestant finds a colder machine."""
    log = (tmp_path / "log").as_posix()
    entrants = [script(f"open('{log}', 'a').write('{name}')", name) for name in "abc"]

    compared(folder, CASE, entrants, repeats=2, turn=1)

    assert (tmp_path / "log").read_text() == "bcacab"


def test_every_run_begins_with_the_file_as_it_was(folder):
    """A contestant that worked in place must not change the next one's input."""
    before = (folder / CASE.path).read_bytes()
    halving = script("f = open('in.jpg', 'rb'); d = f.read(); open('in.jpg', 'wb').write(d[:len(d) // 2])")

    [row] = compared(folder, CASE, [replace(halving, answer="in.jpg")], repeats=2)

    assert row.size == len(before) // 2
    assert (folder / CASE.path).read_bytes() == before


def test_ratios_are_within_one_case():
    """A slow case weighs no more than a fast one, and a failed case is not compared."""
    ours = [
        replace(CASE, path=path, contestant=BYTEFIT, seconds=s, size=7900) for path, s in (("a", 1.0), ("b", 100.0))
    ]
    theirs = [
        replace(CASE, path="a", contestant="other", seconds=3.0, size=7000),
        replace(CASE, path="b", contestant="other"),
    ]
    swift = [replace(row, contestant="swift", seconds=row.seconds / 4) for row in ours]

    lines = process_report([*ours, *theirs, *swift]).splitlines()

    assert "| 1.00x | 1.00x | 1.00x |" in lines[-3]
    assert "|     2 |      1 |  3000 | 3.00x | 3.00x | 3.00x | 0.0% | 0.875 |" in lines[-2]
    assert "| 0.25x | 0.25x | 0.25x |" in lines[-1]


def test_memory_is_in_units_of_plain_pillow():
    """The median and the largest ratio are given; plain Pillow gets no target and so keeps none."""
    plain = [replace(CASE, path=p, contestant=PILLOW, seconds=1.0, memory=20_000_000, size=9000) for p in "abc"]
    ours = [
        replace(row, contestant=BYTEFIT, memory=memory)
        for row, memory in zip(plain, (22_000_000, 24_000_000, 50_000_000), strict=True)
    ]

    first, second = process_report([*ours, *plain]).splitlines()[-2:]

    assert first.endswith("| 24.0 |  1.20x |   2.50x |")
    assert "|      - |     - | 20.0 |  1.00x |   1.00x |" in second


def test_imports_are_timed_beside_pillow():
    """Two ways to import bytefit are given in additional milliseconds."""
    costs = import_milliseconds(pairs=1)

    assert list(costs) == ["import bytefit", "from bytefit import compress"]
    assert all(-5000 < cost < 5000 for cost in costs.values())


def test_the_report_is_tables_for_people(folder):
    """Each format has a table, and every other finding has a line."""
    printed = bench_peers(folder, limit=2, as_json=False, repeats=1)

    assert printed.count(f"| {BYTEFIT}            |     1 |      0 |") == 2
    assert printed.endswith("Left out: 1 targets that JPEG cannot reach; 1 targets that WEBP cannot reach.")
    assert printed.count("**JPEG to ") == 2
    assert "`import bytefit` in addition to `import PIL.Image`: " in printed
    assert "`numpy` in `sys.modules` after a first answer: False." in printed


def test_a_folder_without_jpeg_files_is_refused(tmp_path):
    """The message names the folder, and no process is started."""
    (tmp_path / "drawn.jpg").write_bytes(encoded(photograph(), "PNG"))

    with pytest.raises(ConfigError, match=f"nothing to measure below .*{tmp_path.name}: no JPEG file"):
        bench_peers(tmp_path, limit=None, as_json=False)

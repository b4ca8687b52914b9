"""`fix --jobs`: several processes, the same result, and a failing file that does not stop the others."""

from __future__ import annotations

import os
from functools import partial

import pytest

from bytefit.budgets.processes import in_processes
from bytefit.cli.budgets import _jobs
from images import encoded, photograph


def fill(folder):
    """Write five files over a budget of 3 kB, of which one is no whole image and one cannot become small enough."""
    folder.mkdir()
    for name in ("d.jpg", "b.jpg", "a.jpg"):
        (folder / name).write_bytes(encoded(photograph((120, 90), seed=ord(name[0])), "JPEG", quality=95))
    (folder / "c.jpg").write_bytes(encoded(photograph((120, 90)), "JPEG", quality=95)[:4000])
    (folder / "e.png").write_bytes(encoded(photograph((120, 90)), "PNG", compress_level=0))
    return folder


def without_times(lines):
    """Return lines without the seconds in them."""
    return [line.rpartition(", ")[0] if line.endswith(" s)") else line for line in lines]


def test_processes_do_the_same_in_the_same_order(run, tmp_path, monkeypatch):
    """Whoever reads two runs must be able to compare them; one damaged file is skipped by both."""
    results = {}
    for jobs in ("1", "2"):
        folder = fill(tmp_path / jobs)
        monkeypatch.chdir(folder)
        code, out, err = run("fix", ".", "--max-size", "3KB", "--jobs", jobs)
        results[jobs] = (code, without_times(out), err, {path.name: path.read_bytes() for path in folder.iterdir()})

    assert results["1"] == results["2"]
    code, out, _, _ = results["2"]
    assert code == 1
    named = [next(name for name in ("a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.png") if name in line) for line in out[:5]]
    assert named == ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.png"]
    assert "skipped" in out[2]
    assert sum(line.startswith("fixed ") for line in out) >= 3


def end_on(wanted, item):
    """Return ten times an item, or end the process."""
    if item == wanted:
        os._exit(9)
    return item * 10


def test_a_process_that_dies_takes_only_its_own_file_along():
    """One image that needs more memory than there is must not cost the others."""
    assert list(in_processes(partial(end_on, 2), [1, 2, 3], 2)) == [10, None, 30]


@pytest.mark.parametrize(
    ("wanted", "count", "hook", "jobs"),
    [
        (3, 1, "", 3),
        (3, 50, "1", 3),
        (None, 500, "1", 1),
        (None, 3, "", 1),
        (None, 500, "", None),
        (-1, 500, "1", None),
    ],
)
def test_the_number_of_processes(wanted, count, hook, jobs, monkeypatch):
    """pre-commit runs its hooks beside each other, so a hook takes one core; a few images are not worth a process."""
    monkeypatch.setenv("PRE_COMMIT", hook)
    monkeypatch.setattr("bytefit.budgets.processes.core_count", lambda: 6)

    assert _jobs(wanted, count) == (6 if jobs is None else jobs)

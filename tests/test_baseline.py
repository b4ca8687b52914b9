"""The baseline: today's offenders do not fail, until they grow; it shrinks, and is never widened in silence."""

from __future__ import annotations

import json
import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bytefit.budgets.baseline import BASELINE_FILE, EMPTY, Baseline, read_baseline, shrunk, write_baseline
from bytefit.cli import main
from bytefit.errors import ConfigError
from repositories import Repository

SIZES = st.dictionaries(st.text(max_size=3), st.integers(1, 9), max_size=5)


def picture(size):
    """Return what looks like a JPEG of so many bytes."""
    return b"\xff\xd8\xff".ljust(size, b"x")


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Return a repository with a budget, a total and images over both, and run inside."""
    made = Repository(tmp_path / "repository")
    monkeypatch.chdir(made.folder)
    made.write(".bytefit.toml", b'max-size = 1000\n[[totals]]\nfiles = ["*.jpg"]\nmax-size = 4000\n')
    for name, size in (("a.jpg", 2000), ("b.jpg", 3000), ("fine.jpg", 900)):
        made.write(name, picture(size))
    made.git("add", "--all")
    return made


def recorded(repository):
    """Return what is in the baseline."""
    return json.loads((repository.folder / BASELINE_FILE).read_text(encoding="utf-8"))


def test_it_is_read_as_it_was_written(tmp_path):
    """Names that are not UTF-8 included."""
    baseline = Baseline({"a b.jpg": 2, os.fsdecode(b"\xff.jpg"): 3}, {"*.jpg !b.jpg": 7})

    write_baseline(str(tmp_path / "b.json"), baseline)

    assert read_baseline(str(tmp_path / "b.json")) == baseline
    assert read_baseline(str(tmp_path / "missing.json")) == EMPTY


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "is no baseline of version 1"),
        ('{"version": 2}', "is no baseline of version 1"),
        ('{"version": 1, "files": {"a": 0}}', "files has to map names to bytes"),
        ('{"version": 1, "files": {"a": true}}', "files has to map names to bytes"),
        ('{"version": 1, "totals": []}', "totals has to map names to bytes"),
    ],
)
def test_what_is_no_baseline_is_an_error(tmp_path, text, message):
    """It says how to get one."""
    path = tmp_path / "b.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match=rf"{re.escape(message)}.*--write-baseline"):
        read_baseline(str(path))


@given(SIZES, SIZES, st.builds(Baseline, SIZES, SIZES))
def test_shrinking_adds_nothing_and_raises_nothing(files, totals, now):
    """Whatever is over now; and what is gone is left out."""
    old = Baseline(files, totals)
    gone = {name for name in files if name not in now.files}

    new = shrunk(old, now, gone)

    for before, after in ((old.files, new.files), (old.totals, new.totals)):
        assert all(name in before and size <= before[name] for name, size in after.items())
    assert set(new.files) == set(files) - gone
    assert set(new.totals) == set(totals) & set(now.totals)


def test_what_is_recorded_passes_until_it_grows(repository, capsys):
    """A file, and a total."""
    assert main(["check"]) == 1
    assert main(["check", "--write-baseline"]) == 0
    assert recorded(repository) == {
        "version": 1,
        "files": {"a.jpg": 2000, "b.jpg": 3000},
        "totals": {"*.jpg": 5900},
    }
    capsys.readouterr()
    assert main(["check"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["check", "--no-baseline"]) == 1

    repository.write("a.jpg", picture(2001))
    capsys.readouterr()

    assert main(["check"]) == 1
    out = capsys.readouterr().out
    assert "a.jpg" in out
    assert "b.jpg" not in out
    assert "over their total" in out  # it grew, too


def test_a_new_file_fails_beside_known_ones(repository, capsys):
    """The baseline is no licence."""
    main(["check", "--write-baseline"])
    repository.write("b.jpg", picture(1500))
    repository.write("new.jpg", picture(1200))
    repository.git("add", "new.jpg")
    capsys.readouterr()

    assert main(["check"]) == 1

    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if ".jpg" in line and "new.jpg" not in line] == []
    assert lines[-1] == "3 more are in the baseline"


def test_updating_drops_what_is_cured_and_keeps_the_rest(repository, capsys):
    """What shrank is recorded with its new size; what is new is not added and still fails."""
    main(["check", "--write-baseline"])
    repository.write("a.jpg", picture(1000))
    repository.write("b.jpg", picture(2500))
    repository.write("new.jpg", picture(1100))
    repository.git("add", "new.jpg")
    capsys.readouterr()

    assert main(["check"]) == 1
    assert "cured: a.jpg; 'bytefit check --update-baseline' drops" in capsys.readouterr().out
    assert main(["check", "--update-baseline"]) == 1

    assert recorded(repository) == {"version": 1, "files": {"b.jpg": 2500}, "totals": {"*.jpg": 5500}}
    (repository.folder / "new.jpg").unlink()
    (repository.folder / "b.jpg").unlink()
    assert main(["check", "--update-baseline"]) == 0
    assert recorded(repository) == {"version": 1, "files": {}, "totals": {}}


def test_updating_part_of_the_tree_keeps_what_was_not_looked_at(repository):
    """A hook sees a few files of many."""
    main(["check", "--write-baseline"])
    repository.write("a.jpg", picture(10))

    main(["check", "--update-baseline", "b.jpg"])
    assert set(recorded(repository)["files"]) == {"a.jpg", "b.jpg"}
    main(["check", "--update-baseline", "a.jpg"])
    assert set(recorded(repository)["files"]) == {"b.jpg"}


def test_writing_it_again_says_what_changed(repository, capsys):
    """Recording is an act of its own, and is told."""
    main(["check", "--write-baseline"])
    assert "3 over budget recorded (3 new, 0 grown, 0 cured)" in capsys.readouterr().out
    repository.write("a.jpg", picture(10))
    repository.write("b.jpg", picture(4500))

    assert main(["check", "--write-baseline", "b.jpg", "a.jpg"]) == 0

    assert "2 over budget recorded (0 new, 1 grown, 1 cured)" in capsys.readouterr().out
    assert recorded(repository)["files"] == {"b.jpg": 4500}


def test_the_fixer_leaves_alone_what_the_baseline_knows(repository):
    """Or three hundred old images would be rewritten in somebody's first commit."""
    main(["check", "--write-baseline"])
    before = repository.hashes()

    assert main(["fix"]) == 0
    assert main(["fix", "--no-baseline"]) == 1
    assert repository.hashes() == before  # they are no pictures


@pytest.mark.usefixtures("repository")
def test_another_file_can_hold_it(capsys):
    """One that is named has to be there."""
    assert main(["check", "--baseline", "old.json"]) == 2
    assert "no baseline old.json: write one with 'bytefit check --write-baseline" in capsys.readouterr().err
    assert main(["check", "--write-baseline", "--baseline", "old.json"]) == 0
    assert main(["check", "--baseline", "old.json"]) == 0
    assert main(["check"]) == 1


@pytest.mark.parametrize(
    "arguments", [["--baseline", "a", "--no-baseline"], ["--write-baseline", "--update-baseline"]], ids=" ".join
)
def test_options_that_contradict_are_wrong_usage(repository, arguments):
    """Nothing is written."""
    assert main(["check", *arguments]) == 2
    assert not (repository.folder / BASELINE_FILE).exists()

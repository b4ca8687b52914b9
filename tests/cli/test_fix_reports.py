"""The reports of `bytefit fix`: what it did with each file, and what is left."""

from __future__ import annotations

import json

import pytest

from bad_files import LFS
from folders import snapshot, write
from images import encoded, noise, write_jpeg


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """Enter a folder with a file to fix, one that cannot be fixed and one that fits."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    write_jpeg(tmp_path / "large.jpg", noise())
    write_jpeg(tmp_path / "other.jpg", noise((80, 60)))
    write(tmp_path / "scan.bmp", encoded(noise(), "BMP"))
    write(tmp_path / "small.jpg", LFS)
    return tmp_path


def test_json_says_what_became_of_each_file_and_what_is_left(run, tree):
    """A program must learn the sizes before and after, the trials, and why a file was skipped."""
    before = (tree / "large.jpg").stat().st_size

    code, out, err = run("fix", ".", "--max-size", "4KB", "--report", "json")

    record = json.loads("\n".join(out))
    changes = {one["name"]: one for one in record["changes"]}
    assert (code, err, record["command"], record["passed"]) == (1, [], "fix", False)
    fixed = changes["large.jpg"]
    assert (fixed["kind"], fixed["before"], fixed["after"]) == ("fixed", before, (tree / "large.jpg").stat().st_size)
    assert fixed["trials"][-1]["size"] == fixed["after"] <= fixed["budget"] == 4000
    assert fixed["trials"][-1]["quality"] == fixed["quality"]
    assert "BMP cannot be fitted" in changes["scan.bmp"]["reason"]
    assert [one["name"] for one in record["findings"]] == ["scan.bmp"]


def test_a_dry_run_reports_what_it_would_do(run, tree):
    """Nothing is written but the report; every file is still over, and the report names its size after the fix."""
    before = snapshot(tree)

    code, out, _ = run("fix", ".", "--max-size", "4KB", "--dry-run", "--report", "text", "--report", "github")

    assert code == 1
    assert snapshot(tree) == before
    assert [line.split(":")[0] for line in out[:3]] == [
        "would fix large.jpg",
        "would fix other.jpg",
        "skipped (41.5 kB)",
    ]
    assert out[3].startswith("2 would be rewritten, ")
    assert any("large.jpg" in line and "; fix would make it " in line for line in out[4:])


@pytest.mark.parametrize("form", ["sarif", "junit", "codequality", "github"])
def test_reports_for_other_programs_hold_what_is_left(run, tree, form):
    """A file that was fixed is no longer over its budget, so it must not raise an alert."""
    run("fix", ".", "--max-size", "4KB", "--report", f"{form}=out/report")

    text = (tree / "out" / "report").read_text(encoding="utf-8")
    assert "scan.bmp" in text
    assert "large.jpg" not in text


def test_the_text_in_a_file_is_what_is_printed(run, tree):
    """One run may write several reports; the text in a file must be that on the terminal."""
    _, out, _ = run("fix", ".", "--max-size", "4KB", "--report", "text", "--report", "text=fix.txt")

    assert (tree / "fix.txt").read_text(encoding="utf-8").splitlines() == out
    assert out[-1].startswith("2 rewritten, ")
    assert out[-1].endswith(" kB saved")


def test_a_wrong_report_ends_before_the_first_fix(run, tree):
    """A misspelt format must not be found after the images were rewritten."""
    before = snapshot(tree)

    code, out, err = run("fix", ".", "--max-size", "4KB", "--report", "jsn")

    assert (code, out, len(err)) == (2, [], 1)
    assert snapshot(tree) == before

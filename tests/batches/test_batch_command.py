"""`bytefit batch` on the command line: what it prints, its exit codes, and its estimate."""

from __future__ import annotations

import json
import os
import re

import pytest
from batch_results import TARGET, content

import bytefit
from bytefit.batches.estimate import Range, _range, _share
from bytefit.batches.manifest import job_at, rows
from bytefit.batches.tally import Failures
from bytefit.cli.main import main
from images import flat, write_jpeg

# The suite takes the small files of the hostile corpus; BYTEFIT_HOSTILE=all is for a run of some minutes.
SMALL = None if os.environ.get("BYTEFIT_HOSTILE") == "all" else 30_000


@pytest.fixture
def command(capsys):
    """Return a function that runs `bytefit batch` and returns its exit code, output and error lines."""

    def command(*arguments):
        try:
            code = main(["batch", *map(str, arguments)])
        except SystemExit as ended:
            code = ended.code
        captured = capsys.readouterr()
        return code, captured.out.splitlines(), captured.err.splitlines()

    return command


def test_a_batch_reports_its_progress_and_its_sum(photos, command, tmp_path):
    """Plain lines without a terminal, and one line at the end; a failure makes the exit code 1."""
    source = photos(4)

    code, out, err = command(source, tmp_path / "out", "--to", TARGET, "--jobs", 2)
    (source / "bad.jpg").write_bytes(b"no image" * 3000)
    failed, _, why = command(source, tmp_path / "out", "--to", TARGET, "--jobs", 2, "--restart", "--progress", "none")

    assert code == 0
    assert re.fullmatch(r"4 of 4 images: 4 done; [\d.]+ kB -> [\d.]+ kB", out[0])
    assert re.fullmatch(r"4/4 images, [\d.]+ images/s, [\d.]+ kB saved, 0 failed, 0:00:00 left", err[-1])
    assert failed == 1
    assert "1 failed; why: bytefit batch manifest" in why[0]


def test_progress_as_json(photos, command, tmp_path):
    """A line an object, for programs that watch."""
    _, _, err = command(photos(2), tmp_path / "out", "--to", TARGET, "--progress", "json", "--jobs", 2)

    facts = json.loads(err[-1])
    assert (facts["taken"], facts["images"], facts["failed"]) == (2, 2, 0)
    assert facts["saved"] > 0


def test_status_and_manifest_of_a_job(photos, command, tmp_path):
    """During a job and after it, for people and for programs."""
    command(photos(3), tmp_path / "out", "--to", TARGET, "--jobs", 2)
    job = tmp_path / "out.bytefit-job"

    code, out, _ = command("status", job)
    _, as_json, _ = command("status", job, "--json")
    written, said, _ = command("manifest", job, "-o", tmp_path / "m.csv")

    assert code == written == 0
    assert {"images  3 of 3", "done  3"} <= set(out)
    assert json.loads("\n".join(as_json))["statuses"] == {"done": 3}
    assert said == [f"{tmp_path / 'm.csv'}: 3 rows"]
    assert len((tmp_path / "m.csv").read_text(encoding="utf-8").splitlines()) == 4


def test_status_of_no_job_is_one_line(command, tmp_path):
    """Two words name the command, and its errors are its own."""
    code, _, err = command("status", tmp_path)

    assert code == 2
    assert err == [f"bytefit: error: no job in {tmp_path}: its folder has no job.json"]


def test_a_dry_run_writes_nothing(photos, command, tmp_path):
    """It fits a sample and tells bytes, hours and failures of the whole, each with its spread."""
    source = photos(6)
    write_jpeg(source / "small.jpg", flat())
    before = content(tmp_path)

    code, out, _ = command(source, tmp_path / "out", "--to", TARGET, "--dry-run", "--sample", 4, "--jobs", 2)

    assert code == 0
    assert out[0] == "7 images, of which 4 were fitted; nothing was written"
    assert [line.split("  ")[0] for line in out[1:]] == ["bytes before", "bytes after", "process hours", "failures"]
    assert all(re.search(r"\(.+ to .+\)", line) for line in out[1:])
    assert content(tmp_path) == before


def test_an_estimate_holds_the_truth_within_its_spread():
    """Half of ten thousand images have 100 bytes, half have 300."""
    found = _range([100.0, 300.0] * 50, 10_000)

    assert found.low < 2_000_000 == found.mean < found.high
    assert found.high - found.low < 500_000


def test_a_sample_without_a_failure_does_not_promise_none():
    """None of 200 failed: of a million, up to two in a hundred may."""
    found = _share(0, 200, 1_000_000)

    assert (found.low, found.mean) == (0, 0)
    assert 15_000 < found.high < 20_000
    assert _share(3, 10, 10) == Range(3, 3, 3)


@pytest.mark.parametrize(("text", "shown"), [("20", "20"), ("1%", "1%"), (0, "0")])
def test_a_limit_on_failures_is_a_number_or_a_share(text, shown):
    """It is shown as it was given."""
    assert str(Failures.read(text)) == shown


@pytest.mark.parametrize("text", ["-1", "x", "101%", True, "%"])
def test_a_wrong_limit_on_failures_is_refused(text):
    """A wrong one must not let everything fail."""
    with pytest.raises(bytefit.ConfigError, match="is no number of images"):
        Failures.read(text)


def test_the_hostile_corpus_has_a_row_a_file(corpus, command, tmp_path):
    """Files that break image tools cost a row each, and the job ends."""
    names = sorted(
        path.relative_to(corpus / "hostile").as_posix()
        for path in (corpus / "hostile").rglob("*")
        if path.is_file() and (SMALL is None or path.stat().st_size < SMALL)
    )
    (tmp_path / "names.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    limits = ["--image-timeout", 20, "--memory", "1GB", "--max-pixels", 20_000_000, "--effort", "fast"]

    code, _, err = command(
        *(corpus / "hostile", tmp_path / "out", "--to", "20KB", "--jobs", 2, "--files-from", tmp_path / "names.txt"),
        *limits,
    )

    assert code == 1, err
    assert sorted(row.entry.name for row in rows(job_at(tmp_path / "out.bytefit-job"))) == names
    assert not any("Traceback" in line for line in err)

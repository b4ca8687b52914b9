"""A job that is run again: it goes on, tries failures again on request, and refuses to be changed."""

from __future__ import annotations

import json
import os

import pytest
from batch_results import content, facts, statuses

import bytefit
from bytefit import BatchStopped, ConfigError
from bytefit.batches.job import Journal, load_job
from bytefit.batches.manifest import job_at, write_manifest
from bytefit.batches.row import COLUMNS, Entry, Row, Status, row_from
from bytefit.batches.storage.stamps import Stamp
from bytefit.batches.tally import tally_of
from images import flat, write_jpeg


def test_a_finished_job_has_nothing_to_do(photos, batch, tmp_path):
    """The same command again reads markers, and no image."""
    source = photos(3)
    batch(source, tmp_path / "out")
    for path in source.rglob("*.jpg"):
        path.unlink()

    assert batch(source, tmp_path / "out") == {}


def test_the_list_is_frozen(photos, batch, tmp_path):
    """An image that comes later belongs to the next job, or to a restart."""
    source = photos(2)
    batch(source, tmp_path / "out")
    write_jpeg(source / "late.jpg", flat())

    assert batch(source, tmp_path / "out") == {}
    assert set(batch(source, tmp_path / "out", restart=True)) == {"below/photo0.jpg", "photo1.jpg", "late.jpg"}


def test_other_options_on_the_same_job_are_refused(photos, batch, tmp_path):
    """Half of the images at one size and half at another would be found out by nobody."""
    source = photos(2)
    batch(source, tmp_path / "out")
    before = content(tmp_path)

    with pytest.raises(ConfigError, match=r"--to was 9000, now 8000; min_quality was not given, now 5;.*--restart"):
        batch(source, tmp_path / "out", "8KB", min_quality=5)

    assert content(tmp_path) == before


def test_an_interrupted_shard_goes_on_at_the_image_it_was_at(photos, batch, tmp_path):
    """Images with a row in the journal are not encoded again."""
    source, out = photos(4), tmp_path / "out"
    rows = batch(source, out, shard_size=4)
    job = load_job(str(tmp_path / "out.bytefit-job"))
    first, second = (row_from(row.columns) for row in list(rows.values())[:2])
    job.folder.remove("done")
    journal = Journal(job, 0)
    journal.add(first._replace(reason="kept"))
    journal.add(second, intended=True)
    with (tmp_path / "out.bytefit-job/journal/000000.jsonl").open("a") as file:
        file.write('{"torn": ')

    again = batch(source, out, shard_size=4)

    assert again[first.entry.name].reason == "kept"
    assert again[second.entry.name].seconds == second.seconds  # its answer was there: only the note was missing
    assert statuses(again) == statuses(rows)


def test_an_answer_that_was_only_intended_is_made(photos, batch, tmp_path):
    """A process killed between the note and the write must not leave an image without its answer."""
    source, out = photos(2), tmp_path / "out"
    rows = batch(source, out, shard_size=2)
    job = load_job(str(tmp_path / "out.bytefit-job"))
    job.folder.remove("done")
    Journal(job, 0).add(rows["photo1.jpg"], intended=True)
    (out / "photo1.jpg").unlink()

    batch(source, out, shard_size=2)

    assert set(content(out)) == {"below/photo0.jpg", "photo1.jpg"}


def test_failed_images_are_tried_again_on_request(photos, batch, tmp_path):
    """Whoever has repaired the files runs the job again for those alone."""
    source, out = photos(3), tmp_path / "out"
    good = (source / "photo1.jpg").read_bytes()
    (source / "photo1.jpg").write_bytes(b"no image" * 3000)
    first = batch(source, out)
    (source / "photo1.jpg").write_bytes(good)

    assert batch(source, out) == {}
    again = batch(source, out, retry_failed=True)

    assert statuses(first)["photo1.jpg"] == "corrupt"
    assert statuses(again) == {"photo1.jpg": "done"}
    assert tally_of(job_at(tmp_path / "out.bytefit-job")).failed == 0


def test_a_file_that_changed_after_it_was_listed_is_left_alone(photos, batch, tmp_path):
    """What was listed is another image; `--retry-failed` takes it as it is now."""
    source, out = photos(3), tmp_path / "out"
    batch(source, out, shard_size=3)
    load_job(str(tmp_path / "out.bytefit-job")).folder.remove("done")
    write_jpeg(source / "photo2.jpg", flat())

    first = batch(source, out, shard_size=3)
    again = batch(source, out, shard_size=3, retry_failed=True)

    assert statuses(first)["photo2.jpg"] == "changed-meanwhile"
    assert statuses(again)["photo2.jpg"] == "fits"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_failures_of_the_storage_are_never_final(photos, batch, tmp_path):
    """A full disk or a network that is down says nothing about an image: the same command tries it again."""
    source, out = photos(2), tmp_path / "out"
    out.mkdir()
    (out / "below").mkdir(mode=0o500)

    first = batch(source, out)
    (out / "below").chmod(0o700)
    again = batch(source, out)

    assert statuses(first) == {"below/photo0.jpg": "io", "photo1.jpg": "done"}
    assert statuses(again) == {"below/photo0.jpg": "done"}


def test_a_folder_in_the_place_of_an_answer_is_a_failure_of_the_storage(photos, batch, tmp_path):
    """It is tried again by the same command, because nothing is wrong with the image."""
    source, out = photos(2), tmp_path / "out"
    (out / "photo1.jpg").mkdir(parents=True)

    first = batch(source, out)
    (out / "photo1.jpg").rmdir()
    again = batch(source, out)

    assert statuses(first)["photo1.jpg"] == "io"
    assert statuses(again) == {"photo1.jpg": "done"}


@pytest.mark.parametrize("limit", [1, "20%"])
def test_too_many_failures_stop_the_batch(photos, batch, tmp_path, limit):
    """A wrong option fails every image: nobody wants a million rows of it."""
    source = photos(10)

    with pytest.raises(BatchStopped, match="images failed, more than --max-failures"):
        batch(source, tmp_path / "out", "300B", max_failures=limit)

    assert tally_of(job_at(tmp_path / "out.bytefit-job")).images < 10


def test_a_shard_can_be_run_by_a_scheduler_of_ones_own(photos, batch, tmp_path):
    """Slurm, Airflow or a queue call `run_shard`; the batch then finds nothing left to do."""
    source, job = photos(4), tmp_path / "out.bytefit-job"
    rows = batch(source, tmp_path / "out", shard_size=2)
    for marker in (job / "done").iterdir():
        marker.unlink()

    assert [bytefit.run_shard(job, number) for number in range(2)] == [True, True]
    assert batch(source, tmp_path / "out", shard_size=2) == {}
    assert tally_of(job_at(job)).images == len(rows)
    with pytest.raises(ConfigError, match="shard 2 is not in the job: it has 2"):
        bytefit.run_shard(job, 2)
    with pytest.raises(ConfigError, match="no job in"):
        bytefit.run_shard(tmp_path, 0)


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_the_manifest_has_a_row_an_image(photos, batch, tmp_path, suffix):
    """In the order of the list, with every column."""
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    batch(photos(3), tmp_path / "out")

    count = write_manifest(job_at(tmp_path / "out.bytefit-job"), tmp_path / f"m.{suffix}")

    assert count == 3
    if suffix == "jsonl":
        found = facts(tmp_path / "m.jsonl")
        assert [row["source"] for row in found] == ["photo1.jpg", "photo2.jpg", "below/photo0.jpg"]
        assert {*found[0], "seconds"} == set(COLUMNS)
    elif suffix == "csv":
        lines = (tmp_path / "m.csv").read_text(encoding="utf-8").splitlines()
        assert lines[0].split(",") == list(COLUMNS)
        assert len(lines) == 4


def test_a_manifest_of_another_kind_is_refused(photos, batch, tmp_path):
    """The suffix tells the form."""
    batch(photos(1), tmp_path / "out")

    with pytest.raises(ConfigError, match=r"ends with .jsonl, .csv, .parquet"):
        write_manifest(job_at(tmp_path / "out.bytefit-job"), tmp_path / "m.xml")


def test_a_row_survives_json():
    """Journals, markers and manifests are JSON."""
    row = Row(Entry(3, "a.jpg", Stamp(1, 2.5, "tag")), Status.CRASHED, "why", seconds=0.5, versions="v", options="o")

    assert row_from(json.loads(json.dumps(row.columns))) == row


def test_a_job_of_another_version_is_refused(photos, batch, tmp_path):
    """Its rows may mean something else."""
    batch(photos(1), tmp_path / "out")
    path = tmp_path / "out.bytefit-job/job.json"
    path.write_text(path.read_text().replace('"version": 1', '"version": 99'))

    with pytest.raises(ConfigError, match="another version"):
        batch(tmp_path / "in", tmp_path / "out")

"""A job that is run again: it goes on, tries failures again on request, and refuses to be changed."""

from __future__ import annotations

import json
import os
import sys

import joblib
import pytest
from batch_results import TARGET, content, facts, statuses

import bytefit
from bytefit import BatchStopped, ConfigError
from bytefit.batches.following import Following
from bytefit.batches.job import load_job
from bytefit.batches.journal import Journal
from bytefit.batches.manifest import job_at, write_manifest
from bytefit.batches.manifest import rows as manifest_rows
from bytefit.batches.row import COLUMNS, Entry, Row, Status, row_from
from bytefit.batches.storage.stamps import Stamp
from bytefit.batches.tally import Tally, tally_of
from bytefit.cli.main import main
from images import flat, noise, write_jpeg


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

    with pytest.raises(ConfigError, match=r"^.+--to was 9000, now 8000; min_quality was not given, now 5;.*--restart$"):
        batch(source, tmp_path / "out", "8KB", min_quality=5)

    assert content(tmp_path) == before


def test_an_interrupted_shard_goes_on_at_the_image_it_was_at(photos, batch, tmp_path):
    """Images with a row in the journal are not encoded again."""
    source, out = photos(4), tmp_path / "out"
    rows = batch(source, out, shard_size=4)
    job = load_job(str(tmp_path / "out.bytefit-job"))
    first, second = (row_from(row.columns) for row in list(rows.values())[:2])
    job.folder.remove_folder("done")
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
    job.folder.remove_folder("done")
    Journal(job, 0).add(rows["photo1.jpg"], intended=True)
    (out / "photo1.jpg").unlink()

    batch(source, out, shard_size=2)

    assert set(content(out)) == {"below/photo0.jpg", "photo1.jpg"}


@pytest.mark.parametrize("left", [0, 1, 1.5])
def test_a_marker_that_a_loss_of_power_took_back_is_made_again(photos, batch, tmp_path, left):
    """Markers are not waited for until the disk has them. The rows that are there are kept."""
    rows = batch(photos(3), tmp_path / "out", shard_size=3)
    marker = tmp_path / "out.bytefit-job/done/000000.jsonl"
    lines = marker.read_bytes().splitlines(keepends=True)
    marker.write_bytes(b"".join(lines)[: int(left * len(lines[0]))])

    again = batch(tmp_path / "in", tmp_path / "out", shard_size=3)

    assert statuses(again) == statuses(rows)
    assert left < 1 or again["photo1.jpg"].seconds == rows["photo1.jpg"].seconds  # kept, and not measured again
    assert len(marker.read_bytes().splitlines()) == 3
    assert batch(tmp_path / "in", tmp_path / "out", shard_size=3) == {}


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
    load_job(str(tmp_path / "out.bytefit-job")).folder.remove_folder("done")
    write_jpeg(source / "photo2.jpg", flat())

    first = batch(source, out, shard_size=3)
    again = batch(source, out, shard_size=3, retry_failed=True)

    assert statuses(first)["photo2.jpg"] == "changed-meanwhile"
    assert statuses(again)["photo2.jpg"] == "fits"


def test_unfinished_shards_are_retried_too(photos, batch, tmp_path):
    """A run that was stopped has failures in shards that are not finished: their images are taken again as well."""
    source, out = photos(4), tmp_path / "out"
    good = (source / "photo1.jpg").read_bytes()
    (source / "photo1.jpg").write_bytes(b"no image" * 3000)
    rows = batch(source, out, shard_size=4)
    job = load_job(str(tmp_path / "out.bytefit-job"))
    job.folder.remove_folder("done")
    journal = Journal(job, 0)
    journal.add(rows["photo1.jpg"])
    journal.add(rows["photo2.jpg"]._replace(reason="kept"))
    (source / "photo1.jpg").write_bytes(good)

    again = batch(source, out, shard_size=4, retry_failed=True)

    assert statuses(again) == dict.fromkeys(statuses(rows), "done")
    assert again["photo2.jpg"].reason == "kept"


def test_a_failure_is_retried_once_a_run(photos, batch, tmp_path):
    """A shard that goes on after the death of a worker must not take the image again that killed it."""
    batch(photos(3), tmp_path / "out", shard_size=3)
    job = load_job(str(tmp_path / "out.bytefit-job"))
    job.folder.remove_folder("done")
    failed = Row(job.inputs(0)[0], Status.CRASHED, "it died")
    Journal(job, 0).add(failed)

    Journal(job, 0).retry("run")
    before = Journal(job, 0)
    before.add(failed)
    after = Journal(job, 0)
    after.retry("run")

    assert before.retried_by == "run"
    assert list(after.rows.values()) == [failed]


def test_a_second_driver_of_a_job_is_refused(photos, batch, tmp_path):
    """Two would do the work twice, and in place each would take the answers of the other for images that changed."""
    source, out, job = photos(3), tmp_path / "out", tmp_path / "out.bytefit-job"
    first = bytefit.batch(source, out, TARGET)
    with joblib.parallel_config(backend="sequential"):
        next(first)
    before = content(out)

    for options in ({}, {"restart": True}, {"retry_failed": True}):
        with pytest.raises(ConfigError, match=rf"out.bytefit-job is being run by process {os.getpid()} on .+: wait"):
            batch(source, out, **options)
    with pytest.raises(ConfigError, match="is being run by"):
        bytefit.run_shard(job, 0)

    assert set(before) <= set(content(out))
    assert len(list(first)) == 2
    assert not (job / "lock").exists()
    assert batch(source, out) == {}


def test_a_refused_run_leaves_no_lock(tmp_path, batch):
    """Nothing is written, not even the folder of the job."""
    (tmp_path / "in").mkdir()

    with pytest.raises(ConfigError, match="has no images"):
        batch(tmp_path / "in", tmp_path / "out")

    assert [path.name for path in tmp_path.iterdir()] == ["in"]


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


def test_failures_are_counted_by_image(batch, tmp_path):
    """A shard of many images takes minutes, which nobody wants to wait for once too many of them have failed."""
    source = tmp_path / "in"
    source.mkdir()
    write_jpeg(source / "photo0.jpg", noise((1000, 1000)))
    for number in range(1, 100):
        os.link(source / "photo0.jpg", source / f"photo{number}.jpg")

    with pytest.raises(BatchStopped, match="of 100 images failed, more than --max-failures 2"):
        batch(source, tmp_path / "out", max_failures=2, shard_size=100)

    assert 2 < tally_of(job_at(tmp_path / "out.bytefit-job")).images < 100


def test_images_of_shards_under_way_count(photos, batch, tmp_path):
    """Progress and limits see each image once: in the journal of its shard, or in the marker."""
    rows = list(batch(photos(4), tmp_path / "out", shard_size=2).values())
    job = load_job(str(tmp_path / "out.bytefit-job"))
    job.folder.remove_folder("done")
    following = Following(job, Tally())
    journal = Journal(job, 0)
    journal.add(rows[0])
    journal.add(rows[1], intended=True)

    following.look()
    under_way = following.tally.images
    journal.confirm(rows[1].entry.number)
    following.end(0, rows[:2])
    following.look()

    assert (under_way, following.tally.images) == (1, 2)
    assert following.tally.after == sum(row.answer.size for row in rows[:2])


def test_a_shard_can_be_run_by_a_scheduler_of_ones_own(photos, batch, tmp_path, capsys):
    """Slurm, Airflow or a queue call `run_shard` on a job that was prepared; the batch then has nothing left to do."""
    source, job = photos(4), tmp_path / "out.bytefit-job"

    code = main(["batch", str(source), str(tmp_path / "out"), "--to", TARGET, "--shard-size", "2", "--prepare"])

    assert (code, capsys.readouterr().out) == (0, f"{job}: 4 images in 2 shards\n")
    assert not (tmp_path / "out").exists()
    assert [bytefit.run_shard(job, number) for number in range(2)] == [True, True]
    assert batch(source, tmp_path / "out", shard_size=2) == {}
    assert tally_of(job_at(job)).images == 4
    with pytest.raises(ConfigError, match="shard 2 is not in the job: it has 2"):
        bytefit.run_shard(job, 2)
    with pytest.raises(ConfigError, match="no job in"):
        bytefit.run_shard(tmp_path, 0)


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_the_manifest_has_a_row_an_image(photos, batch, tmp_path, suffix):
    """In the order of the list, with every column."""
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


def test_a_manifest_in_parquet_holds_the_same_rows(photos, batch, tmp_path):
    """Numbers are numbers there, and the columns of an image without an answer are null."""
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs bytefit[parquet]")
    source, job = photos(3), tmp_path / "out.bytefit-job"
    (source / "bad.jpg").write_bytes(b"no image" * 3000)
    batch(source, tmp_path / "out")

    count = write_manifest(job_at(job), tmp_path / "m.parquet")

    table = parquet.read_table(tmp_path / "m.parquet")
    assert count == table.num_rows == 4
    assert table.to_pylist() == [row.columns for row in manifest_rows(job_at(job))]
    assert str(table.schema.field("after").type) == "int64"
    assert table.column("after").null_count == 1


def test_a_manifest_in_parquet_needs_its_extra(photos, batch, tmp_path, monkeypatch):
    """One line names the extra, and no file is left."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    batch(photos(1), tmp_path / "out")

    with pytest.raises(ConfigError, match=r"pip install 'bytefit\[parquet\]', or name a \.jsonl or \.csv"):
        write_manifest(job_at(tmp_path / "out.bytefit-job"), tmp_path / "m.parquet")

    assert not list(tmp_path.glob("*.parquet*"))


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

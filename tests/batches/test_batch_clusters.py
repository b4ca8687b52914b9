"""Batches on clusters: Dask's and Ray's own, started by their commands on this machine's loopback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest
from batch_processes import environment, run, start, wait_until
from batch_results import TARGET, content, facts, statuses
from servers import dask_cluster, free_ports, ray_cluster

import bytefit
from bytefit import ConfigError
from bytefit.batches.manifest import job_at, write_manifest
from bytefit.batches.manifest import rows as manifest_rows

# Neither asks for a token, nor tells its makers that it was used.
RAY = {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}


@contextmanager
def dask(tmp_path_factory, workers=2):
    """Run a Dask cluster whose workers know the images that kill; yield the options, and the processes."""
    pytest.importorskip("distributed", reason="needs bytefit[dask]")
    folder = tmp_path_factory.mktemp("dask")
    with dask_cluster(folder, environment(folder, OPENED=""), workers) as (address, servers):
        yield ["--backend", "dask", "--scheduler", address], servers


@pytest.fixture(scope="module")
def on_dask(tmp_path_factory):
    """Return the options for a Dask cluster, and its processes."""
    with dask(tmp_path_factory) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def on_ray(tmp_path_factory):
    """Return the options for a Ray cluster."""
    pytest.importorskip("ray", reason="needs bytefit[ray]")
    folder = tmp_path_factory.mktemp("ray")
    with ray_cluster(environment(folder, OPENED="", **RAY)) as address:
        yield ["--backend", "ray", "--address", address]


def same_answers_but_for_one_that_kills(options, photos, batch, tmp_path):
    """Run a batch with an image that kills its worker, and check that it costs itself and nothing else."""
    source = photos(8)
    batch(source, tmp_path / "here")
    (source / "photo3-KILL.jpg").write_bytes(b"KILL" * 5000)

    code, out, err = run(
        [source, tmp_path / "there", "--to", TARGET, "--shard-size", 9, *options],
        environment(tmp_path, OPENED="", **RAY),
    )

    assert (code, "Traceback" in err) == (1, False), err
    assert "9 of 9 images: 8 done, 1 crashed" in out
    assert content(tmp_path / "there") == content(tmp_path / "here")
    rows = manifest_rows(job_at(tmp_path / "there.bytefit-job"))
    assert [row.entry.name for row in rows if row.status == "crashed"] == ["photo3-KILL.jpg"]


def test_dask_gives_the_same_answers(on_dask, photos, batch, tmp_path):
    """Workers see the same folders, and are sent names only; an image that kills them costs itself, never the job."""
    same_answers_but_for_one_that_kills(on_dask[0], photos, batch, tmp_path)


def test_ray_gives_the_same_answers(on_ray, photos, batch, tmp_path):
    """Workers see the same folders, and are sent names only; an image that kills them costs itself, never the job."""
    same_answers_but_for_one_that_kills(on_ray, photos, batch, tmp_path)


def test_a_killed_worker_of_dask_costs_nothing(on_dask, photos, tmp_path):
    """Its nanny starts another one, and the shard goes on at the image it was at."""
    options, servers = on_dask
    source = photos(40)
    import joblib
    from distributed import Client

    done = []
    with Client(options[-1]) as client, joblib.parallel_config(backend="dask", client=client):
        client.wait_for_workers(2, timeout=60)
        for row in bytefit.batch(source, tmp_path / "out", TARGET, slack=0, shard_size=10):
            if not done:
                nanny = servers[1].pid
                (worker,) = _children(nanny)[-1:]
                os.kill(worker, signal.SIGKILL)
            done.append(row)

    assert len(done) == 40
    assert all(row.fine for row in done)


def test_a_killed_scheduler_of_dask_costs_nothing(on_dask, tmp_path_factory, photos, batch, tmp_path):
    """The driver says on one line that the cluster is gone. The same command on another one finishes the job."""
    source, out = photos(40), tmp_path / "out"
    settings = {"slack": 0, "shard_size": 5}
    batch(source, tmp_path / "undisturbed", **settings)
    command = [source, out, "--to", TARGET, "--slack", 0, "--shard-size", 5]
    env = environment(tmp_path, OPENED="")

    with dask(tmp_path_factory, workers=1) as (options, servers):
        process = start([*command, *options], env)
        wait_until(lambda: len(list(out.rglob("*.jpg"))) > 3)
        servers[0].kill()
        _, err = process.communicate(timeout=60)
    code, said, why = run([*command, *on_dask[0]], env)

    assert process.returncode == 1
    assert "bytefit: the cluster is gone" in err
    assert "run the same command again to go on" in err
    assert code == 0, why
    assert "40 of 40 images" in said
    assert content(out) == content(tmp_path / "undisturbed")
    for name in ("out", "undisturbed"):
        write_manifest(job_at(tmp_path / f"{name}.bytefit-job"), tmp_path / f"{name}.jsonl")
    assert facts(tmp_path / "out.jsonl") == facts(tmp_path / "undisturbed.jsonl")


def _children(process):
    found = subprocess.run(
        ["pgrep", "-P", str(process), "-f", "spawn_main"], capture_output=True, text=True, check=False
    )
    return [int(line) for line in found.stdout.split()]


def test_a_scheduler_that_is_not_there_is_one_line(photos, tmp_path):
    """With the commands that start one; nothing is written."""
    pytest.importorskip("distributed", reason="needs bytefit[dask]")
    address = "tcp://127.0.0.1:1"

    with pytest.raises(ConfigError, match=r"no Dask scheduler at tcp://127\.0\.0\.1:1: start one"):
        list(bytefit.batch(photos(1), tmp_path / "out", TARGET, backend="dask", scheduler=address))

    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_dask_needs_an_address(photos, tmp_path):
    """A cluster that nobody named is not guessed."""
    pytest.importorskip("distributed", reason="needs bytefit[dask]")

    with pytest.raises(ConfigError, match="needs --scheduler"):
        list(bytefit.batch(photos(1), tmp_path / "out", TARGET, backend="dask"))


def test_a_ray_cluster_that_is_not_there_is_one_line(photos, tmp_path):
    """With the command that starts one; nothing is written."""
    pytest.importorskip("ray", reason="needs bytefit[ray]")
    (port,) = free_ports()

    with pytest.raises(ConfigError, match=r"no Ray cluster at 127\.0\.0\.1:\d+ \(Connection refused\): start one"):
        list(bytefit.batch(photos(1), tmp_path / "out", TARGET, backend="ray", address=f"127.0.0.1:{port}"))

    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize(("backend", "module"), [("ray", "ray"), ("dask", "distributed")])
def test_a_backend_that_is_not_installed_is_one_line(photos, tmp_path, monkeypatch, backend, module):
    """With the extra that brings it."""
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(ConfigError, match=rf"needs {module}: pip install 'bytefit\[{backend}\]'"):
        list(bytefit.batch(photos(1), tmp_path / "out", TARGET, backend=backend))

    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_the_users_own_configuration_of_joblib_is_honoured(photos, tmp_path):
    """Whoever has a backend configured gets it, as in any program that uses joblib."""
    import joblib

    seen = []

    class Seen(joblib.parallel.ThreadingBackend):
        def submit(self, function, callback=None):
            seen.append(function)
            return super().submit(function, callback)

    joblib.register_parallel_backend("seen", Seen)
    with joblib.parallel_config(backend="seen", n_jobs=2):
        rows = {row.entry.name: row for row in bytefit.batch(photos(4), tmp_path / "out", TARGET)}

    assert len(seen) == 4
    assert set(statuses(rows).values()) == {"done"}


def test_what_travels_is_small(photos, batch, tmp_path):
    """Schedulers keep what they are sent: names and numbers, under a kilobyte."""
    import pickle

    from bytefit.batches.backends.engine import _MOST_TOGETHER
    from bytefit.batches.shards import Task, run_together

    batch(photos(3), tmp_path / "out", shard_size=3)
    job = str(tmp_path / "out.bytefit-job")
    tasks = [Task(job, shard, "f" * 32, driver=os.getpid()) for shard in range(_MOST_TOGETHER)]

    assert len(pickle.dumps(tasks)) < 1000
    assert len(pickle.dumps(run_together(tasks[:1]) * _MOST_TOGETHER)) < 1000

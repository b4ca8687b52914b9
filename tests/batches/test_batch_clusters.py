"""Batches on clusters: a Dask scheduler with two workers, started by their own commands, and Ray on this machine."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
from contextlib import ExitStack, contextmanager

import pytest
from batch_processes import environment, run
from batch_results import TARGET, content, statuses
from servers import free_ports, program, running

import bytefit
from bytefit import ConfigError


@contextmanager
def dask_cluster(folder):
    """Run a scheduler with two worker processes; yield its address and the processes."""
    (port,) = free_ports()
    address = f"tcp://127.0.0.1:{port}"
    options = ["--host", "127.0.0.1", "--no-dashboard"]
    env = environment(folder, OPENED="")
    with ExitStack() as stack:
        dask = program("dask")
        servers = [stack.enter_context(running([dask, "scheduler", *options, "--port", port], port=port))]
        for number in range(2):
            place = ["--nthreads", "1", "--local-directory", folder / f"worker{number}"]
            command = [dask, "worker", address, *options, *place]
            servers.append(stack.enter_context(running(command, port=port, env=env)))
        yield address, servers


@pytest.fixture
def scheduler(tmp_path):
    """Return the address of a scheduler with two worker processes, and the processes."""
    pytest.importorskip("distributed", reason="needs bytefit[dask]")
    with dask_cluster(tmp_path) as cluster:
        yield cluster


def test_dask_gives_the_same_answers(scheduler, photos, batch, tmp_path):
    """Workers of a cluster see the same folders, and are sent names only."""
    address, _ = scheduler
    source = photos(8)
    batch(source, tmp_path / "here")

    code, out, err = run(
        [source, tmp_path / "there", "--to", TARGET, "--backend", "dask", "--scheduler", address],
        environment(tmp_path, OPENED=""),
    )

    assert code == 0, err
    assert "8 of 8 images: 8 done" in out
    assert content(tmp_path / "there") == content(tmp_path / "here")


def test_a_killed_worker_of_dask_costs_nothing(scheduler, photos, tmp_path):
    """Its nanny starts another one, and the shard goes on at the image it was at."""
    address, servers = scheduler
    source = photos(60)
    import joblib
    from distributed import Client

    done = []
    with Client(address) as client, joblib.parallel_config(backend="dask", client=client):
        client.wait_for_workers(2, timeout=60)
        for row in bytefit.batch(source, tmp_path / "out", TARGET, slack=0, shard_size=10):
            if not done:
                nanny = servers[1].pid
                (worker,) = _children(nanny)[-1:]
                os.kill(worker, signal.SIGKILL)
            done.append(row)

    assert len(done) == 60
    assert all(row.fine for row in done)


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

    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "out.bytefit-job").exists()


def test_dask_needs_an_address(photos, tmp_path):
    """A cluster that nobody named is not guessed."""
    with pytest.raises(ConfigError, match="needs --scheduler"):
        list(bytefit.batch(photos(1), tmp_path / "out", TARGET, backend="dask"))


@pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="ray is not installed: 240 MB, left out of bytefit[dev]"
)
def test_ray_gives_the_same_answers(photos, batch, tmp_path):
    """A cluster of Ray on this machine, started by the batch."""
    source = photos(8)
    batch(source, tmp_path / "here")

    code, out, err = run(
        [source, tmp_path / "there", "--to", TARGET, "--backend", "ray"], environment(tmp_path, OPENED="")
    )

    assert code == 0, err
    assert "8 of 8 images: 8 done" in out
    assert content(tmp_path / "there") == content(tmp_path / "here")


@pytest.mark.skipif(importlib.util.find_spec("ray") is not None, reason="ray is installed")
def test_ray_that_is_not_installed_is_one_line(photos, tmp_path):
    """With the extra that brings it."""
    with pytest.raises(ConfigError, match=r"pip install 'bytefit\[ray\]'"):
        list(bytefit.batch(photos(1), tmp_path / "out", TARGET, backend="ray"))


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

    from bytefit.batches.shards import Task, run_task

    batch(photos(3), tmp_path / "out", shard_size=3)
    task = Task(str(tmp_path / "out.bytefit-job"), 0, "f" * 32, driver=os.getpid())

    assert len(pickle.dumps(task)) < 1000
    assert len(pickle.dumps(run_task(task))) < 1000

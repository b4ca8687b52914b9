"""Servers for the tests, started by their own commands on this machine's loopback and stopped at the end."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

KEYS = {"AWS_ACCESS_KEY_ID": "a-key-for-tests", "AWS_SECRET_ACCESS_KEY": "a-secret-for-tests"}
BUCKET = "images"

# The ports of SeaweedFS's parts.
_SEAWEED = (
    *("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc"),
    *("s3.port.grpc", "webdav.port", "admin.port", "admin.port.grpc"),
)


def free_ports(count=1):
    """Return ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def program(name):
    """Return the path of a program of this environment; the test skips where there is none."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"the program {name} is not installed")
    return found


@contextmanager
def running(command, *, port, env=None, seconds=60, gently=False):
    """Run a server until the block ends, which begins when it answers; `gently` for one that has others to end."""
    with subprocess.Popen(
        [str(part) for part in command],
        env={**os.environ, **(env or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            _wait_for(port, process, seconds)
            yield process
        finally:
            if gently:
                process.terminate()
            else:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)


def _wait_for(port, process, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.skip(f"the server ended with {process.returncode}")
        with socket.socket() as one:
            one.settimeout(1)
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.skip(f"the server did not answer within {seconds} s")


@contextmanager
def dask_cluster(folder, env, workers=2):
    """Run a scheduler of Dask with worker processes; yield its address and the processes."""
    (port,) = free_ports()
    address = f"tcp://127.0.0.1:{port}"
    options = ["--host", "127.0.0.1", "--no-dashboard"]
    # Dask gives up a task that killed a worker at once, and not at the fourth.
    env = {**env, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    with ExitStack() as stack:
        dask = program("dask")
        servers = [stack.enter_context(running([dask, "scheduler", *options, "--port", port], port=port, env=env))]
        for number in range(workers):
            place = ["--nthreads", "1", "--local-directory", folder / f"worker{number}"]
            command = [dask, "worker", address, *options, *place]
            servers.append(stack.enter_context(running(command, port=port, env=env)))
        yield address, servers


@contextmanager
def ray_cluster(env):
    """Run a cluster of Ray that counts two cores; yield its address."""
    (port,) = free_ports()
    options = ["--head", "--block", "--num-cpus=2", "--node-ip-address=127.0.0.1"]
    # What scales a cluster, serves pages and copies logs is not needed, and starts a process each.
    options += ["--no-monitor", "--include-dashboard=false", "--include-log-monitor=false"]
    # The names of its sockets have to be short.
    with TemporaryDirectory(prefix="ray") as folder:
        command = [program("ray"), "start", *options, f"--port={port}", f"--temp-dir={folder}"]
        with running(command, port=port, env=env, gently=True):
            yield f"127.0.0.1:{port}"


@contextmanager
def seaweed(folder):
    """Run a real S3 server; yield its address."""
    s3, *others = free_ports(len(_SEAWEED) + 1)
    options = [f"-{name}={port}" for name, port in zip(_SEAWEED, others, strict=True)]
    off = ["-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"]
    command = [program("weed"), "mini", f"-dir={folder}", f"-s3.port={s3}", "-ip=127.0.0.1", *options, *off]
    with running(command, port=s3, env={**KEYS, "S3_BUCKET": BUCKET}):
        yield f"http://127.0.0.1:{s3}"


@contextmanager
def moto():
    """Run the S3 of moto; yield its address."""
    (port,) = free_ports()
    with running([program("moto_server"), "-H", "127.0.0.1", "-p", port], port=port):
        yield f"http://127.0.0.1:{port}"

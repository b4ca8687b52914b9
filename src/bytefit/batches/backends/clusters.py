"""The clusters that the shards run on: their addresses are tried before anything is written, and left at the end."""

from __future__ import annotations

import os
import socket
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from bytefit.batches.backends.engine import FEWEST, Engine
from bytefit.batches.storage.retries import reason_of
from bytefit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

# Seconds to wait for a scheduler.
_CONNECTING = 5


@contextmanager
def connected(engine: Engine) -> Iterator[Engine]:
    """Yield an engine whose cluster is there, and leave it at the end.

    Raises:
        ConfigError: if the cluster, or the package for it, is not there.
    """
    if engine.backend == "dask":
        with _dask(engine) as client:
            yield engine._replace(config={"backend": "dask", "client": client})
    elif engine.backend == "ray":
        _start_ray(engine)
        yield engine._replace(config={"backend": "ray"})
    elif engine.backend == "loky":
        yield engine._replace(config={"backend": "loky", "inner_max_num_threads": 1})
    else:
        yield engine


def _dask(engine: Engine) -> AbstractContextManager[object]:
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise ConfigError("--backend dask needs distributed: pip install 'bytefit[dask]'") from error
    if engine.scheduler is None:
        raise ConfigError("--backend dask needs --scheduler: give the address of a scheduler, as in tcp://host:8786")
    try:
        _check_answers(engine.scheduler.removeprefix("tcp://"))
        client = Client(engine.scheduler, timeout=_CONNECTING, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError, ValueError) as error:
        raise ConfigError(
            f"no Dask scheduler at {engine.scheduler}: start one with 'dask scheduler' and workers with 'dask worker'"
        ) from error
    return client


def _start_ray(engine: Engine) -> None:
    try:
        import ray
        from ray.util.joblib import register_ray
    except ModuleNotFoundError as error:
        raise ConfigError("--backend ray needs ray: pip install 'bytefit[ray]'") from error
    import logging

    # joblib names a context to each pool, and Ray's warns that it takes none.
    logging.getLogger("ray.util.multiprocessing.pool").setLevel(logging.ERROR)
    if not ray.is_initialized():
        settings: dict[str, Any] = {"log_to_driver": False, "configure_logging": False}
        if engine.address is None:
            settings |= {"num_cpus": max(FEWEST, engine.jobs or os.cpu_count() or 1), "include_dashboard": False}
        try:
            _check_answers(engine.address)
            ray.init(address=engine.address, **settings)
        except OSError as error:
            raise ConfigError(
                f"no Ray cluster at {engine.address} ({reason_of(error)}): start one with 'ray start --head'"
            ) from error
    there, needed = int(ray.cluster_resources().get("CPU", 0)), max(FEWEST, engine.jobs or 0)
    if there < needed:
        raise ConfigError(f"the Ray cluster has {there} CPUs, but bytefit needs {needed}: add nodes, or lower --jobs")
    register_ray()


def _check_answers(address: str | None) -> None:
    """Raise OSError if nobody listens at an address; Dask itself would try for 5 seconds, and Ray for 20."""
    host, _, port = (address or "").rpartition(":")
    if host and port.isdecimal() and "://" not in host:
        socket.create_connection((host, int(port)), _CONNECTING).close()

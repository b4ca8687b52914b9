"""Hypothesis profiles, and the fixtures that more than one module needs."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

# Workers of pytest-xdist keep every core busy: OpenMP's threads, which wait for each other by spinning, then take four
# times the processor time of one to train on a few hundred rows (32 seconds instead of 7). Read when it is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# No deadlines: they fail on a busy machine and tell nothing on an idle one. In CI the same examples each time, so that
# a change is judged by what it changes; new ones are drawn wherever else the tests run.
settings.register_profile("ci", max_examples=15, deadline=None, derandomize=True)
settings.register_profile("dev", max_examples=30, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))


def pytest_collection_finish():
    """Keep the garbage collector from looking through nine thousand tests again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the folder of the checkout these tests are in."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def corpus(repository) -> Path:
    """Return the folder of the image corpora that may lie beside the checkout; tests skip without it."""
    folder = repository.parent / "shared" / "corpus"
    if not folder.is_dir():
        pytest.skip("the image corpora are not on this machine")
    return folder

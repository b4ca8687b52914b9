"""Folders of small photographs, and batches over them in this process."""

from __future__ import annotations

import pytest
from batch_results import TARGET

import bytefit
from images import noise, write_jpeg

pytest.importorskip("joblib", reason="needs bytefit[batch]")
pytest.importorskip("fsspec", reason="needs bytefit[batch]")


@pytest.fixture
def photos(tmp_path):
    """Return a function that makes a folder of so many photographs, one of them in a folder below."""

    def photos(count=6):
        folder = tmp_path / "in"
        (folder / "below").mkdir(parents=True)
        for number in range(count):
            name = f"below/photo{number}.jpg" if number == 0 else f"photo{number}.jpg"
            write_jpeg(folder / name, noise(seed=number))
        return folder

    return photos


@pytest.fixture
def batch():
    """Return a function that runs a batch in this process and returns its rows by the name of the image."""
    import joblib

    def batch(source, destination=None, target=TARGET, **options):
        with joblib.parallel_config(backend="sequential"):
            found = list(bytefit.batch(source, destination, target, **options))
        rows = {row.entry.name: row for row in found}
        assert len(rows) == len(found)
        return rows

    return batch

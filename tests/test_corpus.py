"""On real files, where the corpora lie beside the checkout: what breaks image tools ends in an answer or a reason."""

from __future__ import annotations

import hashlib
import shutil
from io import BytesIO

import pytest
from PIL import Image

import bytefit
from bytefit.codecs.jxl.container import register_plugin
from bytefit.formats import SUFFIXES

# Decoding more than this a file would make the suite slow; the bombs among the files are refused by their headers.
MOST_BYTES = 400_000
MOST_PIXELS = 400_000


def small(path, *, pixels=MOST_PIXELS, most_bytes=MOST_BYTES):
    """Return whether a file is quickly decoded, or is no image at all."""
    if path.stat().st_size > most_bytes:
        return False
    try:
        register_plugin()
        with Image.open(path) as image:
            return image.width * image.height * getattr(image, "n_frames", 1) <= pixels or path.parent.name == "bombs"
    except Exception:  # noqa: BLE001  (that is what these files are for)
        return True


@pytest.mark.filterwarnings("ignore")
def test_hostile_files_are_fitted_or_refused_and_never_harmed(corpus, tmp_path):
    """In place, to 60 % of their bytes: within the budget, or an error of our own with the file as it was."""
    fitted = refused = 0
    paths = sorted(
        path for path in (corpus / "hostile").rglob("*") if path.is_file() and small(path, most_bytes=100_000)
    )

    for path in paths[::3]:  # a batch in tests/batches takes all that are small
        copy = tmp_path / path.name
        shutil.copyfile(path, copy)
        before = hashlib.sha256(copy.read_bytes()).digest()
        budget = max(1, int(path.stat().st_size * 0.6))
        try:
            outcome = bytefit.compress_file(copy, budget)
        except bytefit.BytefitError:
            refused += 1
            assert hashlib.sha256(copy.read_bytes()).digest() == before, path
        else:
            fitted += 1
            assert outcome.after == copy.stat().st_size <= budget or not outcome.changed, path

    assert fitted > 10
    assert refused > 10
    assert not list(tmp_path.glob(".bytefit-*"))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("wanted", "pixels"), [("JPEG", MOST_PIXELS), ("WEBP", 200_000)])
def test_real_pictures_fit_within_the_slack_or_provably_cannot(corpus, wanted, pixels):
    """A few of every kind, at a usual budget: none over it, none under the slack without proof, few trials."""
    trials = []

    for folder in sorted(path for path in (corpus / "train").iterdir() if path.is_dir()):
        paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and small(p, pixels=pixels))
        for path in paths[:: max(1, len(paths) // 2)]:
            with Image.open(path) as image:
                budget = max(1, image.width * image.height // 16)
            try:
                result = bytefit.compress(path, budget, format=wanted, metadata="strip")
            except bytefit.BytefitError:
                continue
            trials.append(len(result.trials))
            assert result.size <= budget, path
            assert result.fill >= 0.95 or result.proven, path
            assert Image.open(BytesIO(result.data)).size == (result.width, result.height), path

    assert len(trials) >= 8
    assert sum(trials) / len(trials) < 3

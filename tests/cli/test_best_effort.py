"""Effort "best" on the command line: what it says where its extra is missing."""

from __future__ import annotations

import pytest

import bytefit
from bytefit.codecs.progress import listening, report
from images import photograph, screenshot, write_jpeg

NOTE = "pip install 'bytefit[best]'"


@pytest.fixture
def without_numpy(monkeypatch):
    """Answer as in an environment without the extra."""
    for module in ("cli.best_effort", "cli.batch", "codecs.jpeg.codec"):
        monkeypatch.setattr(f"bytefit.{module}.find_spec", lambda _name: None)


def test_every_long_encode_reports_its_tiles():
    """Each pass counts from 0 to its number of tiles; encodes of other efforts take too little time to be counted."""
    seen = []
    with listening(lambda *counts: seen.append(counts)):
        bytefit.compress(photograph((96, 80)), 3000, format="JPEG")
        assert seen == []
        bytefit.compress(photograph((96, 80)), 3000, format="JPEG", effort="best")

    assert len(seen) >= 2
    assert seen == [(0, 1), (1, 1)] * (len(seen) // 2)

    report(0, 1)
    assert seen[-1] == (1, 1), "nobody listens any more"


@pytest.mark.usefixtures("without_numpy")
def test_compress_says_once_what_is_missing(run, tmp_path):
    """The file is as good as before, and the note tells how to get a better one."""
    photo = write_jpeg(tmp_path / "photo.jpg", photograph())

    code, _, err = run("compress", photo, "--to", "4KB", "--effort", "best")

    assert code == 0
    assert len(err) == 1
    assert err[0].startswith("bytefit: note: ")
    assert err[0].endswith(NOTE)


@pytest.mark.usefixtures("without_numpy")
@pytest.mark.parametrize(("name", "effort"), [("photo.jpg", "normal"), ("photo.png", "best")])
def test_no_note_where_the_extra_would_change_nothing(run, tmp_path, name, effort):
    """It is about JPEG at effort best."""
    screenshot().save(tmp_path / name)

    code, _, err = run("compress", tmp_path / name, "--to", "3KB", "--effort", effort)

    assert (code, err) == (0, [])


@pytest.mark.usefixtures("without_numpy")
def test_fix_says_it_once_for_all_files(run, tmp_path, monkeypatch):
    """A note for each of a thousand files would hide everything else."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.jpg", "b.jpg"):
        write_jpeg(tmp_path / name, photograph())

    _, out, err = run("fix", "a.jpg", "b.jpg", "--max-size", "4KB", "--effort", "best")

    assert sum(line.startswith("fixed ") for line in out) == 2
    assert [NOTE in line for line in err] == [True]


@pytest.mark.usefixtures("without_numpy")
def test_a_batch_says_it_before_it_starts(run, tmp_path):
    """Its images are fitted elsewhere; whoever started it reads here."""
    (tmp_path / "in").mkdir()
    write_jpeg(tmp_path / "in" / "a.jpg", photograph())

    _, _, err = run("batch", tmp_path / "in", tmp_path / "out", "--to=4KB", "--effort=best", "--progress=none")

    assert [line for line in err if NOTE in line] == err[:1]


def test_with_the_extra_there_is_no_note(run, tmp_path):
    """Nothing is missing then."""
    photo = write_jpeg(tmp_path / "photo.jpg", photograph((96, 80)))

    code, _, err = run("compress", photo, "--to", "3KB", "--effort", "best")

    assert (code, err) == (0, [])

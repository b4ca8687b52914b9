"""What a batch writes and where: the bytes of `compress_file`, under the right names, and a row for each image."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from batch_results import TARGET, content, statuses
from PIL import AvifImagePlugin

import bytefit
from bytefit import BudgetUnreachable, BytefitError
from images import flat, graphic, noise, write_jpeg


def test_answers_are_the_bytes_that_compress_file_writes(photos, batch, tmp_path):
    """A batch must not find other answers than the command for one image."""
    source = photos()
    graphic().save(source / "drawing.png")

    rows = batch(source, tmp_path / "out", "3KB", resize=True)

    assert len(rows) == 7
    for name, row in rows.items():
        one = tmp_path / f"one{Path(name).suffix}"
        bytefit.compress_file(source / name, "3KB", output=one, resize=True)
        assert (tmp_path / "out" / name).read_bytes() == one.read_bytes()
        assert row.answer.size == one.stat().st_size <= 3000


def test_in_place_gives_the_bytes_of_compress_file_in_place(photos, batch, tmp_path):
    """In place the quality of the source is the most, in a batch as for one image."""
    source = photos(3)
    before = shutil.copytree(source, tmp_path / "before")

    rows = batch(source, in_place=True)

    for name in rows:
        bytefit.compress_file(before / name, TARGET)
    assert content(source) == content(before)
    assert set(statuses(rows).values()) == {"done"}


def test_what_fits_is_copied_as_it_is(photos, batch, tmp_path):
    """A file that fits needs no second lossy encode, and its row says that it fits."""
    source = photos(1)
    write_jpeg(source / "small.jpg", flat())

    rows = batch(source, tmp_path / "out")

    assert statuses(rows) == {"below/photo0.jpg": "done", "small.jpg": "fits"}
    assert (tmp_path / "out/small.jpg").read_bytes() == (source / "small.jpg").read_bytes()


def test_what_fits_is_left_unread_in_place(tmp_path, batch):
    """The listing tells the size: a file that fits is not opened, whatever is in it."""
    source = tmp_path / "in"
    source.mkdir()
    (source / "text.jpg").write_bytes(b"no image")

    rows = batch(source, in_place=True)

    assert statuses(rows) == {"text.jpg": "fits"}
    assert rows["text.jpg"].answer.sha256 is None


def test_a_png_by_the_name_of_a_jpeg_is_converted(tmp_path, batch):
    """The suffix of the answer chooses its format, as it does for one image, even where the file fits."""
    source = tmp_path / "in"
    source.mkdir()
    graphic().convert("RGB").save(source / "drawing.jpg", format="PNG")

    batch(source, tmp_path / "out", "500KB")

    assert (tmp_path / "out/drawing.jpg").read_bytes().startswith(b"\xff\xd8")


def test_statuses_are_kept_apart(photos, batch, tmp_path):
    """Whoever reads the manifest has to know which images to look at, and which to ask for again."""
    source = photos(1)
    (source / "text.jpg").write_bytes(b"no image" * 2000)
    cut = (source / "below/photo0.jpg").read_bytes()[:12_000]
    (source / "cut.jpg").write_bytes(cut)
    write_jpeg(source / "hopeless.jpg", noise((1600, 1600)))
    (source / "pointer.jpg").write_bytes(b"version https://git-lfs.github.com/spec/v1\n" + b"x" * 9000)

    rows = batch(source, tmp_path / "out")

    assert statuses(rows) == {
        "below/photo0.jpg": "done",
        "text.jpg": "corrupt",
        "cut.jpg": "corrupt",
        "hopeless.jpg": "unreachable",
        "pointer.jpg": "refused",
    }
    assert all(row.reason for row in rows.values() if not row.fine)
    assert set(content(tmp_path / "out")) == {"below/photo0.jpg"}


def test_max_pixels_refuses_an_image(photos, batch, tmp_path):
    """A small file can need all the memory there is."""
    rows = batch(photos(1), tmp_path / "out", max_pixels=100)

    assert statuses(rows) == {"below/photo0.jpg": "refused"}


def test_another_format_changes_the_suffix(photos, batch, tmp_path):
    """A WebP by the name of a JPEG would be shown by no server."""
    rows = batch(photos(2), tmp_path / "out", format="WEBP")

    assert set(content(tmp_path / "out")) == {"below/photo0.webp", "photo1.webp"}
    assert {row.answer.format for row in rows.values()} == {"WEBP"}


def test_auto_names_each_answer_by_its_format(photos, batch, tmp_path):
    """The format is known once the image was fitted."""
    rows = batch(photos(1), tmp_path / "out", format="auto", formats=["WEBP"])

    assert set(content(tmp_path / "out")) == {"below/photo0.webp"}
    assert rows["below/photo0.jpg"].answer.output == "below/photo0.webp"


def test_a_suffix_makes_new_files_beside_the_old(photos, batch):
    """A second batch must not take the answers of the first one for images."""
    source = photos(2)

    batch(source, suffix="-small")
    again = batch(source, suffix="-small", restart=True)

    assert set(again) == {"below/photo0.jpg", "photo1.jpg"}
    assert set(content(source)) == {
        *("below/photo0.jpg", "below/photo0-small.jpg"),
        *("photo1.jpg", "photo1-small.jpg"),
    }


def test_times_are_kept_on_request(photos, batch, tmp_path):
    """Programs that synchronise folders go by the times."""
    source = photos(2)
    os.utime(source / "photo1.jpg", (1e9, 1e9))

    batch(source, tmp_path / "out", keep_times=True)

    assert (tmp_path / "out/photo1.jpg").stat().st_mtime == 1e9


@pytest.mark.parametrize(("overwrite", "replaced"), [("never", set()), ("changed", {"photo1.jpg"}), ("always", None)])
def test_overwrite_decides_which_answers_are_replaced(photos, batch, tmp_path, overwrite, replaced):
    """`changed` goes by the times: an answer older than its source is made again."""
    source, out = photos(3), tmp_path / "out"
    batch(source, out)
    for path in out.rglob("*.jpg"):
        write_jpeg(path, flat())
    os.utime(out / "photo1.jpg", (1e9, 1e9))
    flats = content(out)

    batch(source, out, overwrite=overwrite, restart=True)

    changed = {name for name, found in content(out).items() if found != flats[name]}
    assert changed == (set(flats) if replaced is None else replaced)


def test_never_says_what_is_over_the_budget(photos, batch, tmp_path):
    """An answer that is left there although it is too large is no success."""
    source = photos(2)
    shutil.copytree(source, tmp_path / "out")

    rows = batch(source, tmp_path / "out", overwrite="never")

    assert set(statuses(rows).values()) == {"refused"}


@pytest.mark.parametrize("form", ["names.txt", "names.csv", "names.jsonl", "strings.jsonl"])
def test_a_list_names_the_inputs(photos, batch, tmp_path, form):
    """Text, CSV and JSON lines are told apart by the first line."""
    source = photos(4)
    names = ["photo2.jpg", "below/photo0.jpg", str(source / "photo1.jpg")]
    text = {
        "names.txt": "".join(f"{name}\n" for name in names),
        "names.csv": "size,path\n" + "".join(f"1,{name}\n" for name in names),
        "names.jsonl": "".join(json.dumps({"source": name, "n": 1}) + "\n" for name in names),
        "strings.jsonl": "".join(json.dumps(name) + "\n" for name in names),
    }[form]
    (tmp_path / form).write_text(text, encoding="utf-8")

    rows = batch(source, tmp_path / "out", files_from=tmp_path / form)

    assert set(rows) == {"photo2.jpg", "below/photo0.jpg", "photo1.jpg"}


def test_a_list_is_read_from_standard_input(photos, batch, tmp_path, monkeypatch):
    """So that `find` or a database can choose the images."""
    monkeypatch.setattr("sys.stdin", io.StringIO("photo1.jpg\n"))

    assert set(batch(photos(3), tmp_path / "out", files_from="-")) == {"photo1.jpg"}


def test_a_name_in_a_list_that_is_not_there_has_a_row(photos, batch, tmp_path):
    """One wrong name must not end the batch."""
    (tmp_path / "names.txt").write_text("photo1.jpg\nmissing.jpg\n", encoding="utf-8")

    rows = batch(photos(2), tmp_path / "out", files_from=tmp_path / "names.txt")

    assert statuses(rows) == {"photo1.jpg": "done", "missing.jpg": "changed-meanwhile"}


def test_a_glob_chooses_the_inputs(photos, batch, tmp_path):
    """Their names stay relative to the folder before the first wildcard."""
    source = photos(4)

    assert set(batch(f"{source}/photo[12].jpg", tmp_path / "out")) == {"photo1.jpg", "photo2.jpg"}


def test_memory_of_this_process_can_be_source_and_destination(photos):
    """The storage memory:// is only seen by this process, so the batch has to run in it."""
    import fsspec

    fs = fsspec.filesystem("memory")
    fs.put(str(photos(2)), "/in", recursive=True)
    threads = AvifImagePlugin.DEFAULT_MAX_THREADS

    rows = list(bytefit.batch("memory://in", "memory://out", TARGET))

    assert {str(row.status) for row in rows} == {"done"}
    assert threads == AvifImagePlugin.DEFAULT_MAX_THREADS  # held to one in the meantime
    assert sorted(fs.find("/out")) == ["/out/below/photo0.jpg", "/out/photo1.jpg"]
    fs.rm("/", recursive=True)


def test_a_resized_answer_that_is_unreachable_leaves_nothing(photos, batch, tmp_path):
    """The reason is the one that `compress` gives."""
    source = photos(1)

    rows = batch(source, tmp_path / "out", "300B")

    with pytest.raises(BudgetUnreachable):
        bytefit.compress(source / "below/photo0.jpg", "300B")
    assert "cannot fit below/photo0.jpg" in rows["below/photo0.jpg"].reason
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("source", "destination", "options", "message"),
    [
        ("missing", "out", {}, "no such folder"),
        ("empty", "out", {}, "has no images"),
        ("in", "in/out", {}, "the destination lies in the source"),
        ("in", "in", {}, "the destination lies in the source"),
        ("in/below", "in", {}, "the source lies in the destination"),
        ("in", None, {}, "no destination"),
        ("in", "out", {"in_place": True}, "in-place conflicts"),
        ("in", None, {"in_place": True, "format": "WEBP"}, "cannot convert to WEBP in place"),
        ("in", "out", {"format": "NONSENSE"}, "NONSENSE"),
        ("in", "out", {"suffix": "a/b"}, "holds a slash"),
        ("in", "out", {"slack": 2}, "slack"),
        ("in", "out", {"max_failures": "many"}, "is no number of images"),
        ("in", "out", {"overwrite": "perhaps"}, "unknown overwrite"),
        ("in", "out", {"backend": "spark"}, "unknown backend"),
        ("in", "out", {"scheduler": "tcp://127.0.0.1:1"}, "needs --backend dask"),
        ("in", "photo.jpg", {}, "is no folder"),
        ("in", "out", {"files_from": "outside.txt"}, "is not below the source"),
        ("in", "out", {"files_from": "twice.txt"}, "is listed twice"),
        ("twins", "out", {"format": "WEBP"}, "would both be written to"),
        ("twins", "out", {"format": "auto"}, "would both be written to"),
        ("nonsense://in", "out", {}, "cannot use nonsense://in"),
        ("ftp://me:secret@host/in", "out", {}, "holds a password"),
    ],
)
def test_wrong_input_is_one_line_and_nothing_is_written(
    photos, batch, tmp_path, monkeypatch, source, destination, options, message
):
    """Everything that can be known before the first image is checked before anything is written."""
    photos(2)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "twins").mkdir()
    graphic().save(tmp_path / "twins/a.png")
    write_jpeg(tmp_path / "twins/a.jpg", flat())
    write_jpeg(tmp_path / "photo.jpg", flat())
    (tmp_path / "outside.txt").write_text("photo1.jpg\n../photo.jpg\n", encoding="utf-8")
    (tmp_path / "twice.txt").write_text("photo1.jpg\n./photo1.jpg\n", encoding="utf-8")
    before = content(tmp_path)

    with pytest.raises(BytefitError) as caught:
        batch(source, destination, **options)

    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)
    assert content(tmp_path) == before
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "out.bytefit-job").exists()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="the rights of folders are others on Windows")
def test_a_read_only_destination_is_refused(photos, tmp_path):
    """Before an hour of encoding, not after it."""
    photos(1)
    out = tmp_path / "out"
    out.mkdir(mode=0o500)
    command = [sys.executable, "-m", "bytefit", "batch", "in", "out/below", "--to", TARGET]
    if os.geteuid() == 0:  # root may write everywhere, unless it gives up that right
        if (setpriv := shutil.which("setpriv")) is None:
            pytest.skip("root needs the program setpriv for it")
        command[:0] = [setpriv, "--bounding-set=-dac_override"]

    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert ended.returncode == 2
    assert ended.stderr == "bytefit: error: destination out/below: out is not writable\n"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["below", "in", "out", "photo0.jpg"]

"""`bytefit compress`: what it writes and says, and how its options arrive."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from PIL import Image

from folders import snapshot, write
from images import animation, encoded, noise, opened, screenshot, write_jpeg


def test_compress_fits_a_file_in_place(run, photo):
    """One line tells of it."""
    code, out, err = run("compress", photo, "--to", "4KB")

    assert (code, err) == (0, [])
    assert photo.stat().st_size <= 4000
    assert len(out) == 1
    assert out[0].startswith(f"{photo}: ")
    assert " -> " in out[0]
    assert "JPEG quality" in out[0]


def test_compress_writes_another_format(run, photo):
    """The output's suffix sets it, and the original stays."""
    before = photo.read_bytes()
    output = photo.with_suffix(".webp")

    code, _, err = run("compress", photo, "--to", "4KB", "-o", output)

    assert (code, err) == (0, [])
    assert opened(output.read_bytes()).format == "WEBP"
    assert photo.read_bytes() == before


def test_compress_leaves_alone_what_fits(run, photo):
    """And says so."""
    before = snapshot(photo.parent)

    code, out, err = run("compress", photo, "--to", "1MB")

    assert (code, err) == (0, [])
    assert out[0].endswith("fits 1 MB as it is, left alone")
    assert snapshot(photo.parent) == before


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize("output", [[], ["-o", "small.avif"]], ids=["in place", "output"])
def test_json_is_json(run, photo, output):
    """All facts of the outcome, and nothing else on the stream."""
    code, out, err = run("compress", photo, "--to", 4000, "--json", *output)

    record = json.loads("\n".join(out))
    assert (code, err) == (0, [])
    assert record["size"] == Path(record["output"]).stat().st_size <= record["budget"] == 4000
    assert record["fill"] == record["size"] / 4000
    assert record["fits"] is True
    assert record["changed"] is True
    assert record["path"] == str(photo)
    assert record["format"] == ("AVIF" if output else "JPEG")
    assert (record["width"], record["height"], record["scale"]) == (*noise().size, 1.0)
    assert record["trials"][-1].keys() == {"setting", "size", "seconds", "quality"}
    assert isinstance(record["probes"], list)


def test_json_of_a_file_that_fits(run, photo):
    """There is no result then, and that is no error."""
    code, out, _ = run("compress", photo, "--to", "1MB", "--json")

    record = json.loads("\n".join(out))
    assert code == 0
    assert (record["fits"], record["changed"]) == (True, False)
    assert record["before"] == record["size"] == photo.stat().st_size


def test_every_option_of_compress_is_passed_on(run, tmp_path):
    """Down to the last one."""
    path = write_jpeg(tmp_path / "photo.jpg", noise((256, 192)), orientation=6)
    output = tmp_path / "small.dat"

    code, out, err = run(
        *("compress", path, "--to", "3000", "-o", output, "--format", "JPEG", "--slack", "0.5", "--min-quality", "60"),
        *("--resize", "--metadata", "orientation+icc", "--on-unreachable", "smallest", "--exact", "--json"),
    )

    record = json.loads("\n".join(out))
    picture = opened(output.read_bytes())
    assert (code, err) == (0, [])
    assert output.stat().st_size == 3000
    assert record["quality"] >= 60
    assert record["scale"] < 1
    assert dict(picture.getexif()) == {0x0112: 6}


def test_widths_and_effort_are_passed_on(run, photo):
    """The answer has them."""
    code, out, err = run(
        *("compress", photo, "--to", "3000", "--resize", "--min-width", "40", "--max-width", "90"),
        *("--effort", "fast", "--json"),
    )

    record = json.loads("\n".join(out))
    assert (code, err) == (0, [])
    assert (record["width"], record["height"], record["score"]) == (90, 60, None)
    assert record["trials"][0]["setting"]["progressive"] is False


def test_a_floor_on_the_score_is_passed_on(run, photo):
    """And the score is told, to people and to programs."""
    pytest.importorskip("ssimulacra2")
    output = photo.with_name("small.webp")

    code, out, err = run("compress", photo, "--to", "9KB", "--min-score=-60", "-o", output)
    again, told, _ = run("compress", photo, "--to", "9KB", "--min-score", "-60", "-o", output, "--json")

    score = json.loads("\n".join(told))["score"]
    assert (code, again, err) == (0, 0, [])
    assert -60 <= score < 100
    assert f", score {score:.1f}, " in out[0]


def test_a_floor_on_the_score_without_the_metric_is_one_line(run, photo, monkeypatch):
    """With what to install."""
    monkeypatch.setitem(sys.modules, "ssimulacra2", None)
    before = snapshot(photo.parent)

    code, out, err = run("compress", photo, "--to", "4KB", "--min-score", "50")

    assert (code, out) == (2, [])
    assert err == ["bytefit: error: scoring quality needs ssimulacra2: pip install 'bytefit[metrics]'"]
    assert snapshot(photo.parent) == before


def test_the_smallest_that_is_still_over_is_exit_one(run, photo):
    """It was shrunk, but it does not fit."""
    code, out, err = run("compress", photo, "--to", "100", "--on-unreachable", "smallest")

    assert (code, err) == (1, [])
    assert "still over its budget of 100 B" in out[0]


@pytest.mark.parametrize(
    ("name", "codec_format"),
    [
        ("small.png", "PNG"),
        ("small.apng", "PNG"),
        ("small.jp2", "JPEG2000"),
        ("small.j2k", "JPEG2000"),
        ("small.webp", "WEBP"),
        ("small.AVIF", "AVIF"),
    ],
)
def test_the_suffix_of_the_output_sets_the_format(run, photo, name, codec_format):
    """Of every codec, all that are usual."""
    code, out, err = run("compress", photo, "--to", "5KB", "-o", photo.with_name(name), "--json")

    assert (code, err) == (0, [])
    assert json.loads("\n".join(out))["format"] == codec_format
    assert opened(photo.with_name(name).read_bytes()).format == codec_format
    assert photo.with_name(name).stat().st_size <= 5000


def test_an_output_in_tiff_is_as_large_as_it_is(run, photo):
    """It is lossless: within a large budget it is written, and else told what would do."""
    output = photo.with_name("large.tif")

    code, _, err = run("compress", photo, "--to", "60KB", "-o", output)
    over, _, told = run("compress", photo, "--to", "4KB", "-o", output)

    assert (code, err, over) == (0, [], 1)
    assert opened(output.read_bytes()).tobytes() == opened(photo.read_bytes()).tobytes()
    assert re.search(r"; as WEBP at quality [\d.]+ it has [\d.]+ k?B$", told[0])


@pytest.mark.parametrize("allowed", ["JPEG,PNG", " jpg , webp,", "PNG"])
def test_the_format_may_be_chosen_by_looks(run, photo, allowed):
    """Among those that are named, in any case, with spaces or without."""
    output = photo.with_name("small")

    code, out, err = run("compress", photo, "--to", "5KB", "--format", "auto", "--formats", allowed, "-o", output)

    assert (code, err) == (0, [])
    wanted = {name.strip().upper().replace("JPG", "JPEG") for name in allowed.split(",")}
    assert opened(output.read_bytes()).format in wanted
    assert output.stat().st_size <= 5000
    assert any(f"({name} quality " in out[0] for name in wanted)


def test_the_format_chosen_by_looks_is_one_that_browsers_show(run, photo):
    """Where none is named."""
    output = photo.with_name("small")

    code, out, err = run("compress", photo, "--to", "4KB", "--format", "AUTO", "-o", output, "--json")

    assert (code, err) == (0, [])
    assert json.loads("\n".join(out))["format"] in {"AVIF", "WEBP", "JPEG", "PNG"}


@pytest.mark.parametrize("name", ["graphic.png", "graphic.webp", "graphic.tif"])
def test_lossless_keeps_every_pixel(run, tmp_path, name):
    """Or fails, with exit code 1 and nothing written."""
    path = write(tmp_path / "source.bmp", encoded(screenshot(), "BMP"))
    output = tmp_path / name

    code, _, err = run("compress", path, "--to", "20KB", "-o", output, "--lossless")
    over, out, told = run("compress", path, "--to", "300", "-o", tmp_path / f"other{output.suffix}", "--lossless")

    assert (code, err) == (0, [])
    assert opened(output.read_bytes()).convert("RGB").tobytes() == screenshot().tobytes()
    assert (over, out, len(told)) == (1, [], 1)
    assert sorted(tmp_path.iterdir()) == sorted([path, output])


def test_extras_are_dropped_where_that_is_said(run, tmp_path):
    """The message names the option of Python; the command has it, too."""
    film = b"\x00\x00\x00\x18ftypmp42" + b"film" * 100
    path = write(tmp_path / "motion.jpg", encoded(noise()) + film)
    output = tmp_path / "still.webp"

    refused, _, err = run("compress", path, "--to", "4KB", "-o", output)
    code, _, none = run("compress", path, "--to", "4KB", "-o", output, "--drop-extras")
    in_place, _, _ = run("compress", path, "--to", "4KB")
    kept = path.read_bytes()
    dropped, _, _ = run("compress", path, "--to", "2KB", "--drop-extras")

    assert (refused, len(err)) == (2, 1)
    assert "carries a motion photo's film, which WEBP cannot hold: drop_extras=True leaves it out" in err[0]
    assert (code, none, output.stat().st_size <= 4000) == (0, [], True)
    assert (in_place, kept.endswith(film), len(kept) <= 4000) == (0, True, True)
    assert (dropped, film in path.read_bytes()) == (0, False)


def test_json_counts_the_frames(run, tmp_path):
    """Of an animation, and of one picture."""
    path = write(tmp_path / "moving.webp", animation("WEBP", (96, 64)))

    _, out, _ = run("compress", path, "--to", "9KB", "--json")
    still = write_jpeg(tmp_path / "photo.jpg", noise())
    _, told, _ = run("compress", still, "--to", "4KB", "--json")

    assert json.loads("\n".join(out))["frames"] == 3
    assert json.loads("\n".join(told))["frames"] == 1
    with Image.open(path) as picture:
        assert picture.n_frames == 3

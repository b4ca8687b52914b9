"""The command line: exit codes, one line for an error, and files left alone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import bytefit
from bytefit.cli.main import main
from images import animation, encoded, graphic, noise, opened, photograph, screenshot, write_jpeg

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"


@pytest.fixture
def inside(tmp_path, monkeypatch):
    """Run in the temporary folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def photo(tmp_path):
    """Return a JPEG of several times the sizes that are asked for."""
    return write_jpeg(tmp_path / "photo.jpg", noise())


@pytest.fixture
def run(capsys):
    """Return a function that runs the command and returns its exit code, output lines and error lines."""

    def run(*arguments):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as ended:
            code = ended.code
        captured = capsys.readouterr()
        return code, captured.out.splitlines(), captured.err.splitlines()

    return run


def in_a_process(*arguments, **environment):
    """Run the command as a shell does."""
    return subprocess.run(
        [sys.executable, "-m", "bytefit", *map(str, arguments)],
        capture_output=True,
        check=False,
        timeout=60,
        env={**os.environ, **environment},
    )


def snapshot(folder):
    """Return every file of a folder with its bytes and its time."""
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in sorted(folder.rglob("*")) if path.is_file()}


def write(path, data):
    """Write a file and return its path."""
    path.write_bytes(data)
    return path


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
    assert record["trials"][-1].keys() == {"setting", "size", "seconds"}
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


BAD_FILES = {
    "text": b"no picture at all " * 1000,
    "truncated": encoded(noise())[:-4000],
    "BMP": encoded(noise(), "BMP"),
}

# What no JPEG can hold.
NOT_FOR_JPEG = {
    "deep colours": encoded(photograph((64, 48), "L").convert("F"), "TIFF"),
    "animated WebP": animation("WEBP", (96, 64)),
    "animated GIF": animation("GIF", (96, 64)),
    "alpha": encoded(graphic((256, 192)), "PNG"),
}


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--to", "4KO"], 2, "unknown unit 'KO' in size '4KO'"),
        (["--to", "0"], 2, "must be at least 1 byte"),
        (["--to=-5KB"], 2, "must be at least 1 byte"),
        (["--to", "-5KB"], 2, "--to"),
        (["--to", "much"], 2, "cannot read size"),
        (["--to", "9" * 5000], 2, "--to"),
        ([], 2, "--to"),
        (["--to", "100"], 1, "cannot fit"),
        (["--to", "600"], 1, "allow resize ("),
        (["--to", "400", "--resize", "--min-width", "140"], 1, "at 140x93 is"),
        (["--to", "4KB", "--effort", "slow"], 2, "'slow'"),
        (["--to", "4KB", "--min-score", "100"], 2, "min_score 100"),
        (["--to", "4KB", "--min-score", "good"], 2, "--min-score"),
        (["--to", "4KB", "--min-width", "100"], 2, "min_width needs resize=True"),
        (["--to", "4KB", "--resize", "--max-width", "0"], 2, "max_width 0 is not a width"),
        (["--to", "4KB", "--resize", "--max-width", "9.5"], 2, "--max-width"),
        (["--to", "4KB", "--resize", "--max-width", "9", "--min-width", "10"], 2, "min_width 10 is above max_width 9"),
        (["--to", "4KB", "--min-quality", "99"], 1, "lower the quality floor"),
        (["--to", "4KB", "--min-quality", "200"], 2, "min_quality 200"),
        (["--to", "4KB", "--min-quality", "high"], 2, "--min-quality"),
        (["--to", "4KB", "--slack", "2"], 2, "slack 2"),
        (["--to", "4KB", "--metadata", "some"], 2, "'some'"),
        (["--to", "4KB", "--on-unreachable", "panic"], 2, "'panic'"),
        (["--to", "4KB", "-o", "photo.txt"], 2, "no image format has the suffix"),
        (["--to", "4KB", "-o", "photo.bmp"], 2, "BMP cannot be fitted to a size: it is not compressed"),
        (["--to", "4KB", "-o", "photo.pcx"], 2, "PCX cannot be fitted to a size: bytefit has no ladder for it"),
        (["--to", "4KB", "-o", "x", "--format", "auto", "--formats", "BMP"], 2, "BMP cannot be fitted to a size"),
        (["--to", "4KB", "-o", "x", "--format", "auto", "--formats", ","], 2, "no format is allowed: name some"),
        (["--to", "90", "-o", "x", "--format", "auto", "--formats", "PNG,JPEG"], 1, "cannot fit"),
        (["--to", "4KB", "--lossless"], 2, "JPEG has no lossless coding"),
        (["--to", "4KB", "--format", "auto"], 2, "stays so in place: give an output"),
        (["--to", "4KB", "-o", "missing/photo.jpg"], 2, "no such folder"),
        (["--to", "4KB", "-o", "."], 2, "is a directory"),
        (["--to", "4KB", "--format", "WEBP"], 2, "give an output to convert it"),
        (["--to", "4KB", "--nonsense"], 2, "--nonsense"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else None,
)
def test_bad_arguments_are_one_line_and_touch_nothing(run, photo, arguments, code, message):
    """The exit code tells what kind it is, the line what to do."""
    before = snapshot(photo.parent)

    ended, out, err = run("compress", photo, *arguments)

    assert (ended, len(err), out) == (code, 1, [])
    assert message in err[0]
    assert "Traceback" not in err[0]
    assert snapshot(photo.parent) == before


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize("kind", BAD_FILES)
def test_bad_files_are_one_line_and_touch_nothing(run, tmp_path, kind):
    """A picture that cannot be fitted stays as it is."""
    path = write(tmp_path / "hero.jpg", BAD_FILES[kind])
    before = snapshot(tmp_path)

    code, out, err = run("compress", path, "--to", "1KB")

    assert (code, len(err), out) == (2, 1, [])
    assert err[0].startswith("bytefit: error: ")
    assert snapshot(tmp_path) == before


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize("kind", [*(kind for kind in BAD_FILES if kind != "BMP"), *NOT_FOR_JPEG])
def test_what_no_jpeg_can_hold_is_one_line_and_touches_nothing(run, tmp_path, kind):
    """It is not made anything less than it is."""
    path = write(tmp_path / "hero.img", {**BAD_FILES, **NOT_FOR_JPEG}[kind])
    before = snapshot(tmp_path)

    code, out, err = run("compress", path, "--to", "4KB", "-o", "small.jpg")

    assert (code, len(err), out) == (2, 1, [])
    assert err[0].startswith("bytefit: error: ")
    assert snapshot(tmp_path) == before


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


@pytest.mark.parametrize("name", ["drawing.png", "drawing.webp", "drawing.tif"])
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


@pytest.mark.parametrize(
    "command", [["compress", "--to"], ["check", "--max-size"], ["fix", "--max-size"]], ids=" ".join
)
def test_missing_files_are_one_line(run, tmp_path, command):
    """With the name."""
    code, out, err = run(*command, "4KB", tmp_path / "nothing.jpg")

    assert (code, len(err), out) == (2, 1, [])
    assert "nothing.jpg" in err[0]


def test_a_folder_cannot_be_compressed(run, tmp_path):
    """`fix` goes through folders, `compress` does one picture."""
    code, _, err = run("compress", tmp_path, "--to", "4KB")

    assert (code, len(err)) == (2, 1)


@pytest.mark.parametrize(
    "arguments",
    [[], ["nonsense"], ["check", "--nonsense"], ["fix", "--max-size"], ["check", "--report", "nonsense"]],
    ids=" ".join,
)
def test_wrong_usage_is_one_line(run, arguments):
    """And exit code 2."""
    code, out, err = run(*arguments)

    assert (code, len(err), out) == (2, 1, [])


def test_the_version_is_the_packages(run):
    """One number, in one place."""
    assert run("--version") == (0, [f"bytefit {bytefit.__version__}"], [])


@pytest.mark.parametrize("command", [[], ["compress"], ["check"], ["fix"], ["train"], ["bench"]], ids=" ".join)
def test_help_is_written(run, command):
    """Every command has one."""
    code, out, err = run(*command, "--help")

    assert (code, err) == (0, [])
    assert out[0].startswith("usage: bytefit")


def tree(folder):
    """Make a folder with files over and under 4 kB, images and others."""
    (folder / "docs" / "deep").mkdir(parents=True)
    (folder / ".git").mkdir()
    return {
        "large": write_jpeg(folder / "docs" / "large.jpg", noise()),
        "deep": write(folder / "docs" / "deep" / "large.WEBP", encoded(noise(), "WEBP", quality=95)),
        "png": write(folder / "docs" / "large.png", encoded(noise(), "PNG")),
        "bmp": write(folder / "scan.bmp", encoded(noise(), "BMP")),
        "small": write_jpeg(folder / "docs" / "small.jpg", photograph((32, 24))),
        "text": write(folder / "docs" / "notes.txt", b"text " * 5000),
        "misnamed": write(folder / "docs" / "notes.jpg", b"text " * 5000),
        "pointer": write(folder / "docs" / "pointer.jpg", LFS),
        "git": write_jpeg(folder / ".git" / "large.jpg", noise()),
    }


def test_check_lists_what_is_over(run, tmp_path):
    """Images only, told by their bytes; those furthest over first, and a last line that sums up."""
    files = tree(tmp_path)

    code, out, err = run("check", tmp_path, "--max-size", "4KB")

    assert (code, err) == (1, [])
    over = sorted(
        (files[name] for name in ("large", "png", "deep", "bmp")), key=lambda path: (-path.stat().st_size, path)
    )
    assert out[0].split() == ["over", "by", "size", "budget", "format", "file", "fix", "would"]
    assert [next(path for path in over if str(path) in line) for line in out[1:-1]] == over
    assert all("4 kB" in line for line in out[1:-1])
    assert out[-1].startswith("4 of 7 files over budget")


def test_check_of_a_clean_tree_is_silent(run, tmp_path):
    """Exit code 0, no news."""
    tree(tmp_path)

    assert run("check", tmp_path, "--max-size", "1MB") == (0, [], [])


@pytest.mark.usefixtures("inside")
def test_check_looks_into_the_current_folder_by_default(run, tmp_path):
    """No path is this folder."""
    tree(tmp_path)
    assert run("check", "--max-size", "4KB")[0] == 1


def test_files_named_one_by_one_are_taken_whatever_they_are_called(run, tmp_path):
    """As a hook passes them."""
    path = write(tmp_path / "picture", encoded(noise()))

    code, out, _ = run("check", path, "--max-size", "4KB")

    assert code == 1
    assert "JPEG" in out[1]


@pytest.mark.parametrize("size", ["4KB", "1MB", "1"])
def test_check_never_writes(run, tmp_path, size):
    """Not a byte, not a time."""
    tree(tmp_path)
    before = snapshot(tmp_path)

    run("check", tmp_path, "--max-size", size)

    assert snapshot(tmp_path) == before


def test_fix_repairs_what_it_can_and_names_the_rest(run, tmp_path):
    """Exit code 1 when anything was over, and what fits, or is no image, byte for byte as it was."""
    files = tree(tmp_path)
    before = snapshot(tmp_path)

    code, out, err = run("fix", tmp_path, "--max-size", "4KB")

    after = snapshot(tmp_path)
    assert (code, err) == (1, [])
    over = ("large", "png", "deep")
    assert {path for path in after if after[path] != before[path]} == {files[name] for name in over}
    assert after.keys() == before.keys()
    assert all(files[name].stat().st_size <= 4000 for name in over)
    assert [line.split()[0] for line in out] == ["left", "fixed", "fixed", "fixed"]
    assert "BMP cannot be fitted" in out[0]
    assert str(files["bmp"]) in out[0]


def test_the_second_fix_is_a_no_op(run, photo):
    """Exit code 0: the hook passes."""
    first, _, _ = run("fix", photo, "--max-size", "4KB")
    before = snapshot(photo.parent)

    second = run("fix", photo, "--max-size", "4KB")

    assert first == 1
    assert second == (0, [], [])
    assert snapshot(photo.parent) == before


def test_a_dry_fix_writes_nothing(run, photo):
    """But says what it would, with the exit code of the real one."""
    before = snapshot(photo.parent)

    code, out, err = run("fix", photo, "--max-size", "4KB", "--dry-run")

    assert (code, err) == (1, [])
    assert out[0].startswith("would fix ")
    assert snapshot(photo.parent) == before


@pytest.mark.parametrize("kind", BAD_FILES)
def test_fix_leaves_what_it_cannot_fit_and_goes_on(run, tmp_path, kind):
    """One bad file does not stop the others."""
    bad = write(tmp_path / "a.jpg", BAD_FILES[kind])
    good = write_jpeg(tmp_path / "b.jpg", noise())

    code, out, err = run("fix", bad, good, "--max-size", "4000")

    assert (code, err) == (1, [])
    assert bad.read_bytes() == BAD_FILES[kind]
    assert good.stat().st_size <= 4000
    assert out[-1].startswith("fixed ")
    assert len(out) == (1 if kind == "text" else 2)


def test_a_fix_that_changes_nothing_does_not_claim_to(run, photo):
    """With the smallest accepted, a second run cannot shrink further, and must not say that it did."""
    first = run("fix", photo, "--max-size", "100", "--on-unreachable", "smallest")
    before = snapshot(photo.parent)

    code, out, _ = run("fix", photo, "--max-size", "100", "--on-unreachable", "smallest")

    assert first[1][0].startswith("shrunk ")
    assert snapshot(photo.parent) == before
    assert code == 1
    assert not out[0].startswith(("shrunk", "fixed"))


def test_fix_takes_the_options_of_compress(run, photo):
    """As far as they are about the answer."""
    code, out, err = run("fix", photo, "--max-size", "4KB", "--resize", "--max-width", "90", "--effort", "best")

    assert (code, err) == (1, [])
    assert out[0].startswith("fixed ")
    assert opened(photo.read_bytes()).size == (90, 60)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--slack", "7"],
        ["--metadata", "some"],
        ["--on-unreachable", "panic"],
        ["--effort", "slow"],
        ["--min-score", "100"],
        ["--min-width", "100"],
        ["--resize", "--max-width", "0"],
    ],
    ids=" ".join,
)
def test_wrong_usage_of_fix_is_exit_two(run, photo, arguments):
    """It is the command that is wrong, not the file: one line of error, not 'left as it is' for every file."""
    before = snapshot(photo.parent)

    code, out, err = run("fix", photo, "--max-size", "4KB", *arguments)

    assert (code, len(err), out) == (2, 1, [])
    assert snapshot(photo.parent) == before


def test_wrong_usage_of_fix_is_told_also_when_there_is_nothing_to_fix(run, photo):
    """A wrong option must not wait for the first large picture."""
    code, _, err = run("fix", photo, "--max-size", "1MB", "--slack", "7")

    assert (code, len(err)) == (2, 1)


def test_the_command_runs_as_a_module(photo):
    """`python -m bytefit`: the exit code is the process's."""
    done = in_a_process("compress", photo, "--to", "4KB", "--json")

    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["fits"]


def test_an_error_is_one_line_in_a_process_too(photo):
    """No traceback, nor a warning of Pillow's."""
    done = in_a_process("compress", photo, "--to", "10")

    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert done.stderr.startswith(b"bytefit: error: cannot fit ")


def test_broken_exif_writes_nothing_to_the_terminal(tmp_path):
    """Pillow warns of it; a hook's user can do nothing with that."""
    broken = b"Exif\x00\x00MM\x00*\x00\x00\x00\xff"
    path = write(tmp_path / "photo.webp", encoded(noise(), "WEBP", quality=95, exif=broken))

    done = in_a_process("compress", path, "--to", "4KB", "--metadata", "strip")

    assert (done.returncode, done.stderr) == (0, b"")


def test_noise_at_full_quality_writes_nothing_to_the_terminal(tmp_path):
    """Libjpeg complains on the process's own error stream where Pillow's buffer is too small."""
    path = write(tmp_path / "inks.tif", encoded(noise((256, 192), "CMYK"), "TIFF"))

    done = in_a_process("compress", path, "--to", "5MB", "-o", tmp_path / "inks.jpg")

    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    "name", [b"\xd1\x84\xd0\xbe\xd1\x82\xd0\xbe.jpg", b"not-utf8-\xff.jpg"], ids=["Cyrillic", "not UTF-8"]
)
@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_names_the_console_cannot_show_do_not_end_in_a_traceback(tmp_path, name, encoding):
    """The file was fitted by then: the exit code must say so."""
    path = tmp_path / os.fsdecode(name)
    try:
        write_jpeg(path, noise())
    except (OSError, UnicodeError):
        pytest.skip("this file system has no such names")

    done = in_a_process("compress", path, "--to", "4KB", PYTHONIOENCODING=encoding)

    assert b"Traceback" not in done.stderr
    assert done.returncode == 0
    assert path.stat().st_size <= 4000


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        (["train", ".", "-o", "models"], "sklearn"),
        (["train", ".", "-o", "models", "--tables"], "joblib"),
        (["bench", "."], "sklearn"),
        (["bench", ".", "--quality"], "sewar"),
        (["bench", ".", "--efforts"], "joblib"),
    ],
    ids=str,
)
def test_training_commands_name_the_extra_they_need(arguments, missing, tmp_path):
    """Whoever installed bytefit for the hook has no scikit-learn."""
    without = (
        f"import sys; sys.modules[{missing!r}] = None; from bytefit.cli.main import main; sys.exit(main({arguments}))"
    )

    done = subprocess.run([sys.executable, "-c", without], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr == f"bytefit: error: this command needs {missing}: pip install 'bytefit[train]'\n"

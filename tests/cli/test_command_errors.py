"""Wrong usage and files that cannot be fitted: one line, an exit code, and nothing written."""

from __future__ import annotations

import pytest

import bytefit
from bad_files import BAD_FILES, NOT_FOR_JPEG
from folders import snapshot, write


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
        (["--to", "4KB", "--min-score", "100"], 2, "--min-score: '100' is not on the scale of SSIMULACRA2"),
        (["--to", "4KB", "--min-score", "good"], 2, "--min-score"),
        (["--to", "4KB", "--min-width", "100"], 2, "--min-width needs --resize"),
        (["--to", "4KB", "--resize", "--max-width", "0"], 2, "--max-width: '0' is not a width in pixels"),
        (["--to", "4KB", "--resize", "--max-width", "9.5"], 2, "--max-width"),
        (["--to", "4KB", "--resize", "--max-width", "9", "--min-width", "10"], 2, "min_width 10 is above max_width 9"),
        (["--to", "4KB", "--min-quality", "99"], 1, "lower the quality floor"),
        (["--to", "4KB", "--min-quality", "200"], 2, "--min-quality: '200' is not a quality"),
        (["--to", "4KB", "--min-quality", "high"], 2, "--min-quality"),
        (["--to", "4KB", "--slack", "2"], 2, "--slack: '2' is not a share of the budget: give a number"),
        (["--to", "4KB", "--metadata", "some"], 2, "--metadata: 'some' is not a metadata policy: give 'keep', "),
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


@pytest.mark.parametrize("command", ["check", "fix"])
def test_check_and_fix_have_no_format(run, command):
    """`--format` names an image format; the format of a report is given with `check --report`."""
    code, out, err = run(command, "--format", "json")

    assert (code, out, len(err)) == (2, [], 1)
    assert "unrecognized arguments: --format" in err[0]

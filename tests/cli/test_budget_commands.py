"""`bytefit check` and `bytefit fix`: what they list, repair and leave alone."""

from __future__ import annotations

import pytest

from bad_files import BAD_FILES, LFS
from folders import snapshot, write
from images import encoded, noise, opened, photograph, write_jpeg


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
    assert {path for path in after if after[path] != before[path]} == {
        files[name].relative_to(tmp_path) for name in over
    }
    assert after.keys() == before.keys()
    assert all(files[name].stat().st_size <= 4000 for name in over)
    assert [line.split()[0] for line in out] == ["skipped", "fixed", "fixed", "fixed", "3"]
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
    """It is the command that is wrong, not the file: one line of error, not a skip of every file."""
    before = snapshot(photo.parent)

    code, out, err = run("fix", photo, "--max-size", "4KB", *arguments)

    assert (code, len(err), out) == (2, 1, [])
    assert snapshot(photo.parent) == before


def test_wrong_usage_of_fix_is_told_also_when_there_is_nothing_to_fix(run, photo):
    """A wrong option must not wait for the first large picture."""
    code, _, err = run("fix", photo, "--max-size", "1MB", "--slack", "7")

    assert (code, len(err)) == (2, 1)

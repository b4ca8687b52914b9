"""`bytefit check --compare-to`: what a branch adds, grows, shrinks and removes, told from git's objects."""

from __future__ import annotations

import json

import pytest

from bytefit.cli.main import main
from folders import snapshot
from images import encoded, noise
from repositories import Repository

SMALL, MIDDLE, OTHER, LARGE = (encoded(noise((160, 120)), quality=quality) for quality in (20, 60, 80, 95))
TOTAL = '[[totals]]\nfiles = ["site/**"]\nmax-size = "1MB"\n'

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d" * 32 + b"\nsize 12345\n"

# Many bytes, so that git sees that a moved image is the same one.
SAME = encoded(noise((96, 64)), "WEBP", quality=70)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Return a repository with a branch that adds, grows, shrinks, replaces, moves and removes an image."""
    made = Repository(tmp_path / "repository")
    made.enter(monkeypatch)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    made.write(".bytefit.toml", f'exclude = ["old/**"]\n{TOTAL}'.encode())
    for name, data in {
        "grows.jpg": SMALL,
        "site/shrinks.jpg": LARGE,
        "site/goes.jpg": MIDDLE,
        "moves.webp": SAME,
        "same.jpg": MIDDLE,
        "old/excluded.jpg": SMALL,
        "notes.txt": b"text",
    }.items():
        made.write(name, data)
    made.commit()
    made.git("checkout", "--quiet", "-b", "branch")
    for name, data in {
        "grows.jpg": LARGE,
        "site/shrinks.jpg": SMALL,
        "site/comes.jpg": OTHER,
        "old/excluded.jpg": LARGE,
        "notes.txt": b"more text",
    }.items():
        made.write(name, data)
    made.git("rm", "--quiet", "site/goes.jpg")
    made.git("mv", "moves.webp", "site/moved.webp")
    made.commit()
    return made


def checked(capsys, *arguments):
    """Return the JSON report of a check."""
    main(["check", "--report", "json", *arguments])
    return json.loads(capsys.readouterr().out)


def kinds(record):
    """Return the kind of each change by its name."""
    return {one["name"]: one["kind"] for one in record["changes"]}


EXPECTED = {
    "grows.jpg": "grown",
    "site/comes.jpg": "new",
    "site/goes.jpg": "removed",
    "site/shrinks.jpg": "shrunk",
}


@pytest.mark.parametrize("more", [(), ("--from-ref", "main"), ("--from-ref", "main", "--to-ref", "branch")], ids=str)
def test_every_image_that_differs_is_named_with_both_sizes(repository, capsys, more):
    """A moved image did not change, an excluded one is not looked at; nothing is checked out or written."""
    before = snapshot(repository.folder)

    record = checked(capsys, "--compare-to", "main", *more)

    assert kinds(record) == EXPECTED
    sizes = {one["name"]: (one["before"], one["after"]) for one in record["changes"]}
    assert sizes == {
        "grows.jpg": (len(SMALL), len(LARGE)),
        "site/comes.jpg": (None, len(OTHER)),
        "site/goes.jpg": (len(MIDDLE), None),
        "site/shrinks.jpg": (len(LARGE), len(SMALL)),
    }
    assert next(iter(sizes)) in {"grows.jpg", "site/comes.jpg"}  # the worst comes first
    comparison = record["comparison"]
    assert (comparison["ref"], comparison["note"]) == ("main", "")
    assert comparison["commit"] == repository.git("rev-parse", "main").strip()
    assert (comparison["files_before"], comparison["files_after"]) == (5, 5)
    assert comparison["after"] - comparison["before"] == len(OTHER) - len(MIDDLE)
    (total,) = comparison["totals"]
    assert (total["before"], total["after"]) == (
        len(LARGE) + len(MIDDLE),
        len(SMALL) + len(OTHER) + len(SAME),
    )
    assert snapshot(repository.folder) == before


def test_the_comparison_is_with_the_commit_where_the_branch_began(repository, capsys):
    """What others did on the base branch since then must not look like the work of this branch."""
    repository.git("checkout", "--quiet", "main")
    repository.write("of-others.jpg", LARGE)
    repository.commit()
    repository.git("checkout", "--quiet", "branch")

    assert kinds(checked(capsys, "--compare-to", "main")) == EXPECTED


def test_the_working_tree_and_the_index_are_compared_as_they_are_checked(repository, capsys):
    """Without commits the files on disk count, with --staged those of the index; a named file need not be in git."""
    repository.write("grows.jpg", SMALL)
    repository.write("untracked.jpg", SMALL)

    in_tree = kinds(checked(capsys, "--compare-to", "main"))
    in_index = kinds(checked(capsys, "--compare-to", "main", "--staged"))
    named = kinds(checked(capsys, "--compare-to", "main", "untracked.jpg"))

    assert in_tree == {name: kind for name, kind in EXPECTED.items() if name != "grows.jpg"}
    assert in_index == EXPECTED
    assert named == {"untracked.jpg": "new"}


@pytest.mark.usefixtures("repository")
def test_paths_and_the_least_change_limit_what_is_listed(capsys):
    """The totals stay whole: they are budgets for all their files."""
    least = str(len(LARGE) - len(SMALL))

    below = checked(capsys, "--compare-to", "main", "site")
    large = checked(capsys, "--compare-to", "main", "--min-change", least)

    assert kinds(below) == {name: kind for name, kind in EXPECTED.items() if name.startswith("site/")}
    assert kinds(large) == {"grows.jpg": "grown", "site/shrinks.jpg": "shrunk"}
    assert below["comparison"]["totals"] == large["comparison"]["totals"]


def test_a_pointer_counts_with_the_size_that_it_states(repository, capsys):
    """An image that moves to Git LFS has not shrunk to the 130 bytes of its pointer."""
    repository.write("grows.jpg", POINTER)
    repository.commit()

    (one,) = (one for one in checked(capsys, "--compare-to", "main")["changes"] if one["name"] == "grows.jpg")
    repository.write("grows.jpg", LARGE)
    repository.git("checkout", "--quiet", "-b", "later")
    (back,) = checked(capsys, "--compare-to", "branch", "grows.jpg")["changes"]

    assert (one["before"], one["after"], one["format"]) == (len(SMALL), 12345, "Git LFS pointer")
    assert (back["before"], back["after"], back["format"]) == (12345, len(LARGE), "JPEG")


def shallow(repository, folder):
    """Make a clone that has the last commit only, as CI systems do."""
    repository.git("clone", "--quiet", "--depth", "1", "--branch", "branch", f"file://{repository.folder}", str(folder))


@pytest.mark.parametrize(
    ("ref", "reason"),
    [
        ("nowhere", "git knows no commit 'nowhere' here"),
        ("0" * 40, "what CI systems pass at the first push of a branch"),
        ("--output=x", "git knows no commit '--output=x' here"),
    ],
)
@pytest.mark.usefixtures("repository")
def test_a_base_that_cannot_be_had_is_no_error(capsys, ref, reason):
    """The budgets are checked all the same, and the report says why there is no comparison."""
    code = main(["check", "--max-size", "1MB", f"--compare-to={ref}"])

    captured = capsys.readouterr()
    assert (code, captured.err) == (0, "")
    assert captured.out.startswith(f"not compared with {ref}: ")
    assert reason in captured.out
    assert checked(capsys, f"--compare-to={ref}")["comparison"]["commit"] is None


def test_a_shallow_clone_says_what_it_lacks(repository, tmp_path, monkeypatch, capsys):
    """Without the base branch there is no comparison; with its last commit only, the two commits are compared."""
    shallow(repository, tmp_path / "clone")
    monkeypatch.chdir(tmp_path / "clone")
    missing = checked(capsys, "--compare-to", "origin/main")
    Repository.git(repository, "-C", str(tmp_path / "clone"), "fetch", "--quiet", "--depth=1", "origin", "main")

    fetched = checked(capsys, "--compare-to", "FETCH_HEAD")

    assert "this clone is shallow" in missing["comparison"]["note"]
    assert missing["changes"] == []
    assert kinds(fetched) == EXPECTED
    assert "no common ancestor" in fetched["comparison"]["note"]


def test_outside_of_git_there_is_nothing_to_compare_with(tmp_path, monkeypatch, capsys):
    """A folder of images is checked, and the report says what is missing."""
    monkeypatch.chdir(tmp_path)

    assert "is not in a git repository" in checked(capsys, "--compare-to", "main")["comparison"]["note"]


@pytest.mark.usefixtures("repository")
def test_the_text_for_people_has_a_line_for_each_image_and_one_for_the_sums(capsys):
    """A reader sees at a glance what the branch costs."""
    assert main(["check", "--compare-to", "main"]) == 0

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    listed = {words[-1]: words[0] for words in lines[1:5]}
    assert lines[0] == ["change", "before", "now", "by", "file"]
    assert listed == EXPECTED
    assert lines[5][0] == "site/**:"
    assert " ".join(lines[6]).startswith("compared with main (")


@pytest.mark.usefixtures("repository")
def test_the_least_change_needs_a_comparison(capsys):
    """An option that does nothing is a mistake."""
    assert main(["check", "--min-change", "1KB"]) == 2
    assert "--min-change needs --compare-to" in capsys.readouterr().err

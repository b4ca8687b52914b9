"""Which files are looked at: named ones, folders as git walks them, what is staged, what changed between commits."""

from __future__ import annotations

import os
import subprocess

import pytest

from bytefit.budgets.selection import Selection, select
from bytefit.cli import main
from bytefit.errors import ConfigError
from repositories import Repository

DATA = b"\xff\xd8\xff" + b"x" * 2000
NAMES = (
    *("with space.jpg", "line\nbreak.jpg", "quote\"'.jpg", "-dash.jpg", "UPPER.JPEG", "deep/er/a.PNG", "ä.webp"),
    os.fsdecode(b"not-\xff-utf8.jpg"),
)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Return an empty repository, and run inside."""
    made = Repository(tmp_path / "repository")
    monkeypatch.chdir(made.folder)
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    return made


def names(*paths, **changes):
    """Return the paths that are selected, in order."""
    return [candidate.path for candidate in select(Selection(paths, **changes))]


def test_no_path_is_all_that_git_tracks_here(repository, monkeypatch):
    """Whatever the names are; what is not tracked, or is no image by its name, is not."""
    for name in (*NAMES, "notes.txt"):
        repository.write(name, DATA)
    repository.commit()
    repository.write("untracked.jpg", DATA)

    assert sorted(names()) == sorted(NAMES)

    monkeypatch.chdir(repository.folder / "deep")
    assert names() == ["er/a.PNG"]


def test_a_folder_is_walked_as_git_does(repository, tmp_path):
    """Tracked files and those it would add; not what it ignores, nor `.git`, submodules and repositories inside."""
    other = Repository(tmp_path / "other")
    other.write("inside.jpg", DATA)
    other.commit()
    repository.write("a.jpg", DATA)
    repository.write("build/b.jpg", DATA)
    repository.write(".gitignore", b"build/\n*.tmp.jpg\n")
    repository.write("c.tmp.jpg", DATA)
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.folder), "module")
    Repository(repository.folder / "nested").write("d.jpg", DATA)
    repository.git("add", "a.jpg")
    repository.write("new.jpg", DATA)
    repository.write(".git/e.jpg", DATA)

    assert names(".") == ["a.jpg", "new.jpg"]
    assert names(str(repository.folder)) == [str(repository.folder / "a.jpg"), str(repository.folder / "new.jpg")]
    assert names() == ["a.jpg"]
    assert names("build") == ["build/b.jpg"]  # it was asked for by name


def test_a_folder_without_git_is_walked_whole(tmp_path, monkeypatch):
    """All but repositories inside, links, and a `.git` that is no repository's."""
    monkeypatch.chdir(tmp_path)
    for name in ("b/c.jpg", "a.jpg", ".gitignore", ".git/x.jpg", "b/.hidden/d.png", "n/.git/HEAD", "n/e.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(DATA if name != ".gitignore" else b"*.jpg\n")
    (tmp_path / "link.jpg").symlink_to("a.jpg")

    assert names() == names(".") == ["a.jpg", "b/c.jpg", "b/.hidden/d.png"]


def test_named_files_are_taken_once_whatever_they_are_called(repository):
    """In the order they are named; a folder's files not again."""
    repository.write("picture", DATA)
    repository.write("a.jpg", DATA)

    assert names("picture", "a.jpg", "picture", ".") == ["picture", "a.jpg"]
    with pytest.raises(FileNotFoundError):
        names("missing.jpg")


def test_staged_is_what_the_next_commit_adds_or_changes(repository):
    """Renames, deletions and new modes add no bytes; what is renamed and changed does. Names may be anything."""
    for name in ("changed.jpg", "moved.jpg", "moved-changed.jpg", "deleted.jpg", "mode.jpg", "same.jpg"):
        repository.write(name, DATA + name.encode() * 50)
    repository.git("add", "--all")
    first = names(staged=True)  # before there is any commit
    repository.commit()
    for name in NAMES:
        repository.write(name, DATA + name.encode("utf-8", "surrogateescape"))
    repository.write("changed.jpg", DATA * 2)
    repository.write("text.txt", DATA)
    repository.git("mv", "moved.jpg", "elsewhere.jpg")
    repository.git("mv", "moved-changed.jpg", "new-name.jpg")
    repository.write("new-name.jpg", DATA + b"moved-changed.jpg" * 50 + b"more")
    repository.git("rm", "--quiet", "deleted.jpg")
    (repository.folder / "mode.jpg").chmod(0o755)
    (repository.folder / "link.jpg").symlink_to("same.jpg")
    repository.git("add", "--all")
    repository.write("unstaged.jpg", DATA)

    assert first == sorted(first)
    assert len(first) == 6
    assert sorted(names(staged=True)) == sorted((*NAMES, "changed.jpg", "new-name.jpg"))
    assert names("deep", staged=True) == ["deep/er/a.PNG"]


def test_changes_between_commits_are_those_of_the_branch(repository):
    """Counted from where it left: what the other side did meanwhile is not this branch's."""
    repository.write("old.jpg", DATA)
    base = repository.commit()
    repository.write("other-side.jpg", DATA + b"1")
    other = repository.commit()
    repository.git("checkout", "--quiet", "-b", "branch", base)
    repository.write("new.jpg", DATA + b"2")
    repository.git("mv", "old.jpg", "moved.jpg")
    repository.commit()

    assert names(from_ref=other) == ["new.jpg"]
    assert names(from_ref=other, to_ref="HEAD") == ["new.jpg"]
    assert names(from_ref=base, to_ref=other) == ["other-side.jpg"]
    assert names(from_ref="HEAD") == []


def test_commits_without_a_common_ancestor_are_compared_as_they_are(repository, tmp_path):
    """As in the shallow clones of continuous integration."""
    repository.write("a.jpg", DATA)
    repository.commit()
    repository.write("b.jpg", DATA + b"b")
    repository.commit()
    clone = tmp_path / "clone"
    repository.git("clone", "--quiet", "--depth=1", f"file://{repository.folder}", str(clone))
    subprocess.run(["git", "-C", clone, "checkout", "--quiet", "--orphan", "alone"], check=True)
    shallow = Repository(clone)
    shallow.write("c.jpg", DATA + b"c")
    shallow.commit()
    os.chdir(clone)

    assert names(from_ref="origin/HEAD", to_ref="alone") == ["c.jpg"]


def test_a_linked_worktree_is_a_tree_of_its_own(repository, tmp_path, monkeypatch):
    """Its `.git` is a file."""
    repository.write("a.jpg", DATA)
    repository.commit()
    repository.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    monkeypatch.chdir(tmp_path / "linked")
    (tmp_path / "linked" / "b.jpg").write_bytes(DATA)
    subprocess.run(["git", "add", "b.jpg"], cwd=tmp_path / "linked", check=True)

    assert names() == ["a.jpg", "b.jpg"]
    assert names(staged=True) == ["b.jpg"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from-ref", "nowhere"], "git knows no commit 'nowhere' here: fetch it first"),
        (["--from-ref", "--output=x"], "expected one argument"),
        (["--to-ref", "HEAD"], "--to-ref needs --from-ref"),
        (["--staged", "--from-ref", "HEAD"], "leave one of the two out"),
        (["missing.jpg"], "missing.jpg: no such file or directory"),
    ],
)
def test_what_cannot_be_selected_is_exit_code_two(repository, capsys, arguments, message):
    """With one line."""
    repository.write("a.jpg", DATA)
    repository.commit()
    try:
        code = main(["check", *arguments])
    except SystemExit as ended:
        code = ended.code

    err = capsys.readouterr().err
    assert code == 2
    assert message in err
    assert err.count("\n") == 1


def test_staged_needs_a_repository(tmp_path, monkeypatch):
    """And says what to do instead."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigError, match="is in no git repository"):
        names(staged=True)


def test_git_that_is_missing_is_told(repository, monkeypatch):
    """Files can still be named."""
    repository.write("a.jpg", DATA)
    monkeypatch.setenv("PATH", str(repository.folder))

    with pytest.raises(ConfigError, match="git is not installed"):
        names()
    assert names("a.jpg") == ["a.jpg"]

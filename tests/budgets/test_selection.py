"""The selection of files: named files, folders, staged files and files changed between commits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bytefit.budgets.selection import Candidate, Selection, select, whole_tree
from bytefit.cli.main import main
from bytefit.errors import ConfigError
from repositories import Repository

DATA = b"\xff\xd8\xff" + b"x" * 2000
NAMES = (
    *("with space.jpg", "line\nbreak.jpg", "quote\"'.jpg", "-dash.jpg", "--staged.jpg", "UPPER.JPEG", "deep/er/a.PNG"),
    *("ä.webp", "[a].jpg", "*.jpg", ":(top)a.jpg", "!not.jpg", "#hash.jpg", os.fsdecode(b"not-\xff-utf8.jpg")),
)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Return an empty repository that is the working directory."""
    made = Repository(tmp_path / "repository")
    made.enter(monkeypatch)
    return made


def names(*paths, **changes):
    """Return the selected paths in order."""
    return [candidate.path for candidate in select(Selection(paths, **changes))]


# Ways to ask for everything there is.
WAYS = {
    "named": lambda: names(*NAMES),
    "a folder": lambda: names("."),
    "no path": names,
    "staged": lambda: names(staged=True),
    "since a commit": lambda: names(from_ref="HEAD~1"),
    "between commits": lambda: names(from_ref="HEAD~1", to_ref="HEAD"),
    "the whole tree": lambda: list(whole_tree(str(Path.cwd()))),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_files_may_be_called_anything(repository, way):
    """Every selection must find files under any name."""
    repository.commit()
    for name in NAMES:
        repository.write(name, DATA + name.encode("utf-8", "surrogateescape"))
    if way is not WAYS["staged"]:
        repository.commit()
    repository.git("add", "--all")

    found = way()

    assert sorted(found) == sorted(NAMES)
    assert all(Path(name).is_file() for name in found)


def test_files_may_be_called_anything_on_the_command_line(repository, capsys):
    """A name like an option is a file if the file exists, and an option otherwise."""
    for name in NAMES:
        repository.write(name, DATA)

    code = main(["check", "--max-size", "1KB", *NAMES])

    out = capsys.readouterr().out
    assert code == 1
    assert f"{len(NAMES)} of {len(NAMES)} files over budget" in out


def test_no_path_is_all_that_git_tracks_here(repository, monkeypatch):
    """Without a path, only tracked images in this folder are selected."""
    for name in ("a.jpg", "web/b.jpg", "web/forced.tmp.jpg", "notes.txt"):
        repository.write(name, DATA)
    repository.commit()
    repository.write(".gitignore", b"*.tmp.jpg\n")
    repository.write("untracked.jpg", DATA)

    assert names() == ["a.jpg", "web/b.jpg", "web/forced.tmp.jpg"]

    monkeypatch.chdir("web")
    assert names() == ["b.jpg", "forced.tmp.jpg"]
    assert list(whole_tree(str(repository.folder))) == ["a.jpg", "web/b.jpg", "web/forced.tmp.jpg"]


ALL = ["../docs/c.jpg", "../top.jpg", "a.jpg", "img/b.jpg"]


@pytest.mark.parametrize(
    ("paths", "changes", "expected"),
    [
        ((), {}, ["a.jpg", "img/b.jpg"]),
        ((".",), {}, ["a.jpg", "img/b.jpg"]),
        (("img",), {}, ["img/b.jpg"]),
        (("img/",), {}, ["img/b.jpg"]),
        (("./img",), {}, ["./img/b.jpg"]),
        (("img", "."), {}, ["img/b.jpg", "a.jpg"]),
        (("..",), {}, ["../docs/c.jpg", "../top.jpg", "../web/a.jpg", "../web/img/b.jpg"]),
        (("../docs", "img"), {}, ["../docs/c.jpg", "img/b.jpg"]),
        (("../top.jpg", "a.jpg"), {}, ["../top.jpg", "a.jpg"]),
        ((), {"staged": True}, ALL),
        (("..",), {"staged": True}, ALL),
        ((".",), {"staged": True}, ["a.jpg", "img/b.jpg"]),
        (("img/", "../top.jpg"), {"staged": True}, ["../top.jpg", "img/b.jpg"]),
        (("im", "a.jp", "missing.jpg"), {"staged": True}, []),
        ((), {"from_ref": "HEAD~1", "to_ref": "HEAD"}, ALL),
        (("../docs",), {"from_ref": "HEAD~1"}, ["../docs/c.jpg"]),
        (("{top}/web/img",), {"from_ref": "HEAD~1"}, ["img/b.jpg"]),
        (("{top}/web/img",), {}, ["{top}/web/img/b.jpg"]),
    ],
)
def test_inside_a_folder_paths_are_relative_to_it(repository, monkeypatch, paths, changes, expected):
    """Paths are relative to the working directory; staged and changed files come from the whole repository."""
    repository.write("web/text.txt", b"text")
    repository.commit()
    for name in ("top.jpg", "web/a.jpg", "web/img/b.jpg", "docs/c.jpg"):
        repository.write(name, DATA + name.encode())
    repository.git("add", "--all")
    if "from_ref" in changes:
        repository.commit()
    monkeypatch.chdir("web")
    top = str(repository.folder)

    found = names(*(path.format(top=top) for path in paths), **changes)

    assert found == [path.format(top=top) for path in expected]
    assert all(Path(path).is_file() for path in found)


def test_a_folder_is_walked_as_git_does(repository):
    """A folder gives tracked files and those that git would add, without ignored files."""
    for name in ("a.jpg", "web/b.jpg", "build/c.jpg", "x.tmp.jpg", "notes.txt", ".git/d.jpg", "web/local.jpg"):
        repository.write(name, DATA)
    repository.write(".gitignore", b"build/\n*.tmp.jpg\n")
    repository.write("web/.gitignore", b"/local.jpg\n")
    repository.git("add", "a.jpg")

    assert names(".") == ["a.jpg", "web/b.jpg"]
    assert names("web") == ["web/b.jpg"]
    assert names(str(repository.folder)) == [str(repository.folder / name) for name in ("a.jpg", "web/b.jpg")]


def test_what_is_ignored_is_looked_at_where_it_is_named(repository):
    """Before a release people check build products, which git ignores, by name."""
    repository.write(".gitignore", b"build/\n*.tmp.jpg\n")
    for name in ("build/a.jpg", "build/deep/b.jpg", "build/deep/x.tmp.jpg", "x.tmp.jpg"):
        repository.write(name, DATA)
    Repository(repository.folder / "build" / "nested").write("c.jpg", DATA)

    assert names("build") == ["build/a.jpg", "build/deep/b.jpg", "build/deep/x.tmp.jpg"]
    assert names("build/deep/") == ["build/deep/b.jpg", "build/deep/x.tmp.jpg"]
    assert names("x.tmp.jpg", ".") == ["x.tmp.jpg"]


def test_what_is_ignored_is_looked_at_from_inside(repository, monkeypatch):
    """The path "." inside an ignored folder must select its files."""
    repository.write(".gitignore", b"build/\n")
    repository.write("build/a.jpg", DATA)
    monkeypatch.chdir("build")

    assert names(".") == ["a.jpg"]


def submodule(repository, name):
    """Add a submodule with an image in it."""
    other = Repository(repository.folder.parent / "other")
    other.write("inside.jpg", DATA)
    other.commit()
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.folder), name)


@pytest.mark.parametrize("module", ["module", "module.jpg"])
def test_submodules_are_left_alone(repository, monkeypatch, module):
    """A submodule has its own budgets, so it is checked only if it is named or from inside."""
    repository.write("a.jpg", DATA)
    base = repository.commit()
    submodule(repository, module)

    assert names(staged=True) == []
    for found in (names(), names("."), names(str(repository.folder))):
        assert [Path(name).name for name in found if Path(name).is_file()] == ["a.jpg"]
    assert main(["check", ".", "--max-size", "3KB"]) == 0
    repository.commit()
    assert names(from_ref=base) == []
    assert names(module) == [f"{module}/inside.jpg"]

    monkeypatch.chdir(module)
    assert names() == names(".") == ["inside.jpg"]
    monkeypatch.chdir("..")
    repository.git("submodule", "--quiet", "deinit", "--force", "--all")
    assert [name for name in names(".") if Path(name).is_file()] == ["a.jpg"]
    assert names(module) == []


def test_repositories_inside_are_left_alone(repository, monkeypatch):
    """Nested clones and worktrees are checked only if they are named or from inside."""
    repository.write("a.jpg", DATA)
    repository.commit()
    clone = Repository(repository.folder / "nested")
    clone.write("b.jpg", DATA)
    clone.commit()
    repository.git("worktree", "add", "--quiet", "trees/linked")

    assert names() == names(".") == ["a.jpg"]
    assert names("nested") == ["nested/b.jpg"]
    monkeypatch.chdir("nested")
    assert names() == ["b.jpg"]
    assert names("..") == ["../a.jpg"]


def test_a_linked_worktree_is_a_tree_of_its_own(repository, tmp_path, monkeypatch):
    """A linked worktree has a `.git` file and an index of its own."""
    repository.write("a.jpg", DATA)
    base = repository.commit()
    repository.write("only-there.jpg", DATA)
    repository.git("add", "only-there.jpg")
    repository.git("worktree", "add", "--quiet", "-b", "linked", str(tmp_path / "linked"))
    monkeypatch.chdir(tmp_path / "linked")
    Path("web").mkdir()
    Path("web/b.jpg").write_bytes(DATA + b"b")
    Path("untracked.jpg").write_bytes(DATA)
    subprocess.run(["git", "add", "web"], check=True)

    assert names() == ["a.jpg", "web/b.jpg"]
    assert names(".") == ["a.jpg", "untracked.jpg", "web/b.jpg"]
    assert names(staged=True) == ["web/b.jpg"]
    subprocess.run(["git", "commit", "--quiet", "--message", "b"], check=True)
    assert names(from_ref="main") == names(from_ref=base, to_ref="linked") == ["web/b.jpg"]
    monkeypatch.chdir("web")
    assert names() == names(".") == ["b.jpg"]


@pytest.mark.parametrize("git", [None, "folder", "bare"])
def test_without_a_work_tree_of_git_folders_are_walked_whole(tmp_path, monkeypatch, git):
    """Without a work tree, .gitignore does not apply, and links and nested repositories are skipped."""
    monkeypatch.chdir(tmp_path)
    for name in ("b/c.jpg", "a.jpg", "b/.hidden/d.png", "n/.git/HEAD", "n/e.jpg", "notes.txt"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(DATA)
    Path(".gitignore").write_text("*.jpg\n", encoding="utf-8")
    Path("link.jpg").symlink_to("a.jpg")
    if git == "folder":
        Path(".git").mkdir()
        Path(".git/x.jpg").write_bytes(DATA)
    elif git == "bare":
        subprocess.run(["git", "init", "--quiet", "--bare", "."], check=True)

    assert names() == names(".") == ["a.jpg", "b/c.jpg", "b/.hidden/d.png"]
    assert names("b", "notes.txt") == ["b/c.jpg", "b/.hidden/d.png", "notes.txt"]
    assert list(whole_tree(str(tmp_path))) == ["a.jpg", "b/c.jpg", "b/.hidden/d.png"]


def test_named_files_are_taken_once_whatever_they_are_called(repository):
    """Named files keep their order, and a folder must not repeat them."""
    repository.write("picture", DATA)
    repository.write("a.jpg", DATA)
    repository.write("b.jpg", DATA)

    assert names("picture", "b.jpg", "picture", ".", "a.jpg") == ["picture", "b.jpg", "a.jpg"]
    assert list(select(Selection(("picture", ".")))) == [
        Candidate("picture", named=True),
        Candidate("a.jpg"),
        Candidate("b.jpg"),
    ]
    with pytest.raises(FileNotFoundError):
        names("missing.jpg")


def test_one_file_written_in_several_ways_is_taken_once(repository):
    """A file in several spellings must not be counted or fixed twice."""
    repository.write("web/a.jpg", DATA)

    assert names("web/a.jpg", "./web/a.jpg", "web//a.jpg", str(repository.folder / "web/a.jpg"), "./web") == [
        "web/a.jpg"
    ]


def test_a_conflict_is_looked_at_once(repository):
    """The index has a file in conflict three times, and it must be selected once."""
    repository.write("a.jpg", DATA)
    repository.write("b.jpg", DATA)
    repository.commit()
    repository.conflict("a.jpg", DATA)

    assert names() == names(".") == ["a.jpg", "b.jpg"]
    assert names(staged=True) == []


def test_staged_are_images_by_their_names(repository):
    """Staged images come in order with their objects, without links, texts and unstaged files."""
    repository.write("a.jpg", DATA)
    repository.write("link-to-be.jpg", DATA)
    repository.commit()
    for name in ("c.JPG", "b.jpg", "notes.txt", "picture"):
        repository.write(name, DATA + name.encode())
    Path("link.jpg").symlink_to("a.jpg")
    Path("link-to-be.jpg").unlink()
    Path("link-to-be.jpg").symlink_to("a.jpg")
    repository.git("add", "--all")
    repository.write("unstaged.jpg", DATA)
    repository.write("a.jpg", DATA * 2)
    blobs = {name: repository.git("rev-parse", f":{name}").strip() for name in ("b.jpg", "c.JPG")}

    assert list(select(Selection(staged=True))) == [Candidate(name, blob) for name, blob in blobs.items()]


def test_moved_files_are_not_changed_ones(repository):
    """A moved file is not new; a moved and changed file is."""
    for name in ("moved.jpg", "moved-changed.jpg", "deleted.jpg", "mode.jpg"):
        repository.write(name, DATA + name.encode() * 50)
    base = repository.commit()
    repository.git("mv", "moved.jpg", "elsewhere.jpg")
    repository.git("mv", "moved-changed.jpg", "new-name.jpg")
    repository.write("new-name.jpg", DATA + b"moved-changed.jpg" * 50 + b"more")
    repository.git("rm", "--quiet", "deleted.jpg")
    Path("mode.jpg").chmod(0o755)
    repository.git("add", "--all")

    assert names(staged=True) == ["new-name.jpg"]
    repository.commit()
    assert names(from_ref=base) == ["new-name.jpg"]


def test_changes_between_commits_are_those_of_the_branch(repository):
    """Only changes since the branch point may count, not those of the other branch."""
    repository.write("old.jpg", DATA)
    base = repository.commit()
    repository.write("other-side.jpg", DATA + b"1")
    other = repository.commit()
    repository.git("checkout", "--quiet", "-b", "branch", base)
    repository.write("new.jpg", DATA + b"2")
    repository.git("mv", "old.jpg", "moved.jpg")
    repository.commit()

    assert names(from_ref=other) == ["new.jpg"]
    assert names(from_ref=other, to_ref="branch") == ["new.jpg"]
    assert names(from_ref=base, to_ref=other) == ["other-side.jpg"]
    assert names(from_ref="HEAD") == []


def hook(repository, line):
    """Install a line of shell that may call `bytefit` as the pre-commit hook of all worktrees."""
    file = repository.write(
        ".git/hooks/pre-commit",
        f'#!/bin/sh\nbytefit() {{ "{sys.executable}" -m bytefit "$@"; }}\n{line}\n'.encode(),
    )
    file.chmod(0o755)


def in_worktree(repository, *, linked):
    """Return the folder of the repository or of a linked worktree."""
    if not linked:
        return repository.folder
    folder = repository.folder.parent / "linked"
    repository.git("worktree", "add", "--quiet", str(folder))
    return folder


@pytest.mark.parametrize("linked", [False, True], ids=["main worktree", "linked worktree"])
@pytest.mark.parametrize(("commit", "code"), [((), 0), (("--all",), 1), (("over.jpg",), 1), (("web",), 0)], ids=str)
def test_a_hook_of_git_sees_what_will_be_committed(repository, linked, commit, code):
    """`git commit --all` and `git commit FILE` use an index of their own, and the hook must check that one."""
    repository.write("over.jpg", b"small")
    repository.write("web/fine.jpg", b"small")
    repository.commit()
    folder = in_worktree(repository, linked=linked)
    hook(repository, "bytefit check --staged --max-size 1KB && cd web && bytefit check --staged --max-size 1KB")
    (folder / "over.jpg").write_bytes(DATA)
    (folder / "web" / "fine.jpg").write_bytes(b"\xff\xd8\xffsmall")
    subprocess.run(["git", "add", "web"], cwd=folder, check=True)

    done = subprocess.run(
        ["git", "commit", "--quiet", "--message=x", *commit], cwd=folder, capture_output=True, text=True, check=False
    )

    assert done.returncode == code, done.stdout + done.stderr
    assert ("over.jpg" in done.stdout + done.stderr) is bool(code)


@pytest.mark.parametrize(
    "linked",
    [False, True],
    ids=["main worktree", "linked worktree"],
)
@pytest.mark.parametrize("line", ["bytefit check web", "cd web && bytefit check", "cd web && bytefit check ."])
def test_a_hook_of_git_finds_files_wherever_it_runs(repository, linked, line):
    """Git sets GIT_DIR in hooks, which misleads git in subfolders: the files must still be found."""
    repository.write(".gitignore", b"ignored.jpg\n")
    repository.write("web/over.jpg", DATA)
    repository.commit()
    folder = in_worktree(repository, linked=linked)
    (folder / "web" / "ignored.jpg").write_bytes(DATA)
    hook(repository, f"{line} --max-size 1KB")

    done = subprocess.run(
        ["git", "commit", "--allow-empty", "--message=x"], cwd=folder, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 of 1 files over budget" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("linked", "commit"),
    [
        (False, ()),
        (False, ("--all",)),
        (True, ()),
        (True, ("--all",)),
    ],
    ids=["main worktree", "main worktree, --all", "linked worktree", "linked worktree, --all"],
)
def test_a_hook_of_git_can_look_at_another_repository(repository, tmp_path, linked, commit):
    """Git's index variable is for one repository only, and must not apply to another."""
    repository.write("fine.jpg", b"small")
    repository.commit()
    folder = in_worktree(repository, linked=linked)
    (folder / "fine.jpg").write_bytes(b"smaller")
    subprocess.run(["git", "add", "fine.jpg"], cwd=folder, check=True)
    other = Repository(tmp_path / "other")
    other.write(".gitignore", b"*.jpg\n")
    other.write("forced.jpg", DATA)
    other.git("add", "--force", "forced.jpg")
    hook(repository, "bytefit check ../other --max-size 1KB")

    done = subprocess.run(
        ["git", "commit", "--message=x", *commit], cwd=folder, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 of 1 files over budget" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from-ref", "nowhere"], "git knows no commit 'nowhere' here: use a commit, branch or tag"),
        (
            ["--from-ref", "HEAD", "--to-ref", "nowhere"],
            "git knows no commit 'nowhere' here: use a commit, branch or tag",
        ),
        (["--from-ref", "0" * 40, "--to-ref", "0" * 40], "no commit to check: '000"),
        (["--from-ref", "line\nbreak"], "git knows no commit 'line\\nbreak'"),
        (["--from-ref=--output=x"], "git knows no commit '--output=x'"),
        (["--from-ref", "--output=x"], "expected one argument"),
        (["--to-ref", "HEAD"], "--to-ref needs --from-ref"),
        (["--staged", "--from-ref", "HEAD"], "use one of them"),
        (["missing.jpg"], "missing.jpg: no such file or directory"),
        (["a.jpg", "missing"], "missing: no such file or directory"),
        (["-missing.jpg"], "unrecognized arguments: -missing.jpg"),
        ([".git"], "git ls-files failed in .git: this operation must be run in a work tree"),
    ],
)
@pytest.mark.parametrize("command", ["check", "fix"])
def test_what_cannot_be_selected_is_exit_code_two(repository, capsys, command, arguments, message):
    """A wrong selection must print one line, and nothing may be written."""
    repository.write("a.jpg", DATA)
    repository.commit()
    before = repository.hashes()
    try:
        code = main([command, *arguments])
    except SystemExit as ended:
        code = ended.code

    captured = capsys.readouterr()
    assert code == 2
    assert message in captured.err
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert repository.hashes() == before


def test_an_empty_commit_name_is_a_mistake(repository):
    """An unset variable in a script must not turn a fix of some files into a fix of all."""
    repository.write("a.jpg", DATA)
    repository.commit()

    with pytest.raises(ConfigError):
        names(from_ref="")


def test_the_first_push_of_a_branch_is_checked_whole(repository, capsys):
    """Forty zeros mean that nothing was pushed before: `check` must report every image that is over its budget."""
    repository.write("a.jpg", DATA)
    repository.write("b.jpg", b"\xff\xd8\xff")
    repository.commit()

    assert main(["check", "--from-ref", "0" * 40, "--to-ref", "HEAD", "--max-size", "1KB"]) == 1
    assert "1 of 2 files over budget" in capsys.readouterr().out


@pytest.mark.parametrize("changes", [{"staged": True}, {"from_ref": "HEAD"}])
def test_changes_need_a_repository(tmp_path, monkeypatch, changes):
    """The error outside a repository must say what works instead."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigError, match=r"is not in a git repository, .*: name files or folders"):
        names(**changes)


def test_without_git_files_can_still_be_named(repository, monkeypatch):
    """Without git, named files must work; folders need it to list their files."""
    repository.write("a.jpg", DATA)
    monkeypatch.setenv("PATH", str(repository.folder))

    for ask in (names, lambda: names("."), lambda: names(staged=True)):
        with pytest.raises(ConfigError, match="git is not installed"):
            ask()
    assert names("a.jpg") == ["a.jpg"]

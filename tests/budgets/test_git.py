"""Questions to git in real repositories: tracked, ignored, staged, changed and partially staged files."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from bytefit.budgets.git import (
    blob_content,
    blob_sizes,
    changed_between,
    is_ignored,
    partially_staged,
    staged,
    tracked,
)
from bytefit.errors import ConfigError
from repositories import Repository

NAMES = (
    *("with space.jpg", "line\nbreak.jpg", "tab\t.jpg", "quote\"'.jpg", "back\\slash.jpg", "-dash.jpg", "--.jpg"),
    *("UPPER.JPEG", "deep/er/a.PNG", "ä.webp", "[a].jpg", "*.jpg", ":(top)a.jpg", "-> b.jpg", "R  a.jpg"),
    os.fsdecode(b"not-\xff-utf8.jpg"),
)

# Settings of people that break scripts which read git's output.
SETTINGS = {
    "color.ui": "always",
    "color.diff": "always",
    "color.status": "always",
    "core.abbrev": "4",
    "core.quotePath": "true",
    "diff.external": "false",
    "diff.mnemonicPrefix": "true",
    "diff.noprefix": "true",
    "diff.relative": "true",
    "diff.submodule": "log",
    "log.showSignature": "true",
    "status.branch": "true",
    "status.relativePaths": "true",
    "status.short": "true",
    "status.showStash": "true",
    "status.showUntrackedFiles": "no",
}


def content(name, more=""):
    """Return content that is unique to a name, and long enough for git to recognise it after a change."""
    return "".join(f"{name} {line}\n" for line in range(200)).encode("utf-8", "surrogateescape") + more.encode()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Return a repository with a commit of some files and a link, as the working directory."""
    made = Repository(tmp_path / "repository")
    made.enter(monkeypatch)
    for name in ("a.jpg", "b.jpg", "folder/c.jpg", "folder/d.jpg"):
        made.write(name, content(name))
    Path("link.jpg").symlink_to("a.jpg")
    made.commit()
    return made


@pytest.fixture
def top(repository):
    """Return the top of the repository as text."""
    return str(repository.folder)


def move(old, new):
    """Move a file or folder, and create missing folders."""
    Path(new).parent.mkdir(parents=True, exist_ok=True)
    Path(old).rename(new)


def with_submodule(repository):
    """Add a submodule with a picture in it, called like a picture."""
    other = Repository(repository.folder.parent / "other")
    other.write("inside.jpg", b"inside")
    other.commit()
    local = ("-c", "protocol.file.allow=always")
    repository.git(*local, "submodule", "--quiet", "add", str(other.folder), "module.jpg")


# Edits of the fixture's files, and the names of the files with new content afterwards.
EDITS = {
    "nothing": (lambda _: None, ()),
    "added": (lambda r: r.write("new.jpg", b"new"), ("new.jpg",)),
    "added under odd names": (lambda r: [r.write(name, content(name)) for name in NAMES], NAMES),
    "added empty": (lambda r: r.write("new.jpg", b""), ("new.jpg",)),
    "changed": (lambda r: r.write("a.jpg", content("a.jpg", "more")), ("a.jpg",)),
    "deleted": (lambda _: Path("a.jpg").unlink(), ()),
    "moved": (lambda _: move("a.jpg", "deep/er/z.jpg"), ()),
    "moved with its folder": (lambda _: move("folder", "elsewhere"), ()),
    "moved and changed": (lambda r: (move("a.jpg", "z.jpg"), r.write("z.jpg", content("a.jpg", "more"))), ("z.jpg",)),
    "moved in place of another": (lambda _: move("b.jpg", "a.jpg"), ("a.jpg",)),
    "copied": (lambda _: shutil.copy("a.jpg", "copy.jpg"), ("copy.jpg",)),
    "made executable": (lambda _: Path("a.jpg").chmod(0o755), ()),
    "changed and made executable": (
        lambda r: r.write("a.jpg", content("a.jpg", "more")).chmod(0o755),
        ("a.jpg",),
    ),
    "replaced by a link": (lambda _: (Path("a.jpg").unlink(), Path("a.jpg").symlink_to("b.jpg")), ()),
    "replaced by a folder": (lambda r: (Path("a.jpg").unlink(), r.write("a.jpg/in.jpg", b"in")), ("a.jpg/in.jpg",)),
    "a link replaced by a file": (lambda r: (Path("link.jpg").unlink(), r.write("link.jpg", b"new")), ("link.jpg",)),
    "a link turned elsewhere": (lambda _: (Path("link.jpg").unlink(), Path("link.jpg").symlink_to("b.jpg")), ()),
    "a repository inside": (with_submodule, (".gitmodules",)),
}


@pytest.mark.parametrize(("edit", "names"), EDITS.values(), ids=EDITS)
def test_what_is_staged_is_what_the_next_commit_adds_or_changes(repository, top, edit, names):
    """The staged objects must be returned, whatever happens in the work tree afterwards."""
    edit(repository)
    repository.git("add", "--all")
    expected = {name: Path(name).read_bytes() for name in names}
    for name in ("a.jpg", "new.jpg", *names):
        if Path(name).is_file():
            repository.write(name, b"meanwhile")

    found = staged(top)

    assert {change.name: blob_content(top, change.blob) for change in found} == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize(("edit", "names"), EDITS.values(), ids=EDITS)
def test_what_changed_between_commits_is_what_was_added_or_changed(repository, top, edit, names):
    """The rules are those of staged files, and neither the index nor the work tree may count."""
    edit(repository)
    expected = {name: Path(name).read_bytes() for name in names}
    repository.commit()
    repository.write("staged.jpg", b"staged")
    repository.git("add", "staged.jpg")

    found = changed_between(top, "HEAD~1", "HEAD")

    assert {change.name: blob_content(top, change.blob) for change in found} == expected
    assert staged(top)[0].name == "staged.jpg"


def test_before_the_first_commit_all_is_new(tmp_path, monkeypatch):
    """Without a HEAD, all staged files must be new."""
    repository = Repository(tmp_path / "repository")
    repository.enter(monkeypatch)
    repository.write("a.jpg", b"a")
    repository.write("b.jpg", b"b")
    repository.git("add", "a.jpg")

    assert [change.name for change in staged(str(repository.folder))] == ["a.jpg"]
    assert tracked(str(repository.folder)) == ["a.jpg"]


def test_what_is_only_meant_to_be_added_is_not_staged(repository, top):
    """`git add --intent-to-add` stages a name without content."""
    repository.write("later.jpg", b"later")
    repository.git("add", "--intent-to-add", "later.jpg")

    assert staged(top) == []
    assert "later.jpg" in tracked(top)


def test_a_conflict_is_not_staged(repository, top):
    """A file in conflict has no staged version, but other merged files have."""
    repository.git("checkout", "--quiet", "-b", "before")
    repository.conflict("a.jpg", content("a.jpg"))
    repository.write("b.jpg", b"changed")
    repository.git("add", "b.jpg")

    assert [change.name for change in staged(top)] == ["b.jpg"]


def test_many_files_are_known_again_after_a_move(repository, top):
    """Moved files must be recognised even above git's limit for comparing contents."""
    repository.git("config", "diff.renameLimit", "1")
    for number in range(5):
        repository.write(f"many/{number}.jpg", content(str(number)))
    before = repository.commit()
    move("many", "moved/away")
    repository.git("add", "--all")

    assert staged(top) == []
    repository.commit()
    assert changed_between(top, before, "HEAD") == []


def test_what_changed_is_counted_from_where_the_branch_left(repository, top):
    """Changes of the other branch must not count, nor changes that were undone."""
    repository.git("checkout", "--quiet", "-b", "branch")
    repository.write("branch.jpg", b"branch")
    repository.write("undone.jpg", b"undone")
    repository.commit()
    repository.git("rm", "--quiet", "undone.jpg")
    repository.commit()
    repository.git("checkout", "--quiet", "main")
    repository.write("main.jpg", b"main")
    repository.write("a.jpg", content("a.jpg", "main"))
    repository.commit()

    assert [change.name for change in changed_between(top, "main", "branch")] == ["branch.jpg"]
    assert [change.name for change in changed_between(top, "branch", "main")] == ["a.jpg", "main.jpg"]
    assert changed_between(top, "main", "main") == []


@pytest.mark.parametrize(
    "ref", ["main", "refs/heads/main", "plain-tag", "signed/tag", "HEAD~1", "origin/main", "{hash}", "{short}", "@~"]
)
def test_commits_are_named_as_git_names_them(repository, top, ref):
    """Every way to name a commit must work, even if files have the same names."""
    hash_ = repository.git("rev-parse", "HEAD").strip()
    repository.git("tag", "plain-tag")
    repository.git("tag", "--annotate", "--message=a tag", "signed/tag")
    repository.git("update-ref", "refs/remotes/origin/main", "HEAD")
    repository.git("checkout", "--quiet", "-b", "branch")
    for name in ("new.jpg", "main", "HEAD", "plain-tag", "branch"):
        repository.write(name, name.encode())
    repository.commit()

    found = changed_between(top, ref.format(hash=hash_, short=hash_[:8]), "branch")

    assert {change.name for change in found} == {"new.jpg", "main", "HEAD", "plain-tag", "branch"}


@pytest.mark.parametrize(
    "ref", ["nowhere", "1" * 40, "", "--output=x", "-", "HEAD:a.jpg", "HEAD^{tree}", "main..main", "a b\nc"]
)
def test_what_is_no_commit_is_one_line(repository, top, ref):
    """An unknown commit is an error of one line with advice for this clone, and git takes no ref for an option."""
    before = repository.hashes()
    for refs in ((ref, "HEAD"), ("HEAD", ref)):
        with pytest.raises(ConfigError) as caught:
            changed_between(top, *refs)

        assert str(caught.value).startswith(f"git knows no commit {ref!r} here: use a commit, branch or tag")
        assert "shallow" not in str(caught.value)
        assert "\n" not in str(caught.value)
    assert repository.hashes() == before


@pytest.mark.parametrize("digits", [40, 64])
def test_since_no_commit_everything_is_new(repository, top, digits):
    """CI systems pass zeros as the commit before the first push of a branch: all of its files must be checked."""
    repository.write("new.jpg", b"new")
    repository.commit()
    before = sorted((repository.folder / ".git" / "objects").rglob("*"))

    found = changed_between(top, "0" * digits, "HEAD")

    assert [change.name for change in found] == ["a.jpg", "b.jpg", "folder/c.jpg", "folder/d.jpg", "new.jpg"]
    assert blob_content(top, found[-1].blob) == b"new"
    assert sorted((repository.folder / ".git" / "objects").rglob("*")) == before
    with pytest.raises(ConfigError, match="git knows no commit 'nowhere' here"):
        changed_between(top, "0" * digits, "nowhere")


def test_a_deleted_branch_has_no_commit_to_check(top):
    """CI systems pass zeros as the last commit of a deleted branch: the error must say so, not advise to fetch it."""
    for from_ref in ("HEAD", "0" * 40):
        with pytest.raises(ConfigError, match=r"no commit to check: '0{40}' is what CI systems pass when a branch is"):
            changed_between(top, from_ref, "0" * 40)


def test_shallow_clones_are_compared_as_they_are(repository, tmp_path):
    """CI may fetch two commits without a common ancestor: they must be compared directly."""
    repository.git("checkout", "--quiet", "-b", "branch")
    repository.write("branch.jpg", b"branch")
    repository.commit()
    repository.git("checkout", "--quiet", "main")
    repository.write("main.jpg", b"main")
    repository.commit()
    clone = Repository(tmp_path / "clone")
    clone.git("remote", "add", "origin", repository.folder.as_uri())
    clone.git("fetch", "--quiet", "--depth=1", "origin", "branch", "main")
    clone.write("origin/main", b"a file that is called like a branch")

    found = changed_between(str(clone.folder), "origin/main", "origin/branch")

    assert [change.name for change in found] == ["branch.jpg"]
    with pytest.raises(ConfigError, match="this clone is shallow: run 'git fetch --unshallow'"):
        changed_between(str(clone.folder), "origin/branch~1", "origin/branch")


def test_tracked_are_all_names_whatever_their_bytes(repository, top):
    """All names must be returned, including deleted files that are still in the index."""
    for name in NAMES:
        repository.write(name, content(name))
    repository.git("add", "--all")
    Path("a.jpg").unlink()
    repository.write("untracked.jpg", b"new")

    assert sorted(tracked(top)) == sorted([*NAMES, "a.jpg", "b.jpg", "folder/c.jpg", "folder/d.jpg", "link.jpg"])
    assert sorted(tracked(os.path.join(top, "deep"))) == ["er/a.PNG"]  # noqa: PTH118  (names are text here)


def test_tracked_with_the_untracked_is_what_git_would_add(repository, top):
    """Ignored files and other repositories must not be returned."""
    repository.write(".gitignore", b"*.tmp.jpg\nbuild/\n!kept.tmp.jpg\n")
    repository.write("folder/.gitignore", b"/local.jpg\n")
    repository.write(".git/info/exclude", b"mine.jpg\n")
    ignored = ("a.tmp.jpg", "build/b.jpg", "folder/local.jpg", "mine.jpg")
    new = ("kept.tmp.jpg", "local.jpg", "folder/new.jpg", *NAMES)
    for name in (*ignored, *new):
        repository.write(name, content(name))
    Repository(repository.folder / "nested.jpg").write("inside.jpg", b"inside")
    repository.git("worktree", "add", "--quiet", "worktrees/linked")
    with_submodule(repository)

    found = set(tracked(top, untracked=True))

    assert found.isdisjoint(ignored)
    assert found.issuperset(new)
    assert {name for name in found if "inside" in name or name.startswith("worktrees/linked/")} <= {"worktrees/linked/"}
    assert set(tracked(os.path.join(top, "folder"), untracked=True)) == {  # noqa: PTH118
        *(".gitignore", "c.jpg", "d.jpg", "new.jpg")
    }


def test_a_file_in_conflict_is_tracked_once(repository, top):
    """Git lists the file three times, and a total must count it once."""
    repository.conflict("a.jpg", content("a.jpg"))

    assert tracked(top).count("a.jpg") == 1


@pytest.mark.parametrize(
    ("path", "folder", "ignored"),
    [
        ("a.jpg", ".", False),
        ("x.tmp.jpg", ".", True),
        ("kept.tmp.jpg", ".", False),
        ("build", ".", True),
        ("build/deep/a.jpg", ".", True),
        (".", "build", True),
        (".", "build/deep", True),
        (".", "folder", False),
        (".", ".", False),
        ("..", "folder", False),
        ("-x.tmp.jpg", ".", True),
        ("line\nbreak.tmp.jpg", ".", True),
        ("missing/x.tmp.jpg", ".", True),
        ("tracked.tmp.jpg", ".", True),  # its name is, which is what is asked
    ],
)
def test_what_git_ignores(repository, path, folder, ignored):
    """.gitignore must apply from whichever folder git is asked."""
    repository.write(".gitignore", b"*.tmp.jpg\nbuild/\n!kept.tmp.jpg\n")
    repository.write("build/deep/a.jpg", b"a")
    repository.write("tracked.tmp.jpg", b"a")
    repository.git("add", "--force", "tracked.tmp.jpg")

    assert is_ignored(path, folder) is ignored


# Steps with a file, and whether it then has both staged and unstaged changes.
PARTIAL = {
    "nothing": ((), False),
    "changed": (("change",), False),
    "changed and staged": (("change", "stage"), False),
    "staged and changed again": (("change", "stage", "change"), True),
    "staged and deleted": (("change", "stage", "delete"), True),
    "staged and turned into a link": (("change", "stage", "delete", "link"), True),
    "staged and changed back": (("change", "stage", "restore"), True),
    "deleted": (("delete",), False),
    "deleted and staged": (("delete", "stage"), False),
    "deleted, staged, there again": (("delete", "stage", "restore"), False),  # git sees a new file, not a change
    "executable, staged, changed": (("executable", "stage", "change"), True),
    "a link, staged, turned elsewhere": (("delete", "link", "stage", "delete", "link elsewhere"), True),
}


def do(step, path, repository):
    """Take one step with a file. Each written content differs."""
    if step == "change":
        old = path.read_bytes() if path.exists() else b""
        path.write_bytes(old + b"more")
    elif step == "stage":
        repository.git("add", "--all", "--", str(path))
    elif step == "delete":
        path.unlink()
    elif step == "restore":
        path.write_bytes(content("folder/c.jpg"))
    elif step == "executable":
        path.chmod(0o755)
    else:
        path.symlink_to("d.jpg" if step == "link" else "../a.jpg")


@pytest.mark.parametrize(("steps", "partial"), PARTIAL.values(), ids=PARTIAL)
def test_partially_staged_is_what_has_changes_of_both_kinds(repository, top, steps, partial):
    """Only the requested files may be returned, even if another file is partially staged."""
    for step in steps:
        do(step, repository.folder / "folder" / "c.jpg", repository)
    for step in ("change", "stage", "change"):
        do(step, repository.folder / "b.jpg", repository)

    found = partially_staged(top, ["folder/c.jpg", "a.jpg", "missing.jpg"])

    assert found == ({"folder/c.jpg"} if partial else set())
    assert partially_staged(top, ["b.jpg"]) == {"b.jpg"}


def test_partially_staged_files_may_be_called_anything(repository, top):
    """A name with stars is literal, and a name must not look like a status line."""
    partial = NAMES[::2]
    for text in ("staged", "not staged"):
        for name in NAMES if text == "staged" else partial:
            repository.write(name, content(name, text))
        if text == "staged":
            repository.git("add", "--all")

    assert partially_staged(top, NAMES) == set(partial)
    assert partially_staged(top, ["*.jpg", ":(top)a.jpg"]) == {"*.jpg", ":(top)a.jpg"} & set(partial)


def test_a_file_that_was_moved_and_changed_is_partially_staged(repository, top):
    """A moved file must be found by its new name."""
    move("a.jpg", "z.jpg")
    repository.git("add", "--all")
    repository.write("z.jpg", content("a.jpg", "more"))

    assert partially_staged(top, ["z.jpg", "a.jpg"]) == {"z.jpg"}


def test_nothing_is_partially_staged_in_a_clean_tree(top):
    """A clean tree must give no name, not even an empty one."""
    assert partially_staged(top, ["a.jpg"]) == set()


def test_the_old_name_of_a_moved_file_is_not_taken_for_a_state(repository, top):
    """An old name that begins like a status must not be read as one."""
    repository.write("MM b.jpg", content("MM b.jpg"))
    repository.commit()
    move("MM b.jpg", "z.jpg")
    repository.git("add", "--all")

    assert partially_staged(top, ["b.jpg", "z.jpg", "MM b.jpg"]) == set()


def test_git_is_not_asked_about_no_files(tmp_path):
    """Without files, git must not run: there may be no repository."""
    assert partially_staged(str(tmp_path), []) == set()


def test_more_names_can_be_asked_for_than_a_command_line_takes(repository, top):
    """A large tree has more names than a command line can hold."""
    for step in ("change", "stage", "change"):
        do(step, repository.folder / "a.jpg", repository)
    names = [f"{'long' * 50}/{number:06}.jpg" for number in range(20_000)]

    assert partially_staged(top, [*names, "a.jpg"]) == {"a.jpg"}


def test_sizes_of_objects_come_in_the_order_they_are_asked_for(repository, top):
    """Any number of objects must work, also duplicates."""
    sizes = {
        name: len(repository.write(name, content(name) * times).read_bytes()) for name, times in (("x", 3), ("y", 1))
    }
    repository.write("empty", b"")
    repository.git("add", "--all")
    blobs = {name: repository.git("rev-parse", f":{name}").strip() for name in ("x", "y", "empty")}

    assert blob_sizes(top, []) == []
    assert blob_sizes(top, [blobs["y"], blobs["x"], blobs["empty"]]) == [sizes["y"], sizes["x"], 0]
    assert blob_sizes(top, [blobs["x"], blobs["y"]] * 10_000) == [sizes["x"], sizes["y"]] * 10_000


def test_an_object_that_is_missing_is_told(repository, top):
    """A damaged or partial clone must give an error that names the object."""
    repository.write("new.jpg", b"new")
    repository.git("add", "new.jpg")
    (change,) = staged(top)
    (repository.folder / ".git" / "objects" / change.blob[:2] / change.blob[2:]).unlink()

    with pytest.raises(ConfigError, match=change.blob):
        blob_sizes(top, [change.blob])


def test_content_of_objects_is_not_converted(repository, top):
    """Attributes and settings for work trees must not change the content of an object."""
    data = b"one\r\ntwo\nthree\r\n\x00\xff"
    repository.write(".gitattributes", b"*.jpg binary\n")
    repository.write("a.jpg", data)
    repository.git("add", "--all")
    repository.git("config", "core.autocrlf", "true")
    repository.write(".gitattributes", b"*.jpg text eol=crlf ident\n")

    assert {change.name: blob_content(top, change.blob) for change in staged(top)}["a.jpg"] == data


@pytest.mark.parametrize("renames", ["false", "copies"])
def test_settings_of_people_change_no_answer(repository, top, renames):
    """A person's git settings must not change any result."""
    shutil.copy("b.jpg", "copy.jpg")
    repository.write("folder/c.jpg", content("folder/c.jpg", "staged"))
    move("a.jpg", "moved.jpg")
    repository.git("add", "--all")
    repository.write("folder/c.jpg", content("folder/c.jpg", "not staged"))
    repository.write("untracked.jpg", b"new")

    def answers():
        folder = os.path.join(top, "folder")  # noqa: PTH118  (names are text here)
        asked = partially_staged(top, ["folder/c.jpg", "moved.jpg"])
        return staged(top), asked, tracked(top, untracked=True), tracked(folder), blob_sizes(top, [staged(top)[0].blob])

    plain = answers()
    for key, value in {**SETTINGS, "diff.renames": renames, "status.renames": renames}.items():
        repository.git("config", key, value)

    assert answers() == plain
    assert [change.name for change in plain[0]] == ["copy.jpg", "folder/c.jpg"]
    assert plain[1] == {"folder/c.jpg"}
    before = repository.git("rev-parse", "HEAD").strip()
    repository.git("commit", "--quiet", "--message", "staged")
    assert changed_between(top, before, "HEAD") == plain[0]


@pytest.mark.parametrize(
    "ask",
    [
        lambda top: tracked(top, untracked=True),
        staged,
        lambda top: changed_between(top, "HEAD", "HEAD"),
        lambda top: is_ignored("a.jpg", top),
        lambda top: partially_staged(top, ["a.jpg"]),
    ],
    ids=["tracked", "staged", "changed_between", "is_ignored", "partially_staged"],
)
def test_a_repository_is_read_and_never_changed(repository, top, ask):
    """Another git may be running, so not even the index may be refreshed."""
    os.utime("a.jpg", (1_000_000_000, 1_000_000_000))
    before = {path: path.read_bytes() for path in (repository.folder / ".git").rglob("*") if path.is_file()}

    ask(top)

    assert {path: path.read_bytes() for path in (repository.folder / ".git").rglob("*") if path.is_file()} == before


def test_where_git_refuses_it_is_one_line(repository, top, tmp_path, monkeypatch):
    """The error must name the folder and git's reason on one line."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    repository.write(".git/index", b"no index")

    for folder, reason in ((top, "index file"), (str(tmp_path), "not a git repository")):
        with pytest.raises(ConfigError, match=reason) as caught:
            tracked(folder)

        assert str(caught.value).startswith(f"git ls-files failed in {folder}: ")
        assert "\n" not in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files to another user")
def test_the_way_out_that_git_names_is_in_the_error(repository, top):
    """A container's root often meets a checkout of another user: git's command for that must not be cut off."""
    for path in (repository.folder, repository.folder / ".git"):
        os.chown(path, 12345, 12345)

    for ask in (lambda: tracked(top), lambda: staged(top), lambda: changed_between(top, "HEAD~1", "HEAD")):
        with pytest.raises(ConfigError, match="detected dubious ownership") as caught:
            ask()

        assert f"git config --global --add safe.directory {top}" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert "git knows no commit" not in str(caught.value)


def test_git_that_is_missing_is_told(top, tmp_path, monkeypatch):
    """The error must say that git is missing and what works without it."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ConfigError, match="git is not installed"):
        tracked(top)

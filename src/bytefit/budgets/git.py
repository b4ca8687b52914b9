"""Ask git about files: which are tracked, staged, changed between two commits, ignored or partially staged.

Names are file system names and may hold any bytes. The functions read repositories and never change them.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from bytefit.budgets.repository import repository_top
from bytefit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_LINK, _SUBMODULE = "120000", "160000"

# How many lines of git's complaint an error shows. Its advice on ownership, the longest that people met, has three.
_COMPLAINT_LINES = 6


class Change(NamedTuple):
    """A file whose content was added or changed: its name relative to the top, and the object that holds it."""

    name: str
    blob: str


class Difference(NamedTuple):
    """A file whose name or content differs from that in another commit. Names are relative to the top.

    Attributes:
        old_name, name: its name before and after; None if there was no regular file, or is none now.
        before, after: the object before and after; None if there is none, and for a file of the working tree.
    """

    old_name: str | None
    name: str | None
    before: str | None
    after: str | None


def tracked(folder: str, *, untracked: bool = False) -> list[str]:
    """Return the files below `folder` that git tracks, relative to it.

    With `untracked`, include the files that `git add` would add. Submodules are not entered.
    """
    more = ("--others", "--exclude-standard") if untracked else ()
    # Git lists a file in conflict once for each side.
    return list(dict.fromkeys(_names(_git(folder, "ls-files", "-z", "--cached", *more))))


def untracked(top: str) -> list[str]:
    """Return the files that `git add` would add, relative to the top."""
    return _names(_git(top, "ls-files", "-z", "--others", "--exclude-standard"))


def is_ignored(path: str, folder: str) -> bool:
    """Return whether git, asked in `folder`, ignores `path`."""
    return _run(folder, ["check-ignore", "--quiet", "--no-index", "--", path]).returncode == 0


def staged(top: str) -> list[Change]:
    """Return the files that the next commit would add or change."""
    return _changes(_git(top, "diff", "--cached", *_RAW))


def changed_between(top: str, from_ref: str, to_ref: str) -> list[Change]:
    """Return the files that `to_ref` added or changed since it branched off `from_ref`.

    A `from_ref` of zeros stands for "no commit": every file in `to_ref` is new. GitHub's `before` and GitLab's
    `CI_COMMIT_BEFORE_SHA` are zeros at the first push of a branch, and their `after` is zeros when it is deleted.

    Raises:
        ConfigError: if git does not know one of the commits.
    """
    if _is_null(to_ref):
        raise ConfigError(f"no commit to check: {to_ref!r} is what CI systems pass when a branch is deleted")
    if _is_null(from_ref):
        from_ref = _git(top, "hash-object", "-t", "tree", "--stdin", given=b"").decode().strip()
        return _changes(_git(top, "diff", *_RAW, from_ref, _commit(top, to_ref), "--"))
    from_ref, to_ref = _commit(top, from_ref), _commit(top, to_ref)
    # Shallow clones may lack the common ancestor: then compare the two commits directly.
    base = _ancestor(top, from_ref, to_ref) or from_ref
    return _changes(_git(top, "diff", *_RAW, base, to_ref, "--"))


def branch_point(top: str, ref: str, to_ref: str) -> tuple[str, bool]:
    """Return the commit at which `to_ref` branched off `ref`.

    Returns:
        (commit, known): if this clone does not have their common ancestor, the commit of `ref` itself, and False.

    Raises:
        ConfigError: if git does not know one of the commits.
    """
    if _is_null(ref):
        raise ConfigError(f"{ref!r} is what CI systems pass at the first push of a branch: there is nothing before it")
    base = _commit(top, ref)
    ancestor = _ancestor(top, base, _commit(top, to_ref))
    return ancestor or base, ancestor is not None


def _ancestor(top: str, one: str, other: str) -> str | None:
    """Return the commit that two commits have in common; None if this clone does not have it."""
    asked = _run(top, ["merge-base", one, other])
    return asked.stdout.decode().strip() if asked.returncode == 0 else None


def differences(top: str, base: str, *, to_ref: str | None = None, staged: bool = False) -> list[Difference]:
    """Return how files differ from the commit `base`: in the working tree, in the index or in another commit."""
    where = ["--cached"] if staged else []
    raw = _git(top, "--no-optional-locks", "diff", *_RAW, *where, base, *([to_ref] if to_ref else []), "--")
    return list(_differences(raw))


def files_in(top: str, commit: str) -> list[tuple[str, str, int]]:
    """Return (name, object, bytes) of every regular file in a commit."""
    entries = _git(top, "ls-tree", "-r", "-z", "--long", "--full-tree", commit).split(b"\0")
    files = []
    for entry in filter(None, entries):
        facts, _, name = entry.partition(b"\t")
        mode, _, blob, size = facts.decode().split()
        if mode not in {_LINK, _SUBMODULE}:
            files.append((os.fsdecode(name), blob, int(size)))
    return files


def _is_null(ref: str) -> bool:
    """Return whether a ref is the hash that stands for "no commit", in SHA-1 or SHA-256."""
    return len(ref) in {40, 64} and not ref.strip("0")


def _commit(top: str, ref: str) -> str:
    """Return the hash of a commit.

    Raises:
        ConfigError: if git does not know it, or refuses to work in this repository.
    """
    asked = _run(top, ["rev-parse", "--quiet", "--verify", "--end-of-options", f"{ref}^{{commit}}"])
    if asked.returncode == 0:
        return asked.stdout.decode().strip()
    if _git(top, "rev-parse", "--is-shallow-repository").strip() == b"true":
        advice = "this clone is shallow: run 'git fetch --unshallow', or set fetch-depth: 0 in CI"
    else:
        advice = "use a commit, branch or tag of this repository, and fetch it first if it is on a remote only"
    raise ConfigError(f"git knows no commit {ref!r} here: {advice}")


def partially_staged(top: str, names: Sequence[str]) -> set[str]:
    """Return the `names`, relative to the top, that have both staged and unstaged changes."""
    if not names:
        return set()
    # Ask for the whole status: all names may not fit on a command line. Take no locks: another git may be running.
    asked = ("--no-optional-locks", "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=no")
    entries = (entry for entry in _git(top, *asked).split(b"\0") if entry)
    partial = {os.fsdecode(entry[3:]) for entry in entries if entry[:1] in b"MARCT" and entry[1:2] in b"MTD"}
    return partial & set(names)


def blob_sizes(top: str, blobs: Iterable[str]) -> list[int]:
    """Return the size of each object in bytes.

    Raises:
        ConfigError: if an object is missing.
    """
    asked = "".join(f"{blob}\n" for blob in blobs).encode()
    lines = _git(top, "cat-file", "--batch-check=%(objectsize)", given=asked).decode().splitlines()
    if missing := next((line for line in lines if not line.isdigit()), None):
        raise ConfigError(f"git cannot read an object in {top}: {missing}; fetch it, or run 'git fsck'")
    return [int(line) for line in lines]


def blob_contents(top: str, blobs: Sequence[str]) -> list[bytes]:
    """Return the contents of objects, which are all in memory at once."""
    answer = _git(top, "cat-file", "--batch", given="".join(f"{blob}\n" for blob in blobs).encode())
    contents, start = [], 0
    for _ in blobs:
        end = answer.index(b"\n", start)
        size = int(answer[start:end].rsplit(b" ", 1)[1])
        contents.append(answer[end + 1 : end + 1 + size])
        start = end + size + 2
    return contents


def blob_content(top: str, blob: str) -> bytes:
    """Return the content of an object."""
    return _git(top, "cat-file", "blob", blob)


_RAW = ("--raw", "-z", "--find-renames", "--no-abbrev", "--no-ext-diff", "--no-textconv", "--ignore-submodules")


def _changes(raw: bytes) -> list[Change]:
    """Return the regular files in the output of `git diff --raw -z` whose content is new."""
    fields = iter(raw.split(b"\0"))
    changes = []
    for head in fields:
        if not head:
            continue
        _, mode, before, after, status = head.decode().removeprefix(":").split(" ")
        name = next(fields)
        if status[0] in "RC":
            name = next(fields)
        if status[0] not in "DU" and mode not in {_LINK, _SUBMODULE} and before != after:
            changes.append(Change(os.fsdecode(name), after))
    return changes


def _differences(raw: bytes) -> Iterator[Difference]:
    """Yield what `git diff --raw -z` lists, as far as it is about regular files."""
    fields = iter(raw.split(b"\0"))
    for head in filter(None, fields):
        old_mode, mode, before, after, status = head.decode().removeprefix(":").split(" ")
        old_name = name = os.fsdecode(next(fields))
        if status[0] in "RC":
            name = os.fsdecode(next(fields))
        was = old_mode.startswith("100") and status[0] != "C"  # what was copied is still there
        is_now = mode.startswith("100")
        if status[0] != "U" and (was or is_now) and (old_name, before) != (name, after):
            yield Difference(
                old_name if was else None,
                name if is_now else None,
                before if was else None,
                after if is_now and after.strip("0") else None,
            )


def _names(listed: bytes) -> list[str]:
    return [os.fsdecode(name) for name in listed.split(b"\0") if name]


def _git(folder: str, *arguments: str, given: bytes | None = None) -> bytes:
    done = _run(folder, arguments, given)
    if done.returncode:
        # Where git refuses the repository as a whole, some commands print their usage instead of the reason.
        refused = _run(folder, ["rev-parse", "--git-dir"])
        command = next(word for word in arguments if not word.startswith("-"))
        complaint = refused.stderr if refused.returncode else done.stderr
        raise ConfigError(f"git {command} failed in {folder}: {_one_sentence(complaint)}")
    return done.stdout


def _one_sentence(complaint: bytes) -> str:
    """Return what git wrote to standard error on one line. The later lines say what to do, so they stay."""
    lines = (line.strip() for line in complaint.decode(errors="backslashreplace").splitlines())
    words = [line.removeprefix("fatal: ").removeprefix("hint: ") for line in lines if line not in {"", "hint:"}]
    text = "; ".join(words[:_COMPLAINT_LINES]).replace(":; ", ": ")
    return text or "git gave no reason"


def _run(folder: str, arguments: Sequence[str], given: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    try:
        # No shell, and the same git that other tools find in this repository.
        return subprocess.run(  # noqa: S603
            ["git", *arguments],  # noqa: S607
            cwd=folder,
            env=_environment(folder),
            input=given,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise ConfigError(
            "git is not installed, so its files cannot be listed: install git, or name the files"
        ) from error


def _environment(folder: str) -> dict[str, str] | None:
    """Return the environment for git in `folder`; None for the environment of this process.

    Git sets GIT_DIR in the hooks of a linked worktree. With it, git takes any working directory for the top.
    """
    if not {"GIT_DIR", "GIT_INDEX_FILE"} & set(os.environ):
        return None
    environment = {name: value for name, value in os.environ.items() if name not in {"GIT_DIR", "GIT_WORK_TREE"}}
    index, top = environment.pop("GIT_INDEX_FILE", None), repository_top(os.path.abspath(folder))
    # The index being committed belongs to the repository that the hook runs in.
    if index is not None and top is not None and top == repository_top(os.getcwd()):
        environment["GIT_INDEX_FILE"] = os.path.join(top, index)
    return environment

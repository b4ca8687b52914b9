"""Where a folder belongs: to which git repository, and below which other folder. It runs no git."""

from __future__ import annotations

import os


def repository_top(folder: str) -> str | None:
    """Return the top of the git repository, worktree or submodule that an absolute `folder` is in, or None."""
    while not _is_git(os.path.join(folder, ".git")):
        folder, below = os.path.dirname(folder), folder
        if folder == below:
            return None
    return folder


def is_below(folder: str, path: str) -> bool:
    """Return whether an absolute path is that of a folder or of something in it."""
    return path == folder or path.startswith(os.path.join(folder, ""))


def _is_git(path: str) -> bool:
    """Return whether git takes this for a repository: a folder with a HEAD, or the file of a worktree or submodule."""
    return os.path.isfile(path) or os.path.lexists(os.path.join(path, "HEAD"))

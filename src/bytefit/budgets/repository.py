"""Find the git repository of a folder, without running git."""

from __future__ import annotations

import os


def repository_top(folder: str) -> str | None:
    """Return the top of the git repository, worktree or submodule that contains an absolute `folder`, or None."""
    while not _is_git(os.path.join(folder, ".git")):
        folder, below = os.path.dirname(folder), folder
        if folder == below:
            return None
    return folder


def is_below(folder: str, path: str) -> bool:
    """Return whether an absolute path is the folder itself or inside it."""
    return path == folder or path.startswith(os.path.join(folder, ""))


def _is_git(path: str) -> bool:
    """Return whether git accepts this `.git`: a folder with a HEAD, or the file of a worktree or submodule."""
    return os.path.isfile(path) or os.path.lexists(os.path.join(path, "HEAD"))

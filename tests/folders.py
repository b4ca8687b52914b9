"""Files and folders as the tests find them, before and after."""

from __future__ import annotations

import os

import pytest

needs_permissions = pytest.mark.skipif(os.name == "nt", reason="Windows has no POSIX permissions")


needs_plain_user = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)


TARGET = 4000


def link(path, target):
    """Make a symbolic link, or skip where that is not allowed."""
    try:
        path.symlink_to(target)
    except OSError:
        pytest.skip("symbolic links are not allowed here")
    return path


def snapshot(folder):
    """Return everything in a folder: names, bytes, modes and times."""
    return {
        path.relative_to(folder): (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def write(path, data):
    """Write a file and return its path."""
    path.write_bytes(data)
    return path

"""Real git repositories for tests, cut off from the settings of whoever runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


class Repository:
    """A git repository with pre-commit in it, cut off from the settings of whoever runs the tests."""

    def __init__(self, folder: Path, pre_commit_home: Path | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PRE_COMMIT"))}
        person = {f"GIT_{who}_{what}": "tester" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "PRE_COMMIT_COLOR": "never"}
        settings["LC_ALL"] = "C.UTF-8"  # what git says is in English
        self.environment = {**kept, **person, **settings, "PRE_COMMIT_HOME": str(pre_commit_home or folder)}
        self.git("init", "--quiet", "--initial-branch=main")

    def enter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make it the working directory, and cut this process off from the settings of whoever runs the tests."""
        monkeypatch.chdir(self.folder)
        for name in os.environ.keys() - self.environment.keys():
            monkeypatch.delenv(name)
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)

    def git(self, *arguments: str) -> str:
        """Run git, which has to succeed, and return what it printed."""
        done = self._run("git", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def refused(self, *arguments: str) -> str:
        """Run git, which has to fail, and return what it complained of."""
        done = self._run("git", *arguments)
        assert done.returncode != 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def commit(self) -> str:
        """Commit all there is and return the commit's name."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--no-verify", "--allow-empty", "--message", "all there is")
        return self.git("rev-parse", "HEAD").strip()

    def pre_commit(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run pre-commit and return its exit code and output."""
        return self._run(sys.executable, "-m", "pre_commit", *arguments)

    def hashes(self) -> dict[str, str]:
        """Return a hash of every file that is not git's own."""
        paths = (path for path in self.folder.rglob("*") if path.is_file() and ".git" not in path.parts)
        return {path.relative_to(self.folder).as_posix(): sha256(path.read_bytes()).hexdigest() for path in paths}

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def conflict(self, name: str, data: bytes) -> None:
        """Leave a merge that cannot be finished behind: `name`, which is committed, was changed on both sides."""
        self.git("checkout", "--quiet", "-b", "theirs")
        self.write(name, data + b"theirs")
        self.commit()
        self.git("checkout", "--quiet", "-b", "ours", "HEAD~1")
        self.write(name, data + b"ours")
        self.commit()
        self.refused("merge", "theirs")

    def write(self, name: str, data: bytes) -> Path:
        """Write a file, its folders made, and return its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

"""Run the blocks of the pages, and keep the output that the pages show true.

    python docs/transcripts.py [--all] [PAGE ...]

rewrites the shown output in README.md and docs/**/*.md where it differs from what is printed now. Numbers may differ
(encoders and machines do), unless --all is given. The tests use the same functions and rewrite nothing.

A page is one session in one new git repository. It starts with a copy of examples/ and with photo.jpg. Its blocks run
in order:

    python    runs as a program of its own; a `text` block directly below it is what it prints
    console   lines that start with "$ " run in a shell, the lines below each are what it prints; "..." is any lines
    toml      is a configuration, and has to be valid; below the comment "# .bytefit.toml" it is written to that file
    yaml      is written to .pre-commit-config.yaml where it has `repos:`; the hooks are those of this checkout
    json      is read
    sh        is shown only, because it needs a network or a long time: the tests parse its bytefit commands
"""

from __future__ import annotations

import argparse
import atexit
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
_KEPT = ".bytefit.toml"
# Exit codes are not like other numbers.
_NUMBER = re.compile(r"(?<!exit code )(?<!exit code: )\d[\d,_]*(\.\d+)?")
_ANY_LINES = "..."
# What a shell does more with than to split it into words.
_FOR_A_SHELL = frozenset("|&;<>$`*?()~#\\")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page.

    Attributes:
        language: the word after the fence.
        text: what is between the fences.
        line: the number of its first line in the page.
        start, end: where `text` stands in the page.
        printed: whether it is what the Python block above it prints.
    """

    language: str
    text: str
    line: int
    start: int
    end: int
    printed: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """Shown output that is not what was printed: the line of its block, both texts, and where the shown one stands."""

    line: int
    command: str
    shown: str
    printed: str
    start: int
    end: int


def blocks_of(page: str) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    blocks: list[Block] = []
    for match in _FENCE.finditer(page):
        above = blocks[-1] if blocks else None
        printed = (
            match[1] == "text"
            and above is not None
            and above.language == "python"
            and page[above.end + len("```") : match.start()].strip() == ""
        )
        line = page.count("\n", 0, match.start(2)) + 1
        blocks.append(Block(match[1], match[2], line, match.start(2), match.end(2), printed))
    return blocks


def commands_of(block: Block) -> Iterator[tuple[str, str, int, int]]:
    """Yield (command, shown output, start, end of that in the page) of a console block."""
    place = block.start
    command, start = None, place
    for line in block.text.splitlines(keepends=True):
        if line.startswith("$ "):
            if command is not None:
                yield command, block.text[start - block.start : place - block.start], start, place
            command, start = line.removeprefix("$ ").strip(), place + len(line)
        place += len(line)
    if command is not None:
        yield command, block.text[start - block.start :], start, place


def same_shape(shown: str, printed: str) -> bool:
    """Return whether two outputs are the same but for numbers, and the spaces and plurals that depend on them."""
    lines = [_shape(line) for line in shown.rstrip().splitlines()]
    pattern = "\n".join(r"(.*\n)*?.*" if line == _ANY_LINES else re.escape(line) for line in lines)
    return re.fullmatch(pattern, "\n".join(map(_shape, printed.rstrip().splitlines()))) is not None


def _shape(line: str) -> str:
    plain = _NUMBER.sub("#", " ".join(line.split()))
    return re.sub(r"# (trial|file|frame)s?\b", r"# \1s", re.sub(r"# (B|kB|MB)\b", "# bytes", plain))


class Session:
    """A new repository in which the blocks of one page run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "repository"
        programs = folder / "bin"
        programs.mkdir(parents=True)
        for name, words in (("bytefit", "-m bytefit"), ("python", ""), ("pre-commit", "-m pre_commit")):
            program = programs / name
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n', encoding="utf-8")
            program.chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT", "PRE_COMMIT"))}
        person = {f"GIT_{who}_{what}": "reader" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "PRE_COMMIT_HOME": str(folder / "hooks")}
        plain = {"PRE_COMMIT_COLOR": "never", "LC_ALL": "C.UTF-8", "COLUMNS": "100", "PYTHONPATH": _python_path()}
        self.environment = {**kept, **person, **alone, **plain, "PATH": os.pathsep.join((str(programs), kept["PATH"]))}
        shutil.copytree(ROOT / "examples", self.folder / "examples", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "examples" / "landscape.jpg", self.folder / "photo.jpg")
        self.shell("git init --quiet --initial-branch=main && git commit --quiet --allow-empty -m start")

    def shell(self, command: str) -> str:
        """Run a line of shell and return what it prints, errors among it."""
        if command.startswith("bytefit ") and not _FOR_A_SHELL.intersection(command):
            return self._program(arguments=shlex.split(command)[1:])[1]
        return self._run(["sh", "-c", command])[1]

    def run(self, page: str) -> Iterator[Difference]:
        """Run the blocks of a page and yield the outputs that are not as shown.

        Raises:
            RuntimeError: if a Python block fails, or a configuration is refused.
        """
        blocks = blocks_of(page)
        for at, block in enumerate(blocks):
            if block.language == "python":
                code, printed = self._program(code=block.text)
                if code:
                    raise RuntimeError(f"line {block.line}: {printed}")
                below = blocks[at + 1] if at + 1 < len(blocks) else None
                if below is not None and below.printed:
                    yield Difference(below.line, "python", below.text, printed, below.start, below.end)
            elif block.language == "console":
                for command, shown, start, end in commands_of(block):
                    yield Difference(block.line, command, shown, self.shell(command), start, end)
            elif block.language == "toml":
                self._configure(block)
            elif block.language == "yaml" and "repos:" in block.text:
                self._hook(block)

    def _configure(self, block: Block) -> None:
        kept = block.text.startswith(f"# {_KEPT}\n")
        name = _KEPT if kept else "pyproject.toml" if "[tool.bytefit" in block.text else "as-shown.toml"
        path = self.folder / name
        path.write_text(block.text, encoding="utf-8")
        code, printed = self._program(arguments=["check", "--config", name, "--explain", "a.png"])
        if not kept:
            path.unlink()
        if code:
            raise RuntimeError(f"line {block.line}: {printed}")

    def _hook(self, block: Block) -> None:
        """Write the configuration of pre-commit with the hooks of this checkout, which need not be fetched."""
        import yaml

        config = yaml.safe_load(block.text)
        manifest = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}
        for repo in config["repos"]:
            repo.pop("rev", None)
            repo["repo"] = "local"
            repo["hooks"] = [{**manifest[hook["id"]], **hook, "language": "system"} for hook in repo["hooks"]]
        (self.folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")

    def _program(self, **program: Any) -> tuple[int, str]:
        """Run the `code` of a Python program, or bytefit with `arguments`, in a process that need not load them."""
        output = self.folder.parent / "output"
        output.write_bytes(b"")
        where = {"folder": str(self.folder), "environment": self.environment, "output": str(output)}
        server = _server()
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps({**where, **program}) + "\n")
        server.stdin.flush()
        code = int(server.stdout.readline())
        return code, output.read_text(encoding="utf-8")

    def _run(self, command: list[str]) -> tuple[int, str]:
        done = subprocess.run(  # noqa: S603  (what the pages of this repository show)
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        return done.returncode, done.stdout


@cache
def _server() -> subprocess.Popen[str]:
    """Return a process that has loaded bytefit, and forks for each program; it ends with this one."""
    server = subprocess.Popen(  # noqa: S603  (a script of this folder)
        [sys.executable, str(ROOT / "docs" / "forking.py")],
        env={**os.environ, "PYTHONPATH": _python_path()},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    atexit.register(server.communicate)
    return server


def _python_path() -> str:
    """Return the search path of modules: the bytefit of this checkout comes first."""
    return os.pathsep.join(filter(None, (str(ROOT / "src"), os.environ.get("PYTHONPATH", ""))))


def run_page(path: Path) -> list[Difference]:
    """Run a page in a new session and return every output, shown and printed."""
    with tempfile.TemporaryDirectory() as folder:
        return list(Session(Path(folder)).run(path.read_text(encoding="utf-8")))


def main() -> None:
    """Rewrite the output that the pages show."""
    parser = argparse.ArgumentParser(description="Rewrite the output that the pages show.")
    parser.add_argument("pages", nargs="*", type=Path, metavar="PAGE", default=PAGES)
    parser.add_argument("--all", action="store_true", help="rewrite outputs of which only numbers differ too")
    arguments = parser.parse_args()
    for path in arguments.pages:
        page = path.read_text(encoding="utf-8")
        for one in reversed(run_page(path)):
            shortened = _ANY_LINES in one.shown.splitlines()
            if (arguments.all and not shortened) or not same_shape(one.shown, one.printed):
                page = page[: one.start] + one.printed + page[one.end :]
                print(f"{path}:{one.line}: {one.command}")
        path.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()

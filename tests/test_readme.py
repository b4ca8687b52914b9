"""What the README shows works: its Python runs, its commands and configurations are understood, nothing is left out."""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pre_commit.clientlib import load_config, load_manifest

from bytefit.cli.main import _parser

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCED = re.findall(r"^```(\w+)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
PYTHON = [block for language, block in FENCED if language == "python"]
YAML = [block for language, block in FENCED if language == "yaml"]
SHELL = [line.strip() for language, block in FENCED if language == "console" for line in block.splitlines()]
INDENTED = [line.strip() for line in README.splitlines() if line.startswith("    ")]
HOOKS = load_manifest(ROOT / ".pre-commit-hooks.yaml")


def bytefit_commands() -> list[list[str]]:
    """Return the arguments of every call of `bytefit` in the README's shell lines."""
    steps = [step for line in SHELL + INDENTED for step in re.split(r"&&|[|;>]", line.removeprefix("$ "))]
    words = [shlex.split(step, comments=True) for step in steps if "bytefit" in step]
    return [rest for program, *rest in filter(None, words) if Path(program).name == "bytefit"]


def subcommands() -> dict[str, argparse.ArgumentParser]:
    """Return the parsers of bytefit's commands by name."""
    return next(action.choices for action in _parser()._actions if isinstance(action, argparse._SubParsersAction))


def long_options(command: str) -> list[str]:
    """Return the options of a command that a reader may want to know of."""
    return [
        name for name in subcommands()[command]._option_string_actions if name.startswith("--") and name != "--help"
    ]


def names(text: str, word: str) -> bool:
    """Return whether `text` has `word` on its own, not as a part of a longer one."""
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) is not None


@pytest.mark.parametrize("block", PYTHON, ids=range(len(PYTHON)))
def test_python_block_runs(block, tmp_path):
    """Every Python block works as it stands, beside the folder `examples` or a file `photo.jpg`."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    shutil.copy(ROOT / "examples" / "landscape.jpg", tmp_path / "photo.jpg")

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, ""), block


@pytest.mark.parametrize("arguments", bytefit_commands(), ids=" ".join)
def test_command_is_understood(arguments):
    """Every `bytefit` command in the README parses."""
    assert callable(_parser().parse_args(arguments).run)


@pytest.mark.parametrize("block", YAML, ids=range(len(YAML)))
def test_hook_configuration_is_valid(block, tmp_path):
    """pre-commit accepts the configurations shown, and they name hooks that there are."""
    config = tmp_path / ".pre-commit-config.yaml"
    config.write_text(block, encoding="utf-8")

    used = {hook["id"] for repo in load_config(config)["repos"] for hook in repo["hooks"]}

    assert used
    assert used <= {hook["id"] for hook in HOOKS}


def test_readme_shows_python_a_command_and_a_hook():
    """The three ways to use bytefit are each shown once at least: the tests above have something to run."""
    assert PYTHON
    assert YAML
    assert bytefit_commands()


@pytest.mark.parametrize("hook", [hook["id"] for hook in HOOKS])
def test_readme_names_every_hook(hook):
    """A hook that the README does not name is not found by anybody."""
    assert names(README, hook)


@pytest.mark.parametrize("command", ["compress", "check", "fix"])
def test_readme_names_every_option(command):
    """Every long option of the daily commands is in the README."""
    assert names(README, f"bytefit {command}")
    assert [option for option in long_options(command) if not names(README, option)] == []


def test_files_the_readme_links_to_exist():
    """Relative links lead somewhere."""
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", README) if "://" not in link]

    assert [link for link in links if not (ROOT / link).exists()] == []


def test_readme_names_the_test_command_of_continuous_integration():
    """A person and the continuous integration run the tests by the same words."""
    ci = ROOT / ".ci" / "run"
    if not ci.is_file():
        pytest.skip("the sdist leaves .ci out")

    assert "python -m pytest" in README
    assert re.search(r"python -m pytest$", ci.read_text(encoding="utf-8"), flags=re.MULTILINE)

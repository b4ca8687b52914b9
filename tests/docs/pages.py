"""The pages that people read, their blocks, and what the command line says of their commands."""

from __future__ import annotations

import argparse
import importlib.util
import re
import shlex
import sys
from pathlib import Path

from bytefit.cli.main import _parser as command_line

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
README = ROOT / "README.md"


def script(name):
    """Return a script of docs/ as a module; its folder is no package."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


transcripts = script("transcripts")
PAGES = transcripts.PAGES


def name_of(path):
    """Return a page's name relative to the repository."""
    return path.relative_to(ROOT).as_posix()


def bytefit_commands(page):
    """Return the arguments of every call of `bytefit` in the shell lines of a page, and in its indented lines."""
    lines = []
    for block in transcripts.blocks_of(page):
        if block.language == "console":
            lines += [command for command, *_ in transcripts.commands_of(block)]
        elif block.language == "sh":
            lines += block.text.splitlines()
    lines += [line.strip() for line in page.splitlines() if line.startswith("    python3 ")]
    steps = [step for line in lines for step in re.split(r"&&|2?>|[|;]", line) if "bytefit" in step]
    words = [shlex.split(step, comments=True) for step in steps]
    return [rest for program, *rest in filter(None, words) if Path(program).name == "bytefit"]


def commands():
    """Return (name, parser) for every command of the command line that has no commands of its own."""
    found = [("bytefit", command_line())]
    for name, parser in found:
        below = next((action for action in parser._actions if isinstance(action, argparse._SubParsersAction)), None)
        if below is not None:
            found += [(f"{name} {command}", choice) for command, choice in below.choices.items()]
    return [(name, parser) for name, parser in found if not parser._subparsers]


def options(parser):
    """Return the long options of a parser, --help left out."""
    return [name for name in parser._option_string_actions if name.startswith("--") and name != "--help"]

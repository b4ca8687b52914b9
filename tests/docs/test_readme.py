"""The README is short, and names what a newcomer looks for. Its blocks are run with those of the other pages."""

from __future__ import annotations

import re

import pytest
from pages import README, ROOT, bytefit_commands, transcripts
from pre_commit.clientlib import load_manifest

TEXT = README.read_text(encoding="utf-8")
BLOCKS = transcripts.blocks_of(TEXT)
HOOKS = [hook["id"] for hook in load_manifest(ROOT / ".pre-commit-hooks.yaml")]
MOST_LINES = 130


def names(text, word):
    """Return whether `text` has `word` on its own, not as a part of a longer one."""
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) is not None


def test_readme_is_short():
    """Whoever reads it decides in a minute whether bytefit is for them; the rest is in docs/."""
    assert len(TEXT.splitlines()) <= MOST_LINES


def test_readme_shows_the_three_ways_and_what_they_print():
    """Python, the command line and the hook are shown, each with its output."""
    printed = [command for block in BLOCKS if block.language == "console" for command in transcripts.commands_of(block)]
    with_output = {command.split()[0] for command, shown, *_ in printed if shown.strip()}

    assert any(block.printed for block in BLOCKS)
    assert {"bytefit", "git"} <= with_output
    assert any(block.language == "yaml" for block in BLOCKS)
    assert bytefit_commands(TEXT)


@pytest.mark.parametrize("hook", HOOKS)
def test_readme_names_every_hook(hook):
    """A hook that the README does not name is not found by anybody."""
    assert names(TEXT, hook)


def test_readme_has_a_line_for_each_format():
    """Nine formats, nine lines."""
    section = TEXT.partition("## Formats\n")[2].partition("\n## ")[0]

    assert len(re.findall(r"^\| (?!format)[\w ]+ \|", section, flags=re.MULTILINE)) == len(
        ("JPEG", "PNG", "GIF", "WebP", "AVIF", "TIFF", "JPEG 2000", "HEIC", "JPEG XL")
    )


def test_readme_names_the_test_command_of_continuous_integration():
    """A person and the continuous integration run the tests by the same words."""
    ci = ROOT / ".ci" / "run"
    if not ci.is_file():
        pytest.skip("the sdist leaves .ci out")

    assert "python -m pytest" in TEXT
    assert re.search(r"python -m pytest$", ci.read_text(encoding="utf-8"), flags=re.MULTILINE)

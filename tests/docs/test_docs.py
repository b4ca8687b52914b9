"""What the pages show is true: their blocks run and print what stands there, their links lead somewhere."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml
from pages import DOCS, PAGES, ROOT, bytefit_commands, commands, name_of, options, script, transcripts
from pre_commit.clientlib import load_config, load_manifest

from bytefit.cli.main import _parser as command_line

LANGUAGES = {"python", "console", "text", "toml", "yaml", "json", "ini", "sh"}
GENERATED = script("generate").pages()

# What marks the commands that show a mistake.
MISTAKES = ("KO", "progressive=maybe", "keep-place")

each_page = pytest.mark.parametrize("path", PAGES, ids=name_of)


def commands_shown():
    """Return every command in the pages, those with a deliberate mistake left out."""
    shown = {tuple(arguments) for path in PAGES for arguments in bytefit_commands(path.read_text(encoding="utf-8"))}
    return [one for one in sorted(shown) if not any(mistake in " ".join(one) for mistake in MISTAKES)]


@each_page
@pytest.mark.skipif(not (hasattr(os, "fork") and shutil.which("git")), reason="the pages use a shell and git")
def test_blocks_of_a_page_run_and_print_what_stands_there(path):
    """A reader who types what a page shows gets what it shows; numbers may differ between encoders and machines."""
    differences = [
        f"line {one.line}: {one.command}\n--- shown\n{one.shown}--- printed\n{one.printed}"
        for one in transcripts.run_page(path)
        if not transcripts.same_shape(one.shown, one.printed)
    ]

    assert differences == [], f"python docs/transcripts.py {name_of(path)} shows what is printed now"


@each_page
def test_every_block_can_be_checked(path, tmp_path):
    """A block in a language that nothing reads could say anything."""
    blocks = transcripts.blocks_of(path.read_text(encoding="utf-8"))

    assert {block.language for block in blocks} <= LANGUAGES
    for block in blocks:
        if block.language == "toml":
            tomllib.loads(block.text)
        elif block.language == "json":
            json.loads(block.text)
        elif block.language == "ini":
            configparser.ConfigParser().read_string(block.text)
        elif block.language == "yaml":
            config = yaml.safe_load(block.text)
            if "repos" in config:
                file = tmp_path / ".pre-commit-config.yaml"
                file.write_text(block.text, encoding="utf-8")
                used = {hook["id"] for repo in load_config(file)["repos"] for hook in repo["hooks"]}
                assert used <= {hook["id"] for hook in load_manifest(ROOT / ".pre-commit-hooks.yaml")}


@pytest.mark.parametrize("arguments", commands_shown(), ids=" ".join)
def test_command_is_understood(arguments):
    """Every option that a page names exists, in the commands that take too long to be run here, too."""
    assert callable(command_line().parse_args(arguments).run)


@each_page
def test_links_lead_somewhere(path):
    """A link that stays in the repository is to a file there is, and to a heading there is."""
    page = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            broken.append(link)

    assert broken == []


def anchors_of(path):
    """Return the anchors of a page's headings, as the forge and MyST make them."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_index_lists_every_page():
    """A page that the index does not link to is found by nobody."""
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")} - {"index.md"}

    assert set(re.findall(r"\]\(([\w/-]+\.md)\)", index)) == pages


@pytest.mark.parametrize("name", GENERATED)
def test_the_reference_is_up_to_date(name):
    """The reference is written from the code, and committed so that it can be read without a build."""
    written = (DOCS / "reference" / name).read_text(encoding="utf-8")

    assert written == GENERATED[name], "python docs/generate.py writes the reference again"


@pytest.mark.parametrize("command", [name for name, _ in commands()])
def test_the_reference_names_every_option(command):
    """Whatever `--help` lists is in the reference, in the section of its command."""
    page = GENERATED["command-line.md"]
    section = page.partition(f"## `{command}`\n")[2].partition("\n## ")[0]

    assert [option for option in options(dict(commands())[command]) if f"{option}" not in section] == []


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("98.3 kB in 0.02 s, 1 trial", "99 kB in 1.5 s, 12 trials", True),
        ("a   1\n", "a 20\n\n", True),
        ("{\n...\n}", '{\n"size": 1,\n"fits": true\n}', True),
        ("{\n...\n}", "{\n", False),
        ("exit code 1", "exit code 2", False),
        ("quality 80", "score 80", False),
        ("one line", "one line\nanother", False),
        ("", "error: no such file", False),
    ],
)
def test_outputs_are_compared_by_their_words(shown, printed, same):
    """A new encoder may change every number; words, lines and exit codes may not change unseen."""
    assert transcripts.same_shape(shown, printed) is same


def test_the_plots_are_small_and_there():
    """Each is a page's cost, and every plot that a page shows is committed."""
    plots = sorted(path.name for path in DOCS.rglob("*.svg"))
    shown = re.findall(r"!\[[^\]]+\]\((\w+\.svg)\)", (DOCS / "explanation" / "curve-and-trials.md").read_text("utf-8"))

    assert plots == sorted(shown)
    assert all(path.stat().st_size < 60_000 for path in DOCS.rglob("*.svg"))


def test_the_plots_can_be_drawn(tmp_path):
    """The script draws the committed plots, each a picture with the same panels and words."""
    pytest.importorskip("matplotlib")
    pytest.importorskip("sklearn")

    done = subprocess.run(
        [sys.executable, "-W", "error", DOCS / "draw_plots.py", tmp_path], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    for path in DOCS.rglob("*.svg"):
        drawn = (tmp_path / path.name).read_text(encoding="utf-8")
        assert words_of(drawn) == words_of(path.read_text(encoding="utf-8"))


def words_of(plot):
    """Return the words in a plot; numbers differ between encoders."""
    texts = re.findall(r"<text [^>]*>([^<]*)</text>", plot)
    return {text for text in texts if re.search("[a-z]{3}", text) and not re.search(r"\d|trial", text)}

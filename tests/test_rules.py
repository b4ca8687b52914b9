"""Which rule a file has: globs as git reads them, the last rule that matches."""

from __future__ import annotations

import subprocess

import pytest

from bytefit.budgets.configuration import parse_configuration
from bytefit.budgets.rules import matches, rule_for, totals_of
from repositories import Repository

GLOBS = (
    *("*.jpg", "/a.jpg", "docs", "docs/", "docs/**", "docs/*.jpg", "**/raw/*.jpg", "a?.jpg", "[ab]*.jpg", "[!a]*.jpg"),
    *("docs/**/b.jpg", "\\#x.jpg", "\\!x.jpg", "with space.jpg", "**", "*", "*.JPG", "docs/raw/", "/docs/*", "ä*.jpg"),
)
NAMES = (
    *("a.jpg", "b.jpg", "A.JPG", "docs/a.jpg", "docs/b.jpg", "docs/raw/a.jpg", "docs/raw/deep/b.jpg", "raw/c.jpg"),
    *("ab.jpg", "#x.jpg", "!x.jpg", "with space.jpg", "ä.jpg", "web/docs/a.jpg", "docs.jpg", "line\nbreak.jpg"),
)


def test_globs_match_what_git_ignores_by_them(tmp_path):
    """Gitignore is the standard; git itself says what it means."""
    repository = Repository(tmp_path)
    for glob in GLOBS:
        repository.write(".gitignore", f"{glob}\n".encode())
        asked = "".join(f"{name}\0" for name in NAMES)
        done = subprocess.run(
            ["git", "check-ignore", "--no-index", "-z", "--stdin"],
            cwd=tmp_path,
            env=repository.environment,
            input=asked.encode(),
            capture_output=True,
            check=False,
        )
        ignored = {name for name in done.stdout.decode().split("\0") if name}

        assert {name for name in NAMES if matches((glob,), name)} == ignored, glob


@pytest.mark.parametrize(
    ("name", "budget"),
    [
        ("a.jpg", 500_000),
        ("docs/a.jpg", 1000),
        ("docs/raw/a.jpg", 2000),
        ("docs/raw/keep.jpg", 1000),
        ("\udcff.jpg", 500_000),
        ("docs/\udcff.jpg", 1000),
        ("old/docs/a.jpg", None),
        ("old/new.jpg", 500_000),
    ],
)
def test_the_last_rule_that_matches_holds(name, budget):
    """A negation takes files out of a rule, or out of what is excluded, again."""
    configuration = parse_configuration(
        {
            "exclude": ["old/**", "!old/new.jpg"],
            "rules": [
                {"files": ["/docs/**"], "max-size": 1000},
                {"files": ["docs/raw/**", "!keep.jpg"], "max-size": 2000},
            ],
        }
    )

    rule = rule_for(name, configuration)

    assert (rule and rule.max_size) == budget


def test_a_file_counts_into_every_total_that_matches():
    """But not where it is excluded."""
    totals = [{"files": ["a/**"], "max-size": 1}, {"files": ["*.jpg"], "max-size": 2}]
    configuration = parse_configuration({"exclude": ["old.jpg"], "totals": totals})

    found = {
        name: [total.max_size for total in totals_of(name, configuration)] for name in ("a/b.jpg", "b.jpg", "a/old.jpg")
    }

    assert found == {"a/b.jpg": [1, 2], "b.jpg": [2], "a/old.jpg": []}

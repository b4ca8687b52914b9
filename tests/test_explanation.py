"""`bytefit check --explain`: which rule a file has, and why."""

from __future__ import annotations

import pytest

from bytefit.cli import main
from images import encoded, noise
from repositories import Repository

CONFIGURATION = b"""\
max-size = "300KB"
min-quality = 40
exclude = ["old/**"]
[[rules]]
files = ["docs/**"]
max-size = "2KB"
[[rules]]
files = ["docs/**/*.jpg", "!docs/plain.jpg"]
max-size = "3KB"
resize = true
[[rules]]
files = ["raw/**"]
skip = true
[[totals]]
files = ["docs/**"]
max-size = "20MB"
"""


@pytest.fixture
def explained(tmp_path, monkeypatch, capsys):
    """Return a function that explains a path and returns the lines."""
    repository = Repository(tmp_path / "repository")
    repository.write(".bytefit.toml", CONFIGURATION)
    repository.write("docs/a.jpg", encoded(noise()))
    repository.write("fine.jpg", b"\xff\xd8\xff")
    monkeypatch.chdir(repository.folder)

    def explained(path):
        assert main(["check", "--explain", path]) == 0
        return capsys.readouterr().out.splitlines()

    return explained


def test_the_rule_that_holds_is_named_with_the_glob_that_matches(explained):
    """And those that it overrules, the totals it counts into, and what a check says."""
    lines = explained("docs/a.jpg")

    assert lines[0] == "docs/a.jpg: at most 3 kB (3,000 bytes), by [[rules]] 2 in .bytefit.toml ('docs/**/*.jpg')"
    assert lines[1:5] == [
        "  min-quality = 40",
        "  resize = true",
        "  overruled: [[rules]] 1 in .bytefit.toml matches too ('docs/**'), but the last one holds",
        "  counts into [[totals]] 1 in .bytefit.toml: docs/**, at most 20 MB",
    ]
    assert lines[5].endswith("over its budget of 3 kB (new): recompress")


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("fine.jpg", ["fine.jpg: at most 300 kB (300,000 bytes), by .bytefit.toml, where no rule matches"]),
        ("old/a.jpg", ["old/a.jpg: not looked at: excluded by 'old/**' in .bytefit.toml"]),
        ("raw/a.jpg", ["raw/a.jpg: no budget of its own: skip = true by [[rules]] 3 in .bytefit.toml ('raw/**')"]),
        ("docs/plain.jpg", ["docs/plain.jpg: at most 2 kB (2,000 bytes), by [[rules]] 1 in .bytefit.toml ('docs/**')"]),
    ],
)
def test_other_reasons_are_told_too(explained, path, lines):
    """Whether there is such a file or not."""
    told = explained(path)

    assert told[: len(lines)] == lines
    assert path.startswith("old") or told[-1] in {"  there is no such file", "  it has 3 B, which is fine"}


def test_without_a_configuration_the_default_is_told(tmp_path, monkeypatch, capsys):
    """With what is given on the command line in its place."""
    monkeypatch.chdir(tmp_path)

    main(["check", "--explain", "a.jpg"])
    main(["check", "--explain", "a.jpg", "--max-size", "1KB"])

    out = capsys.readouterr().out.splitlines()
    assert out[0] == "a.jpg: at most 500 kB (500,000 bytes), the default"
    assert out[2] == "a.jpg: at most 1 kB (1,000 bytes), by the command line, where no rule matches"


def test_what_is_in_the_baseline_is_told(explained, capsys):
    """With the size it had."""
    main(["check", "--write-baseline", "docs/a.jpg"])
    capsys.readouterr()

    lines = explained("docs/a.jpg")

    assert any(line.startswith("  in the baseline with ") for line in lines)
    assert lines[-1].endswith("(known): recompress")

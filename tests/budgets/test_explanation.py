"""`bytefit check --explain`: which rule a file has, and why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bytefit.cli.main import main
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
    """An explanation has the rule, the overruled rules, the totals and the result of the check."""
    lines = explained("docs/a.jpg")

    assert lines[0] == "docs/a.jpg: at most 3 kB (3,000 bytes), by [[rules]] 2 in .bytefit.toml ('docs/**/*.jpg')"
    assert lines[1:5] == [
        "  min-quality = 40",
        "  resize = true",
        "  overruled: [[rules]] 1 in .bytefit.toml matches too ('docs/**'), the last match applies",
        "  counts into [[totals]] 1 in .bytefit.toml: docs/**, at most 20 MB",
    ]
    assert lines[5].endswith("over its budget of 3 kB (new): recompress")


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("fine.jpg", ["fine.jpg: at most 300 kB (300,000 bytes), by .bytefit.toml, where no rule matches"]),
        ("old/a.jpg", ["old/a.jpg: not checked: excluded by 'old/**' in .bytefit.toml"]),
        ("raw/a.jpg", ["raw/a.jpg: no budget of its own: skip = true by [[rules]] 3 in .bytefit.toml ('raw/**')"]),
        ("docs/plain.jpg", ["docs/plain.jpg: at most 2 kB (2,000 bytes), by [[rules]] 1 in .bytefit.toml ('docs/**')"]),
    ],
)
def test_other_reasons_are_told_too(explained, path, lines):
    """Excluded and skipped paths must be explained, whether or not the file exists."""
    told = explained(path)

    assert told[: len(lines)] == lines
    assert path.startswith("old") or told[-1] in {"  there is no such file", "  it has 3 B, which is fine"}


def test_without_a_configuration_the_default_is_told(tmp_path, monkeypatch, capsys):
    """Without a configuration, the default budget or the one of the command line is shown."""
    monkeypatch.chdir(tmp_path)

    main(["check", "--explain", "a.jpg"])
    main(["check", "--explain", "a.jpg", "--max-size", "1KB"])

    out = capsys.readouterr().out.splitlines()
    assert out[0] == "a.jpg: at most 500 kB (500,000 bytes), the default"
    assert out[2] == "a.jpg: at most 1 kB (1,000 bytes), by the command line, where no rule matches"


def test_what_is_in_the_baseline_is_told(explained, capsys):
    """The recorded size must be shown."""
    main(["check", "--write-baseline", "docs/a.jpg"])
    capsys.readouterr()

    lines = explained("docs/a.jpg")

    assert any(line.startswith("  in the baseline with ") for line in lines)
    assert lines[-1].endswith("(known): recompress")


def test_each_limit_and_option_that_holds_is_told(tmp_path, monkeypatch, capsys):
    """All limits and options are shown with their keys, from the rule and the top level, with their violations."""
    (tmp_path / ".bytefit.toml").write_text(
        "max-width = 100\nslack = 0.1\neffort = 'best'\nresize = true\n"
        "[[rules]]\nfiles = ['*.jpg']\nmax-height = 50\nresize = false\nmetadata = 'strip'\n",
        encoding="utf-8",
    )
    (tmp_path / "wide.jpg").write_bytes(encoded(noise((144, 40))))
    (tmp_path / "fits.jpg").write_bytes(encoded(noise((100, 50))))
    monkeypatch.chdir(tmp_path)

    main(["check", "--explain", "wide.jpg"])
    wide = capsys.readouterr().out.splitlines()
    main(["check", "--explain", "fits.jpg"])
    fits = capsys.readouterr().out.splitlines()

    assert wide[0] == "wide.jpg: at most 500 kB (500,000 bytes), by [[rules]] 1 in .bytefit.toml ('*.jpg')"
    assert set(wide[1:7]) == {
        *("  max-width = 100", "  max-height = 50", "  slack = 0.1"),
        *("  effort = best", "  resize = false", "  metadata = strip"),
    }
    assert wide[7].startswith("  144x40 pixels exceed max-width 100 (new): skip it")
    assert fits[1:7] == wide[1:7]
    assert fits[7].endswith(", which is fine")


def test_without_a_budget_in_the_file_the_default_is_told(tmp_path, monkeypatch, capsys):
    """A file without max-size must not be named as the source of the budget."""
    (tmp_path / ".bytefit.toml").write_text("effort = 'fast'\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    main(["check", "--explain", "a.jpg"])

    assert capsys.readouterr().out.splitlines() == [
        "a.jpg: at most 500 kB (500,000 bytes), the default",
        "  effort = fast",
        "  there is no such file",
    ]


def test_a_path_is_explained_from_wherever_it_is_named(explained, monkeypatch):
    """Paths are relative to the working directory, globs to the configuration; absolute paths work, too."""
    told = explained("docs/a.jpg")[1:]
    absolute = str(Path("docs/a.jpg").absolute())
    Path("web").mkdir()
    monkeypatch.chdir("web")

    assert explained(absolute)[0].startswith(f"{absolute}: at most 3 kB")
    below = explained("../docs/a.jpg")
    assert below[0] == (
        "../docs/a.jpg: at most 3 kB (3,000 bytes), by [[rules]] 2 in ../.bytefit.toml ('docs/**/*.jpg')"
    )
    assert below[1:] == [line.replace("in .bytefit.toml", "in ../.bytefit.toml") for line in told]


def test_every_glob_that_matches_is_named_and_no_other(tmp_path, monkeypatch, capsys):
    """The explanation must name exactly the globs that match."""
    (tmp_path / ".bytefit.toml").write_text(
        "exclude = ['old/**', '!old/new.jpg', '*.jpg']\n[[rules]]\nfiles = ['a.*', 'b.*', '*.png', '!c.png']\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)

    for path in ("old/a.jpg", "a.png", "c.png"):
        main(["check", "--explain", path])

    assert [line for line in capsys.readouterr().out.splitlines() if not line.startswith("  ")] == [
        "old/a.jpg: not checked: excluded by 'old/**', '*.jpg' in .bytefit.toml",
        "a.png: at most 500 kB (500,000 bytes), by [[rules]] 1 in .bytefit.toml ('a.*', '*.png')",
        "c.png: at most 500 kB (500,000 bytes), the default",
    ]


def test_a_rule_in_pyproject_is_told_as_it_stands_there(tmp_path, monkeypatch, capsys):
    """The label of a rule must be text that people can search for in the file."""
    (tmp_path / "pyproject.toml").write_text(
        "[tool.bytefit]\nmax-size = '1KB'\n[[tool.bytefit.rules]]\nfiles = ['*.png']\n"
        "[[tool.bytefit.totals]]\nfiles = ['*.png', '!a.png']\nmax-size = '1MB'\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)

    main(["check", "--explain", "b.png"])
    main(["check", "--explain", "a.gif"])

    assert capsys.readouterr().out.splitlines() == [
        "b.png: at most 1 kB (1,000 bytes), by [[tool.bytefit.rules]] 1 in pyproject.toml ('*.png')",
        "  counts into [[tool.bytefit.totals]] 1 in pyproject.toml: *.png !a.png, at most 1 MB",
        "  there is no such file",
        "a.gif: at most 1 kB (1,000 bytes), by pyproject.toml, where no rule matches",
        "  there is no such file",
    ]


def test_a_link_that_leads_out_of_the_tree_is_told(explained, tmp_path):
    """A skipped link has no result, so the explanation must say that it is skipped."""
    (tmp_path / "outside.jpg").write_bytes(encoded(noise()))
    Path("docs/link.jpg").symlink_to(tmp_path / "outside.jpg")

    lines = explained("docs/link.jpg")

    assert lines[-1].startswith("  docs/link.jpg is a symbolic link to a file outside the tree")
    assert not any("which is fine" in line or "over its budget" in line for line in lines)


def test_names_that_are_not_utf8_are_explained(explained):
    """A rule applies to such names, and their explanation must be printable."""
    lines = explained(os.fsdecode(b"docs/\xff.jpg"))

    assert lines[0] == "docs/\\udcff.jpg: at most 3 kB (3,000 bytes), by [[rules]] 2 in .bytefit.toml ('docs/**/*.jpg')"


def test_a_pointer_is_explained_by_the_size_it_states(explained):
    """The explanation must show the same size as the check."""
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'4' * 64}\nsize 200000\n"
    Path("pointer.jpg").write_text(pointer, encoding="utf-8")

    assert explained("pointer.jpg")[-1] == "  it has 200 kB, which is fine"


def test_a_name_with_a_line_break_is_explained_in_one_line(explained):
    """A name with a line break must not break the line."""
    assert len(explained("docs/two\nlines.jpg")) == len(explained("docs/one.jpg"))

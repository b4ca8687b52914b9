"""The audit: every image beside its budget, by content and size, without an imaging library where none is needed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bytefit.budgets.audit import FIXABLE, POINTER, audit
from bytefit.budgets.baseline import Baseline
from bytefit.budgets.configuration import load_configuration, parse_configuration
from bytefit.budgets.selection import Selection
from bytefit.cli import main
from bytefit.codecs import CODECS
from images import encoded, noise, photograph
from repositories import Repository

JPEG = b"\xff\xd8\xff" + bytes(3000)


def pointer(size, line="\n"):
    """Return a Git LFS pointer."""
    lines = ("version https://git-lfs.github.com/spec/v1", f"oid sha256:{'0123456789abcdef' * 4}", f"size {size}")
    return "".join(text + line for text in lines).encode()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Return an empty repository, and run inside."""
    made = Repository(tmp_path / "repository")
    monkeypatch.chdir(made.folder)
    return made


def audited(*paths, baseline=None, staged=False, from_ref=None, **table):
    """Audit the working directory with a configuration."""
    configuration = parse_configuration(table)._replace(base=str(Path.cwd()))
    return audit(Selection(paths, staged, from_ref), configuration, baseline or Baseline({}, {}))


def over(*paths, **table):
    """Return the names that are over, in order."""
    return [finding.name for finding in audited(*paths, **table).findings]


def test_content_decides_what_is_an_image_and_of_which_format(repository):
    """Not what it is called."""
    repository.write("really.jpg", encoded(noise(), "PNG"))
    repository.write("text.jpg", b"hello " * 9000)
    repository.write("picture", JPEG)
    repository.write("photo.jpeg", JPEG)

    found = audited("really.jpg", "text.jpg", "picture", "photo.jpeg", **{"max-size": "2KB"})

    assert {finding.name: finding.format for finding in found.findings} == {
        "really.jpg": "PNG",
        "picture": "JPEG",
        "photo.jpeg": "JPEG",
    }
    assert found.files == 4


def test_the_furthest_over_come_first(repository):
    """Then by name."""
    for name, size in (("b.jpg", 2000), ("a.jpg", 2000), ("c.jpg", 9000), ("fine.jpg", 1500)):
        repository.write(name, b"\xff\xd8\xff".ljust(size, b"x"))

    assert over(".", **{"max-size": 1500}) == ["c.jpg", "a.jpg", "b.jpg"]


@pytest.mark.parametrize("line", ["\n", "\r\n"])
def test_a_pointer_is_judged_by_the_size_it_states(repository, line):
    """On disk, in the index and between commits; and in totals."""
    repository.write("start.txt", b"x")
    first = repository.commit()
    repository.write("large.jpg", pointer(3_000_000, line))
    repository.write("small.jpg", pointer(3_000, line))
    repository.write("like-one.jpg", b"version https://git-lfs.github.com/spec/v1\n" + b"x" * 120)
    repository.git("add", "--all")

    for found in (audited("."), audited(staged=True)):
        assert [(one.name, one.size, one.format) for one in found.findings] == [("large.jpg", 3_000_000, POINTER)]
    repository.commit()
    assert [one.size for one in audited(from_ref=first).findings] == [3_000_000]
    (total,) = audited("small.jpg", totals=[{"files": ["large.jpg", "small.jpg"], "max-size": "3MB"}]).totals
    assert (total.size, total.files, total.excess) == (3_003_000, 2, 3_000)


def test_staged_files_are_judged_as_they_are_staged(repository):
    """Not as they lie in the work tree meanwhile."""
    repository.write("a.jpg", JPEG)
    repository.write("b.jpg", JPEG * 9)
    repository.git("add", "--all")
    repository.write("a.jpg", JPEG * 9)
    repository.write("b.jpg", JPEG)

    assert [one.name for one in audited(staged=True, **{"max-size": "10KB"}).findings] == ["b.jpg"]


def test_links_are_followed_inside_the_tree_only(repository, tmp_path):
    """In folders never: what they lead to has a name of its own. What leads out is told."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "far.jpg").write_bytes(JPEG)
    repository.write("near.jpg", JPEG)
    for name, target in (("in.jpg", "near.jpg"), ("out.jpg", tmp_path / "outside" / "far.jpg"), ("broken.jpg", "no")):
        (repository.folder / name).symlink_to(target)
    (repository.folder / "folder").symlink_to(tmp_path / "outside")
    repository.git("add", "--all")

    assert over(**{"max-size": 1000}) == over(".", **{"max-size": 1000}) == ["near.jpg"]
    found = audited("in.jpg", "out.jpg", "folder/far.jpg", **{"max-size": 1000})
    assert [one.name for one in found.findings] == ["in.jpg"]
    assert [note.split(" ")[0] for note in found.notes] == ["out.jpg", "folder/far.jpg"]
    assert all("leads out of the tree by a symbolic link" in note for note in found.notes)
    with pytest.raises(FileNotFoundError):
        audited("broken.jpg")
    # What is named where it is, is meant.
    assert len(audited(str(tmp_path / "outside" / "far.jpg"), **{"max-size": 1000}).findings) == 1


def test_dimensions_are_limits_too(repository):
    """Of images whatever their bytes are, and with the limits that are broken."""
    repository.write("wide.jpg", encoded(photograph((300, 100))))
    repository.write("high.png", encoded(photograph((100, 300)), "PNG"))
    repository.write("small.jpg", encoded(photograph((100, 100))))
    repository.write("broken.jpg", JPEG)

    limits = {"max-width": 200, "max-height": 200}
    found = {one.name: one for one in audited(".", **limits).findings}

    assert {name: one.limits for name, one in found.items()} == {
        "wide.jpg": ("max-width",),
        "high.png": ("max-height",),
    }
    assert found["wide.jpg"].message == "300x100 pixels exceed max-width 200"
    repository.git("add", "--all")
    assert {one.name for one in audited(staged=True, **limits).findings} == set(found)


def test_rules_skip_and_exclude_decide_what_is_judged(repository):
    """The last rule that matches; what is skipped has no budget, what is excluded is not counted into totals either."""
    for name in ("a.jpg", "docs/a.jpg", "docs/raw/a.jpg", "old/a.jpg"):
        repository.write(name, JPEG)

    table = {
        "max-size": "10KB",
        "exclude": ["old/**"],
        "rules": [{"files": ["docs/**"], "max-size": "1KB"}, {"files": ["docs/raw/**"], "skip": True}],
        "totals": [{"files": ["**/a.jpg"], "max-size": 1}],
    }
    repository.git("add", "--all")
    found = audited(".", **table)

    assert [(one.name, one.budget, one.rule.label) for one in found.findings] == [
        ("docs/a.jpg", 1000, "[[rules]] 1 in .bytefit.toml")
    ]
    assert [(total.files, total.size) for total in found.totals] == [(3, 3 * len(JPEG))]


def test_totals_are_over_the_whole_tree_whatever_is_named(repository):
    """A hook is given a few files of many."""
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        repository.write(name, JPEG)
    repository.git("add", "--all")

    (total,) = audited("a.jpg", totals=[{"files": ["*.jpg"], "max-size": "5KB"}]).totals

    assert (total.files, total.message) == (3, "3 files of 9 kB, 4 kB over their total of 5 kB")


def test_what_the_baseline_knows_does_not_fail_until_it_grows(repository):
    """And what is cured, or gone, is told; what was not looked at is not."""
    for name, size in (("known.jpg", 3000), ("grown.jpg", 3000), ("cured.jpg", 500), ("unseen.jpg", 3000)):
        repository.write(name, b"\xff\xd8\xff".ljust(size, b"x"))
    known = {"known.jpg": 3000, "grown.jpg": 2999, "cured.jpg": 2000, "gone.jpg": 2000, "unseen.jpg": 1}

    found = audited("known.jpg", "grown.jpg", "cured.jpg", baseline=Baseline(known, {}), **{"max-size": 1000})

    assert {one.name: one.state for one in found.findings} == {"known.jpg": "known", "grown.jpg": "grown"}
    assert [one.name for one in found.failing] == ["grown.jpg"]
    assert found.cured == ("cured.jpg", "gone.jpg")
    assert (found.known, found.passed) == (1, False)


def test_what_can_be_fixed_are_the_formats_of_the_codecs():
    """The list is written out because the codecs load Pillow."""
    assert set(FIXABLE) == {codec.format for codec in CODECS}


def test_names_are_relative_to_the_folder_of_the_configuration(repository, monkeypatch):
    """Wherever the command runs, globs and baselines mean the same files."""
    repository.write(".bytefit.toml", b'[[rules]]\nfiles = ["/web/*.jpg"]\nmax-size = 1000\n')
    repository.write("web/a.jpg", JPEG)
    repository.git("add", "--all")
    for folder, path in ((".", "web/a.jpg"), ("web", "a.jpg"), ("web", str(repository.folder / "web" / "a.jpg"))):
        monkeypatch.chdir(repository.folder / folder)

        found = audit(Selection((path,)), load_configuration("."))

        assert [(one.path, one.name) for one in found.findings] == [(path, "web/a.jpg")]


@pytest.mark.parametrize(
    ("arguments", "needless"),
    [
        (["check", "fine.jpg"], {"PIL", "pathspec", "rich", "subprocess", "tomllib", "json", "dataclasses"}),
        (["fix", "fine.jpg"], {"PIL", "pathspec", "rich", "subprocess", "tomllib", "json", "dataclasses"}),
        (["check"], {"PIL", "pathspec", "rich", "tomllib", "json", "dataclasses"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_within_its_budget_costs_next_to_nothing(repository, arguments, needless):
    """Every library that is not loaded is time that nobody waits for at each commit."""
    repository.write("fine.jpg", encoded(photograph()))
    repository.write("pyproject.toml", b"[project]\nname = 'x'\n")
    repository.git("add", "--all")
    code = """
import sys
before = set(sys.modules)
from bytefit.cli import main
code = main(sys.argv[1:])
print(code, *sorted(set(sys.modules) - before))
"""

    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=True,
    )

    ended, *loaded = done.stdout.split()
    assert ended == "0"
    assert needless & {name.split(".")[0] for name in loaded} == set()


def test_reports_and_exit_codes_go_together(repository, capsys):
    """The same code in every format; several reports at once."""
    repository.write("a.jpg", JPEG * 200)
    repository.git("add", "--all")

    for form in ("text", "json", "github", "sarif", "junit", "codequality"):
        assert main(["check", "--format", form]) == 1
        assert main(["check", "--format", form, "--max-size", "1MB"]) == 0
    capsys.readouterr()
    assert main(["check", "--report", "json=out.json", "--report", "text"]) == 1
    assert json.loads((repository.folder / "out.json").read_text(encoding="utf-8"))["passed"] is False
    assert capsys.readouterr().out.startswith("over by")

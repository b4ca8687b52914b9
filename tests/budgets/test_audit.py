"""The audit compares images with their budgets, and imports no imaging library unless it needs one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, features

from bytefit.budgets.audit import audit
from bytefit.budgets.baseline import Baseline
from bytefit.budgets.configuration import load_configuration, parse_configuration
from bytefit.budgets.findings import POINTER
from bytefit.budgets.selection import Selection
from bytefit.cli.main import main
from bytefit.codecs import CODECS
from bytefit.formats import FORMATS, is_fixable
from images import encoded, noise, photograph, write_jpeg
from repositories import Repository

JPEG = b"\xff\xd8\xff" + bytes(3000)


def jpeg(size):
    """Return data of the given size that starts like a JPEG."""
    return b"\xff\xd8\xff".ljust(size, b"x")


def pointer(size, line="\n"):
    """Return a Git LFS pointer."""
    lines = ("version https://git-lfs.github.com/spec/v1", f"oid sha256:{'0123456789abcdef' * 4}", f"size {size}")
    return "".join(text + line for text in lines).encode()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Return an empty repository that is the working directory."""
    made = Repository(tmp_path / "repository")
    made.enter(monkeypatch)
    return made


def audited(*paths, baseline=None, staged=False, from_ref=None, **table):
    """Audit the working directory with a configuration, whose keys may be written with "_"."""
    configuration = parse_configuration({key.replace("_", "-"): value for key, value in table.items()})
    selection = Selection(paths, staged, from_ref)
    return audit(selection, configuration._replace(base=str(Path.cwd())), baseline or Baseline({}, {}))


def over(*paths, **table):
    """Return the names of the files over budget, in order."""
    return [finding.name for finding in audited(*paths, **table).findings]


# Images and limits.


@pytest.mark.parametrize("way", ["named", "a folder", "staged", "tracked"])
def test_content_decides_what_is_an_image_and_of_which_format(repository, way):
    """The first bytes must decide, not the name, wherever the file is read from."""
    files = {
        "really.jpg": (encoded(noise(), "PNG"), "PNG"),
        "photo.jpeg": (JPEG, "JPEG"),
        "PHOTO.PNG": (encoded(noise(), "WEBP", quality=100), "WEBP"),
        "text.jpg": (b"hello " * 9000, None),
        "page.webp": (b"<!DOCTYPE html>" * 900, None),
        "empty.gif": (b"", None),
    }
    for name, (data, _) in files.items():
        repository.write(name, data)
    repository.git("add", "--all")
    paths = {"named": tuple(files), "a folder": (".",)}.get(way, ())

    found = audited(*paths, staged=way == "staged", max_size="2KB")

    assert {finding.name: finding.format for finding in found.findings} == {
        name: codec_format for name, (_, codec_format) in files.items() if codec_format
    }
    assert found.files == len(files)


def test_a_file_that_is_named_needs_no_suffix(repository):
    """A named file is checked under any name; a folder is searched for image suffixes only."""
    repository.write("picture", JPEG)
    repository.write("text", b"hello " * 9000)

    assert over("picture", "text", max_size="2KB") == ["picture"]
    assert over(".", max_size="2KB") == []


@pytest.mark.parametrize(("size", "findings"), [(999, 0), (1000, 0), (1001, 1)])
def test_a_budget_is_the_most_there_may_be(repository, size, findings):
    """A file of exactly its budget fits, and one byte more is over."""
    repository.write("a.jpg", jpeg(size))

    found = audited("a.jpg", max_size=1000)

    assert [finding.excess for finding in found.findings] == [1] * findings
    assert found.passed is not bool(findings)


def test_the_furthest_over_come_first(repository):
    """Findings are sorted by excess and then by name; those over their dimensions alone come last."""
    sizes = {"b.jpg": 2000, "a.jpg": 2000, "B.jpg": 2000, "c.jpg": 9000, "fine.jpg": 1500, "d.jpg": 1501}
    for name, size in sizes.items():
        repository.write(name, jpeg(size))
    repository.write("aa.jpg", encoded(photograph((60, 40)), quality=10))

    found = over("b.jpg", "aa.jpg", ".", max_size=1500, max_width=50)

    assert found == ["c.jpg", "B.jpg", "a.jpg", "b.jpg", "d.jpg", "aa.jpg"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_what_is_no_regular_file_is_no_image(repository):
    """A pipe must not block the audit, and a folder may have the name of an image."""
    os.mkfifo("pipe.jpg")
    repository.write("folder.jpg/a.jpg", JPEG)

    assert over("pipe.jpg", "folder.jpg", ".", max_size=1000) == ["folder.jpg/a.jpg"]


def test_what_is_tracked_but_not_there_is_nothing(repository):
    """A file that is deleted but still in the index is skipped; a named file must exist."""
    repository.write("a.jpg", JPEG)
    repository.write("b.jpg", JPEG)
    repository.commit()
    Path("a.jpg").unlink()

    for paths in ((), (".",)):
        found = audited(*paths, max_size=1000)
        assert [finding.name for finding in found.findings] == ["b.jpg"]
        assert found.files == 1
    with pytest.raises(FileNotFoundError):
        audited("a.jpg")


# Git LFS.


@pytest.mark.parametrize("line", ["\n", "\r\n"])
def test_a_pointer_is_judged_by_the_size_it_states(repository, line):
    """A pointer counts with the size it states, on disk, in the index and between commits."""
    repository.write("start.txt", b"x")
    first = repository.commit()
    repository.write("large.jpg", pointer(3_000_000, line))
    repository.write("small.jpg", pointer(3_000, line))
    repository.write("like-one.jpg", b"version https://git-lfs.github.com/spec/v1\n" + b"size 3000000 or so\n" * 9)
    repository.git("add", "--all")
    repository.write("later.jpg", pointer(4_000_000, line))

    for found in (audited(), audited("large.jpg", "small.jpg", "like-one.jpg"), audited(staged=True)):
        assert [(one.name, one.size, one.format) for one in found.findings] == [("large.jpg", 3_000_000, POINTER)]
    assert over(".") == ["later.jpg", "large.jpg"]
    assert over(max_size=150) == ["large.jpg", "small.jpg"]  # which a pointer is smaller than
    repository.commit()
    assert [one.size for one in audited("large.jpg", from_ref=first).findings] == [3_000_000]


@pytest.mark.parametrize("line", ["\n", "\r\n"])
def test_a_pointer_counts_into_totals_with_the_size_it_states(repository, line):
    """A total must count the file that readers download, not its pointer."""
    repository.write("a.jpg", pointer(3_000_000, line))
    repository.write("b.jpg", JPEG)
    repository.git("add", "--all")

    (total,) = audited("b.jpg", totals=[{"files": ["*.jpg"], "max-size": "3MB"}]).totals

    assert (total.size, total.files, total.excess) == (3_000_000 + len(JPEG), 2, len(JPEG))


@pytest.mark.parametrize("command", ["check", "fix"])
def test_a_pointer_is_never_written(repository, capsys, command):
    """A pointer is not an image: neither command may change it."""
    path = repository.write("a.jpg", pointer(3_000_000))
    before = path.read_bytes(), path.stat().st_mtime_ns

    assert main([command, "a.jpg"]) == 1
    assert "git lfs pull" in capsys.readouterr().out
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


# This git filter does what Git LFS does: the index gets a pointer, and the work tree has the file.
CLEAN = """
import hashlib, sys
data = sys.stdin.buffer.read()
print("version https://git-lfs.github.com/spec/v1")
print(f"oid sha256:{hashlib.sha256(data).hexdigest()}")
print(f"size {len(data)}")
"""


@pytest.fixture
def smudged(repository):
    """Return the path of an image over 20 kB in the work tree, whose pointer is in the index."""
    script = repository.folder.parent / "clean.py"
    script.write_text(CLEAN, encoding="utf-8")
    repository.git("config", "filter.lfs.clean", f'"{sys.executable}" "{script}"')
    repository.write(".gitattributes", b"*.jpg filter=lfs\n")
    path = repository.write("a.jpg", encoded(noise((200, 200)), quality=95))
    repository.git("add", "--all")
    return path


def test_a_file_behind_a_pointer_is_as_large_as_both_say(repository, smudged):
    """The image in the work tree and its pointer in the index must have the same size."""
    size = smudged.stat().st_size

    here, staged = audited(max_size="20KB").findings, audited(staged=True, max_size="20KB").findings

    assert repository.git("cat-file", "-p", ":a.jpg").startswith("version https://git-lfs")
    assert [(one.size, one.format) for one in here] == [(size, "JPEG")]
    assert [(one.size, one.format) for one in staged] == [(size, POINTER)]


def test_a_file_behind_a_pointer_is_fixed_like_any_other(repository, smudged, capsys):
    """After a fix and `git add`, the pointer must state the smaller size."""
    assert main(["fix", "a.jpg", "--max-size", "20KB"]) == 1
    repository.git("add", "--all")

    assert smudged.stat().st_size <= 20_000
    assert main(["check", "--staged", "--max-size", "20KB"]) == main(["fix", "--max-size", "20KB"]) == 0
    assert "fixed a.jpg" in capsys.readouterr().out


def test_a_file_behind_a_staged_pointer_is_fixed_like_any_other(smudged):
    """`fix --staged` must fix the checked-out image of a staged pointer."""
    main(["fix", "--staged", "--max-size", "20KB"])

    assert smudged.stat().st_size <= 20_000


# Staged files.


def test_staged_files_are_judged_as_they_are_staged(repository):
    """`--staged` must check the content in the index, even if the work tree has changed."""
    for name, staged, here in (("a.jpg", 1, 9), ("b.jpg", 9, 1), ("c.jpg", 9, None), ("d.jpg", 9, 0)):
        path = repository.write(name, JPEG * staged)
        repository.git("add", name)
        if here is None:
            path.unlink()
        else:
            path.write_bytes(JPEG * here)

    found = audited(staged=True, max_size="10KB")

    assert [(one.name, one.size) for one in found.findings] == [
        (name, 9 * len(JPEG)) for name in ("b.jpg", "c.jpg", "d.jpg")
    ]
    assert found.files == 4


def test_changed_files_are_judged_as_they_are_at_the_last_commit(repository):
    """`--from-ref` must check the committed content, whatever has changed since."""
    repository.write("start.txt", b"x")
    first = repository.commit()
    repository.write("a.jpg", JPEG * 9)
    repository.write("b.jpg", JPEG)
    repository.commit()
    repository.write("a.jpg", JPEG)
    repository.write("b.jpg", JPEG * 9)
    repository.git("add", "--all")

    assert over(from_ref=first, max_size="10KB") == ["a.jpg"]


# Links.


@pytest.fixture
def links(repository, tmp_path):
    """Return a folder of images outside the repository, which has links to them and to its own images."""
    outside = tmp_path / "outside"
    Repository(outside / "clone").write("far.jpg", encoded(noise((200, 200)), quality=95))
    (outside / "far.jpg").write_bytes(encoded(noise((200, 200)), quality=95))
    repository.write("deep/near.jpg", encoded(noise((200, 200)), quality=95))
    for name, target in {
        "in.jpg": "deep/near.jpg",
        "deep/absolute.jpg": repository.folder / "deep" / "near.jpg",
        "deep/chain.jpg": "../in.jpg",
        "shortcut": "deep",
        "out.jpg": outside / "far.jpg",
        "relative.jpg": "../outside/far.jpg",
        "out-chain.jpg": "out.jpg",
        "folder": outside,
        "clone": outside / "clone",
        "broken.jpg": "missing.jpg",
        "loop.jpg": "loop.jpg",
    }.items():
        Path(name).symlink_to(target)
    repository.git("add", "--all")
    return outside


def all_there_is(folder):
    """Return all files and links of a folder with their content."""
    paths = sorted(path for path in folder.rglob("*") if ".git" not in path.parts)
    return {path: path.readlink() if path.is_symlink() else path.is_file() and path.read_bytes() for path in paths}


@pytest.mark.parametrize(
    "name", ["in.jpg", "deep/absolute.jpg", "deep/chain.jpg", "shortcut/near.jpg", "shortcut/chain.jpg"]
)
@pytest.mark.usefixtures("links")
def test_a_link_inside_the_tree_is_followed_where_it_is_named(repository, name):
    """A fix must change the target of the link and keep the link."""
    before = all_there_is(repository.folder)

    assert over(name, max_size="20KB") == [name]
    assert main(["fix", name, "--max-size", "20KB"]) == 1

    after = all_there_is(repository.folder)
    near = repository.folder / "deep" / "near.jpg"
    assert [path for path in before if before[path] != after[path]] == [near]
    assert before.keys() == after.keys()
    assert near.stat().st_size <= 20_000


OUTSIDE = ["out.jpg", "relative.jpg", "out-chain.jpg", "folder/far.jpg", "folder/clone/far.jpg", "clone/far.jpg"]
FOLDERS = ["folder", "folder/", "folder/clone", "clone"]


@pytest.mark.parametrize("name", [*OUTSIDE, *FOLDERS])
def test_a_link_out_of_the_tree_is_not_followed(repository, links, capsys, name):
    """A note must name the link, and neither the link nor its target may be written."""
    before = all_there_is(repository.folder.parent)

    found = audited(name, max_size="20KB")

    assert found.findings == ()
    assert [note.partition(" is a symbolic link to a file outside the tree, ")[0] for note in found.notes] == [name]
    assert str(links) in found.notes[0]
    for command in ("check", "fix"):
        assert main([command, name, "--max-size", "20KB"]) == 0
        assert capsys.readouterr().out.startswith(f"note: {name} is a symbolic link to a file outside the tree")
    assert all_there_is(repository.folder.parent) == before


@pytest.mark.parametrize("paths", [(), (".",), ("deep",), ("deep", "shortcut")])
def test_a_folder_is_walked_without_its_links(repository, links, paths):
    """Links are skipped: their targets are checked under their own names or are outside the tree."""
    before = all_there_is(links)

    assert {os.path.basename(name) for name in over(*paths, max_size="20KB")} == {"near.jpg"}  # noqa: PTH119
    assert main(["fix", *paths, "--max-size", "20KB"]) == 1

    assert all_there_is(links) == before
    assert all(
        Path(name).is_symlink() for name in ("in.jpg", "out.jpg", "broken.jpg", "loop.jpg", "folder", "shortcut")
    )
    assert all_there_is(repository.folder)[repository.folder / "out.jpg"] == links / "far.jpg"


@pytest.mark.usefixtures("links")
@pytest.mark.parametrize(
    ("name", "reason"),
    [("broken.jpg", "it is a symbolic link to 'missing.jpg', which does not exist"), ("loop.jpg", "too many levels")],
)
def test_a_link_to_nothing_is_an_error_where_it_is_named(capsys, name, reason):
    """A named link without a target must be an error with the reason."""
    assert main(["check", name]) == 2
    assert capsys.readouterr().err.startswith(f"bytefit: error: {name}: {reason}")


def test_what_is_named_where_it_is_is_meant(links):
    """A file outside the tree must be checked if it is named without a link."""
    for path in (str(links / "far.jpg"), "../outside/far.jpg", "../outside/clone/far.jpg"):
        found = audited(path, max_size="20KB")

        assert ([one.path for one in found.findings], found.notes) == ([path], ())


@pytest.mark.parametrize("paths", [(), (".",)])
def test_a_folder_that_became_a_link_is_not_entered(repository, links, paths):
    """The index still has the folder's files; the files behind the link are others."""
    for name in ("web/far.jpg", "web/clone/far.jpg"):
        repository.write(name, encoded(noise((200, 200)), quality=95))
    repository.git("add", "--all")
    shutil.rmtree("web")
    Path("web").symlink_to(links)
    before = all_there_is(links)
    total = {"files": ["web/**"], "max-size": 1}

    assert over(*paths, max_size="20KB") == ["deep/near.jpg"]
    assert audited(*paths, totals=[total]).totals == ()
    main(["fix", *paths, "--max-size", "20KB"])
    assert all_there_is(links) == before


@pytest.mark.parametrize("changes", [["--staged"], ["--from-ref", "HEAD~1"]], ids=["staged", "since a commit"])
@pytest.mark.parametrize("what", ["the file", "its folder"])
def test_what_became_a_link_since_it_was_staged_is_not_followed(repository, links, what, changes):
    """The staged content is checked, but a fix must not write through the link."""
    repository.commit()
    repository.write("web/far.jpg", encoded(noise((200, 200)), quality=96))
    repository.git("add", "web")
    if "--from-ref" in changes:
        repository.git("commit", "--quiet", "--message", "far")
    Path("web/far.jpg").unlink()
    if what == "the file":
        Path("web/far.jpg").symlink_to(links / "far.jpg")
    else:
        shutil.rmtree("web")
        Path("web").symlink_to(links)
    before = all_there_is(links)

    assert main(["check", *changes, "--max-size", "20KB"]) == 1
    assert main(["fix", *changes, "--max-size", "20KB"]) == 1

    assert all_there_is(links) == before


# Dimensions.


def test_dimensions_are_limits_too(repository):
    """A file within its budget must fail if it is too wide or too high, and its message names the limits."""
    for name, size in (("wide", (300, 100)), ("high", (100, 300)), ("both", (300, 300)), ("just", (200, 200))):
        repository.write(f"{name}.jpg", encoded(photograph(size)))
    repository.write("broken.jpg", JPEG)
    repository.write("cut.jpg", encoded(photograph((300, 300)))[:100])

    limits = {"max-width": 200, "max-height": 200}
    found = {one.name: one for one in audited(".", **limits).findings}

    assert {name: one.limits for name, one in found.items()} == {
        "wide.jpg": ("max-width",),
        "high.jpg": ("max-height",),
        "both.jpg": ("max-width", "max-height"),
    }
    assert found["wide.jpg"].message == "300x100 pixels exceed max-width 200"
    assert found["both.jpg"].message == "300x300 pixels exceed max-width 200 and max-height 200"
    assert {one.excess for one in found.values()} == {0}
    repository.git("add", "--all")
    for name in found:
        repository.write(name, encoded(photograph((20, 20))))
    assert {one.name for one in audited(staged=True, **limits).findings} == set(found)
    assert audited(".", **limits).findings == ()


@pytest.mark.parametrize("codec_format", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP", "JPEG2000"])
def test_every_format_has_dimensions(repository, codec_format):
    """Dimensions are checked in formats that cannot be fixed, too."""
    if codec_format == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow is built without AVIF")
    repository.write("a.jpg", encoded(photograph((120, 80)), codec_format))

    (found,) = audited("a.jpg", max_width=100).findings

    assert (found.width, found.height, found.format, found.limits) == (120, 80, codec_format, ("max-width",))


def test_dimensions_are_those_that_are_stored(repository):
    """The stored dimensions count, not the rotated ones; one message names both kinds of limits."""
    write_jpeg(repository.folder / "a.jpg", photograph((120, 80)), orientation=6)

    (found,) = audited("a.jpg", max_width=100, max_height=100, max_size=500).findings

    assert found.limits == ("max-size", "max-width")
    assert found.message.endswith("over its budget of 500 B; 120x80 pixels exceed max-width 100")


def test_a_pointer_has_no_dimensions(repository):
    """A pointer states no dimensions, so a limit on them must not fail it."""
    repository.write("a.jpg", pointer(3000))

    assert over("a.jpg", max_width=1) == []


# Rules.


def test_rules_skip_and_exclude_decide_what_is_judged(repository):
    """The last match applies; skipped files have no budget, excluded files are not in totals either."""
    for name in ("a.jpg", "docs/a.jpg", "docs/raw/a.jpg", "docs/raw/b.jpg", "old/a.jpg"):
        repository.write(name, encoded(photograph((60, 40))))
    size = len(encoded(photograph((60, 40))))
    repository.git("add", "--all")

    table = {
        "max-size": "10KB",
        "exclude": ["old/**"],
        "rules": [
            {"files": ["docs/**"], "max-size": 100, "max-width": 10},
            {"files": ["docs/raw/**"], "skip": True},
            {"files": ["docs/raw/b.jpg"], "max-size": 200},
        ],
        "totals": [{"files": ["**/a.jpg"], "max-size": 1}],
    }
    for paths in ((), (".",), ("old/a.jpg", "docs/raw/a.jpg", "docs/a.jpg", "docs/raw/b.jpg")):
        found = audited(*paths, **table)

        assert [(one.name, one.budget, one.rule.label) for one in found.findings] == [
            ("docs/a.jpg", 100, "[[rules]] 1 in .bytefit.toml"),
            ("docs/raw/b.jpg", 200, "[[rules]] 3 in .bytefit.toml"),
        ]
        assert [(total.files, total.size) for total in found.totals] == [(3, 3 * size)]


def test_all_can_be_skipped_but_for_what_a_rule_names(repository):
    """A repository may set budgets for its website only."""
    for name in ("a.jpg", "web/a.jpg"):
        repository.write(name, JPEG)

    assert over(".", skip=True, max_size=1000) == []
    assert over(".", skip=True, max_size=1000, rules=[{"files": ["web/**"], "skip": False}]) == ["web/a.jpg"]


SPELLINGS = [
    *("web/a.jpg", "./web/a.jpg", "web/../web/a.jpg", "../repository/web/a.jpg", "web/./a.jpg", "{here}/web/a.jpg"),
    "web//a.jpg",
]


@pytest.mark.parametrize("path", SPELLINGS)
def test_a_file_has_one_name_however_it_is_written(repository, path):
    """Rules, baseline and excludes must match a path in every spelling."""
    repository.write("web/a.jpg", JPEG)
    path = path.format(here=repository.folder)

    found = audited(path, rules=[{"files": ["/web/*.jpg"], "max-size": 1000}], baseline=Baseline({"web/a.jpg": 1}, {}))

    assert [(one.path, one.name, one.recorded) for one in found.findings] == [(path, "web/a.jpg", 1)]
    assert over(path, exclude=["web/"], max_size=1) == []


def test_names_are_relative_to_the_folder_of_the_configuration(repository, monkeypatch):
    """Globs and baselines must match the same files from any working directory."""
    repository.write(".bytefit.toml", b'[[rules]]\nfiles = ["/web/*.jpg"]\nmax-size = 1000\n')
    repository.write("web/a.jpg", JPEG)
    repository.git("add", "--all")
    for folder, path in ((".", "web/a.jpg"), ("web", "a.jpg"), ("web", str(repository.folder / "web" / "a.jpg"))):
        monkeypatch.chdir(repository.folder / folder)

        found = audit(Selection((path,)), load_configuration("."))

        assert [(one.path, one.name) for one in found.findings] == [(path, "web/a.jpg")]


# Totals.


@pytest.mark.parametrize(
    ("folder", "paths", "changes"),
    [
        (".", (), {}),
        (".", (".",), {}),
        (".", ("a.jpg",), {}),
        (".", ("text.txt",), {}),
        (".", (), {"staged": True}),
        (".", (), {"from_ref": "HEAD"}),
        ("web", (), {}),
        ("web", ("b.jpg",), {"staged": True}),
    ],
)
def test_totals_are_over_the_whole_tree_whatever_is_asked_for(repository, monkeypatch, folder, paths, changes):
    """A hook gets only some files, but the totals must cover the whole tree."""
    repository.write(".bytefit.toml", b'[[totals]]\nfiles = ["*.jpg"]\nmax-size = "5KB"\n')
    repository.write("text.txt", b"text")
    for name in ("a.jpg", "web/b.jpg", "web/deep/c.jpg"):
        repository.write(name, JPEG)
    repository.commit()
    monkeypatch.chdir(folder)

    found = audit(Selection(paths, changes.get("staged", False), changes.get("from_ref")), load_configuration("."))

    assert [(total.files, total.message) for total in found.totals] == [
        (3, "3 files of 9 kB, 4 kB over their total of 5 kB")
    ]
    assert (found.failing_totals, found.passed) == (found.totals, False)


def test_totals_count_what_is_tracked_and_there(repository, tmp_path):
    """A total counts each file once, without untracked and deleted files, links and submodules."""
    for name in ("a.jpg", "b.png", "not.jpg", "old/c.jpg", "deleted.jpg", "conflict.jpg"):
        repository.write(name, jpeg(1000))
    Path("link.jpg").symlink_to("a.jpg")
    other = Repository(tmp_path / "other")
    other.write("inside.jpg", JPEG)
    other.commit()
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.folder), "module.jpg")
    repository.commit()
    repository.conflict("conflict.jpg", jpeg(1000))
    size = Path("conflict.jpg").stat().st_size
    Path("deleted.jpg").unlink()
    repository.write("untracked.jpg", jpeg(1000))
    files = ["*.jpg", "b.png", "!not.jpg"]

    totals = audited(
        exclude=["old/"], totals=[{"files": files, "max-size": 1}, {"files": ["*.png"], "max-size": 999}]
    ).totals

    assert [(total.name, total.files, total.size) for total in totals] == [
        ("*.jpg b.png !not.jpg", 3, 2000 + size),
        ("*.png", 1, 1000),
    ]
    assert audited(totals=[{"files": ["*.png"], "max-size": 1000}]).totals == ()


def test_totals_are_left_out_where_nobody_asks_for_them(repository):
    """A fix of one file must not read the whole tree."""
    repository.write("a.jpg", JPEG)
    repository.git("add", "--all")
    configuration = parse_configuration({"totals": [{"files": ["*.jpg"], "max-size": 1}]})._replace(
        base=str(Path.cwd())
    )

    assert len(audit(Selection(), configuration).totals) == 1
    assert audit(Selection(), configuration, totals=False).totals == ()


def test_totals_of_a_tree_without_git_are_of_all_files(tmp_path, monkeypatch):
    """Without git, a total covers all files below the configuration."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.jpg", "deep/b.jpg"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(JPEG)

    (total,) = audited("a.jpg", totals=[{"files": ["*.jpg"], "max-size": 1}]).totals

    assert (total.files, total.size) == (2, 2 * len(JPEG))


# The baseline.


def test_what_the_baseline_knows_does_not_fail_until_it_grows(repository):
    """Known files pass, grown files fail, and only checked or deleted files are resolved."""
    sizes = {
        "known.jpg": 3000,
        "less.jpg": 2000,
        "grown.jpg": 3000,
        "resolved.jpg": 500,
        "unseen.jpg": 3000,
        "new.jpg": 3000,
    }
    for name, size in sizes.items():
        repository.write(name, jpeg(size))
    known = {
        "known.jpg": 3000,
        "less.jpg": 3000,
        "grown.jpg": 2999,
        "resolved.jpg": 2000,
        "gone.jpg": 2000,
        "unseen.jpg": 1,
    }
    asked = ("known.jpg", "less.jpg", "grown.jpg", "resolved.jpg", "new.jpg")

    found = audited(*asked, baseline=Baseline(known, {}), max_size=1000)

    assert {one.name: (one.state, one.recorded) for one in found.findings} == {
        "known.jpg": ("known", 3000),
        "less.jpg": ("known", 3000),
        "grown.jpg": ("grown", 2999),
        "new.jpg": ("new", None),
    }
    assert [one.name for one in found.failing] == ["grown.jpg", "new.jpg"]
    assert found.resolved == ("gone.jpg", "resolved.jpg")
    assert (found.known, found.passed) == (2, False)
    assert audited("known.jpg", "less.jpg", baseline=Baseline(known, {}), max_size=1000).passed


@pytest.mark.parametrize(("recorded", "state"), [(None, "new"), (5999, "grown"), (6000, "known"), (9000, "known")])
def test_totals_that_the_baseline_knows_do_not_fail_until_they_grow(repository, recorded, state):
    """A total is recognised by its globs and fails only if it grows."""
    for name in ("a.jpg", "b.jpg"):
        repository.write(name, jpeg(3000))
    repository.git("add", "--all")
    baseline = Baseline({}, {} if recorded is None else {"*.jpg !c.jpg": recorded})

    found = audited("a.jpg", baseline=baseline, totals=[{"files": ["*.jpg", "!c.jpg"], "max-size": 1000}])

    assert [total.state for total in found.totals] == [state]
    assert (found.passed, found.known) == (state == "known", int(state == "known"))


def test_what_is_staged_is_compared_with_the_baseline(repository):
    """The staged size is compared with the recorded size of the same name."""
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        repository.write(name, jpeg(3000))
        repository.git("add", name)
        repository.write(name, jpeg(1))

    known = {"a.jpg": 3000, "b.jpg": 2000, "resolved.jpg": 2000, "c.jpg": 2000}
    found = audited("a.jpg", "b.jpg", staged=True, baseline=Baseline(known, {}), max_size=1000)

    assert {one.name: one.state for one in found.findings} == {"a.jpg": "known", "b.jpg": "grown"}
    assert found.resolved == ("resolved.jpg",)


# Imports.


def test_formats_that_need_no_plugin_can_be_fixed():
    """The table of formats and the codecs must agree on what `fix` recompresses."""
    fixable = {one.name for one in FORMATS if is_fixable(one.name)}

    assert fixable == {codec.format for codec in CODECS} | {"JPG", "MPO"}


SLOW = {"PIL", "pathspec", "rich", "tomllib", "json", "dataclasses"}
RULES = 'max-size = "300KB"\n[[rules]]\nfiles = ["*.jpg"]\nmax-size = "200KB"\n'
LOADED = {
    "a named file": (["check", "fine.jpg"], "", SLOW | {"subprocess"}, set()),
    "a named file, fixed": (["fix", "fine.jpg"], "", SLOW | {"subprocess"}, set()),
    "a pointer": (["check", "pointer.jpg"], "", SLOW | {"subprocess"}, set()),
    "all that is tracked": (["check"], "", SLOW, {"subprocess"}),
    "what is staged": (["check", "--staged"], "", SLOW, {"subprocess"}),
    "rules": (["check", "fine.jpg"], RULES, SLOW - {"tomllib"} | {"subprocess"}, {"tomllib"}),
    "excluded": (["check", "fine.jpg"], 'exclude = ["x"]', SLOW - {"tomllib"} | {"subprocess"}, {"tomllib"}),
    "totals": (["check"], '[[totals]]\nfiles = ["*"]\nmax-size = "9MB"', {"PIL", "rich", "json"}, {"pathspec"}),
    "over": (["check", "over.jpg"], "", SLOW | {"subprocess"}, set()),
    "over by a rule": (["check", "over.jpg"], RULES, {"PIL", "rich", "json"}, {"pathspec"}),
    "over, reported": (["check", "over.jpg", "--report", "json"], "", {"PIL", "rich", "pathspec"}, {"json"}),
    "dimensions": (["check", "fine.jpg"], "max-width = 9999", {"rich", "pathspec"}, {"PIL"}),
    "over, fixed": (["fix", "over.jpg", "--dry-run"], "", {"rich", "pathspec"}, {"PIL"}),
}


@pytest.mark.parametrize(("arguments", "table", "needless", "needed"), LOADED.values(), ids=LOADED)
def test_what_is_not_needed_is_not_loaded(repository, arguments, table, needless, needed):
    """Each needless import delays every commit; only dimensions and fixes may load Pillow."""
    repository.write("fine.jpg", encoded(photograph()))
    repository.write("over.jpg", encoded(noise((600, 450)), quality=100))
    repository.write("pointer.jpg", pointer(3000))
    repository.write("pyproject.toml", b"[project]\nname = 'x'\n")
    if table:
        repository.write(".bytefit.toml", table.encode())
    repository.git("add", "fine.jpg", "pointer.jpg")
    code = """
import sys
before = set(sys.modules)
from bytefit.cli.main import main
code = main(sys.argv[1:])
print()
print(code, *sorted(set(sys.modules) - before))
"""

    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)

    ended, *loaded = done.stdout.splitlines()[-1].split()
    loaded = {name.split(".")[0] for name in loaded}
    assert ended == str(int("over.jpg" in arguments))
    assert (needless & loaded, needed - loaded) == (set(), set())


def test_reports_and_exit_codes_go_together(repository, capsys):
    """Every format must give the same exit code, and one run can write several reports."""
    repository.write("a.jpg", JPEG * 200)
    repository.git("add", "--all")

    for form in ("text", "json", "github", "sarif", "junit", "codequality"):
        assert main(["check", "--report", form]) == 1
        assert main(["check", "--report", form, "--max-size", "1MB"]) == 0
    capsys.readouterr()
    assert main(["check", "--report", "json=out.json", "--report", "text"]) == 1
    assert json.loads((repository.folder / "out.json").read_text(encoding="utf-8"))["passed"] is False
    assert capsys.readouterr().out.startswith("over by")


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(
    ("name", "codec_format"), [("map.png", "PNG"), ("map.jpg", "JPEG"), ("map.gif", "GIF"), ("map.tif", "TIFF")]
)
@pytest.mark.parametrize("staged", [False, True], ids=["on disk", "staged"])
def test_a_check_foresees_the_limit_on_pixels(repository, name, codec_format, staged):
    """`check` must not promise to recompress what `fix` refuses to open."""
    repository.write(name, encoded(noise((60, 50)), codec_format))
    repository.git("add", name)

    found = {most: audited(staged=staged, max_size=1000, max_pixels=most).findings[0] for most in (2999, 3000)}

    assert found[2999].remedy == "skip it: 3000 pixels are more than max-pixels, 2999"
    assert found[3000].remedy == "recompress"


@pytest.mark.usefixtures("repository")
def test_a_fix_says_how_too_many_pixels_are_allowed(repository, capsys):
    """The way out that the message names must work in the configuration and on the command line."""
    repository.write("map.jpg", encoded(noise((60, 50))))
    repository.write(".bytefit.toml", b"max-size = 1500\nmax-pixels = 2999\n")

    refused = main(["fix", "map.jpg"])
    message = capsys.readouterr().out
    allowed = main(["fix", "map.jpg", "--max-pixels", "3000"])

    assert (refused, allowed) == (1, 1)
    assert "it has 60x50 pixels, and 2999 pixels is the limit" in message
    assert "allow it with max_pixels=3000" in message
    assert capsys.readouterr().out.startswith("fixed map.jpg: ")


@pytest.mark.usefixtures("repository")
def test_an_image_of_too_many_pixels_is_still_too_wide(repository, monkeypatch):
    """An image that Pillow refuses to open states its dimensions, and must not pass a limit on them."""
    repository.write("map.png", encoded(noise((60, 50)), "PNG"))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)

    (finding,) = audited("map.png", max_size="1MB", max_width=40).findings

    assert (finding.width, finding.height) == (60, 50)

"""The hooks as their users meet them: the manifest, and real runs of pre-commit in real repositories.

pre-commit installs bytefit from a git clone with pip, which asks the package index for Hatchling and Pillow: without
an index the runs are skipped.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from pre_commit.clientlib import load_manifest

from bytefit.cli.main import main
from bytefit.formats import SUFFIXES
from images import encoded, noise, opened, photograph
from once import once
from repositories import Repository

ROOT = Path(__file__).parent.parent
MANIFEST = ROOT / ".pre-commit-hooks.yaml"
HOOKS = load_manifest(MANIFEST)

BUDGET = 40_000
OVER = {"photo.jpg": "JPEG", "art/banner.webp": "WEBP", "art/Team Photo.JPEG": "JPEG", "art/hero.avif": "AVIF"}
FINE = ("fine.jpg", "art/icon.png", "notes.txt")
CONFIG = """\
repos:
- repo: {source}
  rev: {rev}
  hooks:
  - id: bytefit-fix
    args: [--max-size={budget}B]
  - id: bytefit-check
    args: [--max-size={budget}B]
  - id: bytefit-check
    alias: by-default
"""


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_manifest_names_commands_that_take_its_arguments(hook, tmp_path, monkeypatch):
    """The command line must accept the entry and the default arguments of each hook."""
    monkeypatch.chdir(tmp_path)
    picture = tmp_path / "fine.jpg"
    picture.write_bytes(encoded(photograph()))
    program, *arguments = [*hook["entry"].split(), *hook["args"], picture.name]

    assert program == "bytefit"
    assert main(arguments) == 0


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_manifest_selects_the_files_that_a_folder_is_searched_for(hook):
    """A hook must get exactly the files that `bytefit check FOLDER` checks, in upper and lower case."""
    selects = re.compile(hook["files"]).search

    assert [suffix for suffix in SUFFIXES if not selects(f"a/b{suffix}") or not selects(f"B{suffix.upper()}")] == []
    assert [name for name in ("a.txt", "jpg", "a.jpg.py", "png/readme.md") if selects(name)] == []


def test_manifest_is_valid():
    """pre-commit must accept the manifest: one unknown key would disable every hook of every user."""
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-manifest", MANIFEST], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_manifest_has_a_fixer_and_a_checker():
    """Users' configurations name these identifiers, so they must not change."""
    assert [hook["id"] for hook in HOOKS] == ["bytefit-fix", "bytefit-check"]


def skip_without_package_index(folder: Path) -> None:
    """Skip tests that install Hatchling and Pillow if no package index answers."""
    pip = (sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-deps", "--quiet")
    asked = subprocess.run(
        [*pip, "--retries", "1", "--timeout", "15", "hatchling", "pillow"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode:
        pytest.skip(f"no package index answers: {asked.stderr.strip().splitlines()[-1]}")


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """Return a configuration with the hooks of the work tree, and the home of pre-commit where they are installed."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout, so there is nothing for pre-commit to clone")
    made = once(tmp_path_factory, "hooks", _install)
    return (made / "config.yaml").read_text(encoding="utf-8"), made / "home"


def _install(made: Path) -> None:
    """Have pre-commit install the hooks from a bare clone of the work tree."""
    files = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    home = made / "home"
    home.mkdir()
    source = Repository(made / "source", home)
    for name in filter(None, files.stdout.split("\0")):
        if (ROOT / name).is_file():
            (source.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source.folder / name)
    rev = source.commit()
    bare = made / "bare"
    source.git("clone", "--quiet", "--bare", str(source.folder), str(bare))
    text = CONFIG.format(source=bare.as_posix(), rev=rev, budget=BUDGET)
    installer = Repository(made / "installer", home)
    (installer.folder / ".pre-commit-config.yaml").write_text(text, encoding="utf-8")
    installed = installer.pre_commit("install-hooks")
    if installed.returncode:
        skip_without_package_index(home)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    (made / "config.yaml").write_text(text, encoding="utf-8")


@cache
def over_budget(format_: str, seed: int) -> bytes:
    """Return a file over the budget."""
    return encoded(photograph((480, 360), seed=seed), format_, quality=98)


@pytest.fixture
def repository_of_images(config, tmp_path):
    """Return a repository with committed images over and within the budget."""
    text, home = config
    repository = Repository(tmp_path / "repository", home)
    for seed, (name, format_) in enumerate(OVER.items()):
        data = over_budget(format_, seed)
        assert len(data) > BUDGET, name
        repository.write(name, data)
    fine = (encoded(photograph()), encoded(noise((32, 32)), "PNG"), b"x" * (BUDGET + 1))
    for name, data in zip(FINE, fine, strict=True):
        repository.write(name, data)
    (repository.folder / ".pre-commit-config.yaml").write_text(text, encoding="utf-8")
    repository.commit()
    return repository


def test_fixer_rewrites_what_is_over_once_and_nothing_else(repository_of_images):
    """The first run must fix the images and fail; after `git add` the second must pass and change nothing."""
    folder, before = repository_of_images.folder, repository_of_images.hashes()

    first = repository_of_images.pre_commit("run", "bytefit-fix", "--all-files")
    rewritten = repository_of_images.hashes()
    repository_of_images.git("add", "--all")
    second = repository_of_images.pre_commit("run", "bytefit-fix", "--all-files")

    assert first.returncode == 1, first.stdout + first.stderr
    assert "files were modified by this hook" in first.stdout
    assert {name for name, digest in rewritten.items() if before.get(name) != digest} == set(OVER)
    for name, format_ in OVER.items():
        assert name in first.stdout
        assert (folder / name).stat().st_size <= BUDGET
        picture = opened((folder / name).read_bytes())
        assert (picture.format, picture.size) == (format_, (480, 360))
    assert second.returncode == 0, second.stdout + second.stderr
    assert repository_of_images.hashes() == rewritten


def test_checker_names_what_is_over_and_never_writes(repository_of_images):
    """The checker must fail for files over budget, pass after a fix, and never write."""
    before = repository_of_images.hashes()

    failed = repository_of_images.pre_commit("run", "bytefit-check", "--all-files")

    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert "files were modified" not in failed.stdout
    assert [name for name in OVER if name not in failed.stdout] == []
    assert [name for name in FINE if name in failed.stdout] == []
    assert repository_of_images.hashes() == before

    repository_of_images.pre_commit("run", "bytefit-fix", "--all-files")
    repository_of_images.git("add", "--all")

    assert repository_of_images.pre_commit("run", "bytefit-check", "--all-files").returncode == 0


def test_hook_without_arguments_has_the_budget_that_is_the_default(repository_of_images):
    """Without arguments the budget must be 500 kB."""
    passed = repository_of_images.pre_commit("run", "by-default", "--all-files")
    (repository_of_images.folder / "large.png").write_bytes(encoded(noise((480, 400)), "PNG"))
    repository_of_images.git("add", "--all")
    failed = repository_of_images.pre_commit("run", "by-default", "--all-files")

    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert "large.png" in failed.stdout


def test_commit_is_stopped_until_the_fixed_image_is_staged(repository_of_images):
    """`git commit` must fail for an image over budget and succeed after the fix is staged."""
    repository_of_images.pre_commit("run", "bytefit-fix", "--all-files")
    repository_of_images.commit()
    assert repository_of_images.pre_commit("install").returncode == 0
    new = repository_of_images.folder / "new.jpg"
    new.write_bytes(over_budget("JPEG", 9))
    repository_of_images.git("add", "new.jpg")

    with pytest.raises(AssertionError, match=r"new\.jpg"):
        repository_of_images.git("commit", "--message", "over budget")
    repository_of_images.git("add", "new.jpg")
    repository_of_images.git("commit", "--message", "fits")

    assert new.stat().st_size <= BUDGET
    assert repository_of_images.git("status", "--porcelain") == ""


def test_the_configuration_of_the_repository_counts(repository_of_images):
    """The hooks must use the rules, totals and excludes of the repository."""
    repository_of_images.write(
        "pyproject.toml",
        b"[tool.bytefit]\nexclude = ['photo.jpg']\n[[tool.bytefit.rules]]\nfiles = ['art/*.webp']\nmax-size = '30KB'\n"
        b"[[tool.bytefit.totals]]\nfiles = ['art/**']\nmax-size = '50KB'\n",
    )
    repository_of_images.git("add", "--all")

    failed = repository_of_images.pre_commit("run", "by-default", "--all-files")

    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert "art/banner.webp" in failed.stdout
    assert "photo.jpg" not in failed.stdout
    assert failed.stdout.count("over their total of 50 kB") == 1


def test_what_a_branch_changes_is_checked_by_its_commits(repository_of_images):
    """With `--from-ref` and `--to-ref` of pre-commit, older images must not fail."""
    before = repository_of_images.git("rev-parse", "HEAD").strip()
    repository_of_images.write("notes.txt", b"changed")
    fine = repository_of_images.commit()
    repository_of_images.write("new.jpg", over_budget("JPEG", 8))
    over = repository_of_images.commit()

    passed = repository_of_images.pre_commit("run", "bytefit-check", "--from-ref", before, "--to-ref", fine)
    failed = repository_of_images.pre_commit("run", "bytefit-check", "--from-ref", fine, "--to-ref", over)

    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert "new.jpg" in failed.stdout
    assert "photo.jpg" not in failed.stdout


def test_a_fix_of_what_is_staged_in_part_is_rolled_back_and_nothing_is_lost(repository_of_images):
    """pre-commit stashes unstaged changes: the commit must fail, and both versions must remain."""
    path = repository_of_images.folder / "fine.jpg"
    staged = over_budget("JPEG", 5)
    path.write_bytes(staged)
    repository_of_images.git("add", "fine.jpg")
    unstaged = over_budget("JPEG", 6)
    path.write_bytes(unstaged)
    index = repository_of_images.git("ls-files", "--stage", "fine.jpg")

    done = repository_of_images.pre_commit("run", "bytefit-fix")

    assert done.returncode == 1, done.stdout + done.stderr
    assert "'git add' them whole" in done.stdout
    assert path.read_bytes() == unstaged
    assert repository_of_images.git("ls-files", "--stage", "fine.jpg") == index

"""The examples run, and their pictures are what the script that draws them draws."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from once import once

EXAMPLES = Path(__file__).parent.parent / "examples"
SCRIPTS = sorted(path.name for path in EXAMPLES.glob("*.py"))
PICTURES = sorted(path.name for path in EXAMPLES.iterdir() if path.suffix in {".jpg", ".webp", ".avif", ".png"})

# Mean difference of a channel, of 255. The pictures are lossy, and encoders differ between versions.
MOST_DIFFERENCE = 4


def run(script: str, *arguments: str, folder: Path) -> str:
    """Run an example in an empty folder, with its temporary files in another; return what it printed."""
    (folder / "work").mkdir()
    (folder / "temporary").mkdir()
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder / "temporary"))
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / script), *arguments],
        cwd=folder / "work",
        env={**os.environ, **places},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def fingerprints(folder: Path) -> dict[str, int]:
    """Return the time of the last change of every file of a folder."""
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir() if path.is_file()}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Return the folder into which the pictures were drawn anew."""
    return once(tmp_path_factory, "examples", _draw) / "pictures"


def _draw(folder: Path) -> None:
    """Run the script, which must leave its own folder and the one it runs in as they were."""
    before = fingerprints(EXAMPLES)
    printed = run("draw_images.py", str(folder / "pictures"), folder=folder)
    assert len(printed.splitlines()) >= 2
    assert list((folder / "work").iterdir()) == []
    assert fingerprints(EXAMPLES) == before


@pytest.mark.parametrize("script", [name for name in SCRIPTS if name != "draw_images.py"])
def test_example_runs_and_writes_to_temporary_folders_only(script, tmp_path):
    """Each example runs from any folder, prints something and leaves that folder and its own as they were."""
    before = fingerprints(EXAMPLES)

    printed = run(script, folder=tmp_path)

    assert len(printed.splitlines()) >= 2
    assert list((tmp_path / "work").iterdir()) == []
    assert fingerprints(EXAMPLES) == before


def test_a_format_of_ones_own_is_saved_checked_fixed_and_reported(tmp_path):
    """A registered format must need no other change than its codec, and say why it cannot be padded."""
    printed = run("own_format.py", folder=tmp_path)

    assert "PCX     " in printed  # a line of the report
    assert "check exits with 1" in printed
    assert "landscape.pcx: 98.3 kB -> 39.1 kB (PCX quality 3" in printed
    assert "exact: cannot pad PCX files to an exact size; leave exact out" in printed


def test_pictures_come_from_the_script(drawn):
    """Every picture of the folder is drawn by the script, and none is missing."""
    assert sorted(path.name for path in drawn.iterdir()) == PICTURES


@pytest.mark.parametrize("name", PICTURES)
def test_picture_is_what_the_script_draws(name, drawn):
    """A picture drawn anew has the format, mode and dimensions of the one in the repository, and looks like it."""
    with Image.open(EXAMPLES / name) as committed, Image.open(drawn / name) as anew:
        assert (anew.format, anew.mode, anew.size) == (committed.format, committed.mode, committed.size)
        difference = ImageStat.Stat(ImageChops.difference(committed, anew)).mean

    assert max(difference) < MOST_DIFFERENCE, f"{name} differs from what is drawn by {difference}"


def test_pictures_are_small():
    """The pictures are every clone's cost: together they stay below 1.2 MB."""
    assert sum((EXAMPLES / name).stat().st_size for name in PICTURES) < 1_200_000


def test_readme_of_the_examples_names_every_file():
    """Nothing lies in the folder that its README does not speak of."""
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")

    assert [name for name in (*SCRIPTS, *PICTURES) if f"`{name}`" not in readme] == []


def test_graphic_needs_nothing_but_pillow():
    """The pictures are drawn with Pillow and the standard library, so that anyone can draw them."""
    tree = ast.parse((EXAMPLES / "draw_images.py").read_text(encoding="utf-8"))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert {module.partition(".")[0] for module in modules} - sys.stdlib_module_names == {"PIL"}

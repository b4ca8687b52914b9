"""Fixers that are killed, and fixers at work at once: each file is the old one or the new one, whole."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from io import BytesIO

import pytest
from PIL import Image

from images import encoded, opened, photograph

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no signals that a process may answer")

BUDGET = 12_000
# How often a fixer is killed. The long run is BYTEFIT_KILLS=300, which takes some minutes.
KILLS = int(os.environ.get("BYTEFIT_KILLS", "6"))
FIX = (sys.executable, "-m", "bytefit", "fix")
WAYS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
SHRINK = ("--on-unreachable", "smallest", "--min-quality", "60")


@pytest.fixture(scope="module")
def originals(request):
    """Return images by name, most of them over budget; they are photographs of the corpus if it is present."""
    real = request.config.rootpath.parent / "shared" / "corpus" / "train"
    found = sorted(real.glob("photo-*/*.jp*g"), key=lambda path: (path.stat().st_size, path.name))
    pictures = [small(path) for path in [path for path in found if path.stat().st_size > 60_000][:9]]
    pictures += [photograph((320, 240), seed=seed) for seed in range(9 - len(pictures))]
    made = {f"photo-{number}.jpg": encoded(picture, quality=92) for number, picture in enumerate(pictures[:6])}
    made["web/banner.webp"] = encoded(pictures[6], "WEBP", quality=95)
    made["web/Team Photo.JPEG"] = encoded(pictures[7], quality=90, exif=b"Exif\x00\x00" + bytes(500))
    made["web/hero.avif"] = encoded(pictures[8].resize((150, 100)), "AVIF", quality=100)
    made["web/slightly.jpg"] = slightly_over(pictures[0])
    made["web/fits.jpg"] = encoded(pictures[1].resize((60, 40)))
    made["notes.txt"] = b"text " * 5000
    return made


def small(path):
    """Return a photograph of the corpus, reduced so that encoding is fast."""
    with Image.open(path) as picture:
        reduced = picture.convert("RGB")
    reduced.thumbnail((320, 320))
    return reduced


def slightly_over(picture):
    """Return a JPEG file so little over the budget that a lossless fix is enough."""
    files = (encoded(picture, quality=quality) for quality in range(95, 1, -1))
    return next(data for data in files if len(data) <= BUDGET).ljust(BUDGET + 200, b"\0")


def lay(folder, originals):
    """Replace the content of a folder with the originals."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in originals.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def content(folder):
    """Return every file in a folder by its name, including temporary files."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def temporaries(folder):
    """Return the names of the temporary files in a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob(".bytefit-*.tmp")}


def start(folder, *arguments, jobs=1):
    """Start a fixer on the named files, or else on the whole folder."""
    names = [argument for argument in arguments if not argument.startswith("-") and (folder / argument).exists()]
    command = [*FIX, "--max-size", str(BUDGET), "--jobs", str(jobs), *arguments, *([] if names else ["."])]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process):
    """Wait for a fixer, which must succeed, and return its output."""
    said, complaints = process.communicate(timeout=120)
    assert process.returncode in {0, 1}, complaints
    assert complaints == ""
    return said


def fixed_by_one(originals, folder, *options):
    """Return the files that a single fixer makes of the originals, and the seconds it took."""
    lay(folder, originals)
    started = time.monotonic()
    ended(start(folder, *options))
    return content(folder), time.monotonic() - started


@pytest.fixture(scope="module")
def fixed(originals, tmp_path_factory):
    """Return the files that a single fixer makes of the originals, and the seconds it took."""
    files, seconds = fixed_by_one(originals, tmp_path_factory.mktemp("one") / "tree")
    pictures = [name for name in files if name != "notes.txt"]
    assert files.keys() == originals.keys()
    assert sum(files[name] != originals[name] for name in pictures) == len(pictures) - 1
    for name in pictures:
        before, after = opened(originals[name]), Image.open(BytesIO(files[name]))
        after.load()
        assert len(files[name]) <= BUDGET
        assert (after.format, after.size) == (before.format, before.size)
    return files, seconds


@pytest.fixture
def tree(tmp_path):
    """Return a folder for the originals."""
    return tmp_path / "tree"


def wait_for_a_moment(chance, seconds, folder, process, *, midway):
    """Wait for a random time, or until a second or later temporary file is there: some files are fixed by then."""
    if not midway:
        time.sleep(chance.uniform(0, seconds))
        return
    wanted, seen = chance.randrange(2, 6), set()
    while len(seen) < wanted and process.poll() is None:
        time.sleep(0.0003)
        seen |= temporaries(folder)


def test_a_fixer_that_is_killed_leaves_each_file_old_or_new(originals, fixed, tree):
    """Killed at any moment, by any signal, a fixer must leave each file whole; asked to end, it must also clean up.

    The next run must finish what was begun.
    """
    after, seconds = fixed
    chance = random.Random(KILLS)
    left = midway = 0

    for kill in range(KILLS):
        way = WAYS[kill % len(WAYS)]
        lay(tree, originals)
        process = start(tree, jobs=1 + kill % 3 // 2)
        wait_for_a_moment(chance, seconds, tree, process, midway=kill % 2 == 0)
        process.send_signal(way)
        process.communicate(timeout=120)

        now, leftovers = content(tree), temporaries(tree)
        assert now.keys() - leftovers == originals.keys(), (kill, way)
        torn = [name for name in originals if now[name] not in {originals[name], after[name]}]
        assert torn == [], (kill, way)
        assert not leftovers or way == signal.SIGKILL, (kill, way)
        changed = sum(now[name] != originals[name] for name in originals)
        midway += 0 < changed < len(originals) - 2
        left += len(leftovers)
        if leftovers or kill % 4 == 0:
            ended(start(tree))
            assert content(tree) == after, (kill, way)

    print(f"{KILLS} kills, {midway} of them with some files fixed and some not, {left} temporary files left by them")
    assert midway > KILLS / 10  # or the kills came before or after the work, and nothing was tested


def test_a_killed_fixer_is_followed_by_one_that_has_nothing_to_do(originals, fixed, tree):
    """Once the work of a killed fixer is finished, another run must change nothing, not even a time."""
    after, seconds = fixed
    lay(tree, originals)
    process = start(tree)
    time.sleep(seconds / 2)
    process.kill()
    process.communicate()
    ended(start(tree))
    times = {path: path.stat().st_mtime_ns for path in tree.rglob("*") if path.is_file()}

    said = ended(start(tree))

    assert said == ""
    assert content(tree) == after
    assert {path: path.stat().st_mtime_ns for path in tree.rglob("*") if path.is_file()} == times


@pytest.mark.parametrize("options", [(), SHRINK], ids=["fit", "shrink"])
def test_fixers_at_once_compress_nothing_twice(originals, fixed, tree, tmp_path, options):
    """Several fixers must leave each file as a single one does, also over the budget, and none may fail."""
    after, seconds = fixed_by_one(originals, tmp_path / "one", *options) if options else fixed
    chance = random.Random(7)

    lay(tree, originals)
    fixers = []
    for _ in range(3):
        fixers.append(start(tree, *options))
        time.sleep(chance.uniform(0, seconds / 4))
    said = [ended(fixer) for fixer in fixers]

    assert content(tree) == after, said


def test_hooks_in_parallel_fix_their_own_files(originals, fixed, tree):
    """pre-commit gives each hook some files of the same folders: none may remove the temporary files of another."""
    after, _ = fixed
    names = sorted(originals)

    lay(tree, originals)
    fixers = [start(tree, *names[share::3]) for share in range(3)]
    said = "".join(ended(fixer) for fixer in fixers)

    assert content(tree) == after, said
    assert said.count("fixed ") == len(originals) - 2


def test_a_fixer_among_those_that_are_killed_is_not_disturbed(originals, fixed, tree):
    """A fixer must finish its work while others begin and are killed on the same files."""
    after, seconds = fixed
    chance = random.Random(8)
    lay(tree, originals)

    survivor = start(tree)
    while survivor.poll() is None:
        other = start(tree)
        time.sleep(chance.uniform(0, seconds))
        other.send_signal(chance.choice(WAYS))
        other.communicate()
    ended(survivor)
    ended(start(tree))

    assert content(tree) == after

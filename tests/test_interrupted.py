"""Fixers that are killed, and fixers at work at once: each file is the old or the new one, whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from hashlib import sha256

import pytest

from images import encoded, opened, photograph

BUDGET = 25_000
KILLS = int(os.environ.get("BYTEFIT_KILLS", "25"))
COMMAND = [sys.executable, "-m", "bytefit", "fix", ".", "--max-size", str(BUDGET)]


@pytest.fixture(scope="module")
def originals(request):
    """Return images by name, all of them over the budget: of the corpus where it is there, else generated."""
    made = {f"{number}.jpg": encoded(photograph((320, 240), seed=number), quality=97) for number in range(6)}
    made["7.webp"] = encoded(photograph((320, 240), seed=7), "WEBP", quality=99)
    made["sub/8.jpg"] = encoded(photograph((320, 240), seed=8), quality=97)
    corpus = request.config.rootpath.parent / "shared" / "corpus" / "train" / "photo-web"
    for path in sorted(corpus.glob("*.jpg"), key=lambda path: (path.stat().st_size, path.name)):
        if BUDGET * 2 < path.stat().st_size < 150_000 and len(made) < 14:
            made[f"web/{path.name}"] = path.read_bytes()
    assert min(map(len, made.values())) > BUDGET
    return made


def lay(folder, originals):
    """Put the originals into a folder."""
    for name, data in originals.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def content(folder):
    """Return a hash of every file in a folder, temporary ones included."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest() for path in paths}


@pytest.fixture(scope="module")
def fixed(originals, tmp_path_factory):
    """Return the hashes of what one fixer makes of the originals, undisturbed, and the seconds it took."""
    folder = tmp_path_factory.mktemp("fixed")
    lay(folder, originals)
    started = time.perf_counter()
    done = subprocess.run(COMMAND, cwd=folder, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    assert done.returncode == 1, done.stdout + done.stderr
    for name in originals:
        assert (folder / name).stat().st_size <= BUDGET, done.stdout
        opened((folder / name).read_bytes()).load()
    return content(folder), seconds


def test_a_fixer_that_is_killed_leaves_each_file_old_or_new(originals, fixed, tmp_path):
    """At random moments, by every signal; the next run finishes the work and sweeps what was left."""
    after, seconds = fixed
    before = {name: sha256(data).hexdigest() for name, data in originals.items()}
    chance = random.Random(5)
    lay(tmp_path, originals)
    left = 0
    for kill in range(KILLS):
        ways = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
        sent = ways[kill % 3]
        process = subprocess.Popen(COMMAND, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.05, seconds))
        process.send_signal(sent)
        process.wait()

        now = content(tmp_path)
        temporary = {name for name in now if name.rpartition("/")[2].startswith(".bytefit-")}
        left += len(temporary)
        assert set(now) - temporary == set(before)
        assert all(now[name] in {before[name], after[name]} for name in before), f"kill {kill} by {sent.name}"
        if process.returncode == -signal.SIGKILL or kill == 0:
            continue
        assert process.returncode in {0, 1, 130, 143, -signal.SIGTERM, -signal.SIGINT}
        if all(now[name] == after[name] for name in before):
            lay(tmp_path, originals)  # all done: begin again
    done = subprocess.run(COMMAND, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    assert content(tmp_path) == after
    print(f"{KILLS} kills, {left} temporary files seen afterwards, none after the last run")


def test_a_fixer_that_is_asked_to_end_leaves_no_temporary_file(originals, fixed, tmp_path):
    """SIGTERM and Ctrl-C let it clean up."""
    _, seconds = fixed
    chance = random.Random(6)
    for sent in (signal.SIGTERM, signal.SIGINT) * 3:
        lay(tmp_path, originals)
        process = subprocess.Popen(COMMAND, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.2, seconds))
        process.send_signal(sent)
        process.wait()

        assert set(content(tmp_path)) == set(originals)


def test_fixers_at_once_compress_nothing_twice(originals, fixed, tmp_path):
    """Each file ends as a single fixer would have left it: output is the same each time, and what fits is kept."""
    after, _ = fixed
    for _ in range(3):
        lay(tmp_path, originals)
        fixers = [
            subprocess.Popen(COMMAND, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            for _ in range(3)
        ]
        outputs = [fixer.communicate()[0] for fixer in fixers]

        assert {fixer.returncode for fixer in fixers} <= {0, 1}, outputs
        assert content(tmp_path) == after, outputs

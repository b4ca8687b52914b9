"""A job survives its processes: images that kill or hang, Ctrl-C, and processes killed at random moments."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
from collections import Counter

import pytest
from batch_processes import environment, run, start, wait_until, workers
from batch_results import TARGET, content, facts

from bytefit.batches.manifest import job_at, rows, write_manifest
from images import noise, write_jpeg

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds its processes in /proc")

# The suite kills a few times; BYTEFIT_KILLS=200 is for a long run.
KILLS = int(os.environ.get("BYTEFIT_KILLS", "4"))


def statuses_of(job):
    """Return the status of each image of a job by its name."""
    return {row.entry.name: str(row.status) for row in rows(job_at(job))}


def test_bad_images_cost_themselves_and_never_the_job(photos, tmp_path):
    """Images that kill their process, hang, loop or fill the memory have a row each, and all others are done."""
    source, job = photos(12), tmp_path / "out.bytefit-job"
    for name in ("KILL", "HANG", "LOOP", "FILL"):
        (source / f"photo3-{name}.jpg").write_bytes(name.encode() * 5000)

    limits = ["--image-timeout", 1, "--memory", "500MB", "--shard-size", 4]
    # Without --jobs the images run in other processes, too: in the driver, KILL would end the job.
    code, out, err = run([source, tmp_path / "out", "--to", TARGET, *limits], environment(tmp_path))

    assert (code, "Traceback" in err) == (1, False), err
    found = statuses_of(job)
    assert {name: status for name, status in found.items() if status != "done"} == {
        "photo3-KILL.jpg": "crashed",
        "photo3-HANG.jpg": "timeout",
        "photo3-LOOP.jpg": "timeout",
        "photo3-FILL.jpg": "refused",
    }
    assert len(found) == 16
    assert "16 of 16 images: 12 done, 1 refused, 2 timeout, 1 crashed" in out


def test_interrupting_finishes_the_images_in_flight_and_says_how_to_go_on(photos, tmp_path):
    """Ctrl-C goes to the driver and its workers alike. The next run takes the rest, and no image twice."""
    source, out = photos(50), tmp_path / "out"
    command = [source, out, "--to", TARGET, "--jobs", 2, "--shard-size", 25, "--slack", 0]
    env = environment(tmp_path)
    process = start(command, env)
    wait_until(lambda: len(list(out.rglob("*.jpg"))) > 2)

    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    stopped = process.returncode
    again, _, _ = run(command, env)

    assert stopped == 130, err
    assert "run the same command again to go on" in err
    assert "Traceback" not in err
    assert again == 0
    assert set(statuses_of(tmp_path / "out.bytefit-job").values()) == {"done"}
    opened = Counter((tmp_path / "opened.txt").read_text().splitlines())
    assert {name for name, count in opened.items() if count > 1} == set(), err


def test_idle_workers_end_with_their_driver(tmp_path):
    """A worker without a shard would wait for one for minutes, and keep the pipes of the driver open."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "photo.jpg").write_bytes(b"LOOP" * 5000)
    process = start([tmp_path / "in", tmp_path / "out", "--to", TARGET, "--jobs", 2], environment(tmp_path))
    wait_until(lambda: len(workers(process.pid)) == 2 and (tmp_path / "opened.txt").exists())

    process.kill()

    process.communicate(timeout=20)  # until nobody holds the pipes


def test_killed_processes_cost_the_images_in_flight(tmp_path):
    """Driver and workers are killed at random moments: in the end all is as if nothing had happened."""
    source, out, job = tmp_path / "in", tmp_path / "out", tmp_path / "out.bytefit-job"
    source.mkdir()
    for number in range(24):
        write_jpeg(source / f"photo{number}.jpg", noise((480, 360), seed=number))
    command = [source, out, "--to", "29KB", "--jobs", 2, "--slack", 0, "--shard-size", 6]
    env = environment(tmp_path)
    code, _, err = run(command, {**env, "OPENED": ""})
    assert code == 0, err
    write_manifest(job_at(job), tmp_path / "undisturbed.jsonl")
    wanted = content(out)

    kills = 0
    while kills < KILLS:
        shutil.rmtree(out)
        shutil.rmtree(job)
        (tmp_path / "opened.txt").unlink(missing_ok=True)
        killed = _killed_until_done(command, env, min(6, KILLS - kills), wanted)
        kills += max(1, killed)

        write_manifest(job_at(job), tmp_path / "killed.jsonl")
        assert facts(tmp_path / "killed.jsonl") == facts(tmp_path / "undisturbed.jsonl")
        assert content(out) == wanted
        opened = Counter((tmp_path / "opened.txt").read_text().splitlines())
        assert set(opened) == {str(source / name) for name in wanted}
        # Two images are fitted at a time, while the two before them are written: each kill may cost all of them.
        assert sum(opened.values()) - len(opened) <= 4 * killed
        assert sum(count > 2 for count in opened.values()) <= killed


def _killed_until_done(command, env, most, wanted):
    """Run a job, killed up to so many times, to its end; return how often it was killed."""
    out, kills, generator = command[1], 0, random.Random()
    going_on = True
    while going_on and kills < most:
        process = start(command, env)
        # The driver outlives a worker. A second one could have been at the same image: bytefit would take that for the
        # one that kills, as it should.
        victim = _kill_at_random(process, generator, ["driver", "worker", "politely"])
        kills += victim is not None
        if victim == "worker" and kills < most:
            victim = _kill_at_random(process, generator, ["driver", "politely"])
            kills += victim is not None
        process.communicate(timeout=120)
        found = content(out)
        assert all(wanted[name] == found[name] for name in found if not name.startswith("."))
        going_on = victim is not None
    code, _, err = run(command, env)
    assert code == 0, err
    return kills


def _kill_at_random(process, generator, victims):
    """Kill the driver or a worker some time after the workers began; return which, or None where the job had ended."""
    wait_until(lambda: workers(process.pid) or process.poll() is not None)
    time.sleep(generator.uniform(0.05, 0.45))
    if process.poll() is not None:
        return None
    victim = generator.choice(victims)
    if victim == "driver":
        process.kill()
    elif victim == "politely":
        process.terminate()
    elif found := workers(process.pid):
        os.kill(generator.choice(found), signal.SIGKILL)
    return victim

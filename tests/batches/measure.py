"""Measure batches on this machine; nothing is asserted, ratios are printed.

    python tests/batches/measure.py many [--images 10000]       memory of the driver, overhead an image, resume
    python tests/batches/measure.py targets [--images 200]      processes, shards, xargs, Dask

`many` makes hard links to one small image. `targets` draws photographs of about 200 kB. Compare numbers within one run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import joblib
from distributed import Client

import bytefit

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent)]

from servers import dask_cluster  # noqa: E402

from images import noise, photograph, write_jpeg  # noqa: E402

# Ext4 gives a file 65,000 names.
_LINKS = 30_000


def driver(*arguments: object) -> tuple[float, int]:
    """Run `bytefit batch`; return its seconds and the most memory that its driver took, in kB."""
    command = [sys.executable, "-m", "bytefit", "batch", *map(str, arguments), "--progress", "none"]
    started, most = time.perf_counter(), 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        status = Path(f"/proc/{process.pid}/status")
        while process.poll() is None:
            try:
                found = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
            except OSError:
                break
            most = max(most, int(found[0].split()[1])) if found else most
            time.sleep(0.05)
    return time.perf_counter() - started, most


def many(folder: Path, images: int) -> None:
    """Print how a batch of many small images does beside one of a thousand."""
    for count in (1000, images):
        source = folder / f"in{count}"
        for number in range(count):
            (source / f"{number % 100}").mkdir(parents=True, exist_ok=True)
            one = folder / f"one{number // _LINKS}.jpg"
            if not one.exists():
                write_jpeg(one, noise((160, 120)))
            os.link(one, source / f"{number % 100}/{number}.jpg")
        seconds, memory = driver(source, folder / f"out{count}", "--to", "3KB", "--jobs", 2)
        again, resumed = driver(source, folder / f"out{count}", "--to", "3KB", "--jobs", 2)
        print(f"{count} images: {seconds:.1f} s, driver {memory / 1000:.0f} MB", end="; ")
        print(f"again {again:.1f} s, {resumed / 1000:.0f} MB", flush=True)
    source = folder / "in1000"
    files = sorted(source.rglob("*.jpg"))
    (folder / "single").mkdir()
    started = time.perf_counter()
    for number, path in enumerate(files):
        bytefit.compress_file(path, "3KB", output=folder / f"single/{number}.jpg")
    alone = time.perf_counter() - started
    started = time.perf_counter()
    with joblib.parallel_config(backend="sequential"):
        assert len(list(bytefit.batch(source, folder / "sequential", "3KB"))) == len(files)
    batched = time.perf_counter() - started
    print(f"an image: compress_file {alone:.2f} ms, batch {batched:.2f} ms, overhead {batched - alone:.2f} ms")


def targets(folder: Path, images: int) -> None:
    """Print the speed of one process, two, one shard an image, xargs, and Dask, all on the same photographs."""
    source = folder / "in"
    for number in range(images):
        write_jpeg(source / f"{number}.jpg", photograph((1600, 1200), seed=number), quality=90)
    size = sum(path.stat().st_size for path in source.iterdir()) / images
    target = f"{int(size * 0.5)}B"
    print(f"{images} photographs of {size / 1000:.0f} kB, to {target}")

    def timed(name: str, *options: object) -> float:
        seconds, _ = driver(source, folder / name, "--to", target, *options)
        shutil.rmtree(folder / name)
        shutil.rmtree(folder / f"{name}.bytefit-job")
        return seconds

    one, two = timed("one", "--jobs", 1), timed("two", "--jobs", 2)
    print(f"two processes against one: {one / two:.2f}x ({one:.1f} s, {two:.1f} s)")
    half = timed("half", "--jobs", 2, "--shard-size", -(-images // 2))
    single = timed("single", "--jobs", 2, "--shard-size", 1)
    print(f"one shard an image against two for all: {single / half:.2f} of the time")
    (folder / "xargs").mkdir()
    program = f"{sys.executable} -m bytefit compress $1 --to {target} -o {folder}/xargs/$(basename $1)"
    started = time.perf_counter()
    names = "\n".join(map(str, source.iterdir()))
    command = ["xargs", "-P2", "-n1", "sh", "-c", program, "sh"]
    subprocess.run(command, input=names, text=True, stdout=subprocess.DEVNULL, check=True)
    print(f"against xargs -P2 -n1 bytefit compress: {(time.perf_counter() - started) / two:.2f}x")
    with dask_cluster(folder, {}) as (address, _):
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(2)
        dask = timed("dask", "--backend", "dask", "--scheduler", address)
    print(f"Dask with two workers: {two / dask:.2f} of loky's speed")


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("many", "targets"))
    parser.add_argument("--images", type=int)
    arguments = parser.parse_args()
    with TemporaryDirectory(prefix="bytefit-measure-") as folder:
        if arguments.what == "many":
            many(Path(folder), arguments.images or 10_000)
        else:
            (Path(folder) / "in").mkdir()
            targets(Path(folder), arguments.images or 200)


if __name__ == "__main__":
    main()

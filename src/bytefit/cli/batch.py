"""`bytefit batch`: its arguments and what it prints."""

from __future__ import annotations

import _thread
import argparse
import signal
import sys
import threading
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from bytefit.cli.best_effort import MISSING_EXTRA
from bytefit.cli.options import (
    FINE,
    OVER,
    add_fitting_options,
    add_page,
    add_target,
    fitted_to,
    fitting_options,
    size_argument,
)
from bytefit.cli.pages import check_page, write_pages
from bytefit.cli.training import process_count
from bytefit.errors import BatchStopped
from bytefit.messages import one_line
from bytefit.options import for_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bytefit.batches.backends.engine import Engine
    from bytefit.batches.plan import Plan
    from bytefit.batches.run import Run
    from bytefit.reporters.html.page import Page

INTERRUPTED = 130

# Seconds between two looks whether the run is over.
_LOOK = 0.1

# How many images the estimate of a dry run is made from.
_SAMPLE = 200


def add_batch(batch: argparse.ArgumentParser) -> None:
    """Add the arguments of `bytefit batch`."""
    batch.add_argument("source", metavar="SOURCE", help="a folder, a glob, or a URI such as s3://bucket/folder")
    batch.add_argument(
        "destination", nargs="?", metavar="DEST", help="the folder or URI for the answers, which keep their names"
    )
    add_target(batch)
    _add_name_options(batch)
    _add_job_options(batch)
    _add_engine_options(batch)
    add_fitting_options(batch)
    add_page(batch)
    batch.set_defaults(run=_batch)


def _add_name_options(batch: argparse.ArgumentParser) -> None:
    group = batch.add_argument_group("inputs and answers")
    group.add_argument(
        "--files-from",
        metavar="FILE",
        help="read the names of the images from a text, CSV or JSON lines file; - is standard input",
    )
    group.add_argument("--suffix", default="", metavar="TEXT", help="put this behind the stem of a name: -small")
    group.add_argument("--in-place", action="store_true", help="replace the images themselves")
    group.add_argument(
        "--overwrite",
        choices=("always", "changed", "never"),
        default="always",
        help="replace an answer that is there: always, when its source is newer or it is over the size, or never "
        "(default: always)",
    )
    group.add_argument("--keep-times", action="store_true", help="give an answer the modification time of its source")


def _add_job_options(batch: argparse.ArgumentParser) -> None:
    group = batch.add_argument_group("the job")
    group.add_argument("--job", metavar="DIR", help="the job folder or its URI (default: beside DEST)")
    group.add_argument("--shard-size", type=_positive, metavar="N", help="images in a shard (default: up to 100)")
    group.add_argument("--restart", action="store_true", help="forget what was done, and list the images again")
    group.add_argument("--retry-failed", action="store_true", help="try the images that failed again")
    group.add_argument(
        "--prepare", action="store_true", help="write the job folder for bytefit.run_shard, and run nothing"
    )
    group.add_argument("--max-failures", metavar="N|P%", help="stop when more images fail: 20, or 1%%")
    group.add_argument("--image-timeout", type=_seconds, metavar="SECONDS", help="the most time for one image")
    group.add_argument(
        "--memory", type=size_argument, metavar="SIZE", help="the most memory for one image, where the system limits it"
    )
    group.add_argument("--dry-run", action="store_true", help="fit a sample, write nothing, and estimate the whole")
    group.add_argument(
        "--sample", type=_positive, default=_SAMPLE, metavar="N", help="images in the sample (default: 200)"
    )
    group.add_argument(
        "--progress",
        choices=("auto", "plain", "json", "none"),
        default="auto",
        help="how progress is shown: a bar on a terminal, else plain lines; json lines; none (default: auto)",
    )


def _add_engine_options(batch: argparse.ArgumentParser) -> None:
    group = batch.add_argument_group("where it runs")
    group.add_argument("--jobs", type=process_count, metavar="N", help="images at a time (default: one per core)")
    group.add_argument(
        "--backend", choices=("loky", "dask", "ray"), default="loky", help="the backend of joblib (default: loky)"
    )
    group.add_argument("--scheduler", metavar="ADDRESS", help="the scheduler of Dask: tcp://host:8786")
    group.add_argument("--address", metavar="ADDRESS", help="the cluster of Ray (default: one on this machine)")


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of images: give 1 or more")
    return number


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < threading.TIMEOUT_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds: give more than 0")
    return number


def _batch(arguments: argparse.Namespace) -> int:
    from bytefit.batches.backends.clusters import connected
    from bytefit.batches.backends.engine import Engine
    from bytefit.batches.plan import Plan
    from bytefit.batches.preparing import checked_engine, opened_batch, planned
    from bytefit.batches.run import Run
    from bytefit.batches.storage.places import shown_place
    from bytefit.batches.tally import Failures

    check_page(arguments)
    failures = Failures.read(arguments.max_failures)
    budget, options = for_target(*fitted_to(arguments, fitting_options(arguments)))
    plan, place, found = planned(
        arguments.source,
        arguments.destination,
        Plan(
            source="",
            destination=None,
            budget=budget,
            options=options,
            suffix=arguments.suffix,
            overwrite=arguments.overwrite,
            keep_times=arguments.keep_times,
            image_timeout=arguments.image_timeout,
            memory=arguments.memory,
            scores=arguments.scores,
        ),
        in_place=arguments.in_place,
        files_from=arguments.files_from,
        job=arguments.job,
    )
    if options.get("effort") == "best" and find_spec("numpy") is None:
        print(MISSING_EXTRA, file=sys.stderr)
    engine = Engine(arguments.backend, arguments.jobs, arguments.scheduler, arguments.address)
    engine = checked_engine(engine, (plan.source, plan.destination or "", place))
    with connected(engine) as cluster:
        if arguments.dry_run:
            return _estimate(plan, found, arguments.sample, cluster)
        again = {"restart": arguments.restart, "retry": arguments.retry_failed}
        with opened_batch(plan, place, found, cluster, **again, shard_size=arguments.shard_size) as made:
            if arguments.prepare:
                counts = made.job.counts
                print(one_line(f"{shown_place(place)}: {counts.images} images in {counts.shards} shards"))
                return FINE
            return _run(Run(made, failures), arguments)


def _estimate(plan: Plan, found: Callable[[], Iterator[Any]], sample: int, cluster: Engine) -> int:
    from bytefit.batches.estimate import estimate

    print(estimate(plan, found(), sample, cluster).words())
    return FINE


def _page(run: Run, form: str, place: str) -> Page:
    from bytefit.cli.pages.of_batch import page_of_job

    return page_of_job(run.made.job, run.following.tally, form, place)


def _run(run: Run, arguments: argparse.Namespace) -> int:
    """Run a job with its progress shown, and return the exit code."""
    from bytefit.batches.storage.places import shown_place
    from bytefit.cli.batches.progress import shown_progress

    made = run.made
    earlier, images = run.following.tally.images, made.job.counts.images
    stopped = ""
    with _interrupts(run), shown_progress(arguments.progress, run.following.tally, images) as told:
        try:
            for _ in run.rows(told):
                pass
        except BatchStopped as error:
            stopped = str(error)
    tally = run.following.tally
    write_pages(arguments.report, lambda form, place: _page(run, form, place))
    again = f" ({earlier} of them before)" if earlier and earlier < images else ""
    print(one_line(f"{tally.images} of {images} images{again}: {tally.words()}"))
    if stopped:
        print(f"bytefit: {one_line(stopped)}; run the same command again to go on", file=sys.stderr)
        return INTERRUPTED if stopped.startswith(_BY_USER) else OVER
    if tally.failed:
        print(
            f"{tally.failed} failed; why: bytefit batch manifest {one_line(shown_place(made.place))} -o manifest.csv",
            file=sys.stderr,
        )
    return OVER if tally.failed else FINE


_BY_USER = "stopped"


@contextmanager
def _interrupts(run: Run) -> Iterator[None]:
    """Let the first Ctrl-C stop the run after the images in flight, and the second one end it at once.

    A terminal sends Ctrl-C to the workers, too. They inherit a mask that blocks it, from their first moment on: a
    handler of their own would come too late for one that is just starting, whose death would take the others along.
    """
    if not hasattr(signal, "sigtimedwait") or threading.current_thread() is not threading.main_thread():
        yield
        return
    from bytefit.batches.backends.engine import start_trackers

    start_trackers()
    over, asked = threading.Event(), threading.Event()

    def interrupt(_number: int, _frame: object) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        print("\nfinishing the images in flight; Ctrl-C again ends at once", file=sys.stderr)
        run.stop(_BY_USER)

    def watch() -> None:
        while not over.is_set():
            if signal.sigtimedwait({signal.SIGINT}, _LOOK) is not None:
                _thread.interrupt_main()

    # Libraries have threads from before, which do not block the signal: it may come either way.
    handler = signal.signal(signal.SIGINT, interrupt)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
        signal.signal(signal.SIGINT, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

"""`bytefit batch status` and `bytefit batch manifest`: their arguments and what they print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bytefit.cli.options import FINE
from bytefit.messages import format_size, one_line

if TYPE_CHECKING:
    import argparse

    from bytefit.batches.tally import Tally


def add_status(status: argparse.ArgumentParser) -> None:
    """Add the arguments of `bytefit batch status`."""
    status.add_argument("job", metavar="JOB", help="the job folder")
    status.add_argument("--json", action="store_true", help="print it as JSON")
    status.set_defaults(run=_status)


def add_manifest(manifest: argparse.ArgumentParser) -> None:
    """Add the arguments of `bytefit batch manifest`."""
    manifest.add_argument("job", metavar="JOB", help="the job folder")
    manifest.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FILE",
        help="the file: .jsonl, .csv or .parquet (needs bytefit[parquet])",
    )
    manifest.set_defaults(run=_manifest)


def _status(arguments: argparse.Namespace) -> int:
    from bytefit.batches.manifest import job_at
    from bytefit.batches.storage.places import shown_place
    from bytefit.batches.tally import tally_of

    job = job_at(arguments.job)
    tally = tally_of(job)
    done, still_open = job.markers()
    if arguments.json:
        import json

        print(json.dumps(_as_json(tally, job.counts.images), indent=2))
        return FINE
    plan, counts = job.plan, job.counts
    goal = (plan.destination and shown_place(plan.destination)) or (
        "in place" if plan.in_place else f"beside them, with {plan.suffix}"
    )
    print(one_line(f"{shown_place(plan.source)} -> {goal}, to {format_size(plan.budget)}"))
    print(f"images  {tally.images} of {counts.images}")
    print(
        f"shards  {len(done)} of {counts.shards} finished" + (f", {len(still_open)} to try again" if still_open else "")
    )
    for status, count in sorted(tally.statuses.items(), key=lambda one: -one[1]):
        print(f"{status}  {count}")
    print(f"bytes  {format_size(tally.before)} -> {format_size(tally.after)}")
    return FINE


def _as_json(tally: Tally, images: int) -> dict[str, Any]:
    return {
        "images": images,
        "taken": tally.images,
        "failed": tally.failed,
        "before": tally.before,
        "after": tally.after,
        "statuses": {str(status): count for status, count in tally.statuses.items()},
    }


def _manifest(arguments: argparse.Namespace) -> int:
    from bytefit.batches.manifest import job_at, write_manifest

    count = write_manifest(job_at(arguments.job), arguments.output)
    print(one_line(f"{arguments.output}: {count} rows"))
    return FINE

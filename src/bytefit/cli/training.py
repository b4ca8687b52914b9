"""The commands that train and measure: their arguments, and what they call, which is loaded with them only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

# Libraries these commands need, and the extra that brings each.
EXTRAS = {
    **dict.fromkeys(("joblib", "numpy", "rich", "scipy", "sklearn", "sewar", "ssimulacra2"), "train"),
    "matplotlib": "plot",
}

# What `bytefit.benchmarks.shares` measures.
_BY_SHARE = frozenset({"PNG", "GIF"})


def add_training_commands(commands: argparse._SubParsersAction[Any]) -> None:
    """Add `train` and `bench` to the commands of the command line."""
    train = commands.add_parser("train", help="train the seeding models (needs bytefit[train])")
    train.add_argument("folders", type=Path, nargs="+", metavar="DIR", help="a folder of images")
    train.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="where the models go")
    train.add_argument("--jobs", type=int, default=-1, metavar="N", help="processes; default: one a core")
    cache = Path.home() / ".cache" / "bytefit"
    train.add_argument("--cache", type=Path, default=cache, metavar="DIR", help="where measurements are kept")
    train.add_argument("--tables", action="store_true", help="learn JPEG's quantisation tables instead (needs metrics)")
    train.set_defaults(run=_train)

    bench = commands.add_parser("bench", help="compare search strategies on images (needs bytefit[train])")
    bench.add_argument("folder", type=Path, metavar="DIR", help="the folder of images")
    bench.add_argument(
        "--format",
        action="append",
        metavar="FORMAT",
        help="only this codec; may be repeated. PNG and GIF, each by itself: files to a share of their bytes",
    )
    bench.add_argument("--limit", type=int, metavar="N", help="only N images of every kind")
    bench.add_argument("--json", action="store_true", help="print every case as JSON")
    bench.add_argument("--plot", type=Path, metavar="PNG", help="draw the comparison here (needs bytefit[plot])")
    bench.add_argument("--peers", action="store_true", help="time whole processes, beside every installed tool's")
    bench.add_argument("--quality", action="store_true", help="compare looks at equal bytes, with every installed peer")
    bench.add_argument("--efforts", action="store_true", help="compare encoder options: score at equal bytes, and time")
    bench.add_argument("--megapixels", type=float, default=0.6, metavar="M", help="with --quality: scale down to: 0.6")
    bench.add_argument("--sheet", type=Path, metavar="PNG", help="with --quality: write the answers side by side")
    bench.add_argument(
        "--jobs", type=int, default=-1, metavar="N", help="with --quality, --efforts, PNG or GIF: processes"
    )
    bench.set_defaults(run=_bench)


def _train(arguments: argparse.Namespace) -> int:
    if arguments.tables:
        from bytefit.training.quantisation.learning import learn_tables

        print(learn_tables(arguments.folders, arguments.output, cache=arguments.cache, jobs=arguments.jobs))
        return 0
    from bytefit.training.run import train

    train(arguments.folders, arguments.output, cache=arguments.cache, jobs=arguments.jobs)
    return 0


def _bench(arguments: argparse.Namespace) -> int:
    if arguments.quality:
        from bytefit.benchmarks.looks import bench_quality

        report = bench_quality(
            arguments.folder,
            formats=arguments.format,
            limit=arguments.limit,
            megapixels=arguments.megapixels,
            as_json=arguments.json,
            sheet=arguments.sheet,
            jobs=arguments.jobs,
        )
        print(report)
        return 0
    if arguments.efforts:
        from bytefit.benchmarks.efforts import bench_efforts

        print(bench_efforts(arguments.folder, formats=arguments.format, limit=arguments.limit, jobs=arguments.jobs))
        return 0
    if arguments.peers:
        from bytefit.benchmarks.processes import bench_processes

        print(bench_processes(arguments.folder, limit=arguments.limit, as_json=arguments.json))
        return 0
    if len(arguments.format or []) == 1 and arguments.format[0].upper() in _BY_SHARE:
        from bytefit.benchmarks.shares import bench_shares

        report = bench_shares(
            arguments.folder,
            arguments.format[0].upper(),
            limit=arguments.limit,
            as_json=arguments.json,
            jobs=arguments.jobs,
        )
        print(report)
        return 0
    from bytefit.benchmarks.speed import bench

    report = bench(
        arguments.folder,
        formats=arguments.format,
        limit=arguments.limit,
        as_json=arguments.json,
        plot=arguments.plot,
    )
    print(report)
    return 0

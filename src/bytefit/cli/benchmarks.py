"""`bytefit bench`: a subcommand for each benchmark, its arguments, and the module it calls, which is loaded then."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bytefit.cli.options import add_page
from bytefit.cli.pages import write_pages
from bytefit.cli.training import process_count
from bytefit.errors import ConfigError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

# The formats that `bytefit.benchmarks.shares` measures.
SHRUNK = ("PNG", "GIF")

# The formats that `bytefit.benchmarks.near_lossless` measures.
NEARLY_LOSSLESS = ("PNG", "WEBP")


def add_bench(bench: argparse.ArgumentParser) -> None:
    """Add the subcommands of `bytefit bench`."""
    benchmarks = bench.add_subparsers(required=True, metavar="BENCHMARK")

    search = _add(benchmarks, "search", _search, "compare search strategies: trials, time, fill")
    _add_codec(search)
    search.add_argument(
        "--plot", type=Path, metavar="PNG", help="draw the comparison to this file (needs bytefit[plot])"
    )

    looks = _add(benchmarks, "looks", _looks, "compare quality at equal bytes with every installed tool")
    _add_codec(looks)
    looks.add_argument(
        "--megapixels", type=float, default=0.6, metavar="M", help="scale larger images down to this (default: 0.6)"
    )
    looks.add_argument("--sheet", type=Path, metavar="PNG", help="write some answers side by side to this file")
    _add_jobs(looks)

    efforts = _add(benchmarks, "efforts", _efforts, "compare encoder options: quality at equal bytes, and time")
    _add_codec(efforts)
    _add_jobs(efforts)

    _add(benchmarks, "peers", _peers, "time whole processes of bytefit and every installed tool on JPEG files")

    shrink = _add(
        benchmarks, "shrink", _shrink, "fit PNG and GIF files to a share of their bytes, compared with usual tools"
    )
    shrink.add_argument(
        "--codec", type=str.upper, choices=SHRUNK, action="append", help="only files of this format (default: both)"
    )
    _add_jobs(shrink)

    near = _add(
        benchmarks, "near-lossless", _near_lossless, "fit PNG files to shares of their lossless bytes as PNG and WebP"
    )
    near.add_argument(
        "--codec", type=str.upper, choices=NEARLY_LOSSLESS, action="append", help="only this format (default: both)"
    )
    _add_jobs(near)


def _add(
    benchmarks: argparse._SubParsersAction[Any], name: str, run: Callable[[argparse.Namespace], str], about: str
) -> argparse.ArgumentParser:
    """Add a benchmark with the arguments that all have; `run` returns what it prints."""
    description = f"{about[0].upper()}{about[1:]}."
    parser: argparse.ArgumentParser = benchmarks.add_parser(name, help=about, description=description)
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder of images")
    parser.add_argument(
        "--limit", type=int, metavar="N", help="measure at most N images per kind (the name of their folder)"
    )
    parser.add_argument("--json", action="store_true", help="print every case as JSON instead of tables")
    add_page(parser, scores=False)
    parser.set_defaults(run=_printing, measure=run, benchmark=(name, about), shown=[])
    return parser


def _add_codec(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--codec", action="append", metavar="CODEC", help="only JPEG, WEBP or AVIF; may be repeated (default: all)"
    )


def _add_jobs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--jobs", type=process_count, default=-1, metavar="N", help="processes to measure with (default: one per core)"
    )


def _printing(arguments: argparse.Namespace) -> int:
    if arguments.report and arguments.json:
        raise ConfigError("--report conflicts with --json: a page is made of the tables, so leave one of them out")
    from bytefit.cli.pages.of_benchmark import page_of_benchmark

    text = arguments.measure(arguments)
    print(text)
    name, about = arguments.benchmark
    write_pages(
        arguments.report, lambda form, place: page_of_benchmark(name, about, text, arguments.shown, (form, place))
    )
    return 0


def _search(arguments: argparse.Namespace) -> str:
    from bytefit.benchmarks.speed import bench_search

    return bench_search(
        arguments.folder,
        formats=arguments.codec,
        limit=arguments.limit,
        as_json=arguments.json,
        plot=arguments.plot,
    )


def _looks(arguments: argparse.Namespace) -> str:
    from bytefit.benchmarks.looks import bench_looks

    return bench_looks(
        arguments.folder,
        formats=arguments.codec,
        limit=arguments.limit,
        megapixels=arguments.megapixels,
        as_json=arguments.json,
        sheet=arguments.sheet,
        show=arguments.shown.append if arguments.report else None,
        jobs=arguments.jobs,
    )


def _efforts(arguments: argparse.Namespace) -> str:
    from bytefit.benchmarks.efforts import bench_efforts

    return bench_efforts(
        arguments.folder,
        formats=arguments.codec,
        limit=arguments.limit,
        as_json=arguments.json,
        jobs=arguments.jobs,
    )


def _peers(arguments: argparse.Namespace) -> str:
    from bytefit.benchmarks.processes import bench_peers

    return bench_peers(arguments.folder, limit=arguments.limit, as_json=arguments.json)


def _shrink(arguments: argparse.Namespace) -> str:
    from bytefit.benchmarks.shares import bench_shrink

    return bench_shrink(
        arguments.folder,
        formats=arguments.codec or SHRUNK,
        limit=arguments.limit,
        as_json=arguments.json,
        jobs=arguments.jobs,
    )


def _near_lossless(arguments: argparse.Namespace) -> str:
    from bytefit.benchmarks.near_lossless import bench_near_lossless

    return bench_near_lossless(
        arguments.folder,
        formats=arguments.codec or NEARLY_LOSSLESS,
        limit=arguments.limit,
        as_json=arguments.json,
        jobs=arguments.jobs,
    )

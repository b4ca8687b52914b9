"""`bytefit train`: its arguments, and what it calls, which is loaded with it only."""

from __future__ import annotations

import argparse
from pathlib import Path

from bytefit.cli.options import add_learned_codecs

# Libraries that `train` and `bench` need, and the extra that brings each.
EXTRAS = {
    **dict.fromkeys(("joblib", "numpy", "rich", "scipy", "sklearn", "ssimulacra2"), "train"),
    "matplotlib": "plot",
}


def add_train(train: argparse.ArgumentParser) -> None:
    """Add the arguments of `bytefit train`."""
    train.add_argument("folders", type=Path, nargs="+", metavar="DIR", help="a folder of images")
    train.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="the folder to write the models to"
    )
    train.add_argument(
        "--jobs", type=process_count, default=-1, metavar="N", help="processes to measure with (default: one per core)"
    )
    train.add_argument(
        "--cache",
        type=Path,
        default=Path.home() / ".cache" / "bytefit",
        metavar="DIR",
        help="the folder that keeps measurements for the next run (default: ~/.cache/bytefit)",
    )
    add_learned_codecs(train)
    train.add_argument("--tables", action="store_true", help="learn JPEG's quantisation tables instead of the models")
    train.set_defaults(run=_train)


def process_count(text: str) -> int:
    """Return a number of processes: at least 1, or -1 for one per core.

    Raises:
        argparse.ArgumentTypeError: if the text is no such number.
    """
    try:
        count = int(text)
    except ValueError:
        count = 0
    if count < 1 and count != -1:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number of processes: give 1 or more, or -1 for one per core"
        )
    return count


def _train(arguments: argparse.Namespace) -> int:
    if arguments.tables:
        from bytefit.training.quantisation.learning import learn_tables

        print(learn_tables(arguments.folders, arguments.output, cache=arguments.cache, jobs=arguments.jobs))
        return 0
    from bytefit.codecs import LEARNED
    from bytefit.training.run import train

    codecs = tuple(one for one in LEARNED if arguments.codec is None or one.format in arguments.codec)
    train(arguments.folders, arguments.output, cache=arguments.cache, jobs=arguments.jobs, codecs=codecs)
    return 0

"""The table of the search benchmark in the columns of the published attempt."""

from __future__ import annotations

import pytest

pytest.importorskip("sklearn")

from bytefit.benchmarks.published import published_table
from bytefit.benchmarks.rows import Row
from bytefit.benchmarks.strategies import Answer


def row(path, strategy, *, trials, seconds, size, bits=0.3, kind="photo"):
    """Return a row of a case with a budget of 1000 bytes, in which bisection took 0.1 seconds."""
    return Row(
        codec="JPEG",
        path=path,
        kind=kind,
        source=path,
        megapixels=1.0,
        bits=bits,
        budget=1000,
        strategy=strategy,
        answer=Answer(size, 50, trials, seconds),
        cost=1.0,
        speed_up=0.1 / seconds,
        speed_up_early=1.0,
    )


def case(path, **changes):
    """Return the rows of the three strategies that the table shows."""
    return [
        row(path, "bisection", trials=7, seconds=0.1, size=990, **changes),
        row(path, "bytefit", trials=1, seconds=0.02, size=980, **changes),
        row(path, "full-feature GBR", trials=2, seconds=0.05, size=1010, **changes),
    ]


def test_every_image_has_a_line_and_the_averages_close_the_table():
    """Iterations, milliseconds and errors of both, and the speed-up, as the published table has them."""
    lines = published_table([*case("a.png"), *case("b.png")]).splitlines()

    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    both = (f"{who} {what}" for what in ("iterations", "ms", "error") for who in ("BS", "ML"))
    assert cells[0] == ["image", *both, "speed-up"]
    assert cells[2] == ["a.png", "7", "1", "100.0", "20.0", "1.00%", "2.00%", "5.00x"]
    assert cells[4] == ["average", *cells[2][1:]]
    assert cells[5] == ["average, published model", "7", "2", "100.0", "50.0", "1.00%", "1.00%", "2.00x"]


def test_other_budgets_and_tiny_pieces_are_left_out():
    """The published table has one line for an image."""
    assert published_table([*case("a.png", bits=1.0), *case("b.png", kind="tiny piece")]) == ""

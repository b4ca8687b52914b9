"""Files at a share of their own bytes: what is measured, and beside whom."""

from __future__ import annotations

import json
import shutil
from functools import cache

import pytest

pytest.importorskip("joblib")
pytest.importorskip("ssimulacra2")

from bytefit.benchmarks import shares
from bytefit.benchmarks.peers import colour_peer, largest_that_fits
from bytefit.benchmarks.shares import PeerAnswer, ShrunkFile, bench_shrink
from bytefit.cli.main import main
from bytefit.errors import ConfigError
from images import encoded, graphic, photograph, screenshot

PROGRAMS = {"PNG": "pngquant", "GIF": "gifsicle"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pictures of both formats, and what is neither."""
    folder = tmp_path_factory.mktemp("shares") / "pictures"
    for kind in ("graphic", "screenshot"):
        (folder / kind).mkdir(parents=True)
    photograph((48, 36)).save(folder / "graphic" / "photograph.png")
    graphic((40, 32)).save(folder / "graphic" / "soft.png")
    screenshot((96, 72)).save(folder / "screenshot" / "text.png")
    first, *rest = (photograph((40, 30), seed=seed) for seed in range(4))
    first.save(folder / "graphic" / "moving.gif", save_all=True, append_images=rest, duration=[40, 80, 40, 200], loop=0)
    (folder / "graphic" / "photograph.jpg").write_bytes(encoded(photograph()))
    (folder / "graphic" / "notes.png").write_text("no picture")
    return folder


@cache
def benched(folder, codec_format):
    """Return the files of a format and the peer's name, as JSON has them."""
    found = json.loads(bench_shrink(folder, formats=[codec_format], as_json=True, jobs=1))[codec_format]
    return found["files"], found["peer"]


@pytest.mark.parametrize(("codec_format", "count"), [("PNG", 3), ("GIF", 1)])
def test_every_file_of_the_format_is_fitted(folder, codec_format, count):
    """Each file reaches its share or has no answer; files of other formats are ignored."""
    files, peer = benched(folder, codec_format)

    assert len(files) == count
    for row in files:
        size = (folder / row["path"]).stat().st_size
        assert row["budget"] == int(size * shares.SHARES[codec_format])
        assert row["size"] is None or row["size"] <= row["budget"]
        assert row["size"] is None or row["frames_kept"]
        assert row["lossless"] <= size
    assert any(row["size"] for row in files)
    assert (peer is not None) == (shutil.which(PROGRAMS[codec_format]) is not None)


@pytest.mark.parametrize("codec_format", ["PNG", "GIF"])
def test_the_peer_answers_in_the_most_colours_that_fit(folder, codec_format):
    """One colour more would be over the budget."""
    if colour_peer(codec_format) is None:
        pytest.skip(f"{PROGRAMS[codec_format]} is not on this machine")
    peer = colour_peer(codec_format)

    for row in benched(folder, codec_format)[0]:
        path = folder / row["path"]
        answer = row["peer"]
        assert answer["lossless"] == len(peer.lossless(path))
        if answer["size"] is None:
            continue
        assert answer["size"] == len(peer.in_colours(path, answer["colours"])) <= row["budget"]
        more = answer["colours"] < 256 and peer.in_colours(path, answer["colours"] + 1)
        assert not more or len(more) > row["budget"]


@pytest.mark.parametrize("codec_format", ["PNG", "GIF"])
def test_without_the_peer_the_report_says_so(folder, codec_format, monkeypatch):
    """Bytefit's own results are reported without a peer too."""
    monkeypatch.setattr(shares, "colour_peer", lambda _format: None)

    report = bench_shrink(folder, formats=[codec_format], jobs=1)

    assert f"{codec_format} to " in report
    assert f"No peer for {codec_format} is installed" in report


def test_the_report_compares_what_both_answered():
    """The figures can be computed by hand."""
    rows = [
        ShrunkFile(
            "a", "x", "s", 100, 90, 80, 1, 70.0, 1.2, True, 150, 2.0, PeerAnswer(8, 95, 71.0, True, 100, 72.0, 6.0)
        ),
        ShrunkFile(
            "b", "x", "t", 100, 100, 90, 3, 90.0, 1.4, True, 100, 4.0, PeerAnswer(8, 95, 80.0, False, 100, 70.0, 2.0)
        ),
        ShrunkFile("c", "y", "t", 100, None, lossless=80, peer=PeerAnswer()),
    ]

    report = shares._shrink_report(rows, "PNG", colour_peer("PNG") or shares.ColourPeer("peer", len, len))

    assert "3 files of 2 sources (2 x, 1 y)" in report
    every = next(line for line in report.splitlines() if line.startswith("| all"))
    assert [cell.strip() for cell in every.split("|")[2:-1]] == [
        "2 of 3",
        "0",
        "2.00",
        "1.30",
        "0.950",
        "80.0",
        "2 of 2",
    ]
    assert "within the same budget: +4.50 in the mean, +4.50 in the median, -1.0 at worst, 1 of 2 below" in report
    assert (
        "the peer's size as the budget: -4.50 in the mean, -4.50 in the median, -10.0 at worst, 1 of 2 below" in report
    )
    assert "1.2247 in the geometric mean of 2 files, 1 above 1.03, the worst 1.500" in report
    assert (
        "over that of bytefit's answer: 1.75 in the median of 2 files, 0.50 at worst, bytefit slower with 1" in report
    )
    assert "reached 2 of 3; 1 of these keep the frames" in report


@pytest.mark.parametrize("name", ["png", "GIF"])
def test_the_command_prints_the_report(folder, name, capsys):
    """The name of the format may be written in any case."""
    assert main(["bench", "shrink", str(folder), "--codec", name, "--limit", "1", "--jobs", "1"]) == 0

    assert capsys.readouterr().out.startswith(f"{name.upper()} to ")


@pytest.mark.parametrize("formats", [["tiff"], ["png", "jpeg"]], ids=" ".join)
def test_what_no_model_knows_is_refused(folder, formats, capsys):
    """The message names the formats that have models."""
    arguments = [word for name in formats for word in ("--codec", name)]

    assert main(["bench", "search", str(folder), *arguments]) == 2

    assert (
        f"cannot compare strategies for {formats[0].upper()}: there are models of JPEG, WEBP" in capsys.readouterr().err
    )


def test_nothing_to_measure_is_refused(tmp_path):
    """The message says what was looked for."""
    (tmp_path / "a.png").write_text("no picture")

    with pytest.raises(ConfigError, match="no PNG of at most"):
        bench_shrink(tmp_path, formats=["PNG"])


@pytest.mark.parametrize(("fits", "best"), [(2, 2), (100, 100), (256, 256), (77, 77), (1, None)])
def test_halving_finds_the_largest_that_fits(fits, best):
    """If none fits, the result says so."""
    assert largest_that_fits(lambda number: b"." * number, fits, low=2, high=256)[0] == best

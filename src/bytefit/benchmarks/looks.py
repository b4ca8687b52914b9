"""Quality at the same bytes: bytefit and every installed peer answer the same (picture, budget) cases, side by side.

Pillow decodes the answers; where a tool lowered the dimensions, they are scaled back up. Several metrics score them,
since one that a tool was tuned to flatters it. Times are not measured here (see `bytefit.benchmarks.speed`).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from io import BytesIO
from itertools import product
from typing import TYPE_CHECKING, Any

import joblib
from PIL import Image

from bytefit.benchmarks.looks_report import Scored, looks_json, looks_report
from bytefit.benchmarks.metrics import Metrics
from bytefit.benchmarks.peers import Peer, installed_peers
from bytefit.benchmarks.sheet import contact_sheet
from bytefit.codecs import LEARNED, codec_for_format
from bytefit.codecs.jpeg.codec import JPEG
from bytefit.codecs.preparing import prepare
from bytefit.errors import BudgetUnreachable, ConfigError, UnsupportedImage
from bytefit.fitting.compress import compress
from bytefit.reporters.html.page import Versions
from bytefit.sources.metadata import upright
from bytefit.sources.reading import read_picture
from bytefit.training.corpus import find_files, limited
from bytefit.training.fast_scores import LEAST_SIDE
from bytefit.training.progress import tracked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from bytefit.benchmarks.sheet import Tile
    from bytefit.training.corpus import CorpusFile

# Budgets of a picture, in bits per pixel: from tight to generous.
BUDGET_BITS = (0.25, 0.5, 1.0, 2.0)

# Pictures on a page are seldom larger, and the metrics take three seconds per megapixel.
MEGAPIXELS = 0.6

# What bytefit is asked for: the name of the answer behind the format's, and the options.
_BYTEFIT: dict[str, dict[str, Any]] = {
    ", default": {},
    "": {"slack": 0.0},
    ", best": {"slack": 0.0, "effort": "best"},
    " resize": {"slack": 0.0, "resize": True},
}

# The most rows of a contact sheet.
_MOST_SHOWN = 6


def bench_looks(
    folder: Path,
    *,
    formats: list[str] | None = None,
    limit: int | None = None,
    bits: tuple[float, ...] = BUDGET_BITS,
    megapixels: float | None = MEGAPIXELS,
    resize: bool = True,
    as_json: bool = False,
    sheet: Path | None = None,
    show: Callable[[Versions], object] | None = None,
    jobs: int = -1,
) -> str:
    """Let every tool fit the pictures below `folder` to the same budgets and return the report on their scores.

    Args:
        folder: see `bytefit.training.corpus`.
        formats: the formats to compare; None means all.
        limit: at most this many images of every kind, chosen by the hashes of their names; None means all.
        bits: the budgets, in bits per pixel.
        megapixels: larger pictures are scaled down to this first; None and 0 leave them as they are.
        resize: whether bytefit answers a second time, with `resize=True`.
        as_json: every case as JSON instead of tables.
        sheet: where to write a PNG that shows some answers side by side, at the second of `bits`.
        show: called with some of bytefit's answers, of the images of the sheet.
        jobs: processes to measure with; -1 means one per core.

    Raises:
        UnsupportedImage: if bytefit cannot steer one of the formats.
        ConfigError: if a budget is not above 0, or no picture is left to be measured.
    """
    if not bits or min(bits) <= 0:
        raise ConfigError(f"cannot make budgets of {bits!r} bits per pixel: give numbers above 0")
    tools = contenders(formats, resize=resize)
    files = limited(find_files([folder]), limit)
    tasks = [joblib.delayed(_answers_of_file)(file, folder, tools, bits, megapixels) for file in files]
    found = joblib.Parallel(n_jobs=jobs, return_as="generator")(tasks)
    by_file = dict(zip(files, tracked(found, "scoring", len(tasks)), strict=True))
    rows = [row for answers in by_file.values() for row in answers]
    if not rows:
        raise ConfigError(f"nothing to measure below {folder}: no image that every tool can read")
    if sheet is not None:
        _sheet(by_file, tools, bits[:2][-1], megapixels).save(sheet, "PNG")
    if show is not None:
        for answer in _shown_answers(by_file, tools, bits[:2][-1], megapixels):
            show(answer)
    left_out = sum(not answers for answers in by_file.values())
    return looks_json(rows, left_out) if as_json else looks_report(rows, left_out)


def contenders(formats: list[str] | None, *, resize: bool) -> list[Peer]:
    """Return all tools of the formats (None: all formats), format by format, the peers first and bytefit last.

    Raises:
        UnsupportedImage: if bytefit cannot steer one of the formats.
    """
    names = [codec_for_format(name).format for name in formats] if formats else [codec.format for codec in LEARNED]
    peers = installed_peers()
    tools = []
    for name in dict.fromkeys(names):
        tools += [peer for peer in peers if peer.format == name]
        tools += [
            Peer(f"bytefit {name}{what}", name, partial(_bytefit, name, options))
            for what, options in _BYTEFIT.items()
            if resize or "resize" not in options
        ]
    return tools


def shown_picture(path: Path, megapixels: float | None) -> Image.Image:
    """Return the picture in a file as every tool can take it: upright, RGB or L, without metadata, not too large.

    Raises:
        UnsupportedImage: if that would lose visible content, or if the picture is too small for the metrics.
        OSError: if the file cannot be read.
    """
    picture = prepare(JPEG, upright(read_picture(path)), any_size=True)
    picture = _reduced(picture if picture.mode == "L" else picture.convert("RGB"), megapixels)
    if min(picture.size) < LEAST_SIDE:
        raise UnsupportedImage(f"{path} has fewer than {LEAST_SIDE} pixels a side: its quality cannot be measured")
    picture.info.clear()
    return picture


def _bytefit(codec_format: str, options: Mapping[str, Any], picture: Image.Image, budget: int) -> bytes | None:
    try:
        return compress(picture, budget, format=codec_format, metadata="strip", **options).data
    except (BudgetUnreachable, UnsupportedImage):
        return None


def _reduced(picture: Image.Image, megapixels: float | None) -> Image.Image:
    pixels = picture.width * picture.height
    if not megapixels or pixels <= megapixels * 1e6:
        return picture
    share = (megapixels * 1e6 / pixels) ** 0.5
    size = max(1, int(picture.width * share)), max(1, int(picture.height * share))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _answers_of_file(
    file: CorpusFile, folder: Path, tools: Sequence[Peer], bits: Sequence[float], megapixels: float | None
) -> list[Scored]:
    """Return the answers of every tool to every budget of one picture; none if some tool cannot take it."""
    try:
        picture = shown_picture(file.path, megapixels)
    except (UnsupportedImage, OSError):
        return []
    path, metrics = file.path.relative_to(folder).as_posix(), Metrics(picture)
    rows = []
    for rate, tool in product(bits, tools):
        budget = _budget(picture, rate)
        case = Scored(path, file.kind, file.source, rate, budget, tool.name, tool.format)
        rows.append(_scored(case, metrics, tool.encode(picture, budget)))
    return rows


def _budget(picture: Image.Image, bits: float) -> int:
    return max(1, int(picture.width * picture.height * bits / 8))


def _scored(case: Scored, metrics: Metrics, data: bytes | None) -> Scored:
    """Return `case` with the size and the scores of its answer."""
    if data is None:
        return case
    version = Image.open(BytesIO(data))
    scores = metrics.of(_restored(version, metrics.picture))
    return replace(case, size=len(data), width=version.width, height=version.height, **scores)


def _restored(version: Image.Image, picture: Image.Image) -> Image.Image:
    """Return `version` in the mode and at the dimensions of `picture`, as it would be shown."""
    converted = version.convert(picture.mode)
    return converted if version.size == picture.size else converted.resize(picture.size, Image.Resampling.LANCZOS)


def _sheet(
    by_file: Mapping[CorpusFile, list[Scored]], tools: Sequence[Peer], bits: float, megapixels: float | None
) -> Image.Image:
    """Return the contact sheet of a few pictures, evenly chosen; they are encoded again, which gives the same bytes."""
    shown = _evenly_chosen(by_file)
    return contact_sheet([_tiles(shown_picture(file.path, megapixels), tools, bits, by_file[file]) for file in shown])


def _evenly_chosen(by_file: Mapping[CorpusFile, list[Scored]]) -> list[CorpusFile]:
    seen = [file for file, rows in by_file.items() if rows]
    return list(dict.fromkeys(seen[number * len(seen) // _MOST_SHOWN] for number in range(_MOST_SHOWN)))


def _shown_answers(
    by_file: Mapping[CorpusFile, list[Scored]], tools: Sequence[Peer], bits: float, megapixels: float | None
) -> Iterator[Versions]:
    """Yield bytefit's answers for a few pictures, at one bit rate and in every format."""
    ours = {tool.name: tool for tool in tools if tool.name == f"bytefit {tool.format}"}
    for file in _evenly_chosen(by_file):
        picture = shown_picture(file.path, megapixels)
        original = BytesIO()
        picture.save(original, "PNG")
        for row in by_file[file]:
            if row.bits == bits and row.tool in ours and row.size is not None:
                data = ours[row.tool].encode(picture, row.budget)
                if data is not None:
                    detail = f"{bits:g} bits per pixel; before is without loss"
                    name = f"{row.path}, {row.format}"
                    yield Versions(name, original.getvalue(), data, row.budget, detail, row.ssimulacra2)


def _tiles(picture: Image.Image, tools: Sequence[Peer], bits: float, rows: Sequence[Scored]) -> list[Tile]:
    """Return the original and every tool's version of it at one bit rate, titled with tool and SSIMULACRA2."""
    scored = {row.tool: row for row in rows if row.bits == bits}
    tiles: list[Tile] = [(f"original, {bits:g} bits per pixel", picture)]
    for tool in tools:
        row, data = scored[tool.name], tool.encode(picture, _budget(picture, bits))
        if data is None:
            tiles.append((f"{tool.name}: none", None))
        else:
            title = f"{tool.name}: {row.ssimulacra2:.1f}" + (", over" if row.over else "")
            tiles.append((title, _restored(Image.open(BytesIO(data)), picture)))
    return tiles

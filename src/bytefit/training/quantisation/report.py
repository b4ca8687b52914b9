"""The gains of learned tables over libjpeg's own at equal bytes, as Markdown, and the tables as readable JSON."""

from __future__ import annotations

import json
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np

from bytefit.codecs.jpeg.quantisation import Knot, tables_at
from bytefit.training.markdown import table
from bytefit.training.quantisation.measuring import encoded, learned_crop, scores_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


def compared_with_libjpeg(
    parallel: joblib.Parallel,
    content: str,
    knots: list[dict[str, Any]],
    paths: tuple[list[Path], list[Path]],
    reported_bits: tuple[float, ...],
) -> str:
    """Return the gains of the tables over libjpeg's own at equal bytes.

    Args:
        parallel: runs the encodes.
        content: what the tables are for.
        knots: the learned ladder.
        paths: the pictures that were learned from, and those held out.
        reported_bits: the bit rates to compare at, in bits per pixel.
    """
    ladder = [Knot(knot["quality"], knot["subsampling"], tuple(map(tuple, knot["tables"]))) for knot in knots]
    rows = []
    for bits in reported_bits:
        for whose, some in zip(("learned from", "held out"), paths, strict=True):
            measured = parallel(joblib.delayed(at_equal_bytes)(path, content, ladder, bits) for path in some)
            both = np.array([scores for scores in measured if scores is not None] or [[np.nan] * 4])
            plain, plain_guard, learned, guard = both.mean(axis=0)
            figures = [f"{plain:.1f}", f"{learned:.1f}", f"{learned - plain:+.1f}"]
            figures += [f"{plain_guard:.2f}", f"{guard:.2f}", f"{guard - plain_guard:+.2f}"]
            rows.append([f"{bits:g}, {whose}", str(len(both)), *figures])
    header = ["bits per pixel", "pictures", "SSIMULACRA2: libjpeg", "learned", "gain"]
    header += ["MS-SSIM (dB): libjpeg", "learned", "gain"]
    return f"{content}, at equal bytes, all progressive with optimised Huffman tables\n\n" + table(header, rows)


def at_equal_bytes(path: Path, content: str, ladder: list[Knot], bits: float) -> list[float] | None:
    """Return SSIMULACRA2 and MS-SSIM with libjpeg's tables and with the learned ones within a bit rate, if both can."""
    picture, original = learned_crop(path, content)
    budget = bits * picture.width * picture.height / 8

    def plain(quality: float) -> bytes:
        return encoded(picture, quality=int(quality))

    def learned(quality: float) -> bytes:
        tables, subsampling = tables_at(ladder, quality)
        return encoded(picture, qtables=tables, subsampling=subsampling)

    def best(encode: Callable[[float], bytes], qualities: Sequence[float]) -> list[float]:
        fits = bisect_right(qualities, budget, key=lambda quality: len(encode(quality)))
        if not fits:
            return []
        return [*scores_of(original, encode(qualities[fits - 1]))]

    scores = best(plain, range(1, 101)) + best(learned, [i / 8 for i in range(8, 801)])
    return scores if len(scores) == 4 else None  # noqa: PLR2004  (two metrics, two tables)


def tables_as_json(record: dict[str, Any]) -> str:
    """Return JSON that a person can read: one line per knot."""
    lines = [f' "version": {record["version"]}']
    for content, knots in record.items():
        if content != "version":
            rows = ",\n  ".join(json.dumps(knot, separators=(",", ":")) for knot in knots)
            lines.append(f' "{content}": [\n  {rows}\n ]')
    return "{\n" + ",\n".join(lines) + "\n}\n"

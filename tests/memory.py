"""Measures the peak memory of a whole process of bytefit, and of Pillow decoding and encoding the same file once.

    python -m tests.memory                          12 megapixels, JPEG, WebP and PNG
    python -m tests.memory --megapixels 100         a large image; PNG takes minutes
    python -m tests.memory --codec JPEG             one format only; may be repeated

The image is generated. The aim is at most 1.3 times the memory of Pillow.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from PIL import Image, ImageOps

from bytefit.benchmarks.processes import clocked

sys.path.insert(0, str(Path(__file__).resolve().parent))  # as pytest does, however this file is started

from images import photograph

if TYPE_CHECKING:
    from collections.abc import Sequence

# An image is put together of copies of a tile of this many pixels each way, mirrored so that they join.
_TILE = 1000

_TIMEOUT_SECONDS = 1800

_BYTEFIT = "import sys, bytefit; bytefit.compress(sys.argv[1], int(sys.argv[2])).data"
# Pillow's own limit on pixels is lifted on both sides.
_PILLOW = """
import io, sys, json
from PIL import Image
Image.MAX_IMAGE_PIXELS = None
Image.open(sys.argv[1]).save(io.BytesIO(), sys.argv[2], **json.loads(sys.argv[3]))
"""


class Case(NamedTuple):
    """A format: how the file is written that is fitted, the divisor of its bytes, and how Pillow encodes it once."""

    format: str
    source: dict[str, Any]
    divisor: int
    pillow: dict[str, Any]


CASES = (
    Case("JPEG", {"quality": 95}, 3, {"quality": 75, "progressive": True, "optimize": True}),
    # At a higher quality the modes of 100 megapixels do not fit into the 512 KB that VP8 has for them.
    Case("WEBP", {"quality": 75, "method": 0}, 2, {"quality": 50}),
    Case("PNG", {"compress_level": 1}, 2, {}),
)


class Peak(NamedTuple):
    """The peak memory in bytes and the seconds of bytefit and of Pillow for one file."""

    format: str
    megapixels: float
    bytefit: int
    pillow: int
    bytefit_seconds: float
    pillow_seconds: float

    @property
    def ratio(self) -> float:
        """The memory of bytefit in units of Pillow's."""
        return self.bytefit / self.pillow


def large(megapixels: float) -> Image.Image:
    """Return a photograph of about that many megapixels, four by three, made of mirrored tiles."""
    height = max(1, round((megapixels * 1e6 * 3 / 4) ** 0.5))
    size = max(1, round(height * 4 / 3)), height
    tile = photograph((min(_TILE, size[0]), min(_TILE, size[1])))
    turned = tile, ImageOps.mirror(tile), ImageOps.flip(tile), ImageOps.mirror(ImageOps.flip(tile))
    picture = Image.new("RGB", size)
    for row, top in enumerate(range(0, size[1], tile.height)):
        for column, left in enumerate(range(0, size[0], tile.width)):
            picture.paste(turned[column % 2 + 2 * (row % 2)], (left, top))
    return picture


def measured(case: Case, picture: Image.Image) -> Peak:
    """Return the peak memory of both processes for a picture.

    Raises:
        RuntimeError: if a process fails, or the platform does not report its memory.
    """
    import json

    with TemporaryDirectory() as name:
        folder, file = Path(name), f"in.{case.format.lower()}"
        picture.save(folder / file, case.format, **case.source)
        budget = (folder / file).stat().st_size // case.divisor
        commands = (
            [sys.executable, "-c", _BYTEFIT, file, str(budget)],
            [sys.executable, "-c", _PILLOW, file, case.format, json.dumps(case.pillow)],
        )
        runs = [clocked(command, folder, timeout_seconds=_TIMEOUT_SECONDS) for command in commands]
    megapixels = picture.width * picture.height / 1e6
    (own, other) = runs
    if own is None or other is None or own[1] is None or other[1] is None:
        raise RuntimeError(f"{case.format} at {megapixels:.3g} megapixels: a process failed, or tells no memory")
    return Peak(case.format, megapixels, own[1], other[1], own[0], other[0])


def line_of(peak: Peak) -> str:
    """Return the figures of a case in one line."""
    return (
        f"{peak.format:6}{peak.megapixels:7.1f} MP  bytefit {peak.bytefit / 1e6:7.0f} MB {peak.bytefit_seconds:6.1f} s"
        f"  Pillow {peak.pillow / 1e6:7.0f} MB {peak.pillow_seconds:6.1f} s  ratio {peak.ratio:.2f}"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print a line for each format and size."""
    parser = argparse.ArgumentParser(prog="python -m tests.memory", description=__doc__.partition("\n")[0])
    parser.add_argument("--megapixels", type=float, action="append", metavar="M", help="may be repeated (default: 12)")
    parser.add_argument("--codec", type=str.upper, action="append", choices=[case.format for case in CASES])
    arguments = parser.parse_args(argv)
    for megapixels in arguments.megapixels or [12]:
        picture = large(megapixels)
        for case in CASES:
            if arguments.codec is None or case.format in arguments.codec:
                print(line_of(measured(case, picture)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

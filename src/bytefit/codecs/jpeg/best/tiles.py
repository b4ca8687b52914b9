"""Pictures of any size in bounded memory: tiles with borders, each chosen and scored by itself."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from bytefit.codecs.jpeg.best.metric import Original
from bytefit.codecs.jpeg.best.rounds import Pace, components_of, improve
from bytefit.codecs.jpeg.best.samples import samples_of
from bytefit.codecs.progress import report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Box = tuple[int, int, int, int]

# The sides of a tile and of its border in pixels, multiples of the 16 that blocks of halved chroma span. A tile takes
# about 0.4 GB.
_SIDE, _BORDER = 1536, 64
_GRID = 16


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of a picture as boxes (left, top, right, bottom): what is written, and that with its surroundings."""

    inner: Box
    outer: Box


def tiles_of(size: tuple[int, int], most: int = _SIDE) -> list[Tile]:
    """Return the tiles of a picture of (width, height), the whole of a picture of at most `most` pixels a side."""
    tiles = []
    for (top, bottom), (left, right) in product(_parts(size[1], most), _parts(size[0], most)):
        outer = (
            max(0, left - _BORDER),
            max(0, top - _BORDER),
            min(size[0], right + _BORDER),
            min(size[1], bottom + _BORDER),
        )
        tiles.append(Tile((left, top, right, bottom), outer))
    return tiles


def _parts(length: int, most: int) -> list[tuple[int, int]]:
    """Return the starts and ends of about equal parts of an axis."""
    side = ceil(length / ceil(length / most) / _GRID) * _GRID
    return [(start, min(length, start + side)) for start in range(0, length, side)]


class Reference:
    """A picture, mode "L" or one that converts to RGB, that versions are made of and compared with."""

    def __init__(self, picture: Image.Image, most: int = _SIDE) -> None:
        """Keep the picture, in tiles of `most` pixels a side; what is derived from it is kept only for one tile."""
        self.picture = picture
        self.tiles = tiles_of(picture.size, most)
        self._originals: dict[Tile, Original] = {}

    def score(self, version: Image.Image) -> float:
        """Return the SSIMULACRA2 score of a version, of several tiles the mean by their pixels."""
        sums = 0.0
        for tile in self.tiles:
            pixels = _rgb(version.crop(tile.outer))
            sums += self._original(tile).score(pixels) * _area(tile.inner)
        return sums / (self.picture.width * self.picture.height)

    def synthesised(self, tables: Sequence[Sequence[int]], pace: Pace, *, halved: bool) -> tuple[Image.Image, int]:
        """Return an image of mode "L" or "YCbCr" that libjpeg quantises to the chosen levels.

        Args:
            tables: the quantisation tables it has to be saved with.
            pace: how the levels are chosen.
            halved: whether chroma is saved with half the width and height.

        Returns:
            The image, and the number of blocks, borders included, whose levels it does not bring back.
        """
        grey = self.picture.mode == "L"
        made = Image.new("L" if grey else "YCbCr", self.picture.size)
        lost = 0
        report(0, len(self.tiles))
        for number, tile in enumerate(self.tiles):
            part = self.picture.crop(tile.outer)
            components = components_of(_grey(part) if grey else _rgb(part), tables, halved=halved)
            improve(components, self._original(tile), halved=halved, pace=pace, seed=number)
            planes = []
            for plane, missing in map(samples_of, components):
                lost += missing
                planes.append(_enlarged(plane, part.size))
            whole = planes[0] if grey else Image.merge("YCbCr", planes)
            made.paste(whole.crop(_moved(tile.inner, tile.outer)), tile.inner[:2])
            report(number + 1, len(self.tiles))
        return made, lost

    def _original(self, tile: Tile) -> Original:
        if tile in self._originals:
            return self._originals[tile]
        original = Original(_rgb(self.picture.crop(tile.outer)))
        if len(self.tiles) == 1:
            self._originals[tile] = original
        return original


def _moved(box: Box, origin: Box) -> Box:
    """Return a box as seen from the left top corner of another one."""
    left, top = origin[:2]
    return box[0] - left, box[1] - top, box[2] - left, box[3] - top


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _rgb(picture: Image.Image) -> Pixels:
    return np.ascontiguousarray(np.asarray(picture.convert("RGB")).transpose(2, 0, 1))


def _grey(picture: Image.Image) -> Pixels:
    return np.asarray(picture)[None]


def _enlarged(plane: Pixels, size: tuple[int, int]) -> Image.Image:
    """Return a plane at (width, height): each sample twice each way where it is smaller, as libjpeg's mean undoes."""
    width, height = size
    if plane.shape != (height, width):
        plane = plane.repeat(2, axis=0).repeat(2, axis=1)[:height, :width]
    return Image.fromarray(np.ascontiguousarray(plane))

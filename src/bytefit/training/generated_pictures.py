"""A dozen pictures made by code, so that a check of the models needs no image files: photographs, scans, graphics.

They are the same on every machine: Pillow's own noise depends on the machine, so the random numbers are Python's.
"""

from __future__ import annotations

from math import cos, sin
from random import Random
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw, ImageFilter

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE = (512, 384)

_PAPER, _INK = (250, 249, 244), (28, 28, 36)


def generated_pictures() -> dict[str, Image.Image]:
    """Return the pictures by name."""
    makers: dict[str, Callable[[Random], Image.Image]] = {
        "smooth": lambda chance: _photograph(chance, (4, 8)),
        "landscape": lambda chance: _photograph(chance, (4, 8, 16, 32)),
        "foliage": lambda chance: _photograph(chance, (4, 16, 64, 128)),
        "grain": lambda chance: _photograph(chance, (8, 32, 128, 256)),
        "portrait": lambda chance: _photograph(chance, (3, 6, 48)).filter(ImageFilter.GaussianBlur(1)),
        "night": lambda chance: _photograph(chance, (4, 8, 64)).point(lambda value: value * value // 400),
        "grey": lambda chance: _photograph(chance, (4, 16, 64)).convert("L"),
        "scan": lambda chance: _page(chance, dirt=6),
        "clean page": lambda chance: _page(chance, dirt=0),
        "screen": _screen,
        "diagram": _diagram,
        "map": lambda chance: ImageChops.multiply(_photograph(chance, (4, 8)), _diagram(chance)),
    }
    return {name: make(Random(name)) for name, make in makers.items()}


def _noise(chance: Random, width: int) -> Image.Image:
    """Return colour noise of `width` values in a row, scaled smoothly to the full size."""
    height = max(2, width * SIZE[1] // SIZE[0])
    small = Image.frombytes("RGB", (width, height), chance.randbytes(3 * width * height))
    return small.resize(SIZE, Image.Resampling.BICUBIC)


def _photograph(chance: Random, widths: tuple[int, ...]) -> Image.Image:
    """Return noise of several finenesses, each half as strong as the coarser one before."""
    picture = _noise(chance, widths[0])
    for step, width in enumerate(widths[1:], 1):
        picture = Image.blend(picture, _noise(chance, width), 0.5 / (1 + step) + 0.05)
    return picture


def _page(chance: Random, *, dirt: int) -> Image.Image:
    """Return lines of marks like letters on paper, with `dirt` as much noise."""
    page = Image.new("RGB", SIZE, _PAPER)
    draw = ImageDraw.Draw(page)
    for top in range(20, SIZE[1] - 20, 14):
        left = 24
        while left < SIZE[0] - 40 and chance.random() > 0.02:  # noqa: PLR2004  (a line ends early now and then)
            for _ in range(chance.randint(2, 9)):
                _mark(draw, chance, left, top)
                left += 6
            left += 5
    return Image.blend(page, _noise(chance, SIZE[0] // 2), dirt / 100) if dirt else page


def _mark(draw: ImageDraw.ImageDraw, chance: Random, left: int, top: int) -> None:
    for _ in range(chance.randint(2, 3)):
        line = [(left + chance.randint(0, 4), top + chance.randint(0, 8)) for _ in range(2)]
        draw.line(line, fill=_INK)


def _screen(chance: Random) -> Image.Image:
    """Return flat panels with text and a few buttons."""
    screen = Image.new("RGB", SIZE, (236, 238, 242))
    draw = ImageDraw.Draw(screen)
    draw.rectangle((0, 0, SIZE[0], 26), fill=(44, 62, 80))
    draw.rectangle((0, 27, 110, SIZE[1]), fill=(220, 224, 230))
    for row in range(40, SIZE[1] - 30, 12):
        for left in (10, 130):
            for place in range(left, left + chance.randint(50, 90 if left == 10 else 330), 6):  # noqa: PLR2004
                _mark(draw, chance, place, row)
    for place in range(3):
        draw.rounded_rectangle((140 + 90 * place, 350, 215 + 90 * place, 374), 6, fill=(52, 152, 219))
    return screen


def _diagram(chance: Random) -> Image.Image:
    """Return curves, bars and filled areas in a few colours."""
    diagram = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(diagram)
    for number in range(10):
        colour = tuple(chance.randrange(40, 220) for _ in range(3))
        height = chance.randrange(40, 300)
        draw.rectangle((30 + 46 * number, 350 - height, 60 + 46 * number, 350), fill=colour, outline=_INK)
    for number in range(4):
        curve = [(x, 190 + 120 * sin(x / (30 + 9 * number)) * cos(x / 90 + number)) for x in range(20, 500, 4)]
        draw.line(curve, fill=tuple(chance.randrange(200) for _ in range(3)), width=2)
    return diagram

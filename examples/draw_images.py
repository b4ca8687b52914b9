"""Draw the pictures of this folder, with Pillow alone and the same every time.

    python examples/draw_images.py [FOLDER]

Without FOLDER they go to a new temporary folder.
"""

from __future__ import annotations

import random
import sys
import tempfile
from itertools import pairwise
from math import cos, pi, sin
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont, ImageOps

if TYPE_CHECKING:
    from collections.abc import Sequence

Colour = tuple[int, int, int]
Size = tuple[int, int]


def main(arguments: Sequence[str]) -> None:
    folder = Path(arguments[0] if arguments else tempfile.mkdtemp(prefix="bytefit-examples-"))
    folder.mkdir(parents=True, exist_ok=True)
    landscape().save(folder / "landscape.jpg", quality=90, subsampling="4:4:4", optimize=True)
    portrait().save(folder / "portrait.avif", quality=90)
    dashboard().save(folder / "dashboard.webp", quality=95, method=6)
    sticker().save(folder / "sticker.webp", quality=95, method=6)
    for path in sorted(folder.iterdir()):
        if path.suffix in {".jpg", ".avif", ".webp"}:
            with Image.open(path) as image:
                print(f"{path}: {image.width}x{image.height} {image.mode}, {path.stat().st_size:,} bytes")


def gradient(size: Size, *stops: Colour) -> Image.Image:
    """Run through the colours from top to bottom."""
    column = Image.new("RGB", (1, len(stops)))
    for y, stop in enumerate(stops):
        column.putpixel((0, y), stop)
    return column.resize(size, Image.Resampling.BICUBIC)


def noise(size: Size, rng: random.Random, cells: Size, octaves: int) -> Image.Image:
    """Fractal noise: random grids, each twice as fine and half as strong as the one before."""
    grids = []
    for octave in range(octaves):
        grid = (cells[0] << octave, cells[1] << octave)
        grids.append(
            Image.frombytes("L", grid, rng.randbytes(grid[0] * grid[1])).resize(size, Image.Resampling.BICUBIC)
        )
    total = grids.pop()
    while grids:
        total = Image.blend(grids.pop(), total, 0.5)
    return ImageOps.autocontrast(total)


def slopes(ground: Image.Image, shift: Size, steepness: float) -> tuple[Image.Image, Image.Image]:
    """Cut the ground, and the light that falls on it from one side, to what lies inside by `shift`."""
    width, height = ground.width - shift[0], ground.height - shift[1]
    here = ground.crop((0, shift[1], width, ground.height))
    there = ground.crop((shift[0], 0, ground.width, height))
    return here, ImageChops.subtract(there, here, scale=1 / steepness, offset=122)


def levels(image: Image.Image, low: int, high: int) -> Image.Image:
    """Stretch the range low..high to 0..255."""
    return image.point([max(0, min(255, round((value - low) * 255 / (high - low)))) for value in range(256)])


def glow(size: Size, centre: tuple[int, int], radius: int) -> Image.Image:
    """A mask that is brightest at its centre and fades with the distance."""
    spot = ImageOps.invert(Image.radial_gradient("L"))
    # What is left at the middle of an edge would show the square the spot is drawn in.
    spot = levels(spot, spot.getpixel((0, 128)), 255).resize((2 * radius, 2 * radius), Image.Resampling.BICUBIC)
    mask = Image.new("L", size)
    mask.paste(spot, (centre[0] - radius, centre[1] - radius))
    return mask


def polygon_mask(size: Size, points: Sequence[tuple[float, float]]) -> Image.Image:
    """An anti-aliased polygon, drawn at twice the size."""
    mask = Image.new("L", (2 * size[0], 2 * size[1]))
    ImageDraw.Draw(mask).polygon([(2 * x, 2 * y) for x, y in points], fill=255)
    return mask.reduce(2)


def ellipse_mask(size: Size, box: tuple[float, float, float, float]) -> Image.Image:
    """An anti-aliased ellipse, drawn at twice the size."""
    mask = Image.new("L", (2 * size[0], 2 * size[1]))
    ImageDraw.Draw(mask).ellipse([2 * edge for edge in box], fill=255)
    return mask.reduce(2)


def grain(image: Image.Image, rng: random.Random, strength: float) -> Image.Image:
    """Add a sensor's noise, which makes a picture costly to encode."""
    speck = Image.frombytes("L", image.size, rng.randbytes(image.width * image.height)).convert("RGB")
    return Image.blend(image, ImageChops.overlay(image, speck), strength)


def landscape() -> Image.Image:
    size, shore = (1200, 800), 560
    rng = random.Random(20)
    scene = sky(size, rng)
    ranges = [  # height of the ridge, its roughness, the rock's two colours, haze, line of the snow
        (330, 150, (70, 84, 122), (196, 192, 200), 0.5, 330),
        (400, 170, (40, 50, 72), (176, 158, 150), 0.22, 350),
        (490, 120, (16, 32, 34), (112, 124, 88), 0.06, 0),
    ]
    for height, rough, dark, bright, haze, snow in ranges:
        rock = mountain(size, dark, bright, snow, rng)
        rock = Image.blend(rock, Image.new("RGB", size, (206, 196, 206)), haze)
        mist = gradient(size, *[(level,) * 3 for level in (0, 0, 20, 110, 110)]).convert("L")
        rock.paste((226, 206, 196), (0, 0), mist)
        ridge = enumerate(ridge_line(size[0] + 1, height, rough, rng))
        scene.paste(rock, (0, 0), polygon_mask(size, [(0, size[1]), *ridge, (size[0], size[1])]))
    scene = with_lake(scene, shore, rng)
    draw_bank(scene, rng)
    return grain(scene, rng, 0.09)


def sky(size: Size, rng: random.Random) -> Image.Image:
    scene = gradient(size, (46, 88, 150), (98, 140, 190), (236, 196, 160), (250, 190, 130), (250, 190, 130))
    clouds = levels(noise((size[0], 2 * size[1]), rng, (4, 14), 6).resize(size), 128, 235)
    scene.paste(
        (255, 232, 214), (0, 0), ImageChops.multiply(clouds, gradient(size, (255,) * 3, (90,) * 3).convert("L"))
    )
    sun = (800, 270)
    scene.paste((255, 226, 170), (0, 0), glow(size, sun, 420).point(lambda value: value * value // 300))
    scene.paste((255, 250, 232), (0, 0), levels(glow(size, sun, 60), 60, 100))
    return scene


def ridge_line(width: int, height: float, rough: float, rng: random.Random) -> list[float]:
    """Midpoint displacement: one height for every column."""
    line = [height + rng.uniform(-rough, rough) * 0.6 for _ in range(5)]
    while len(line) < width:
        rough *= 0.52
        middles = [(a + b) / 2 + rng.uniform(-rough, rough) for a, b in pairwise(line)]
        line = [point for pair in zip(line, middles, strict=False) for point in pair] + line[-1:]
    return [line[x * (len(line) - 1) // (width - 1)] for x in range(width)]


def mountain(size: Size, dark: Colour, bright: Colour, snow: int, rng: random.Random) -> Image.Image:
    """Rock lit from the right, with snow on what lies above the line `snow`."""
    relief, light = slopes(noise((size[0] + 3, size[1] + 2), rng, (9, 6), 8), (3, 2), 8)
    rock = ImageOps.colorize(light, dark, bright)
    if snow:
        height = gradient(size, (255,) * 3, (0,) * 3).convert("L")
        line = round(255 - 255 * snow / size[1])
        cover = levels(ImageChops.add(height, ImageChops.subtract(light, relief, offset=96), 2, 0), line - 30, line)
        rock.paste(ImageOps.colorize(light, (150, 166, 200), (255, 250, 246)), (0, 0), cover)
    return rock


def with_lake(scene: Image.Image, shore: int, rng: random.Random) -> Image.Image:
    """Mirror what is above the shore in the water below it."""
    width, height = scene.size
    depth = height - shore
    water = ImageOps.flip(scene.crop((0, shore - 2 * depth, width, shore))).resize((width, depth))
    water = water.filter(ImageFilter.GaussianBlur((1, 3)))
    water = Image.blend(water, gradient(water.size, (120, 132, 150), (24, 48, 66), (10, 26, 40)), 0.38)
    _, light = slopes(noise((width, depth + 2), rng, (6, 24), 4), (0, 2), 0.9)
    water = ImageChops.overlay(water, light.convert("RGB"))
    scene.paste(water, (0, shore))
    return scene


def draw_bank(scene: Image.Image, rng: random.Random) -> None:
    """Grass on both sides of the water, with pines on it, the nearest drawn last."""
    width, height = scene.size
    bank = [
        height - 150 * abs(2 * x / width - 1) ** 1.6 + ragged
        for x, ragged in enumerate(ridge_line(width + 1, 0, 14, rng))
    ]
    grass = ImageOps.colorize(noise(scene.size, rng, (60, 20), 5), (14, 24, 14), (104, 108, 52))
    scene.paste(grass, (0, 0), polygon_mask(scene.size, [(0, height), *enumerate(bank), (width, height)]))
    feet = []
    for _ in range(70):
        reach = rng.triangular(-20, 430, 0)
        x = round(min(width - 1, max(0, reach if rng.getrandbits(1) else width - reach)))
        feet.append((bank[x] + rng.uniform(4, 90), x))
    for y, x in sorted(feet):
        draw_pine(scene, (x, round(y)), round(60 + (y - 640) * 0.75 + rng.uniform(-15, 35)), rng)


def draw_pine(scene: Image.Image, foot: tuple[int, int], height: int, rng: random.Random) -> None:
    """A pine of ragged branches, drawn at three times the size."""
    size = (round(height * 0.5), height)
    tree = Image.new("RGBA", (3 * size[0], 3 * size[1]))
    draw = ImageDraw.Draw(tree)
    middle, bottom = tree.width / 2, tree.height
    draw.line((middle, bottom * 0.1, middle, bottom), fill=(26, 22, 18, 255), width=max(3, height // 16))
    for step in range(height // 2):
        share = step / (height // 2)
        y = bottom * (0.01 + 0.92 * share)
        shade = rng.randint(-8, 12)
        for side in (-1, 1):
            reach = side * middle * share**0.9 * rng.uniform(0.55, 1.0)
            green = (20 + shade + 7 * (side + 1), 36 + shade + 6 * (side + 1), 26 + shade, 255)
            draw.line((middle, y, middle + reach, y + abs(reach) * 0.35), fill=green, width=7)
    tree = tree.reduce(3)
    scene.paste(tree, (foot[0] - size[0] // 2, foot[1] - height), tree)


def portrait() -> Image.Image:
    size = (480, 600)
    rng = random.Random(4)
    scene = gradient(size, (46, 52, 84), (112, 74, 104), (222, 132, 104), (120, 66, 70))
    for _ in range(26):  # lights out of focus
        radius = rng.randint(14, 46)
        centre = (rng.randint(0, size[0]), rng.randint(0, size[1] - 150))
        box = (centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)
        colour = rng.choice([(255, 214, 150), (255, 160, 120), (190, 170, 255), (255, 238, 214)])
        light = ellipse_mask(size, box).filter(ImageFilter.GaussianBlur(3))
        scene.paste(colour, (0, 0), light.point(lambda value: value // 5))
    scene = scene.filter(ImageFilter.GaussianBlur(2))
    lit(scene, ellipse_mask(size, (128, 92, 352, 470)), (38, 24, 26), (112, 66, 50), (300, 150))  # hair
    lit(scene, ellipse_mask(size, (40, 440, 440, 800)), (34, 58, 84), (98, 146, 170), (330, 450))  # shoulders
    neck = polygon_mask(size, [(202, 330), (278, 330), (282, 440), (318, 462), (240, 505), (162, 462), (198, 440)])
    lit(scene, neck.filter(ImageFilter.GaussianBlur(2)), (120, 68, 56), (206, 142, 112), (300, 470))
    lit(scene, ellipse_mask(size, (156, 128, 324, 376)), (150, 88, 70), (252, 206, 170), (286, 226))  # face
    fringe = polygon_mask(size, [(150, 250), (158, 150), (240, 92), (330, 150), (334, 240), (296, 176), (214, 160)])
    lit(scene, fringe.filter(ImageFilter.GaussianBlur(3)), (44, 28, 28), (128, 78, 56), (290, 120))
    return grain(scene, rng, 0.05)


def lit(scene: Image.Image, mask: Image.Image, dark: Colour, bright: Colour, light: tuple[int, int]) -> None:
    """Paint a shape, shaded by its distance from the light."""
    shade = ImageOps.colorize(glow(scene.size, light, 240), dark, bright)
    scene.paste(shade, (0, 0), mask)


INK, PALE, BLUE, GREEN, ORANGE = (30, 41, 59), (100, 116, 139), (37, 99, 235), (22, 163, 74), (234, 88, 12)


def dashboard() -> Image.Image:
    image = Image.new("RGB", (1280, 800), (241, 245, 249))
    draw = ImageDraw.Draw(image)
    rng = random.Random(7)
    draw.rectangle((0, 0, 219, 799), fill=(15, 23, 42))
    write(draw, (28, 26), "Depot", 26, (255, 255, 255))
    for row, name in enumerate(("Overview", "Images", "Budgets", "Pull requests", "Reports", "Settings")):
        if row == 0:
            draw.rounded_rectangle((12, 84, 207, 122), 8, fill=(30, 58, 138))
        write(draw, (30, 94 + 46 * row), name, 15, (255, 255, 255) if row == 0 else (148, 163, 184))
    write(draw, (248, 24), "Overview", 28, INK)
    write(draw, (248, 60), "Image weight of the site, last thirty days", 14, PALE)
    figures = [("Images", "1,284", "+38", BLUE), ("Total weight", "96.2 MB", "-41 %", GREEN)]
    figures += [("Over budget", "7", "-22", GREEN), ("Largest", "1.9 MB", "+0.3 MB", ORANGE)]
    for column, (title, figure, change, colour) in enumerate(figures):
        left = 248 + 254 * column
        card(draw, (left, 96, left + 234, 196))
        write(draw, (left + 18, 110), title, 13, PALE)
        write(draw, (left + 18, 132), figure, 30, INK)
        write(draw, (left + 18, 170), change, 13, colour)
    card(draw, (248, 216, 848, 496))
    write(draw, (266, 230), "Weight a page, kB", 15, INK)
    draw_chart(image, (300, 266, 828, 460), rng)
    card(draw, (868, 216, 1248, 496))
    write(draw, (886, 230), "By format", 15, INK)
    formats = [("JPEG", 0.92, BLUE), ("PNG", 0.71, ORANGE), ("WebP", 0.48, GREEN), ("AVIF", 0.29, (124, 58, 237))]
    for row, (name, share, colour) in enumerate(formats):
        y = 276 + 52 * row
        write(draw, (886, y), name, 14, PALE)
        draw.rounded_rectangle((946, y, 1226, y + 18), 9, fill=(226, 232, 240))
        draw.rounded_rectangle((946, y, 946 + 280 * share, y + 18), 9, fill=colour)
    draw_table(draw, (248, 516, 1248, 780), rng)
    return image


def write(draw: ImageDraw.ImageDraw, place: tuple[int, int], text: str, size: int, colour: Colour) -> None:
    draw.text(place, text, fill=colour, font=ImageFont.load_default(size))


def card(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int]) -> None:
    draw.rounded_rectangle(box, 10, fill=(255, 255, 255), outline=(226, 232, 240))


def draw_chart(image: Image.Image, box: tuple[int, int, int, int], rng: random.Random) -> None:
    """A curve with the area below it filled."""
    left, top, right, bottom = box
    draw = ImageDraw.Draw(image)
    for step in range(5):
        y = top + (bottom - top) * step // 4
        draw.line((left, y, right, y), fill=(226, 232, 240))
        write(draw, (left - 36, y - 8), f"{400 - 100 * step}", 12, PALE)
    points = []
    for day in range(30):
        share = 0.2 + 0.02 * day + 0.06 * sin(day * 0.9) + rng.uniform(-0.03, 0.03)
        points.append((left + (right - left) * day / 29, top + (bottom - top) * share))
    area = polygon_mask(image.size, [(left, bottom), *points, (right, bottom)])
    image.paste(BLUE, (0, 0), area.point(lambda value: value // 6))
    draw.line(points, fill=BLUE, width=3, joint="curve")


def draw_table(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], rng: random.Random) -> None:
    card(draw, box)
    limit = 500
    columns = (box[0] + 18, box[0] + 420, box[0] + 560, box[0] + 700, box[0] + 860)
    for x, title in zip(columns, ("File", "Format", "Size", "Budget", "State"), strict=True):
        write(draw, (x, box[1] + 14), title, 13, PALE)
    files = ("static/hero.jpg", "static/team/lisbon.jpg", "docs/figures/ladder.webp", "blog/2024/autumn.avif")
    files += ("static/og/card.jpg", "docs/figures/curve.webp", "blog/2025/harbour.jpg")
    for row, name in enumerate(files):
        y = box[1] + 44 + 30 * row
        draw.line((box[0] + 18, y - 6, box[2] - 18, y - 6), fill=(241, 245, 249))
        size = rng.randint(60, 640)
        over = size > limit
        cells = (name, Path(name).suffix[1:].upper(), f"{size} kB", f"{limit} kB", "over" if over else "fits")
        for x, cell in zip(columns, cells, strict=True):
            write(draw, (x, y), cell, 14, (ORANGE if over else GREEN) if x == columns[-1] else INK)


def sticker() -> Image.Image:
    size = (512, 512)
    star = [
        (256 + cos(pi * k / 24) * radius, 248 + sin(pi * k / 24) * radius)
        for k in range(48)
        for radius in [226 if k % 2 else 206]
    ]
    shape = polygon_mask(size, star)
    image = Image.new("RGBA", size)
    image.putalpha(ImageChops.offset(shape, 0, 10).filter(ImageFilter.GaussianBlur(9)).point(lambda v: v * 2 // 5))
    face = gradient(size, (253, 186, 116), (234, 88, 12), (136, 19, 55))
    image.paste(face, (0, 0), shape)
    image.paste((255, 247, 237), (0, 0), ellipse_mask(size, (84, 76, 428, 420)))
    image.paste(face, (0, 0), ellipse_mask(size, (92, 84, 420, 412)))
    draw = ImageDraw.Draw(image)
    draw.text((256, 226), "200", fill=(255, 255, 255), font=ImageFont.load_default(128), anchor="mm")
    draw.text((256, 316), "kB, not one byte more", fill=(255, 237, 213), font=ImageFont.load_default(25), anchor="mm")
    return image


if __name__ == "__main__":
    main(sys.argv[1:])

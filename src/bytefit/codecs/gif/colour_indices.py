"""Turns the colours of a GIF into indices: exactly, in a shared or a local palette, or to the nearest of few colours.

This module knows colours and palettes. `bytefit.codecs.gif.frame_differences` chooses which pixels are stored.
"""

from __future__ import annotations

from collections import Counter
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageChops

from bytefit.codecs.palettes.quantise import MOST_COLOURS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# GIF pixels are either opaque or transparent: opaque from this alpha.
OPAQUE_FROM = 128

# Pillow looks colours up in cells of four levels for each channel, so it confuses near colours. The wrong pixels are
# looked up again in a palette of their own colours, up to this many times; the last pass looks up each pixel exactly.
_PASSES = 6

Colour = tuple[int, ...]


class IndexedRectangle(NamedTuple):
    """A rectangle as colour indices.

    Attributes:
        indices: the colour indices, mode L.
        palette: the local colours, three bytes each; empty if the indices are those of the global palette.
        transparent_index: the index without a colour; None if the palette has no room for one.
        exact: mode L, 255 where the palette has the colour of the pixel; the other indices are meaningless. None if
            the palette has all colours.
    """

    indices: Image.Image
    palette: bytes
    transparent_index: int | None
    exact: Image.Image | None


class ColourIndexer(NamedTuple):
    """A way to turn colours into indices.

    Attributes:
        palette: the global palette, three bytes for each colour; empty if each frame has its own.
        transparent_index: the index of the global palette without a colour, or None.
        to_indices: (colours of a rectangle, mode RGB; mask of the pixels that must be stored, mode L) -> the rectangle
            as indices, or None if it has too many colours.
        tolerance: a pixel stays unchanged if no channel differs from the canvas by more; None keeps colours exact.
    """

    palette: bytes
    transparent_index: int | None
    to_indices: Callable[[Image.Image, Image.Image], IndexedRectangle | None]
    tolerance: int | None = None


def with_binary_alpha(picture: Image.Image) -> Image.Image:
    """Return a picture, mode RGBA, in which each pixel is opaque, or transparent and black."""
    whole = picture.convert("RGBA")
    alpha = whole.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return whole
    binary = Image.new("RGBA", whole.size)
    solid = whole.convert("RGB")
    binary.paste(solid, mask=alpha.point([0] * OPAQUE_FROM + [255] * (256 - OPAQUE_FROM)))
    return binary


def has_partial_alpha(picture: Image.Image) -> bool:
    """Return whether a picture has pixels that are neither opaque nor fully transparent."""
    if not picture.has_transparency_data:
        return False
    return any(picture.convert("RGBA").getchannel("A").histogram()[1:-1])


def exact_indexer(pictures: Sequence[Image.Image]) -> ColourIndexer:
    """Return an indexer that keeps every colour.

    The most common colours share the global palette, in order of frequency: frames of common colours have shorter
    codes. A frame with other colours has a local palette.
    """
    counts: Counter[Colour] = Counter()
    clear = len(pictures) > 1
    for picture in pictures:
        found = with_binary_alpha(picture).getcolors(2 * MOST_COLOURS)
        if found is None:
            return ColourIndexer(b"", None, _index_in_local_palette)
        clear = clear or any(not colour[3] for _, colour in found if isinstance(colour, tuple))
        for count, colour in found:
            if isinstance(colour, tuple) and colour[3]:
                counts[colour[:3]] += count
    shared = [colour for colour, _ in counts.most_common(MOST_COLOURS - clear)]
    places = {colour: index for index, colour in enumerate(shared, int(clear))}
    palette = bytes(3 * clear) + b"".join(map(bytes, shared))
    transparent_index = 0 if clear else None

    def index(rectangle: Image.Image, mask: Image.Image) -> IndexedRectangle | None:
        indices, exact = _exact_indices(rectangle, places)
        if exact is None or ImageChops.subtract(mask, exact).getbbox() is None:
            return IndexedRectangle(indices, b"", transparent_index, exact)
        return _index_in_local_palette(rectangle, mask)

    return ColourIndexer(palette, transparent_index, index)


def nearest_indexer(palette: Image.Image, colours: int, tolerance: int, *, clear: bool) -> ColourIndexer:
    """Return an indexer that takes the nearest of at most `colours` colours of one palette, an image of mode P.

    With `clear` the palette has one entry more, for transparent and for unchanged pixels.
    """
    entries = bytes(palette.getpalette() or ())[: 3 * colours]
    shift = [min(255, index + clear) for index in range(256)]
    transparent_index = 0 if clear else None

    def index(rectangle: Image.Image, _mask: Image.Image) -> IndexedRectangle:
        found = rectangle.quantize(palette=palette, dither=Image.Dither.NONE)
        return IndexedRectangle(_indices(found).point(shift), b"", transparent_index, None)

    return ColourIndexer(bytes(3 * clear) + entries, transparent_index, index, tolerance)


def _index_in_local_palette(rectangle: Image.Image, mask: Image.Image) -> IndexedRectangle | None:
    """Return a rectangle in a palette of the colours under the mask; None if they are more than 256."""
    stored = Image.new("RGBA", rectangle.size)
    stored.paste(rectangle, mask=mask)
    found = stored.getcolors(MOST_COLOURS + 1)
    if found is None:
        return None
    colours = [colour[:3] for _, colour in sorted(found, reverse=True) if isinstance(colour, tuple) and colour[3]]
    if len(colours) > MOST_COLOURS:
        return None
    indices, exact = _exact_indices(rectangle, {colour: index for index, colour in enumerate(colours)})
    has_room = len(colours) < MOST_COLOURS
    return IndexedRectangle(indices, b"".join(map(bytes, colours)), len(colours) if has_room else None, exact)


def _exact_indices(rectangle: Image.Image, places: dict[Colour, int]) -> tuple[Image.Image, Image.Image | None]:
    """Return the indices of a rectangle, and a mask of the pixels whose colour has an index; None if all have one."""
    indices, wrong = _look_up_nearest(rectangle, places)
    missing = Image.new("L", rectangle.size)
    for number in range(_PASSES):
        box = wrong.getbbox()
        if box is None:
            break
        rest, mask = rectangle.crop(box), wrong.crop(box)
        remaining = _colours_under(rest, mask) & places.keys()
        if not remaining:
            missing.paste(255, box, mask)
            break
        is_last = number == _PASSES - 1
        look_up = _look_up_each_pixel if is_last else _look_up_nearest
        corrected, still_wrong = look_up(rest, {colour: places[colour] for colour in remaining})
        found = ImageChops.subtract(mask, still_wrong)
        indices.paste(corrected, box, found)
        wrong.paste(0, box, found)
        if is_last:
            missing = wrong
    return indices, ImageChops.invert(missing) if missing.getbbox() else None


def _look_up_nearest(rectangle: Image.Image, places: dict[Colour, int]) -> tuple[Image.Image, Image.Image]:
    """Return the indices that Pillow finds, and a mask of those whose colour is not exact."""
    palette = Image.new("P", (1, 1))
    palette.putpalette(b"".join(map(bytes, places)) or bytes(3))
    found = rectangle.quantize(palette=palette, dither=Image.Dither.NONE)
    differs = reduce(ImageChops.lighter, ImageChops.difference(found.convert("RGB"), rectangle).split())
    numbers = list(places.values())
    numbers += [0] * (256 - len(numbers))
    return _indices(found).point(numbers), differs.point([0] + [255] * 255)


def _look_up_each_pixel(rectangle: Image.Image, places: dict[Colour, int]) -> tuple[Image.Image, Image.Image]:
    pixels = rectangle.tobytes()
    found = [places.get(tuple(pixels[at : at + 3]), -1) for at in range(0, len(pixels), 3)]
    indices = Image.frombytes("L", rectangle.size, bytes(max(0, index) for index in found))
    return indices, Image.frombytes("L", rectangle.size, bytes(255 * (index < 0) for index in found))


def _colours_under(rectangle: Image.Image, mask: Image.Image) -> set[Colour]:
    masked = Image.new("RGBA", rectangle.size)
    masked.paste(rectangle, mask=mask)
    found = masked.getcolors(rectangle.width * rectangle.height) or ()
    return {colour[:3] for _, colour in found if isinstance(colour, tuple) and colour[3]}


def _indices(found: Image.Image) -> Image.Image:
    return Image.frombytes("L", found.size, found.tobytes())

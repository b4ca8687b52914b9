"""How the colours of a GIF become indices: exactly, in one palette or one for each frame, or the nearest of a few.

It knows colours and palettes; which pixels are drawn is for `bytefit.codecs.gif.frame_differences` to say.
"""

from __future__ import annotations

from collections import Counter
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageChops

from bytefit.codecs.palettes.quantise import MOST_COLOURS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# GIF knows pixels that are seen, and pixels that are not.
SEEN_FROM = 128

# Pillow looks colours up in cells of four levels each way, so that near ones are confused: what is wrong is looked up
# again in a palette of those alone, so often. What is left then is looked up pixel by pixel.
_PASSES = 6

Colour = tuple[int, ...]


class Indexed(NamedTuple):
    """A rectangle in a palette.

    Attributes:
        indices: mode L.
        palette: its colours, three bytes each; empty where it is that of the file.
        transparent: an index that stands for no colour; None where there is no room for one.
        right: mode L, 255 where the colour is in the palette; elsewhere the index means nothing. None where all are.
    """

    indices: Image.Image
    palette: bytes
    transparent: int | None
    right: Image.Image | None


class Inks(NamedTuple):
    """How colours become indices.

    Attributes:
        palette: that of the file, three bytes each; empty where each frame has its own.
        transparent: its index that stands for no colour, or None.
        indexed: (colours of a rectangle, mode RGB; what of it has to be drawn, mode L) -> its indices. None where there
            are too many colours.
        tolerance: a pixel that differs from what is seen already by no more, in the channel that differs most, stays;
            None where every colour has to be what it is.
        strict: whether a picture that has too many colours is refused, and not drawn in the nearest there is room for.
    """

    palette: bytes
    transparent: int | None
    indexed: Callable[[Image.Image, Image.Image], Indexed | None]
    tolerance: int | None = None
    strict: bool = False


def seen(picture: Image.Image) -> Image.Image:
    """Return a picture, mode RGBA, whose pixels are wholly seen, or not at all and then of no colour."""
    whole = picture.convert("RGBA")
    alpha = whole.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return whole
    shown = Image.new("RGBA", whole.size)
    solid = whole.convert("RGB")
    shown.paste(solid, mask=alpha.point([0] * SEEN_FROM + [255] * (256 - SEEN_FROM)))
    return shown


def exact_inks(pictures: Sequence[Image.Image], *, strict: bool = False) -> Inks:
    """Return inks that keep every colour: in one palette as far as that goes, and one for each frame that has others.

    The commonest colours come first: a frame of those alone has shorter codes.
    """
    counts: Counter[Colour] = Counter()
    clear = len(pictures) > 1
    for picture in pictures:
        found = seen(picture).getcolors(2 * MOST_COLOURS)
        if found is None:
            return Inks(b"", None, _index_apart, strict=strict)
        clear = clear or any(not colour[3] for _, colour in found if isinstance(colour, tuple))
        for count, colour in found:
            if isinstance(colour, tuple) and colour[3]:
                counts[colour[:3]] += count
    shared = [colour for colour, _ in counts.most_common(MOST_COLOURS - clear)]
    places = {colour: index for index, colour in enumerate(shared, int(clear))}
    palette = bytes(3 * clear) + b"".join(map(bytes, shared))
    transparent = 0 if clear else None

    def index(part: Image.Image, mask: Image.Image) -> Indexed | None:
        indices, right = _matched(part, places)
        if right is None or ImageChops.subtract(mask, right).getbbox() is None:
            return Indexed(indices, b"", transparent, right)
        return _index_apart(part, mask)

    return Inks(palette, transparent, index, strict=strict)


def shared_inks(palette: Image.Image, colours: int, tolerance: int, *, clear: bool) -> Inks:
    """Return inks of one palette, mode P, of at most `colours` colours, the nearest of which stands for each.

    With `clear` one entry more stands for no colour.
    """
    entries = bytes(palette.getpalette() or ())[: 3 * colours]
    shift = [min(255, index + clear) for index in range(256)]
    transparent = 0 if clear else None

    def index(part: Image.Image, _mask: Image.Image) -> Indexed:
        found = part.quantize(palette=palette, dither=Image.Dither.NONE)
        return Indexed(_indices(found).point(shift), b"", transparent, None)

    return Inks(bytes(3 * clear) + entries, transparent, index, tolerance)


def nearest_apart(part: Image.Image) -> Indexed:
    """Return a rectangle of too many colours in the best palette of its own that Pillow finds."""
    found = part.quantize(MOST_COLOURS - 1, method=Image.Quantize.MEDIANCUT, kmeans=1)
    palette = bytes(found.getpalette() or ())[: 3 * (MOST_COLOURS - 1)]
    return Indexed(_indices(found), palette, len(palette) // 3, None)


def _index_apart(part: Image.Image, mask: Image.Image) -> Indexed | None:
    """Return the indices of a rectangle in a palette of what has to be drawn of it."""
    drawn = Image.new("RGBA", part.size)
    drawn.paste(part, mask=mask)
    found = drawn.getcolors(MOST_COLOURS + 1)
    if found is None:
        return None
    colours = [colour[:3] for _, colour in sorted(found, reverse=True) if isinstance(colour, tuple) and colour[3]]
    if len(colours) > MOST_COLOURS:
        return None
    indices, right = _matched(part, {colour: index for index, colour in enumerate(colours)})
    room = len(colours) < MOST_COLOURS
    return Indexed(indices, b"".join(map(bytes, colours)), len(colours) if room else None, right)


def _matched(part: Image.Image, places: dict[Colour, int]) -> tuple[Image.Image, Image.Image | None]:
    """Return the indices of colours, and 255 where they have one, or None where all of them do."""
    indices, wrong = _looked_up(part, places)
    missing = Image.new("L", part.size)
    for turn in range(_PASSES):
        box = wrong.getbbox()
        if box is None:
            break
        rest, mask = part.crop(box), wrong.crop(box)
        left = _colours_under(rest, mask) & places.keys()
        if not left:
            missing.paste(255, box, mask)
            break
        last = turn == _PASSES - 1
        again, still = (_one_by_one if last else _looked_up)(rest, {colour: places[colour] for colour in left})
        found = ImageChops.subtract(mask, still)
        indices.paste(again, box, found)
        wrong.paste(0, box, found)
        if last:
            missing = wrong
    return indices, ImageChops.invert(missing) if missing.getbbox() else None


def _looked_up(part: Image.Image, places: dict[Colour, int]) -> tuple[Image.Image, Image.Image]:
    """Return indices as Pillow finds them, and 255 where that is not the very colour."""
    palette = Image.new("P", (1, 1))
    palette.putpalette(b"".join(map(bytes, places)) or bytes(3))
    found = part.quantize(palette=palette, dither=Image.Dither.NONE)
    differs = reduce(ImageChops.lighter, ImageChops.difference(found.convert("RGB"), part).split())
    numbers = list(places.values())
    numbers += [0] * (256 - len(numbers))
    return _indices(found).point(numbers), differs.point([0] + [255] * 255)


def _one_by_one(part: Image.Image, places: dict[Colour, int]) -> tuple[Image.Image, Image.Image]:
    pixels = part.tobytes()
    found = [places.get(tuple(pixels[at : at + 3]), -1) for at in range(0, len(pixels), 3)]
    indices = Image.frombytes("L", part.size, bytes(max(0, index) for index in found))
    return indices, Image.frombytes("L", part.size, bytes(255 * (index < 0) for index in found))


def _colours_under(part: Image.Image, mask: Image.Image) -> set[Colour]:
    shown = Image.new("RGBA", part.size)
    shown.paste(part, mask=mask)
    found = shown.getcolors(part.width * part.height) or ()
    return {colour[:3] for _, colour in found if isinstance(colour, tuple) and colour[3]}


def _indices(found: Image.Image) -> Image.Image:
    return Image.frombytes("L", found.size, found.tobytes())

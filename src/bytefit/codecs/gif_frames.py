"""The frames of a GIF: of each only what has changed, in the palette of all, and cleared where it has to be.

Frames come in as whole pictures with times; what goes out is drawn on a canvas, one rectangle after the other, so that
exactly those pictures are seen, or in a palette of fewer colours pictures that differ from them by little.
"""

from __future__ import annotations

import sys
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageChops
from PIL.ImageFilter import BoxBlur

from bytefit.codecs.gif_blocks import CLEAR, KEEP, RESTORE, Drawn, packed
from bytefit.codecs.palettes import MOST_COLOURS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# GIF knows pixels that are seen, and pixels that are not.
SEEN_FROM = 128

# What was there before the last frame is brought back where that leaves so much less to be drawn.
_WORTH_RESTORING = 0.7

# Gaps of up to so many pixels between drawn ones are tried with and without being drawn.
_GAP = 15

Box = tuple[int, int, int, int]


class Inks(NamedTuple):
    """How colours become indices.

    Attributes:
        palette: the colours, three bytes each; empty where each frame has its own.
        indexed: (colours of a rectangle, mode RGB; what of it is drawn, mode L) -> its indices, mode L, and the palette
            they are of where that is its own. None where there are too many colours.
        transparent: an index that stands for no colour, or None where each frame has its own.
        tolerance: a pixel that differs from what is seen already by no more, in the channel that differs most, stays.
    """

    palette: bytes
    indexed: Callable[[Image.Image, Image.Image], tuple[Image.Image, bytes] | None]
    transparent: int | None
    tolerance: int = 0


def drawn(pictures: Sequence[Image.Image], delays: Sequence[int], inks: Inks) -> Iterator[Drawn]:
    """Yield what is drawn for each picture, mode RGBA, so that it is seen for its delay."""
    canvas = Image.new("RGBA", pictures[0].size)
    opaque = all(_is_opaque(picture) for picture in pictures)
    before: Image.Image | None = None
    last: Drawn | None = None
    for picture, delay in zip(pictures, delays, strict=True):
        shown = _seen(picture)
        if last is not None:
            last, canvas = _disposed(last, canvas, before, shown, inks)
            yield last
        # The first one covers the canvas: what it leaves out decoders fill with a background of their own.
        box = (0, 0, *shown.size) if last is None else None
        before = None if last is None else canvas.copy()
        last = _drawn(canvas, shown, delay, inks, box=box)
        last = last if opaque else _letting_through(last, inks)
    if last is not None:
        yield last


def _letting_through(frame: Drawn, inks: Inks) -> Drawn:
    """Return a frame with an index that lets through, used or not: without one decoders clear to a colour."""
    if frame.transparent is not None:
        return frame
    index = inks.transparent if inks.transparent is not None else len(frame.palette) // 3
    return frame if index >= MOST_COLOURS else frame._replace(transparent=index)


def _is_opaque(picture: Image.Image) -> bool:
    return not picture.has_transparency_data or _seen(picture).getchannel("A").getextrema() == (255, 255)


def _disposed(
    last: Drawn, canvas: Image.Image, before: Image.Image | None, shown: Image.Image, inks: Inks
) -> tuple[Drawn, Image.Image]:
    """Return the frame that was drawn last with what is best done to it before the next, and the canvas after that."""
    gone = ImageChops.subtract(canvas.getchannel("A"), shown.getchannel("A")).getbbox()
    if before is not None and _is_nearer(before, canvas, shown, inks, cleared=gone is not None):
        return last._replace(disposal=RESTORE), before
    if gone is None:
        return last, canvas
    # What has to become transparent again is cleared, with the whole rectangle that was drawn last.
    box = (last.left, last.top, last.left + last.indexed.width, last.top + last.indexed.height)
    covered = _around(box, gone)
    if covered != box:
        last = _redrawn(canvas, covered, last, inks)
    canvas.paste((0, 0, 0, 0), covered)
    return last._replace(disposal=CLEAR), canvas


def _is_nearer(before: Image.Image, canvas: Image.Image, shown: Image.Image, inks: Inks, *, cleared: bool) -> bool:
    """Return whether much less has to be drawn where what was there before the last frame is brought back."""
    if ImageChops.subtract(before.getchannel("A"), shown.getchannel("A")).getbbox() is not None:
        return False
    to_draw, to_restore = (_changed(under, shown, inks.tolerance).histogram()[255] for under in (canvas, before))
    return cleared or to_restore < _WORTH_RESTORING * to_draw


def _seen(picture: Image.Image) -> Image.Image:
    """Return a picture whose pixels are wholly seen, or not at all and then of no colour."""
    whole = picture.convert("RGBA")
    alpha = whole.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return whole
    mask = alpha.point([0] * SEEN_FROM + [255] * (256 - SEEN_FROM))
    seen = Image.new("RGBA", whole.size)
    seen.paste(whole.convert("RGB"), mask=mask)
    return seen


def _changed(canvas: Image.Image, shown: Image.Image, tolerance: int) -> Image.Image:
    """Return 255 where a pixel has to be drawn, else 0."""
    *colours, alpha = ImageChops.difference(canvas, shown).split()
    differs = reduce(ImageChops.lighter, colours).point([0] * (tolerance + 1) + [255] * (255 - tolerance))
    return ImageChops.multiply(ImageChops.lighter(differs, alpha.point([0] + [255] * 255)), shown.getchannel("A"))


def _drawn(canvas: Image.Image, shown: Image.Image, delay: int, inks: Inks, *, box: Box | None) -> Drawn:
    """Return what is drawn, and draw it: what has changed, with or without what lies between, whichever is smaller."""
    changed = _changed(canvas, shown, inks.tolerance)
    box = box or changed.getbbox() or (0, 0, 1, 1)
    part, mask = shown.crop(box), changed.crop(box)
    colours = part.convert("RGB")
    tried = [frame for way in _ways(part, mask) if (frame := _indexed(colours, way, box, delay, inks)) is not None]
    if not tried:  # too many colours to leave any out: the nearest that there is room for
        tried = [_in_its_own(colours, mask, box, delay)]
    frame = min(tried, key=lambda frame: len(packed(frame.indexed, 8))) if len(tried) > 1 else tried[0]
    _draw(canvas, part, frame)
    return frame


def _ways(part: Image.Image, mask: Image.Image) -> list[Image.Image]:
    """Return what of a rectangle may be drawn so that it is seen: few pixels, or few breaks between those drawn."""
    if part.getchannel("A").getextrema() != (255, 255) or mask.getextrema() == (255, 255):
        return [mask]
    return [mask, _closed(mask), mask.point([255] * 256)]


def _closed(mask: Image.Image) -> Image.Image:
    """Return a mask without its narrow gaps: grown by some pixels, and shrunk again."""
    anything, grow = [0] + [255] * 255, BoxBlur(_GAP // 2)
    grown = ImageChops.invert(mask.filter(grow).point(anything))
    return ImageChops.invert(grown.filter(grow).point(anything))


def _indexed(part: Image.Image, mask: Image.Image, box: Box, delay: int, inks: Inks) -> Drawn | None:
    found = inks.indexed(part, mask)
    if found is None:
        return None
    indices, palette = found
    transparent = inks.transparent if inks.transparent is not None else len(palette) // 3
    if mask.getextrema() == (255, 255):
        return Drawn(indices, box[0], box[1], None, palette, delay, KEEP)
    if transparent >= MOST_COLOURS:
        return None
    indices.paste(transparent, mask=ImageChops.invert(mask))
    return Drawn(indices, box[0], box[1], transparent, palette, delay, KEEP)


def _in_its_own(part: Image.Image, mask: Image.Image, box: Box, delay: int) -> Drawn:
    found = part.quantize(MOST_COLOURS - 1, method=Image.Quantize.MEDIANCUT, kmeans=1)
    palette = bytes(found.getpalette() or ())[: 3 * (MOST_COLOURS - 1)]
    indices = Image.frombytes("L", found.size, found.tobytes())
    indices.paste(MOST_COLOURS - 1, mask=ImageChops.invert(mask))
    return Drawn(indices, box[0], box[1], MOST_COLOURS - 1, palette, delay, KEEP)


def _draw(canvas: Image.Image, part: Image.Image, frame: Drawn) -> None:
    """Note on the canvas which colours were drawn: those that were meant, not those they became in the palette.

    Measured against the palette's, a colour it lacks would differ anew with every frame.
    """
    lut = [255] * 256
    if frame.transparent is not None:
        lut[frame.transparent] = 0
    canvas.paste(part, (frame.left, frame.top), frame.indexed.point(lut))


def _redrawn(canvas: Image.Image, box: Box, frame: Drawn, inks: Inks) -> Drawn:
    """Return a frame in a larger box, of which the rest lets through what is there."""
    transparent = frame.transparent
    if transparent is None:
        transparent = inks.transparent if inks.transparent is not None else len(frame.palette) // 3
    if transparent >= MOST_COLOURS:
        part = canvas.crop(box)
        again = _indexed(part.convert("RGB"), part.getchannel("A"), box, frame.delay, inks)
        return again or _in_its_own(part.convert("RGB"), part.getchannel("A"), box, frame.delay)
    indices = Image.new("L", (box[2] - box[0], box[3] - box[1]), transparent)
    indices.paste(frame.indexed, (frame.left - box[0], frame.top - box[1]))
    return frame._replace(indexed=indices, left=box[0], top=box[1], transparent=transparent)


def _around(one: Box, other: Box) -> Box:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def exact_inks(pictures: Sequence[Image.Image]) -> Inks:
    """Return inks that keep every colour: in one palette where all frames have few enough, else in one for each."""
    colours: dict[int, None] = {}
    for picture in pictures:
        found = _seen(picture).getcolors(MOST_COLOURS * 2)
        if found is None:
            return Inks(b"", _index_apart, None)
        colours.update((_key(colour), None) for _, colour in found if isinstance(colour, tuple) and colour[3])
        if len(colours) > MOST_COLOURS - 1:
            return Inks(b"", _index_apart, None)
    places = {colour: index for index, colour in enumerate(colours)}
    return Inks(_palette_of(places), lambda part, _mask: (_mapped(part, places), b""), len(places))


def _index_apart(part: Image.Image, mask: Image.Image) -> tuple[Image.Image, bytes] | None:
    """Return the indices of a rectangle in a palette of what is drawn of it."""
    drawn_only = Image.new("RGBA", part.size)
    drawn_only.paste(part, mask=mask)
    found = drawn_only.getcolors(MOST_COLOURS + 1)
    if found is None:
        return None
    keys = [_key(colour) for _, colour in found if isinstance(colour, tuple) and colour[3]]
    if len(keys) > MOST_COLOURS:
        return None
    places = {key: index for index, key in enumerate(keys)}
    return _mapped(drawn_only.convert("RGB"), places), _palette_of(places)


def _key(colour: tuple[int, ...]) -> int:
    return int.from_bytes(bytes((*colour[:3], 255)), sys.byteorder)


def _palette_of(places: dict[int, int]) -> bytes:
    return b"".join(key.to_bytes(4, sys.byteorder)[:3] for key in places)


def _mapped(part: Image.Image, places: dict[int, int]) -> Image.Image:
    """Return the indices of colours; 0 where there is none."""
    pixels = memoryview(part.convert("RGBA").tobytes()).cast("I")
    return Image.frombytes("L", part.size, bytes([places.get(pixel, 0) for pixel in pixels]))


def shared_inks(palette: Image.Image, colours: int, tolerance: int) -> Inks:
    """Return inks of one palette, mode P, of at most `colours` colours, the nearest of which stands for each."""
    entries = bytes(palette.getpalette() or ())[: 3 * colours]

    def index(part: Image.Image, _mask: Image.Image) -> tuple[Image.Image, bytes]:
        found = part.quantize(palette=palette, dither=Image.Dither.NONE)
        return Image.frombytes("L", found.size, found.tobytes()), b""

    return Inks(entries, index, len(entries) // 3, tolerance)

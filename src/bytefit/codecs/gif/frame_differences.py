"""The frames of a GIF: of each only what has changed, in the palette of all, and cleared where it has to be.

Frames come in as whole pictures with times; what goes out is drawn on a canvas, one rectangle after the other, so that
exactly those pictures are seen, or in a palette of fewer colours pictures that differ from them by little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageChops

from bytefit.codecs.gif.blocks import CLEAR, KEEP, RESTORE, Drawn, packed
from bytefit.codecs.gif.colour_indices import Indexed, Inks, nearest_apart, seen
from bytefit.codecs.gif.masks import FULL, changed, differs, ways
from bytefit.codecs.palettes.quantise import MOST_COLOURS
from bytefit.errors import UnsupportedImage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# What was there before the last frame is brought back where that leaves so much less to be drawn.
_WORTH_RESTORING = 0.7

Box = tuple[int, int, int, int]


class _Patch(NamedTuple):
    """What stood in a rectangle before the last frame: colours, and their indices."""

    box: Box
    colours: Image.Image
    indices: Image.Image


def drawn(pictures: Sequence[Image.Image], delays: Sequence[int], inks: Inks, *, holes: bool) -> Iterator[Drawn]:
    """Yield what is drawn for each picture so that it is seen for its delay.

    With `holes` the first frame has a transparent index, used or not: Pillow and gifsicle show no transparency in any
    of them otherwise.

    Raises:
        UnsupportedImage: if the pictures differ in size, as Pillow shows frames that stand outside of the canvas; or
            have too many colours for inks that are strict.
    """
    size = pictures[0].size
    canvas = _Canvas(pictures, inks, holes=holes)
    last: Drawn | None = None
    for picture, delay in zip(pictures, delays, strict=True):
        if picture.size != size:
            raise UnsupportedImage(f"a frame of {picture.size} pixels stands outside of the {size} of the animation")
        shown = seen(picture)
        if last is not None:
            yield canvas.disposed(last, shown)
        last = canvas.drawn(shown, delay)
    if last is not None:
        yield last


class _Canvas:
    """What is seen so far: the colours that were meant, and the indices of the palette that stand for them.

    Measured against the palette's colours, one that it lacks would differ anew with every frame.
    """

    def __init__(self, pictures: Sequence[Image.Image], inks: Inks, *, holes: bool) -> None:
        size = pictures[0].size
        self._pictures = pictures
        self._inks = inks
        self._holes = holes
        self._colours = Image.new("RGBA", size)
        self._indices = Image.new("L", size, inks.transparent or 0)
        self._before: _Patch | None = None
        self._first = True

    def disposed(self, last: Drawn, shown: Image.Image) -> Drawn:
        """Return the frame drawn last with what is best done to it before `shown`, and do that."""
        gone = None
        if shown.getchannel("A").getextrema() != FULL:
            gone = ImageChops.subtract(self._colours.getchannel("A"), shown.getchannel("A")).getbbox()
        if self._before is not None and self._is_nearer(self._before, shown, gone):
            self._colours.paste(self._before.colours, self._before.box)
            self._indices.paste(self._before.indices, self._before.box)
            return last._replace(disposal=RESTORE)
        if gone is None:
            return last
        # What has to become transparent again is cleared, with the whole rectangle that was drawn last.
        box = _box_of(last)
        covered = _around(box, gone)
        if covered != box or last.transparent is None:
            last = self._redrawn(last, covered)
        self._colours.paste((0, 0, 0, 0), covered)
        self._indices.paste(self._inks.transparent or 0, covered)
        return last._replace(disposal=CLEAR)

    def drawn(self, shown: Image.Image, delay: int) -> Drawn:
        """Return what is drawn so that `shown` is seen, and draw it."""
        # The first one covers the canvas: what it leaves out decoders fill with a background of their own.
        whole = (0, 0, *shown.size)
        box = ImageChops.difference(self._colours, shown).getbbox(alpha_only=False)
        box = whole if self._first else box or (0, 0, 1, 1)
        part, under = shown.crop(box), self._colours.crop(box)
        mask = changed(under, part, self._inks.tolerance or 0)
        if self._inks.tolerance is not None:
            under.paste(part, mask=mask)
            part = under
        indexed = self._inks.indexed(part.convert("RGB"), mask)
        if self._inks.tolerance is not None and indexed is not None and not self._first:
            mask = ImageChops.multiply(mask, differs(indexed.indices, self._indices.crop(box)))
        frame = indexed and _smallest(indexed, part.getchannel("A"), mask, box, delay, crop=not self._first)
        if frame is None and box != whole:
            # A palette of what is drawn has no room for a transparent entry; of the whole picture none need be.
            indexed = self._inks.indexed(shown.convert("RGB"), shown.getchannel("A"))
            frame = indexed and _smallest(indexed, shown.getchannel("A"), shown.getchannel("A"), whole, delay)
        if frame is not None and self._first and self._holes:
            frame = self._with_transparent(frame) or (None if self._has_holes() else frame)
        if frame is None:
            indexed = self._nearest(part)
            frame = _letting_through(indexed, len(indexed.palette) // 3, mask, box, delay)
        self._note(frame, part, box, indexed)
        return frame

    def _note(self, frame: Drawn, part: Image.Image, box: Box, indexed: Indexed | None) -> None:
        """Note what is seen now, and what was before in the rectangle that is drawn."""
        drawn_box = _box_of(frame)
        before = _Patch(drawn_box, self._colours.crop(drawn_box), self._indices.crop(drawn_box))
        self._before, self._first = None if self._first else before, False
        self._colours.paste(part, box)
        if self._inks.tolerance is not None and indexed is not None:
            self._indices.paste(indexed.indices, box, part.getchannel("A"))

    def _is_nearer(self, before: _Patch, shown: Image.Image, gone: Box | None) -> bool:
        """Return whether much less has to be drawn where what was there before the last frame is brought back."""
        box, tolerance = before.box, self._inks.tolerance or 0
        if gone is not None and _around(box, gone) != box:
            return False
        now, then = shown.crop(box), before.colours
        if ImageChops.subtract(then.getchannel("A"), now.getchannel("A")).getbbox() is not None:
            return False
        if gone is not None:
            return True
        to_restore = changed(then, now, tolerance).histogram()[255]
        to_draw = changed(self._colours.crop(box), now, tolerance).histogram()[255]
        if to_restore >= _WORTH_RESTORING * to_draw:
            return False
        area = ImageChops.difference(self._colours, shown).getbbox(alpha_only=False) or box
        every = changed(self._colours.crop(area), shown.crop(area), tolerance).histogram()[255]
        return every - to_draw + to_restore < _WORTH_RESTORING * every

    def _redrawn(self, frame: Drawn, box: Box) -> Drawn:
        """Return a frame in a larger box, of which the rest lets through what is there, with a transparent index.

        Decoders clear to their background where a frame has none, Pillow among them.
        """
        able = self._with_transparent(frame)
        if able is None:
            part = self._colours.crop(box)
            indexed = self._nearest(part)
            return _letting_through(indexed, len(indexed.palette) // 3, part.getchannel("A"), box, frame.delay)
        if box == _box_of(able):
            return able
        transparent = able.transparent or 0
        indices = Image.new("L", (box[2] - box[0], box[3] - box[1]), transparent)
        indices.paste(frame.indexed, (frame.left - box[0], frame.top - box[1]))
        return able._replace(indexed=indices, left=box[0], top=box[1], packed=packed(indices))

    def _has_holes(self) -> bool:
        """Return whether any picture really has what a mode with transparency could have."""
        return any(seen(picture).getchannel("A").getextrema() != FULL for picture in self._pictures)

    def _nearest(self, part: Image.Image) -> Indexed:
        if self._inks.strict:
            raise UnsupportedImage("a frame has more than the 256 colours of a palette")
        return nearest_apart(part.convert("RGB"))

    def _with_transparent(self, frame: Drawn) -> Drawn | None:
        """Return a frame with a transparent index, used or not; None where there is no room for one."""
        if frame.transparent is not None:
            return frame
        if not frame.palette:
            return None if self._inks.transparent is None else frame._replace(transparent=self._inks.transparent)
        index = len(frame.palette) // 3
        return None if index >= MOST_COLOURS else frame._replace(transparent=index, palette=frame.palette + bytes(3))


def _smallest(
    indexed: Indexed, opaque: Image.Image, mask: Image.Image, box: Box, delay: int, *, crop: bool = False
) -> Drawn | None:
    """Return what has changed, with or without what lies between, whichever is smaller; None if there is no room."""
    if crop:
        inner = mask.getbbox() or (0, 0, 1, 1)
        box = box[0] + inner[0], box[1] + inner[1], box[0] + inner[2], box[1] + inner[3]
        mask, opaque = mask.crop(inner), opaque.crop(inner)
        right = indexed.right and indexed.right.crop(inner)
        indexed = indexed._replace(indices=indexed.indices.crop(inner), right=right)
    may = opaque if indexed.right is None else ImageChops.multiply(opaque, indexed.right)
    tried = [_drawing(indexed, way, box, delay) for way in ways(indexed.indices, mask, may)]
    return min((frame for frame in tried if frame), key=lambda frame: len(frame.packed), default=None)


def _drawing(indexed: Indexed, way: Image.Image, box: Box, delay: int) -> Drawn | None:
    """Return the frame that draws this much; None where that needs a transparent index and there is no room for it."""
    if way.getextrema() == FULL:
        return Drawn(indexed.indices, *box[:2], None, indexed.palette, delay, KEEP, packed(indexed.indices))
    return None if indexed.transparent is None else _letting_through(indexed, indexed.transparent, way, box, delay)


def _letting_through(indexed: Indexed, transparent: int, way: Image.Image, box: Box, delay: int) -> Drawn:
    indices = Image.new("L", indexed.indices.size, transparent)
    indices.paste(indexed.indices, mask=way)
    palette = indexed.palette and indexed.palette + bytes(3)
    return Drawn(indices, *box[:2], transparent, palette, delay, KEEP, packed(indices))


def _box_of(frame: Drawn) -> Box:
    return frame.left, frame.top, frame.left + frame.indexed.width, frame.top + frame.indexed.height


def _around(one: Box, other: Box) -> Box:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])

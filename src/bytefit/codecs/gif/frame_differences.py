"""Renders pictures as the frames of a GIF: each stores only the rectangle that changed.

A decoder paints the rectangles onto a canvas, one after the other. The canvas then shows exactly the given pictures,
or, in a palette of fewer colours, pictures that differ from them slightly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageChops

from bytefit.codecs.gif.blocks import CLEAR, KEEP, RESTORE, GifFrame, lzw_encode
from bytefit.codecs.gif.colour_indices import ColourIndexer, IndexedRectangle, has_partial_alpha, with_binary_alpha
from bytefit.codecs.gif.masks import FULL, candidate_masks, changed_mask, difference_mask
from bytefit.codecs.palettes.quantise import MOST_COLOURS
from bytefit.errors import PixelsNotKept, UnsupportedImage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# The canvas before the last frame is restored if this leaves less than this share of the pixels to store.
_WORTH_RESTORING = 0.7

Box = tuple[int, int, int, int]


class _Patch(NamedTuple):
    """The colours and indices of a rectangle before the last frame."""

    box: Box
    colours: Image.Image
    indices: Image.Image


def changed_boxes(pictures: Sequence[Image.Image]) -> list[Box | None]:
    """Return for each picture the box that holds all its pixels that differ from the picture before; None for none.

    That of the first one is whole. Elsewhere a picture is not looked at: in most recordings of a screen that leaves a
    small part of it.
    """
    boxes: list[Box | None] = []
    before: Image.Image | None = None
    for picture in pictures:
        if before is None or (before.size, before.mode) != (picture.size, picture.mode):
            boxes.append((0, 0, *picture.size))
        else:
            boxes.append(ImageChops.difference(before, picture).getbbox(alpha_only=False))
        before = picture
    return boxes


def render_frames(
    pictures: Sequence[Image.Image],
    delays: Sequence[int],
    indexer: ColourIndexer,
    *,
    changed: Sequence[Box | None],
    has_transparency: bool,
    quick: bool,
) -> Iterator[GifFrame]:
    """Yield the frame to store for each picture; `changed` is what `changed_boxes` returns for the pictures.

    With `quick` only the quickest ways to store a frame are tried.

    With `has_transparency` the first frame has a transparent index, used or not: Pillow and gifsicle otherwise show
    no transparency in any frame.

    Raises:
        UnsupportedImage: if the pictures differ in size (Pillow enlarges the canvas for frames that exceed it).
        PixelsNotKept: if the indexer keeps every colour and GIF cannot.
    """
    size = pictures[0].size
    canvas = _Canvas(pictures, indexer, has_transparency=has_transparency, quick=quick)
    last: GifFrame | None = None
    for picture, delay, box in zip(pictures, delays, changed, strict=True):
        if picture.size != size:
            raise UnsupportedImage(f"a frame of {picture.size} pixels is outside of the canvas of {size} pixels")
        if indexer.tolerance is None and box is not None and has_partial_alpha(picture.crop(box)):
            raise PixelsNotKept("GIF cannot keep partial transparency, only pixels that are opaque or transparent")
        target = _Target(picture, box or (0, 0, 1, 1))
        if last is not None:
            last, target = canvas.dispose(last, target)
            yield last
        last = canvas.render(target, delay)
    if last is not None:
        yield last


class _Target(NamedTuple):
    """A picture to show, and the box outside of which the canvas shows it already."""

    picture: Image.Image
    box: Box

    def crop(self, box: Box) -> Image.Image:
        """Return a part of the picture, mode RGBA, opaque or transparent."""
        return with_binary_alpha(self.picture.crop(box))


class _Canvas:
    """The canvas of a decoder: the intended colours, and the colour indices that represent them.

    Changes are measured against the intended colours: a colour that the palette lacks would otherwise count as a
    change in every frame.
    """

    def __init__(
        self, pictures: Sequence[Image.Image], indexer: ColourIndexer, *, has_transparency: bool, quick: bool
    ) -> None:
        size = pictures[0].size
        self._pictures = pictures
        self._indexer = indexer
        self._has_transparency = has_transparency
        self._quick = quick
        self._colours = Image.new("RGBA", size)
        self._indices = Image.new("L", size, indexer.transparent_index or 0)
        self._before: _Patch | None = None
        self._is_first = True

    def dispose(self, last: GifFrame, target: _Target) -> tuple[GifFrame, _Target]:
        """Dispose of the last frame in the best way for `target`.

        Returns:
            The last frame with its disposal method; the target, with the box that the canvas then lacks.
        """
        cleared = None
        if self._has_transparency:
            alpha, wanted = (part.getchannel("A") for part in (self._colours.crop(target.box), target.crop(target.box)))
            cleared = _moved(ImageChops.subtract(alpha, wanted).getbbox(), target.box)
        if self._before is not None and self._should_restore(self._before, target, cleared):
            self._colours.paste(self._before.colours, self._before.box)
            self._indices.paste(self._before.indices, self._before.box)
            return last._replace(disposal=RESTORE), target._replace(box=_union(target.box, self._before.box))
        if cleared is None:
            return last, target
        # Pixels become transparent again only if the whole rectangle of the last frame is cleared.
        box = _box_of(last)
        covered = _union(box, cleared)
        if covered != box or last.transparent_index is None:
            last = self._enlarged(last, covered)
        self._colours.paste((0, 0, 0, 0), covered)
        self._indices.paste(self._indexer.transparent_index or 0, covered)
        return last._replace(disposal=CLEAR), target._replace(box=_union(target.box, covered))

    def render(self, target: _Target, delay: int) -> GifFrame:
        """Paint `target` onto the canvas and return the frame that does so."""
        # The first frame covers the canvas: decoders fill the rest with a background of their own.
        whole = (0, 0, *target.picture.size)
        box = whole if self._is_first else self._differing(target) or (0, 0, 1, 1)
        rectangle, under = target.crop(box), self._colours.crop(box)
        mask = changed_mask(under, rectangle, self._indexer.tolerance or 0)
        if self._indexer.tolerance is not None:
            under.paste(rectangle, mask=mask)
            rectangle = under
        indexed = self._indexer.to_indices(rectangle.convert("RGB"), mask)
        if self._indexer.tolerance is not None and indexed is not None and not self._is_first:
            mask = ImageChops.multiply(mask, difference_mask(indexed.indices, self._indices.crop(box)))
        opaque = rectangle.getchannel("A")
        frame = indexed and _smallest_frame(
            indexed, opaque, mask, box, delay, crop=not self._is_first, quick=self._quick
        )
        if frame is None and box != whole:
            # The palette of the rectangle has no room for a transparent entry. The whole picture may need none.
            entire = target.crop(whole)
            opaque = entire.getchannel("A")
            indexed = self._indexer.to_indices(entire.convert("RGB"), opaque)
            frame = indexed and _smallest_frame(indexed, opaque, opaque, whole, delay, quick=self._quick)
        if frame is not None and self._is_first and self._has_transparency:
            frame = self._with_transparent_index(frame) or (None if self._has_transparent_pixels() else frame)
        if frame is None:
            raise _too_many_colours()
        self._paint(frame, rectangle, box, indexed)
        return frame

    def _differing(self, target: _Target) -> Box | None:
        """Return the box of the pixels that the canvas does not show as they should be; None for none."""
        shown, wanted = self._colours.crop(target.box), target.crop(target.box)
        return _moved(ImageChops.difference(shown, wanted).getbbox(alpha_only=False), target.box)

    def _paint(self, frame: GifFrame, rectangle: Image.Image, box: Box, indexed: IndexedRectangle | None) -> None:
        """Paint a rectangle onto the canvas, and keep the pixels that the frame replaces."""
        frame_box = _box_of(frame)
        before = _Patch(frame_box, self._colours.crop(frame_box), self._indices.crop(frame_box))
        self._before, self._is_first = None if self._is_first else before, False
        self._colours.paste(rectangle, box)
        if self._indexer.tolerance is not None and indexed is not None:
            self._indices.paste(indexed.indices, box, rectangle.getchannel("A"))

    def _should_restore(self, before: _Patch, target: _Target, cleared: Box | None) -> bool:
        """Return whether restoring the canvas before the last frame leaves much less to store."""
        box, tolerance = before.box, self._indexer.tolerance or 0
        if cleared is not None and _union(box, cleared) != box:
            return False
        new, old = target.crop(box), before.colours
        if ImageChops.subtract(old.getchannel("A"), new.getchannel("A")).getbbox() is not None:
            return False
        if cleared is not None or self._quick:
            return cleared is not None
        after_restoring = changed_mask(old, new, tolerance).histogram()[255]
        without_restoring = changed_mask(self._colours.crop(box), new, tolerance).histogram()[255]
        if after_restoring >= _WORTH_RESTORING * without_restoring:
            return False
        area = self._differing(target) or box
        total = changed_mask(self._colours.crop(area), target.crop(area), tolerance).histogram()[255]
        return total - without_restoring + after_restoring < _WORTH_RESTORING * total

    def _enlarged(self, frame: GifFrame, box: Box) -> GifFrame:
        """Return a frame in a larger box, transparent outside of the old one, with a transparent index.

        Decoders, Pillow among them, clear a frame without a transparent index to their background colour.
        """
        enlarged = self._with_transparent_index(frame)
        if enlarged is None:
            raise _too_many_colours()
        if box == _box_of(enlarged):
            return enlarged
        indices = Image.new("L", (box[2] - box[0], box[3] - box[1]), enlarged.transparent_index or 0)
        indices.paste(frame.indices, (frame.left - box[0], frame.top - box[1]))
        return enlarged._replace(indices=indices, left=box[0], top=box[1], lzw_data=lzw_encode(indices))

    def _has_transparent_pixels(self) -> bool:
        """Return whether any picture has a transparent pixel, and not only a mode that allows one."""
        return any(with_binary_alpha(picture).getchannel("A").getextrema() != FULL for picture in self._pictures)

    def _with_transparent_index(self, frame: GifFrame) -> GifFrame | None:
        """Return a frame with a transparent index, used or not; None if the palette has no room for one."""
        if frame.transparent_index is not None:
            return frame
        if not frame.palette:
            index = self._indexer.transparent_index
            return None if index is None else frame._replace(transparent_index=index)
        index = len(frame.palette) // 3
        if index >= MOST_COLOURS:
            return None
        return frame._replace(transparent_index=index, palette=frame.palette + bytes(3))


def _too_many_colours() -> PixelsNotKept:
    return PixelsNotKept(f"GIF cannot keep the colours of a frame that has more than {MOST_COLOURS}")


def _smallest_frame(
    indexed: IndexedRectangle,
    opaque: Image.Image,
    mask: Image.Image,
    box: Box,
    delay: int,
    *,
    crop: bool = False,
    quick: bool,
) -> GifFrame | None:
    """Return the smallest of the frames that store the changed pixels; None if the palette has no room for any."""
    if crop:
        inner = mask.getbbox() or (0, 0, 1, 1)
        box = _moved(inner, box) or box
        mask, opaque = mask.crop(inner), opaque.crop(inner)
        exact = indexed.exact and indexed.exact.crop(inner)
        indexed = indexed._replace(indices=indexed.indices.crop(inner), exact=exact)
    drawable = opaque if indexed.exact is None else ImageChops.multiply(opaque, indexed.exact)
    masks = candidate_masks(indexed.indices, mask, drawable, quick=quick)
    frames = [_frame_for_mask(indexed, candidate, box, delay) for candidate in masks]
    return min((frame for frame in frames if frame), key=lambda frame: len(frame.lzw_data), default=None)


def _frame_for_mask(indexed: IndexedRectangle, mask: Image.Image, box: Box, delay: int) -> GifFrame | None:
    """Return the frame that stores the pixels of a mask; None if it needs a transparent index and has no room."""
    if mask.getextrema() == FULL:
        return GifFrame(indexed.indices, *box[:2], None, indexed.palette, delay, KEEP, lzw_encode(indexed.indices))
    if indexed.transparent_index is None:
        return None
    return _transparent_frame(indexed, indexed.transparent_index, mask, box, delay)


def _transparent_frame(
    indexed: IndexedRectangle, transparent_index: int, mask: Image.Image, box: Box, delay: int
) -> GifFrame:
    """Return the frame that stores the pixels of a mask and is transparent elsewhere."""
    indices = Image.new("L", indexed.indices.size, transparent_index)
    indices.paste(indexed.indices, mask=mask)
    palette = indexed.palette and indexed.palette + bytes(3)
    return GifFrame(indices, *box[:2], transparent_index, palette, delay, KEEP, lzw_encode(indices))


def _box_of(frame: GifFrame) -> Box:
    return frame.left, frame.top, frame.left + frame.indices.width, frame.top + frame.indices.height


def _moved(inner: Box | None, box: Box) -> Box | None:
    """Return a box inside of another one as a box of the canvas."""
    return inner and (box[0] + inner[0], box[1] + inner[1], box[0] + inner[2], box[1] + inner[3])


def _union(one: Box, other: Box) -> Box:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])

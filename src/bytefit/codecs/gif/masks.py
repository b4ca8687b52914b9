"""Masks (mode L, 255 or 0) of the pixels of a frame that must be stored, and of those that may be stored too."""

from __future__ import annotations

from functools import reduce

from PIL import Image, ImageChops
from PIL.ImageFilter import BoxBlur

# Gaps of up to this many pixels between stored pixels are tried filled and open.
_GAPS = 3, 31
# A run of equal pixels is extended from a stored pixel by at most this many pixels.
_LONGEST_RUN = 64

# The extrema of a mask that is 255 everywhere.
FULL = (255, 255)


def changed_mask(canvas: Image.Image, target: Image.Image, tolerance: int) -> Image.Image:
    """Return 255 where a pixel of `target` must be stored, else 0.

    A pixel must be stored if it is opaque and differs from the canvas by more than `tolerance` in any channel.
    """
    *colours, alpha = ImageChops.difference(canvas, target).split()
    differs = reduce(ImageChops.lighter, colours).point([0] * (tolerance + 1) + [255] * (255 - tolerance))
    return ImageChops.multiply(ImageChops.lighter(differs, alpha.point([0] + [255] * 255)), target.getchannel("A"))


def difference_mask(one: Image.Image, other: Image.Image) -> Image.Image:
    """Return 255 where two images of one channel differ, else 0."""
    return ImageChops.difference(one, other).point([0] + [255] * 255)


def candidate_masks(
    indices: Image.Image, mask: Image.Image, drawable: Image.Image, *, quick: bool
) -> list[Image.Image]:
    """Return masks of the pixels that may be stored: some have few pixels, others few breaks along the rows.

    The best of these is within 0.2 % of the best of fourteen masks for each frame (four animations of `train`). With
    three candidates (the bare mask, gaps of 15 filled, everything) files were 1 to 2.4 % larger. Gifsicle chooses
    pixels while it compresses and is 0.5 to 1.3 % smaller on the animations of which it keeps every frame.

    Args:
        indices: the colour indices of the rectangle.
        mask: 255 where a pixel must be stored.
        drawable: 255 where a pixel may be stored without changing the image.
        quick: return two masks only, the bare one and that without its widest gaps.
    """
    if mask.getbbox() is None or mask.getextrema() == FULL:
        return [mask]
    if quick:
        larger = [_without_gaps(mask, _GAPS[-1])]
    else:
        larger = [drawable, _extended_by_runs(indices, mask, drawable), *(_without_gaps(mask, gap) for gap in _GAPS)]
    return [mask, *(ImageChops.lighter(mask, ImageChops.multiply(candidate, drawable)) for candidate in larger)]


def _extended_by_runs(indices: Image.Image, mask: Image.Image, drawable: Image.Image) -> Image.Image:
    """Return a mask extended along each row by the runs of equal pixels that begin or end in it."""
    equal = difference_mask(indices, _shifted(indices, 1)).point([255] + [0] * 255)
    equal.paste(0, (0, 0, 1, indices.height))
    extended = mask
    for direction, same in ((1, equal), (-1, _shifted(equal, -1))):
        reached, connected, step = mask, ImageChops.multiply(same, drawable), 1
        while step < min(_LONGEST_RUN, indices.width):
            reached = ImageChops.lighter(reached, ImageChops.multiply(_shifted(reached, direction * step), connected))
            connected = ImageChops.multiply(connected, _shifted(connected, direction * step))
            step *= 2
        extended = ImageChops.lighter(extended, reached)
    return extended


def _shifted(mask: Image.Image, distance: int) -> Image.Image:
    """Return a mask moved to the right by `distance` pixels; black fills the rest."""
    moved = Image.new("L", mask.size)
    moved.paste(mask, (distance, 0))
    return moved


def _without_gaps(mask: Image.Image, gap: int) -> Image.Image:
    """Return a mask whose narrow gaps along the rows are filled: a morphological closing."""
    anything, grow = [0] + [255] * 255, BoxBlur((gap // 2, 0))
    grown = ImageChops.invert(mask.filter(grow).point(anything))
    return ImageChops.invert(grown.filter(grow).point(anything))

"""Compares the frames that were written with the frames that should have been written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bytefit.errors import UnsupportedImage
from bytefit.pictures.frames import Frames

if TYPE_CHECKING:
    from PIL import Image

# GIF has the coarsest clock of all formats: it counts in units of this many milliseconds.
_COARSEST_CLOCK = 10


def check_frames(frames: Frames, encoded: Image.Image | Frames) -> None:
    """Check that an encoded animation has the number of frames, the size, the durations and the loop count of `frames`.

    Raises:
        UnsupportedImage: if one of them differs, which would be a defect of the encoder.
    """
    if not isinstance(encoded, Frames) or len(encoded.pictures) != len(frames.pictures):
        count = len(encoded.pictures) if isinstance(encoded, Frames) else 1
        raise UnsupportedImage(f"the encoder wrote {count} of {len(frames.pictures)} frames; nothing was kept")
    if encoded.size != frames.size:
        raise UnsupportedImage(f"the encoder wrote {encoded.size} pixels instead of {frames.size}; nothing was kept")
    deviations = [abs(one - other) for one, other in zip(frames.durations, encoded.durations, strict=True)]
    if deviations and max(deviations) > _COARSEST_CLOCK:
        raise UnsupportedImage(
            f"the encoder changed the duration of a frame by {max(deviations):g} ms; nothing was kept"
        )
    # A missing loop count matches any other: some formats cannot store one.
    if frames.animated and None not in (frames.loop, encoded.loop) and encoded.loop != frames.loop:
        raise UnsupportedImage(f"the encoder wrote {encoded.loop} loops instead of {frames.loop}; nothing was kept")


def shows_the_same(version: Image.Image | Frames, source: Image.Image | Frames) -> bool:
    """Return whether two files show the same pixels with the same durations and loop count, in whatever modes."""
    if getattr(version, "durations", ()) != getattr(source, "durations", ()):
        return False
    if getattr(version, "loop", None) != getattr(source, "loop", None):
        return False
    pictures, originals = (getattr(image, "pictures", (image,)) for image in (version, source))
    return len(pictures) == len(originals) and all(map(_has_same_pixels, pictures, originals))


def _has_same_pixels(one: Image.Image, other: Image.Image) -> bool:
    if one.size != other.size:
        return False
    if one.mode == other.mode and one.mode != "P" and one.tobytes() == other.tobytes():
        return True
    return one.convert("RGBA").tobytes() == other.convert("RGBA").tobytes()

"""Compares the frames that were written with the frames that should have been written."""

from __future__ import annotations

from PIL import Image

from bytefit.errors import UnsupportedImage
from bytefit.pictures.frames import Frames

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


def shows_the_same(version: Image.Image | Frames, source: Image.Image | Frames, *, hidden_colours: bool = True) -> bool:
    """Return whether two files show the same pixels with the same durations and loop count, in whatever modes."""
    if getattr(version, "durations", ()) != getattr(source, "durations", ()):
        return False
    if getattr(version, "loop", None) != getattr(source, "loop", None):
        return False
    return has_same_pixels(version, source, hidden_colours=hidden_colours)


def has_same_pixels(
    version: Image.Image | Frames, source: Image.Image | Frames, *, hidden_colours: bool = True
) -> bool:
    """Return whether two images have the same pixels, or their frames do, in whatever modes.

    Args:
        version: the one.
        source: the other.
        hidden_colours: whether the colours of fully transparent pixels count.
    """
    pictures, originals = (getattr(image, "pictures", (image,)) for image in (version, source))
    return len(pictures) == len(originals) and all(
        _has_same_pixels(one, other, hidden_colours=hidden_colours)
        for one, other in zip(pictures, originals, strict=True)
    )


def _has_same_pixels(one: Image.Image, other: Image.Image, *, hidden_colours: bool) -> bool:
    if one.size != other.size:
        return False
    if one.mode == other.mode and one.mode != "P" and one.tobytes() == other.tobytes():
        return True
    mode = _exact_mode(one.mode, other.mode)
    try:
        first, second = (_converted(image, mode) for image in (one, other))
    except (ValueError, TypeError):  # one of them is in a mode that Pillow converts to no other
        return False
    if mode == "RGBA" and not hidden_colours:
        first, second = _without_hidden_colours(first), _without_hidden_colours(second)
    return first.tobytes() == second.tobytes()


# Modes whose pixels RGBA cannot represent exactly: the images are compared in the first of these that one of them has.
_NOT_IN_RGBA = ("F", "I", "LAB", "CMYK", "YCbCr", "HSV", "RGBa")
_SAME_VALUES = {"La": "RGBa", **dict.fromkeys(("I;16", "I;16L", "I;16B", "I;16N"), "I")}


def _exact_mode(*modes: str) -> str:
    """Return the mode in which images of these modes can be compared without rounding."""
    found = {_SAME_VALUES.get(mode, mode) for mode in modes}
    return next((mode for mode in _NOT_IN_RGBA if mode in found), "RGBA")


def _converted(image: Image.Image, mode: str) -> Image.Image:
    if image.mode == mode:
        return image
    # Pillow converts premultiplied grey by way of grey only, and would take the fourth channel of RGBX for alpha.
    if mode == "I" and image.mode in {"1", "L"}:  # 255 of 8 bits is the white that is 65,535 of 16 bits
        return image.convert("I").point(lambda level: level * 257)
    step = {"La": "LA", "RGBX": "RGB"}.get(image.mode)
    plain = image if step is None else image.convert(step)
    return (plain.convert("RGBA") if mode == "RGBa" else plain).convert(mode)


def _without_hidden_colours(image: Image.Image) -> Image.Image:
    """Return an image, mode RGBA, whose fully transparent pixels are black."""
    alpha = image.getchannel("A")
    if alpha.getextrema()[0] != 0:
        return image
    shown = Image.new("RGBA", image.size)
    shown.paste(image, mask=alpha.point([0] + [255] * 255))
    return shown
